"""Repairs: what is changed, what is told, and that everything else stays."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.cli import run
from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.repair import repair
from seqtag.corpora.tags import parse_scheme, spans
from seqtag.support.errors import DataError, UsageError


def repaired(content: bytes | str, options: ReadOptions = AUTO, encoding: str = "") -> tuple[str, list[str]]:
    """The text, and what was done, with its lines."""
    raw = content.encode() if isinstance(content, str) else content
    result = repair(raw, "FILE", options, None, encoding)
    return result.text, [f"{one.line}: {one.message}" for one in result.repairs]


GOOD = "# text = Rome\nRome\tB-LOC\nist \tO\n\nEva\tB-PER\n"


@pytest.mark.parametrize(
    ("content", "done"),
    [
        (GOOD, []),
        ("\ufeff" + GOOD, ["1: took off the byte order mark"]),
        (GOOD.replace("Eva", "\ufeffEva"), ["5: took off the byte order mark"]),
        (GOOD.replace("\n", "\r\n"), ["1: changed the line ends to LF, from this line on"]),
        (GOOD.replace("\n", "\r"), ["1: changed the line ends to LF, from this line on"]),
        (GOOD.replace("ist \tO\n", "ist \tO\r\n"), ["3: changed the line ends to LF, from this line on"]),
        ("\n" + GOOD, ["1: left out a blank line"]),
        (GOOD.replace("\n\n", "\n\t\n\n\n"), [
            "4: emptied a line of white space", "5: left out a blank line", "6: left out a blank line",
        ]),
        (GOOD.encode("utf-16"), ["None: decoded the text from utf-16"]),
        (GOOD.encode("utf-32"), ["None: decoded the text from utf-32"]),
    ],
    ids=["good", "mark", "later mark", "CRLF", "CR", "one CRLF", "first", "blank", "UTF-16", "UTF-32"],
)  # fmt: skip
def test_layout(content: bytes | str, done: list[str]) -> None:
    assert repaired(content) == (GOOD, done)


def test_line_ends_that_were_changed_twice() -> None:
    """They are one line end each, not a blank line after each row."""
    done = ["1: changed the line ends to LF, from this line on"]
    assert repaired(GOOD.replace("\n", "\r\r\n")) == (GOOD, done)


@pytest.mark.parametrize("text", ["a\rb\tO\n", "\ufeff\ufeffa\tO\n", "b\tO\n\n\ufeff\ufeffa\tO\n"])
def test_what_is_part_of_a_line_stays(text: str) -> None:
    """A CR among LF is white space; a doubled mark stands for a token that begins with one."""
    assert repaired(text) == (text, [])


def test_rows_that_are_passed_over_stay() -> None:
    text = "\nword\ttag\n\n" + GOOD
    assert repaired(text, ReadOptions(skip_rows=3)) == (text, [])


def test_a_missing_line_end_at_the_end() -> None:
    assert repaired(GOOD.removesuffix("\n")) == (GOOD, [])


def test_letters_of_other_schemes() -> None:
    """Other columns and the spaces between them stay, even where they hold the same text."""
    text = "S-LOC  x   B-LOC\nRome   y   S-LOC\n\nEva    z   B-PER\nRuiz   z   E-PER\n"
    text += "\nBo     z   B-PER\nHolm   z   I-PER\n" * 3
    expected = text.replace("y   S-LOC", "y   B-LOC").replace("E-PER", "I-PER")
    assert repaired(text) == (expected, ["2: wrote S-LOC as B-LOC", "5: wrote E-PER as I-PER"])


def test_letters_of_other_schemes_in_another_spelling() -> None:
    text = "Rome\tLOC/S\n\n" + "Bo\tPER/B\nHolm\tPER/I\nran\t-\n\n" * 3
    found = repaired(text, ReadOptions(tag_spelling="TYPE/B", outside_tag="-"))
    assert found == (text.replace("/S", "/B"), ["1: wrote LOC/S as LOC/B"])


def test_a_sentence_per_line_stays() -> None:
    text = "Eva|B-PER Ruiz|E-PER left|O\n" + "Bo|B-PER Holm|I-PER\n" * 3
    assert repaired(text) == (text, [])
    assert repaired("\n" + text) == (text, ["1: left out a blank line"])


def test_the_tag_column() -> None:
    text = "a\tB-X\tS-X\nb\tO\tO\nc\tS-X\tS-X\n\nd\tB-X\tS-X\n"
    assert repaired(text, ReadOptions(tag_column=2))[0] == text.replace("c\tS-X", "c\tB-X")


def test_a_header_has_no_tag() -> None:
    text = "\n\nword\ttag\nc\tO\n" + "a\tB-X\nb\tI-X\n" * 9 + "d\tS-X\n"
    found, done = repaired(text, ReadOptions(skip_rows=3))
    assert found == text.replace("S-X", "B-X")
    assert [one for one in done if "wrote" in one] == ["23: wrote S-X as B-X"]


def test_ill_formed_places_are_no_spelling() -> None:
    text = "a\tO\nb\tI-X\n\nc\tB-X\n\nd\tB-X\n\ne\tB-Y\n"
    assert repaired(text) == (text, [])


def test_encodings_that_nothing_tells() -> None:
    content = "Zürich\tB-LOC\n".encode("cp1252")
    with pytest.raises(
        DataError, match="FILE:1: byte 0xFC is not UTF-8; name the encoding, as in --encoding cp1252"
    ):
        repaired(content)
    assert repaired(content, encoding="cp1252") == (
        "Zürich\tB-LOC\n", ["None: decoded the text from cp1252"],
    )  # fmt: skip
    with pytest.raises(UsageError, match="Unknown encoding 'cp0'"):
        repaired(content, encoding="cp0")
    with pytest.raises(DataError, match="FILE: is not ascii either: ordinal not in range"):
        repaired(content, encoding="ascii")


@pytest.mark.parametrize("encoding", ["iso2022_jp", "ISO-2022-JP", "utf-7"])
def test_encodings_in_ascii(encoding: str) -> None:
    """One that was named goes before UTF-8, but not where it cannot be meant."""
    text = "東京\tB-LOC\n"
    assert repaired(text.encode(encoding), encoding=encoding) == (
        text, [f"None: decoded the text from {encoding}"],
    )  # fmt: skip
    assert repaired(text, encoding=encoding) == (text, [])


def test_utf_16_without_a_mark() -> None:
    text = "Eva\tO\n\nRome\tB-LOC\n"
    for encoding in ("utf-16le", "utf-16be"):
        found = repaired(text.encode(encoding), encoding=encoding)
        assert found == (text, [f"None: decoded the text from {encoding}"])


@pytest.mark.parametrize(("encoding", "text"), [("koi8-r", "Москва\tB-LOC\n"), ("eucjp", "これは\tO\n")])
def test_the_likely_encoding_is_named(encoding: str, text: str) -> None:
    with pytest.raises(DataError, match=f"name the encoding, as in --encoding {encoding}"):
        repaired(text.encode(encoding))


WORD = st.text("aß字#-.", min_size=1, max_size=3)
TAG = st.sampled_from(["O", "B-X", "I-X", "B-Y", "S-X", "E-Y", "L-X"])
BREAK = st.sampled_from(["\n", "\n\n", " \n", "\t\n\n"])


@given(
    st.lists(
        st.tuples(st.lists(st.tuples(WORD, TAG), min_size=1, max_size=4), BREAK), min_size=1, max_size=4
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_sentences_stay(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[tuple[list[tuple[str, str]], str]],
    end: str,
    encoding: str,
) -> None:
    """Whatever is repaired: the same tokens, and tags that conlleval reads alike; a second repair finds nothing."""
    text = "".join("".join(f"x{word}\t{tag}\n" for word, tag in rows) + space for rows, space in sentences)
    scheme = parse_scheme("bio")
    result = repair(text.replace("\n", end).encode(encoding), "FILE", AUTO, scheme, "")
    path = tmp_path_factory.mktemp("repaired") / "file"
    path.write_text(result.text, encoding="utf-8")
    corpus = read_corpus(path)
    assert [one.tokens for one in corpus.sentences] == [
        tuple(f"x{word}" for word, _ in rows) for rows, _ in sentences
    ]
    for sentence, (rows, _) in zip(corpus.sentences, sentences, strict=True):
        assert spans(sentence.tags or (), scheme) == spans([tag for _, tag in rows], scheme)
    assert repair(result.text.encode(), "FILE", AUTO, scheme, "").repairs == ()


class TestCommand:
    """`check --fix`."""

    def test_the_copy_is_written_and_checked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path, copy = tmp_path / "odd", tmp_path / "copy"
        path.write_bytes(b"\xef\xbb\xbfRome\tB-LOC\r\n\r\n\r\n\r\nist\tO\r\n")
        assert run(["check", str(path), "--fix", str(copy)]) == 0
        out, err = capsys.readouterr()
        assert copy.read_bytes() == b"Rome\tB-LOC\n\nist\tO\n"
        assert f"file 1: {copy}" in out
        assert err.splitlines() == [
            f"{path}: took off the byte order mark (line 1)",
            f"{path}: changed the line ends to LF, from this line on (line 1)",
            f"{path}: left out a blank line (lines 3, 4)",
        ]
        assert run(["check", str(copy), "--fix", str(path), "--force"]) == 0
        assert capsys.readouterr().err == f"{copy}: nothing to repair\n"
        assert path.read_bytes() == copy.read_bytes()

    def test_a_file_is_replaced_only_if_asked_for(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path, other = tmp_path / "odd", tmp_path / "other"
        path.write_bytes(b"Rome\tB-LOC\r\n")
        other.write_bytes(b"not a copy")
        assert run(["check", str(path), "--fix", str(other)]) == 1
        assert f"{other}: already exists. --force replaces it." in capsys.readouterr().err
        assert other.read_bytes() == b"not a copy"
        assert run(["check", str(path), "--fix", str(other), "--force"]) == 0
        assert other.read_bytes() == b"Rome\tB-LOC\n"

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (
                ["FILE", "FILE", "--fix", "OUT"],
                "--fix takes one file, and the name of another one for the copy.",
            ),
            (["FILE", "--fix", "-"], "--fix takes one file, and the name of another one for the copy."),
            (["-", "--fix", "OUT"], "--fix takes one file, and the name of another one for the copy."),
            (["FILE", "--fix", "FILE"], "is also an input; choose a different output file."),
            (["FILE", "--force"], "--force needs --fix."),
            (["FILE", "--encoding", "cp1252"], "--encoding needs --fix: all else reads UTF-8."),
        ],
    )
    def test_refused(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        problem: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "FILE").write_text("a\tO\n")
        assert run(["check", *arguments]) == 2
        assert problem in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["FILE"]
