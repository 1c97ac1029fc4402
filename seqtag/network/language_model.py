"""A recurrent language model of words: embeddings -> an encoder for each direction -> one output layer for both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.language_model import DIRECTIONS, check, check_carried
from seqtag.network.build import Arrays, inputs_of, one_word, weight_name
from seqtag.network.cells.base import reverse
from seqtag.network.embeddings.base import Input
from seqtag.network.encoder import Encoder, variational_dropout
from seqtag.network.heads.word_softmax import Tied, word_softmax
from seqtag.settings import registry
from seqtag.settings.config import RunSettings


class LanguageNetwork(keras.Model):  # type: ignore[misc]
    """The probability of each word given all words before it (forward), or all words after it (backward).

    It reads a dict of arrays: those of its embeddings, and `lengths` `(batch,)`. A sentence begins and ends with a
    token for its border, and has two tokens at least. The forward state of each token but the last predicts the token
    after it, the end among them; the backward state of each token but the first predicts the one before it, the
    beginning among them. What stands at padding never changes a result.

    With `streams`, training reads so many texts side by side, each in batches that follow each other: the state before
    a batch is the one after the batch before, through which no gradient goes. It is kept in variables which are none of
    the weights. The last token of a batch is the first one of the next. A further input, `fresh` `(streams,)` int32, is
    1 where a text begins, with a state of zeros. Without training every sentence begins so.

    Args:
        config: The settings; the encoder's `bidirectional` is not looked at.
        sizes: What each embedding's indexer says of its table, by the name of the embedding.
        classes: How many words each class has, of those that are predicted; one class for a full softmax.
        directions: One of `DIRECTIONS`, or both.
        tied_rows: The row of each predicted word in the table of the embedding `word`, `(words,)`, where the output's
            vectors are those of the input; None for own ones.
        streams: How many texts training reads side by side with a state that is carried on; 0 for sentences.

    Raises:
        UsageError: A part that sees the word to predict is among the settings, or a state is to be carried that the
            encoder does not have.
    """

    def __init__(
        self,
        config: RunSettings,
        sizes: Mapping[str, Mapping[str, int]],
        classes: Sequence[int],
        directions: Sequence[str] = DIRECTIONS,
        tied_rows: NDArray[np.integer[Any]] | None = None,
        streams: int = 0,
    ) -> None:
        super().__init__(name="network")
        check(config, sizes)
        if streams:
            check_carried(config, directions)
        self.embeddings = [
            registry.load(registry.EMBEDDINGS, name).from_config(config, own) for name, own in sizes.items()
        ]
        self.dropout = variational_dropout(config.embeddings.dropout, "dropout_0")
        settings = replace(config.encoder, bidirectional=False)
        self.encoders = [Encoder(settings, name=name) for name in DIRECTIONS if name in directions]
        self.classes = tuple(classes)
        self.tied_rows = tied_rows
        self.carried = [
            self.add_weight(
                shape=(streams, units), initializer="zeros", trainable=False, name=f"carried_{number}"
            )
            for number, units in enumerate(self.encoders[0].state_sizes if streams else (), start=1)
        ]
        self.build()

    @property
    def inputs_needed(self) -> dict[str, Input]:
        """Each input array by name."""
        return inputs_of(self.embeddings) | ({"fresh": Input("int32", (None,))} if self.carried else {})

    @property
    def targets_needed(self) -> dict[str, Input]:
        """Further arrays that a training step reads: none."""
        return {}

    @property
    def lookups(self) -> dict[str, str]:
        """The large tables, by the path of each variable: the input whose numbers are its rows. A table that the output
        shares is none of them, since a step changes all of it.
        """
        return {
            table.embeddings.path: source
            for part in self.embeddings
            for source, table in part.lookups.items()
            if self.tied_rows is None or part.name != "word"
        }

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(4 * int(np.prod(weight.shape)) for weight in self._kept)

    @property
    def parameters(self) -> int:
        """Numbers that training changes."""
        return sum(int(np.prod(weight.shape)) for weight in self.trainable_weights)

    @property
    def _kept(self) -> list[Any]:
        """The weights, without the state of what is random and without a state that is carried on."""
        return [
            weight for part in (*self.embeddings, *self.encoders, self.softmax) for weight in part.weights
        ]

    def build(self, input_shape: Any = None) -> None:
        """Runs one token through all parts, so that each builds its weights, in a fixed order."""
        states = self.states(one_word(self.inputs_needed))
        tied = None
        if self.tied_rows is not None:
            (table,) = (part.table for part in self.embeddings if part.name == "word")
            tied = Tied(table.embeddings, self.tied_rows)
        self.softmax = word_softmax(self.classes, tied)
        self.softmax(states[0][:, 0], tf.zeros(1, tf.int32))
        self.built = True

    def states(self, inputs: Arrays, training: bool = False) -> list[Any]:
        """The states of each direction, `(batch, time, units)`: what the forward one knows after each token, and the
        backward one before it. Where training carries them on, those of the last token are missing: the next batch
        reads it.
        """
        vectors, lengths = self.vectors(inputs, training), inputs["lengths"]
        if self.carried and training:
            return [self._carry(vectors[:, :-1], inputs["fresh"])]
        return [
            encoder(vectors, lengths, training=training)
            if encoder.name == "forward"
            else reverse(encoder(reverse(vectors, lengths), lengths, training=training), lengths)
            for encoder in self.encoders
        ]

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What the encoders read, `(batch, time, sum of dims)`."""
        joined = tf.concat([part(inputs, training=training) for part in self.embeddings], axis=-1)
        return self.dropout(joined, training=training)

    def _carry(self, vectors: Any, fresh: Any) -> Any:
        """The states from those that are carried, which are from now on the last ones."""
        first = [tf.where(fresh[:, None] > 0, 0.0, state.value) for state in self.carried]
        features, last = self.encoders[0].carry(vectors, first, training=True)
        for state, new in zip(self.carried, last, strict=True):
            state.assign(tf.stop_gradient(new))
        return features

    def progress(self, epochs: float) -> None:
        """Told before each training step how many epochs have passed."""

    def named_weights(self) -> dict[str, NDArray[Any]]:
        """Each weight by its path, as arrays."""
        return {weight_name(weight): weight.numpy() for weight in self._kept}

    def assign_weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Takes the weights that `named_weights` gave."""
        for weight in self._kept:
            weight.assign(arrays[weight_name(weight)])

    def loss_of(self, inputs: Arrays, targets: Any, training: bool = False) -> Any:
        """The cross entropy in nats, a scalar: the mean over all words that are predicted, in all directions.

        Args:
            inputs: The arrays of the batch.
            targets: The number of each token among the words that are predicted, `(batch, time)` int32.
            training: Whether dropout acts.
        """
        return self.loss_from(self.states(inputs, training), inputs, targets)

    def loss_from(self, features: Sequence[Any], inputs: Arrays, targets: Any) -> Any:
        """The loss from the states of each direction, `(batch, time, units)`."""
        return -tf.reduce_mean(self._predicted(features, inputs["lengths"], targets)[0])

    def log_probabilities(self, inputs: Arrays, targets: Any) -> Any:
        """The log-probability of each token, `(directions, batch, time)`; zero where none is predicted: at padding, at
        the first token forward and at the last one backward.

        Arguments are those of `loss_of`.
        """
        logs, places = self._predicted(self.states(inputs), inputs["lengths"], targets)
        shape = tf.concat([[len(self.encoders)], tf.shape(targets)], axis=0)
        return tf.scatter_nd(places, logs, shape)

    def _predicted(self, all_states: Sequence[Any], lengths: Any, targets: Any) -> tuple[Any, Any]:
        """The log-probability of each token that is predicted, and where it stands: direction, sentence, token."""
        followed = tf.sequence_mask(lengths - 1, tf.shape(targets)[1])  # all tokens but the last
        lefts = tf.cast(tf.where(followed), tf.int32)
        rights = tf.add(lefts, [0, 1])
        states, places = [], []
        for number, (encoder, own) in enumerate(zip(self.encoders, all_states, strict=True)):
            known, predicted = (lefts, rights) if encoder.name == "forward" else (rights, lefts)
            states.append(tf.gather_nd(own, known))
            places.append(tf.pad(predicted, [[0, 0], [1, 0]], constant_values=number))
        where = tf.concat(places, axis=0)
        # Both directions at once: the more states each class has, the better its product is used.
        return self.softmax(tf.concat(states, axis=0), tf.gather_nd(targets, where[:, 1:])), where
