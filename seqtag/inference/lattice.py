"""What a model knows of one sentence beyond its best tags: the probability of entities, and the n best sequences.

A `Lattice` holds all sequences of a chain model, a `Beam` the few that a search kept; both answer the same questions.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.tags import Scheme, Span, split

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TagChain:
    """The scores between tags, and which of them make one span of two tokens.

    Attributes:
        start: Score of a tag as the first one, `(tags,)`.
        transitions: Entry [i, j] is the score of tag j right after tag i, `(tags, tags)`.
        end: Score of a tag as the last one, `(tags,)`.
        joins: Entry [i, j] says whether tag j right after tag i goes on with the same span, `(tags, tags)`.
        labels: The label of the span that a tag is in; None where it is in none.
        bias: What the search for the best sequences adds to the score of each tag, `(tags,)`; probabilities are without
            it.
    """

    start: Floats
    transitions: Floats
    end: Floats
    joins: NDArray[np.bool_]
    labels: tuple[str | None, ...]
    bias: Floats

    @cached_property
    def weights(self) -> Floats:
        """The transitions as factors; 0 where they are forbidden."""
        return np.exp(self.transitions)

    @cached_property
    def joining(self) -> Floats:
        """The factors of transitions that go on with a span; 0 for all others."""
        return self.weights * self.joins

    @cached_property
    def parting(self) -> Floats:
        """The factors of all other transitions."""
        return self.weights * ~self.joins

    @cached_property
    def starting(self) -> Floats:
        """The scores of first tags as factors."""
        return _factors(self.start)

    @cached_property
    def ending(self) -> Floats:
        """The scores of last tags as factors."""
        return _factors(self.end)

    @cached_property
    def of_label(self) -> dict[str | None, Floats]:
        """For each label, 1 for the tags in a span of it and 0 for all others, `(tags,)`."""
        return {label: np.array([own == label for own in self.labels], float) for label in set(self.labels)}


def joins(tags: tuple[str, ...], scheme: Scheme) -> NDArray[np.bool_]:
    """For each pair of tags, whether the second goes on with the span of the first, `(tags, tags)`."""
    if not scheme.is_spans:
        return np.zeros((len(tags), len(tags)), bool)
    letters, labels = zip(*(split(tag, scheme) for tag in tags), strict=True)
    _, numbers = np.unique(labels, return_inverse=True)
    open_after = ~np.isin(letters, list("ESO"))
    going_on = ~np.isin(letters, list("BSO"))
    found: NDArray[np.bool_] = open_after[:, None] & going_on & (numbers[:, None] == numbers)
    return found


def labels(tags: tuple[str, ...], scheme: Scheme) -> tuple[str | None, ...]:
    """The label of the span that each tag is in; None where it is in none."""
    return tuple(split(tag, scheme)[1] if scheme.is_spans and tag != "O" else None for tag in tags)


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
        backward: Entry [t, i] sums all ways to go on from tag i of word t, `(time, tags)`. From each row of forward and
            backward a constant may be missing.
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

    def span_probability(self, span: Span) -> float:
        """The probability that exactly this span is there, no longer and no shorter, however it is tagged.

        Two sums over the stretch are compared: of the sequences in which it is the span, and of all. So whatever
        constant is missing in a row of `forward` or `backward` is missing in both.
        """
        chain, (start, end, label) = self._chain, span
        if label not in chain.of_label:
            return 0.0
        # `dot` takes a quarter of the time of `@` for arrays as small as these.
        if start == 0:
            every = fresh = chain.starting  # (tags,)
        else:
            before = _factors(self._forward[start - 1] + self._scores[start - 1])
            every, fresh = before.dot(chain.weights), before.dot(chain.parting)
        inside = fresh * chain.of_label[label]
        for place in range(start, end):
            if place > start:
                every, inside = every.dot(chain.weights), inside.dot(chain.joining)
            own = _factors(self._scores[place])
            every, inside = every * own, inside * own
            largest = every.max() or 1.0  # without it, long spans would underflow
            every, inside = every / largest, inside / largest
        if end == len(self._scores):
            onward = last = chain.ending
        else:
            ahead = _factors(self._scores[end] + self._backward[end])
            onward, last = chain.weights.dot(ahead), chain.parting.dot(ahead)
        whole = float(every.dot(onward))
        return min(float(inside.dot(last)) / whole, 1.0) if whole else 0.0

    def best(self, count: int) -> list[Sequence]:
        """The `count` best sequences of tags, best first; fewer where there are fewer. Without a bias, they are the
        most probable ones.

        The n-best extension of the Viterbi algorithm: for each tag of each word, the best `count` ways to
        get there.
        """
        scores, chain = self._scores, self._chain
        tags = scores.shape[1]
        sums = chain.start + scores[0]  # (tags,): as `forward`, but nothing is missing
        kept = (sums + chain.bias)[:, None]  # (tags, ways)
        pointers = []
        for now in scores[1:]:
            # (from, way, to)
            ways = kept[:, :, None] + chain.transitions[:, None, :] + (now + chain.bias)
            flat = ways.reshape(-1, tags)
            order = np.argsort(-flat, axis=0, kind="stable")[: min(count, len(flat))]  # (ways, to)
            pointers.append((order, kept.shape[1]))
            kept = np.take_along_axis(flat, order, axis=0).T
            sums = np.logaddexp.reduce(sums[:, None] + chain.transitions, axis=0) + now
        total = np.logaddexp.reduce(sums + chain.end)
        final = (kept + chain.end[:, None]).ravel()
        highest = final.max()
        found: list[Sequence] = []
        for place in np.argsort(-final, kind="stable")[:count]:
            if np.exp(final[place] - highest) == 0.0:
                break  # only forbidden sequences are left
            score = final[place]
            tag, way = divmod(int(place), kept.shape[1])
            path = [tag]
            for order, width in reversed(pointers):
                tag, way = divmod(int(order[way, tag]), width)
                path.append(tag)
            probability = float(np.exp(score - chain.bias[path].sum() - total))
            found.append(Sequence(path[::-1], min(probability, 1.0)))
        return found


class Beam:
    """The sequences that a beam search kept, and no others.

    Args:
        tags: The sequences, best first, `(time, beam)`.
        probabilities: The probability of each tag given those before it, `(time, beam)`; 0 in a sequence that is not
            there.
    """

    def __init__(self, tags: NDArray[np.integer[Any]], probabilities: NDArray[np.float32]) -> None:
        self._tags = tags
        self._probabilities = probabilities.astype(np.float64).clip(0, 1)

    def span_probability(self, span: Span) -> float:
        """The probability of the tags of a span of the best sequence, given those before it."""
        return float(self._probabilities[span.start : span.end, 0].prod())

    def best(self, count: int) -> list[Sequence]:
        """The `count` best sequences of tags with their probability, best first; fewer where there are fewer."""
        found: list[Sequence] = []
        for place, (tags, probabilities) in enumerate(zip(self._tags.T, self._probabilities.T, strict=True)):
            path = tags.tolist()
            there = place == 0 or (probabilities.all() and path not in [other.tags for other in found])
            if there and len(found) < count:
                found.append(Sequence(path, float(probabilities.prod())))
        return found


def _factors(values: Floats) -> Floats:
    """exp(values) up to a factor, without overflow."""
    scaled: Floats = np.exp(values - values.max())
    return scaled
