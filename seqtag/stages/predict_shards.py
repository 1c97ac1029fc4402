"""The prediction stage for a corpus: files in, part files out, by workers that an engine runs."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqtag.settings import registry
from seqtag.support.errors import Error
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import counted, json_text
from seqtag.tasks.engines.base import Engine, EngineOptions
from seqtag.tasks.shards.parts import part
from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.run import COLUMN, ShardRun, begun, write_failed
from seqtag.tasks.shards.work import Outcome
from seqtag.tasks.use import PredictionOrder

STOP, SKIP = registry.ON_ERROR


@dataclass(frozen=True)
class Doing:
    """Something begins that takes a while.

    Attributes:
        what: What, in words.
    """

    what: str


@dataclass(frozen=True)
class Started:
    """The workers begin.

    Attributes:
        shards: How many shards there are.
        there: How many of them have a part already.
        size: The bytes of the others, about.
        workers: How many workers there are.
    """

    shards: int
    there: int
    size: int
    workers: int


@dataclass(frozen=True)
class ShardEnded:
    """A shard is done, or has failed.

    Attributes:
        outcome: What became of it.
        size: Its bytes, about.
        ends: Whether its failure ends the run, with an error that says why.
    """

    outcome: Outcome
    size: int
    ends: bool = False


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes:
        folder: Where the parts are.
        shards: How many shards there are.
        there: How many of them had a part before.
        sentences: How many were answered in this run.
        tokens: How many these have.
        seconds: How long it took, planning included.
        failed: The shards that failed.
    """

    folder: Path
    shards: int
    there: int
    sentences: int
    tokens: int
    seconds: float
    failed: tuple[Outcome, ...]

    @property
    def parts(self) -> int:
        """How many parts are there now."""
        return self.shards - len(self.failed)


Listener = Callable[[Doing | Started | ShardEnded], None]


def predict_shards(
    order: PredictionOrder,
    given: Sequence[str],
    folder: str,
    *,
    engine: str,
    options: EngineOptions | None = None,
    column: str = COLUMN,
    size: int = 0,
    on_error: str = STOP,
    listener: Listener = lambda event: None,
    stop: Stop | None = None,
) -> Summary:
    """Answers a corpus. What an earlier run has finished is not done again.

    Args:
        order: How the files are answered.
        given: Files, folders, patterns and URLs.
        folder: Where the parts go.
        engine: A name in `registry.ENGINES`.
        options: How the engine runs.
        column: The column of Parquet files that holds texts.
        size: Bytes of a shard, about; 0 leaves it to the size of the files.
        on_error: "stop" ends the run with the first shard that fails, "skip" goes on with the others where they
            would not fail for the same reason.
        listener: Receives what goes on.
        stop: Asked whether to stop, after each shard.

    Raises:
        Error: See `seqtag.tasks.shards.run.begun`; or a shard failed, and `on_error` is "stop" or all others would
            fail.
        Interrupted: It was asked to stop; the parts that were finished stay.
    """
    began = time.monotonic()
    stop = stop or Stop()
    run_engine: Engine = registry.load(registry.ENGINES, engine)
    with begun(
        order, given, folder, column=column, size=size, tell=lambda what: listener(Doing(what))
    ) as run:
        outcomes: list[Outcome] = []
        last: Outcome | None = None
        if run.missing:
            listener(Doing(f"starting {engine.capitalize()}"))
            how = replace(options or EngineOptions(), started=lambda count: listener(_started(run, count)))
            sizes = {shard.number: shard.size for shard in run.missing}
            with closing(run_engine(run.job, run.missing, how)) as coming:  # type: ignore[type-var]
                for outcome in coming:
                    outcomes.append(outcome)
                    ends = outcome.fatal or bool(outcome.problem and on_error == STOP)
                    listener(ShardEnded(outcome, sizes[outcome.number], ends))
                    if ends:
                        last = outcome
                        break
                    stop.check()
        failed = tuple(sorted((one for one in outcomes if one.problem), key=lambda one: one.number))
        write_failed(run.folder, [json_text(_row(run, one)) for one in failed if not one.fatal])
        if last:
            there = sum(part(run.folder, shard.number).exists() for shard in run.shards)
            kept = f"{there:,} of {counted(len(run.shards), 'part')} are in {folder}"
            go_on = "the same command goes on with the others"
            hint = go_on if last.fatal else f"with --on-error skip, {go_on}"
            raise Error(f"{last.problem.removesuffix('.')}. {kept}; {hint}.")
        sentences, tokens = (sum(getattr(one, name) for one in outcomes) for name in ("sentences", "tokens"))
        there = len(run.shards) - len(run.missing)
        seconds = time.monotonic() - began
        return Summary(Path(folder), len(run.shards), there, sentences, tokens, seconds, failed)


def _started(run: ShardRun, workers: int) -> Started:
    size = sum(shard.size for shard in run.missing)
    return Started(len(run.shards), len(run.shards) - len(run.missing), size, workers)


def _row(run: ShardRun, outcome: Outcome) -> dict[str, Any]:
    """A line of the list of shards that failed."""
    shard: Shard = run.shards[outcome.number]
    files = list(dict.fromkeys(piece.path for piece in shard.pieces))
    name = part(run.folder, outcome.number).name
    return {"part": name, "error": outcome.problem, "files": files}
