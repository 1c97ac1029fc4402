"""Compressed files are recognised by their first bytes, and unpacked as far as they can be text.

A file that unpacks to far more than text does is refused; so is one that asks for too much memory.
"""

import gzip
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from seqtag.support.errors import DataError, MissingPackage
from seqtag.support.extras import install_line
from seqtag.support.quoting import counted, quoted

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

FREE_BYTES = 1 << 27  # a compressed file may unpack to so much at any rate, ...
MOST_PACKED = 200  # ... to more only if it is not packed tighter than this: text is packed 3 to 10 times
MOST_MEMORY = 1 << 28  # bytes to unpack an xz file with; "xz -9" asks for a quarter of it
_PIECE = 1 << 16  # bytes that are unpacked at once
_NAMED = 5  # members of a zip archive that a message names
_STORED, _DEFLATED = (
    0,
    8,
)  # of the methods in zip archives, those of which zipfile reads no more at once than is asked
_ENDINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
_Errors = tuple[type[Exception], ...]


def ending(path: str | PathLike[str]) -> str:
    """The last ending of the path if it is that of a compressed file, such as ".gz"; else ""."""
    return next((one for one in _ENDINGS if str(path).lower().endswith(one)), "")


def without_ending(path: str | PathLike[str]) -> str:
    """The path without the last ending of a compressed file."""
    return str(path)[: len(str(path)) - len(ending(path))]


def unpacked(file: BufferedReader, name: str) -> BufferedReader:
    """The content of a file if it is compressed, else the file itself.

    Reading it raises DataError if the file is damaged, unpacks to far more than text does, or is a zip archive of
    anything but one file; MissingPackage for zst without the package.

    Args:
        file: The file, open for reading.
        name: As messages name it.
    """
    start = file.peek(_LONGEST_START)
    for kind in _KINDS:
        if start.startswith(kind.begins):
            return BufferedReader(_Unpacked(kind, file, name))
    return file


def is_packed(begin: bytes) -> bool:
    """Whether a file that begins with these bytes is compressed."""
    return any(begin.startswith(kind.begins) for kind in _KINDS)


class _Content(Protocol):
    """What is read of a compressed file."""

    def read1(self, size: int, /) -> bytes: ...


