"""What the cells without a state share: a linear layer over a word or a window, and an activation."""

from collections.abc import Sequence

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.cells.base import Cell
from seqtag.graph.weights import Weights
from seqtag.settings.config import EncoderSettings


class LocalCell(Cell):
    """A cell without a state, and so without directions."""

    def __init__(
        self, settings: EncoderSettings, dim: int, weights: Weights, paths: Sequence[str], number: int = 1
    ) -> None:
        super().__init__(settings, dim, weights, paths, number)
        (path,) = paths
        self.pieces = settings.maxout_pieces if self.activation == "maxout" else 1
        wide = (self.pieces * settings.units,)
        self.kernel = weights.take(f"{path}/linear/kernel", (*self.kernel_shape(dim), *wide))
        self.bias = (
            weights.take(f"{path}/linear/bias", wide) if settings.use_bias else np.zeros(wide, np.float32)
        )
        self.slopes = None
        if self.activation == "prelu":
            self.slopes = weights.take(f"{path}/prelu/alpha", (1, settings.units)).reshape(-1)

    @classmethod
    def layers(cls, settings: EncoderSettings, number: int) -> list[str]:
        return [f"local_{number}"]

    def kernel_shape(self, dim: int) -> tuple[int, ...]:
        """The shape of the linear layer's kernel, without its last size."""
        raise NotImplementedError

    def write_linear(self, graph: Graph, features: str, lengths: str) -> str:
        """Writes the linear layer."""
        raise NotImplementedError

    def write(self, graph: Graph, features: str, lengths: str) -> str:
        total = self.write_linear(graph, features, lengths)
        return write_activation(graph, self.activation, total, self.slopes, self.pieces)
