"""Processes that work side by side for one command: each takes an order, tells how it goes, and gives a result.

Only the process that started them looks at files and databases that they share; they only compute. One that dies, as by
the kernel where memory ran out, is replaced, and its order is given to the new one.
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from seqtag.support.cores import cores
from seqtag.support.errors import Error

MOST_DEATHS = 3  # of processes over one order; then something is wrong with the order
GRACE = 5.0  # seconds that a process has to end
POLL = 0.5  # seconds between two looks at whether to stop
Talk = Callable[[Any], Any]  # tells something, and gives the answer
Work = Callable[[Any, Talk], Any]  # does an order


@dataclass(frozen=True)
class Told:
    """A process tells how its order goes, and waits for `Pool.answer`.

    Attributes:
        number: The order.
        what: What it tells.
    """

    number: int
    what: Any


@dataclass(frozen=True)
class Ended:
    """An order is done.

    Attributes:
        number: The order.
        result: What came of it, or the exception that it ended with.
        deaths: How many processes died over it.
    """

    number: int
    result: Any
    deaths: int = 0


@dataclass
class _Worker:
    """A process, and what it is doing.

    Attributes:
        process: The process.
        connection: To talk to it.
        number: Its order; None while it has none.
        deaths: How many processes have died over this order.
    """

    process: BaseProcess
    connection: Connection
    number: int | None = None
    deaths: int = 0


class Pool:
    """Processes that do orders. A context manager: they end with the block.

    Args:
        make: Called once in each process, there; gives what does the orders. It and all orders and results are pickled.
        count: How many processes.
    """

    def __init__(self, make: Callable[[], Work], count: int) -> None:
        self._make = make
        self._count = count
        self._context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self._workers: list[_Worker] = []
        self._orders: dict[int, Any] = {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *problem: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(GRACE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()

    @property
    def free(self) -> int:
        """How many more orders could be begun now."""
        return self._count - len(self._orders)

    def work(
        self,
        take: Callable[[], tuple[int, Any] | None],
        told: Callable[[int, Any], Any],
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[Ended]:
        """Does orders until none is left; yields each one that has ended.

        Args:
            take: Gives the next order with its number, if there is one now; asked whenever a process is free.
            told: Receives the number of an order and what its process tells; gives the answer.
            check: Called between two waits; it may raise.
        """
        while True:
            while self.free and (taken := take()) is not None:
                self.begin(*taken)
            if not self._orders:
                return
            for event in self.events(POLL):
                if isinstance(event, Told):
                    self.answer(event.number, told(event.number, event.what))
                else:
                    yield event
            check()

    def begin(self, number: int, order: Any) -> None:
        """Gives an order to a process that has none.

        Raises:
            ValueError: All have one.
        """
        if not self.free:
            raise ValueError("expected a free process. Received: an order more than there are processes")
        self._orders[number] = order
        idle = [worker for worker in self._workers if worker.number is None]
        worker = idle[0] if idle else self._start(len(self._workers))
        worker.number, worker.deaths = number, 0
        self._send(worker, order)

    def answer(self, number: int, what: Any) -> None:
        """The answer to what was told of an order."""
        for worker in self._workers:
            if worker.number == number:
                self._send(worker, what)

    def events(self, seconds: float) -> Iterator[Told | Ended]:
        """What the processes have to say, at latest after so many seconds; nothing if there is nothing."""
        busy = [worker for worker in self._workers if worker.number is not None]
        ready = wait([worker.connection for worker in busy], seconds)
        for worker in [one for one in busy if one.connection in ready]:
            try:
                kind, what = worker.connection.recv()
            except (EOFError, OSError, pickle.UnpicklingError):
                if ended := self._replace(worker):
                    yield ended
                continue
            if worker.number is None:
                continue
            if kind == "told":
                yield Told(worker.number, what)
            else:
                yield self._end(worker, what)

    def _end(self, worker: _Worker, result: Any) -> Ended:
        if worker.number is None:
            raise ValueError("a process without an order has ended none")
        ended = Ended(worker.number, result, worker.deaths)
        del self._orders[worker.number]
        worker.number = None
        return ended

    def _start(self, place: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._make, _share(place, self._count)), daemon=True
        )
        process.start()
        theirs.close()  # so that the end of the process is the end of what can be read
        worker = _Worker(process, ours)
        self._workers[place:] = [worker, *self._workers[place + 1 :]]
        return worker

    def _replace(self, worker: _Worker) -> Ended | None:
        """Gives the order of a process that has died to a new one; the end of the order if too many have."""
        worker.process.join()
        worker.connection.close()
        place = self._workers.index(worker)
        new = self._start(place)
        new.number, new.deaths = worker.number, worker.deaths + 1
        if new.number is None:
            return None
        if new.deaths >= MOST_DEATHS:
            code = worker.process.exitcode or 0
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            said = f"the process of this run {how}; {MOST_DEATHS - 1} before it died as well."
            if -code == signal.SIGKILL:
                said += " Memory may have run out: fewer --workers need less."
            return self._end(new, Error(said))
        self._send(new, self._orders[new.number])
        return None

    @staticmethod
    def _send(worker: _Worker, what: Any) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # `events` is going to find that it has died
            worker.connection.send(what)


def _share(place: int, count: int) -> set[int]:
    """The cores for one of `count` processes; empty where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return set()
    allowed = sorted(os.sched_getaffinity(0))[: cores()]
    each = max(1, len(allowed) // count)
    start = place * each % len(allowed)
    return {*allowed[start : start + each]}


def _serve(connection: Connection, make: Callable[[], Work], share: set[int]) -> None:
    """What a process does: orders, until it is ended.

    Signals of a terminal go to all processes of a command: the one that started this one says when it ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if share:
        os.sched_setaffinity(0, share)  # TensorFlow and ONNX Runtime start as many threads

    def talk(what: Any) -> Any:
        connection.send(("told", what))
        return connection.recv()

    try:
        work: Work | Exception = make()
    except Exception as problem:
        work = problem
    while True:
        try:
            order = connection.recv()
        except EOFError:  # the process that started this one is gone
            return
        result = work if isinstance(work, Exception) else _done(work, order, talk)
        try:
            connection.send(("ended", result))
        except (pickle.PicklingError, TypeError, AttributeError):
            connection.send(("ended", Error(f"{type(result).__name__}: {result}"[:500])))


def _end_with_parent() -> None:
    """Ends this process with the one that started it, however that one ends."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _done(work: Work, order: Any, talk: Talk) -> Any:
    try:
        return work(order, talk)
    except Exception as problem:
        return problem
