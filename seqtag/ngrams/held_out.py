"""The weights of Jelinek-Mercer smoothing, fitted on held-out text by expectation maximisation.

Jelinek and Mercer 1980. A context has the weight of its order and of how often it occurs, in powers of two (Bahl,
Jelinek and Mercer 1983), so that what is seen often is trusted more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqtag.corpora.symbols import BOS
from seqtag.ngrams.counts import Grams
from seqtag.ngrams.tables import Doubles, depths, matches
from seqtag.ngrams.text import Ints, Words

CLASSES = 40  # of contexts, by the power of two of their counts
ROUNDS = 100
ENOUGH = 1e-6  # bits per token that a round must gain
NEAR = 1e-4  # a weight stays so far from 0 and 1, so that every word stays possible


@dataclass(frozen=True)
class MixtureWeights:
    """The weight of the relative frequencies of each order.

    Attributes:
        values: By order and class of context, shape (order, `CLASSES`).
        bits: The bits per token of the held-out text after each round.
    """

    values: Doubles
    bits: tuple[float, ...] = ()

    def of(self, order: int, counts: Doubles) -> Doubles:
        """The weights of contexts that occur so often; 0 for one that does not occur."""
        return np.where(counts > 0, self.values[order - 1][classes(counts)], 0.0)


def classes(counts: Doubles) -> Ints:
    """The class of contexts that occur so often."""
    return np.log2(np.maximum(counts, 1)).astype(np.int64).clip(0, CLASSES - 1)


def fit(grams: Sequence[Grams], blocks: Sequence[Words]) -> MixtureWeights:
    """The weights that make held-out text most probable.

    Args:
        grams: The n-grams of the training text.
        blocks: The tokens of the held-out text; see `Text`.
    """
    size = len(grams[0])
    pieces = [_frequencies(block, grams, size) for block in blocks]
    shares = np.concatenate([piece[0] for piece in pieces], axis=1)
    kinds = np.concatenate([piece[1] for piece in pieces], axis=1)
    # First a weight for each order, then one for each class, from near there; a class without events keeps that one.
    # From a weight of almost 0 or 1, rounds would hardly move.
    start = MixtureWeights(np.full((len(grams), CLASSES), 0.5))
    by_order = _rounds(start, shares, np.where(kinds < 0, -1, 0), size)
    start = MixtureWeights(np.repeat(by_order.values[:, :1].clip(0.1, 0.9), CLASSES, axis=1))
    return _rounds(start, shares, kinds, size)


def _frequencies(block: Words, grams: Sequence[Grams], size: int) -> tuple[Doubles, Ints]:
    """For each order and predicted token the relative frequency of the token after its context, and the class of the
    context; -1 for a context that does not occur or is not there.
    """
    predicted = block != BOS
    depth = depths(block)
    before = np.zeros(len(block), np.int64)
    shares, kinds = [], []
    for order, places in enumerate(matches(block, [one.keys for one in grams], size), 1):
        one = grams[order - 1]
        if order == 1:
            sums = np.array([one.counts.sum()], np.float64)
        else:
            sums = np.bincount(one.keys // size, weights=one.counts, minlength=len(grams[order - 2])).astype(
                np.float64
            )
        known = (before >= 0) & (depth >= order - 1)
        total = np.where(known, sums[before], 0.0)
        seen = places >= 0
        count = np.where(seen, one.counts[places] if len(one) else 0, 0)
        shares.append((count / np.maximum(total, 1))[predicted])
        kinds.append(np.where(total > 0, classes(total), -1)[predicted])
        before = np.roll(places, 1)
    return np.array(shares), np.array(kinds)


def _rounds(start: MixtureWeights, shares: Doubles, kinds: Ints, size: int) -> MixtureWeights:
    """MixtureWeights after as many rounds as gain something."""
    weights, bits = start.values.copy(), []
    for _ in range(ROUNDS):
        mixed = np.full(shares.shape[1], 1 / (size - 1))
        steps = []
        for order in range(len(shares)):
            own = np.where(kinds[order] >= 0, weights[order][kinds[order]], 0.0)
            steps.append((own * shares[order], mixed))
            mixed = own * shares[order] + (1 - own) * mixed
        bits.append(float(-np.log2(mixed).mean()))
        if len(bits) > 1 and bits[-2] - bits[-1] < ENOUGH:
            break
        reached = np.ones(shares.shape[1])  # the probability that no higher order has given the token
        for order in reversed(range(len(shares))):
            here = kinds[order] >= 0
            given, lower = steps[order]
            own = np.where(here, weights[order][kinds[order]], 0.0)
            stays = given / (given + (1 - own) * lower)
            taken = np.bincount(kinds[order][here], weights=(reached * stays)[here], minlength=CLASSES)
            came = np.bincount(kinds[order][here], weights=reached[here], minlength=CLASSES)
            some = came > 0
            weights[order][some] = (taken[some] / came[some]).clip(NEAR, 1 - NEAR)
            reached = reached * (1 - stays)
    return MixtureWeights(weights, tuple(bits))
