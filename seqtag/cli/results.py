"""How commands write their results: all of a result or nothing, and never over what is read."""

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from seqtag.cli.stderr import stderr
from seqtag.support.errors import Error, UsageError

STDOUT = "-"
# Names of what is open already; behind them may be a regular file, which is not to be exchanged for another.
_OPEN_ALREADY = ("/dev/fd/", "/dev/std", "/proc/")
# What the system says of a place that is mounted, as in a container: another file cannot be moved there.
_CANNOT_MOVE = (errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES)


def place(path: str) -> str:
    """The path to write to; STDOUT if stdout goes to that same file or pipe, as by the name of /dev/stdout: two that
    write there would write over each other.
    """
    with contextlib.suppress(OSError, ValueError):  # it is not there yet, or stdout has no descriptor
        own = os.fstat(sys.stdout.fileno())
        if not stat.S_ISCHR(own.st_mode) and os.path.samestat(os.stat(path), own):
            return STDOUT
    return path


def check_outputs(outputs: Iterable[str | None], inputs: Sequence[str]) -> None:
    """Refuse before the work what could not be written after it, or would overwrite what is read."""
    from seqtag.support.packing import check_ending

    for path in outputs:
        if path is None or path == STDOUT:
            continue
        for other in inputs:
            if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
                raise UsageError(f"{path}: is also an input; choose a different output file.")
            if os.path.realpath(path).startswith(os.path.join(os.path.realpath(other), "")):
                raise UsageError(f"{path}: is inside the model folder; choose a different output file.")
        if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or "."):
            what = "is a folder" if os.path.isdir(path) else "is in a folder that does not exist"
            raise Error(f"{path}: {what}; expected a file to write to")
        check_ending(path)


def check_made(
    folder: Path,
    files: Sequence[str],
    mark: str,
    maker: str,
    inputs: Sequence[str],
    folders: Sequence[str] = (),
) -> None:
    """Refuses, before the work, results in a folder that could not be written, or are not ours to write over.

    Args:
        folder: The folder.
        files: The names of files that are made there at the end.
        mark: The name of a file that is there where an earlier command made them.
        maker: What such a command makes, as in "search".
        inputs: The files that are read.
        folders: The names of folders that are made there.

    Raises:
        Error: One is there without the mark, or cannot be written.
        UsageError: One is an input.
    """
    for path in (folder / name for name in (*files, *folders)):
        if path.exists() and not (folder / mark).exists():
            problem = f"already exists, but {mark} is missing beside it, so no {maker} wrote it"
            raise Error(f"{path}: {problem}. Choose another -o.")
    if folder.is_dir():
        check_outputs([str(folder / name) for name in files], inputs)


def check_new(paths: Iterable[str | PathLike[str]], *, force: bool) -> None:
    """Refuse to replace files without --force; what is not a regular file, such as a pipe, is written to."""
    for path in paths:
        if os.path.isfile(path) and not force:
            raise Error(f"{os.fspath(path)}: already exists. --force replaces it.")


def stdout_last(outputs: Iterable[str | None]) -> list[str]:
    """The outputs that there are, in the order to write them in: stdout may fail, and the files are there."""
    return sorted(filter(None, outputs), key=lambda path: path == STDOUT)


def one_output(argument: str | None, option: str | None) -> str | None:
    """The output of a command that takes it as an argument and as `--output`.

    Raises:
        UsageError: Both are given.
    """
    if argument is not None and option is not None:
        raise UsageError(f"Two outputs are given: {argument} and {option}.")
    return option if argument is None else argument


@contextlib.contextmanager
def written(path: str) -> Iterator[TextIO]:
    """A stream of text whose content stands at the path once all of it is there; see `written_bytes`. A terminal is
    then told the path.
    """
    with written_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as stream:
        yield stream
    announce(path)


def announce(path: str) -> None:
    """Names on stderr a file that was written, if stderr is a terminal; a device is no file."""
    from seqtag.support.quoting import printable

    if os.path.isfile(path) and (stream := stderr()).isatty():
        print(f"wrote {printable(path)}", file=stream, flush=True)


def write_json(values: Any, path: str) -> None:
    """Writes a value as JSON to a file, or to stdout."""
    from seqtag.support.quoting import json_text

    text = json_text(values, indent=2) + "\n"
    if path == STDOUT:
        sys.stdout.write(text)
        return
    with written(path) as stream:
        stream.write(text)


@contextlib.contextmanager
def written_bytes(path: str) -> Iterator[BinaryIO]:
    """A stream whose content stands at the path once all of it is there: a run that fails or is stopped leaves what
    was there before. What is not a regular file, and what cannot be replaced, is written as it is. The content of a
    file whose name ends like a compressed file's is compressed.

    Raises:
        OSError: It cannot be written; the error names the path.
    """
    from seqtag.model_folder.replacing import make_alike
    from seqtag.support.packing import packed

    place = os.path.realpath(path)
    draft = _draft(place) if _is_replaceable(path, place) else None
    try:
        with open(draft or path, "xb" if draft else "wb") as stream:
            if draft is not None:
                make_alike(stream.fileno(), place)
            with packed(stream, path) as content:
                yield content
        if draft is not None:
            _put(draft, place)
    except OSError as problem:
        if problem.filename is None or problem.filename == draft:
            problem.filename = path  # a full disk says nothing of what it was for
        raise
    finally:
        if draft is not None:
            with contextlib.suppress(OSError):
                os.unlink(draft)


def _draft(place: str) -> str:
    """A name beside the place that nobody else has; it is no longer than a file system takes."""
    folder, name = os.path.split(place)
    return os.path.join(folder, f".{name[:40]}.seqtag-{os.urandom(4).hex()}")


def _is_replaceable(path: str, place: str) -> bool:
    """Whether another file may take the place of what is there, if anything is."""
    if os.path.abspath(path).startswith(_OPEN_ALREADY) or not os.access(
        os.path.dirname(place), os.W_OK | os.X_OK
    ):
        return False
    try:
        former = os.stat(place)
    except OSError:
        return True
    owned = os.geteuid() in (0, former.st_uid)  # a new file of somebody else's would be ours
    return stat.S_ISREG(former.st_mode) and owned and os.access(place, os.W_OK)


def _put(draft: str, place: str) -> None:
    try:
        os.replace(draft, place)
    except OSError as problem:
        if problem.errno not in _CANNOT_MOVE or not os.path.exists(place):
            raise
        from shutil import copyfile

        copyfile(draft, place)
