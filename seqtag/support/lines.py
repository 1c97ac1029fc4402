"""A text file as numbered lines, of any size in constant memory: the one place that knows about bytes.

Only LF ends a line, with one CR before it taken off; every other character at which Python's ``splitlines``
would break (U+0085, U+2028, form feed ...) is data. A byte order mark at the start of the file is taken off;
so is one at the start of a later line, as in files that were joined, where somebody wants to know of it.
A compressed file is unpacked (see `seqtag.support.unpacking`). Whatever is not UTF-8 text is refused with its line;
so is a named pipe that nobody opens for writing.
"""

import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from io import BufferedReader, RawIOBase
from os import PathLike
from typing import cast

from seqtag.support import encodings, magic
from seqtag.support.errors import DataError
from seqtag.support.unpacking import unpacked

BLOCK = 1 << 20  # bytes that are read at once
LONGEST_LINE = 1 << 28  # bytes
MARK = "\ufeff"
_BOM = MARK.encode()
_LATER_MARK = re.compile(r"(?<=\n)\ufeff(?=[^\t \n])")  # what stands alone in its line or column is data
PATIENCE = 60.0  # seconds in which somebody has to open a named pipe for writing
_CONVERT = "`seqtag check FILE --fix OUT` converts a corpus"
Marked = Callable[[int, bool], None]
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


