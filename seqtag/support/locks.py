"""Exclusive locks on output paths."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from seqtag.support.errors import Error

# What a file system without locks answers.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
ANYONE = 0o666  # a lock that a killed run leaves must not keep other users out


@contextlib.contextmanager
def exclusive(target: Path) -> Iterator[bool]:
    """Holds the lock of an output path, so that only one run at a time writes there.

    It is a kernel lock on `.NAME.lock` beside the target: it ends with its holder, however that ends.

    Args:
        target: The path. Files can be made beside it: filelock takes one that cannot for one that is held.

    Yields:
        Whether the lock is held; false on a file system without locks.

    Raises:
        Error: Another process holds it, or the file cannot be written.
    """
    from filelock import FileLock, Timeout

    path = target.with_name(f".{target.name}.lock")
    lock = FileLock(path, mode=ANYONE, blocking=False, fallback_to_soft=False)
    held, is_new = True, not os.path.exists(path)
    try:
        lock.acquire()
    except Timeout as problem:
        raise Error(
            f"{target}: another run is writing there. Wait for it, or choose another -o."
        ) from problem
    except OSError as problem:
        if problem.errno not in NO_LOCKS:
            raise Error(f"{target}: cannot be written: {problem.strerror}.") from problem
        held = False
    try:
        yield held
    finally:
        if held or is_new:
            with contextlib.suppress(OSError):
                path.unlink()  # before the release: afterwards it may be another run's
        lock.release()
