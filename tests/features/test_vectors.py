"""Pretrained vectors: what is read, what is stored, what is found, and what is refused."""

import bz2
import gzip
import io
import lzma
import mmap
import random
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import seqtag.features.binary_vectors as binary_module
import seqtag.features.vectors as module
from seqtag.features.vector_files import read
from seqtag.features.vectors import Coverage, Vectors
from seqtag.support.errors import DataError, ModelError

TEXT = "the 0.5 -1 2e-1\ncat 1 2 3\n. . . 4 5 6\na\u00a0b 7 8 9\n\x85 1 1 1\nname@b.com -.5 5. +1E1\n"
WORDS = ["the", "cat", ". . .", "a\u00a0b", "\x85", "name@b.com"]
VALUES: list[list[float]] = [[0.5, -1, 0.2], [1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 1], [-0.5, 5, 10]]


def binary(words: list[str | bytes], values: list[list[float]], end: bytes = b"\n") -> bytes:
    """As word2vec writes it; as gensim does with no `end`."""
    records = [
        (word.encode() if isinstance(word, str) else word) + b" " + struct.pack(f"<{len(row)}f", *row) + end
        for word, row in zip(words, values, strict=True)
    ]
    return f"{len(words)} {len(values[0])}\n".encode() + b"".join(records)


def content_of(vectors: Vectors, words: list[str]) -> NDArray[np.float32]:
    rows = vectors.rows(words)
    assert rows.dtype == np.int64
    assert rows.tolist() == list(range(len(words)))
    assert len(vectors) == len(words)
    found = vectors.gather(rows)
    assert found.dtype == np.float32
    return found


def some_vectors(count: int = 50, dim: int = 4) -> tuple[list[str], NDArray[np.float32], Vectors]:
    words = [f"word{number}" for number in range(count)]
    values = np.random.default_rng(1).normal(size=(count, dim)).astype(np.float32)
    return words, values, Vectors.from_words(words, values)


# ---- files that are read


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "6 3\n" + TEXT,
        "\ufeff6 3\n" + TEXT,
        ("6 3\n" + TEXT).replace("\n", "\r\n"),
        TEXT.replace("\n", " \n"),  # word2vec writes a space after each value
        TEXT.replace(" -1", "\t-1").replace(" 2 3", "   2  3"),
        TEXT + "\n \n",
        TEXT.removesuffix("\n"),
    ],
)
def test_text(tmp_path: Path, content: str, packed: bool) -> None:
    path = tmp_path / "vectors.bin"  # a wrong name: the content decides
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    vectors = read(path)
    assert vectors.dim == 3
    np.testing.assert_allclose(content_of(vectors, WORDS), VALUES, rtol=2**-11)
    assert vectors.warnings == ()
    assert vectors.duplicates == 0


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("block", [1 << 22, 5])
def test_binary(
    tmp_path: Path, end: bytes, packed: bool, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary_module, "BLOCK", block)
    path = tmp_path / "vectors.txt"
    words = [word.replace(" ", "_") for word in WORDS]
    content = binary(list(words), VALUES, end)
    path.write_bytes(gzip.compress(content) if packed else content)
    vectors = read(path)
    np.testing.assert_allclose(content_of(vectors, words), VALUES, rtol=2**-11)
    assert vectors.warnings == ()


@pytest.mark.parametrize("content", [TEXT.encode(), binary([str(number) for number in range(6)], VALUES)])
def test_every_kind_of_compression(tmp_path: Path, content: bytes) -> None:
    plain, path = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(content)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("vectors", content)
    for packed in (bz2.compress(content), lzma.compress(content), archive.getvalue()):
        path.write_bytes(packed)
        assert read(path).packed() == read(plain).packed()


def test_a_zip_archive_of_several_files_names_them(tmp_path: Path) -> None:
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as file:
        for dim in (50, 100):
            file.writestr(f"glove.{dim}d.txt", TEXT)
    with pytest.raises(DataError) as caught:
        read(path)
    message = "is a zip archive of 2 files ('glove.50d.txt', 'glove.100d.txt'); expected one file in it"
    assert str(caught.value) == f"{path}: {message}"


