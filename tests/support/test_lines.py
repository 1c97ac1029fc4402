"""Lines: what ends one, what is data, and the messages for files that are no UTF-8 text."""

import gzip
import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqtag.support.lines as module
from seqtag.support.errors import DataError
from seqtag.support.lines import lines


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"\n\na", ["", "", "a"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\r\nb\n", ["a\r", "b"]),
        (b"a\nb\rc\n", ["a", "b\rc"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb\xbf\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["\ufeffa", "\ufeffb"]),
        ("a\u2028b\x85c\x0cd\x1ee\n\u00a0\n".encode(), ["a\u2028b\x85c\x0cd\x1ee", "\u00a0"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_ends_a_line(tmp_path: Path, content: bytes, expected: list[str], packed: bool) -> None:
    path = tmp_path / "file"  # gzip is known by its content, not by its name
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(lines(path)) == list(enumerate(expected, 1))


@settings(max_examples=200, deadline=None)
@given(
    content=st.lists(
        st.sampled_from(["a", "é", "😀", "\n", "\r\n", "\u2028", "bc\n", "\ufeff", "\n\ufeff", "\t", " "]),
        max_size=40,
    )
)
def test_small_blocks_give_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, content: list[str]
) -> None:
    text = "".join(content)
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(text.encode())
    expected = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not expected[-1]:
        expected.pop()
    wanted = [
        number
        for number, line in enumerate(expected, 1)
        if number > 1 and line[:1] == "\ufeff" and line[1:2] not in ("", "\t", " ")
    ]
    without = [line[1:] if number in wanted else line for number, line in enumerate(expected, 1)]
    marks: list[tuple[int, bool]] = []
    for block in (3, 1000):
        marks.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "BLOCK", block)
            assert list(lines(path)) == list(enumerate(expected, 1))
            assert list(lines(path, lambda *mark: marks.append(mark))) == list(enumerate(without, 1))
        assert marks == [(number, expected[number - 1][1] == "\ufeff") for number in wanted]


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.text("\ufeff\t a", max_size=4), max_size=6), first=st.booleans())
def test_marks_that_are_written_are_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], first: bool
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    text = "".join(f"{row}\n" for row in rows)
    path.write_text(("" if first else "first\n") + module.with_marks(text, first=first), "utf-8")
    found = [line for _, line in lines(path, lambda number, _: None)]
    assert found == ([] if first else ["first"]) + rows


def if_it_is(name: str) -> str:
    converts = f"`seqtag check FILE --fix OUT --encoding {name}` converts a corpus"
    return f"; if it is {name}, {converts}, and `iconv -f {name} -t utf-8` any text"


WIDE = "the file is UTF-16 or UTF-32; expected UTF-8; `seqtag check FILE --fix OUT` converts a corpus"
NUL = "holds a NUL byte; expected text in UTF-8 (is it UTF-16, or not text at all?)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9\n", "FILE:1: byte 0xE9 is not UTF-8; expected a file in UTF-8" + if_it_is("cp1252")),
        (
            "a\n東京に行った\n".encode("eucjp"),
            "FILE:2: byte 0xC5 is not UTF-8; expected a file in UTF-8" + if_it_is("eucjp"),
        ),
        # damaged UTF-8, or no text
        (
            "Æneas så Ærø".encode() * 3 + b"\xed\xa0\n",
            "FILE:1: byte 0xED is not UTF-8; expected a file in UTF-8",
        ),
        (b"a\nb\n\1\xff\xfe\n", "FILE:3: byte 0xFF is not UTF-8; expected a file in UTF-8"),
        ("a\tO\n".encode("utf-16"), f"FILE:1: {WIDE}"),
        ("a\tO\n".encode("utf-32"), f"FILE:1: {WIDE}"),
        ("a\n".encode("utf-16le"), f"FILE:1: {NUL}" + if_it_is("utf-16le")),
        ("a\n".encode("utf-16be"), f"FILE:1: {NUL}" + if_it_is("utf-16be")),
        (
            "ü\n".encode("utf-16be"),
            "FILE:1: byte 0xFC is not UTF-8; expected a file in UTF-8" + if_it_is("utf-16be"),
        ),
        (b"a\nb\0\n", f"FILE:2: {NUL}"),
        (b"a\tO\rb\tO\r", "FILE:1: lines end with CR alone (old Mac); expected LF or CRLF"),
        (b"a\tO\rb\tO\r\r\n", "FILE:1: lines end with CR alone (old Mac); expected LF or CRLF"),
        (gzip.compress(b"a\n" * 99, mtime=0)[:-9], "FILE: cannot be read: the gzip file ends too early"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(lines(path))
    assert str(caught.value) == message.replace("FILE", str(path), 1)


def test_a_carriage_return_in_the_first_line_is_data_however_slowly_the_next_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(b"a\rb\n")
            time.sleep(0.3)
            pipe.write(b"c\n")

    writer = threading.Thread(target=write)
    writer.start()
    assert list(lines(path)) == [(1, "a\rb"), (2, "c")]
    writer.join()


def test_the_line_of_a_bad_byte_is_right_after_many_blocks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"word\tO\n" * 400_000 + b"\xff\n")
    found = lines(path)
    assert next(found) == (1, "word\tO")
    with pytest.raises(DataError) as caught:
        list(found)
    assert caught.value.line == 400_001


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    content = bytearray(gzip.compress(bytes(range(1, 100)) * 50))
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="the gzip file is damaged"):
        list(lines(path))


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        list(lines(tmp_path / "missing"))
    assert str(caught.value) == f"{tmp_path / 'missing'}: cannot be read: No such file or directory"
    with pytest.raises(DataError) as caught:
        list(lines(tmp_path))
    assert str(caught.value) == f"{tmp_path}: is a folder; expected a file"


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 1 << 20)
    path = tmp_path / "file"
    path.write_bytes(b"a" * (3 << 20))
    with pytest.raises(DataError, match="has a line of more than 1 MiB"):
        list(lines(path))


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    content = gzip.compress(b"a\nb\n") if packed else b"a\nb\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert list(lines("-")) == [(1, "a"), (2, "b")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    with pytest.raises(DataError) as caught:
        list(lines("-"))
    assert str(caught.value).startswith("<stdin>:2: byte 0xFF is not UTF-8; expected a file in UTF-8")


def test_a_line_is_handed_on_before_the_next_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody types: the first line has to come out while the pipe is still open."""
    import os

    reading, writing = os.pipe()
    with open(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(writing, b"first\n")
        found: Iterator[tuple[int, str]] = lines("-")
        assert next(found) == (1, "first")
        os.write(writing, b"second")
        os.close(writing)
        assert next(found) == (2, "second")
        assert list(found) == []
