"""Indexers of a model that learn further training sentences: what they know keeps its rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import PADDING, RESERVED, UNKNOWN, Resources
from seqtag.features.indexers.bigrams import BigramIndexer
from seqtag.features.indexers.characters import CharacterIndexer
from seqtag.features.indexers.columns import ColumnIndexer
from seqtag.features.indexers.lists import ListIndexer
from seqtag.features.indexers.numbers import NumberColumn, NumberIndexer
from seqtag.features.indexers.vectors import BigramVectorIndexer, VectorIndexer
from seqtag.features.indexers.word import WordIndexer
from seqtag.features.vectors import Vectors
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge


def config(*assignments: str) -> Config:
    return merge(parse_assignments(assignments))


def sentences(*texts: str) -> list[Sentence]:
    """Sentences of tokens, with their first letters as an extra column."""
    rows = [text.split() for text in texts]
    return [Sentence(tuple(row), columns=(tuple(token[0] for token in row),)) for row in rows]


def rows(indexer: Any, text: str) -> list[int]:
    (sentence,) = sentences(text)
    found: list[int] = indexer.index(sentence).ravel().tolist()
    return found


def fitted(kind: Any, corpus: Sequence[Sentence], *assignments: str, vectors: Vectors | None = None) -> Any:
    return kind.fit(corpus, config(*assignments), Resources(vectors))


OLD = sentences("b b a a c", "b once")
NEW = sentences("zwei d d zwei a", "zwei single", "1999 2001")


def test_words() -> None:
    old = fitted(WordIndexer, OLD)
    given = ("embeddings.word.unknown_rate=0.25", "embeddings.word.normalize_digits=true")
    found = old.extended(NEW, config(*given))
    assert found.table.values == ("b", "a", "c", "once", "zwei", "0000", "d", "single")
    assert found.table.values[: len(old.table.values)] == old.table.values
    assert rows(found, "b a c once") == rows(old, "b a c once")
    assert found.moved(old) is None
    assert found.unknown_rate == 0.25
    hidden = np.array(rows(found, "once zwei 1234 d single"))
    shown = found.table.hide_singletons(hidden.copy(), 1.0, np.random.default_rng(1))
    assert shown.tolist() == [*hidden[:4], UNKNOWN], "a word that the model has seen is not hidden any more"

    again = found.extended(NEW, config())
    assert (again.table.values, again.table.first_singleton) == (found.table.values, found.table.rows)
    assert WordIndexer.from_json(found.to_json(), Resources()).to_json() == found.to_json()


def test_rare_words_are_left_out_as_the_settings_say() -> None:
    old = fitted(WordIndexer, OLD)
    found = old.extended(NEW, config("embeddings.word.min_count=2"))
    assert found.table.values == ("b", "a", "c", "once", "zwei", "0000", "d")


def test_a_model_that_tells_digits_apart_still_does() -> None:
    old = fitted(WordIndexer, sentences("7 8"), "embeddings.word.normalize_digits=false")
    found = old.extended(NEW, config())
    assert rows(found, "1999") != rows(found, "2001")


def test_characters_and_pairs() -> None:
    for kind, given in ((CharacterIndexer, ()), (BigramIndexer, ("embeddings.bigrams.enabled=yes",))):
        old = fitted(kind, OLD, *given)
        found = old.extended(NEW, config())
        assert found.table.values[: len(old.table.values)] == old.table.values
        assert found.table.rows > old.table.rows
        assert len({*found.table.values}) == len(found.table.values)
        assert found.moved(old) is None
    found = fitted(CharacterIndexer, OLD).extended(NEW, config())
    assert "z" in found.table.values
    assert "s" not in found.table.values, "it occurs once in each corpus"


def test_pairs_and_characters_that_the_new_corpus_alone_would_not_have() -> None:
    """`auto` has decided for the model."""
    single = sentences("中 国 人", "国 人 民")
    old = fitted(CharacterIndexer, OLD)
    assert fitted(CharacterIndexer, single) is None
    assert old.extended(single, config()).table.values == (*old.table.values, "人", "国")


def test_columns() -> None:
    old = fitted(ColumnIndexer, OLD)
    found = old.extended(NEW, config())
    assert old.tables[0].values == ("b", "a", "c", "o")
    assert found.tables[0].values == ("b", "a", "c", "o", "z", "d", "1", "2", "s")
    assert found.sizes == {"rows_0": RESERVED + 9}


def test_vectors_say_where_rows_have_moved() -> None:
    words = ["a", "b", "c", "d", "e"]
    vectors = Vectors.from_words(words, np.eye(5, dtype=np.float32))
    given = ("embeddings.word.dim=0", "embeddings.word.unknown_rate=0.5")
    old = fitted(VectorIndexer, sentences("b d d", "xx " * 5), *given, vectors=vectors)
    found = old.extended(sentences("a d c c", "yy " * 5, "xx"), config(*given))
    assert old.words == (1, 3)
    assert found.words == (0, 1, 2, 3)
    assert found.missing.table.values == ("xx", "yy")

    moved = found.moved(old)
    for word in ("b", "d", "xx", "never"):
        before = old.collate([old.index(*sentences(word))], 1, None)["vectors_rows"].item()
        after = found.collate([found.index(*sentences(word))], 1, None)["vectors_rows"].item()
        assert moved[before] == after, word
    assert moved[[PADDING, UNKNOWN]].tolist() == [PADDING, UNKNOWN]
    assert found.rare == (0,), "d is known to the model, and c occurs twice"
    assert found.rate == 0.5

    fixed = fitted(
        VectorIndexer, sentences("b"), *given, "embeddings.vectors.trainable=false", vectors=vectors
    )
    assert len(fixed.extended(sentences("yy " * 5), config(*given)).moved(fixed)) == 0, "it has no rows"
    pairs = BigramVectorIndexer(vectors)
    assert pairs.extended(NEW, config()) is pairs


def test_what_learns_no_words_stays_as_it_is() -> None:
    numbers = NumberIndexer([NumberColumn(1.0, 2.0, gaps=False)])
    assert numbers.extended(NEW, config()) is numbers
    lists = ListIndexer([], ["places"], "ignore", 0.1)
    found = lists.extended(NEW, config("embeddings.lists.dropout=0.3"))
    assert (found.names, found.case, found.dropout) == (("places",), "ignore", 0.3)
