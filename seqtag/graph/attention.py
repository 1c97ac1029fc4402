"""Attention of each word of a sentence to all of them."""

import math

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights

NOTHING = -1e9  # the score of a word that is not there


class SelfAttention:
    """See `seqtag.network.attention.SelfAttention`.

    Args:
        heads: Number of heads.
        dim: The last size of the states.
        weights: Where the part takes its weights from.
    """

    path = "encoder/attention"

    def __init__(self, heads: int, dim: int, weights: Weights) -> None:
        self.heads, self.width = heads, 2 * dim
        self.size = max(1, dim // heads)
        inside = heads * self.size
        shapes = dict.fromkeys(("query", "key", "value"), (dim, inside)) | {"output": (inside, dim)}
        self.layers = {
            name: (
                weights.take(f"{self.path}/{name}/kernel", shape),
                weights.take(f"{self.path}/{name}/bias", shape[1:]),
            )
            for name, shape in shapes.items()
        }

    def write(self, graph: Graph, states: str, lengths: str) -> tuple[str, str]:
        """Writes the layer; returns the names of states beside what was found, `(batch, time, width)`, and of the
        weights `(batch, heads, time, time)`.
        """
        query, key, value = (
            self._heads(graph, states, name) for name in ("query", "key", "value")
        )  # (batch, heads, time, size)
        scale = graph.float(1 / math.sqrt(self.size))
        turned = graph.node("Transpose", key, perm=[0, 1, 3, 2])
        scores = graph.node("MatMul", graph.node("Mul", query, scale), turned)
        present = graph.node("Unsqueeze", graph.mask(lengths, states), graph.integers(1, 2))
        masked = graph.node("Where", present, scores, graph.float(NOTHING))
        weights = graph.node("Softmax", masked, axis=-1)  # (batch, heads, time, time)
        found = graph.node("Transpose", graph.node("MatMul", weights, value), perm=[0, 2, 1, 3])
        joined = graph.node("Reshape", found, graph.integers(0, 0, self.heads * self.size))
        output = graph.affine(joined, *self.layers["output"])
        return graph.node("Concat", states, output, axis=-1), weights

    def _heads(self, graph: Graph, states: str, name: str) -> str:
        together = graph.affine(states, *self.layers[name])
        apart = graph.node("Reshape", together, graph.integers(0, 0, self.heads, self.size))
        return graph.node("Transpose", apart, perm=[0, 2, 1, 3])
