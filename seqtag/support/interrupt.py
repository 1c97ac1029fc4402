"""Signals that stop a run cleanly: SIGINT, as Ctrl-C sends it, and SIGTERM, as a job scheduler does.

The first one stops the run at the next point where nothing is lost, the second one at once.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from seqtag.support.errors import Error

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds within which two signals count as one: `timeout` sends its signal to the process and to its group.
TOGETHER = 0.2
Handler = Any  # as `signal.getsignal` gives it


class Interrupted(BaseException):
    """A signal has stopped the run. Not an `Exception`, so that no handler on its way takes it for a failure.

    Args:
        number: The signal.
        message: What became of the run, for the user.
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a process ended by this signal."""
        return 128 + self.number


class Stop:
    """Whether a run has been asked to stop.

    Outside `held` a signal raises `Interrupted` wherever the run is; within, it is noted, and `check` raises.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._first: float | None = None  # the time of the first signal
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
        """Stops the run here if it has been asked to.

        Raises:
            Interrupted: It has.
        """
        if self.signal is not None:
            raise Interrupted(self.signal)

    def also(self, stop: "Stop") -> None:
        """Takes over what another one, which listened meanwhile, was asked."""
        self.signal = self.signal or stop.signal
        self._first = self._first or stop._first

    def receive(self, number: int, frame: FrameType | None = None) -> None:
        """Takes a signal, in the main thread.

        Raises:
            Interrupted: It is the first, and nothing would be lost.
        """
        if self.signal is None:
            self.signal = number
            if not self._holds:
                raise Interrupted(number)

    def watch(self, descriptor: int) -> None:
        """Reads the numbers of signals as they come, until 0; the second signal ends the process."""
        while number := ord(os.read(descriptor, 1)):
            if number in SIGNALS:
                now = time.monotonic()
                self._first = self._first or now
                if now - self._first > TOGETHER:
                    _leave(number)


def _leave(number: int) -> NoReturn:
    """Ends the process here and now."""
    with contextlib.suppress(OSError):
        if sys.stderr.isatty() and os.environ.get("TERM") not in (None, "dumb"):
            os.write(2, b"\x1b[?25h\n")  # the cursor, which a progress bar hides
    os._exit(128 + number)


@contextlib.contextmanager
def listening(stop: Stop) -> Iterator[None]:
    """Within, signals go to `stop`; a `Stop` that listened before takes them over afterwards. Signals that the process
    was started to ignore stay ignored.
    """
    main = threading.current_thread() is threading.main_thread()
    former: list[Handler] = []
    try:
        with _watched(stop) if main else contextlib.nullcontext(), handled_by(stop.receive) as former:
            yield
    finally:
        for handler in former:
            outer = getattr(handler, "__self__", None)
            if isinstance(outer, Stop):
                outer.also(stop)


@contextlib.contextmanager
def resumable(stop: Stop, told: str) -> Iterator[None]:
    """Within, signals go to `stop`, and one that ends the block ends it with these words on what is kept, whatever a
    library has made of it.
    """
    try:
        with listening(stop):
            yield
    except (Interrupted, Exception) as problem:
        if stop.signal is None or isinstance(problem, Error):
            raise
        raise Interrupted(stop.signal, f"interrupted. {told}") from None


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Within, signals wait for the end of the block: for C++ code that calls Python and ends the process if an
    exception comes back, as TensorFlow does while it is imported (seen with Python 3.13).
    """
    waiting: list[int] = []
    try:
        with handled_by(lambda number, frame: waiting.append(number)):
            yield
    finally:
        for number in waiting:
            handler = signal.getsignal(number)
            if callable(handler):  # called as by the signal, which is not to be counted twice
                handler(number, None)
            else:
                signal.raise_signal(number)


@contextlib.contextmanager
def handled_by(handler: Callable[[int, FrameType | None], None]) -> "Iterator[list[Handler]]":
    """Within, a handler takes the signals that are not ignored; gives those that took them before. Only the main
    thread can change handlers; in others nothing happens.
    """
    former = {}
    if threading.current_thread() is threading.main_thread():
        former = {number: signal.getsignal(number) for number in SIGNALS}
        former = {number: old for number, old in former.items() if old is not signal.SIG_IGN}
    try:
        for number in former:
            signal.signal(number, handler)
        yield list(former.values())
    finally:
        for number, old in former.items():
            signal.signal(number, old)


@contextlib.contextmanager
def _watched(stop: Stop) -> Iterator[None]:
    """Within, a thread counts the signals, so that a second one ends the process also during a long call of C code,
    such as a step of TensorFlow: Python calls no handler then, but writes the signal's number to a pipe.
    """
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    thread = threading.Thread(target=stop.watch, args=(ours,), daemon=True)
    with contextlib.suppress(RuntimeError):  # no more threads: the run stops at the first signal only
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
