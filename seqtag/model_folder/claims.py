"""One run at a time for a place: whoever else claims it meanwhile is refused."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from seqtag.model_folder import folder
from seqtag.support.errors import UserError

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # says a file system without locks


@contextlib.contextmanager
def claimed(target: Path) -> Iterator[bool]:
    """Keeps a place for one run: whoever else claims it meanwhile is refused.

    The claim is a lock on `.NAME.lock` beside the target, which the kernel gives up when its holder dies, however it
    dies. What a killed run left half-written beside the target is removed, and a folder that it had moved aside is
    put back.

    Yields:
        Whether the claim holds; false on a file system that has no locks.

    Raises:
        UserError: Another process holds the place, or it cannot be written.
    """
    target = target.absolute()
    if target.name in ("", ".."):
        raise UserError(f"{target}: names no folder of its own. Choose another -o.")
    path = target.with_name(f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        descriptor, held = _lock(path)
    except BlockingIOError as problem:
        raise UserError(
            f"{target}: another run is writing there. Wait for it, or choose another -o."
        ) from problem
    except OSError as problem:
        raise UserError(f"{target}: cannot be written: {problem.strerror}.") from problem
    try:
        if held:
            folder.tidy(target)
        yield held
    finally:
        if held or is_new:
            with contextlib.suppress(OSError):
                path.unlink()  # before the lock is given up, so that it is never another's that goes
        os.close(descriptor)


def _lock(path: Path) -> tuple[int, bool]:
    """Opens and locks a file; returns its descriptor and whether there are locks.

    Raises:
        BlockingIOError: Another process has it.
    """
    while True:
        descriptor = _open_lock(path)
        try:
            held = _flock(descriptor)
            # A holder removes the file in the end: the one that was opened just before is then another.
            with contextlib.suppress(FileNotFoundError):
                if not held or os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor, held
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    no_link = getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | no_link, 0o666)
    except PermissionError:
        if not path.exists():
            raise
    # What a killed run of another user has left can be read, and so locked.
    return os.open(path, os.O_RDONLY | no_link)


def _flock(descriptor: int) -> bool:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return False
    except OSError as problem:
        if problem.errno in NO_LOCKS:
            return False
        raise
    return True
