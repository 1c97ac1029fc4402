"""A language model over the encoder's first layer, trained beside the tags."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

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
        words: How many words there are to predict, the end and the unknown word included.
        directions: Directions of the encoder.
    """

    def __init__(self, settings: LanguageModelSettings, words: int, directions: int) -> None:
        super().__init__(name="language_model")
        self.weight = settings.weight
        names = ("forward", "backward")[:directions]
        self.hidden = [keras.layers.Dense(settings.units, "tanh", name=f"{name}_hidden") for name in names]
        self.predicted = [keras.layers.Dense(words, name=f"{name}_words") for name in names]

    def build(self, states_shape: Any) -> None:
        """Makes the weights, for states `(batch, time, units)`."""
        for hidden, predicted in zip(self.hidden, self.predicted, strict=True):
            hidden.build(states_shape)
            predicted.build((*states_shape[:-1], hidden.units))
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
            scores = predicted(hidden(tf.gather_nd(state, places)))  # (places, words)
            labels = tf.gather_nd(target, places)
            losses.append(
                tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))
            )
        return self.weight * tf.add_n(losses)


def neighbours(words: Any) -> tuple[Any, Any]:
    """The word after and the word before each, `(batch, time)` both; `END` where there is none."""
    end = tf.fill([tf.shape(words)[0], 1], END)
    return tf.concat([words[:, 1:], end], axis=1), tf.concat([end, words[:, :-1]], axis=1)
