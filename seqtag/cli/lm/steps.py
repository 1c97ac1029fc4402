"""What is being done, while it takes its time."""

import contextlib
import os
from collections.abc import Callable, Iterator

from seqtag.cli.stderr import stderr


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Shows on a terminal what is being done, on a line of its own that is gone in the end."""
    stream = stderr()
    shown = stream.isatty() and os.environ.get("TERM") != "dumb"

    def say(text: str) -> None:
        if shown:
            print(f"\r{text}\x1b[K", end="", file=stream, flush=True)

    try:
        yield say
    finally:
        say("")
