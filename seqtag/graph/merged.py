"""Several networks as one: their scores of tags averaged in a graph that decodes them once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from seqtag.graph.build import Parts, Plan
from seqtag.graph.builder import Graph
from seqtag.graph.heads.chain import Chain, ChainHead, write_chain
from seqtag.graph.heads.softmax import write_apart
from seqtag.graph.weights import Floats, Weights
from seqtag.support.errors import UsageError


@dataclass(frozen=True)
class Member:
    """A network among several.

    Attributes:
        plan: What it is made of.
        weights: Its weights.
        prefixes: What the names of the inputs of an embedding begin with, by its name; networks whose inputs have the
            same names read the same arrays.
        name: What it is called in messages.
    """

    plan: Plan
    weights: Weights
    prefixes: Mapping[str, str]
    name: str = "the model"


def build_merged(
    members: Sequence[Member], wanted: Collection[str] | None = None, *, int8: bool = False
) -> bytes:
    """The logarithmic opinion pool of networks, each with the same weight (Smith, Cohn and Osborne, "Logarithmic
    Opinion Pools for Conditional Random Fields", 2005).

    The pool's probability of a sequence of tags is proportional to the geometric mean of the networks'. Of chains it is
    a chain again, whose scores are the means of theirs: so one decoder, and all that follows from its outputs, is
    exact. Inputs and outputs are those of `seqtag.graph.build.build`, without attention.

    Args:
        members: The networks; all have the same tags.
        wanted: The names of the outputs to compute; None for all.
        int8: Whether the products of LSTMs are computed in 8 bits.

    Raises:
        ValueError: The weights of a network are not those of its plan.
        UsageError: A head is no chain, or the settings of a network contradict each other.
    """
    graph = Graph(int8=int8)
    lengths = graph.input("lengths", "int32", ("batch",))
    scores: list[str] = []
    chains: list[Chain] = []
    biases: list[Floats] = []
    for member in members:
        parts = Parts(member.plan, member.weights)
        head = parts.head
        if not isinstance(head, ChainHead):
            name = member.plan.config.head.name
            raise UsageError(
                f"{member.name}: its head is {name}; expected crf or softmax, whose scores can be averaged."
            )
        with graph.prefixed(member.prefixes.get("tree", "")):
            vectors = parts.write_vectors(graph, member.prefixes)
            features, _ = parts.write_features(graph, vectors, lengths)
        scores.append(head.scores(graph, features))
        if head.is_chain:
            chains.append(head.chain())
            biases.append(head.bias)
    mean = graph.node(
        "Mul", reduce(lambda one, two: graph.node("Add", one, two), scores), graph.float(1 / len(scores))
    )
    if chains:
        write_chain(graph, mean, _mean(chains, len(members)), np.mean(biases, axis=0), lengths)
    else:
        write_apart(graph, graph.node("LogSoftmax", mean, axis=-1))
    return graph.finish(wanted)


def _mean(chains: Sequence[Chain], count: int) -> Chain:
    """The means of the scores between tags of `count` networks, which are 0 where a network has no chain."""
    rows = zip(*((chain.start, chain.transitions, chain.end) for chain in chains), strict=True)
    return Chain(*((np.sum(arrays, axis=0, dtype=np.float64) / count).astype(np.float32) for arrays in rows))
