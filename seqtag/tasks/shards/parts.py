"""The folder of part files: a part is there whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from seqtag.model_folder.layout import MANIFEST
from seqtag.support.errors import Error
from seqtag.tasks.shards.plan import PLAN, Shard

DIGITS = 5
MOST_SHARDS = 10**DIGITS  # so that the names of parts sort as the parts do
FAILED = "failed.jsonl"  # the shards that failed, and why


def part(folder: Path, number: int) -> Path:
    """The file for the answers of a shard."""
    return folder / f"part-{number:0{DIGITS}d}.jsonl"


def missing(folder: Path, shards: Iterable[Shard]) -> list[Shard]:
    """The shards without a part.

    Raises:
        Error: A part ends within a line; somebody else has cut it off.
    """
    there = {entry.name for entry in os.scandir(folder)}
    found = []
    for shard in shards:
        path = part(folder, shard.number)
        if path.name not in there:
            found.append(shard)
        elif _is_cut(path):
            problem = "is cut off. Delete it, and the same command makes it again"
            raise Error(f"{path}: {problem}.")
    return found


def _is_cut(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return file.read(1) not in (b"", b"\n")
    except OSError as problem:
        raise Error(f"{path}: cannot be read: {problem.strerror}.") from problem


def prepare(folder: Path) -> None:
    """Makes the folder, unless it is there.

    Raises:
        Error: It holds something else, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = set(os.listdir(folder))
    except FileExistsError as problem:
        raise Error(f"{folder}: already exists and is not a folder. Choose another -o.") from problem
    except OSError as problem:
        raise Error(f"{folder}: cannot be made: {problem.strerror}.") from problem
    if MANIFEST in names:
        raise Error(f"{folder}: is a model folder, which takes no other files. Choose another -o.")
    if PLAN not in names and any(not name.startswith(f".{PLAN}") for name in names):
        raise Error(f"{folder}: is not empty and holds no {PLAN}. Choose another -o.")


@contextlib.contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A stream whose content stands at the path once all of it is there and on the disk.

    Raises:
        OSError: It cannot be written; the error names the path.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        with open(draft, "x", encoding="utf-8", newline="\n") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
        _sync(path.parent)
    except OSError as problem:
        if problem.filename in (None, str(draft)):
            problem.filename = str(path)  # a full disk says nothing of what it was for
        raise
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _sync(folder: Path) -> None:
    """Has the names of a folder written to the disk, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def drafts(folder: Path, number: int) -> int:
    """How many have begun the part of a shard and not ended it: they are at it, or have died."""
    return sum(1 for _ in folder.glob(f".{part(folder, number).name}.*"))


def tidy(folder: Path) -> None:
    """Removes what those have left that died; nobody may be at work."""
    for draft in folder.glob(".part-*.jsonl.*"):
        with contextlib.suppress(OSError):
            draft.unlink()
