"""Exclusive lock on the place of a model folder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from seqtag.model_folder import replacing
from seqtag.support.errors import Error
from seqtag.support.locks import exclusive


@contextlib.contextmanager
def claimed(target: Path) -> Iterator[bool]:
    """Holds the lock of a place, where what a killed run left half-written is removed first.

    A folder that such a run had moved aside is put back.

    Yields:
        Whether the lock is held; false on a file system without locks, where nothing is removed.

    Raises:
        Error: Another process holds the lock, or the place cannot be written.
    """
    target = target.absolute()
    if target.name in ("", ".."):
        raise Error(f"{target}: is not the name of a folder that can be created. Choose another -o.")
    replacing.check_room(target)  # a lock's file that cannot be made looks like one that another run holds
    with exclusive(target) as held:
        if held:
            replacing.tidy(target)
        yield held
