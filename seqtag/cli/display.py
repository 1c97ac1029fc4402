"""What `seqtag train` shows: a live line on a terminal, one plain line an epoch elsewhere, a summary at the
end.
"""

import shlex
import sys
from types import TracebackType
from typing import Protocol, Self

from rich import box
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from seqtag.cli.stderr import stderr
from seqtag.cli.tables import make_table, print_score
from seqtag.evaluation import metrics
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.stages.train import Result
from seqtag.support.quoting import printable
from seqtag.training.events import Epoch, Event, Note, Prepared, Progress
from seqtag.training.seed import spread


class Display(Protocol):
    """Hears of a run from start to end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def event(self, event: Event) -> None:
        """Takes what the stage tells."""
        ...

    def finish(self, result: Result) -> None:
        """Shows what the run came to."""
        ...


def display(*, quiet: bool = False) -> Display:
    """The display that fits where standard error goes."""
    if quiet:
        return Quiet()
    return Live_() if sys.stderr.isatty() else Lines()


class Quiet:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def event(self, event: Event) -> None:
        """Says nothing."""

    def finish(self, result: Result) -> None:
        """Says nothing."""


class Lines(Quiet):
    """One plain line an epoch on stderr, for logs; the summary on stdout."""

    def __init__(self) -> None:
        self._console = Console(file=stderr(), highlight=False, soft_wrap=True)
        self._metric = metrics.F1.title

    def event(self, event: Event) -> None:
        """Prints what was read, and each epoch."""
        if isinstance(event, Prepared):
            self._metric = metric(event)
            for line in introduction(event):
                self._console.print(line, markup=False)
        elif isinstance(event, Epoch):
            self._console.print(
                f"epoch {event.number:>3}  loss {event.loss:.4f}  dev {self._metric} {event.dev_score:.4f}"
                f"{' *' if event.best else '  '}  gradient norm {event.gradient_norm:.3f}  "
                f"clipped {event.clipped:.0%}  {event.tokens_per_second:,.0f} tokens/s  {event.seconds:.1f} s",
                markup=False,
            )
        elif isinstance(event, Note):
            self._console.print(f"note   {event.text}", markup=False)

    def finish(self, result: Result) -> None:
        """Prints the summary."""
        summary(result)


class Live_(Quiet):
    """A table of epochs that grows, with a bar for the epoch under way."""

    def __init__(self) -> None:
        self._console = Console(file=stderr(), highlight=False)
        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("tokens  loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=self._console,
            expand=True,
        )
        self._task = self._bar.add_task("", total=None, epoch="1", loss="   -  ")
        self._live = Live(self._bar, console=self._console, refresh_per_second=5, transient=True)
        self._metric = metrics.F1.title

    def __enter__(self) -> Self:
        self._console.print("reading the corpus and starting TensorFlow ...", style="dim")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        """Moves the bar, or prints a row."""
        if isinstance(event, Prepared):
            self._metric = metric(event)
            for line in introduction(event):
                self._console.print(line, markup=False)
            self._console.print(
                f"epoch    loss  dev {self._metric:<8}  gradient norm  clipped  tokens/s  seconds",
                style="bold",
            )
            self._live.start()
        elif isinstance(event, Note):
            self._console.print(f"note   {event.text}", markup=False)
        elif isinstance(event, Progress):
            self._bar.update(
                self._task,
                completed=event.tokens,
                total=event.of_tokens,
                epoch=str(event.epoch),
                loss=f"{event.loss:.4f}",
            )
        else:
            self._console.print(
                f"{event.number:>5}  {event.loss:.4f}  {event.dev_score:>10.4f} {'*' if event.best else ' '}"
                f"{event.gradient_norm:>14.3f}  {event.clipped:>7.0%}  {event.tokens_per_second:>8,.0f}"
                f"  {event.seconds:>7.1f}",
                style="green" if event.best else "",
                markup=False,
            )

    def finish(self, result: Result) -> None:
        """Prints the summary."""
        self._live.stop()
        summary(result)


def metric(prepared: Prepared) -> str:
    """The name of the score that chooses the best epoch."""
    return metrics.find(metrics.chosen(prepared.config.training.metric, prepared.scheme)).title


def introduction(prepared: Prepared) -> list[str]:
    """What is known before the first epoch."""
    train, dev, config = prepared.train, prepared.dev, prepared.config
    lines = [
        f"train  {len(train.sentences):,} sentences, {train.tokens:,} tokens ({train.path})",
        f"dev    {len(dev.sentences):,} sentences, {dev.tokens:,} tokens "
        + (
            f"({dev.path})"
            if prepared.held_out is None
            else f"(held out of {dev.path}, seed {prepared.held_out})"
        ),
        f"tags   {prepared.scheme.title} ({'given' if config.data.scheme != 'auto' else 'found'})"
        + (f", trained as {prepared.train_scheme.title}" if prepared.train_scheme != prepared.scheme else ""),
        f"model  {describe(prepared)}; {prepared.parameters:,} parameters; {prepared.vocabulary:,} words",
        f"clip   {clipping(config)}",
    ]
    if prepared.coverage:
        found = {name: count for name, count in prepared.coverage.items() if name != "missing"}
        share = sum(found.values()) / prepared.vocabulary
        how = ", ".join(f"{count:,} {name}" for name, count in found.items())
        lines.append(f"vectors found for {share:.1%} of the training file's distinct words ({how})")
    lines += [f"note   {warning}" for warning in prepared.warnings]
    if prepared.ill_formed:
        lines.append(
            f"note   {prepared.ill_formed:,} ill-formed tags in the training file are read as conlleval reads them "
            "(`seqtag check` lists them)"
        )
    if prepared.windowed:
        lines.append(
            f"note   {prepared.windowed:,} long training sentences are learnt in pieces; no token is left out"
        )
    if prepared.unseen_tags:
        tags = ", ".join(f"{tag} ({count})" for tag, count in prepared.unseen_tags.items())
        lines.append(f"note   dev has tags that training never saw, which count as misses: {tags}")
    return [printable(line) for line in lines]  # paths, tags and settings come from anywhere


def describe(prepared: Prepared) -> str:
    """The network in a few words."""
    encoder = prepared.config.encoder
    stateful = registry.is_stateful(encoder.cell)
    direction = "bidirectional " if encoder.bidirectional and stateful else ""
    inputs = " + ".join(name.replace("_", " ") for name in prepared.inputs)
    layers = f"{direction}{encoder.cell} {encoder.layers} x {encoder.units}"
    layers += f" ({encoder.residual})" * (encoder.residual != "none")
    layers += f" + {encoder.attention} attention" * (encoder.attention != "none")
    beside = " + language model" if stateful and prepared.config.language_model.weight else ""
    return f"{inputs} -> {layers} -> {prepared.head}{beside}"


def clipping(config: Config) -> str:
    """Which clipping holds, in words."""
    training = config.training
    if training.global_clipnorm:
        return f"all gradients together to norm {training.global_clipnorm:g} (global_clipnorm)"
    if training.clipnorm:
        return f"each weight's gradient to norm {training.clipnorm:g} (clipnorm)"
    if training.clipvalue:
        return f"each component to +-{training.clipvalue:g} (clipvalue)"
    return "none"


def summary(result: Result) -> None:
    """Prints the table at the end to stdout."""
    console = Console(highlight=False)
    prepared, config = result.prepared, result.prepared.config
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    held = "" if prepared.held_out is None else " (held out)"
    table.add_row(
        "data",
        f"train {len(prepared.train.sentences):,}, dev {len(prepared.dev.sentences):,} sentences{held}",
    )
    table.add_row("tags", prepared.scheme.title)
    table.add_row("unknown words in dev", f"{prepared.unknown_rate:.1%}")
    table.add_row("network", f"{describe(prepared)}; {prepared.parameters:,} parameters")
    best = result.best
    if (gradients := best.gradients) is not None:
        acted = f"; it acted in {gradients.clipped:.0%} of the steps"
        table.add_row("clipping", clipping(config) + acted * (clipping(config) != "none"))
        norm = gradients.norm
        table.add_row(
            "gradient norm",
            f"median {norm.quantiles['50%']:.3g}, 95% below {norm.quantiles['95%']:.3g}, largest "
            f"{norm.quantiles['max']:.3g}; the mean is a start for clipping: --global-clipnorm "
            f"{gradients.threshold:g}",
        )
    stop = ", stopped early" if len(best.history) < config.training.epochs else ""
    table.add_row(
        "best epoch", f"{best.best_epoch} of {len(best.history)}{stop}; {result.seconds:.0f} s in all"
    )
    console.print(table)
    of_seed = f" (seed {best.seed}, the best on dev)" if len(result.seeds) > 1 else ""
    console.print(f"dev{of_seed}", style="bold")
    print_score(best.dev, console)
    if best.test is not None:
        console.print(f"\ntest{of_seed}", style="bold")
        print_score(best.test, console)
    if len(result.seeds) > 1:
        console.print(seeds_table(result, metric(prepared)))
    path, quoted = printable(str(result.path)), printable(shlex.quote(str(result.path)))
    console.print(f"\nmodel written to {path}", markup=False, soft_wrap=True)
    console.print(f"  score it:  seqtag evaluate {quoted} FILE", markup=False, soft_wrap=True)
    console.print(
        f"  use it:    seqtag predict {quoted} TEXTFILE --format text", markup=False, soft_wrap=True
    )


def seeds_table(result: Result, name: str) -> Table:
    """Each seed's scores, and their mean and standard deviation."""
    columns = ["dev"] if result.best.test is None else ["dev", "test"]
    table = make_table("seed", *(f"{column} {name}" for column in columns), "best epoch", "seconds")
    scores = [
        [score.main for score in (entry.dev, entry.test) if score is not None] for entry in result.seeds
    ]
    for entry, row in zip(result.seeds, scores, strict=True):
        kept = " (kept)" if entry is result.best else ""
        shown = [f"{value:.4f}" for value in row]
        table.add_row(f"{entry.seed}{kept}", *shown, str(entry.best_epoch), f"{entry.seconds:.0f}")
    table.add_section()
    spreads = [spread(list(column)) for column in zip(*scores, strict=True)]
    table.add_row("mean", *(f"{mean:.4f}" for mean, _ in spreads), "", "")
    table.add_row("standard deviation", *(f"{deviation:.4f}" for _, deviation in spreads), "", "")
    return table
