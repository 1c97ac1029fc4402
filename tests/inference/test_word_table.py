"""What the first layer makes of a word is computed once, and forgotten where there is no room."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence
from seqtag.inference import word_table
from seqtag.inference.tagger import SentenceTagger
from seqtag.inference.word_table import WordTable
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import FORMAT_VERSION
from seqtag.model_folder.stored import read_network, read_vocabulary

FOLDER = Folder(Path(__file__).parents[1] / "golden" / "models" / f"format_{FORMAT_VERSION}")
NAMES = ("tags", "probabilities", "scores", "forward", "backward")
SENTENCES = [
    ("Marta", "Lindqvist", "left", "Oslo", "."),
    ("Oslo",),
    ("Marta", "met", "Marta", ",", "an", "unheard-of", "x" * 90, "in", "Oslo"),
    ("x" * 400, "4", "É", "Oslo", "Oslo"),
]


@pytest.fixture(scope="module")
def halves() -> SentenceTagger:
    return SentenceTagger.of(FOLDER)


@pytest.fixture(scope="module")
def whole() -> SentenceTagger:
    vocabulary = read_vocabulary(FOLDER)
    return SentenceTagger(read_network(FOLDER, vocabulary), vocabulary)


def table_of(tagger: SentenceTagger) -> WordTable:
    found = tagger._table
    assert found is not None
    return found


def assert_alike(found: SentenceTagger, wanted: SentenceTagger, sentences: list[tuple[str, ...]]) -> None:
    one, other = (tagger.decode(sentences, NAMES) for tagger in (found, wanted))
    for name in NAMES:
        for row, sentence in enumerate(sentences):  # padding is undefined
            own, same = (arrays[name][row, : len(sentence)] for arrays in (one, other))
            np.testing.assert_allclose(own, same, rtol=1e-5, atol=1e-6)


def test_both_halves_are_the_whole(halves: SentenceTagger, whole: SentenceTagger) -> None:
    assert whole._table is None
    for sentences in (SENTENCES, SENTENCES[:1], SENTENCES[::-1]):
        assert_alike(halves, whole, sentences)


def test_a_word_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = SentenceTagger.of(FOLDER)
    read: list[str] = []
    index = tagger.vocabulary.index_seen

    def spy(seen: list[Sentence]) -> Any:
        read.extend(token for sentence in seen for token in sentence.tokens)
        return index(seen)

    monkeypatch.setattr(type(tagger.vocabulary), "index_seen", lambda _, seen: spy(seen))
    for _ in range(2):
        tagger.decode(SENTENCES)
    assert sorted(read) == sorted({token for sentence in SENTENCES for token in sentence})


def test_forgotten_words_are_read_again(whole: SentenceTagger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a batch has more words than there is room for."""
    width = table_of(SentenceTagger.of(FOLDER))._width
    monkeypatch.setattr(word_table, "MEMORY", 4 * width * 6)
    tagger = SentenceTagger.of(FOLDER)
    table = table_of(tagger)
    held = table.collate([("Oslo", "Marta")])["gates"].copy()
    for _ in range(3):
        for sentence in SENTENCES:
            assert_alike(tagger, whole, [sentence])
            assert len(table._words) < 16
        assert_alike(tagger, whole, SENTENCES)
    assert "Oslo" in table._words  # needed most
    assert held.any()
    assert not table._gates[0].any()


def test_what_a_batch_reads_stays_when_its_words_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    width = table_of(SentenceTagger.of(FOLDER))._width
    monkeypatch.setattr(word_table, "MEMORY", 4 * width * 6)
    table = table_of(SentenceTagger.of(FOLDER))
    inputs = table.collate([("Oslo", "Marta")])
    before = inputs["gates"][: 3 * 2].copy()
    for number in range(20):
        table.collate([(f"word{number}", "Oslo")])
    np.testing.assert_array_equal(inputs["gates"][: 3 * 2], before)
