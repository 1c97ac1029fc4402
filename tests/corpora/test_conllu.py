"""CoNLL-U: what is read, what is skipped, and the messages for rows that are not CoNLL-U."""

from pathlib import Path
from typing import Any

import pytest

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.conllu import read
from seqtag.corpora.conllu_columns import FIELDS
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError, UsageError
from seqtag.tasks.tagging.check import check


def row(identifier: str, form: str = "w", upos: str = "X") -> str:
    return "\t".join([identifier, form, "lemma", upos, "xpos", "feats", "0", "dep", "_", "_"])


def tight(identifier: str, form: str) -> str:
    return row(identifier, form).removesuffix("_") + "SpaceAfter=No"


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


PLUS = ("# global.columns = ID FORM UPOS NER", "# sent_id = 1", "1\tOle\tPROPN\tB-PER", "2-3\tdel\t_\t_",
        "2\tde\tADP\tO", "3\tel\tDET\tO")  # fmt: skip


class TestPlus:
    """A file that names its columns."""

    @pytest.mark.parametrize(
        ("options", "tags"),
        [
            ({}, ("PROPN", "ADP", "DET")),
            ({"tag_column": "ner"}, ("B-PER", "O", "O")),
            ({"tag_column": "NER"}, ("B-PER", "O", "O")),
            ({"tag_column": -1}, ("B-PER", "O", "O")),
        ],
    )
    def test_its_columns(self, options: dict[str, Any], tags: tuple[str, ...]) -> None:
        assert read_rows(*PLUS, **options) == [Sentence(("Ole", "de", "el"), tags, (3, 5, 6))]

    def test_a_name_with_a_colon(self) -> None:
        rows = ["# global.columns = ID FORM MISC PARSEME:MWE", "1\ta\tMWE=x\t1:VID", "2\tb\t_\t*"]
        assert read_rows(*rows, tag_column="parseme:MWE")[0].tags == ("1:VID", "*")
        assert read_rows(*rows, tag_column="misc:MWE")[0].tags == ("x", "_")

    def test_without_ids(self) -> None:
        """What has all columns is a word, though it starts like a comment."""
        rows = ["#global.columns=FORM UPOS", "# text = # 1", "#\tSYM", "1\tNUM", "", "7\tNUM"]
        assert [one.tokens for one in read_rows(*rows)] == [("#", "1"), ("7",)]

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            (
                (PLUS[0], "1\tOle"),
                "FILE:2: the row has 2 columns; expected the 4 of line 1, separated by tabs",
            ),
            ((PLUS[0], "2\tOle\tX\tO"), "FILE:2: the ID is '2'; expected 1 (a blank line ends a sentence)"),
            (
                ("# global.columns = ID FORM NER", "1\tOle\tO"),
                "FILE:1: there is no column UPOS; choose one with --tag-column: id, form, ner",
            ),
            (
                ("# c", "# global.columns = ID WORD UPOS"),
                "FILE:2: there is no column FORM; choose one with --token-column: id, word, upos",
            ),
            (("# global.columns =",), "FILE:1: global.columns is ''; expected names, each of them once"),
            (
                ("# global.columns = A B a",),
                "FILE:1: global.columns is 'A B a'; expected names, each of them once",
            ),
        ],
    )
    def test_a_bad_row_is_named(self, rows: tuple[str, ...], message: str) -> None:
        with pytest.raises(DataError) as caught:
            read_rows(*rows)
        assert str(caught.value) == message

    def test_an_unknown_column(self) -> None:
        with pytest.raises(UsageError, match=r"Unknown CoNLL-U column 'xpos'.* Known: id, form, upos, ner"):
            read_rows(*PLUS, tag_column="xpos")

    @pytest.mark.parametrize("name", ["a.conllup", "a.cupt", "a.conllu", "a.conll", "a.txt"])
    def test_it_is_recognised(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("\n".join(PLUS), encoding="utf-8")
        assert read_corpus(tmp_path / name).sentences[0].tokens == ("Ole", "de", "el")


def attributes(*cells: str) -> list[str]:
    """A row for each cell of MISC, whose FEATS are Number=Sing in the first."""
    return [
        "\t".join([f"{number}", "w", "l", "X", "x", "_" if number > 1 else "Case=Nom|Number=Sing", "0", "d", "_", cell])
        for number, cell in enumerate(cells, 1)
    ]  # fmt: skip


class TestAttributes:
    """`A=b|C=d` in one column."""

    @pytest.mark.parametrize(
        ("cells", "column", "tags"),
        [
            (("name=B-PER", "SpaceAfter=No|name=O", "_"), "misc:name", ("B-PER", "O", "O")),
            (("_", "name=O", "surname=x"), "MISC:name", ("O", "O", "O")),
            (("_", "name=x=y|a=b", "full_name=z"), "misc:name", ("_", "x=y", "_")),
            (("_", "_"), "feats:Number", ("Sing", "_")),
        ],
    )
    def test_a_tag(self, cells: tuple[str, ...], column: str, tags: tuple[str, ...]) -> None:
        assert read_rows(*attributes(*cells), tag_column=column)[0].tags == tags

    def test_a_feature_is_never_outside(self) -> None:
        rows = attributes("name=B-PER", "_")
        (sentence,) = read_rows(*rows, feature_columns=("misc:name", "feats:Case"))
        assert sentence.columns == (("B-PER", "_"), ("Nom", "_"))

    def test_one_that_no_word_has(self) -> None:
        with pytest.raises(DataError) as caught:
            read_rows(*attributes("name=O", "a=b|name=O"), tag_column="misc:Name")
        problem = "no word has the attribute 'Name' in MISC; there are name, a"
        assert (str(caught.value), caught.value.code) == (f"FILE: {problem}", "unknown-attribute")
        with pytest.raises(DataError, match="no word has the attribute 'x' in DEPS; it holds none"):
            read_rows(*attributes("_"), tag_column="deps:x")

    def test_a_feature_that_no_word_has_is_reported(self) -> None:
        found: list[Finding] = []
        source = Source("FILE", enumerate(attributes("_"), 1), found.append)
        (sentence,) = read(source, ReadOptions(feature_columns=("feats:Gender",)))
        assert sentence.columns == (("_",),)
        problem = "no word has the attribute 'Gender' in FEATS; there are Case, Number"
        assert [(one.code, one.message) for one in found] == [("unknown-attribute", problem)]

    def test_a_file_to_tag_needs_none(self) -> None:
        options = {"tag_column": "misc:name", "feature_columns": ("feats:Gender",), "with_tags": False}
        assert read_rows(*attributes("_"), **options)[0].columns == (("_",),)

    def test_an_empty_one(self) -> None:
        with pytest.raises(DataError, match="FILE:2: the field misc:name is empty"):
            read_rows(*attributes("name=O", "name="), tag_column="misc:name")

    def test_its_column_asks_for_conllu(self, tmp_path: Path) -> None:
        (tmp_path / "a.conll").write_text("\n".join(attributes("name=O")), encoding="utf-8")
        options = ReadOptions(tag_column="misc:name")
        assert read_corpus(tmp_path / "a.conll", options).sentences[0].tags == ("O",)


class TestText:
    """`# text` and SpaceAfter=No, where the text is wanted."""

    @staticmethod
    def read(*rows: str) -> tuple[list[str | None], list[tuple[str, int | None, str]]]:
        """The texts, and the findings."""
        told: list[Finding] = []
        source = Source("FILE", enumerate(rows, 1), told.append)
        found = [one.text for one in read(source, ReadOptions(with_text=True))]
        return found, [(one.code, one.line, one.message) for one in told if one.level == "warning"]

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            (["# text = a  b", row("1", "a"), row("2", "b")], "a  b"),
            (["#text=ab", row("1", "a"), row("2", "b")], "ab"),
            (["# text = 1 000 b", row("1", "1 000"), row("2", "b")], "1 000 b"),
            (["# text = ab", tight("1", "a"), row("2", "b")], "ab"),
            (["# text_en = x", tight("1", "a"), row("2", "b"), tight("3", "c")], "ab c"),
            ([row("1", "a"), row("2", "b")], None),
            (["# text = can't", row("1-2", "can't"), row("1", "ca"), row("2", "n't")], "can't"),
            (["# text = du b", row("1-2", "du"), row("1", "de"), row("2", "le"), tight("3", "b")], None),
            (["# text = a b", row("1", "a"), row("1.1", "x"), row("2", "b")], "a b"),
        ],
    )
    def test_what_the_text_is(self, rows: list[str], expected: str | None) -> None:
        assert self.read(*rows) == ([expected], [])

    @pytest.mark.parametrize(
        ("rows", "text", "problem"),
        [
            (
                ["# text = a c", row("1", "a"), row("2", "b")],
                None,
                "token 2, 'b', does not occur in the text after",
            ),
            (
                ["# text = a b c", row("1", "a"), tight("2", "b")],
                "a b",
                "the text has 'c' after the last token",
            ),
            (
                ["# text = a b", tight("1", "a"), row("2", "b")],
                "ab",
                "it has a space after token 1, 'a', which has",
            ),
            (
                ["# text = abc", tight("1", "a"), row("2", "b"), row("3", "c")],
                "ab c",
                "it has no space after token 2, 'b', which has no SpaceAfter=No",
            ),
        ],
    )
    def test_a_text_that_disagrees(self, rows: list[str], text: str | None, problem: str) -> None:
        found, told = self.read(row("1", "a"), "", *rows, "", "# text = a", row("1", "a"))
        assert found == [None, text, "a"]
        ((code, line, message),) = told
        assert (code, line) == ("text-mismatch", 3)
        assert message.startswith(f"the tokens disagree with # text, which is left out: {problem}")

    def test_only_where_it_is_wanted(self) -> None:
        told: list[Finding] = []
        rows = ["# text = a c", tight("1", "a"), row("2", ".")]
        (sentence,) = read(Source("FILE", enumerate(rows, 1), told.append), ReadOptions())
        assert (sentence.text, told) == (None, [])

    def test_check_reports_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a.conllu"
        path.write_text("# text = a c\n" + row("1", "a") + "\n" + row("2", "b") + "\n")
        assert ("text-mismatch", 1) in [(one.code, one.line) for one in check([path]).findings]
