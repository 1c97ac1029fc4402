"""How often each n-gram occurs.

An n-gram is a whole number: the place of its first n - 1 words among the (n - 1)-grams, times the size of the
vocabulary, plus its last word. So n-grams of any order fit 64 bits, and sorting the numbers sorts the n-grams.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS
from seqtag.ngrams.spilled import spilled
from seqtag.ngrams.text import LIMIT, Ints, Words
from seqtag.support.errors import Error


@dataclass(frozen=True)
class Grams:
    """All n-grams of one order.

    Attributes:
        keys: Their numbers, ascending; of unigrams 0, 1, 2, ...
        counts: How often each occurs; never for the start of a sentence, which is not predicted.
        suffixes: The place of each one's last n - 1 words among the (n - 1)-grams; zeros for unigrams.
        starts: Whether it begins with the start of a sentence.
    """

    keys: Ints
    counts: Ints
    suffixes: Ints
    starts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.keys)


def count(
    blocks: Sequence[Words],
    size: int,
    order: int,
    limit: int = LIMIT,
    say: Callable[[str], None] = lambda text: None,
) -> list[Grams]:
    """The n-grams of a text, by order from 1 on.

    Args:
        blocks: Its tokens; see `Text`.
        size: The size of the vocabulary.
        order: The highest order.
        limit: How many numbers are sorted or merged in memory at once.
        say: Receives what is being done.

    Raises:
        Error: There are too many n-grams for their numbers.
    """
    counts = sum((np.bincount(block, minlength=size) for block in blocks), np.zeros(size, np.int64))
    counts[BOS] = 0
    found = [Grams(np.arange(size), counts, np.zeros(size, np.int64), np.arange(size) == BOS)]
    places: Sequence[NDArray[np.signedinteger]] = blocks
    for longer in range(2, order + 1):
        say(f"counting n-grams of order {longer}")
        grams, places = _longer(found[-1], blocks, places, size, limit)
        found.append(grams)
    return found


def _longer(
    shorter: Grams,
    blocks: Sequence[Words],
    places: Sequence[NDArray[np.signedinteger]],
    size: int,
    limit: int,
) -> tuple[Grams, list[Ints]]:
    """The n-grams of the next order, and the place of the one that ends at each token; -1 where none does."""
    if len(shorter) > (1 << 63) // size - 1:
        raise Error(f"the text has {len(shorter):,} n-grams of one order, too many for their numbers.")
    spill = len(blocks) > 1
    parts: list[tuple[Ints, Ints]] = []
    ranks: list[Ints] = []
    for block, before in zip(blocks, places, strict=True):
        here = ends(block, before)
        keys = before[here - 1].astype(np.int64) * size + block[here]
        found, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        rank = np.full(len(block), -1, np.int64)
        rank[here] = inverse
        parts.append((_kept(found, spill), _kept(counts, spill)))
        ranks.append(_kept(rank, spill))
    keys, counts = _merged(parts, limit) if spill else parts[0] if parts else (np.empty(0, np.int64),) * 2
    suffixes = np.empty(len(keys), np.int64)
    after: list[Ints] = []
    for (own, _), rank, before in zip(parts, ranks, places, strict=True):
        place = np.append(np.searchsorted(keys, own), -1)[rank] if spill else rank
        here = np.flatnonzero(place >= 0)
        suffixes[place[here]] = before[here]
        after.append(_kept(place, spill))
    return Grams(keys, counts, suffixes, shorter.starts[keys // size]), after


def ends(block: NDArray[np.signedinteger], before: NDArray[np.signedinteger]) -> Ints:
    """The places of a block where an n-gram may end: a shorter one ends before it, and no sentence starts there."""
    return np.flatnonzero((block[1:] != BOS) & (before[:-1] >= 0)) + 1


def _kept(array: Ints, spill: bool) -> Ints:
    return spilled([array], np.int64) if spill else array


def _merged(parts: Sequence[tuple[Ints, Ints]], limit: int) -> tuple[Ints, Ints]:
    """Sorted parts as one, in files; equal keys are one, with the sum of their counts."""
    kept: list[Ints] = []

    def keys() -> Iterator[Ints]:
        for found, counts in _ranges(parts, max(1, limit // len(parts))):
            kept.append(spilled([counts], np.int64))
            yield found

    return spilled(keys(), np.int64), spilled(kept, np.int64)


def _ranges(parts: Sequence[tuple[Ints, Ints]], piece: int) -> Iterator[tuple[Ints, Ints]]:
    """Merged ranges of keys, each of at most `piece` keys of a part."""
    at = [0] * len(parts)
    while any(start < len(keys) for start, (keys, _) in zip(at, parts, strict=True)):
        ends_at = [
            keys[min(start + piece, len(keys)) - 1]
            for start, (keys, _) in zip(at, parts, strict=True)
            if start < len(keys)
        ]
        last = min(ends_at)
        stops = [
            start + int(np.searchsorted(keys[start : start + piece], last, side="right"))
            for start, (keys, _) in zip(at, parts, strict=True)
        ]
        slices = [slice(start, stop) for start, stop in zip(at, stops, strict=True)]
        keys = np.concatenate([one[part] for part, (one, _) in zip(slices, parts, strict=True)])
        counts = np.concatenate([one[part] for part, (_, one) in zip(slices, parts, strict=True)])
        order = np.argsort(keys)
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        yield keys[first], np.add.reduceat(counts[order], first)
        at = stops
