"""The files of a corpus: those of folders, patterns and URLs, and what tells that one has changed."""

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import PurePath
from typing import Any, NoReturn

from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.extras import missing
from seqtag.support.lines import LONGEST_LINE, opened
from seqtag.support.quoting import one_line, shortened

BLOCK = 1 << 20  # bytes that are read at once
_HIDDEN = (
    ".",
    "_",
)  # what the names of files begin with that others leave in folders of data, such as _SUCCESS
# What file systems call that which changes with a file's content, the most reliable first.
_VERSIONS = ("etag", "md5hash", "checksum", "mtime", "lastmodified", "last_modified")


@dataclass(frozen=True)
class InputFile:
    """A file as it was when the shards were planned.

    Attributes:
        path: Its absolute path, or its URL.
        size: Its bytes.
        version: What tells that it is the same: `sha256:` and its digest, or what the file system of a URL says, such
            as `etag:` and the tag.
    """

    path: str
    size: int
    version: str


def is_url(path: str) -> bool:
    """Whether this is the URL of a file, for fsspec."""
    return "://" in path


def find(given: Sequence[str]) -> list[str]:
    """The files that are meant, as absolute paths and URLs. Those of a folder and of a pattern are sorted by name;
    hidden files of a folder are left out.

    Args:
        given: Files, folders, patterns such as `*.txt` or `**/*.txt`, and URLs of the same.

    Raises:
        UsageError: Standard input.
        DataError: There is no such file.
    """
    found: list[str] = []
    for path in given:
        if path == "-":
            raise UsageError("--engine reads files, and not stdin.")
        found += _remote(path) if is_url(path) else _local(path)
    for path in found:
        if not is_url(path) and not os.path.isfile(path):
            odd = "is not a regular file; an engine reads a file more than once"
            gone = "is a link to a file that does not exist"
            raise DataError(path, None, odd if os.path.exists(path) else gone)
    return found


def _local(path: str) -> list[str]:
    place = os.path.abspath(path)
    if os.path.isdir(place):
        found = sorted(_within(place))
        if not found:
            raise DataError(path, None, "there is no file in the folder")
        return found
    if os.path.exists(place) or not glob.has_magic(path):
        if not os.path.exists(place):
            raise DataError(path, None, "cannot be read: No such file or directory")
        return [place]
    found = sorted(one for one in glob.glob(place, recursive=True) if os.path.isfile(one))
    if not found:
        raise DataError(path, None, "no file has a name like this")
    return found


def _within(folder: str) -> Iterator[str]:
    """The files of a folder and of those in it, also of linked ones."""
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN) and not _leads_up(place, name)]
        yield from (os.path.join(place, name) for name in files if not name.startswith(_HIDDEN))


def _refuse(problem: OSError) -> NoReturn:
    raise DataError(problem.filename, None, f"cannot be read: {problem.strerror}") from problem


def _leads_up(folder: str, name: str) -> bool:
    """Whether a folder in another one is a link to one that it was reached through."""
    path = os.path.join(folder, name)
    if not os.path.islink(path):
        return False
    target = os.path.join(os.path.realpath(path), "")
    way = (folder, *map(str, PurePath(folder).parents))
    return any(os.path.join(os.path.realpath(place), "").startswith(target) for place in way)


def _remote(url: str) -> list[str]:
    if "::" in url:
        raise DataError(url, None, "is a chain of URLs; expected the URL of one file, folder or pattern")
    with _reading(url):
        system, path = _system(url)
        found = [path] if system.isfile(path) else []  # also one with ? in its name
        if not found and glob.has_magic(path):
            found = sorted(one for one in system.glob(path) if system.isfile(one))
        elif not found and system.isdir(path):
            start = len(path.rstrip("/")) + 1
            found = sorted(one for one in system.find(path) if not _is_hidden(one[start:]))
        if not found:
            raise DataError(url, None, "there is no such file")
        return [system.unstrip_protocol(one) for one in found]


def _is_hidden(path: str) -> bool:
    return any(name.startswith(_HIDDEN) for name in path.split("/"))


def pin(path: str) -> InputFile:
    """A file as it is now; one that is not behind a URL is read for it.

    Raises:
        DataError: It cannot be read, or nothing tells when it changes.
    """
    if is_url(path):
        size, version = _described(path)
        return InputFile(path, size, version)
    found, size = hashlib.sha256(), 0
    with opening(path) as file:
        while block := file.read(BLOCK):
            found.update(block)
            size += len(block)
    return InputFile(path, size, f"sha256:{found.hexdigest()}")


def stamp(path: str) -> str:
    """What tells quickly whether a file has changed: its size and its time, or of a URL what `pin` says.

    Raises:
        DataError: It cannot be read.
    """
    if is_url(path):
        return "{} {}".format(*_described(path))
    with _reading(path):
        status = os.stat(path)
    return f"{status.st_size} {status.st_mtime_ns}"


def _described(url: str) -> tuple[int, str]:
    """The size and the version of a file, as its file system has them."""
    with _reading(url):
        system, path = _system(url)
        told = {str(name).lower(): value for name, value in system.info(path).items()}
    name = next((name for name in _VERSIONS if told.get(name)), None)
    if name is None or not isinstance(told.get("size"), int):
        problem = "the server tells neither a checksum nor a time of change with a size; copy the file first"
        raise DataError(url, None, problem)
    return told["size"], f"{name}:{told[name]}"


@contextmanager
def opening(path: str) -> Iterator[Any]:
    """The file, open for reading bytes at any place.

    Raises:
        DataError: It cannot be read, here or within the block.
    """
    with _reading(path):
        if is_url(path):
            system, place = _system(path)
            with system.open(place, "rb") as file:
                yield file
        else:
            with opened(path) as file:
                yield file


def _system(url: str) -> Any:
    """The file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as problem:
        raise missing(problem, f"reading {url}") or problem from problem
    return url_to_fs(url)


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Within, what a file system raises becomes a DataError; those of URLs raise anything."""
    try:
        yield
    except (Error, GeneratorExit):
        raise
    except OSError as problem:
        said = problem.strerror or one_line(problem)
        raise DataError(path, None, f"cannot be read: {said}") from problem
    except Exception as problem:
        if not is_url(path):
            raise
        said = shortened(one_line(problem)) or type(problem).__name__
        raise DataError(path, None, f"cannot be read: {said}") from problem


class ByteSpan(RawIOBase):
    """The bytes of an open file from one place to another.

    Args:
        file: The file.
        start: The first byte.
        end: The byte after the last.
    """

    def __init__(self, file: Any, start: int, end: int) -> None:
        file.seek(start)
        self._file = file
        self._left = end - start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(min(len(buffer), self._left))
        buffer[: len(block)] = block
        self._left -= len(block)
        return len(block)


def line_start(file: Any, at: int, name: str) -> int:
    """The first place from `at` on where a line begins; the end of the file if there is none.

    Raises:
        DataError: The line before it is longer than lines may be.
    """
    if at == 0:
        return 0
    file.seek(at - 1)
    place = at - 1
    while place - at < LONGEST_LINE:
        block = file.read(min(BLOCK, LONGEST_LINE))
        if not block:
            return place
        if (found := block.find(b"\n")) >= 0:
            return int(place + found + 1)
        place += len(block)
    raise DataError(name, None, f"has a line of more than {LONGEST_LINE >> 20} MiB; is it text?")
