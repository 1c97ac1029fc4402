"""Ways round a layer."""

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights


class Residual:
    """See `seqtag.network.shortcuts.Residual`.

    Args:
        dim: The last size of the layer's features.
        width: That of its outputs.
        weights: Where the part takes its weights from.
        path: Its path.
    """

    def __init__(self, dim: int, width: int, weights: Weights, path: str) -> None:
        self.projection = weights.take(f"{path}/projection/kernel", (dim, width)) if dim != width else None

    def write(self, graph: Graph, features: str, outputs: str) -> str:
        """Writes the shortcut; returns the name of what goes on."""
        return graph.node("Add", self.carried(graph, features), outputs)

    def carried(self, graph: Graph, features: str) -> str:
        """Writes the features in the outputs' width."""
        return features if self.projection is None else graph.affine(features, self.projection)


class Highway(Residual):
    """See `seqtag.network.shortcuts.Highway`."""

    def __init__(self, dim: int, width: int, weights: Weights, path: str) -> None:
        super().__init__(dim, width, weights, path)
        self.kernel = weights.take(f"{path}/gate/kernel", (dim, width))
        self.bias = weights.take(f"{path}/gate/bias", (width,))

    def write(self, graph: Graph, features: str, outputs: str) -> str:
        gate = graph.node("Sigmoid", graph.affine(features, self.kernel, self.bias))
        rest = graph.node("Sub", graph.float(1), gate)
        carried = graph.node("Mul", rest, self.carried(graph, features))
        return graph.node("Add", graph.node("Mul", gate, outputs), carried)
