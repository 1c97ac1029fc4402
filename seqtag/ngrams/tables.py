"""A model as sorted arrays, and how a probability is found in them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS
from seqtag.ngrams.counts import ends
from seqtag.ngrams.text import Ints, Words

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
MOST_BACKOFF = 50  # as log10; the product of those of all orders is a float
NEVER = -99.0  # the log10 that stands for the start of a sentence, which is not predicted


@dataclass(frozen=True)
class NgramTable:
    """The n-grams of one order.

    Attributes:
        keys: Their numbers, ascending; see `counts`. Of unigrams 0, 1, 2, ...
        logs: log10 of the probability of the last word after the others.
        backoffs: What is known of each as a context: log10 of the factor, or of the probability, of a word that was
            not seen after it. Empty for the highest order, and where the rule has a constant.
    """

    keys: Ints
    logs: Floats
    backoffs: Floats


@dataclass(frozen=True)
class Rule:
    """What becomes of a word that was not seen in its context.

    Attributes:
        backs_off: Whether the shorter context decides, times a factor; else the word has a fixed probability.
        constant: log10 of that factor or probability where it is the same for all contexts; None if each has its own.
        missing: The same for a context that was not seen.
    """

    backs_off: bool = True
    constant: float | None = None
    missing: float = 0.0


BACKOFF = Rule()  # as in an ARPA file


def matches(tokens: Words, tables: Sequence[Ints], size: int) -> Iterator[Ints]:
    """For each order from 1 on, the place of the n-gram that ends at each token; -1 where there is none.

    Args:
        tokens: Whole sentences, each between `BOS` and `EOS`.
        tables: The keys of each order.
        size: The size of the vocabulary.
    """
    places = tokens.astype(np.int64)
    yield places
    for keys in tables[1:]:
        here = ends(tokens, places)
        wanted = places[here - 1] * size + tokens[here]
        places = np.full(len(tokens), -1, np.int64)
        places[here] = found(keys, wanted)
        yield places


def found(keys: Ints, wanted: Ints) -> Ints:
    """The place of each wanted key among sorted keys; -1 for one that is not there."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(wanted)  # close together they are found faster
    sought = wanted[order]
    at = np.searchsorted(keys, sought)
    at[at == len(keys)] = 0
    result = np.empty(len(wanted), np.int64)
    result[order] = np.where(keys[at] == sought, at, -1)
    return result


def depths(tokens: Words) -> Ints:
    """How many words of its sentence stand before each token, the start of the sentence included."""
    at = np.arange(len(tokens))
    return at - np.maximum.accumulate(np.where(tokens == BOS, at, 0))


def scores(tokens: Words, tables: Sequence[NgramTable], rule: Rule, depth: Ints | None = None) -> Doubles:
    """log10 of the probability of each token after those before it in its sentence; of starts it means nothing.

    Args:
        tokens: Whole sentences, each between `BOS` and `EOS`.
        tables: The model.
        rule: Its rule for unseen words.
        depth: How many tokens before each are looked at; as many as its sentence has if not given.
    """
    size = len(tables[0].keys)
    depth = depths(tokens) if depth is None else depth
    before = np.full(len(tokens), -1, np.int64)
    logs = np.empty(0)
    for order, places in enumerate(matches(tokens, [table.keys for table in tables], size), 1):
        if order == 1:
            logs = tables[0].logs[tokens].astype(np.float64)
        else:
            unseen = weights(before, tables[order - 2], rule) + (logs if rule.backs_off else 0.0)
            seen = tables[order - 1].logs[places] if len(tables[order - 1].logs) else unseen
            logs = np.where(depth < order - 1, logs, np.where(places >= 0, seen, unseen))
        before = np.roll(places, 1)
    return logs


def weights(contexts: Ints, table: NgramTable, rule: Rule) -> Doubles:
    """What is known of contexts, by their places in the table of their order; -1 for one that is not there."""
    if rule.constant is not None:
        return np.full(len(contexts), rule.constant)
    if not len(table.backoffs):
        return np.full(len(contexts), rule.missing)
    return np.where(contexts >= 0, table.backoffs[contexts].astype(np.float64), rule.missing)


def distribution(
    context: Sequence[int], tables: Sequence[NgramTable], rule: Rule, unigrams: Doubles
) -> Doubles:
    """The probability of each word of the vocabulary after a context.

    Args:
        context: The numbers of the words before it; at least `BOS`.
        tables: The model.
        rule: Its rule for unseen words.
        unigrams: The probabilities of the table of order 1.
    """
    size = len(tables[0].keys)
    probabilities = unigrams.copy()
    for order in range(2, min(len(tables), len(context) + 1) + 1):
        place = _place(context[len(context) - order + 1 :], tables, size)
        factor = float(np.power(10.0, weights(np.array([place]), tables[order - 2], rule)[0]))
        probabilities = probabilities * factor if rule.backs_off else np.full(size, factor)
        if place >= 0:
            keys = tables[order - 1].keys
            seen = slice(*np.searchsorted(keys, [place * size, (place + 1) * size]))
            probabilities[keys[seen] - place * size] = np.power(
                10.0, tables[order - 1].logs[seen].astype(np.float64)
            )
    probabilities[BOS] = 0.0
    return probabilities


def _place(words: Sequence[int], tables: Sequence[NgramTable], size: int) -> int:
    """The place of an n-gram in the table of its order; -1 if it is not there."""
    place = words[0]
    for table, word in zip(tables[1:], words[1:], strict=False):
        key = place * size + word
        at = int(np.searchsorted(table.keys, key))
        if at == len(table.keys) or table.keys[at] != key:
            return -1
        place = at
    return place


def problem_of(tables: Sequence[NgramTable], *, zeros: bool, constant: bool) -> str:
    """What keeps arrays from being a model; empty if nothing does.

    Args:
        tables: The arrays of each order.
        zeros: Whether a unigram may have the probability 0.
        constant: Whether the rule has a constant, so that there are no `backoffs`.
    """
    size = len(tables[0].keys)
    former = size
    for order, table in enumerate(tables, 1):
        contexts = 0 if constant or order == len(tables) else len(table.keys)
        if len(table.logs) != len(table.keys) or len(table.backoffs) != contexts:
            return f"the arrays of order {order} differ in length"
        if order > 1 and len(table.keys):
            rising = bool(np.all(table.keys[1:] > table.keys[:-1]))
            if not rising or table.keys[0] < 0 or int(table.keys[-1]) >= former * size:
                return f"the keys of order {order} are not ascending numbers of n-grams"
        lowest = table.logs.min(initial=0.0)
        if np.isnan(table.logs).any() or table.logs.max(initial=-1.0) > 0:
            return f"a probability of order {order} is not between 0 and 1"
        if math.isinf(lowest) and not (zeros and order == 1):
            return f"a probability of order {order} is 0"
        if not np.isfinite(table.backoffs).all() or table.backoffs.max(initial=0.0) > MOST_BACKOFF:
            return f"a back-off of order {order} is not a number up to {MOST_BACKOFF}"
        former = len(table.keys)
    return ""
