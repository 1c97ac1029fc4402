"""Dynamic batching: sentences of different requests are answered together.

There is no timer. A free thread takes whatever is waiting, so a single request never waits for others; while all
threads are busy, sentences accumulate, and the next batch is larger.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

from seqtag.serving.models import Answer, Extras, LoadedModel
from seqtag.tasks.use import Given


class Full(Exception):
    """The queue has no room for a request."""


@dataclass(eq=False, slots=True)
class PendingRequest:
    """The sentences of a request.

    Attributes:
        model: The model that answers all of them, even if it is replaced meanwhile.
        given: The sentences.
        extras: What the answers are to hold.
        future: Receives the answers or the exception.
        answers: In order; None where the answer is still missing.
        taken: How many sentences have left the queue.
        missing: How many answers are still missing.
    """

    model: LoadedModel
    given: Sequence[Given]
    extras: Extras
    future: "asyncio.Future[list[Answer]]"
    taken: int = 0
    missing: int = 0
    answers: list[Answer | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.missing = len(self.given)
        self.answers = [None] * self.missing


@dataclass(frozen=True, slots=True)
class RequestPart:
    """The sentences of a request that are in one batch."""

    job: PendingRequest
    start: int
    end: int

    @property
    def key(self) -> tuple[int, int, bool]:
        """The same for parts that one call of a model can answer."""
        return id(self.job.model), self.job.extras.nbest, self.job.extras.alignment

    @property
    def given(self) -> Sequence[Given]:
        """The sentences."""
        return self.job.given[self.start : self.end]


Outcome = list[Answer] | Exception


class Batcher:
    """A queue of sentences, and threads that answer them in batches.

    All methods must be called in one event loop.

    Args:
        pool: The threads; several queues may share them.
        threads: How many of them this queue may use at once.
        room: How many sentences may wait.
        size: The largest batch, in sentences; a request that must not be divided may exceed it.
        observe: Receives the size of each batch.

    Attributes:
        waiting: How many sentences wait.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        *,
        threads: int,
        room: int,
        size: int,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._pool = pool
        self._threads = threads
        self._room = room
        self._size = size
        self._observe = observe
        self._jobs: deque[PendingRequest] = deque()
        self._busy = 0
        self._is_called = False
        self.waiting = 0

    def submit(self, model: LoadedModel, given: Sequence[Given], extras: Extras) -> PendingRequest:
        """Queues the sentences of a request. After cancelling the future, call `drop`.

        Raises:
            Full: They do not fit in the queue.
        """
        if self.waiting + len(given) > self._room:
            raise Full
        loop = asyncio.get_running_loop()
        job = PendingRequest(model, given, extras, loop.create_future())
        if not given:
            job.future.set_result([])
            return job
        self._jobs.append(job)
        self.waiting += len(given)
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._begin)  # after all requests that have already arrived
        return job

    def drop(self, job: PendingRequest) -> None:
        """Removes the waiting sentences of a request from the queue."""
        if job.taken < len(job.given):
            self.waiting -= len(job.given) - job.taken
            job.taken = len(job.given)
            self._jobs.remove(job)

    def _begin(self) -> None:
        """Gives waiting sentences to free threads."""
        self._is_called = False
        while self._jobs and self._busy < self._threads:
            parts = self._take()
            self._busy += 1
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._pool, answered, parts)
            future.add_done_callback(lambda done, parts=parts: self._finish(parts, done))  # type: ignore[misc]

    def _take(self) -> list[RequestPart]:
        """Takes a batch from the head of the queue."""
        parts: list[RequestPart] = []
        free = self._size
        while self._jobs and (free > 0 or not parts):
            job = self._jobs[0]
            left = len(job.given) - job.taken
            count = left if job.model.is_whole else min(left, free)
            parts.append(RequestPart(job, job.taken, job.taken + count))
            job.taken += count
            self.waiting -= count
            free -= count
            if job.taken == len(job.given):
                self._jobs.popleft()
        self._observe(self._size - free)
        return parts

    def _finish(self, parts: Sequence[RequestPart], done: "asyncio.Future[list[Outcome]]") -> None:
        """Distributes the answers of a batch and starts the next one."""
        self._busy -= 1
        if done.cancelled():  # the server has stopped
            return
        for part, outcome in zip(parts, done.result(), strict=True):
            job = part.job
            if isinstance(outcome, Exception):
                self.drop(job)
                if not job.future.done():
                    job.future.set_exception(outcome)
                continue
            job.answers[part.start : part.end] = outcome
            job.missing -= len(outcome)
            if not job.missing and not job.future.done():
                job.future.set_result(job.answers)  # type: ignore[arg-type]  # none is None any more
        self._begin()


def answered(parts: Sequence[RequestPart]) -> list[Outcome]:
    """The answers to each part, or its exception. Runs in a thread."""
    order = sorted(range(len(parts)), key=lambda place: parts[place].key)
    outcomes: dict[int, Outcome] = {}
    for _, places in groupby(order, key=lambda place: parts[place].key):
        alike = list(places)
        outcomes |= zip(alike, _together([parts[place] for place in alike]), strict=True)
    return [outcomes[place] for place in range(len(parts))]


def _together(parts: Sequence[RequestPart]) -> list[Outcome]:
    """The answers to parts with the same key. If that fails, each part is answered on its own, so that only the request
    at fault gets an error.
    """
    job = parts[0].job
    try:
        answers = job.model.answers([given for part in parts for given in part.given], job.extras)
    except Exception as problem:
        return [problem] if len(parts) == 1 else [_together([part])[0] for part in parts]
    outcomes: list[Outcome] = []
    at = 0
    for part in parts:
        size = part.end - part.start
        outcomes.append(answers[at : at + size])
        at += size
    return outcomes
