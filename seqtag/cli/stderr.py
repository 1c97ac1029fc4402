"""Standard error for progress and messages; a run goes on when it cannot be written."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO, cast


def stderr() -> TextIO:
    """Standard error as a stream that drops everything once a write has failed: when its reader has left, its disk is
    full or its terminal is gone.
    """
    return cast("TextIO", _Lenient(sys.stderr))


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Shows on a terminal what is being done, on a line of its own that is gone in the end."""
    stream = stderr()
    shown = stream.isatty() and os.environ.get("TERM") != "dumb"

    def step(text: str) -> None:
        global _step
        if shown:
            print(f"\r{text[: _columns() - 1]}\x1b[K", end="", file=stream, flush=True)
            _step = text

    try:
        yield step
    finally:
        step("")


_step = ""  # what stands on the line of `steps`


def say(line: str) -> None:
    """Prints a message on stderr: folded between words on a terminal, one line elsewhere."""
    stream = stderr()
    if stream.isatty():
        import textwrap

        if _step:
            print("\r\x1b[K", end="", file=stream)
        line = textwrap.fill(
            line,
            _columns(),
            expand_tabs=False,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )
    print(line, file=stream, flush=True)
    if _step and stream.isatty():
        print(_step[: _columns() - 1], end="", file=stream, flush=True)


def _columns() -> int:
    """The width of the terminal, which `COLUMNS` overrides."""
    given = os.environ.get("COLUMNS", "")
    try:
        return int(given) if given else os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class _Lenient(io.TextIOBase):
    """Writes to a stream until the stream fails.

    Args:
        stream: The stream. It is not looked up again: while Rich shows a bar, `sys.stderr` leads back to here.
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
        if not (self._failed or self._stream.closed):
            try:
                action()
            except OSError:
                self._failed = True
                with contextlib.suppress(OSError, ValueError):  # Python writes what is buffered again at exit
                    os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