def lines(path: str | PathLike[str], marked: Marked | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file, plain or compressed, each with its number from 1; "-" is standard input.

    A last line without a line end counts; an empty file has no lines.

    Args:
        path: The file.
        marked: Receives the number of each line after the first from whose start a byte order mark is taken off, and
            whether another one follows, which stays; without it they stay.

    Raises:
        DataError: The file cannot be read, is not UTF-8, holds NUL, or ends its lines with CR alone.
    """
    name = shown(path)
    try:
        if name == "<stdin>":
            stdin = sys.stdin.buffer
            if not isinstance(stdin, BufferedReader):
                stdin = BufferedReader(cast(RawIOBase, stdin))
            yield from decoded(stdin, name, marked)
        else:
            with opened(path) as file:
                yield from decoded(file, name, marked)
    except OSError as error:
        raise DataError(name, None, f"cannot be read: {error.strerror or error}") from error


def content(path: str | PathLike[str]) -> bytes:
    """What a file holds, whatever it is, unpacked.

    Raises:
        DataError: The file cannot be read or unpacked.
    """
    try:
        with opened(path) as file:
            return unpacked(file, shown(path)).read()
    except OSError as error:
        raise DataError(shown(path), None, f"cannot be read: {error.strerror or error}") from error


def opened(path: str | PathLike[str]) -> BufferedReader:
    """The file, open for reading bytes.

    Raises:
        DataError: It is a folder, or a named pipe that nobody writes to.
        OSError: It cannot be opened.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as problem:  # a NUL in the name
        raise DataError(shown(path).replace("\0", "\\x00"), None, "cannot be read: no such file") from problem
    if stat.S_ISDIR(mode):
        raise DataError(shown(path), None, "is a folder; expected a file")
    return _opened_pipe(path) if stat.S_ISFIFO(mode) else open(path, "rb")


def _opened_pipe(path: str | PathLike[str]) -> BufferedReader:
    """A named pipe as soon as it has a writer: opening it waits for one, without end if it is let."""
    result: list[BufferedReader | OSError] = []
    turn = threading.Lock()
    given_up = False

    def wait() -> None:
        found: BufferedReader | OSError
        try:
            found = open(path, "rb")  # noqa: SIM115  the caller closes it
        except OSError as problem:
            found = problem
        with turn:
            if not given_up:
                result.append(found)
            elif isinstance(found, BufferedReader):
                found.close()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    with turn:
        given_up = True
    if not result:
        raise DataError(
            shown(path), None, f"is a pipe, and nobody has opened it for writing in {PATIENCE:g} seconds"
        )
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def is_regular(path: str | PathLike[str]) -> bool:
    """Whether all of a file is there already, as of one that is no pipe and no terminal."""
    try:
        status = os.fstat(sys.stdin.fileno()) if shown(path) == "<stdin>" else os.stat(path)
    except (OSError, ValueError):
        return True  # reading it will say what is wrong
    return stat.S_ISREG(status.st_mode)


def shown(path: str | PathLike[str]) -> str:
    """The path as messages name it."""
    return "<stdin>" if str(path) == "-" else str(path)


def decoded(
    file: BufferedReader, name: str, marked: Marked | None = None, number: int = 1
) -> Iterator[tuple[int, str]]:
    """The lines of an open file, as `lines` gives them.

    Args:
        file: The file.
        name: As messages name it.
        marked: As for `lines`.
        number: The number of the first line. Lines that begin with another one than 1 go on in the middle of a file:
            their first bytes do not say what it is.

    Raises:
        DataError: As for `lines`.
        OSError: The file cannot be read.
    """
    # A block at a time is several times faster than a line at a time.
    blocks = _whole_lines(unpacked(file, name) if number == 1 else file, name)
    for block in blocks:
        if number == 1:
            if block.startswith(_WIDE_BOMS):
                raise DataError(
                    name, 1, f"the file is UTF-16 or UTF-32; expected UTF-8; {_CONVERT}", "encoding"
                )
            if (kind := magic.kind(block)) is not None:
                raise DataError(name, None, f"is {kind}; expected text in UTF-8", code="other-format")
            block = block.removeprefix(_BOM)
        text = _decode(block, name, number)
        if number == 1 and "\n" not in text[:-1] and "\r" in text.rstrip("\r\n"):
            more = next(blocks, None)
            if more is None:  # but for the end of the file there is no LF
                raise DataError(name, 1, "lines end with CR alone (old Mac); expected LF or CRLF")
            text += _decode(more, name, 2)
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if marked and MARK in text:
            text = _without_marks(text, number, marked)
        found = text.split("\n")
        if not found[-1]:
            found.pop()  # nothing comes after the last line end
        yield from enumerate(found, number)
        number += len(found)


def _without_marks(text: str, number: int, marked: Marked) -> str:
    """The text, which begins with the line of that number, without a byte order mark before its later lines."""
    before = "" if number == 1 else "\n"  # the first line of the file has lost its own already
    text = before + text
    line, at = number - len(before), 0
    for found in _LATER_MARK.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        marked(line, text.startswith(MARK, found.end()))
    return _LATER_MARK.sub("", text)[len(before) :]


def has_mark(line: str) -> bool:
    """Whether a line after the first begins with a byte order mark that `lines` takes off, and with one only: a doubled
    one is how `with_marks` writes a text that begins with U+FEFF.
    """
    return not line.startswith(MARK * 2) and _LATER_MARK.match(f"\n{line}", 1) is not None


def with_marks(text: str, *, first: bool) -> str:
    """Lines with each byte order mark doubled that `lines` would take off.

    Args:
        text: The lines.
        first: Whether they begin a file.
    """
    before = "" if first else "\n"
    more = MARK if first and text.startswith(MARK) else ""
    return more + _LATER_MARK.sub(MARK * 2, before + text)[len(before) :]


def _whole_lines(file: BufferedReader, name: str) -> Iterator[bytes]:
    """Blocks that end with a line end, but for the last; what is typed into a terminal comes line by line."""
    pending: list[bytes] = []
    while block := file.read1(BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*pending, block[:end]])
            pending.clear()
        pending.append(block[end:])
        if sum(map(len, pending)) > LONGEST_LINE:
            raise DataError(name, None, f"has a line of more than {LONGEST_LINE >> 20} MiB; is it text?")
    if rest := b"".join(pending):
        yield rest


def _decode(block: bytes, name: str, number: int) -> str:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = number + block.count(b"\n", 0, error.start)
        problem = f"byte 0x{block[error.start]:02X} is not UTF-8; expected a file in UTF-8"
        raise DataError(name, line, problem + encodings.hint(block, error.start), "encoding") from error
    if "\0" in text:
        line = number + text.count("\n", 0, text.index("\0"))
        problem = "holds a NUL byte; expected text in UTF-8 (is it UTF-16, or not text at all?)"
        raise DataError(name, line, problem + encodings.hint(block, 0), "encoding")
    return text
