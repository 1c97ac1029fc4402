"""Each smoothing against its published formula, written down once more with plain dicts."""

import errno
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.units import WORDS
from seqtag.ngrams import counts, held_out, text
from seqtag.ngrams.model import NgramModel
from seqtag.ngrams.smoothing import METHODS, Smoothing, estimate
from seqtag.settings import registry
from seqtag.support.errors import Error

Sentences = Sequence[Sequence[str]]
Gram = tuple[str, ...]
Probability = Callable[[str, Gram], float]


def trained(
    sentences: Sentences,
    order: int,
    smoothing: Smoothing,
    vocabulary: int | None = None,
    limit: int = text.LIMIT,
) -> NgramModel:
    read = text.read(sentences, vocabulary, limit)
    grams = counts.count(read.blocks, read.size, order, limit)
    if smoothing.name == "jelinek_mercer":
        blocks = [NgramModel(WORDS, read.words, (), "arpa", False).encode(sentences[::2])]
        smoothing = Smoothing(smoothing.name, smoothing.k, smoothing.prune, held_out.fit(grams, blocks))
    tables = estimate(grams, smoothing).tables
    return NgramModel(WORDS, read.words, tuple(tables), smoothing.name, vocabulary is not None)


class Reference:
    """The same from the formulas.

    Args:
        sentences: The training text.
        order: The length of the longest n-grams.
        smoothing: Its method.
        words: The vocabulary, without `<s>`.
    """

    def __init__(self, sentences: Sentences, order: int, smoothing: Smoothing, words: set[str]) -> None:
        self.order, self.how, self.words = order, smoothing, words
        self.counts: list[Counter[Gram]] = [Counter() for _ in range(order + 1)]
        before: defaultdict[Gram, set[str]] = defaultdict(set)
        for sentence in sentences:
            padded = ["<s>", *(word if word in words else "<unk>" for word in sentence), "</s>"]
            for n in range(1, order + 1):
                for at in range(len(padded) - n + 1):
                    gram = tuple(padded[at : at + n])
                    if gram != ("<s>",):
                        self.counts[n][gram] += 1
                        if at:
                            before[gram].add(padded[at - 1])
        self.adjusted = [Counter({g: len(before[g]) or c for g, c in found.items()}) for found in self.counts]
        self.adjusted[order] = self.counts[order]

    def probability(self, word: str, history: Gram) -> float:
        """P(word | <s> history)."""
        context = ("<s>", *history)[1 - self.order :] if self.order > 1 else ()
        return getattr(self, f"_{self.how.name}")(word, context)

    def _after(self, found: list[Counter[Gram]], context: Gram) -> dict[str, int]:
        return {g[-1]: c for g, c in found[len(context) + 1].items() if g[:-1] == context}

    def _kept(self, gram: Gram) -> bool:
        return len(gram) == 1 or self.counts[len(gram)][gram] > self.how.threshold(len(gram))

    def _mixed(
        self, word: str, context: Gram, share: Callable[[str], float], seen: Any, again: Probability
    ) -> float:
        """A share of its own for each kept word, and of what is left by the shorter context."""
        own = {other: share(other) for other in seen if self._kept((*context, other))}
        lower = again(word, context[1:]) if context else 1 / len(self.words)
        return own.get(word, 0.0) + (1 - sum(own.values())) * lower

    def _modified_kneser_ney(self, word: str, context: Gram) -> float:
        found = self._after(self.adjusted, context)
        if not found and context:
            return self._modified_kneser_ney(word, context[1:])
        n = Counter(self.adjusted[len(context) + 1].values())
        discounts = [0.5, 1.0, 1.5]
        if n[1] and n[2] and n[3]:
            y = n[1] / (n[1] + 2 * n[2])
            tried = [1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
            if 0 <= tried[0] <= 1 and 0 <= tried[1] <= 2 and 0 <= tried[2] <= 3:
                discounts = tried
        total = sum(found.values())
        # As Chen and Goodman have it, gamma is a sum over the counts; without pruning it is what `_mixed` leaves.
        gamma = sum(discounts[min(c, 3) - 1] if discounts[min(c, 3) - 1] < c else c for c in found.values())
        if self.how.prune == (0,):
            lower = self._modified_kneser_ney(word, context[1:]) if context else 1 / len(self.words)
            c = found.get(word, 0)
            own = max(c - discounts[min(c, 3) - 1], 0) if c else 0
            return own / total + gamma / total * lower

        def share(other: str) -> float:
            return max(found[other] - discounts[min(found[other], 3) - 1], 0) / total

        return self._mixed(word, context, share, found, self._modified_kneser_ney)

    def _kneser_ney(self, word: str, context: Gram) -> float:
        found = self._after(self.adjusted, context)
        if not found and context:
            return self._kneser_ney(word, context[1:])
        n = Counter(self.adjusted[len(context) + 1].values())
        discount = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
        total = sum(found.values())
        return self._mixed(word, context, lambda w: (found[w] - discount) / total, found, self._kneser_ney)

    def _witten_bell(self, word: str, context: Gram) -> float:
        found = self._after(self.counts, context)
        if not found and context:
            return self._witten_bell(word, context[1:])
        total = sum(found.values()) + len(found)
        return self._mixed(word, context, lambda w: found[w] / total, found, self._witten_bell)

    def _jelinek_mercer(self, word: str, context: Gram) -> float:
        found = self._after(self.counts, context)
        if not found and context:
            return self._jelinek_mercer(word, context[1:])
        total = sum(found.values())
        assert self.how.weights is not None
        weight = self.how.weights.values[len(context)][total.bit_length() - 1]
        return self._mixed(word, context, lambda w: weight * found[w] / total, found, self._jelinek_mercer)

    def _added(self, word: str, context: Gram, k: float) -> float:
        found = self._after(self.counts, context)
        found = {w: c for w, c in found.items() if self._kept((*context, w))}
        total = sum(found.values()) + k * len(self.words)
        return (found.get(word, 0) + k) / total if total else 0.0

    def _none(self, word: str, context: Gram) -> float:
        return self._added(word, context, 0)

    def _laplace(self, word: str, context: Gram) -> float:
        return self._added(word, context, 1)

    def _add_k(self, word: str, context: Gram) -> float:
        return self._added(word, context, self.how.k)

    def _stupid_backoff(self, word: str, context: Gram) -> float:
        found = self._after(self.counts, context)
        if word in found and self._kept((*context, word)):
            return found[word] / sum(found.values())
        return 0.4 * (self._stupid_backoff(word, context[1:]) if context else 1 / len(self.words))


def test_the_names_are_those_of_the_command_line_and_of_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "language-models.md"
    assert tuple(METHODS) == registry.SMOOTHINGS
    table = page.read_text("utf-8").partition("| `--smoothing` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*METHODS]


LETTERS = st.sampled_from("aaaabbbccde")
TEXTS = st.lists(st.lists(LETTERS, min_size=1, max_size=8), min_size=1, max_size=12)


@pytest.mark.parametrize("name", METHODS)
@given(
    sentences=TEXTS,
    order=st.integers(1, 4),
    prune=st.sampled_from([(0,), (0, 1), (0, 0, 1), (0, 1, 2)]),
    vocabulary=st.sampled_from([None, 1, 3]),
    histories=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=5), min_size=1, max_size=4),
)
def test_as_the_formula_says(
    name: str,
    sentences: Sentences,
    order: int,
    prune: tuple[int, ...],
    vocabulary: int | None,
    histories: Sentences,
) -> None:
    smoothing = Smoothing(name, k=0.3, prune=prune)
    model = trained(sentences, order, smoothing, vocabulary)
    if name == "jelinek_mercer":
        read = text.read(sentences, vocabulary)
        grams = counts.count(read.blocks, read.size, order)
        blocks = [NgramModel(WORDS, read.words, (), "arpa", False).encode(sentences[::2])]
        smoothing = Smoothing(name, prune=prune, weights=held_out.fit(grams, blocks))
    words = {word for word in model.words if word != "<s>"}
    reference = Reference(sentences, order, smoothing, words)
    for history in histories:
        known = tuple(word if word in words else "<unk>" for word in history)
        expected = [reference.probability(word, known) if word in words else 0.0 for word in model.words]
        found = model.continuation(history)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)
        if name not in ("none", "stupid_backoff"):
            assert found.sum() == pytest.approx(1, abs=1e-5)
        bits, unknown = model.score([history])
        by_hand = [reference.probability(word, known[:at]) for at, word in enumerate([*known, "</s>"])]
        np.testing.assert_allclose(np.exp2(-bits), by_hand, rtol=1e-5, atol=1e-12)
        assert unknown.tolist() == [word == "<unk>" for word in known] + [False]


