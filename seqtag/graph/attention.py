"""Attention of each word to others: to all of its sentence, or to its other mentions."""

import math
from collections.abc import Callable

import numpy as np

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

        One head comes after the other, so that memory grows with the square of the time but not with the heads. What
        was found and the weights are two loops: the second costs only those who ask for the weights.
        """
        query, key, value = (
            self._heads(graph, states, name) for name in ("query", "key", "value")
        )  # (heads, batch, time, size)
        scale, nothing = graph.float(1 / math.sqrt(self.size)), graph.float(NOTHING)
        present = graph.node("Unsqueeze", graph.mask(lengths, states), graph.integers(1))  # (batch, 1, time)

        def look(query: str, key: str) -> str:
            turned = graph.node("Transpose", key, perm=[0, 2, 1])
            scores = graph.node("MatMul", graph.node("Mul", query, scale), turned)
            masked = graph.node("Where", present, scores, nothing)
            return graph.node("Softmax", masked, axis=-1)  # (batch, time, time)

        def find(query: str, key: str, value: str) -> tuple[list[str], list[str]]:
            return [], [graph.node("MatMul", look(query, key), value)]

        def show(query: str, key: str) -> tuple[list[str], list[str]]:
            return [], [look(query, key)]

        def each_head(step: Callable[..., tuple[list[str], list[str]]], *inputs: str) -> str:
            given = [(name, "float32") for name in inputs]
            (made,) = graph.scan(step, states=[], inputs=given, outputs=["float32"])
            return made  # (heads, batch, time, ...)

        found = graph.node("Transpose", each_head(find, query, key, value), perm=[1, 2, 0, 3])
        joined = graph.node("Reshape", found, graph.integers(0, 0, self.heads * self.size))
        output = graph.affine(joined, *self.layers["output"])
        weights = graph.node("Transpose", each_head(show, query, key), perm=[1, 0, 2, 3])
        return graph.node("Concat", states, output, axis=-1), weights

    def _heads(self, graph: Graph, states: str, name: str) -> str:
        together = graph.affine(states, *self.layers[name])
        apart = graph.node("Reshape", together, graph.integers(0, 0, self.heads, self.size))
        return graph.node("Transpose", apart, perm=[2, 0, 1, 3])


class MentionAttention:
    """See `seqtag.network.attention.MentionAttention`.

    Args:
        heads: Not used.
        dim: The last size of the states.
        weights: Where a part takes its weights from; this one has none.
    """

    def __init__(self, heads: int, dim: int, weights: Weights) -> None:
        self.dim, self.width = dim, 2 * dim

    def write(self, graph: Graph, states: str, lengths: str) -> tuple[str, None]:
        """Writes the input and the layer; returns the name of states beside what was found, `(batch, time, width)`."""
        mentions = graph.cast(graph.input("mentions", "int32", ("batch", "time")), "int64")
        zero = graph.constant(np.array(0))
        numbers = graph.node("Where", graph.mask(lengths, states), mentions, zero)
        numbers = graph.node("Reshape", numbers, graph.integers(-1))
        flat = graph.node("Reshape", states, graph.integers(-1, self.dim))
        count = graph.node("Add", graph.node("ReduceMax", numbers), graph.integers(1))
        rows = graph.node("Unsqueeze", numbers, graph.integers(1))

        def of_others(values: str, width: int) -> str:
            """The sum over all mentions of a word but this one."""
            size = graph.node("Concat", count, graph.integers(width), axis=0)
            zeros = graph.node("ConstantOfShape", size)
            sums = graph.node("ScatterND", zeros, rows, values, reduction="add")
            return graph.node("Sub", graph.node("Gather", sums, numbers, axis=0), values)

        one = graph.float(1)
        ones = graph.node("Expand", one, graph.node("Shape", rows))
        others = graph.node("Max", of_others(ones, 1), one)
        mean = graph.node("Div", of_others(flat, self.dim), others)
        is_mention = graph.node("Greater", rows, zero)
        found = graph.node("Where", is_mention, mean, graph.float(0))
        found = graph.node("Reshape", found, graph.node("Shape", states))
        return graph.node("Concat", states, found, axis=-1), None
