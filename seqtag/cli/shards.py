"""`seqtag predict --engine`: a corpus answered by workers, with its progress and its summary on stderr."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import typer

from seqtag.cli import common
from seqtag.cli.stderr import say, stderr
from seqtag.settings import registry
from seqtag.support.errors import Error, UsageError
from seqtag.support.quoting import counted, duration, printable

if TYPE_CHECKING:
    from seqtag.corpora.findings import Finding, Report
    from seqtag.stages.predict_shards import Doing, ShardEnded, Started, Summary
    from seqtag.tasks.use import PredictionOrder

_SIZE = re.compile(r"([1-9][0-9]{0,9})([KMG]?)", re.IGNORECASE)
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30}

EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Answer a corpus by several processes or machines: ray. --output is then a folder of part files; the "
        "same command goes on with an interrupted run.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="With --engine: processes with a model each; by default one per available core, or per core of the "
        "cluster.",
        show_default=False,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="With --engine: a running Ray cluster, such as auto or HOST:6379; by default RAY_ADDRESS, else Ray is "
        "started on this machine.",
        show_default=False,
    ),
]
OnError = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --engine, when a file cannot be read: stop (default), or skip (go on; failed.jsonl lists what "
        "failed).",
        show_default=False,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --engine: the column of Parquet files that holds the text; by default text.",
        show_default=False,
    ),
]
ShardSize = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="With --engine: input of a part file, such as 512K or 16M; by default a thousandth of all, within 1M and "
        "64M.",
        show_default=False,
    ),
]


def check_unused(given: Mapping[str, Any]) -> None:
    """Refuses options that need --engine."""
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} needs --engine.")


def check_usage(
    engine: str, output_format: str | None, output: str | None, threads: int | None, vectors: str | None
) -> str:
    """The output format of an engine, after a check of the options that go with one."""
    from seqtag.tasks.shards.work import FORMAT

    common.check_name("--engine", engine, registry.ENGINES)
    if output_format not in (None, FORMAT):
        raise UsageError(f"--engine writes {FORMAT}; it does not go with --format {output_format}.")
    if output in (None, "-"):
        raise UsageError("--engine needs --output, a folder for the part files.")
    if threads is not None:
        raise UsageError("--threads does not go with --engine, whose workers have one thread each.")
    if vectors is not None:
        raise UsageError("--vectors does not go with --engine, which writes answers only.")
    return FORMAT


def warner() -> "Report":
    """What prints the first error or warning of each kind: the files of a corpus are mostly alike."""
    said = set()

    def report(finding: "Finding") -> None:
        if finding.level != "note" and finding.code not in said:
            said.add(finding.code)
            say(f"seqtag: {printable(f'{finding.level}: {finding}')}")

    return report


def run(
    order: "PredictionOrder", files: Sequence[str], output: str, engine: str, given: Mapping[str, Any]
) -> None:
    """Answers a corpus, and says what came of it.

    Raises:
        Error: A shard failed, or the run could not begin.
        Interrupted: A signal has ended it.
    """
    common.check_name("--on-error", given["--on-error"], registry.ON_ERROR)
    size = _size(given["--shard-size"])

    from seqtag.cli import wants_debug
    from seqtag.stages.predict_shards import STOP, predict_shards
    from seqtag.support.interrupt import Stop, resumable
    from seqtag.tasks.engines.base import EngineOptions
    from seqtag.tasks.shards.run import COLUMN

    options = EngineOptions(given["--workers"] or 0, given["--address"] or "", wants_debug())
    stop = Stop()
    kept = f"Finished parts are in {output}; the same command goes on with the others."
    with resumable(stop, kept), _display(order.report, debug=options.debug) as display:
        summary = predict_shards(
            order,
            files,
            output,
            engine=engine,
            options=options,
            column=given["--text-column"] or COLUMN,
            size=size,
            on_error=given["--on-error"] or STOP,
            listener=display.event,
            stop=stop,
        )
    _finish(summary)


def _size(given: str | None) -> int:
    """A number of bytes; 0 if none was given."""
    if given is None:
        return 0
    found = _SIZE.fullmatch(given)
    if found is None:
        raise UsageError(f"--shard-size: expected bytes, such as 512K or 16M. Received: {given}")
    return int(found[1]) << _UNITS[found[2].upper()]


def _finish(summary: "Summary") -> None:
    """Says what a run came to; Error if a shard failed."""
    from seqtag.tasks.shards.parts import FAILED

    folder, seconds = printable(str(summary.folder)), summary.seconds
    done = summary.parts - summary.there
    if summary.there and not done and not summary.failed:
        say(f"seqtag: all {counted(summary.shards, 'part')} were in {folder} already")
    else:
        speed = f"{summary.tokens / max(seconds, 1e-9):,.0f} tokens/s"
        say(
            f"seqtag: {counted(done, 'part')} written to {folder}: {counted(summary.sentences, 'sentence')}, "
            f"{counted(summary.tokens, 'token')} in {_time(seconds)} ({speed})"
            + (f"; {summary.there:,} were there" if summary.there else "")
        )
    if summary.failed:
        shown = "; ".join(one.problem.removesuffix(".") for one in summary.failed[:3])
        more = f"; and {len(summary.failed) - 3:,} more" if len(summary.failed) > 3 else ""
        raise Error(
            f"{len(summary.failed):,} of {counted(summary.shards, 'part')} failed, as {summary.folder / FAILED} lists: "
            f"{shown}{more}"
        )


def _time(seconds: float) -> str:
    """A duration, such as `8.1 s`, `12:05` or `3:10:00`."""
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


class _Display(Protocol):
    """Shows how a run goes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def event(self, event: "Doing | Started | ShardEnded") -> None:
        """Takes an event."""
        ...


def _display(report: "Report", *, debug: bool) -> AbstractContextManager[Any]:
    """The display for a terminal or for a log, as standard error is one or the other."""
    from seqtag.cli.shard_display import ShardBar, ShardLines

    return (ShardBar if stderr().isatty() else ShardLines)(report, debug=debug)
