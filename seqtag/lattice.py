"""What a chain model knows of one sentence beyond its best tags: the probability of entities, and the n best
sequences.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtag.tags import Scheme, Span, spans

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TagChain:
    """The scores between tags, and which of them make one span of two tokens.

    Attributes:
        start: Score of a tag as the first one, `(tags,)`.
        transitions: Entry [i, j] is the score of tag j right after tag i, `(tags, tags)`.
        end: Score of a tag as the last one, `(tags,)`.
        joins: Entry [i, j] says whether tag j right after tag i goes on with the same span, `(tags, tags)`.
    """

    start: Floats
    transitions: Floats
    end: Floats
    joins: NDArray[np.bool_]


def joins(tags: tuple[str, ...], scheme: Scheme) -> NDArray[np.bool_]:
    """For each pair of tags, whether the second goes on with the span of the first, `(tags, tags)`."""
    return np.array(
        [[spans([first, second], scheme)[:1] == [(0, 2, first[2:])] for second in tags] for first in tags]
    )


class Sequence(NamedTuple):
    """A sequence of tag numbers and its probability."""

    tags: list[int]
    probability: float


class Lattice:
    """The sums over all sequences of tags of a sentence.

    Args:
        chain: The scores between tags.
        scores: The score of each tag of each word by itself, `(time, tags)`.
        forward: Entry [t, j] sums (in logarithms) all ways to arrive at tag j of word t, `(time, tags)`.
        backward: Entry [t, i] sums all ways to go on from tag i of word t, `(time, tags)`.
    """

    def __init__(
        self,
        chain: TagChain,
        scores: NDArray[np.float32],
        forward: NDArray[np.float32],
        backward: NDArray[np.float32],
    ) -> None:
        self._chain = chain
        self._scores = scores.astype(np.float64)
        self._forward = forward.astype(np.float64)
        self._backward = backward.astype(np.float64)
        self._total = float(np.logaddexp.reduce(self._forward[0] + self._scores[0] + self._backward[0]))

    def span_probability(self, span: Span, tags: NDArray[np.int64]) -> float:
        """The probability that exactly this span is there, with these tags: no longer, no shorter.

        Args:
            span: The span.
            tags: The numbers of the sentence's tags, of which the span's are looked at.
        """
        chain, (start, end, _) = self._chain, span
        path = tags[start:end]
        total = self._scores[np.arange(start, end), path].sum() + chain.transitions[path[:-1], path[1:]].sum()
        if start == 0:
            total += chain.start[path[0]]
        else:
            before = self._forward[start - 1] + self._scores[start - 1] + chain.transitions[:, path[0]]
            total += np.logaddexp.reduce(before[~chain.joins[:, path[0]]])
        if end == len(self._scores):
            total += chain.end[path[-1]]
        else:
            after = chain.transitions[path[-1]] + self._scores[end] + self._backward[end]
            total += np.logaddexp.reduce(after[~chain.joins[path[-1]]])
        return min(float(np.exp(total - self._total)), 1.0)

    def best(self, count: int) -> list[Sequence]:
        """The `count` most probable sequences of tags, best first; fewer where there are fewer.

        The n-best extension of the Viterbi algorithm: for each tag of each word, the best `count` ways to
        get there.
        """
        scores, chain = self._scores, self._chain
        tags = scores.shape[1]
        kept = (chain.start + scores[0])[:, None]  # (tags, ways)
        pointers = []
        for now in scores[1:]:
            ways = kept[:, :, None] + chain.transitions[:, None, :] + now  # (from, way, to)
            flat = ways.reshape(-1, tags)
            order = np.argsort(-flat, axis=0, kind="stable")[: min(count, len(flat))]  # (ways, to)
            pointers.append((order, kept.shape[1]))
            kept = np.take_along_axis(flat, order, axis=0).T
        final = (kept + chain.end[:, None]).ravel()
        found: list[Sequence] = []
        for place in np.argsort(-final, kind="stable")[:count]:
            probability = float(np.exp(final[place] - self._total))
            if found and probability == 0.0:
                break  # only forbidden sequences are left
            tag, way = divmod(int(place), kept.shape[1])
            path = [tag]
            for order, width in reversed(pointers):
                tag, way = divmod(int(order[way, tag]), width)
                path.append(tag)
            found.append(Sequence(path[::-1], min(probability, 1.0)))
        return found
