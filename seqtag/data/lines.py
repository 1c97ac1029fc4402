"""A text file as numbered lines, of any size in constant memory: the one place that knows about bytes.

Only LF ends a line, with one CR before it taken off; every other character at which Python's ``splitlines``
would break (U+0085, U+2028, form feed ...) is data. A byte order mark at the start of the file is taken off.
Gzip is recognised by its first bytes. Whatever is not UTF-8 text is refused with its line.
"""

import gzip
import sys
import zlib
from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from os import PathLike
from pathlib import Path
from typing import cast

from seqtag.errors import DataError

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 28
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


def lines(path: str | PathLike[str]) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file, plain or gzip, each with its number from 1; "-" is standard input.

    A last line without a line end counts; an empty file has no lines. DataError for a file that cannot be
    read, is not UTF-8, holds NUL, or ends its lines with CR alone.
    """
    name = shown(path)
    try:
        if name == "<stdin>":
            stdin = sys.stdin.buffer
            if not isinstance(stdin, BufferedReader):
                stdin = BufferedReader(cast(RawIOBase, stdin))
            yield from _read(stdin, name)
        elif Path(path).is_dir():
            raise DataError(name, None, "is a folder; expected a file")
        else:
            with open(path, "rb") as file:
                yield from _read(file, name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(name, None, f"cannot be read: {_reason(error)}") from error


def shown(path: str | PathLike[str]) -> str:
    """The path as messages name it."""
    return "<stdin>" if str(path) == "-" else str(path)


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the gzip file ends too early"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return f"the gzip file is damaged ({error})"
    return getattr(error, "strerror", None) or str(error)


def _read(file: BufferedReader, name: str) -> Iterator[tuple[int, str]]:
    """Decodes and splits a block at a time, which is several times faster than a line at a time."""
    if file.peek(len(_GZIP)).startswith(_GZIP):
        file = BufferedReader(gzip.GzipFile(fileobj=file))
    number = 1
    for block in _whole_lines(file, name):
        if number == 1:
            _refuse_other_encodings(block, name)
            block = block.removeprefix(_BOM)
        text = _decode(block, name, number)
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        found = text.split("\n")
        if not found[-1]:
            found.pop()  # nothing comes after the last line end
        yield from enumerate(found, number)
        number += len(found)


def _whole_lines(file: BufferedReader, name: str) -> Iterator[bytes]:
    """Blocks that end with a line end, but for the last; what is typed into a terminal comes line by line."""
    pending: list[bytes] = []
    while block := file.read1(_BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*pending, block[:end]])
            pending.clear()
        pending.append(block[end:])
        if sum(map(len, pending)) > _LONGEST_LINE:
            raise DataError(name, None, f"has a line of more than {_LONGEST_LINE >> 20} MiB; is it text?")
    if rest := b"".join(pending):
        yield rest


def _refuse_other_encodings(start: bytes, name: str) -> None:
    if start.startswith(_WIDE_BOMS):
        raise DataError(name, 1, "the file is UTF-16 or UTF-32; expected UTF-8")
    if b"\n" not in start[:-1] and b"\r" in start.rstrip(b"\r\n"):
        raise DataError(name, 1, "the lines end with CR alone (old Mac); expected LF or CRLF")


def _decode(block: bytes, name: str, number: int) -> str:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = number + block.count(b"\n", 0, error.start)
        raise DataError(
            name, line, f"byte 0x{block[error.start]:02X} is not UTF-8; expected a file in UTF-8"
        ) from error
    if "\0" in text:
        line = number + text.count("\n", 0, text.index("\0"))
        raise DataError(
            name, line, "holds a NUL byte; expected text in UTF-8 (is it UTF-16, or not text at all?)"
        )
    return text
