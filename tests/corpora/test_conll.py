"""CoNLL columns: good files and what they hold, bad lines and their messages."""

from pathlib import Path
from typing import Any

import pytest

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.conll import read
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import sentences
from seqtag.support.errors import DataError, UsageError

Pairs = list[list[tuple[str, str]]]


def read_text(text: str, **options: Any) -> Pairs:
    """The sentences of a file with this text, as pairs of token and tag."""
    found = read(Source("FILE", enumerate(text.split("\n"), 1)), ReadOptions(**options))
    return [list(zip(one.tokens, one.tags or ("",) * len(one), strict=True)) for one in found]


NAME_THEM = "; --token-column and --tag-column can name columns that all rows have"
AB = [[("a", "O"), ("b", "B-X")]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n\t\n", []),
        ("a\tO\nb\tB-X\n\n", AB),
        ("a\tO\nb\tB-X", AB),
        ("a O\nb B-X\n", AB),
        ("\n\n\na  O\nb     B-X\n\n\n\n", AB),
        (" a O \nb B-X\n", AB),
        ("a\tO\n\nb\tO\n", [[("a", "O")], [("b", "O")]]),
        ("a\tO\n\t\nb\tO\n", [[("a", "O")], [("b", "O")]]),  # a lone tab ends a sentence
        ("a O\n   \nb O\n \t\r\nc O", [[("a", "O")], [("b", "O")], [("c", "O")]]),
        ("a\tx\ty\tO\nb\tx\ty\tB-X\n", AB),
        ("New York\tO\n", [[("New York", "O")]]),
        (" a\tO\n", [[(" a", "O")]]),
        ("경\tB-OG\n찰\tI-OG\n \tO\n또\tO\n", [[("경", "B-OG"), ("찰", "I-OG"), (" ", "O"),
        ("또", "O")]]),
        (" \tO\n \t \n \tB-X\n \n", [[(" ", "O")], [(" ", "B-X")]]),  # white space alone ends a sentence
        # Data, though Python's split() takes these for white space.
        ("\u00a0 O\n\u3000 O\na\u2028b O\n\x85 O\n", [[("\u00a0", "O"), ("\u3000", "O"), ("a\u2028b", "O"),
        ("\x85", "O")]]), ("\u00a0\tO\n\ufe0f\tO\n\u200b\tO\n", [[("\u00a0", "O"), ("\ufe0f", "O"), ("\u200b",
        "O")]]),
        # DOCSTART, whatever its columns and its separator
        ("-DOCSTART- -X- -X- O\n\na\tO\nb\tB-X\n", AB),
        ("-DOCSTART-\n\na O\nb B-X\n", AB),
        ("-DOCSTART-\tO\n\na O\nb B-X\n", AB),
        ("a\tO\n-DOCSTART- O\nb\tO\n", [[("a", "O")], [("b", "O")]]),
        ("a\tO\n-DOCSTART-(7 testa)\tO\nb\tO\n", [[("a", "O")], [("b", "O")]]),
        ("-\tO\n", [[("-", "O")]]),
        # Comments and hashtags
        ("# text = a b\na\tO\nb\tB-X\n", AB),
        ("# a comment\n# another one\n\n# id = 7\na\tO\nb\tB-X\n", AB),
        ("# id = 7\na x y O\nb x y B-X\n", AB),  # as many columns as a row, but key = value
        ("# sent id = 7\na x y z O\nb x y z B-X\n", AB),
        ("a\tO\nb\tB-X\n\n# the end\n", AB),
        ("# one\ttwo\na\tx\tO\nb\tx\tB-X\n", AB),
        ("#comment\na\tO\nb\tB-X\n", AB),
        ("#\tO\na\tO\n", [[("#", "O"), ("a", "O")]]),
        ("# O\na O\n", [[("#", "O"), ("a", "O")]]),
        ("#a\tO\n#b\tO\n\n#c\tO\nd\tO\n", [[("#a", "O"), ("#b", "O")], [("#c", "O"), ("d", "O")]]),
        ("#a\tO\n", [[("#a", "O")]]),
        ("# x = y\tO\n", [[("# x = y", "O")]]),  # among tabs the columns decide
        ("#begin document (a/b); part 000\na O\nb B-X\n\n#end document\n", AB),
        ("a O\n# O\n", [[("a", "O"), ("#", "O")]]),
        ("#\thttp://x.example/1\t[2010]\t\n1\ta\tO\tO\n2\tb\tO\tB-X\n", [[("1", "O"), ("2", "B-X")]]),
        ("## id 1\ta b\na\tO\nb\tB-X\n", AB),
        ("# id 1\tword\na\tO\nb\tB-X\n", AB),
        ("# newdoc\na O\nb B-X\n\n# newpar\na O\nb B-X\n", AB * 2),
        ("# url:\t\thttp://x.example/1\na O\nb B-X\n", AB),
        ("a\tO\n\n#c\tO\tX\nb\tO\n", [[("a", "O")], [("b", "O")]]),
        ("a\tO\n# a note\nb\tB-X\n", AB),
        ("#\tSYM\n1\tNUM\n", [[("#", "SYM"), ("1", "NUM")]]),
        ("# n\na n\nb v\n\n# n\na n\n", [[("a", "n"), ("b", "v")], [("#", "n"), ("a", "n")]]),
        ("#a\tx:y\nb\tO\n", [[("#a", "x:y"), ("b", "O")]]),
    ],
)  # fmt: skip
def test_good_files(text: str, expected: Pairs) -> None:
    assert read_text(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tO\nb\n", "FILE:2: the row has 1 column; expected 2, as in line 1"),
        ("a\tO\nb\tO\tX\n", "FILE:2: the row has 3 columns; expected 2, as in line 1" + NAME_THEM),
        ("\n# c\n\na x O\nb O\n", "FILE:5: the row has 2 columns; expected 3, as in line 4" + NAME_THEM),
        ("a\tO\nb O\n", "FILE:2: the row holds no tab; expected columns separated by tabs, as in line 1"),
        ("a O\n\nb\tO\n", "FILE:3: the row holds a tab; expected columns separated by spaces, as in line 1"),
        ("a O\nb \t O\n", "FILE:2: the row holds a tab; expected columns separated by spaces, as in line 1"),
        ("a O\nb\tx O\n", "FILE:2: the row holds a tab; expected columns separated by spaces, as in line 1"),
        ("a\tO\n\tO\n", "FILE:2: the token in column 1 is empty"),
        ("a\tO\n  \tO\n", "FILE:2: the token in column 1 is empty"),
        ("a\tO\nb\t\n", "FILE:2: the tag in column 2 is empty"),
        ("a\tO\nb\t \n", "FILE:2: the tag in column 2 is empty"),
        (
            "a\tO\t\nb\tO\t\n",
            "FILE:1: the tag in column 3 is empty; rows that end with a tab are read with --tag-column 2",
        ),
        ("a\tO\nb\tO \n", "FILE:2: the tag in column 2, 'O ', has white space around it"),
        ("a\tO\nb\tO\r\n", "FILE:2: the tag in column 2, 'O\\r', has white space around it"),
        ("a O\nb O\r\n", "FILE:2: the tag in column 2, 'O\\r', has white space around it"),
        ("a\n", "FILE:1: the row has one column; expected a token and its tag"),
        ("a\tO\nb\tO\n#c\n", "FILE:3: the row has 1 column; expected 2, as in line 1"),
        ("a\tO\n#c\tO\tX\n", "FILE:2: the row has 3 columns; expected 2, as in line 1" + NAME_THEM),
        ("a O\n#c O X\n", "FILE:2: the row has 3 columns; expected 2, as in line 1" + NAME_THEM),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_text(text)
    assert str(caught.value) == message


FOUR = "a\tN\tx\tO\nb\tV\ty\tB-X\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, AB),
        ({"token_column": 1, "tag_column": 4}, AB),
        ({"token_column": "1", "tag_column": "-1"}, AB),
        ({"token_column": -4, "tag_column": -1}, AB),
        ({"tag_column": 2}, [[("a", "N"), ("b", "V")]]),
        ({"token_column": 3, "tag_column": -3}, [[("x", "N"), ("y", "V")]]),
        ({"with_tags": False}, [[("a", ""), ("b", "")]]),
        ({"with_tags": False, "token_column": -1}, [[("O", ""), ("B-X", "")]]),
    ],
)
def test_columns(options: dict[str, Any], expected: Pairs) -> None:
    assert read_text(FOUR, **options) == expected


