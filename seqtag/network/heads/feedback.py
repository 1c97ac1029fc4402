"""Each tag from the tags before it."""

import math
from dataclasses import dataclass
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.beam import NEVER
from seqtag.graph.heads.beam import rules as rules_of
from seqtag.network.heads import beam
from seqtag.network.heads.base import Head
from seqtag.network.heads.chain import time_first
from seqtag.network.heads.softmax import cross_entropy, weights_of_tags
from seqtag.settings.config import Config, HeadSettings


@dataclass(frozen=True)
class Sentences:
    """What all steps of the decoder share.

    Attributes:
        inputs: What each word's features add to the gates, the bias included, `(time, batch, 3 * units)`.
        tags: What each previous tag adds to them, the start symbol last, `(tags + 1, 3 * units)`.
        state: The first state `(batch, units)`.
        keys: What the attention compares its state with, `(batch, time, units)`; None without attention.
        values: What each word adds to the gates if the attention is on it, `(batch, time, 3 * units)`.
        padding: 0 for words and NEVER for padding, `(batch, time)`.
    """

    inputs: Any
    tags: Any
    state: Any
    keys: Any = None
    values: Any = None
    padding: Any = None


class FeedbackHead(Head):
    """A recurrent decoder that reads its own last tag: an encoder-decoder in which both sides are equally long.

    At each word a GRU (Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder") reads the word's
    features and the embedding of the previous tag, and a softmax over its state gives the tag. Tags that feed back:
    Jordan (1986), for slot filling Mesnil et al. (2015, "Using Recurrent Neural Networks for Slot Filling in Spoken
    Language Understanding"); aligned with the words: Liu and Lane (2016, "Attention-Based Recurrent Neural Network
    Models for Joint Intent Detection and Slot Filling"). The first state comes from the features of the sentence's
    last and first word, where the last states of a forward and a backward encoder stand (Sutskever et al. 2014,
    "Sequence to Sequence Learning with Neural Networks").

    With attention the GRU also reads a mean over the features of all words, weighted by how well each goes with the
    decoder's last state (Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align and
    Translate").

    In training the previous tag is the gold one, but for a growing share of the words it is the decoder's own (Bengio
    et al. 2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks"): its best, whatever the
    tag scheme allows. Decoding is a beam search that keeps to the tag scheme. Probabilities are those of each tag given
    the tags before it, not marginals.

    Args:
        settings: The `head` section of the configuration.
        tags: Number of tags.
        legal: What the tag scheme allows; None if everything.
        smoothing: Share of the target that is spread over all tags.
        tag_weights: The weight of each tag in the loss, `(tags,)`; None for equal ones.
    """

    searches = True

    def __init__(
        self,
        settings: HeadSettings,
        tags: int,
        legal: Legal | None,
        smoothing: float = 0.0,
        tag_weights: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(name="head")
        self.settings = settings
        self.tags = tags
        self.rules = rules_of(legal, tags)
        self.smoothing = smoothing
        self.tag_weights = tag_weights
        units = settings.units
        self.cell = keras.layers.GRUCell(units, name="cell")
        self.first = keras.layers.Dense(units, activation="tanh", name="first")
        self.dense = keras.layers.Dense(tags, name="scores")
        if settings.attention:
            self.key = keras.layers.Dense(units, name="key")
            self.query = keras.layers.Dense(units, use_bias=False, name="query")
        self.random = keras.random.SeedGenerator()
        # The share of the words that read the decoder's own tag in training, as `progress` has set it.
        self.share = tf.Variable(0.0, trainable=False)

    @classmethod
    def from_config(
        cls, config: Config, tags: int, legal: Legal | None, frequencies: NDArray[Any] | None = None
    ) -> Self:
        weights = weights_of_tags(config, frequencies)
        return cls(config.head, tags, legal, config.training.label_smoothing, weights)

    def build(self, features_shape: Any) -> None:
        """Builds all weights, for features of this shape."""
        settings, dim = self.settings, int(features_shape[-1])
        bound = math.sqrt(3 / settings.tag_dim)
        self.table = self.add_weight(
            shape=(self.tags + 1, settings.tag_dim),  # the start symbol last
            initializer=keras.initializers.RandomUniform(-bound, bound),
            name="tags",
        )
        # The kernel's rows are for the features, the previous tag and, with attention, what it is on.
        self.cell.build((None, dim + settings.tag_dim + dim * settings.attention))
        self.first.build((None, 2 * dim))
        self.dense.build((None, settings.units))
        if settings.attention:
            self.key.build((None, dim))
            self.query.build((None, settings.units))
            self.energy = self.add_weight(
                shape=(settings.units, 1), initializer="glorot_uniform", name="energy"
            )
        self.built = True

    def progress(self, epochs: float) -> None:
        over = self.settings.sampling_epochs
        self.share.assign(self.settings.sampling_rate * (min(epochs / over, 1.0) if over else 1.0))

    def loss(self, features: Any, tags: Any, mask: Any, training: bool = False) -> Any:
        sentences = self._read(features, mask)
        own = tf.zeros_like(mask)
        if training and self.settings.sampling_rate:
            own = self.draw(mask)
        states = self._states(sentences, tags, own)  # (time, batch, units)
        scores = time_first(self._scores(states))  # (batch, time, tags)
        return cross_entropy(scores, tags, mask, self.smoothing, self.tag_weights)

    def draw(self, mask: Any) -> Any:
        """Which words read the decoder's own tag in a training step, drawn anew at each call, `(batch, time)` like the
        mask.
        """
        return keras.random.uniform(tf.shape(mask), seed=self.random) < self.share

    def decode(self, features: Any, mask: Any) -> tuple[Any, Any]:
        tags, probabilities = self.best(features, mask)
        return tags[:, :, 0], probabilities[:, :, 0]

    def best(self, features: Any, mask: Any) -> tuple[Any, Any]:
        """The best sequences, best first: tags `(batch, time, beam)` int32, and the probability of each tag given those
        before it, likewise; zero at padding and where there are no more legal sequences.
        """
        sentences = self._read(features, mask)

        def step(states: Any, previous: Any, inputs: Any) -> tuple[Any, Any]:
            states = self._step(sentences, states, previous, inputs)
            return states, tf.nn.log_softmax(self._scores(states))

        return beam.search(step, sentences.state, sentences.inputs, mask, self.rules, self.settings.beam)

    def logits(self, features: Any, tags: Any, mask: Any) -> Any:
        states = self._states(self._read(features, mask), tags, tf.zeros_like(mask))
        return time_first(self._scores(states))

    def attention(self, features: Any, tags: Any, mask: Any) -> Any:
        """How much the decoder looks at each word, `(batch, time, time)`, where the tags are these, `(batch, time)`:
        for each word a row that sums to 1; those of padding are zero.
        """
        sentences = self._read(features, mask)
        states = self._states(sentences, tags, tf.zeros_like(mask))
        before = tf.concat([sentences.state[None], states[:-1]], axis=0)  # (time, batch, units)
        weights = tf.map_fn(lambda state: self._attention(sentences, state[:, None])[:, 0], before)
        return time_first(weights) * tf.cast(mask, weights.dtype)[:, :, None]

    def _read(self, features: Any, mask: Any) -> Sentences:
        if not self.built:
            self.build(features.shape)
        dim, rest = features.shape[-1], self.settings.tag_dim
        kernel, bias = self.cell.kernel.value, self.cell.bias.value
        inputs = tf.tensordot(features, kernel[:dim], 1) + bias[0]  # (batch, time, 3 * units)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        ends = tf.concat([tf.gather(features, lengths - 1, batch_dims=1), features[:, 0]], axis=-1)
        sentences = Sentences(
            time_first(inputs), tf.matmul(self.table.value, kernel[dim : dim + rest]), self.first(ends)
        )
        if not self.settings.attention:
            return sentences
        return Sentences(
            sentences.inputs,
            sentences.tags,
            sentences.state,
            keys=self.key(features),
            values=tf.tensordot(features, kernel[dim + rest :], 1),
            padding=tf.where(mask, 0.0, NEVER),
        )

    def _scores(self, states: Any) -> Any:
        return tf.tensordot(states, self.dense.kernel.value, 1) + self.dense.bias.value

    def _states(self, sentences: Sentences, tags: Any, own: Any) -> Any:
        """All states `(time, batch, units)`.

        The tag before each word is from `tags` `(batch, time)`, or where `own` `(batch, time)` is true, it is what the
        decoder finds best.
        """
        start = tf.fill([tf.shape(tags)[0], 1], self.tags)
        given = time_first(tf.concat([start, tags[:, :-1]], axis=1))  # (time, batch)

        def step(before: tuple[Any, Any], now: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            (state, best), (inputs, given, own) = before, now
            previous = tf.where(own, best, given)
            state = self._step(sentences, state[:, None], previous[:, None], inputs)[:, 0]
            return state, tf.argmax(self._scores(state), axis=-1, output_type=tf.int32)

        first = (sentences.state, start[:, 0])
        states, _ = tf.scan(step, (sentences.inputs, given, time_first(own)), initializer=first)
        return states

    def _step(self, sentences: Sentences, states: Any, previous: Any, inputs: Any) -> Any:
        """The states after one more word: of `(batch, beam, units)`, with previous tags `(batch, beam)` and the word's
        inputs `(batch, 3 * units)`.
        """
        # A product with a one-hot row and not a lookup: its gradient is dense, which a loop can add up.
        fed = tf.tensordot(tf.one_hot(previous, self.tags + 1), sentences.tags, 1)  # (batch, beam, 3 * units)
        inputs = inputs[:, None] + fed
        if self.settings.attention:
            inputs += tf.matmul(self._attention(sentences, states), sentences.values)
        past = tf.tensordot(states, self.cell.recurrent_kernel.value, 1) + self.cell.bias.value[1]
        past_z, past_r, past = tf.split(past, 3, axis=-1)
        z, r, candidate = tf.split(inputs, 3, axis=-1)
        z, r = tf.sigmoid(z + past_z), tf.sigmoid(r + past_r)
        return z * states + (1 - z) * tf.tanh(candidate + r * past)

    def _attention(self, sentences: Sentences, states: Any) -> Any:
        """How much states `(batch, beam, units)` look at each word, `(batch, beam, time)`."""
        energy = tf.convert_to_tensor(self.energy.value)[:, 0]
        energies = additive(tf.tensordot(states, self.query.kernel.value, 1), sentences.keys, energy)
        return tf.nn.softmax(energies + sentences.padding[:, None])


@tf.custom_gradient  # type: ignore[untyped-decorator]
def additive(queries: Any, keys: Any, energy: Any) -> tuple[Any, Any]:
    """tanh(query + key) . energy for each query `(batch, beam, units)` and key `(batch, time, units)`: `(batch, beam,
    time)`.

    The gradient computes the tanh again: kept for each step of a loop, it would fill the memory.
    """

    def hidden() -> Any:
        return tf.tanh(queries[:, :, None] + keys[:, None])  # (batch, beam, time, units)

    def gradient(upstream: Any) -> tuple[Any, Any, Any]:
        again = hidden()
        inner = upstream[..., None] * energy * (1 - again**2)
        of_energy = tf.einsum("bktu,bkt->u", again, upstream)
        return tf.reduce_sum(inner, axis=2), tf.reduce_sum(inner, axis=1), of_energy

    return tf.tensordot(hidden(), energy, 1), gradient
