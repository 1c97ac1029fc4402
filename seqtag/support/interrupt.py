"""Signals that end a run in good order: SIGINT, as Ctrl-C sends it, and SIGTERM, as a job scheduler does.

The first one ends the run at the next point where nothing is lost, the second one at once.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds in which two signals are one: `timeout` sends its own to the process and to its group.
TOGETHER = 0.2


class Interrupted(BaseException):
    """A signal has ended the run. It is no `Exception`, so that nobody on its way takes it for a failure.

    Args:
        number: The signal.
        message: What became of the run, for the user.
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell shows for a process that this signal ended."""
        return 128 + self.number


class Stop:
    """Whether a run has been asked to stop.

    Outside `held` a signal raises `Interrupted` wherever the run stands; within, it is noted, and `check` raises.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._at = 0.0  # when it came
        self._holds = 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Within, the run stops only where it calls `check`."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def check(self) -> None:
        """Ends the run here if it has been asked to stop.

        Raises:
            Interrupted: It has.
        """
        if self.signal is not None:
            raise Interrupted(self.signal)

    def also(self, stop: "Stop") -> None:
        """Takes note of what another one, that listened meanwhile, has been asked."""
        self.signal = self.signal or stop.signal

    def receive(self, number: int, frame: FrameType | None = None) -> None:
        """Takes a signal; the second one ends the process here and now.

        Raises:
            Interrupted: It is the first, and nothing would be lost.
        """
        if self.signal is not None:
            if time.monotonic() - self._at > TOGETHER:
                _leave(number)
            return
        self.signal, self._at = number, time.monotonic()
        if not self._holds:
            raise Interrupted(number)


def _leave(number: int) -> NoReturn:
    """Ends the process here and now."""
    with contextlib.suppress(OSError):
        if sys.stderr.isatty() and os.environ.get("TERM") not in (None, "dumb"):
            os.write(2, b"\x1b[?25h\n")  # the cursor, which a progress bar hides
    os._exit(128 + number)


@contextlib.contextmanager
def listening(stop: Stop) -> Iterator[None]:
    """Within, signals go to `stop`, of which whoever listened before learns afterwards; those that the process was
    started to ignore stay ignored.
    """
    former = {}
    if threading.current_thread() is threading.main_thread():
        former = {number: signal.getsignal(number) for number in SIGNALS}
        former = {number: handler for number, handler in former.items() if handler is not signal.SIG_IGN}
    with _watched() if former else contextlib.nullcontext():
        try:
            for number in former:
                signal.signal(number, stop.receive)
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
                outer = getattr(handler, "__self__", None)
                if isinstance(outer, Stop):
                    outer.also(stop)


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Within, a second signal ends the process also while it is in C code for long, as TensorFlow is in a step: there
    Python calls no handler, but writes the signal's number to a pipe, at which a thread waits.
    """
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    thread = threading.Thread(target=_watch, args=(ours,), daemon=True)
    with contextlib.suppress(RuntimeError):  # no room for a thread: then `receive` has to do
        thread.start()
    former = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        if thread.ident is not None:
            os.write(theirs, bytes(1))  # no signal: the end
            thread.join()
        os.close(theirs)
        os.close(ours)


def _watch(descriptor: int) -> None:
    """Reads numbers of signals until the second one that is to end the process, or until 0."""
    first = None
    while number := ord(os.read(descriptor, 1)):
        if number in SIGNALS:
            now = time.monotonic()
            first = now if first is None else first
            if now - first > TOGETHER:
                _leave(number)
