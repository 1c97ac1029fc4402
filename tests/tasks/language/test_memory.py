"""Perplexity from the last words alone, and what each word of a sentence depends on: n-grams against their tables."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.symbols import BOS, EOS
from seqtag.corpora.units import WORDS
from seqtag.corpora.views import View
from seqtag.ngrams import counts, text
from seqtag.ngrams import tables as arrays
from seqtag.ngrams.model import NgramModel
from seqtag.ngrams.smoothing import Smoothing, estimate
from seqtag.tasks.language.memory import VISIBLE, PlaceSample, memory
from seqtag.tasks.language.predictions import hiding, predictions

TEXT = [
    "in Bad Ems it rains", "Mira", "Bad news in Ems in June , said Mira", "rain in Ems", "June Mira Ems of Bad Ems",
    "it rains in June", "in June it rains in Bad Ems",
]  # fmt: skip
SENTENCES = [line.split() for line in TEXT]
OTHERS = [
    ["it", "rains", "in", "Oslo"],
    ["June"],
    ["in", "Bad", "Ems", "it", "rains", "in", "Bad", "Ems"],
    [],
]


def trained(order: int, smoothing: str = "modified_kneser_ney") -> NgramModel:
    read = text.read(SENTENCES)
    grams = counts.count(read.blocks, read.size, order, text.LIMIT)
    found = estimate(grams, Smoothing(smoothing)).tables
    return NgramModel(WORDS, read.words, tuple(found), smoothing, False)


def everywhere(sentences: Sequence[Sequence[str]]) -> list[tuple[Sequence[str], int]]:
    return [(sentence, at) for sentence in sentences for at in range(len(sentence) + 1)]


@pytest.mark.parametrize("smoothing", ["modified_kneser_ney", "witten_bell", "laplace", "none"])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_ngrams_by_their_tables(order: int, smoothing: str) -> None:
    """A context of so many words, the start among them, is looked up word by word."""
    model = trained(order, smoothing)
    unigrams = np.power(10.0, model.tables[0].logs.astype(np.float64))
    for visible in (0, 1, 2, 3, 9):
        places = everywhere(OTHERS)
        found = model.score_views([View.of(*place, visible) for place in places])
        for (sentence, at), bits in zip(places, found, strict=True):
            before = [BOS, *(model.numbers.get(token, 0) for token in sentence[:at])]
            context = before[len(before) - min(visible, order - 1, len(before)) :]
            word = EOS if at == len(sentence) else model.numbers.get(sentence[at], 0)
            wanted = arrays.distribution(context, model.tables, model.rule, unigrams)[word]
            assert 2.0**-bits == pytest.approx(wanted, rel=1e-5), (sentence, at, visible)


def test_an_ngram_sees_its_order_less_one() -> None:
    found = memory(trained(3), everywhere(OTHERS))
    assert [one.visible for one in found] == [*VISIBLE, None]
    by = {one.visible: one.bits for one in found}
    assert by[0] > by[1] > by[2]
    assert by[2] == pytest.approx(by[None], rel=1e-9) == by[4] == by[32]
    assert by[None] == pytest.approx(trained(3).score(OTHERS)[0].sum())
    assert [one.shortened for one in found] == [17, 13, 10, 6, 1, 0, 0, 0]
    assert {one.tokens for one in found} == {17}
    assert found[2].perplexity == pytest.approx(2 ** (by[2] / 17))


def test_what_is_impossible() -> None:
    found = memory(trained(3, "none"), everywhere(OTHERS))
    assert found[-1].perplexity == math.inf
    assert found[-1].to_json() == {"visible": None, "perplexity": None, "shortened": 0}


class TestSample:
    def drawn(self, count: int, seed: int, times: int = 200) -> PlaceSample:
        sample = PlaceSample(count, seed)
        assert [*sample.through(SENTENCES * times)] == SENTENCES * times, "all are passed on"
        return sample

    def test_each_token_is_as_likely(self) -> None:
        sample = self.drawn(3000, 1)
        size = sum(len(sentence) + 1 for sentence in SENTENCES)
        assert (sample.tokens, len(sample)) == (200 * size, 3000)
        of: dict[tuple[str, int], int] = {}
        for sentence, place in sample.places:
            of[" ".join(sentence), place] = of.get((" ".join(sentence), place), 0) + 1
        assert len(of) == size
        assert min(of.values()) > 0.6 * 3000 / size
        assert max(of.values()) < 1.4 * 3000 / size

    def test_the_seed_decides(self) -> None:
        assert self.drawn(50, 1).places == self.drawn(50, 1).places != self.drawn(50, 2).places

    def test_all_of_a_short_text_in_its_order(self) -> None:
        sample = PlaceSample(1000, 5)
        for _ in sample.through(SENTENCES):
            pass
        assert sample.places == everywhere(SENTENCES)


def test_each_word_of_a_sentence() -> None:
    model = trained(3)
    tokens = ["it", "rains", "in", "Oslo"]
    found = predictions(model, tokens)
    assert [(one.token, one.known) for one in found] == [
        ("it", True), ("rains", True), ("in", True), ("Oslo", False), ("</s>", True),
    ]  # fmt: skip
    bits, _ = model.score([tokens])
    np.testing.assert_allclose([-math.log2(one.probability) for one in found], bits, rtol=1e-6)
    for at, one in enumerate(found):
        ordered = sorted(model.continuation(tokens[:at]), reverse=True)
        assert ordered[one.rank - 1] == one.probability
        assert [probability for _, probability in one.likely] == ordered[:3]
        word, probability = one.likely[0]
        assert model.continuation(tokens[:at])[model.words.index(word)] == probability
        assert len(one.earlier) == at
    assert found[1].likely[0][0] == "rains"
    assert found[1].rank == 1


def test_hidden_words() -> None:
    """What a word loses without one before it; more than two back a 3-gram sees nothing."""
    model = trained(3)
    tokens = ["in", "June", "it", "rains"]
    found = hiding(model, tokens)
    assert found.shape == (4, 5)
    for hidden in range(4):
        changed = [*tokens[:hidden], "<unk>", *tokens[hidden + 1 :]]
        wanted = model.score([changed])[0] - model.score([tokens])[0]
        np.testing.assert_allclose(found[hidden, hidden + 1 :], wanted[hidden + 1 :], rtol=1e-9)
        assert not found[hidden, : hidden + 1].any()
        assert not found[hidden, hidden + 3 :].any()
    assert found[2, 3] > 1, "it -> rains"


def test_hiding_where_all_is_impossible() -> None:
    found: Any = hiding(trained(3, "none"), ["Oslo", "Oslo", "in"])
    assert not np.isnan(found).any()
