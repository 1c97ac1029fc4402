"""Compressed files: what is recognised, and what is refused."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import threading
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

import seqtag.support.unpacking as module
from seqtag.support.errors import DataError, MissingPackage
from seqtag.support.lines import lines
from seqtag.support.unpacking import without_ending

TOP = Path(__file__).parents[2]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "zip": lambda content: zipped({"train.conll": content}),
}
STREAMS = sorted(PACK.keys() - {"zip"})
TEXT = b"".join(b"word%d\tO\n" % (number * number) for number in range(40_000))


def rows(content: bytes) -> list[tuple[int, str]]:
    return list(enumerate(content.decode().split("\n")[:-1], 1))


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], list[tuple[int, str]]]:
    """The lines of a file with this content, whose name says nothing."""

    def read(content: bytes) -> list[tuple[int, str]]:
        (tmp_path / "file").write_bytes(content)
        return list(lines(tmp_path / "file"))

    return read


@pytest.fixture
def refused(read: Callable[[bytes], object], tmp_path: Path) -> Callable[[bytes], str]:
    """The message about a file with this content."""

    def refused(content: bytes) -> str:
        with pytest.raises(DataError) as caught:
            read(content)
        return str(caught.value).removeprefix(f"{tmp_path / 'file'}: ")

    return refused


@pytest.mark.parametrize("kind", PACK)
class TestEach:
    def test_is_read(self, kind: str, read: Callable[[bytes], object]) -> None:
        assert read(PACK[kind](TEXT)) == rows(TEXT)

    def test_nothing_in_it(self, kind: str, read: Callable[[bytes], object]) -> None:
        assert read(PACK[kind](b"")) == []

    @pytest.mark.parametrize("outer", PACK)
    def test_is_packed_twice(self, outer: str, kind: str, refused: Callable[[bytes], str]) -> None:
        said = refused(PACK[outer](PACK[kind](TEXT)))
        assert said.endswith(
            " inside another compressed file, which must be unpacked first; expected text in UTF-8"
        )

    def test_is_a_tar_archive(self, kind: str, refused: Callable[[bytes], str]) -> None:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            member = tarfile.TarInfo("train.conll")
            member.size = len(TEXT)
            archive.addfile(member, io.BytesIO(TEXT))
        for content in (file.getvalue(), PACK[kind](file.getvalue())):
            said = "is a tar archive, which must be unpacked first; expected text in UTF-8"
            assert refused(content) == said

    def test_ends_too_early(self, kind: str, refused: Callable[[bytes], str]) -> None:
        content = PACK[kind](TEXT)
        for size in (12, len(content) // 2, len(content) - 3):
            assert refused(content[:size]) == f"cannot be read: the {kind} file ends too early"

    def test_is_damaged(self, kind: str, refused: Callable[[bytes], str]) -> None:
        content = bytearray(PACK[kind](TEXT))
        for place in range(len(content) // 2, len(content) // 2 + 8):
            content[place] ^= 0x5A
        assert refused(bytes(content)).startswith(f"cannot be read: the {kind} file is damaged (")

    def test_unpacks_to_far_more_than_text(
        self,
        kind: str,
        read: Callable[[bytes], object],
        refused: Callable[[bytes], str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        content = b"a O\n" * 500_000
        monkeypatch.setattr(module, "FREE_BYTES", 1 << 20)
        message = "unpacks to more than 200 times its size, beyond 1 MiB; is it text?"
        assert refused(PACK[kind](content)) == message
        monkeypatch.setattr(module, "FREE_BYTES", 1 << 21)
        assert read(PACK[kind](content)) == rows(content)

    def test_standard_input_that_is_a_file(
        self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_bytes(PACK[kind](TEXT))
        with (tmp_path / "file").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            assert list(lines("-")) == rows(TEXT)


@pytest.mark.parametrize("kind", STREAMS)
class TestStreams:
    def test_one_after_the_other(self, kind: str, read: Callable[[bytes], object]) -> None:
        for between in (b"", b"\0" * 8):
            streams = [PACK[kind](content) for content in (b"a\tO", b"", b"X\n")]
            assert read(between.join(streams)) == [(1, "a\tOX")]

    def test_zeros_after_it(self, kind: str, read: Callable[[bytes], object]) -> None:
        assert read(PACK[kind](TEXT) + b"\0" * 100_000) == rows(TEXT)

    def test_more_after_it(self, kind: str, refused: Callable[[bytes], str]) -> None:
        assert "file is damaged (" in refused(PACK[kind](TEXT) + b"more, and more")

    def test_what_has_come_through_a_pipe_is_there_at_once(self, kind: str, tmp_path: Path) -> None:
        reading, writing = os.pipe()
        packed = PACK[kind](b"first\n"), PACK[kind](b"second\n")
        with open(reading) as pipe, pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", pipe)
            os.write(writing, packed[0])
            found = lines("-")
            assert next(found) == (1, "first")
            os.write(writing, packed[1])
            os.close(writing)
            assert list(found) == [(2, "second")]


@pytest.mark.parametrize(
    "content", [b"BZh9 O\n", b"PK\tO\n", b"P*M O\n", "\u00fd7zXZ\tO\n".encode(), b"BZ", b"P"]
)
def test_text_that_begins_like_a_compressed_file(content: bytes, read: Callable[[bytes], object]) -> None:
    assert read(content) == [(1, content.decode().removesuffix("\n"))]


def test_frames_that_readers_skip(read: Callable[[bytes], object]) -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0size"
    assert read(skipped + zstd.compress(b"a\n") + skipped) == [(1, "a")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            zipped({"train.conll": b"a\n", "dev/dev.conll": b"b\n"}),
            "is a zip archive of 2 files ('train.conll', 'dev/dev.conll'); expected one file in it",
        ),
        (
            zipped({str(number): b"" for number in range(6)}),
            "is a zip archive of 6 files ('0', '1', '2', '3', '4', ...); expected one file in it",
        ),
        (zipped({"folder/": b""}), "is a zip archive of 0 files; expected one file in it"),
        (
            zipped({"a": b"a\n"}, zipfile.ZIP_LZMA),
            "is a zip archive without deflate, the usual compression; unpack it first",
        ),
        (
            zipped({"a": b"a\n"}).replace(b"\x14\0\0\0\x08", b"\x14\0\1\0\x08"),
            "is an encrypted zip archive; unpack it first",
        ),
    ],
)
def test_zip_archives_that_are_refused(content: bytes, message: str, refused: Callable[[bytes], str]) -> None:
    assert refused(content) == message


def test_one_file_among_folders_and_what_macos_adds(read: Callable[[bytes], object]) -> None:
    members = {"data/": b"", "data/a.conll": b"a\n", "__MACOSX/data/._a.conll": b"\0\5\26\7"}
    assert read(zipped(members)) == [(1, "a")]


def test_a_zip_archive_in_a_pipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[zipped({"a": b"a\n"})])
    writer.start()
    with pytest.raises(DataError) as caught:
        list(lines(path))
    writer.join()
    assert (
        str(caught.value) == f"{path}: is a zip archive in a pipe; give its path, or unpack it with unzip -p"
    )


def test_an_xz_file_that_asks_for_too_much_memory(
    refused: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_MEMORY", 1 << 20)
    assert refused(lzma.compress(b"a\n")) == (
        "cannot be read: the xz file needs too much memory (Memory usage limit exceeded)"
    )


def test_zst_without_its_package(read: Callable[[bytes], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backports", None)
    with pytest.raises(MissingPackage) as caught:
        read(zstd.compress(b"a\n"))
    assert str(caught.value) == (
        "Zstandard (.zst) needs the package backports.zstd, which is not installed: "
        "pip install '.[zstd]' in a clone of seqtag"
    )
    extras = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extras["zstd"][0].startswith("backports.zstd>=")
    assert read(bz2.compress(b"a\n")) == [(1, "a")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/b.conll.gz", "a/b.conll"), ("b.XZ", "b"), ("b.gz.zip", "b.gz"), ("b.tar", "b.tar"), ("gz", "gz")],
)
def test_the_name_without_its_last_ending(path: str, expected: str) -> None:
    assert without_ending(path) == expected
    assert without_ending(Path(path)) == expected
