"""Where the process begins, by `seqtag` or `python -m seqtag`: it ends in quiet when Ctrl-C comes before the command
line is there to say something.
"""

import os
import signal
from types import FrameType


def main() -> None:
    """Loads the command line and runs it."""
    # A script in the background has its commands ignore Ctrl-C, and so it stays.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from seqtag.cli import main as run_and_exit

    run_and_exit()


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
