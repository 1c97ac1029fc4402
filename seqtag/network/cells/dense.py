"""A layer for each word by itself."""

from typing import Any

import keras

from seqtag.network.cells.base import affine
from seqtag.network.cells.local import LocalCell
from seqtag.network.export import Graph


class Dense(LocalCell):
    """y_t = f(W x_t + b): no word sees another, which is what a tagger without context can do."""

    def linear(self, number: int) -> keras.layers.Layer:
        return keras.layers.Dense(
            self.settings.units, kernel_initializer=self.settings.kernel_initializer, name="linear"
        )

    def export_linear(self, graph: Graph, features: str, lengths: str, linear: Any) -> str:
        return affine(graph, features, *linear.get_weights())