class _Unpacker(Protocol):
    """A decompressor of the standard library, for one stream."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Counted:
    """A file with the bytes that were read counted."""

    def __init__(self, file: BufferedReader) -> None:
        self.file = file
        self.count = 0

    def read(self, size: int) -> bytes:
        block = self.file.read1(size)
        self.count += len(block)
        return block


@dataclass(frozen=True)
class _Kind:
    """A kind of compressed files.

    Attributes:
        name: As messages call it.
        begins: What such a file may start with.
        read: Opens one, and says which exceptions then stand for a damaged file.
    """

    name: str
    begins: tuple[bytes, ...]
    read: Callable[[_Counted], tuple[_Content, _Errors]]


class _Refused(Exception):
    """A zip archive that is not read, and why."""


class _Unpacked(RawIOBase):
    """The content of a compressed file, which is opened with the first byte that is read."""

    def __init__(self, kind: _Kind, file: BufferedReader, name: str) -> None:
        self._kind = kind
        self._source = _Counted(file)
        self._name = name
        self._content: _Content | None = None
        self._errors: _Errors = ()
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        at = 0
        while at < len(buffer) and (block := self._read(len(buffer) - at)):
            buffer[at : at + len(block)] = block
            at += len(block)
            if not self._source.file.seekable():
                break  # more may be long in coming
        self._count += at
        if self._count > max(FREE_BYTES, MOST_PACKED * self._source.count):
            raise DataError(
                self._name,
                None,
                f"unpacks to more than {MOST_PACKED} times its size, beyond {FREE_BYTES >> 20} MiB; is it text?",
            )
        return at

    def _read(self, size: int) -> bytes:
        what = f"cannot be read: the {self._kind.name} file"
        try:
            if self._content is None:
                self._content, self._errors = self._kind.read(self._source)
            return self._content.read1(size)
        except _Refused as problem:
            raise DataError(self._name, None, str(problem)) from None
        except EOFError as problem:
            raise DataError(self._name, None, f"{what} ends too early") from problem
        except self._errors as problem:
            if isinstance(problem, OSError) and problem.errno is not None:
                raise  # of the file itself
            state = "needs too much memory" if "emory" in str(problem) else "is damaged"
            raise DataError(self._name, None, f"{what} {state} ({problem})") from problem


class _Streams:
    """The content of one compressed stream after the other; zeros may follow each."""

    def __init__(self, source: _Counted, unpacker: Callable[[], _Unpacker]) -> None:
        self._source = source
        self._new = unpacker
        self._now = unpacker()

    def read1(self, size: int, /) -> bytes:
        """Some of the content, at most `size` bytes; none at its end, EOFError within a stream that is cut off."""
        while True:
            packed = b""
            if self._now.eof:
                packed = self._next_stream()
                if not packed:
                    return b""
                self._now = self._new()
            elif self._now.needs_input:
                packed = self._source.read(_PIECE)
                if not packed:
                    raise EOFError
            if block := self._now.decompress(packed, size):
                return block

    def _next_stream(self) -> bytes:
        """The first bytes of another stream; none if there is no other."""
        packed = self._now.unused_data
        while not packed.lstrip(b"\0"):
            packed = self._source.read(_PIECE)
            if not packed:
                break
        return packed.lstrip(b"\0")


# ---- the kinds


def _read_gzip(source: _Counted) -> tuple[_Content, _Errors]:
    return gzip.GzipFile(fileobj=cast(IO[bytes], source)), (gzip.BadGzipFile, zlib.error)


def _read_bz2(source: _Counted) -> tuple[_Content, _Errors]:
    import bz2

    return _Streams(source, bz2.BZ2Decompressor), (OSError,)


def _read_xz(source: _Counted) -> tuple[_Content, _Errors]:
    import lzma

    return _Streams(source, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY)), (lzma.LZMAError,)


def _read_zst(source: _Counted) -> tuple[_Content, _Errors]:
    zstd = zstandard()
    return _Streams(source, zstd.ZstdDecompressor), (zstd.ZstdError,)


def _read_zip(source: _Counted) -> tuple[_Content, _Errors]:
    """The only file of an archive; folders and what macOS adds do not count."""
    import zipfile

    if not source.file.seekable():
        raise _Refused("is a zip archive in a pipe; give its path, or unpack it with unzip -p")
    source.count = source.file.seek(0, os.SEEK_END)  # it is not read in order: all of it counts
    if not zipfile.is_zipfile(source.file):
        raise EOFError
    errors = (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError)
    try:
        archive = zipfile.ZipFile(source.file)
        return cast(_Content, archive.open(_only_member(archive))), errors
    except errors as problem:
        raise _Refused(f"cannot be read: the zip file is damaged ({problem})") from problem


def _only_member(archive: "ZipFile") -> "ZipInfo":
    members = [
        one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(quoted(one.filename) for one in members[:_NAMED])
        more = ", ..." if len(members) > _NAMED else ""
        which = f" ({names}{more})" if members else ""
        raise _Refused(f"is a zip archive of {counted(len(members), 'file')}{which}; expected one file in it")
    if members[0].flag_bits & 1:
        raise _Refused("is an encrypted zip archive; unpack it first")
    if members[0].compress_type not in (_STORED, _DEFLATED):
        raise _Refused("is a zip archive without deflate, the usual compression; unpack it first")
    return members[0]


def zstandard() -> Any:
    """The module; Python has one of its own from 3.14 on."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as problem:
        raise MissingPackage(
            f"Zstandard (.zst) needs the package backports.zstd, which is not installed: {install_line('zstd')}"
        ) from problem
    return zstd


_KINDS = (
    _Kind("gzip", (b"\x1f\x8b",), _read_gzip),
    # Three letters would begin many a text: the start of the first block, or of the end, belongs to it.
    _Kind(
        "bz2",
        tuple(
            b"BZh%d%b" % (level, block) for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90")
        ),
        _read_bz2,
    ),
    _Kind("xz", (b"\xfd7zXZ\0",), _read_xz),
    # A frame, or one that readers skip, which pzstd writes first.
    _Kind(
        "zst",
        (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        _read_zst,
    ),
    _Kind("zip", (b"PK\x03\x04", b"PK\x05\x06"), _read_zip),
)
_LONGEST_START = max(len(start) for kind in _KINDS for start in kind.begins)
