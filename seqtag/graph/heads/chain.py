"""A linear chain over the tags of a sentence as ONNX nodes: best path, marginals and their sums.

`seqtag.network.heads.chain` says what a chain is; the recursions are the same. Marginals and the best path scale each
step's row so that its largest entry is 0: sums that grow with the sentence lose their last digits in float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Head, Legal
from seqtag.graph.weights import Floats

FORBIDDEN = -1e4  # a score no sum of real scores makes up for, and still a number
TINY = 1e-30  # keeps a logarithm finite where every way is forbidden
OUTSIDE = 0  # the number of O among the tags of spans: see `seqtag.features.tags.tag_inventory`


@dataclass(frozen=True)
class Chain:
    """The scores of a chain that do not depend on the sentence: start and end `(tags,)`, transitions `(tags, tags)`."""

    start: Any
    transitions: Any
    end: Any


def penalties(legal: Legal) -> Chain:
    """A chain that scores 0 what is legal and FORBIDDEN what is not."""
    arrays = (legal.start, legal.transitions, legal.end)
    return Chain(*(np.where(array, 0.0, FORBIDDEN).astype(np.float32) for array in arrays))


def decoding_bias(tags: int, outside_bias: float | None) -> Floats:
    """What the search for the best sequence adds to the score of each tag, `(tags,)`; sums over all sequences, and so
    all probabilities, are without it.

    Where there are few spans, the most probable tags are not those with the best F1, which asks for more of them
    (Lipton, Elkan and Narayanaswamy 2014, "Thresholding Classifiers to Maximize F1 Score").

    Args:
        tags: Number of tags.
        outside_bias: The setting of that name.
    """
    bias = np.zeros(tags, np.float32)
    bias[OUTSIDE] = -(outside_bias or 0.0)
    return bias


class ChainHead(Head):
    """A head whose decoder is a chain over the tags: what CRF and constrained softmax have in common.

    Attributes:
        tags: Number of tags.
        bias: What the search for the best sequence adds to the score of each tag, `(tags,)`.
        is_chain: Whether there are scores between tags.
    """

    tags: int
    bias: Floats
    is_chain = True

    def scores(self, graph: Graph, features: str) -> str:
        """Writes the score of each tag of each word by itself, `(batch, time, tags)`."""
        raise NotImplementedError

    def chain(self) -> Chain:
        """The scores between tags."""
        raise NotImplementedError

    def write(self, graph: Graph, features: str, lengths: str) -> None:
        write_chain(graph, self.scores(graph, features), self.chain(), self.bias, lengths)


def write_chain(graph: Graph, scores: str, chain: Chain, bias: Floats, lengths: str) -> None:
    """Writes the decoder of a chain, and its outputs.

    Args:
        graph: The graph.
        scores: Name of the score of each tag of each word by itself, `(batch, time, tags)`.
        chain: The scores between tags.
        bias: What the search for the best sequence adds to the score of each tag, `(tags,)`.
        lengths: Name of the sentences' lengths `(batch,)` int32.
    """
    writer = ChainWriter(graph, chain, scores, lengths)
    if bias.any():
        constant = graph.constant(bias)
        best = ChainWriter(graph, chain, graph.node("Add", scores, constant), lengths).best_path()
        graph.output(constant, outputs.BIAS, tags=len(bias))
    else:
        best = writer.best_path()
    forward, backward = writer.ways()
    joint = graph.node("Add", graph.node("Add", forward, backward), scores)
    marginals = graph.node("Softmax", joint, axis=-1)  # (batch, time, tags)
    of_best = graph.node(
        "GatherElements", marginals, graph.node("Unsqueeze", best, graph.integers(2)), axis=2
    )
    probabilities = graph.node("Squeeze", of_best, graph.integers(2))
    graph.output(best, outputs.TAGS)
    graph.output(probabilities, outputs.PROBABILITIES)
    for output, source in zip(outputs.LATTICE, (scores, forward, backward), strict=True):
        graph.output(source, output)
    for output, array in zip(outputs.CHAIN, (chain.start, chain.transitions, chain.end), strict=True):
        graph.output(graph.constant(array), output, tags=len(chain.start))


class ChainWriter:
    """The recursions over a chain.

    Args:
        graph: The graph.
        chain: The chain's arrays.
        scores: Name of the scores `(batch, time, tags)`.
        lengths: Name of the sentences' lengths `(batch,)` int32.
    """

    def __init__(self, graph: Graph, chain: Chain, scores: str, lengths: str) -> None:
        self.graph = graph
        self.start = graph.constant(chain.start[None])  # (1, tags)
        self.end = graph.constant(chain.end[None])
        self.transitions = graph.constant(chain.transitions)
        # A row for each tag that comes next.
        self.into = graph.constant(np.ascontiguousarray(chain.transitions.T))
        with np.errstate(over="ignore"):  # then what the network gives is not finite, and says so
            weights: Floats = np.exp(chain.transitions)
        self.forward_weights = graph.constant(weights)
        self.backward_weights = graph.constant(weights.T)
        self.scores = graph.node("Transpose", scores, perm=[1, 0, 2])  # (time, batch, tags)
        self.inner = self._inner(lengths)
        one_step = graph.node("Gather", self.scores, graph.constant(np.array(0)), axis=0)  # (batch, tags)
        self.first = graph.node("Expand", self.start, graph.node("Shape", one_step))
        self.zeros = graph.node("Sub", one_step, one_step)

    def _inner(self, lengths: str) -> str:
        """`(time, batch, 1)`: whether a word has a word after it."""
        graph = self.graph
        shape = graph.node("Shape", self.scores, start=0, end=1)
        time = graph.node("Squeeze", shape, graph.integers(0))
        zero, one = graph.constant(np.array(0)), graph.constant(np.array(1))
        places = graph.node("Unsqueeze", graph.node("Range", zero, time, one), graph.integers(1))  # (time, 1)
        last = graph.node("Sub", graph.cast(lengths, "int64"), one)  # (batch,)
        return graph.node("Unsqueeze", graph.node("Less", places, last), graph.integers(2))

    def best_path(self) -> str:
        """Name of the best tags `(batch, time)` int64.

        On the way forward only the best scores are kept. Which tag was before is looked up on the way back, for the
        chosen tag alone: that is linear in the number of tags.
        """
        graph = self.graph

        def onward(arrived: str, now: str) -> tuple[list[str], list[str]]:
            here = graph.node("Add", arrived, now)
            ways = graph.node("Add", graph.node("Unsqueeze", here, graph.integers(1)), self.into)
            best = graph.node("ReduceMax", ways, graph.integers(2), keepdims=0)
            return [self._scaled(best)], [here]

        (scores,) = graph.scan(
            onward, states=[(self.first, "float32")], inputs=[(self.scores, "float32")], outputs=["float32"]
        )

        def back(tag: str, here: str, inner: str) -> tuple[list[str], list[str]]:
            after = graph.node("Gather", self.into, graph.node("Squeeze", tag, graph.integers(1)), axis=0)
            onward = graph.node("Where", inner, after, self.end)
            chosen = graph.node("ArgMax", graph.node("Add", here, onward), axis=1, keepdims=1)
            return [chosen], [chosen]

        # What stands after the last word does not matter.
        any_tag = graph.node("ArgMax", self.zeros, axis=1, keepdims=1)  # (batch, 1)
        (path,) = graph.scan(
            back,
            states=[(any_tag, "int64")],
            inputs=[(scores, "float32"), (self.inner, "bool")],
            outputs=["int64"],
            backwards=True,
        )  # (time, batch, 1)
        return graph.node("Squeeze", graph.node("Transpose", path, perm=[1, 0, 2]), graph.integers(2))

    def _log_product(self, values: str, weights: str) -> str:
        graph = self.graph
        largest = graph.node("ReduceMax", values, graph.integers(1), keepdims=1)
        product = graph.node("MatMul", graph.node("Exp", graph.node("Sub", values, largest)), weights)
        floor = graph.float(TINY)
        return graph.node("Add", graph.node("Log", graph.node("Max", product, floor)), largest)

    def _scaled(self, ways: str) -> str:
        graph = self.graph
        return graph.node("Sub", ways, graph.node("ReduceMax", ways, graph.integers(1), keepdims=1))

    def ways(self) -> tuple[str, str]:
        """Names of the sums over all ways to a tag and on from it, each `(batch, time, tags)`, scaled."""
        graph = self.graph

        def onward(arrived: str, now: str) -> tuple[list[str], list[str]]:
            here = graph.node("Add", arrived, now)
            return [self._scaled(self._log_product(here, self.forward_weights))], [arrived]

        (arrived,) = graph.scan(
            onward, states=[(self.first, "float32")], inputs=[(self.scores, "float32")], outputs=["float32"]
        )

        def back(ahead: str, now: str, inner: str) -> tuple[list[str], list[str]]:
            further = self._scaled(self._log_product(ahead, self.backward_weights))
            onward = graph.node("Where", inner, further, self.end)
            return [graph.node("Add", onward, now)], [onward]

        (onward_ways,) = graph.scan(
            back,
            states=[(self.zeros, "float32")],
            inputs=[(self.scores, "float32"), (self.inner, "bool")],
            outputs=["float32"],
            backwards=True,
        )
        forward = graph.node("Transpose", arrived, perm=[1, 0, 2])
        backward = graph.node("Transpose", onward_ways, perm=[1, 0, 2])
        return forward, backward
