"""Beam search over the tags of a sentence as ONNX nodes; `seqtag.network.heads.beam` says what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Legal, check_count

NEVER = -1e30  # the total of a beginning that cannot be; sums of it are still numbers


@dataclass(frozen=True)
class Rules:
    """What the tag scheme allows, as what is added to a total: 0, or NEVER.

    Attributes:
        following: Entry [i, j] is for tag j right after tag i, and the last row for tag j as the first one,
            `(tags + 1, tags)`.
        ending: Entry [r, j] is for tag j where r words are left, `(steps, tags)`; the last row holds for all larger r.
    """

    following: NDArray[np.float32]
    ending: NDArray[np.float32]

    @property
    def tags(self) -> int:
        """How many tags there are; as a tag's number, this is the start symbol."""
        return len(self.following) - 1


def rules(legal: Legal | None, tags: int) -> Rules:
    """The rules of a tag scheme; None allows everything.

    Raises:
        Error: There are too many tags for a table of which may follow which.
        ValueError: Whether a tag can be ended legally depends on the number of words left, however many these are.
    """
    check_count(tags, "for a feedback head")
    if legal is None:
        return Rules(np.zeros((tags + 1, tags), np.float32), np.zeros((1, tags), np.float32))
    ending = [legal.end]
    while True:
        earlier = np.asarray((legal.transitions & ending[-1]).any(axis=1))
        if (earlier == ending[-1]).all():
            break
        if len(ending) > tags:
            raise ValueError("a tag scheme in which no number of words is enough for every tag to end well")
        ending.append(earlier)
    following = np.concatenate([legal.transitions, legal.start[None]])
    return Rules(*(np.where(array, 0, NEVER).astype(np.float32) for array in (following, np.stack(ending))))


def write_search(
    graph: Graph,
    step: Callable[[str, str, str], tuple[str, str]],
    state: str,
    inputs: str,
    lengths: str,
    rules: Rules,
    beam: int,
) -> tuple[str, str]:
    """Writes the search: names of the tags `(batch, time, beam)` int64 and their probabilities, undefined at padding.

    Args:
        graph: The graph.
        step: Writes one step: from states `(batch, beam, units)`, previous tags `(batch, beam)` and the step's input
            `(batch, dim)` to new states and the log-probability of each tag, `(batch, beam, tags)`.
        state: The first state `(batch, units)`.
        inputs: The input of each step, `(time, batch, dim)`.
        lengths: The sentences' lengths `(batch,)` int32.
        rules: What the tag scheme allows.
        beam: How many sequences are kept.
    """
    tags, flat = rules.tags, graph.integers(0, beam * rules.tags)
    following, count = graph.constant(rules.following), graph.integers(tags)
    zero, one = graph.integers(0), graph.integers(1)
    last = graph.node("Sub", graph.cast(lengths, "int64"), one)  # (batch,)
    time = graph.node("Squeeze", graph.node("Shape", inputs, start=0, end=1))
    places = graph.node("Range", graph.constant(np.array(0)), time, graph.constant(np.array(1)))
    left = graph.node("Sub", last, graph.node("Unsqueeze", places, one))  # (time, batch)
    enough = graph.integers(len(rules.ending) - 1)
    endings = graph.node(
        "Gather", graph.constant(rules.ending), graph.node("Min", graph.node("Max", left, zero), enough)
    )  # (time, batch, tags)
    inner = graph.node("Unsqueeze", graph.node("Greater", left, zero), graph.integers(2))  # (time, batch, 1)

    def onward(
        states: str, previous: str, totals: str, given: str, ending: str
    ) -> tuple[list[str], list[str]]:
        states, logs = step(states, previous, given)
        allowed = graph.node(
            "Add", graph.node("Gather", following, previous), graph.node("Unsqueeze", ending, one)
        )
        totals = graph.node("Unsqueeze", totals, graph.integers(2))
        ways = graph.node("Add", graph.node("Add", totals, logs), allowed)
        totals, places = graph.nodes(
            "TopK", graph.node("Reshape", ways, flat), graph.integers(beam), count=2, axis=1
        )
        slots, chosen = graph.node("Div", places, count), graph.node("Mod", places, count)
        index = graph.node("Unsqueeze", slots, graph.integers(2))
        index = graph.node("Expand", index, graph.node("Shape", states))
        of_chosen = graph.node("GatherElements", graph.node("Reshape", logs, flat), places, axis=1)
        scaled = graph.node("Sub", totals, graph.node("ReduceMax", totals, one, keepdims=1))
        states = graph.node("GatherElements", states, index, axis=1)
        return [states, chosen, scaled], [chosen, scaled, slots, of_chosen]

    def rows(values: NDArray[Any]) -> str:
        """A row of constants for each sentence, `(batch, beam)`."""
        size = graph.node("Concat", graph.node("Shape", lengths), graph.integers(beam), axis=0)
        return str(graph.node("Expand", graph.constant(values[None]), size))

    numbers = rows(np.arange(beam))
    beginnings = np.where(np.arange(beam) == 0, 0, NEVER).astype(np.float32)
    first = graph.node("Tile", graph.node("Unsqueeze", state, one), graph.integers(1, beam, 1))
    chosen, totals, slots, logs = graph.scan(
        onward,
        states=[(first, "float32"), (rows(np.full(beam, tags)), "int64"), (rows(beginnings), "float32")],
        inputs=[(inputs, "float32"), (endings, "float32")],
        outputs=["int64", "float32", "int64", "float32"],
    )  # each (time, batch, beam)

    chosen, logs = _trace_back(graph, numbers, slots, chosen, logs, inner)
    found = (chosen, logs, totals)
    chosen, logs, totals = (graph.node("Transpose", array, perm=[1, 0, 2]) for array in found)
    at_end = graph.node("GatherND", totals, graph.node("Unsqueeze", last, one), batch_dims=1)  # (batch, beam)
    exists = graph.node("Greater", at_end, graph.float(NEVER / 2))
    exists = graph.cast(graph.node("Unsqueeze", exists, one), "float32")
    return chosen, graph.node("Mul", graph.node("Exp", logs), exists)


def _trace_back(
    graph: Graph, numbers: str, slots: str, chosen: str, logs: str, inner: str
) -> tuple[str, str]:
    """Follows the kept sequences from their last words to their first; the tags and their logarithms on the way.

    Args:
        graph: The graph.
        numbers: The places in the beam, `(batch, beam)`.
        slots: From which place each sequence came, `(time, batch, beam)`.
        chosen: The tag of each place, `(time, batch, beam)`.
        logs: Its log-probability, `(time, batch, beam)`.
        inner: Whether a word has another one after it, `(time, batch, 1)`.
    """

    def back(after: str, slot: str, tag: str, log: str, is_inner: str) -> tuple[list[str], list[str]]:
        here = graph.node("Where", is_inner, after, numbers)
        tag, log, slot = (graph.node("GatherElements", array, here, axis=1) for array in (tag, log, slot))
        return [slot], [tag, log]

    followed = graph.scan(
        back,
        states=[(numbers, "int64")],
        inputs=[(slots, "int64"), (chosen, "int64"), (logs, "float32"), (inner, "bool")],
        outputs=["int64", "float32"],
        backwards=True,
    )
    return followed[0], followed[1]
