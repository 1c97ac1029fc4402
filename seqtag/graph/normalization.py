"""Normalisation of what a layer of the encoder gives."""

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights

EPSILON = 1e-3  # Keras's


class LayerNorm:
    """See `seqtag.network.normalization.LayerNorm`.

    Args:
        width: The last size of what is normalised.
        weights: Where the part takes its weights from.
        path: Its path.
    """

    def __init__(self, width: int, weights: Weights, path: str) -> None:
        self.scale, self.shift = (weights.take(f"{path}/{name}", (width,)) for name in ("gamma", "beta"))

    def write(self, graph: Graph, features: str) -> str:
        """Writes the operator; returns the name of the normalised features."""
        scale, shift = graph.constant(self.scale), graph.constant(self.shift)
        return graph.node("LayerNormalization", features, scale, shift, axis=-1, epsilon=EPSILON)


class BatchNorm(LayerNorm):
    """See `seqtag.network.normalization.BatchNorm`: a factor and a summand for each unit."""

    def __init__(self, width: int, weights: Weights, path: str) -> None:
        super().__init__(width, weights, path)
        mean, variance = (weights.take(f"{path}/moving_{name}", (width,)) for name in ("mean", "variance"))
        with np.errstate(all="ignore"):  # weights that are not finite, or make no sense, are refused later
            self.scale = (self.scale / np.sqrt(variance + np.float32(EPSILON))).astype(np.float32)
            self.shift = (self.shift - mean * self.scale).astype(np.float32)

    def write(self, graph: Graph, features: str) -> str:
        scaled = graph.node("Mul", features, graph.constant(self.scale))
        return graph.node("Add", scaled, graph.constant(self.shift))