def test_binary_numbers_that_look_like_text_at_first(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    numbers = struct.unpack(
        "<3f", b"\n1 2\n3 4\n5 \x80"
    )  # three lines of numbers, and then a byte of no text
    path.write_bytes(binary(["a"], [list(numbers)], b""))
    assert read(path).rows(["a"]).tolist() == [0]
    path.write_bytes(binary(["a"], [[0, 0]]))  # its zeros are UTF-8
    assert read(path).gather(np.array([0])).tolist() == [[0, 0]]
    path.write_bytes(b"2 3\na 1 2 3\ncaf\xe9 4 5 6\n")  # and this is text, which is not UTF-8
    with pytest.raises(DataError, match=r":3: byte 0xE9 is not UTF-8"):
        read(path)
    path.write_text("2 3\na 1 2\nbbbbbbb\u00e9 4 5 6\n")  # 12 bytes after "a " end within a character
    with pytest.raises(DataError, match=r":2: has 2 values; expected 3, as line 1 says"):
        read(path)


def test_a_word_may_be_a_number_in_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text("1 2 3\n2 4 5\n")
    assert content_of(read(path), ["1", "2"]).tolist() == [[2, 3], [4, 5]]


def test_the_first_word_may_hold_spaces(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text(". . 2 3\nb 4 5\nc 4 5\n")
    assert read(path).rows([". .", "b"]).tolist() == [0, 1]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert len(read("-")) == 6


def test_many_blocks(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    words = [f"w{number}" if number % 7 else f"w {number}x" for number in range(5000)]
    path.write_text("".join(f"{word} {number} 1\n" for number, word in enumerate(words)))
    found = content_of(read(path), words)
    np.testing.assert_allclose(found[:, 0], np.arange(5000), rtol=2**-11)
    with path.open("a") as file:
        file.write("bad 1 x\n")
    with pytest.raises(DataError, match=r":5001: value 2 of 2 is 'x'"):
        read(path)


def test_a_wrong_count_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text("2000000 2\na 1 2\nb 3 4\n")
    vectors = read(path)
    assert len(vectors) == 2
    assert vectors.warnings == (f"{path}:1: the count is 2000000, but 2 lines followed",)


def test_the_first_of_equal_words_holds(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text("4 2\na 1 2\nb 3 4\na 5 6\nc 7 8\n")
    vectors = read(path)
    assert content_of(vectors, ["a", "b", "c"]).tolist() == [[1, 2], [3, 4], [7, 8]]
    assert vectors.duplicates == 1
    assert vectors.warnings == (f"{path}: 1 line left out: the word had come before",)


@pytest.mark.parametrize("header", ["6 5\n", ""])
def test_blank_words_are_left_out(tmp_path: Path, header: str) -> None:
    """GoogleNews has one, written as text."""
    path = tmp_path / "vectors"
    values = " 0.5 1 -1 2e-1 0\n"
    path.write_text(header + "".join(word + values for word in ("the", "", "of", " ", "\t", ".")))
    vectors = read(path)
    assert vectors.rows(["the", "of", "."]).tolist() == [0, 1, 2]
    assert len(vectors) == 3
    assert vectors.warnings == (f"{path}: 3 lines left out: the word is blank",)


def test_a_block_of_blank_words(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text("a 1 2\n" * 1024 + " 1 2\n" * 1024 + "b 3 4\n")
    assert read(path).rows(["a", "b"]).tolist() == [0, 1]


def test_words_that_end_with_numbers_where_the_first_line_gives_the_dim(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    words = ["a", "b", "c", "R$ 0", "1 2", "7", "1 2 3"]
    rows = "".join(f"{word} {number} 1\n" for number, word in enumerate(words))
    path.write_text(f"{len(words)} 2\n{rows}")
    assert content_of(read(path), words)[:, 0].tolist() == list(range(len(words)))
    with path.open("a") as file:
        file.write("R$ x 1\n")
    with pytest.raises(DataError, match=r":9: value 1 of 2 is 'x'"):
        read(path)
    path.write_text(rows)
    with pytest.raises(DataError, match=r":4: has 3 values; expected 2, as most lines have"):
        read(path)


def test_many_equal_words_move_the_table(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    words = [f"w{number % 3000}" for number in range(9000)]
    path.write_text("".join(f"{word} {number % 2000} 1\n" for number, word in enumerate(words)))
    vectors = read(path)
    assert vectors.duplicates == 6000
    expected = [number % 2000 for number in range(3000)]
    np.testing.assert_allclose(content_of(vectors, words[:3000])[:, 0], expected, rtol=2**-11)
    assert len(vectors.packed()) < 3000 * 40


def test_words_of_a_binary_file_that_are_cut_within_a_character_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(binary(["a", "日".encode()[:2], "b"], [[1, 2], [3, 4], [5, 6]]))
    vectors = read(path)
    assert content_of(vectors, ["a", "b"]).tolist() == [[1, 2], [5, 6]]
    assert vectors.warnings == (f"{path}: 1 word left out: not UTF-8",)


# ---- files that are refused

NUMBER = "expected a finite 32-bit number"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "FILE: holds no vectors; expected a word and its values in each line"),
        (b"\n\n", "FILE: holds no vectors; expected a word and its values in each line"),
        (b"3 2\n", "FILE: holds no vectors; expected a word and its values in each line"),
        (gzip.compress(b"", mtime=0), "FILE: holds no vectors; expected a word and its values in each line"),
        (b"a\nb\n", "FILE:1: vectors of 0 values; expected 1 to 16384 after a word"),
        (b"1 99999\na 1\n", "FILE:1: vectors of 99,999 values; expected 1 to 16384 after a word"),
        (b"a 1 2\nb 1\nc 1 2\n", "FILE:2: has 1 value; expected 2, as most lines have"),
        (b"a 1\nb 1 2\nc 1 2\n", "FILE:1: has 1 value; expected 2, as most lines have"),
        (b"a 1 2\nb 1 2 3\nc 1 2\n", "FILE:2: has 3 values; expected 2, as most lines have"),
        (b"1 3\na 1 2\n", "FILE:2: has 2 values; expected 3, as line 1 says"),
        (b"a 1 2\nx y 1\nc 1 2\n", "FILE:2: value 1 of 2 is 'y'; " + NUMBER),
        (b"a 1 2\nx y z 1\nc 1 2\n", "FILE:2: has 1 value; expected 2, as most lines have"),
        (b"a 1 2\nb\nc 1 2\n", "FILE:2: has 0 values; expected 2, as most lines have"),
        (b"a 1 2\n\nc 1 2\n", "FILE:2: is blank; expected a word and its values"),
        (b"a 1 2\n x 2\nc 1 2\n", "FILE:2: has no word before its 2 values"),
        (b"2 2\n 1 2\n  1 2\n", "FILE: holds no vectors with a word"),
        # A first line that says something else than all others say nothing about the words.
        (b"2 2\na 1 2 3\nb 1 2 3\n", "FILE:2: has 3 values; expected 2, as line 1 says"),
        (
            b"a 1 2\nb 1 " + b"9" * 100_000 + b"\n",
            f"FILE:2: value 2 of 2 is '{'9' * 37}...{'9' * 38}'; {NUMBER}",
        ),
        (b"a 1 2\nb 1 nan\n", "FILE:2: value 2 of 2 is 'nan'; " + NUMBER),
        (b"a 1 2\nb -inf 1\n", "FILE:2: value 1 of 2 is '-inf'; " + NUMBER),
        (b"a 1 2\nb 1e39 1\n", "FILE:2: value 1 of 2 is '1e39'; " + NUMBER),
        (b"a 1 2\nb 1e999 1\n", "FILE:2: value 1 of 2 is '1e999'; " + NUMBER),
        (b"a 1 2\nb 1 0x10\n", "FILE:2: value 2 of 2 is '0x10'; " + NUMBER),
        (b"a 1 2\nb 1 1_0\n", "FILE:2: value 2 of 2 is '1_0'; " + NUMBER),
        (b"a 1 2\nb 1 1,5\n", "FILE:2: value 2 of 2 is '1,5'; " + NUMBER),
        (b"a 1 2\nb 1 -\n", "FILE:2: value 2 of 2 is '-'; " + NUMBER),
        ("a 1 2\nb 1 \u0663\n".encode(), "FILE:2: value 2 of 2 is '\u0663'; " + NUMBER),
        (b"a 1 2\nb 1+2 3\n", "FILE:2: value 1 of 2 is '1+2'; " + NUMBER),
        (b"a 1 2\nb 1 \x0b\n", "FILE:2: value 2 of 2 is '\\x0b'; " + NUMBER),
        (b"a 1 2 3\nb 1  2\nc 1 2 3\n", "FILE:2: has 2 values; expected 3, as most lines have"),
        # What NumPy reads as two numbers must not make up for one that is missing elsewhere.
        (b"a 1 2 3\nb 1  2\nc 1\x0b2 3 4\n", "FILE:2: has 2 values; expected 3, as most lines have"),
        (b"a 1 2\nb 1+1 e\n", "FILE:2: value 1 of 2 is '1+1'; " + NUMBER),
        (b"a 1 2\ncaf\xe9 1 2\n", "FILE:2: byte 0xE9 is not UTF-8; expected a file in UTF-8"),
        (b"PK\x03\x04\n", "FILE: cannot be read: the zip file ends too early"),
        (b"\xba\x16\x4f\x2f\n", "FILE: is a fastText model; expected vectors: its .vec file"),
        (gzip.compress(b"a 1 2\n" * 99, mtime=0)[:-9], "FILE: cannot be read: the gzip file ends too early"),
        # word2vec's binary form
        (binary(["a", "b"], [[1, 2], [3, 4]])[:-2], "FILE: ends within word 2 of 2; is the file cut off?"),
        (
            binary(["a"], [[1, 2]]).replace(b"1", b"7", 1),
            "FILE: ends within word 2 of 7; is the file cut off?",
        ),
        (
            binary(["a", "b"], [[1, 2], [3, 4]]).replace(b"2", b"1", 1),
            "FILE: goes on after the 1 word that its first line counts",
        ),
        (binary(["a", ""], [[1, 2], [3, 4]]), "FILE: word 2 is empty; is the file damaged?"),
        (
            binary(["a", "b"], [[1, 2], [3, float("nan")]]),
            "FILE: word 2 ('b'): value 2 of 2 is nan; " + NUMBER,
        ),
        (
            binary(["b" * 60_000], [[1, float("nan")]]),
            f"FILE: word 1 ('{'b' * 37}...{'b' * 38}'): value 2 of 2 is nan; {NUMBER}",
        ),
        (binary(["a"], [[float("-inf"), 0]]), "FILE: word 1 ('a'): value 1 of 2 is -inf; " + NUMBER),
        (
            binary(["a", "b" * 70_000], [[1, 2], [3, 4]]),
            "FILE: word 2 of 2 has no end; is the file damaged?",
        ),
        (binary([b"\xff"], [[1, 2]]), "FILE: holds no word in UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(message.replace("FILE", str(path)))


def test_a_damaged_gzip_of_the_binary_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    values = np.random.default_rng(1).normal(size=(100_000, 4)).tolist()
    path.write_bytes(gzip.compress(binary([f"w{number}" for number in range(100_000)], values), 1)[:-9])
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: cannot be read: ")


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a folder; expected a file"
    with pytest.raises(DataError) as caught:
        read(tmp_path / "missing")
    assert str(caught.value) == f"{tmp_path / 'missing'}: cannot be read: No such file or directory"


# ---- the table

forms = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(-(2.0**127), 2.0**127, width=32)


@given(
    table=st.integers(1, 5).flatmap(
        lambda dim: st.dictionaries(
            forms, st.lists(numbers, min_size=dim, max_size=dim), min_size=1, max_size=20
        )
    ),
    absent=st.lists(forms, max_size=5),
    mapped=st.booleans(),
)
def test_what_is_packed_is_found(table: dict[str, list[float]], absent: list[str], mapped: bool) -> None:
    words = list(table)
    values = np.array(list(table.values()), np.float32)
    packed = Vectors.from_words(words, values).packed()
    if mapped:
        buffer = mmap.mmap(-1, len(packed))
        buffer.write(packed)
        vectors = Vectors.unpack(buffer)
    else:
        vectors = Vectors.unpack(packed)
    assert vectors.packed() == packed
    found = content_of(vectors, words)
    largest = np.abs(values.astype(np.float64)).max(axis=1, keepdims=True)
    # Eleven bits of each value, and what is far below the largest value of its row counts from that.
    bounds = np.maximum(np.abs(values.astype(np.float64)) * 2.0**-11, largest * 2.0**-39)
    assert (np.abs(found.astype(np.float64) - values) <= bounds + 2.0**-149).all()
    wanted = [*absent, *words]
    assert vectors.rows(wanted).tolist() == [words.index(form) if form in table else -1 for form in wanted]


def test_the_first_of_equal_words_holds_in_from_words() -> None:
    vectors = Vectors.from_words(["a", "b", "a"], np.array([[1], [2], [3]], np.float32))
    assert content_of(vectors, ["a", "b"]).tolist() == [[1], [2]]
    assert vectors.duplicates == 1


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ([], np.zeros((0, 2))),
        (["a"], np.zeros((2, 2))),
        (["a"], np.zeros((1, 0))),
        (["a"], np.zeros(1)),
        (["a"], np.array([[np.nan]])),
        (["a"], np.array([[2.1e38]])),
    ],
)
def test_from_words_refuses_what_is_no_table(words: list[str], values: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="vectors"):
        Vectors.from_words(words, values)


def test_an_outlier_costs_no_other_row_its_precision() -> None:
    values = np.array([[1e30, 1], [0.3, 1e-6], [1e-30, -3e-30], [0, 0]], np.float32)
    vectors = Vectors.from_words(["a", "b", "c", "d"], values)
    np.testing.assert_allclose(vectors.gather(np.arange(4))[1:], values[1:], rtol=2**-11)


def test_gather_has_zeros_where_a_row_is_missing() -> None:
    _, values, vectors = some_vectors()
    found = vectors.gather(np.array([-1, 3, -1, 0]))
    np.testing.assert_allclose(found[[1, 3]], values[[3, 0]], rtol=2**-11)
    assert not found[[0, 2]].any()
    assert vectors.gather(vectors.rows([])).shape == (0, 4)
    assert not vectors.gather(np.array([-1])).any()


def test_a_hash_decides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "hash_of", lambda form: b"\7" * 8)
    words, values, vectors = some_vectors()
    np.testing.assert_allclose(content_of(vectors, words), values, rtol=2**-11)
    assert vectors.rows(["none", "word7", "word", "word77"]).tolist() == [-1, 7, -1, -1]
    path = tmp_path / "vectors"
    path.write_text("a 1\nb 2\na 3\nc 4\nb 5\n")
    assert content_of(read(path), ["a", "b", "c"]).tolist() == [[1], [2], [4]]
    with pytest.raises(ValueError, match="more than 64 words have the same hash"):
        some_vectors(65)


def test_hashes_that_are_sometimes_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "hash_of", lambda form: bytes([zlib.crc32(form) % 50]) + bytes(7))
    words, values, vectors = some_vectors(400)
    np.testing.assert_allclose(content_of(vectors, words), values, rtol=2**-11)
    assert (vectors.rows([f"other{number}" for number in range(300)]) == -1).all()


def test_the_order_of_forms() -> None:
    table = ["Foo", "foo", "bar", "A0", "a00", "00", "##", "b0", "B##"]
    vectors = Vectors.from_words(table, np.ones((len(table), 2), np.float32))
    words = ["Foo", "FOO", "BAR", "bar", "A7", "A73", "a00", "12", "B9", "B19", "x", "", "1234", "B"]
    hits = ["Foo", "foo", "bar", "bar", "A0", "a00", "a00", "00", "b0", "B##", None, None, None, None]
    rows, kinds = vectors.word_rows(words)
    assert rows.tolist() == [table.index(hit) if hit else -1 for hit in hits]
    assert kinds.tolist() == [0, 1, 1, 0, 2, 2, 0, 2, 2, 2, -1, -1, -1, -1]
    assert rows.dtype == np.int64
    assert kinds.dtype == np.int8
    counted = vectors.coverage([*words, *words])
    assert counted == Coverage(exact=3, lowered=2, normalised=5, missing=4)
    assert counted.words == 14
    assert counted.found == pytest.approx(10 / 14)
    assert vectors.coverage([]).found == 0


def test_a_lone_surrogate_is_a_word_that_is_not_there() -> None:
    assert some_vectors()[2].rows(["\ud800", "word1"]).tolist() == [-1, 1]


# ---- the stored form


def test_the_stored_form_never_changes() -> None:
    packed = Vectors.from_words(["b", "é"], np.array([[1, -0.75], [3, 0]], np.float32)).packed()
    assert packed[:64] == struct.pack("<8sIIQQ32x", b"seqtagWV", 1, 2, 2, 3)
    hashes = {
        0: int.from_bytes(bytes.fromhex("8472c2e34d854f75"), "little"),
        1: int.from_bytes(bytes.fromhex("cb1abf8beff3192f"), "little"),
    }
    order = sorted(hashes, key=hashes.__getitem__)
    parts = [
        struct.pack("<4e", 16384, -12288, 24576, 0),
        struct.pack("<2Q", *(hashes[row] for row in order)),
        struct.pack("<2I", *order),
        struct.pack("<3I", 0, 1, 3),
        struct.pack("<2h", -14, -13),
        "bé".encode(),
    ]
    assert packed[64:] == b"".join(part.ljust(64, b"\0") for part in parts[:-1]) + parts[-1]


def test_the_table_is_not_copied(tmp_path: Path) -> None:
    words, values, vectors = some_vectors(1000, 500)
    path = tmp_path / "packed"
    path.write_bytes(vectors.packed())
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    tracemalloc.start()
    opened = Vectors.unpack(mapped)
    assert tracemalloc.get_traced_memory()[1] < 100_000  # the table has 1,000,000 bytes
    tracemalloc.stop()
    np.testing.assert_allclose(content_of(opened, words), values, rtol=2**-11)


def test_a_part_of_a_buffer_will_do() -> None:
    words, values, vectors = some_vectors()
    packed = vectors.packed()
    for shift in (1, 8):
        opened = Vectors.unpack(memoryview(bytes(shift) + packed)[shift:])
        np.testing.assert_allclose(content_of(opened, words), values, rtol=2**-11)
        assert opened.packed() == packed
    with pytest.raises(ValueError, match="not in one piece"):
        Vectors.unpack(memoryview(packed + packed)[::2])


def changed(packed: bytes, form: str, at: int, value: float) -> bytes:
    copy = bytearray(packed)
    struct.pack_into(form, copy, at, value)
    return bytes(copy)


# 50 words of 4 values: the parts start at these bytes.
HASHES, ORDER, OFFSETS, EXPONENTS, LAST = 512, 960, 1216, 1472, 1600


@pytest.mark.parametrize(
    ("form", "at", "value", "message"),
    [
        ("B", 0, 0, r"start with b'\x00eqtagWV'; expected b'seqtagWV'"),
        ("<I", 8, 2, "their format is 2; expected 1"),
        ("<I", 12, 0, "50 of size 0; expected 1 to 2147483647 of 1 to 16384"),
        ("<I", 12, 16385, "50 of size 16385; expected 1 to 2147483647 of 1 to 16384"),
        ("<I", 12, 5, "1890 bytes; expected 1954 by their header"),
        ("<Q", 16, 0, "0 of size 4; expected 1 to 2147483647 of 1 to 16384"),
        ("<Q", 16, 1 << 63, f"{1 << 63} of size 4; expected 1 to 2147483647 of 1 to 16384"),
        ("<Q", 16, (1 << 31) - 1, "1890 bytes; expected 55834575202 by their header"),
        ("<Q", 24, 0, "1890 bytes; expected 1600 by their header"),
        ("<Q", 24, (1 << 64) - 1, f"1890 bytes; expected {1600 + (1 << 64) - 1} by their header"),
        ("B", 40, 1, "the header does not end with zeros"),
        ("<Q", HASHES, (1 << 64) - 1, "the hashes are not in ascending order"),
        ("<I", ORDER, 50, "the order names row 50 of 50"),
        ("<I", OFFSETS, 1, "the offsets of the words do not ascend from their start to their end"),
        ("<I", OFFSETS + 40, 999, "the offsets of the words do not ascend from their start to their end"),
        ("<I", OFFSETS + 40, 0, "the offsets of the words do not ascend from their start to their end"),
        ("<I", OFFSETS + 200, 289, "the offsets of the words do not ascend from their start to their end"),
        ("<I", OFFSETS + 200, 291, "the offsets of the words do not ascend from their start to their end"),
        ("<h", EXPONENTS, 114, "an exponent is outside the range of 32-bit numbers"),
        ("<h", EXPONENTS, -127, "an exponent is outside the range of 32-bit numbers"),
    ],
)
def test_a_damaged_stored_form_is_refused(form: str, at: int, value: int, message: str) -> None:
    packed = some_vectors()[2].packed()
    assert len(packed) == LAST + 290
    with pytest.raises(ValueError, match=r"^word vectors: ") as caught:
        Vectors.unpack(changed(packed, form, at, value))
    assert str(caught.value) == "word vectors: " + message


def test_a_short_or_long_buffer_is_refused() -> None:
    packed = some_vectors()[2].packed()
    for size in range(64):
        with pytest.raises(
            ValueError, match=f"^word vectors: {size} bytes are not a header; expected 64 or more$"
        ):
            Vectors.unpack(packed[:size])
    with pytest.raises(ValueError, match=r"^word vectors: 1889 bytes; expected 1890 by their header$"):
        Vectors.unpack(packed[:-1])
    with pytest.raises(ValueError, match=r"^word vectors: 1891 bytes; expected 1890 by their header$"):
        Vectors.unpack(packed + b"\0")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_damaged_value_is_refused_when_it_is_used(value: float) -> None:
    vectors = Vectors.unpack(changed(some_vectors()[2].packed(), "<e", 64 + 8, value))
    vectors.gather(np.array([0, 2]))
    with pytest.raises(ModelError, match="holds a value that is not finite"):
        vectors.gather(np.array([0, 1]))


def test_2000_damaged_buffers_are_refused_or_harmless() -> None:
    random_ = random.Random(1)
    words, _, vectors = some_vectors(40, 3)
    packed = vectors.packed()
    refused = 0
    tracemalloc.start()
    for _ in range(2000):
        damaged = bytearray(packed)
        for _ in range(random_.choice([1, 1, 2, 8])):
            # Half of the hits go to the few bytes of the header.
            damaged[random_.randrange(random_.choice([64, len(packed)]))] ^= 1 << random_.randrange(8)
        if random_.random() < 0.2:
            del damaged[random_.randrange(len(damaged)) :]
        if random_.random() < 0.05:
            damaged += bytes(random_.randrange(99))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        try:
            opened = Vectors.unpack(bytes(damaged))
            rows = opened.rows(words)
            assert ((rows >= -1) & (rows < len(opened))).all()
            assert opened.gather(rows).shape == (len(words), opened.dim)
        except (ModelError, ValueError):
            refused += 1
        assert tracemalloc.get_traced_memory()[1] - before < 100_000
    tracemalloc.stop()
    assert 500 < refused < 2000


def test_importing_is_cheap() -> None:
    slow = {"tensorflow", "keras", "onnxruntime"}
    code = f"import seqtag.features.vector_files, sys; print(sorted({slow} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