def test_features_are_columns_of_the_sentence() -> None:
    (sentence,) = read(Source("FILE", enumerate(FOUR.split("\n"), 1)), ReadOptions(feature_columns=(3, "2")))
    assert sentence.columns == (("x", "y"), ("N", "V"))
    with pytest.raises(DataError) as caught:
        read_text("a\tN\tO\nb\t\tO\n", feature_columns=(2,))
    assert str(caught.value) == "FILE:2: the feature in column 2 is empty"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token_column": 0}, "There is no column 0: columns are numbered from 1, or from -1 backwards."),
        ({"tag_column": "0"}, "There is no column 0: columns are numbered from 1, or from -1 backwards."),
        ({"token_column": 2, "tag_column": 2}, "The token column and the tag column are both 2."),
        ({"token_column": -1}, "The token column and the tag column are both -1."),
        ({"token_column": 4}, "The token column and the tag column are both 4."),
        (
            {"tag_column": "upos"},
            "Unknown column 'upos': columns of a CoNLL file are numbered from 1, or from -1 backwards; "
            "only CoNLL-U columns have names.",
        ),
    ],
)
def test_columns_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_text(FOUR, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("options", [{"tag_column": 5}, {"token_column": 5}, {"feature_columns": [5]}])
def test_a_column_that_the_file_does_not_have(options: dict[str, Any]) -> None:
    with pytest.raises(DataError) as caught:
        read_text("\n" + FOUR, **options)
    assert str(caught.value) == "FILE:2: the row has 4 columns; there is no column 5"


def test_a_column_before_the_first() -> None:
    with pytest.raises(DataError) as caught:
        read_text(FOUR, tag_column=-5)
    assert str(caught.value) == "FILE:1: the row has 4 columns; there is no column -5"


def test_one_column_is_enough_without_tags() -> None:
    (sentence,) = read(Source("FILE", enumerate(["a", "b"], 1)), ReadOptions(with_tags=False))
    assert (sentence.tokens, sentence.tags, sentence.columns) == (("a", "b"), None, ())
    with pytest.raises(DataError, match="FILE:2: the row has 2 columns; expected 1, as in line 1"):
        read_text("a\nb c\n", with_tags=False)


def test_the_tag_column_of_a_file_to_tag() -> None:
    """It is not read, so it may have a name, but it tells a row from a comment."""
    assert read_text(FOUR, with_tags=False, tag_column="upos") == [[("a", ""), ("b", "")]]
    text = "a\tN\tx\n\n#\tN\ta note\n"
    assert read_text(text, with_tags=False, tag_column=2) == [[("a", "")], [("#", "")]]
    assert read_text(text, with_tags=False) == [[("a", "")]]


def test_each_token_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.conll"
    path.write_bytes(b"\xef\xbb\xbf# comment\r\n\r\na\tO\r\nb\tO\r\n\r\n-DOCSTART-\r\n\r\nc\tO")
    first, second = sentences(path, ReadOptions(format="conll"))
    assert (first.tokens, first.tags, list(first.lines)) == (("a", "b"), ("O", "O"), [3, 4])
    assert (second.tokens, list(second.lines)) == (("c",), [8])


def test_sentences_come_one_at_a_time() -> None:
    def endless() -> Any:
        number = 0
        while True:
            yield (number := number + 1), "" if number % 3 == 0 else "a\tO"

    found = read(Source("FILE", endless()), ReadOptions())
    assert [len(next(found)) for _ in range(3)] == [2, 2, 2]


ONTONOTES = "d 0 0 The DT (S* x\nd 0 1 dog NN *) x\n\nd 0 0 It PRP * x y\nd 0 1 ran VBD * x y\n"
LONG = "1\ta\tO\tO\n2\tb\tB-X\tO\n3\tc\tO\tO\t\n"


class TestRowsOfDifferingWidth:
    """They are read where the column of tags is named and every row has what is wanted."""

    @pytest.mark.parametrize(
        ("text", "options", "expected"),
        [
            (
                ONTONOTES,
                {"token_column": 4, "tag_column": 5},
                [[("The", "DT"), ("dog", "NN")], [("It", "PRP"), ("ran", "VBD")]],
            ),
            (
                ONTONOTES,
                {"token_column": "4", "tag_column": "-1"},
                [[("The", "x"), ("dog", "x")], [("It", "y"), ("ran", "y")]],
            ),
            (LONG, {"token_column": 2, "tag_column": 3}, [[("a", "O"), ("b", "B-X"), ("c", "O")]]),
            ("a\tO\nb\tO\tX\n", {"tag_column": 2}, [[("a", "O"), ("b", "O")]]),
            ("a x O\nb y\n", {"tag_column": 2}, [[("a", "x"), ("b", "y")]]),
            ("a\tO\nb\tO\tX\n", {"tag_column": 2, "with_tags": False}, [[("a", ""), ("b", "")]]),
        ],
    )
    def test_the_named_columns(self, text: str, options: dict[str, Any], expected: Pairs) -> None:
        assert read_text(text, **options) == expected

    @pytest.mark.parametrize(
        ("text", "options", "message"),
        [
            (ONTONOTES, {}, "FILE:4: the row has 8 columns; expected 7, as in line 1" + NAME_THEM),
            (ONTONOTES, {"token_column": 4}, "FILE:4: the row has 8 columns; expected 7, as in line 1" + NAME_THEM),
            ("a x O\nb y\n", {"tag_column": 3}, "FILE:2: the row has 2 columns; expected 3, as in line 1"),
            ("a x O\nb y\n", {"tag_column": 2, "feature_columns": (3,)}, "FILE:2: the row has 2 columns; expected 3, "
             "as in line 1"),
            ("a O\nb\tx O\n", {"tag_column": 2}, "FILE:2: the row holds a tab; expected columns separated by spaces, "
             "as in line 1"),
            ("a\nb c\n", {"tag_column": 2, "with_tags": False}, "FILE:2: the row has 2 columns; expected 1, as in "
             "line 1"),
            ("a O\nb O x\n", {"with_tags": False}, "FILE:2: the row has 3 columns; expected 2, as in line 1"),
        ],
    )  # fmt: skip
    def test_columns_that_a_row_lacks(self, text: str, options: dict[str, Any], message: str) -> None:
        with pytest.raises(DataError) as caught:
            read_text(text, **options)
        assert str(caught.value) == message

    def test_features(self) -> None:
        source = Source("FILE", enumerate(["a x O", "b y O z"], 1))
        (sentence,) = read(source, ReadOptions(tag_column=3, feature_columns=(2, -1)))
        assert sentence.columns == (("x", "y"), ("O", "z"))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            # With other columns, but those of a row among them: as a line with the columns of a row.
            ("a x O\nb x O y\n\n# n O\n", [[("a", "O"), ("b", "O")], [("#", "O")]]),
            ("# id = 7\na x O\n# a b c\nb x O y\n\n# text here is long\nc x O\n", [[("a", "O"), ("b", "O")],
             [("c", "O")]]),
            ("# c\na x O\n#c x O y\nb x O\n", [[("a", "O"), ("#c", "O"), ("b", "O")]]),
            ("#begin document (a); part 0\na x O\nb x O y\n\n#end document\n", [[("a", "O"), ("b", "O")]]),
            ("# x = y O z\na x O\n# x = y\nb x O y\n", [[("a", "O"), ("b", "O")]]),
        ],
    )  # fmt: skip
    def test_comments(self, text: str, expected: Pairs) -> None:
        assert read_text(text, tag_column=3) == expected

    @pytest.mark.parametrize(
        ("text", "options", "expected"),
        [
            (ONTONOTES, {"token_column": 4, "tag_column": 5}, [("note", 4)]),
            (ONTONOTES + "\n" + ONTONOTES, {"token_column": 4, "tag_column": 5}, [("note", 4)]),
            (LONG, {"token_column": 2, "tag_column": 3}, [("warning", 3)]),
            ("a O\n\nNew York O\nYork O\n", {"tag_column": 2}, [("warning", 3)]),
            ("a O\n\nb O x\nc O x y\n", {"tag_column": 2}, [("warning", 3), ("warning", 4)]),
            ("a O\nb O\n", {"tag_column": 2}, []),
        ],
    )
    def test_a_row_unlike_its_neighbours_is_a_warning(
        self, text: str, options: dict[str, Any], expected: list[tuple[str, int]]
    ) -> None:
        found: list[Finding] = []
        list(read(Source("FILE", enumerate(text.split("\n"), 1), found.append), ReadOptions(**options)))
        assert [(one.level, one.line) for one in found] == expected
        assert {one.code for one in found} <= {"unequal-widths"}
