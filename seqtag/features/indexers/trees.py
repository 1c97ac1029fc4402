"""Dependency trees as numbers: which nodes of a batch are computed together, and which nodes each of them reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Ids, Indexer, Resources
from seqtag.support.errors import Error

if TYPE_CHECKING:
    from seqtag.settings.config import EncoderSettings, RunSettings

Numbers = NDArray[np.int64]
MOST_SLOTS = 16
CYCLE = "the heads of a sentence form a cycle; expected a tree."


class TreeIndexer(Indexer):
    """The head of each token as its distance, 0 for a root, so that a part of a sentence is a part of its tree; a token
    whose head is left out becomes a root.

    Args:
        slots: How many kinds of children are told apart; see `slots_of`.
        passes: `up`, `down` or both: in which directions the network reads the tree.
    """

    def __init__(self, slots: int, passes: Sequence[str]) -> None:
        self.slots = slots
        self.passes = tuple(passes)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        encoder = config.encoder
        return cls(encoder.tree_slots, encoder.tree_passes) if encoder.tree_passes else None

    def fits(self, settings: "EncoderSettings") -> bool:
        """Whether it makes what a network of these settings reads."""
        return (self.slots, self.passes) == (settings.tree_slots, settings.tree_passes)

    @property
    def sizes(self) -> dict[str, int]:
        return {"slots": self.slots}

    def index(self, sentence: Sentence) -> Ids:
        """Distances `(time,)`: the place of the head minus that of the token."""
        if sentence.heads is None:
            raise Error(
                "the model reads the dependency tree of each sentence, and a sentence has none; give it CoNLL-U with "
                "the head of each word."
            )
        heads = np.array(sentence.heads, np.int32)
        if len(heads) != len(sentence) or (heads < 0).any() or (heads > len(heads)).any():
            raise Error(
                "the heads of a sentence are not the numbers of its tokens, one a token, or 0 for a root."
            )
        distances = heads - np.arange(1, len(heads) + 1, dtype=np.int32)
        if not distances.all():
            raise Error(CYCLE)
        return np.where(heads == 0, 0, distances).astype(np.int32)

    def collate(
        self, rows: Sequence[Ids], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        """For each direction, see `Levels`: `tree_up_nodes`, `tree_up_levels`, `tree_up_neighbours`, `tree_down_...`.

        Nodes are numbered through the batch, padding included.
        """
        places, parents = _forest(rows, time)
        slots = slots_of(parents, self.slots)
        levels = _levels(parents)
        found: dict[str, NDArray[Any]] = {}
        for way in self.passes:
            nodes, sizes, neighbours = (levels.upward if way == "up" else levels.downward)(slots, self.slots)
            found[f"tree_{way}_nodes"] = places[nodes].astype(np.int32)
            found[f"tree_{way}_levels"] = sizes.astype(np.int32)
            found[f"tree_{way}_neighbours"] = neighbours.astype(np.int32)
        return found

    def to_json(self) -> dict[str, Any]:
        return {"slots": self.slots, "passes": list(self.passes)}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        slots, passes = values["slots"], values["passes"]
        if type(slots) is not int or not 1 <= slots <= MOST_SLOTS:
            raise ValueError("its trees have a number of slots that seqtag does not know")
        if passes not in (["up"], ["down"], ["up", "down"]):
            raise ValueError("its trees are read in directions that seqtag does not know")
        return cls(slots, passes)


def _forest(rows: Sequence[Ids], time: int) -> tuple[Numbers, Numbers]:
    """The nodes of a batch: the place of each in `(batch * time,)`, and the number of its parent among them, -1 for a
    root.
    """
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    starts = np.cumsum(lengths) - lengths
    own = np.arange(lengths.sum()) - np.repeat(starts, lengths)  # the place within the sentence
    distances = np.concatenate(rows).astype(np.int64)
    heads = own + distances
    inside = (distances != 0) & (heads >= 0) & (heads < np.repeat(lengths, lengths))
    parents = np.where(inside, heads + np.repeat(starts, lengths), -1)
    return np.repeat(np.arange(len(rows)) * time, lengths) + own, parents


def slots_of(parents: Numbers, slots: int) -> Numbers:
    """The slot that each node takes at its parent, 0 for a root: half of the slots, rounded down, are for children
    before the parent and the others for those behind it. Of each side the nearest child has the slot in the middle and
    the next ones those further out; all that are left share the outermost.

    Args:
        parents: The parent of each node, -1 for none; numbers grow in the order of words.
        slots: How many there are.
    """
    found = np.zeros(len(parents), np.int64)
    numbers = np.arange(len(parents))
    before = slots // 2
    for left in (True, False):
        side = (parents >= 0) & ((numbers < parents) if left else (numbers > parents))
        members = numbers[side]
        order = np.lexsort((np.abs(members - parents[members]), parents[members]))
        members = members[order]
        rank = _ranks(parents[members])
        if left:
            found[members] = np.maximum(before - 1 - rank, 0)
        else:
            found[members] = before + np.minimum(rank, slots - before - 1)
    return found


def _ranks(groups: Numbers) -> Numbers:
    """How many of the same group stand before each entry, of groups that stand together."""
    numbers = np.arange(len(groups))
    begins = np.r_[True, groups[1:] != groups[:-1]][: len(groups)]
    return numbers - np.maximum.accumulate(np.where(begins, numbers, 0)) if len(groups) else numbers


class Levels:
    """Nodes in levels: a level reads only nodes of levels before it.

    Both directions give, level by level:

    - the nodes `(nodes,)`, in the order in which they are computed;
    - the levels `(levels, 2)`: how many nodes, and how many rows of neighbours each of them has;
    - the neighbours `(rows, count)`: what a node reads in each slot, 1 for the node computed first, 0 for nothing.

    Args:
        parents: The parent of each node, -1 for none.
        depths: The steps from each node to its root.
        heights: The most steps from each node down to a leaf.
    """

    def __init__(self, parents: Numbers, depths: Numbers, heights: Numbers) -> None:
        self.parents, self.depths, self.heights = parents, depths, heights

    def upward(self, slots: Numbers, count: int) -> tuple[Numbers, Numbers, Numbers]:
        """Leaves first; a node reads its children, of each slot one to a row."""
        nodes, sizes, numbers = _ordered(self.heights)
        children = np.flatnonzero(self.parents >= 0)
        keys = self.parents[children] * count + slots[children]
        order = np.argsort(keys, kind="stable")
        children, keys = children[order], keys[order]
        rows_of = _ranks(keys)  # the row in which each child stands
        most = np.ones(len(sizes), np.int64)
        parents = self.parents[children]
        np.maximum.at(most, self.heights[parents], rows_of + 1)
        per_node = np.repeat(most, sizes)  # by number
        starts = np.cumsum(per_node) - per_node
        neighbours = np.zeros((per_node.sum(), count), np.int64)
        neighbours[starts[numbers[parents]] + rows_of, slots[children]] = numbers[children] + 1
        return nodes, np.stack([sizes, most], axis=1), neighbours

    def downward(self, slots: Numbers, count: int) -> tuple[Numbers, Numbers, Numbers]:
        """Roots first; a node reads its parent, in the slot that it takes there."""
        nodes, sizes, numbers = _ordered(self.depths)
        neighbours = np.zeros((len(nodes), count), np.int64)
        parents = self.parents[nodes]
        neighbours[np.arange(len(nodes)), slots[nodes]] = np.where(parents >= 0, numbers[parents] + 1, 0)
        return nodes, np.stack([sizes, np.ones_like(sizes)], axis=1), neighbours


def _ordered(levels: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Nodes by level, how many each level has, and the place of each node in this order."""
    nodes = np.argsort(levels, kind="stable")
    numbers = np.empty_like(nodes)
    numbers[nodes] = np.arange(len(nodes))
    return nodes, np.bincount(levels), numbers


def _levels(parents: Numbers) -> Levels:
    """The levels of a forest, a few operations for each step of its depth."""
    depths, at = np.zeros(len(parents), np.int64), parents
    while (alive := at >= 0).any():
        depths += alive
        if depths.max() >= len(parents):
            raise Error(CYCLE)
        at = np.where(alive, parents[at], -1)
    heights = np.zeros(len(parents), np.int64)
    for depth in range(int(depths.max(initial=0)), 0, -1):
        nodes = np.flatnonzero(depths == depth)
        np.maximum.at(heights, parents[nodes], heights[nodes] + 1)
    return Levels(parents, depths, heights)
