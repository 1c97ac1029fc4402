"""A layer for each word by itself."""

from seqtag.graph.builder import Graph
from seqtag.graph.cells.local import LocalCell


class Dense(LocalCell):
    """See `seqtag.network.cells.dense.Dense`."""

    def kernel_shape(self, dim: int) -> tuple[int, ...]:
        return (dim,)

    def write_linear(self, graph: Graph, features: str, lengths: str) -> str:
        return graph.affine(features, self.kernel, self.bias)
