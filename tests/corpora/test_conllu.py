"""CoNLL-U: what is read, what is skipped, and the messages for rows that are not CoNLL-U."""

from typing import Any

import pytest

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.conllu import FIELDS, read
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError, UsageError


def row(identifier: str, form: str = "w", upos: str = "X") -> str:
    return "\t".join([identifier, form, "lemma", upos, "xpos", "feats", "0", "dep", "_", "_"])


def read_rows(*rows: str, **options: Any) -> list[Sentence]:
    return list(read(Source("FILE", enumerate(rows, 1)), ReadOptions(**options)))


def test_comments_ranges_and_empty_nodes_are_skipped() -> None:
    found = read_rows(
        "# sent_id = 1",
        "# text = can't _ #",
        row("1-2", "can't", "_"),
        row("1", "ca", "AUX"),
        row("2", "n't", "PART"),
        row("2.1", "empty", "VERB"),
        "# a comment in the middle",
        row("3", "_", "PUNCT"),
        row("4", "#", "SYM"),
        " \t",
        "",
        "# newpar",
        row("0.1", "empty"),
        row("1", "20 000", "NUM"),
    )
    assert found == [
        Sentence(("ca", "n't", "_", "#"), ("AUX", "PART", "PUNCT", "SYM"), (4, 5, 8, 9)),
        Sentence(("20 000",), ("NUM",), range(14, 15)),
    ]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row("3"), "FILE:2: the ID is '3'; expected 2 (a blank line ends a sentence)"),
        (row("1"), "FILE:2: the ID is '1'; expected 2 (a blank line ends a sentence)"),
        (row("02"), "FILE:2: the ID is '02'; expected 2 (a blank line ends a sentence)"),
        (row("a"), "FILE:2: the ID is 'a'; expected 2 (a blank line ends a sentence)"),
        (row("3-4"), "FILE:2: the ID is '3-4'; expected 2 (a blank line ends a sentence)"),
        (row("2-1"), "FILE:2: the ID is '2-1'; expected 2 (a blank line ends a sentence)"),
        (row("2.1"), "FILE:2: the ID is '2.1'; expected 2 (a blank line ends a sentence)"),
        (row("1.0"), "FILE:2: the ID is '1.0'; expected 2 (a blank line ends a sentence)"),
        (row("2") + "\t_", "FILE:2: the row has 11 columns; expected the 10 of CoNLL-U, separated by tabs"),
        (
            row("2").replace("\t", " "),
            "FILE:2: the row has 1 column; expected the 10 of CoNLL-U, separated by tabs",
        ),
        ("1-2\tx", "FILE:2: the row has 2 columns; expected the 10 of CoNLL-U, separated by tabs"),
        (row("2", ""), "FILE:2: the field form is empty"),
        (row("2", " "), "FILE:2: the field form is empty"),
        (row("2", "w", ""), "FILE:2: the field upos is empty"),
    ],
)
def test_a_bad_row_is_named(bad: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(row("1"), bad)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "token", "tag"),
    [
        ({}, "w", "X"),
        ({"token_column": "LEMMA", "tag_column": "xpos"}, "lemma", "xpos"),
        ({"token_column": 3, "tag_column": "-5"}, "lemma", "feats"),
    ],
)
def test_columns_have_names_and_numbers(options: dict[str, Any], token: str, tag: str) -> None:
    (found,) = read_rows(row("1"), **options)
    assert (found.tokens, found.tags) == ((token,), (tag,))


def test_every_field_is_where_its_name_says() -> None:
    values = ["1", *(f"v{number}" for number in range(2, 11))]
    (found,) = read_rows("\t".join(values), feature_columns=FIELDS, with_tags=False)
    assert found.columns == tuple((value,) for value in values)
    assert found.tags is None


def test_an_empty_field_that_nobody_wants_is_no_error() -> None:
    (found,) = read_rows(row("1").replace("lemma", ""))
    assert found.tokens == ("w",)
    with pytest.raises(DataError, match="FILE:1: the field lemma is empty"):
        read_rows(row("1").replace("lemma", ""), feature_columns=["lemma"])
    assert read_rows(row("1", "w", ""), with_tags=False)[0].tags is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tag_column": "upo"},
            "Unknown CoNLL-U column 'upo'. Did you mean 'upos'? Known: " + ", ".join(FIELDS) + ".",
        ),
        ({"tag_column": 0}, "There is no CoNLL-U column 0: the columns are 1 to 10."),
        ({"tag_column": 11}, "There is no CoNLL-U column 11: the columns are 1 to 10."),
        ({"tag_column": "-11"}, "There is no CoNLL-U column -11: the columns are 1 to 10."),
        ({"tag_column": "form"}, "The token column and the tag column are both 'form'."),
    ],
)
def test_columns_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_rows(row("1"), **options)
    assert str(caught.value) == message
