"""Silence on standard error, also of C++ code."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def silent_stderr(*, shown_on_failure: bool = True) -> Iterator[None]:
    """Keeps what C++ code writes to file descriptor 2.

    Args:
        shown_on_failure: Whether it is shown after all if the block fails.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with _room() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:  # not a signal, which is no failure to explain
            os.dup2(saved, 2)
            if shown_on_failure:
                kept.seek(0)
                os.write(2, kept.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _room() -> IO[bytes]:
    """A file without a name: in memory where the system can, else in the folder for such files; where there is no such
    folder either, one that forgets what is written to it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return open(os.memfd_create("stderr"), "w+b")
    with contextlib.suppress(OSError):
        return tempfile.TemporaryFile()
    return open(os.devnull, "w+b")
