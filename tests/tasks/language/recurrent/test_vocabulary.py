"""The words of a recurrent language model: what is predicted, what is read, and what is refused."""

import doctest
from dataclasses import replace
from typing import Any

import pytest

from seqtag.features.indexers.base import Resources
from seqtag.support.errors import Error
from seqtag.tasks.language.recurrent import vocabulary as module
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary


def test_the_example() -> None:
    assert doctest.testmod(module).attempted
    assert not doctest.testmod(module).failed


def test_targets_and_inputs(pair: Any) -> None:
    vocabulary = pair.vocabulary
    assert vocabulary.targets(["Ems", "Oslo", "</s>"]).tolist() == [1, 2, 6, 6, 1]
    assert vocabulary.seen(["Ems", "Oslo", "<s>"]).tokens == ("</s>", "Ems", "Oslo", "<unk>", "</s>")
    inputs = vocabulary.collate(vocabulary.index_all([["Ems"], ["Oslo", "in"]]))
    assert inputs["lengths"].tolist() == [3, 4]
    words, table = inputs["words"], vocabulary.indexers["word"].table
    assert words.tolist()[1] == [table.ids["</s>"], 1, table.ids["in"], table.ids["</s>"]]
    assert words.tolist()[0] == [table.ids["</s>"], table.ids["Ems"], table.ids["</s>"], 0]


def test_the_rows_of_tied_words(pair: Any) -> None:
    table = pair.vocabulary.indexers["word"].table
    assert pair.vocabulary.tied_rows().tolist() == [table.ids.get(word, 1) for word in pair.vocabulary.words]


def test_as_json_and_back(pair: Any) -> None:
    values = pair.vocabulary.to_json()
    read = WordVocabulary.from_json(values, Resources(pair.vocabulary.indexers["vectors"].vectors))
    assert read.to_json() == values
    assert (read.words, read.sizes) == (pair.vocabulary.words, pair.vocabulary.sizes)
    assert read.sizes_of_indexers == pair.vocabulary.sizes_of_indexers
    assert read.counts == pair.vocabulary.counts != ()
    assert "counts" not in replace(read, counts=()).to_json()


def test_frequencies(pair: Any) -> None:
    vocabulary = replace(pair.vocabulary, counts=(0, *range(1, 11)))
    assert vocabulary.frequencies.tolist() == [count / 66 for count in range(1, 12)]
    assert replace(vocabulary, counts=()).frequencies is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"words": ["</s>", "<unk>", "a", "a"]}, "a word stands there twice"),
        ({"words": ["</s>", "<unk>", "a", ""]}, "a word is empty or holds a space"),
        ({"words": ["</s>", "<unk>", "a", "b c"]}, "a word is empty or holds a space"),
        ({"words": ["</s>", "<unk>", "a", "\ud800"]}, "surrogates not allowed"),
        ({"words": ["</s>", "<unk>", "a", "<s>"]}, "is not among the words, or <s> is"),
        ({"words": ["</s>", "d", "a", "b"]}, "</s> or <unk> is not among the words"),
        ({"words": ["d", "<unk>", "a", "b"]}, "</s> or <unk> is not among the words"),
        ({"words": ["</s>", "<unk>", "a", 3]}, "its words are not a list of strings"),
        ({"sizes": [1, 2]}, "its classes have 3 words; there are 4"),
        ({"sizes": [1, 3, 0]}, "one of its classes is empty"),
        ({"sizes": [5, -1]}, "one of its classes is empty"),
        ({"sizes": []}, "its classes have 0 words; there are 4"),
        ({"sizes": [True, 3]}, "the sizes of its classes are not a list of whole numbers"),
        ({"sizes": 4}, "the sizes of its classes are not a list of whole numbers"),
        ({"indexers": {}}, "it looks nothing up"),
        ({"indexers": {"columns": {"tables": []}}}, "it reads extra columns"),
        ({"indexers": {"telepathy": {}}}, "telepathy"),
        ({"counts": [1, 2, 3]}, "it counts 3 words; there are 4"),
        ({"counts": [1, 2, 3, -1]}, "one of its counts is negative or too large"),
        ({"counts": [1, 2, 3, 10**300]}, "one of its counts is negative or too large"),
        ({"counts": [1, 2, 3, 4.5]}, "the counts of its words are not a list of whole numbers"),
        ({"counts": None}, "the counts of its words are not a list of whole numbers"),
        ({"more": 1}, "expected words, sizes and indexers"),
    ],
)
def test_what_is_none(changes: Any, problem: str) -> None:
    values = {
        "words": ["</s>", "<unk>", "a", "b"],
        "sizes": [1, 3],
        "indexers": {"characters": {"table": {"values": ["a"], "first_singleton": 2}}},
    } | changes
    with pytest.raises((KeyError, TypeError, ValueError, Error), match=problem):
        WordVocabulary.from_json(values, Resources())