CHEN_AND_GOODMAN = [
    ["JOHN", "READ", "MOBY", "DICK"],
    ["MARY", "READ", "A", "DIFFERENT", "BOOK"],
    ["SHE", "READ", "A", "BOOK", "BY", "CHER"],
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", 1 / 3 * 1 / 1 * 2 / 3 * 1 / 2 * 1 / 2),
        # Of 11 words, <unk> and </s>; the paper leaves <unk> and </s> out of the 11 that it adds for.
        ("laplace", 2 / 16 * 2 / 14 * 3 / 16 * 2 / 15 * 2 / 15),
    ],
)
def test_the_example_of_chen_and_goodman(name: str, expected: float) -> None:
    """P(JOHN READ A BOOK), their section 1.1 and 1.2."""
    model = trained(CHEN_AND_GOODMAN, 2, Smoothing(name))
    bits, _ = model.score([["JOHN", "READ", "A", "BOOK"]])
    assert np.exp2(-bits.sum()) == pytest.approx(expected, rel=1e-6)


def test_an_order_whose_counts_give_no_discounts_has_fixed_ones() -> None:
    read = text.read([["a"] * 1000])
    grams = counts.count(read.blocks, read.size, 3)
    found = estimate(grams, Smoothing())
    assert found.fallbacks == [1, 2, 3]
    assert found.discounts == [(0.5, 1.0, 1.5)] * 3
    model = NgramModel(WORDS, read.words, tuple(found.tables), "modified_kneser_ney", False)
    assert model.continuation(["a"]).sum() == pytest.approx(1)
    plain = estimate(grams, Smoothing("kneser_ney"))
    assert plain.fallbacks == [3]
    assert plain.discounts == [(1 / 3,), (0.5,), (0.5,)]


