"""A language model over the encoder's first layer, trained beside the tags."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.graph.heads.chain import TINY
from seqtag.network.heads.word_softmax import ClassSoftmax
from seqtag.settings.config import LanguageModelSettings

PLACES = 4096  # words of a batch that predict their neighbours: enough for any usual batch, in bounded memory
END = 0  # what stands before the first word and after the last, among the words that are predicted


class NeighbourLoss(keras.layers.Layer):  # type: ignore[misc]
    """Predicts the next word from each forward state and the word before from each backward state (Rei 2017,
    "Semi-supervised Multitask Learning for Sequence Labeling").

    A tagger's loss says little about the many words that carry no entity; to predict its neighbours a state has to
    know more of every word. No direction sees the word that it predicts, so only the first layer can be asked. The
    tagger does without.

    Args:
        settings: The `language_model` section of the configuration.
        classes: How many of the words to predict, the end and the unknown word included, are in each class; one class
            for a softmax over all of them, see `ClassSoftmax`.
        directions: Directions of the encoder.
    """

    def __init__(self, settings: LanguageModelSettings, classes: Sequence[int], directions: int) -> None:
        super().__init__(name="language_model")
        self.weight = settings.weight
        names = ("forward", "backward")[:directions]
        self.hidden = [keras.layers.Dense(settings.units, "tanh", name=f"{name}_hidden") for name in names]
        self.predicted = [_output(classes, f"{name}_words") for name in names]

    def build(self, states_shape: Any) -> None:
        """Makes the weights, for states `(batch, time, units)`."""
        for hidden, predicted in zip(self.hidden, self.predicted, strict=True):
            hidden.build(states_shape)
            predicted.build((None, hidden.units))
        self.built = True

    def loss(self, states: Sequence[Any], words: Any, mask: Any) -> Any:
        """The weighted loss, a scalar: the mean over words of each direction's cross entropy, added up. Of a batch of
        more than `PLACES` words every second, third ... is asked.

        Args:
            states: Of each direction, `(batch, time, units)`; the forward one first.
            words: The words by number, `(batch, time)` int32; `END` at padding.
            mask: True on words, `(batch, time)`.
        """
        places = tf.where(mask)  # padding is left out before the product that costs most, not after it
        places = tf.ensure_shape(places[:: 1 + (tf.shape(places)[0] - 1) // PLACES], [None, 2])
        losses = []
        for hidden, predicted, state, target in zip(
            self.hidden, self.predicted, states, neighbours(words), strict=False
        ):
            seen = hidden(tf.gather_nd(state, places))  # (places, units)
            losses.append(_mean_loss(predicted, seen, tf.gather_nd(target, places)))
        return self.weight * tf.add_n(losses)


def _output(classes: Sequence[int], name: str) -> Any:
    """The output layer for words in classes of these sizes."""
    if len(classes) > 1:
        return ClassSoftmax(classes, name=name)
    return keras.layers.Dense(classes[0], name=name)


def _mean_loss(output: Any, states: Any, targets: Any) -> Any:
    """The mean cross entropy of an output layer, a scalar: for states `(n, units)` and the right words `(n,)` int32."""
    if isinstance(output, ClassSoftmax):
        return -tf.reduce_mean(output(states, targets))
    kernel, bias = (tf.convert_to_tensor(weight.value) for weight in (output.kernel, output.bias))
    return mean_cross_entropy(states, kernel, bias, targets)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def mean_cross_entropy(states: Any, kernel: Any, bias: Any, targets: Any) -> tuple[Any, Any]:
    """The mean cross entropy of a softmax over `states @ kernel + bias`, a scalar.

    An array of states times words is written once, by the softmax: its gradient, the probabilities less the one-hot
    targets, is never made, and all else in the gradient is done on the side of the states.

    Args:
        states: `(n, units)`; n is at least 1.
        kernel: `(units, words)`.
        bias: `(words,)`.
        targets: The right words, `(n,)` int32.
    """
    probabilities = tf.nn.softmax(tf.nn.bias_add(tf.matmul(states, kernel), bias))
    right = tf.maximum(tf.gather(probabilities, targets, batch_dims=1), TINY)

    def gradient(upstream: Any) -> tuple[Any, Any, Any, None]:
        count = tf.shape(states)[0]
        scale = upstream / tf.cast(count, states.dtype)
        # The bias is a further row of the kernel, and the state there is 1.
        scaled = tf.concat([states * scale, tf.fill([count, 1], scale)], axis=1)
        of_right = tf.math.unsorted_segment_sum(scaled, targets, bias.shape[0])
        of_kernel = tf.matmul(scaled, probabilities, transpose_a=True) - tf.transpose(of_right)
        expected = tf.matmul(probabilities, kernel, transpose_b=True)
        of_states = scale * (expected - tf.gather(tf.transpose(kernel), targets))
        return of_states, of_kernel[:-1], of_kernel[-1], None

    return -tf.reduce_mean(tf.math.log(right)), gradient


def neighbours(words: Any) -> tuple[Any, Any]:
    """The word after and the word before each, `(batch, time)` both; `END` where there is none."""
    end = tf.fill([tf.shape(words)[0], 1], END)
    return tf.concat([words[:, 1:], end], axis=1), tf.concat([end, words[:, :-1]], axis=1)
