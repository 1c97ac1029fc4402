"""How a run over a corpus is shown: a bar on a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from seqtag.cli.stderr import say, stderr
from seqtag.corpora.findings import Report
from seqtag.stages.predict_shards import Doing, ShardEnded, Started
from seqtag.support.quoting import counted, printable

SPARSE = 30.0  # seconds between two lines


class ShardLines:
    """Says on stderr how far a run is, every half a minute.

    Args:
        report: Receives what is odd about the files.
        debug: Whether to show the traceback of a failure that is a fault of the program.
    """

    def __init__(self, report: Report, *, debug: bool) -> None:
        self._report, self._debug = report, debug
        self._began = self._said = time.monotonic()
        self._parts = self._done = self._tokens = self._size = self._of = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def event(self, event: Doing | Started | ShardEnded) -> None:
        """Takes an event."""
        if isinstance(event, Started):
            self._began = self._said = time.monotonic()
            self._parts, self._done, self._of = event.shards, event.there, event.size
            self.started(event)
        elif isinstance(event, ShardEnded):
            self._take(event)
            self.progress()
        else:
            self.doing(event.what)

    def _take(self, event: ShardEnded) -> None:
        outcome = event.outcome
        for finding in outcome.findings:
            self._report(finding)
        self._size += event.size
        self._tokens += outcome.tokens
        self._done += not outcome.problem
        if outcome.problem and not event.ends:
            self.failed(outcome.problem)
        if outcome.trace and self._debug:
            print(outcome.trace, file=stderr(), flush=True)

    @property
    def _speed(self) -> float:
        """Tokens a second."""
        return self._tokens / max(time.monotonic() - self._began, 1e-9)

    def doing(self, what: str) -> None:
        """Something begins."""

    def started(self, event: Started) -> None:
        """The workers begin."""
        there = f", {event.there:,} are there" if event.there else ""
        say(f"seqtag: {counted(event.shards, 'part')}{there}; workers: {event.workers:,}")

    def failed(self, problem: str) -> None:
        """A shard has failed."""
        say(f"seqtag: {printable(problem)}")

    def progress(self) -> None:
        """A shard is done."""
        now = time.monotonic()
        if now - self._said < SPARSE:
            return
        self._said = now
        left = (now - self._began) * (self._of - self._size) / max(self._size, 1)
        about = "less than a minute" if left < 60 else f"about {counted(round(left / 60), 'minute')}"
        say(
            f"seqtag: {self._done:,} of {counted(self._parts, 'part')}, {self._speed:,.0f} tokens/s, {about} left"
        )


class ShardBar(ShardLines):
    """A bar of parts, with tokens per second and the time that is left."""

    def __init__(self, report: Report, *, debug: bool) -> None:
        super().__init__(report, debug=debug)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("parts  {task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(file=stderr(), highlight=False),
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task("", total=None, speed="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def doing(self, what: str) -> None:
        """Names what begins before the bar."""
        self._bar.update(self._task, description=what, refresh=True)

    def started(self, event: Started) -> None:
        """Sets the bar to what is there."""
        self._bar.update(self._task, description="tagging", total=event.shards, completed=event.there)

    def progress(self) -> None:
        """Moves the bar."""
        self._bar.update(self._task, completed=self._done, speed=f"{self._speed:,.0f} tokens/s")
