"""Word lists: read from files, found in sentences as a plain search finds them, and kept in the model folder."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.lists import LETTERS, ListIndexer
from seqtag.features.word_lists import (
    LONGEST,
    ListTable,
    WordList,
    digest,
    named,
    packed,
    read,
    read_all,
    unpacked,
)
from seqtag.support.errors import DataError, UsageError

Write = Any


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "places.txt") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def indexer(*lists: Sequence[str], case: str = "ignore", dropout: float = 0.0) -> ListIndexer:
    """Of lists whose entries are texts with spaces between tokens."""
    tables = [ListTable.of(entry.split() for entry in entries) for entries in lists]
    return ListIndexer(tables, [f"list {number}" for number in range(len(lists))], case, dropout)


def letters(found: ListIndexer, text: str, number: int = 0) -> str:
    return "".join(LETTERS[one] for one in found.index(Sentence(tuple(text.split())))[:, number])


# ------------------------------------------------------------------------------------------------------------
# Files


def test_entries_are_lines(write: Write) -> None:
    path = write("\ufeff# places of the north\n\nBad  Ems \r\n#\nBonn\nBad Ems\n#1 Street\nÅl")
    assert read(path, "places") == WordList("places", path, ("Bad Ems", "Bonn", "#1 Street", "Ål"))


def test_a_list_may_be_compressed(write: Write) -> None:
    path = write(gzip.compress(b"Bonn\n"), "places.txt.gz")
    assert read_all([path]) == (WordList("places", path, ("Bonn",)),)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "places.txt: holds no entry; expected one per line"),
        ("# nothing\n\n#\n", "places.txt: holds no entry; expected one per line"),
        ("Bonn\nBad Ems\tDE\n", "places.txt:2: holds a tab; expected one entry per line, not a table"),
        ("Bonn\n" + "a " * 65, "places.txt:2: has 65 words and 129 characters; expected one entry per line"),
        ("a" * 1001, "places.txt:1: has 1 word and 1,001 characters"),
        (b"Bonn\n\xc5l\n", "places.txt:2: byte 0xC5 is not UTF-8"),
        (b"\x00\x01", "NUL"),
    ],
)
def test_what_is_no_list_is_refused(write: Write, content: str | bytes, problem: str) -> None:
    path = write(content)
    with pytest.raises(DataError) as caught:
        read(path, "places")
    assert problem in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.txt: cannot be read: No such file"):
        read_all([str(tmp_path / "nothing.txt")])


def test_a_list_is_called_as_its_file_or_as_one_says() -> None:
    files = ["a/places.txt", "b/drugs.v2.txt.GZ", "genes", "people=c/places.txt", "./a=b.txt", "/x=1/c.txt"]
    assert named(files) == {
        "places": "a/places.txt", "drugs.v2": "b/drugs.v2.txt.GZ", "genes": "genes", "people": "c/places.txt",
        "a=b": "./a=b.txt", "c": "/x=1/c.txt",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["a/places.txt", "b/places.txt"], "'a/places.txt' and 'b/places.txt' are both called 'places'"),
        ([""], "''; expected FILE or NAME=FILE"),
        (["places="], "'places='; expected FILE or NAME=FILE"),
        (["=a.txt"], "'=a.txt'; expected FILE or NAME=FILE"),
        ([f"{number}.txt" for number in range(65)], "65 lists; expected 64 at most"),
    ],
)
def test_names_are_different(files: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(files)
    assert str(caught.value).startswith("embeddings.lists.files: ")
    assert problem in str(caught.value)


def test_names_entries_and_their_order_make_the_digest() -> None:
    first, second = WordList("a", "x", ("b", "c")), WordList("b", "x", ("c",))
    others = [(first,), (second, first), (WordList("a", "x", ("b",)), WordList("c", "x", ("c",)))]
    assert len({digest(lists) for lists in [(first, second), *others]}) == 4
    assert digest([first]) == digest([WordList("a", "elsewhere", ("b", "c"))])


# ------------------------------------------------------------------------------------------------------------
# Matches


def test_the_longest_entry_is_taken_from_left_to_right() -> None:
    found = indexer(["bad ems", "ems", "ems on the lahn", "on the", "lahn river"])
    assert letters(found, "Bad Ems on the Lahn river") == "BEBEBE"
    assert letters(found, "Ems on the Lahn river") == "BIIEO"
    assert letters(found, "Ems on the Rhine , Ems") == "SBEOOS"


def test_lists_are_looked_up_apart() -> None:
    found = indexer(["bonn"], ["bonn minster", "ems"])
    assert letters(found, "Bonn Minster", 0) == "SO"
    assert letters(found, "Bonn Minster", 1) == "BE"
    assert found.sizes == {"rows_0": 6, "rows_1": 6}


def test_no_sentences_have_no_letters() -> None:
    found = indexer(["bonn"])
    found.prime([])
    found.prime([Sentence(("bonn",)), Sentence(())])
    assert letters(found, "bonn") == "S"
    assert letters(found, "") == ""


def test_case_counts_where_it_is_to() -> None:
    assert letters(indexer(["NASA"], case="exact"), "nasa NASA Nasa") == "OSO"
    assert letters(indexer(["nasa"]), "nasa NASA Nasa") == "SSS"


def test_a_match_does_not_reach_into_the_next_sentence() -> None:
    found = indexer(["bad ems"])
    sentences = [Sentence(("in", "bad")), Sentence(("ems",)), Sentence(("bad", "ems"))]
    found.prime(sentences)
    assert [found.index(one)[:, 0].tolist() for one in sentences] == [[1, 1], [1], [2, 4]]


WORDS = st.sampled_from("abc")


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=4), max_size=8),
    st.lists(st.lists(WORDS, min_size=1, max_size=9), min_size=1, max_size=4),
)
def test_matches_are_those_of_a_plain_search(entries: list[list[str]], sentences: list[list[str]]) -> None:
    found = ListIndexer([ListTable.of(entries)], ["x"], "exact")
    rows = [Sentence(tuple(tokens)) for tokens in sentences]
    found.prime(rows)
    for tokens, row in zip(sentences, rows, strict=True):
        expected, at = "", 0
        while at < len(tokens):
            length = max((len(e) for e in entries if tokens[at : at + len(e)] == e), default=0)
            expected += "O" if not length else "S" if length == 1 else "B" + "I" * (length - 2) + "E"
            at += max(length, 1)
        assert "".join(LETTERS[one] for one in found.index(row)[:, 0]) == expected


def test_entries_of_too_many_tokens_are_left_out() -> None:
    long = [["a"] * LONGEST, ["b"] * (LONGEST + 1), []]
    assert letters(ListIndexer([ListTable.of(long)], ["x"], "exact"), "a " * LONGEST).endswith("IE")
    assert len(ListTable.of(long).entries) == 1


# ------------------------------------------------------------------------------------------------------------
# Dropout


def test_dropout_hides_whole_matches_in_training_alone() -> None:
    found = indexer(["bad ems"], ["bad"], dropout=0.3)
    rows = [found.index(Sentence(("bad", "ems", "x") * 50)) for _ in range(20)]
    shown = found.collate(rows, 151, None)["list_0"]
    assert shown[0].tolist() == [2, 4, 1] * 50 + [0]
    hidden = found.collate(rows, 151, np.random.default_rng(1))
    pairs = hidden["list_0"][:, :150].reshape(-1, 3)
    assert {tuple(pair) for pair in pairs.tolist()} == {(2, 4, 1), (1, 1, 1)}
    assert (pairs[:, 0] == 1).mean() == pytest.approx(0.3, abs=0.05)
    assert (hidden["list_0"][:, 150] == 0).all()
    single = hidden["list_1"][:, 0:150:3]
    assert ((single == 1) != (pairs[:, 0] == 1).reshape(20, 50)).any(), "each list has a chance of its own"
    assert hidden["list_0"].dtype == np.int32


def test_the_end_of_a_match_that_was_cut_can_be_batched() -> None:
    found = indexer(["bad ems an der lahn"], dropout=0.99)
    whole = found.index(Sentence(("bad", "ems", "an", "der", "lahn")))
    assert found.collate([whole[2:]], 3, np.random.default_rng(1))["list_0"].tolist() == [[1, 1, 1]]


# ------------------------------------------------------------------------------------------------------------
# Stored


def test_tables_go_through_their_file() -> None:
    tables = [ListTable.of([["bad", "ems"], ["bonn"]]), ListTable.of([["x"]])]
    again = unpacked(packed(tables))
    assert [one.entries.tolist() for one in again] == [one.entries.tolist() for one in tables]
    assert [one.beginnings.tolist() for one in again] == [one.beginnings.tolist() for one in tables]


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"0.entries": [1, 2]},
        {"0.entries": [1, 2], "0.beginnings": [], "more": [1]},
        {"1.entries": [1], "1.beginnings": [2]},
        {"0.entries": [2, 1], "0.beginnings": []},
        {"0.entries": [1, 1], "0.beginnings": []},
        {"0.entries": [[1]], "0.beginnings": []},
        {"0.entries": np.array([1.0]), "0.beginnings": []},
    ],
)
def test_other_arrays_are_refused(arrays: dict[str, Any]) -> None:
    made = {
        name: value if isinstance(value, np.ndarray) else np.array(value, np.uint64)
        for name, value in arrays.items()
    }
    with pytest.raises(ValueError, match=r"lists\.safetensors"):
        unpacked(safetensors.numpy.save(made))


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lists\.safetensors is not a file of arrays"):
        unpacked(b"Bonn\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"names": ["x"]}, {"names": []}, {"names": "ab"}, {"names": ["a", "a"]}, {"names": ["a", 1]},
        {"names": ["a", "\x1b"]}, {"case": "any"}, {"dropout": 1.0}, {"dropout": "0"},
    ],
)  # fmt: skip
def test_what_no_training_leaves_is_refused(changes: dict[str, Any]) -> None:
    found = indexer(["a"], ["b"])
    values = json.loads(json.dumps(found.to_json())) | changes
    with pytest.raises(ValueError, match="word lists"):
        ListIndexer.from_json(values, Resources(lists=found.tables))
