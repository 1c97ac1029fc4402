"""The ONNX halves of a cell and a head."""

from typing import Any

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.cells.dense import Dense
from seqtag.graph.heads.base import Head
from seqtag.graph.weights import Weights


class Doubled(Dense):
    def write(self, graph: Graph, features: str, lengths: str) -> str:
        return graph.node("Mul", super().write(graph, features, lengths), graph.float(2.0))


class Greedy(Head):
    def __init__(self, settings: Any, tags: int, legal: Any, dim: int, weights: Weights) -> None:
        self.kernel = weights.take("scores/kernel", (dim, tags))
        self.bias = weights.take("scores/bias", (tags,))

    def write(self, graph: Graph, features: str, lengths: str) -> None:
        probabilities = graph.node("Softmax", graph.affine(features, self.kernel, self.bias), axis=-1)
        graph.output(graph.node("ArgMax", probabilities, axis=-1, keepdims=0), outputs.TAGS)
        top = graph.node("ReduceMax", probabilities, graph.integers(-1), keepdims=0)
        graph.output(top, outputs.PROBABILITIES)
