"""Models with their queues: what the application calls for predictions."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from seqtag.serving.batching import Batcher, Full, PendingRequest
from seqtag.serving.limits import Limits
from seqtag.serving.metrics import Metrics
from seqtag.serving.models import Answer, NamedModel
from seqtag.serving.reloading import watch
from seqtag.serving.requests import Asked, Refused
from seqtag.support.errors import UsageError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
RETRY = {"Retry-After": "1"}


class Gone(Exception):
    """The client has disconnected."""


class Service:
    """Models that answer requests.

    Args:
        models: The models; requests that name no model go to the first.
        limits: Limits on requests.
        threads: Batches of a model that are answered side by side.
        reload: Whether changed folders are loaded again.
        tell: Receives events, a line each, without anything from a request.

    Attributes:
        models: The models by name.
        limits: As given.
        metrics: What is counted.
        draining: Whether the server is stopping.
        in_progress: Number of requests in progress.
        cut: Number of requests that were not finished within the drain time.
        tell: As given.
    """

    def __init__(
        self,
        models: Sequence[NamedModel],
        limits: Limits,
        *,
        threads: int,
        reload: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.models = {model.name: model for model in models}
        self.limits = limits
        self.metrics = Metrics()
        self.draining = False
        self.in_progress = 0
        self.cut = 0
        self.tell = tell
        self._reload = reload
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="seqtag")
        self._batchers = {name: self._batcher(name, threads) for name in self.models}
        self._watching: asyncio.Task[None] | None = None
        self.metrics.in_progress.set_function(lambda: self.in_progress)

    def _batcher(self, name: str, threads: int) -> Batcher:
        found = Batcher(
            self._pool,
            threads=threads,
            room=self.limits.queue,
            size=self.limits.batch,
            observe=self.metrics.batches(name),
        )
        self.metrics.queue(name, lambda: found.waiting)
        return found

    def start(self) -> None:
        """Starts to watch the folders, unless that is switched off or done already."""
        if self._reload and self._watching is None:
            watching = watch(list(self.models.values()), self.metrics.loaded, self.tell)
            self._watching = asyncio.get_running_loop().create_task(watching)

    async def close(self) -> None:
        """Stops the threads; waiting sentences are dropped."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        self._pool.shutdown(wait=False, cancel_futures=True)

    def failed(self, problem: Exception) -> None:
        """Reports a bug without its message, which may contain part of a request."""
        self.tell(f"an error in seqtag: {type(problem).__name__}; run it with --debug and report it")

    async def answer(self, asked: Asked, receive: Receive) -> list[Answer]:
        """The answers to a request.

        Args:
            asked: What it asks for.
            receive: The ASGI callable that reports when the client disconnects; its sentences then leave the queue.

        Raises:
            Refused: There is no such model, it cannot give such answers, or the queue is full.
            Gone: The client has disconnected.
        """
        self.start()
        name = asked.model or next(iter(self.models))
        if name not in self.models:
            raise Refused(422, f"model: there is none of this name. Known: {', '.join(self.models)}.")
        model, batcher = self.models[name].current, self._batchers[name]
        try:
            job = batcher.submit(model, asked.given, asked.extras)
        except Full:
            raise Refused(503, "too many sentences are waiting; try again later.") from None
        watching = asyncio.get_running_loop().create_task(_cancel_when_gone(job, receive))
        try:
            found = await job.future
        except asyncio.CancelledError:
            if watching.done():
                raise Gone from None
            raise  # the drain time is over
        except UsageError as problem:
            raise Refused(422, str(problem)) from problem
        finally:
            watching.cancel()
            batcher.drop(job)
        self.metrics.answered(name, len(found), sum(size for _, size in found))
        return found


async def _cancel_when_gone(job: PendingRequest, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    job.future.cancel()
