"""The recurrent encoder: layers stacked round any cell, in one direction or both, with variational
dropout.
"""

from typing import Any

import keras
import tensorflow as tf

from seqtag import parts
from seqtag.config import Encoder as Settings
from seqtag.model.export import Graph


class Encoder(keras.layers.Layer):  # type: ignore[misc]
    """Features `(batch, time, directions * units)` from vectors `(batch, time, dim)`.

    The backward direction (Schuster and Paliwal 1997, "Bidirectional Recurrent Neural Networks") reads each
    sentence reversed within its own length. So padding stays on the right for both directions, no state ever
    passes through it, no layer needs a mask, and fused GPU kernels stay possible. Features at padding are
    undefined: what follows must mask them.

    Dropout is variational (Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in
    Recurrent Neural Networks"): one mask a sentence, the same at each step.

    Args:
        settings: The `encoder` section of the configuration.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="encoder")
        self.cell = parts.load(parts.CELLS, settings.cell)(settings)
        names = ["forward", "backward"] if settings.bidirectional else ["forward"]
        self.stack = [
            [self.cell.layer(f"{name}_{number}") for name in names]
            for number in range(1, settings.layers + 1)
        ]
        self.dropouts = [
            variational_dropout(settings.dropout, f"dropout_{i}") for i in range(1, settings.layers + 1)
        ]

    def build(self, vectors_shape: Any, lengths_shape: Any = None) -> None:
        """Builds each layer, since not all ways to run one do so."""
        shape = tuple(vectors_shape)
        for layers in self.stack:
            for layer in layers:
                layer.build(shape)
            shape = (*shape[:-1], sum(layer.units for layer in layers))
        self.built = True

    def call(self, vectors: Any, lengths: Any, training: bool = False) -> Any:
        """Features from vectors and the sentences' lengths `(batch,)`."""
        features = vectors
        for layers, dropout in zip(self.stack, self.dropouts, strict=True):
            outputs = [self.cell.run(layers[0], features, training)]
            for layer in layers[1:]:
                backward = self.cell.run(layer, reverse(features, lengths), training)
                outputs.append(reverse(backward, lengths))
            features = dropout(
                tf.concat(outputs, axis=-1), training=training
            )  # (batch, time, directions * units)
        return features

    def export(self, graph: Graph, vectors: str, lengths: str) -> str:
        """Writes all layers; returns the name of the features."""
        features = vectors
        for layers in self.stack:
            features = self.cell.export(graph, features, lengths, layers)
        return features


def reverse(array: Any, lengths: Any) -> Any:
    """Each sentence of `(batch, time, ...)` from its last word to its first; padding stays where it is."""
    return tf.reverse_sequence(array, lengths, seq_axis=1, batch_axis=0)


def variational_dropout(rate: float, name: str) -> keras.layers.Layer:
    """Dropout of `(batch, time, dim)` with one mask a sentence, the same at each step."""
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None), name=name)
