"""The encoder: layers of any cell, with normalisation, variational dropout, shortcuts, a tree and attention."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.graph.encoder import shortcut_ends
from seqtag.network.embeddings.base import Input
from seqtag.network.trees import TreeEncoder, tree_inputs
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings

Inputs = Mapping[str, Any] | None  # what `Encoder.inputs` lists


class Encoder(keras.layers.Layer):  # type: ignore[misc]
    """Features `(batch, time, width)` from vectors `(batch, time, dim)`.

    Padding is on the right. What stands there never changes what comes out at words, and features at padding are
    undefined: what follows must mask them.

    Dropout is variational (Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in
    Recurrent Neural Networks"): one mask a sentence, the same at each step.

    Args:
        settings: The `encoder` section of the configuration.
        name: The layer's name.
    """

    def __init__(self, settings: EncoderSettings, name: str = "encoder") -> None:
        super().__init__(name=name)
        self.settings = settings
        self.cell = registry.load(registry.CELLS, settings.cell)(settings)
        numbers = range(1, settings.layers + 1)
        self.stack = [self.cell.layers(number) for number in numbers]
        kind = settings.normalization
        norm = None if kind == "none" else registry.load(registry.NORMALIZATIONS, kind)
        self.norms = [norm and norm(f"normalization_{i}") for i in numbers]
        self.dropouts = [variational_dropout(settings.dropout, f"dropout_{i}") for i in numbers]
        around = None if settings.residual == "none" else registry.load(registry.SHORTCUTS, settings.residual)
        ends = shortcut_ends(settings)
        self.shortcuts = [
            around(self.cell.width, f"shortcut_{i}") if around and i in ends else None for i in numbers
        ]
        self.tree = None
        if settings.tree_passes:
            self.tree = TreeEncoder(settings, variational_dropout(settings.dropout, "dropout_tree"))
        self.attention = None
        if settings.attention != "none":
            dropout = variational_dropout(settings.dropout, "dropout_attention")
            self.attention = registry.load(registry.ATTENTIONS, settings.attention)(
                settings.attention_heads, dropout
            )

    def build(self, vectors_shape: Any, lengths_shape: Any = None) -> None:
        """Builds each layer, since not all ways to run one do so."""
        shape = entered = tuple(vectors_shape)
        for layers, norm, shortcut in zip(self.stack, self.norms, self.shortcuts, strict=True):
            for layer in layers:
                layer.build(shape)
            shape = (*shape[:-1], self.cell.width)
            if norm:
                norm.build(shape)
            if shortcut:
                shortcut.build(entered)
                entered = shape
        if self.tree:
            self.tree.build(shape)
            shape = (*shape[:-1], sum(part.units for part in self.tree.passes))
        if self.attention:
            self.attention.build(shape)
        self.built = True

    def call(self, vectors: Any, lengths: Any, inputs: Inputs = None, training: bool = False) -> Any:
        """Features from vectors, the sentences' lengths `(batch,)`, and the further inputs that `inputs` lists."""
        return self.read(vectors, lengths, inputs, training)[0]

    def read(
        self, vectors: Any, lengths: Any, inputs: Inputs = None, training: bool = False
    ) -> tuple[Any, list[Any]]:
        """Features, and what each direction of the first layer gave by itself, `(batch, time, units)`, without
        dropout.
        """
        states, first = self._run(vectors, lengths, training)
        return self.top(states, lengths, inputs, training), first

    def top(self, states: Any, lengths: Any, inputs: Inputs = None, training: bool = False) -> Any:
        """Features from what the stack of layers gives."""
        states = self.tree(states, inputs, training=training) if self.tree else states
        if self.attention is None:
            return states
        read = [(inputs or {})[name] for name in self.attention.inputs]
        return self.attention(states, lengths, *read, training=training)

    def states(self, vectors: Any, lengths: Any, inputs: Inputs = None, training: bool = False) -> Any:
        """What the attention reads, or would read: what the stack of layers and the tree give."""
        states = self._run(vectors, lengths, training)[0]
        return self.tree(states, inputs, training=training) if self.tree else states

    @property
    def inputs(self) -> dict[str, Input]:
        """The arrays that it reads beside vectors and lengths, by name."""
        return tree_inputs(self.settings) | (self.attention.inputs if self.attention else {})

    @property
    def state_sizes(self) -> list[int]:
        """The width of each state that goes from word to word, those of the first layer first; none in a cell without
        one.
        """
        return [self.cell.settings.units] * (getattr(self.cell, "memories", 0) * len(self.stack))

    def carry(self, vectors: Any, first: Sequence[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Features from other states than zeros, and the states after the last word; of an encoder of one direction.

        Args:
            vectors: What it reads, without padding.
            first: The states before the first word, each `(batch, units)`, as many as `state_sizes` says.
            training: Whether dropout acts.
        """
        memories, last = self.cell.memories, []  # type: int, list[Any]

        def run(layers: Sequence[Any], features: Any) -> list[Any]:
            own = first[len(last) : len(last) + memories]
            outputs, states = self.cell.carry(layers[0], features, own, training)
            last.extend(states)
            return [outputs]

        lengths = tf.fill(tf.shape(vectors)[:1], tf.shape(vectors)[1])
        return self.stacked(vectors, lengths, run, training)[0], last

    def _run(self, vectors: Any, lengths: Any, training: bool) -> tuple[Any, list[Any]]:
        def run(layers: Sequence[Any], features: Any) -> list[Any]:
            return self.cell.directions(layers, features, lengths, training)  # type: ignore[no-any-return]

        return self.stacked(vectors, lengths, run, training)

    def stacked(
        self, vectors: Any, lengths: Any, run: Callable[[Sequence[Any], Any], list[Any]], training: bool
    ) -> tuple[Any, list[Any]]:
        features, first = vectors, []  # type: Any, list[Any]
        entered = vectors
        for number, layers in enumerate(self.stack):
            directions = run(layers, features)
            features, entered = self.passed_on(number, directions, entered, lengths, training)
            first = first or directions
        return features, first

    def passed_on(
        self, number: int, directions: Sequence[Any], entered: Any, lengths: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """What goes on from a place of the stack, `(batch, time, cell's width)`, and what the next shortcut takes.

        Args:
            number: The place, from 0.
            directions: What each of its layers gave, `(batch, time, units)`.
            entered: What the shortcut that goes around it takes.
            lengths: The sentences' lengths.
            training: Whether dropout acts, and a batch is normalised by itself.
        """
        outputs = self.cell.merge(directions)
        if norm := self.norms[number]:
            outputs = norm(outputs, lengths, training=training)
        outputs = self.dropouts[number](outputs, training=training)
        if shortcut := self.shortcuts[number]:
            outputs = entered = shortcut(entered, outputs)
        return outputs, entered


def variational_dropout(rate: float, name: str) -> keras.layers.Layer:
    """Dropout of `(batch, time, dim)` with one mask for each sentence, the same at each step."""
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None), name=name)
