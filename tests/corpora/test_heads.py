"""Heads of a dependency tree: read where they are wanted, and refused where they are none."""

from pathlib import Path
from typing import Any

import pytest

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.conllu import read
from seqtag.corpora.heads import find_cycle
from seqtag.corpora.reading import read_corpus
from seqtag.support.errors import DataError

HEADS = ReadOptions(with_heads=True)


def rows(*heads: str) -> list[str]:
    return [
        "\t".join([str(number), "w", "_", "X", "_", "_", head, "_", "_", "_"])
        for number, head in enumerate(heads, 1)
    ]


def heads_of(lines: list[str], options: ReadOptions = HEADS) -> list[Any]:
    return [sentence.heads for sentence in read(Source("FILE", enumerate(lines, 1)), options)]


def test_heads_of_each_sentence() -> None:
    empty = "1.1\tw\t_\tX\t_\t_\t7\t_\t_\t_"
    whole = ["# a comment", "1-2\two\t_\t_\t_\t_\t_\t_\t_\t_", *rows("2", "0"), "", *rows("0")[:1], empty]
    assert heads_of(whole) == [(2, 0), (0,)]


def test_nobody_else_looks_at_them() -> None:
    """Files without heads, or with heads that are no tree, are read as ever."""
    assert heads_of([*rows("_", "9", "one")], ReadOptions()) == [None]


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (
            ("2", "0", "_"),
            "FILE:5: the word has no head; expected the number of another word, or 0 for the root",
        ),
        (("2", "0", "-1"), "FILE:5: the head is '-1'; expected the number"),
        (("2", "0", "²"), "FILE:5: the head is '²'; expected the number"),
        (("2", "0", "1234567890"), "FILE:5: the head is '1234567890'; expected the number"),
        (("2", "4", "0"), "FILE:4: the head is 4; the sentence has the words 1 to 3"),
        (("0", "1", "0"), "FILE:5: a second root, after that on line 3; expected one tree"),
        (("0", "2", "1"), "FILE:4: the heads form a cycle: 2 -> 2; expected a tree"),
        (("2", "3", "1"), "FILE:3: the heads form a cycle: 1 -> 2 -> 3 -> 1; expected a tree"),
        (("0", "3", "4", "5", "3"), "FILE:5: the heads form a cycle: 3 -> 4 -> 5 -> 3; expected a tree"),
        (
            (*map(str, range(2, 12)), "1"),
            "FILE:3: the heads form a cycle: 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> ... -> 1; expected a tree",
        ),
    ],
)
def test_what_is_no_tree_is_named(heads: tuple[str, ...], message: str) -> None:
    """The sentence before it is one."""
    with pytest.raises(DataError) as caught:
        heads_of([*rows("0"), "", *rows(*heads)])
    assert str(caught.value).startswith(message)


def test_a_tree_has_no_cycle() -> None:
    assert find_cycle((2, 0, 2, 5, 3)) == []
    assert find_cycle((*range(2, 100_001), 0)) == []  # no recursion


def test_a_file_without_the_column() -> None:
    plus = ["# global.columns = ID FORM UPOS", "1\tw\tX"]
    with pytest.raises(
        DataError, match="FILE:1: there is no column HEAD, which trees are read from; there are id, form"
    ):
        heads_of(plus)
    assert heads_of(["# global.columns = ID HEAD FORM UPOS", "1\t0\tw\tX"]) == [(0,)]


@pytest.mark.parametrize(
    ("name", "text"), [("a.conll", "w\tX\n\n"), ("a.jsonl", '{"tokens": ["w"], "tags": ["X"]}\n')]
)
def test_a_format_without_trees(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        DataError, match=rf"{name}: is read as \w+, which holds no trees; .* \(conllu, brackets\)"
    ):
        read_corpus(path, HEADS)


def test_a_model_remembers_that_it_reads_them() -> None:
    assert "with_heads" not in ReadOptions().to_json()
    assert ReadOptions.from_json(HEADS.to_json()).with_heads
    with pytest.raises(ValueError, match="neither reads heads"):
        ReadOptions.from_json(HEADS.to_json() | {"with_heads": 1})
