"""Standard error, as commands talk to it that have results besides: nobody need listen."""

import contextlib
import io
import os
import sys
from collections.abc import Callable
from typing import TextIO, cast


def talk() -> TextIO:
    """Standard error until it cannot be written, as when its reader has left, its disk is full or its terminal gone;
    from then on nothing is said. No run ends for want of a listener.
    """
    return cast("TextIO", _Talk(sys.stderr))


class _Talk(io.TextIOBase):
    """What goes to a stream until the stream fails.

    Args:
        stream: The stream. It is not asked for anew: while Rich shows a bar, `sys.stderr` leads back to here.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failed = False

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def _try(self, action: Callable[[], object]) -> None:
        if not self._failed:
            try:
                action()
            except OSError:
                self._failed = True
                with contextlib.suppress(OSError, ValueError):  # Python tries what is left again at exit
                    os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
