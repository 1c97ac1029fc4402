"""A sentence per line: what a piece holds, which files are taken for it, and what is written."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtag.cli import run
from seqtag.corpora import perline
from seqtag.corpora.base import AUTO, ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.reading import sentences
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError

PLAIN = parse_scheme("plain")
NAMES = ("pipes", "hashes", "slashes", "underscores")


def read(text: str, options: ReadOptions) -> list[Sentence]:
    """The sentences of a file that holds a text."""
    reader = registry.load(registry.FORMATS, options.format, "reader")
    return list(reader(Source("FILE", enumerate(text.split("\n"), 1)), options))


def pairs(found: list[Sentence]) -> list[list[tuple[str, str]]]:
    return [list(zip(one.tokens, one.tags or (), strict=True)) for one in found]


class TestPieces:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("pipes", "Eva|B-PER  left|O\t.|O", [("Eva", "B-PER"), ("left", "O"), (".", "O")]),
            ("pipes", "||O |||O a\u00a0b|N/A", [("|", "O"), ("||", "O"), ("a\u00a0b", "N/A")]),
            ("pipes", "Eva|NNP|B-PER ||:|O", [("Eva", "B-PER"), ("|", "O")]),
            ("hashes", "Eva###B-PER ####SYM C####NN #1###CD", [
                ("Eva", "B-PER"), ("#", "SYM"), ("C#", "NN"), ("#1", "CD"),
            ]),
            ("slashes", r"1\/2/CD and/or/CC //: a/N\/A x\y/SYM", [
                ("1/2", "CD"), ("and/or", "CC"), ("/", ":"), ("a", "N/A"), (r"x\y", "SYM"),
            ]),
            ("underscores", "Eva_NNP a_lot_RB __SYM x/y_N", [
                ("Eva", "NNP"), ("a_lot", "RB"), ("_", "SYM"), ("x/y", "N"),
            ]),
        ],
    )  # fmt: skip
    def test_tokens_and_tags(self, name: str, text: str, expected: list[tuple[str, str]]) -> None:
        assert pairs(read(f"\n{text} \r\n-DOCSTART-\n", ReadOptions(name))) == [expected]

    def test_a_sentence_per_line(self) -> None:
        first, second = read("a|X b|Y\n \t\nc|X", ReadOptions("pipes"))
        assert (first.tokens, first.tags, first.lines) == (("a", "b"), ("X", "Y"), (1, 1))
        assert (second.tokens, second.tags, second.lines) == (("c",), ("X",), (3,))

    def test_columns_by_number(self) -> None:
        options = ReadOptions("pipes", 2, "1", ("3", -2))
        (found,) = read("B|Eva|NNP|x O|left|VBD|y", options)
        assert (found.tokens, found.tags) == (("Eva", "left"), ("B", "O"))
        assert found.columns == (("NNP", "VBD"), ("NNP", "VBD"))

    def test_without_tags(self) -> None:
        (found,) = read("Eva|O left|O", ReadOptions("pipes", with_tags=False))
        assert (found.tokens, found.tags) == (("Eva", "left"), None)
        (found,) = read("Eva left", ReadOptions("pipes", with_tags=False))
        assert found.tokens == ("Eva", "left")

    @pytest.mark.parametrize(
        ("name", "text", "problem"),
        [
            ("pipes", "a|X\nb|Y c", "FILE:2: 'c' holds no '|'; expected token|tag"),
            ("pipes", "a|X b|", "FILE:1: 'b|' has an empty column 2; expected token|tag"),
            ("pipes", "a|X |Y", "FILE:1: '|Y' has an empty column 1; expected token|tag"),
            ("pipes", "a|X\n\nb|c|Y", "FILE:3: 'b|c|Y' has 3 columns; expected 2, as in line 1"),
            ("pipes", "Eva left", "FILE:1: 'Eva' has no tag; expected token|tag"),
            ("hashes", "a###X ###Y", "FILE:1: '###Y' has an empty column 1; expected token###tag"),
            ("hashes", "a###X b#Y", "FILE:1: 'b#Y' holds no '###'; expected token###tag"),
            ("slashes", r"a/X 1\/2", r"FILE:1: '1\\/2' holds no '/'; expected token/tag"),
            ("underscores", "a_X b", "FILE:1: 'b' holds no '_'; expected token_tag"),
            ("underscores", "a_X _Y", "FILE:1: '_Y' has an empty column 1; expected token_tag"),
            ("slashes", "a/X b/", "FILE:1: 'b/' has an empty column 2; expected token/tag"),
        ],
    )
    def test_malformed_pieces(self, name: str, text: str, problem: str) -> None:
        with pytest.raises(DataError) as caught:
            read(text, ReadOptions(name))
        assert str(caught.value) == problem

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            (ReadOptions("pipes", 0), "no column 0"),
            (ReadOptions("pipes", "form"), "Unknown column 'form'"),
            (ReadOptions("pipes", 2, 2), "both 2"),
            (ReadOptions("pipes", 2), "both 2"),
        ],
    )
    def test_columns_that_make_no_sense(self, options: ReadOptions, problem: str) -> None:
        with pytest.raises(UsageError, match=problem):
            read("a|X", options)

    def test_a_column_that_is_not_there(self) -> None:
        with pytest.raises(DataError, match="FILE:1: the first piece has 2 columns; there is no column 3"):
            read("a|X", ReadOptions("pipes", tag_column=3))


class TestRecognised:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Eva|B-PER left|O Rome|B-LOC\nOle|B-PER saw|O Oslo|B-LOC\n", "pipes"),
            ("Eva|NNP|B-PER left|VBD|O\n\nOle|NNP|B-PER .|.|O\n", "pipes"),
            ("Eva###PER left###O\n", "hashes"),
            ("dogs/NNS bark/VBP ./.\n1\\/2/CD books/NNS\n", "slashes"),
            ("The/at jury/nn said/vbd the/at vote/nn\n" * 4, "slashes"),
            ("1\\/2/CD\ndogs/NNS bark/VBP ./.\n", "slashes"),
            ("The_DT dogs_NNS bark_VBP ._.\nNew_York_NNP\n", "underscores"),
            ("The_at jury_nn said_vbd the_at vote_nn\n" * 4, "underscores"),
            ("Eva_B_PER left_O Rome_B_LOC ._O\n", None),
            ("MAX_VALUE MIN_VALUE ROOT_DIR\n", None),
            ("my_long_NAME my_other_NAME a_third_NAME a_fourth_NAME\n", None),
            ("_ _ _ _\n", None),
            ("-DOCSTART-\n\nEva|O left|O\n", "pipes"),
            ("Eva|B-PER left|O\nOle saw|O\n", None),
            ("Eva|B-PER left|O\nOle|NNP|B-PER saw|VBD|O\n", None),
            ("The/at jury/nn said/vbd the/at vote/nn\n", None),
            ("".join(f"src/{a}{b} lib/{b}{a}\n" for a in "abc" for b in "defgh"), None),
            ("a|b c|d\n", None),
            ("| a | b |\n", None),
            ("1|Eva Holm|Rome\n2|Ole Lie|Oslo\n", None),
            ("and/or yes/no his/her\n", None),
            ("TCP/IP I/O\n", None),
            ("1/2 3/4 1/2 3/4\n", None),
            ("Eva/NNP/B-PER left/VBD/O Rome/NNP/B-LOC ././O\n", None),
            ("http://a.b/C http://a.b/D http://a.b/E http://a.b/F\n", None),
            ("Ole\tB-PER\nlief\tO\n", None),
            ("Eva Holm left .\n", None),
            ("", None),
        ],
    )
    def test_by_the_first_lines(self, text: str, expected: str | None) -> None:
        found = [
            name
            for name in NAMES
            if registry.load(registry.FORMATS, name, "recogniser")(
                Source("FILE", enumerate(text.split("\n"), 1))
            )
        ]
        assert found == ([expected] if expected else [])

    def test_no_more_lines_than_decide(self) -> None:
        lines = [(number, "a|O b|O") for number in range(1, perline.LOOKED_AT + 1)]
        source = Source("FILE", [*lines, (99, "nothing")])
        assert perline.are_pipes(source)
        assert len(list(source.lines())) == len(lines) + 1

    def test_a_stream_is_told_by_its_first_line(self) -> None:
        rows = iter([(1, "a|O b|O"), (2, "c")])
        source = Source("FILE", rows)
        source.is_stream = True
        assert perline.are_pipes(source)
        assert next(rows) == (2, "c")


def written(name: str, documents: list[list[tuple[str, str]]]) -> str:
    stream = io.StringIO(newline="")
    writer = registry.load(registry.FORMATS, name, "writer")(stream)
    for drawn in documents:
        writer.write(
            Document.of(Sentence(tuple(token for token, _ in drawn)), [tag for _, tag in drawn], PLAIN)
        )
    return stream.getvalue()


def test_a_line_out_for_a_document_in() -> None:
    assert written("slashes", [[("1/2", "CD"), ("a", "X")], [], [("b", "Y")]]) == "1\\/2/CD a/X\n\nb/Y\n"
    mark = "\ufeffa"
    assert written("pipes", [[(mark, "X")], [(mark, "X")]]) == f"\ufeff{mark}|X\n\ufeff{mark}|X\n"
    assert written("pipes", [[("|", "X")]]) == "||X\n"


characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("|#/_\\ -\t\ufeff\u00a0")
text = st.text(characters, min_size=1, max_size=4) | st.sampled_from(
    ["|", "#", "##", "###", "/", "_", "__", "\\", "\\/", "-DOCSTART-"]
)
drawn = st.lists(st.lists(st.tuples(text, text), min_size=1, max_size=3), min_size=1, max_size=3)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.sampled_from(NAMES), drawn)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, documents: list[list[tuple[str, str]]]
) -> None:
    """With the same tokens and tags, or it is refused; with slashes nearly everything can be written."""
    path = tmp_path_factory.mktemp("perline") / "out"
    try:
        path.write_bytes(written(name, documents).encode())
    except Unwritable:
        parts = [part for document in documents for pair in document for part in pair]
        odd = {"slashes": "\\", "underscores": "_"}.get(name, "|#")
        assert any(set(part) & set(" \t\r\n\0" + odd) or part.startswith("-DOCSTART-") for part in parts)
        return
    assert pairs(list(sentences(path, ReadOptions(name)))) == documents


def test_where_it_cannot_be_written() -> None:
    stream = io.StringIO()
    document = Document("a b|c", ["a", "b|c"], ["O", "O"], PLAIN, lines=(4, 5))
    with pytest.raises(Unwritable, match=r"the token 'b\|c' with the tag 'O' cannot be written") as caught:
        perline.PipesWriter(stream).write(document)
    assert caught.value.line == 5
    assert stream.getvalue() == ""


def test_commands(spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Checked, scored and tagged as what they are, whatever the name."""
    path = tmp_path / "file.txt"
    path.write_text("Ana|B-PER left|O\nIda|B-PER saw|O Oslo|B-LOC\n")
    assert [len(one) for one in sentences(path, AUTO)] == [2, 3]
    assert run(["evaluate", str(spans.folder), str(path), "--json", "-"]) == 0
    assert '"tokens": 5' in capsys.readouterr().out
    assert run(["predict", str(spans.folder), str(path), "--input-format", "conll", "--format", "pipes"]) == 0
    assert capsys.readouterr().out == path.read_text()
    assert (
        run(["predict", str(spans.folder), str(path), "--input-format", "pipes", "--format", "slashes"]) == 0
    )
    assert capsys.readouterr().out == path.read_text().replace("|", "/")
    path.write_text("The_DT dogs_NNS bark_VBP\nThey_PRP ran_VBD home_RB\n")
    assert [one.tags for one in sentences(path, AUTO)] == [("DT", "NNS", "VBP"), ("PRP", "VBD", "RB")]


@pytest.mark.parametrize(
    ("name", "piece"), [("pipes", "left|O"), ("hashes", "left###O"), ("slashes", "left/VB")]
)
def test_a_long_line_is_recognised_by_its_beginning(name: str, piece: str) -> None:
    """Without the piece that is cut there, and whatever comes later."""
    recogniser = registry.load(registry.FORMATS, name, "recogniser")
    line = " ".join([piece] * (perline.LOOKED_IN // len(piece)))
    assert len(line) > perline.LOOKED_IN  # which cuts a piece
    assert recogniser(Source("FILE", [(1, f"{line} what comes later")]))
    assert not recogniser(Source("FILE", [(1, f"words {line}")]))
    assert not recogniser(Source("FILE", [(1, "x" * (perline.LOOKED_IN + 1))]))