def test_the_weights_of_held_out_text_are_the_best() -> None:
    """Of one order and one class of contexts, where all weights can be tried; and no round loses."""
    read = text.read([["a", "a", "b"], ["a", "c"]])
    grams = counts.count(read.blocks, read.size, 1)
    held = [["a", "b", "x"], ["y", "a"]]
    encoded = NgramModel(WORDS, read.words, (), "arpa", False).encode(held)
    weights = held_out.fit(grams, [encoded])
    frequency = {"a": 3 / 7, "b": 1 / 7, "c": 1 / 7, "</s>": 2 / 7}
    tokens = ["a", "b", "x", "</s>", "y", "a", "</s>"]

    def bits(weight: float) -> float:
        each = [math.log2(weight * frequency.get(token, 0) + (1 - weight) / 5) for token in tokens]
        return -sum(each) / len(each)

    found = float(weights.values[0][2])  # the one context occurs 7 times
    best = min(np.linspace(0.001, 0.999, 999), key=bits)
    assert bits(found) == pytest.approx(bits(float(best)), abs=1e-3)
    assert weights.bits[-1] == pytest.approx(bits(found), abs=1e-3)
    assert list(weights.bits) == sorted(weights.bits, reverse=True)


def test_no_weight_of_any_order_could_be_better() -> None:
    """Of a text in which most words depend on the two before them, so that all orders have some weight."""
    draw = random.Random(4)
    sentences = []
    for _ in range(60):
        numbers = [1, 2]
        while len(numbers) < 12:
            known = draw.random() < 0.6
            numbers.append((numbers[-1] + 2 * numbers[-2] + 1) % 7 if known else draw.randrange(7))
        sentences.append(["abcdefg"[number] for number in numbers])
    read = text.read(sentences[:40])
    grams = counts.count(read.blocks, read.size, 3)
    encoded = NgramModel(WORDS, read.words, (), "arpa", False).encode(sentences[40:])
    found = held_out.fit(grams, [encoded]).values

    def bits(values: Any) -> float:
        weights = held_out.MixtureWeights(values)
        tables = estimate(grams, Smoothing("jelinek_mercer", weights=weights)).tables
        model = NgramModel(WORDS, read.words, tuple(tables), "jelinek_mercer", False)
        return float(model.score(sentences[40:])[0].mean())

    best, tried = bits(found), 0
    for place in np.ndindex(*found.shape):
        for step in (-0.1, 0.1):
            other = found.copy()
            other[place] = np.clip(other[place] + step, 0.001, 0.999)
            assert bits(other) > best - 2e-4, place
            tried += bits(other) > best + 2e-4
    assert tried > 6  # weights that matter


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(Error, match=r"No space left on device\. Set TMPDIR"):
        text.read([["a", "b"]] * 3, limit=2)
    assert text.read([["a", "b"]] * 3).tokens == 6


@given(sentences=TEXTS, limit=st.integers(1, 30))
def test_counts_in_many_files_are_those_in_memory(sentences: Sentences, limit: int) -> None:
    read, parted = text.read(sentences), text.read(sentences, limit=limit)
    assert (read.words, read.tokens, read.sentences) == (parted.words, parted.tokens, parted.sentences)
    whole = counts.count(read.blocks, read.size, 4)
    pieces = counts.count(parted.blocks, parted.size, 4, limit)
    for one, other in zip(whole, pieces, strict=True):
        for name in ("keys", "counts", "suffixes", "starts"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
