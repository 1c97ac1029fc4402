"""An encoder-decoder: a source is read by an encoder, and a decoder writes its target symbol by symbol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.transducer import LEAST, NEVER, TransducerPlan, decoder_settings
from seqtag.network.build import Arrays, inputs_of, mask_of, one_word, weight_name
from seqtag.network.embeddings.base import Input
from seqtag.network.embeddings.table import TableEmbedding, uniform
from seqtag.network.encoder import Encoder, variational_dropout
from seqtag.network.heads.chain import time_first
from seqtag.network.heads.feedback import additive


@dataclass(frozen=True)
class Memory:
    """What the decoder knows of sources.

    Attributes:
        states: Its first states, each `(batch, units)`.
        features: What its attention reads, `(batch, time, width)`.
        keys: What its attention compares a state with, `(batch, time, units)`; None without one.
        padding: 0 for symbols and `NEVER` for padding, `(batch, time)`.
        copied: Each symbol as a target symbol, one of `(batch, time, symbols)` 1; None for a decoder that never copies.
    """

    states: list[Any]
    features: Any
    keys: Any
    padding: Any
    copied: Any


class Decoder(keras.layers.Layer):  # type: ignore[misc]
    """Writes targets, given features of their sources.

    A recurrent network reads the symbol before each one that it is to write (Sutskever et al. 2014, "Sequence to
    Sequence Learning with Neural Networks"; Cho et al. 2014, "Learning Phrase Representations using RNN
    Encoder-Decoder"). Its first states come from the encoder's features of the last and the first symbol, where the
    last states of both directions stand.

    Attention, to all features of the source: `bahdanau` looks before each step, with the output of the first layer at
    the step before, and the first layer reads what it found (Bahdanau et al. 2015, "Neural Machine Translation by
    Jointly Learning to Align and Translate"; further layers stand upon that one, as in Wu et al. 2016). `luong` looks
    after the step, with the output of the last layer (Luong et al. 2015, "Effective Approaches to Attention-based
    Neural Machine Translation", the general form without input feeding), so that all steps of a known target are one
    pass through the layers. Either way what was found is mixed with the last layer's output before the softmax.

    A decoder that copies mixes the softmax with the weights of its attention, each taken for the symbol that stands
    there (See et al. 2017, "Get To The Point: Summarization with Pointer-Generator Networks").

    Scheduled sampling (Bengio et al. 2015) is done for all steps at once (Mihaylova and Martins 2019, "Scheduled
    Sampling for Transformers"): a first pass over the true target says what the decoder would have written, and a
    second one, which is learnt from, reads a growing share of that.

    Args:
        plan: What the network is made of.
        encoder: The encoder, whose forward layers are the decoder's too if the settings tie them.
    """

    def __init__(self, plan: TransducerPlan, encoder: Encoder) -> None:
        super().__init__(name="decoder")
        self.plan = plan
        settings = self.settings = plan.config.decoder
        units = settings.units
        self.table = keras.layers.Embedding(
            plan.symbols, settings.dim, embeddings_initializer=uniform(settings.dim), name="table"
        )
        self.dropout = variational_dropout(settings.dropout, "dropout_0")
        self.mixed_dropout = variational_dropout(settings.dropout, "dropout_mixed")
        self.stack = Encoder(decoder_settings(plan.config), name="stack")
        if settings.tied:
            self.stack.stack = [layers[:1] for layers in encoder.stack]
        self.first = keras.layers.Dense(sum(self.stack.state_sizes), activation="tanh", name="first")
        self.mixed = keras.layers.Dense(units, activation="tanh", name="mixed")
        self.scores = keras.layers.Dense(plan.symbols, name="scores")
        additive_form = settings.attention == "bahdanau"
        self.key = keras.layers.Dense(units, use_bias=additive_form, name="key")
        self.query = keras.layers.Dense(units, use_bias=False, name="query")
        self.gate = keras.layers.Dense(1, name="gate")
        self.random = keras.random.SeedGenerator()
        # The share of the steps that read the decoder's own symbol in training, as `progress` has set it.
        self.share = tf.Variable(0.0, trainable=False)

    def build(self, features_shape: Any) -> None:
        """Builds all weights, for features of this shape."""
        settings, width = self.settings, int(features_shape[-1])
        units, attention = settings.units, settings.attention
        context = 0 if attention == "none" else width
        self.table.build(None)
        self.first.build((None, 2 * width))
        if not settings.tied:
            self.stack.build((None, None, settings.dim + (context if attention == "bahdanau" else 0)))
        if attention != "none":
            self.key.build((None, None, width))
        if attention == "bahdanau":
            self.query.build((None, units))
            self.energy = self.add_weight(shape=(units, 1), initializer="glorot_uniform", name="energy")
        self.mixed.build((None, None, units + context))
        self.scores.build((None, None, units))
        if self.plan.copies:
            self.gate.build((None, None, units))
        self.built = True

    def progress(self, epochs: float) -> None:
        """Told before each training step how many epochs have passed."""
        over = self.settings.sampling_epochs
        self.share.assign(self.settings.sampling_rate * (min(epochs / over, 1.0) if over else 1.0))

    def read(self, features: Any, lengths: Any, symbols: Any = None) -> Memory:
        """What the decoder knows of sources with these features `(batch, time, width)` and lengths `(batch,)`; their
        symbols `(batch, time)` if it copies.
        """
        ends = tf.concat([tf.gather(features, lengths - 1, batch_dims=1), features[:, 0]], axis=-1)
        states = tf.split(self.first(ends), self.stack.state_sizes, axis=-1)
        padding = tf.where(mask_of(lengths, features), 0.0, NEVER)
        keys = None if self.settings.attention == "none" else self.key(features)
        copied = None
        if self.plan.copies:
            copied = tf.one_hot(tf.gather(tf.constant(self.plan.copied), symbols), self.plan.symbols)
        return Memory(states, features, keys, padding, copied)

    def logs(self, memory: Memory, targets: Any, training: bool = False) -> tuple[Any, Any]:
        """The logarithm of each symbol's probability after the true ones before it, `(batch, time, symbols)`, and the
        weights of the attention `(batch, time, source time)`, None without one. `targets` is `(batch, time)` int32.
        """
        previous = tf.pad(targets[:, :-1], [[0, 0], [1, 0]])
        if training and self.settings.sampling_rate:
            previous = self._sampled(memory, previous)
        return self._follow(memory, previous, training)

    def _sampled(self, memory: Memory, previous: Any) -> Any:
        """Previous symbols of which some are the decoder's own, by chance; the first one is always the start."""
        logs, _ = self._follow(memory, previous, training=False)
        own = tf.pad(tf.argmax(logs, axis=-1, output_type=tf.int32)[:, :-1], [[0, 0], [1, 0]])
        drawn = keras.random.uniform(tf.shape(previous), seed=self.random) < self.share
        # An end before the true one would be read where no decoder goes on.
        return tf.where(drawn & (own > 0), own, previous)

    def _follow(self, memory: Memory, previous: Any, training: bool) -> tuple[Any, Any]:
        vectors = self.dropout(self.table(previous), training=training)
        used: list[Any] = []
        weights: list[Any] = []

        def run(layers: Sequence[Any], features: Any) -> list[Any]:
            cell = self.stack.cell
            own = memory.states[len(used) : len(used) + cell.memories]
            looks_first = self.settings.attention == "bahdanau" and not used
            used.extend(own)
            if looks_first:
                outputs, looks = self._attended(layers[0].cell, features, own, memory)
                weights.append(looks)
                return [outputs]
            return [cell.carry(layers[0], features, own, training)[0]]

        top, _ = self.stack.stacked(
            vectors, None, run, training
        )  # it normalises nothing, which lengths are for
        if self.settings.attention == "luong":
            scores = tf.matmul(top, memory.keys, transpose_b=True)
            weights.append(tf.nn.softmax(scores + memory.padding[:, None]))
        if weights:
            top = tf.concat([top, tf.matmul(weights[0], memory.features)], axis=-1)
        mixed = self.mixed_dropout(self.mixed(top), training=training)
        return self._logs(memory, mixed, weights[0] if weights else None), weights[0] if weights else None

    def _attended(self, cell: Any, vectors: Any, first: Sequence[Any], memory: Memory) -> tuple[Any, Any]:
        """The outputs of a cell `(batch, time, units)` that reads vectors `(batch, time, dim)` and what its attention
        found before each step, and where it was, `(batch, time, source time)`.
        """
        inputs, energy = time_first(vectors), tf.convert_to_tensor(self.energy.value)[:, 0]
        time = tf.shape(inputs)[0]

        def step(t: Any, outputs: Any, looks: Any, *states: Any) -> tuple[Any, ...]:
            queries = self.query(states[0])[:, None]
            scores = additive(queries, memory.keys, energy) + memory.padding[:, None]
            weights = tf.nn.softmax(scores)  # (batch, 1, source time)
            context = tf.matmul(weights, memory.features)[:, 0]
            joined = tf.concat([tf.gather(inputs, t), context], axis=-1)
            output, new = cell(joined, list(states), training=False)
            new = new if isinstance(new, list | tuple) else [new]
            return t + 1, outputs.write(t, output), looks.write(t, weights[:, 0]), *new

        arrays = [tf.TensorArray(inputs.dtype, size=time) for _ in range(2)]
        start = (tf.constant(0), *arrays, *first)
        _, outputs, looks, *_ = tf.while_loop(lambda t, *_: t < time, step, start)
        return time_first(outputs.stack()), time_first(looks.stack())

    def _logs(self, memory: Memory, mixed: Any, weights: Any) -> Any:
        scores = self.scores(mixed)
        if memory.copied is None:
            return tf.nn.log_softmax(scores)
        gate = tf.sigmoid(self.gate(mixed))
        copied = tf.matmul(weights, memory.copied)
        return tf.math.log(gate * tf.nn.softmax(scores) + (1 - gate) * copied + LEAST)


class TransducerNetwork(keras.Model):  # type: ignore[misc]
    """Source symbols -> embeddings -> encoder -> decoder -> target symbols.

    It reads a dict of arrays: `symbols` `(batch, time)` int32 and `lengths` `(batch,)`. Targets are `(batch, time)`
    int32; the first 0 ends a target, and what stands after it is padding. What stands at padding never changes a
    result.

    Args:
        plan: What the network is made of.
    """

    def __init__(self, plan: TransducerPlan) -> None:
        super().__init__(name="network")
        config = plan.config
        self.plan = plan
        self.smoothing = config.training.label_smoothing
        self.source = TableEmbedding(plan.rows, config.embeddings.word.dim, "symbols", name="source")
        self.dropout = variational_dropout(config.embeddings.dropout, "dropout_0")
        self.encoder = Encoder(config.encoder)
        self.decoder = Decoder(plan, self.encoder)
        self.build()

    @property
    def inputs_needed(self) -> dict[str, Input]:
        """Each input array by name."""
        return inputs_of([self.source])

    @property
    def targets_needed(self) -> dict[str, Input]:
        """Further arrays that a training step reads: none."""
        return {}

    @property
    def lookups(self) -> dict[str, str]:
        """The large tables: none, symbols are few."""
        return {}

    def build(self, input_shape: Any = None) -> None:
        """Runs one symbol through all parts, so that each builds its weights, in a fixed order."""
        one = one_word(self.inputs_needed)
        features = self.encoder(self.vectors(one), one["lengths"])
        self.decoder.build(features.shape)
        self.built = True

    @property
    def kept(self) -> list[Any]:
        """The weights that a model folder holds, each once."""
        parts = (self.source, self.encoder, self.decoder)
        return list(
            {weight.path: weight for part in parts for weight in part.weights if weight.trainable}.values()
        )

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(4 * int(np.prod(weight.shape)) for weight in self.kept)

    @property
    def parameters(self) -> int:
        """Numbers that training changes."""
        return sum(int(np.prod(weight.shape)) for weight in self.kept)

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What the encoder reads, `(batch, time, dim)`."""
        return self.dropout(self.source(inputs, training=training), training=training)

    def progress(self, epochs: float) -> None:
        """Told before each training step how many epochs have passed."""
        self.decoder.progress(epochs)

    def loss_of(self, inputs: Arrays, targets: Any, training: bool = False) -> Any:
        """The cross entropy in nats, a scalar: the mean over all target symbols, ends among them."""
        features = self.encoder(self.vectors(inputs, training), inputs["lengths"], training=training)
        memory = self.decoder.read(features, inputs["lengths"], inputs["symbols"])
        return self._loss(memory, targets, training)

    def followed(self, symbols: Any) -> "FollowedTransducer":
        """The network as one whose gradients can be followed, for sources of these symbols `(batch, time)`."""
        return FollowedTransducer(self, symbols)

    def loss_from(self, features: Any, lengths: Any, symbols: Any, targets: Any) -> Any:
        """The loss from what the encoder makes of sources, `(batch, time, width)`."""
        return self._loss(self.decoder.read(features, lengths, symbols), targets)

    def _loss(self, memory: Memory, targets: Any, training: bool = False) -> Any:
        logs, _ = self.decoder.logs(memory, targets, training)
        losses = -tf.gather(logs, targets, batch_dims=2)
        if self.smoothing:
            spread = -tf.reduce_mean(logs, axis=-1)
            losses = (1 - self.smoothing) * losses + self.smoothing * spread
        return tf.reduce_mean(tf.boolean_mask(losses, present(targets)))

    def log_probabilities(self, inputs: Arrays, targets: Any) -> tuple[Any, Any]:
        """The log-probability of each target symbol after those before it, `(batch, time)`, zero after the end; and the
        weights of the attention, `(batch, time, source time)`, None without one.
        """
        features = self.encoder(self.vectors(inputs), inputs["lengths"])
        memory = self.decoder.read(features, inputs["lengths"], inputs["symbols"])
        logs, weights = self.decoder.logs(memory, targets)
        own = tf.gather(logs, targets, batch_dims=2)
        return tf.where(present(targets), own, 0.0), weights

    def named_weights(self) -> dict[str, NDArray[Any]]:
        """Each weight by its path, as arrays."""
        return {weight_name(weight): weight.numpy() for weight in self.kept}

    def assign_weights(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Takes the weights that `named_weights` gave."""
        for weight in self.kept:
            weight.assign(arrays[weight_name(weight)])


class FollowedTransducer:
    """A transducer on some sources, as `seqtag.network.gradients.Followed`: a decoder that copies must know them.

    Args:
        network: The network.
        symbols: The symbols of the sources, `(batch, time)`.
    """

    def __init__(self, network: TransducerNetwork, symbols: Any) -> None:
        self.network = network
        self.symbols = symbols

    @property
    def encoders(self) -> list[Encoder]:
        """Its encoders: one."""
        return [self.network.encoder]

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What the encoder reads, `(batch, time, dim)`."""
        return self.network.vectors(inputs, training)

    def loss_from(self, features: Sequence[Any], inputs: Arrays, targets: Any) -> Any:
        """The loss, a scalar, from what the encoder makes of the sources."""
        (own,) = features
        return self.network.loss_from(own, inputs["lengths"], self.symbols, targets)


def present(targets: Any) -> Any:
    """The mask `(batch, time)` of a target's symbols: up to the first 0, which is among them."""
    return tf.math.cumprod(tf.cast(targets != 0, tf.int32), axis=1, exclusive=True) > 0
