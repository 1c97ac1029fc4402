"""From counts to probabilities.

Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling", has the formulas of all but
`stupid_backoff` (Brants and others 2007, "Large Language Models in Machine Translation"). An interpolated method says
which share of the probability after a context each seen word has for itself; the rest goes by the shorter context, and
that of unigrams to all words alike.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS
from seqtag.ngrams.counts import Grams
from seqtag.ngrams.held_out import MixtureWeights
from seqtag.ngrams.tables import BACKOFF, NEVER, Doubles, NgramTable, Rule
from seqtag.ngrams.text import Ints

STUPID_BACKOFF = "stupid_backoff"
FALLBACK = (0.5, 1.0, 1.5)  # discounts where counts of counts give none
FALLBACK_ONE = 0.5
STUPID = 0.4
LEAST = 1e-38  # a factor that would be 0, as a float32


@dataclass(frozen=True)
class Smoothing:
    """How probabilities come from counts.

    Attributes:
        name: One of `METHODS`.
        k: What `add_k` adds to each count.
        prune: For each order, the count up to which its n-grams are dropped; the last one holds for all further orders.
        weights: Those of `jelinek_mercer`, fitted on held-out text.
    """

    name: str = "modified_kneser_ney"
    k: float = 0.1
    prune: tuple[int, ...] = (0,)
    weights: MixtureWeights | None = None

    def threshold(self, order: int) -> int:
        """The count up to which n-grams of an order are dropped."""
        return self.prune[min(order, len(self.prune)) - 1]


@dataclass(frozen=True)
class Estimate:
    """A model, and how it came about.

    Attributes:
        tables: Its arrays, by order from 1 on.
        discounts: For Kneser-Ney, the discounts of each order.
        fallbacks: The orders whose discounts are fixed numbers, because the counts of counts give none.
    """

    tables: list[NgramTable]
    discounts: list[tuple[float, ...]] = field(default_factory=list)
    fallbacks: list[int] = field(default_factory=list)


def rule_of(name: str, size: int) -> Rule:
    """What becomes of a word that was not seen in its context.

    Args:
        name: The name of a method; the rule of an interpolated one is that of ARPA files.
        size: The size of the vocabulary.
    """
    if name == "none":
        return Rule(False, -math.inf, -math.inf)
    if name in ("laplace", "add_k"):
        return Rule(False, None, -math.log10(size - 1))
    if name == STUPID_BACKOFF:
        return Rule(True, math.log10(STUPID), math.log10(STUPID))
    return BACKOFF


def estimate(grams: Sequence[Grams], smoothing: Smoothing) -> Estimate:
    """The model of counts, for the n-grams that are not pruned."""
    kept = [(one.counts > smoothing.threshold(order)) | (order == 1) for order, one in enumerate(grams, 1)]
    return METHODS[smoothing.name](grams, kept, smoothing)


def _sums(grams: Sequence[Grams], order: int, values: NDArray[Any]) -> tuple[Doubles, Ints]:
    """The sum of values over the n-grams of each context of an order, and the context of each n-gram. Unigrams have one
    context.
    """
    size, one = len(grams[0]), grams[order - 1]
    contexts = one.keys // size if order > 1 else np.zeros(size, np.int64)
    count = len(grams[order - 2]) if order > 1 else 1
    return np.bincount(contexts, weights=values, minlength=count).astype(np.float64), contexts


def _interpolated(
    shares: Sequence[Doubles], grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]]
) -> list[NgramTable]:
    """The tables of an interpolated method.

    Args:
        shares: For each order, the share that each n-gram has for itself.
        grams: The n-grams.
        kept: Which of them stay.
    """
    size = len(grams[0])
    rest = 1.0 - shares[0].sum()
    probabilities = shares[0] + rest / (size - 1)
    probabilities[BOS] = 10.0**NEVER
    tables = []
    for order, one in enumerate(grams, 1):
        if order > 1:
            prefixes = one.keys // size
            own = np.where(kept[order - 1], shares[order - 1], 0.0)
            left = 1.0 - np.bincount(prefixes, weights=own, minlength=len(grams[order - 2]))
            left = np.maximum(left, LEAST)
            tables.append(_table(grams, kept, order - 1, probabilities, left))
            probabilities = own + left[prefixes] * probabilities[one.suffixes]
    return [*tables, _table(grams, kept, len(grams), probabilities, np.empty(0))]


def _table(
    grams: Sequence[Grams],
    kept: Sequence[NDArray[np.bool_]],
    order: int,
    probabilities: Doubles,
    factors: Doubles,
) -> NgramTable:
    """The kept n-grams of an order, with new numbers, since those of their contexts change."""
    size, keys, here = len(grams[0]), grams[order - 1].keys, kept[order - 1]
    if order > 2 and not kept[order - 2].all():
        renumbered = np.cumsum(kept[order - 2]) - 1
        keys = renumbered[keys // size] * size + keys % size
    with np.errstate(divide="ignore"):  # 0 stands for what cannot be
        logs, backoffs = (
            np.log10(values[here] if len(values) else values).astype(np.float32)
            for values in (probabilities, factors)
        )
    return NgramTable(np.asarray(keys[here]), np.minimum(logs, np.float32(0)), backoffs)


def _adjusted(grams: Sequence[Grams]) -> list[Ints]:
    """The counts of Kneser-Ney: for all but the highest order, how many different words stand before an n-gram. At the
    start of a sentence, before which none can stand, it is the n-gram's own count.
    """
    found = []
    for one, longer in pairwise(grams):
        before = np.bincount(longer.suffixes, minlength=len(one)).astype(np.int64)
        found.append(np.where(one.starts, one.counts, before))
    return [*found, grams[-1].counts]


def _kneser_ney(grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]], smoothing: Smoothing) -> Estimate:
    """Each count loses a discount: one for each order, or, modified, one for counts of 1, of 2 and of more."""
    choose = _three if smoothing.name == "modified_kneser_ney" else _one
    shares, discounts, fallbacks = [], [], []
    for order, counts in enumerate(_adjusted(grams), 1):
        counts_of_counts = np.bincount(np.minimum(counts, 5), minlength=6)
        own = choose([int(number) for number in counts_of_counts[:5]])
        if own is None:
            fallbacks.append(order)
            own = FALLBACK if choose is _three else (FALLBACK_ONE,)
        discounts.append(own)
        taken = np.array([0.0, *own])[np.minimum(counts, len(own))]
        sums, contexts = _sums(grams, order, counts)
        shares.append(np.maximum(counts - taken, 0.0) / np.maximum(sums, 1)[contexts])
    return Estimate(_interpolated(shares, grams, kept), discounts, fallbacks)


def _three(counts: list[int]) -> tuple[float, ...] | None:
    """The discounts of counts 1, 2 and more from the numbers of n-grams with the counts 0 to 4 (Chen and Goodman,
    equation 26); None where these give none.
    """
    if not all(counts[1:4]):
        return None
    y = counts[1] / (counts[1] + 2 * counts[2])
    found = tuple(count - (count + 1) * y * counts[count + 1] / counts[count] for count in (1, 2, 3))
    return found if all(0 <= one <= count for count, one in enumerate(found, 1)) else None


def _one(counts: list[int]) -> tuple[float, ...] | None:
    """The discount of all counts; None where counts of counts give none."""
    return (counts[1] / (counts[1] + 2 * counts[2]),) if counts[1] and counts[2] else None


def _witten_bell(grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]], smoothing: Smoothing) -> Estimate:
    """The rest is in proportion to the number of different words after the context."""
    shares = []
    for order, one in enumerate(grams, 1):
        sums, contexts = _sums(grams, order, one.counts + (one.counts > 0))
        shares.append(one.counts / np.maximum(sums, 1)[contexts])
    return Estimate(_interpolated(shares, grams, kept))


def _jelinek_mercer(
    grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]], smoothing: Smoothing
) -> Estimate:
    """The relative frequency of each order has a weight, by how often the context occurs."""
    if smoothing.weights is None:
        raise ValueError("jelinek_mercer needs weights")
    shares = []
    for order, one in enumerate(grams, 1):
        sums, contexts = _sums(grams, order, one.counts)
        shares.append(one.counts * (smoothing.weights.of(order, sums) / np.maximum(sums, 1))[contexts])
    return Estimate(_interpolated(shares, grams, kept))


def _added(grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]], smoothing: Smoothing) -> Estimate:
    """Each count is k more; the shorter contexts serve only at the start of a sentence. `laplace` adds 1, `none` 0."""
    k = {"none": 0.0, "laplace": 1.0}.get(smoothing.name, smoothing.k)
    tables: list[tuple[Doubles, Doubles]] = []
    words = len(grams[0]) - 1
    for order, one in enumerate(grams, 1):
        counts = np.where(kept[order - 1], one.counts, 0)
        sums, contexts = _sums(grams, order, counts)
        sums += k * words
        if order > 1 and k:
            tables[-1] = (tables[-1][0], k / sums)
        probabilities = (counts + k) / np.maximum(sums, LEAST)[contexts]
        if order == 1:
            probabilities[BOS] = 10.0**NEVER
        tables.append((probabilities, np.empty(0)))
    return Estimate([_table(grams, kept, order, *one) for order, one in enumerate(tables, 1)])


def _stupid(grams: Sequence[Grams], kept: Sequence[NDArray[np.bool_]], smoothing: Smoothing) -> Estimate:
    """Relative frequencies; a word that was not seen has 0.4 of its score after the shorter context. Unigrams back off
    to all words alike.
    """
    size, tables = len(grams[0]), []
    for order, one in enumerate(grams, 1):
        sums, contexts = _sums(grams, order, one.counts)
        scores = one.counts / np.maximum(sums, 1)[contexts]
        if order == 1:
            scores = np.where(one.counts > 0, scores, STUPID / (size - 1))
            scores[BOS] = 10.0**NEVER
        tables.append(_table(grams, kept, order, scores, np.empty(0)))
    return Estimate(tables)


Method = Callable[[Sequence[Grams], Sequence[NDArray[np.bool_]], Smoothing], Estimate]
METHODS: dict[str, Method] = {
    "none": _added,
    "laplace": _added,
    "add_k": _added,
    "jelinek_mercer": _jelinek_mercer,
    "witten_bell": _witten_bell,
    "kneser_ney": _kneser_ney,
    "modified_kneser_ney": _kneser_ney,
    STUPID_BACKOFF: _stupid,
}
