"""How `seqtag train` shows a run: a live table on a terminal, one plain line per epoch elsewhere."""

import sys
import textwrap
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from seqtag.cli.stderr import stderr
from seqtag.evaluation.measure import Measure
from seqtag.stages.train import TrainingResult
from seqtag.support.quoting import duration, printable
from seqtag.training.events import Epoch, Event, Note, Progress, Start

WIDE = 72  # columns that a bar with the time left needs


class Display(Protocol):
    """Receives the events of a run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def event(self, event: Event) -> None:
        """Takes an event."""
        ...

    def finish(self, result: TrainingResult[Any, Any]) -> None:
        """Shows the result of the run."""
        ...


def display(
    introduction: Callable[[Any], list[str]], summary: Callable[[Any], None], *, quiet: bool = False
) -> Display:
    """The display for a terminal or for a log, as standard error is one or the other.

    Args:
        introduction: What a task says before the first epoch: the lines for its own `Start`.
        summary: Prints what it says of the result.
        quiet: Whether to show nothing.
    """
    if quiet:
        return Quiet()
    return (LiveTable if sys.stderr.isatty() else Lines)(introduction, summary)


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def event(self, event: Event) -> None:
        """Shows nothing."""

    def finish(self, result: TrainingResult[Any, Any]) -> None:
        """Shows nothing."""


class Lines(Quiet):
    """One plain line an epoch on stderr, for logs; the summary on stdout."""

    def __init__(self, introduction: Callable[[Any], list[str]], summary: Callable[[Any], None]) -> None:
        self._introduction, self._summary = introduction, summary
        self._console = Console(file=stderr(), highlight=False, soft_wrap=True)
        self._measure = Measure("")

    def event(self, event: Event) -> None:
        """Prints what was read, and each epoch."""
        if isinstance(event, Start):
            self._measure = event.measure
            for line in self._introduction(event):
                self._console.print(line, markup=False)
        elif isinstance(event, Epoch):
            self._console.print(
                f"epoch {event.number:>3}  loss {event.loss:.4f}  "
                f"{self._dev(event)}{' *' if self._is_best(event) else '  '}  gradient norm {event.gradient_norm:.3f}  "
                f"clipped {event.clipped:.0%}  {event.tokens_per_second:,.0f} tokens/s  {event.seconds:.1f} s",
                markup=False,
            )
        elif isinstance(event, Note):
            self._console.print(f"{event.level:<6} {printable(event.text)}", markup=False)

    def _is_best(self, epoch: Epoch) -> bool:
        """Whether an epoch is marked: it is the best so far, and has learnt something."""
        return epoch.best and epoch.dev_score is not None and not self._measure.is_nothing(epoch.dev_score)

    def _dev(self, epoch: Epoch) -> str:
        """The score of an epoch with its name; of one on train and dev, that it is one."""
        if epoch.dev_score is None:
            return "train + dev"
        return f"dev {self._measure.title} {self._measure.text(epoch.dev_score)}"

    def finish(self, result: TrainingResult[Any, Any]) -> None:
        """Prints the summary."""
        self._summary(result)


class LiveTable(Lines):
    """A table of epochs that grows, with a bar for the epoch under way."""

    def __init__(self, introduction: Callable[[Any], list[str]], summary: Callable[[Any], None]) -> None:
        super().__init__(introduction, summary)
        self._console = Console(file=stderr(), highlight=False)
        self._epochs = 0
        self._seconds: list[float] = []
        self._bar = Bar(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("tokens  loss {task.fields[loss]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            expand=True,
        )
        self._task = self._bar.add_task("", total=None, epoch="starting", loss="   -  ", left="")
        self._live = Live(self._bar, console=self._console, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        self._console.print("reading the corpus and starting TensorFlow ...", style="dim")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        """Moves the bar, or prints a row."""
        if isinstance(event, Start):
            self._measure, self._epochs = event.measure, event.config.training.epochs
            for line in self._introduction(event):
                self._console.print(self._folded(line), markup=False, soft_wrap=True)
            self._console.print(
                f"epoch    loss  {self._column}    gradient norm  clipped  tokens/s  seconds", style="bold"
            )
            self._live.start()
        elif isinstance(event, Note):
            self._console.print(f"{event.level:<6} {printable(event.text)}", markup=False)
        elif isinstance(event, Progress):
            self._bar.update(
                self._task,
                completed=event.tokens,
                total=event.of_tokens,
                epoch=f"epoch {event.epoch}/{self._epochs}",
                loss=f"{event.loss:.4f}",
                left=self._left(event),
            )
        elif isinstance(event, Epoch):
            self._seconds.append(event.seconds)
            marked = self._is_best(event)
            score = "-" if event.dev_score is None else self._measure.text(event.dev_score)
            self._console.print(
                f"{event.number:>5}  {event.loss:.4f}  {score:>{len(self._column)}}"
                f"{' *' if marked else '  '}{event.gradient_norm:>15.3f}  {event.clipped:>7.0%}"
                f"  {event.tokens_per_second:>8,.0f}  {event.seconds:>7.1f}",
                style="green" if marked else "",
                markup=False,
            )

    @property
    def _column(self) -> str:
        """The head of the column of scores."""
        return f"dev {self._measure.title}"

    def _folded(self, line: str) -> str:
        """A line of the introduction, folded to the terminal's width; its label stands alone in the first column."""
        return textwrap.fill(
            line, self._console.width, subsequent_indent=" " * len("train  "), break_on_hyphens=False
        )

    def _left(self, done: Progress) -> str:
        """How long training takes at most, if all its epochs are as long as those so far; it may end earlier, and so
        it is not said before the first one has ended. Empty where the terminal has no room for it.
        """
        if not self._seconds or self._console.width < WIDE:
            return ""
        each = sum(self._seconds) / len(self._seconds)
        epochs = max(self._epochs - done.epoch, 0) + 1 - done.tokens / done.of_tokens
        return f"at most {duration(epochs * each)} left"

    def finish(self, result: TrainingResult[Any, Any]) -> None:
        """Prints the summary."""
        self._live.stop()
        self._summary(result)
