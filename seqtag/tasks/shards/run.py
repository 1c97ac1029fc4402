"""A run over a corpus from the side of its driver: what is to be done, and where it goes."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from seqtag.corpora.findings import Report, ignore
from seqtag.model_folder.claims import claimed
from seqtag.support.errors import Error, ModelError, UsageError
from seqtag.tasks.shards import parts
from seqtag.tasks.shards.files import InputFile, find, is_url, pin, stamp
from seqtag.tasks.shards.pieces import divide
from seqtag.tasks.shards.plan import (
    PLAN,
    Pinned,
    Shard,
    ShardPlan,
    check_same,
    manifest_digest,
    read_plan,
    shards_of,
    to_text,
    usual_size,
    versions,
)
from seqtag.tasks.shards.work import FORMAT, ShardJob
from seqtag.tasks.use import PredictionOrder, use_of

COLUMN = "text"  # of Parquet files


@dataclass(frozen=True)
class ShardRun:
    """What there is to do.

    Attributes:
        job: What all workers know.
        shards: All shards.
        missing: Those without a part.
    """

    job: ShardJob
    shards: tuple[Shard, ...]
    missing: tuple[Shard, ...]

    @property
    def folder(self) -> Path:
        """Where parts go."""
        return Path(self.job.folder)


@contextlib.contextmanager
def begun(
    order: PredictionOrder,
    given: Sequence[str],
    folder: str | os.PathLike[str],
    *,
    column: str = COLUMN,
    size: int = 0,
    tell: Callable[[str], None] = lambda what: None,
) -> Iterator[ShardRun]:
    """A new run, or one that goes on; within the block nobody else runs in its folder.

    Example:
        >>> with begun(PredictionOrder("model"), ["corpus/*.txt"], "tagged") as run:  # doctest: +SKIP
        ...     worker = Worker(run.job)
        ...     outcomes = [worker(shard) for shard in run.missing]

    Args:
        order: How the files are answered; always as JSON lines, with one thread for each worker.
        given: Files, folders, patterns and URLs.
        folder: Where parts go.
        column: The column of Parquet files that holds texts.
        size: Bytes of a shard, about; 0 leaves it to the size of the files.
        tell: Receives what is being done.

    Raises:
        UsageError: An option makes no sense, or a file is in the folder.
        Error: The model or a file cannot be read, the folder holds something else or parts of another run, or another
            run is at work there.
    """
    place = Path(folder).absolute()
    report = order.report
    order = replace(order, output_format=FORMAT, threads=1, report=ignore)
    digest = _digest(order)
    order = replace(order, model=os.path.abspath(order.model))
    files = find(given)
    _check_apart(files, order.model, place)
    parts.prepare(place)
    with claimed(place / PLAN) as held:
        if held:
            parts.tidy(place)
        tell("reading the files")
        stamps = {path: stamp(path) for path in files}
        inputs = tuple(map(pin, files))
        pinned = Pinned(digest, _options(order, column, size), versions(order.splitting.mode), inputs)
        if (place / PLAN).exists():
            plan = read_plan(place / PLAN)
            check_same(plan.pinned, pinned, place)
        else:
            plan = ShardPlan(pinned, _divided(order, inputs, column, size, report))
            with parts.written(place / PLAN) as stream:
                stream.write(to_text(plan))
        job = ShardJob(order, str(place), column, pinned, stamps)
        yield ShardRun(job, plan.shards, tuple(parts.missing(place, plan.shards)))


def _digest(order: PredictionOrder) -> str:
    try:
        return manifest_digest(order.model)
    except ModelError:
        use_of(order.model)[1].predictor(order)  # which says what there is in place of a model folder
        raise


def _options(order: PredictionOrder, column: str, size: int) -> dict[str, str | int | float | None]:
    """The options that the parts depend on, by the names of the command line."""
    return {
        "--input-format": order.input_format,
        "--tokenizer": order.tokenizer,
        "--sentences": order.splitting.mode,
        "--language": order.splitting.language,
        "--nbest": order.nbest,
        "--min-probability": order.min_probability,
        "--precision": order.precision,
        "--text-column": column,
        "--shard-size": size,
    }


def _divided(
    order: PredictionOrder, inputs: tuple[InputFile, ...], column: str, size: int, report: Report
) -> tuple[Shard, ...]:
    """The shards of a new run."""
    _, use = use_of(order.model)
    predictor = use.predictor(replace(order, report=report))
    cut = partial(divide, predictor=predictor, mode=order.splitting.mode, column=column, report=report)
    found = shards_of(inputs, lambda file, most: cut(file, size=most), size or usual_size(inputs))
    if len(found) > parts.MOST_SHARDS:
        problem = f"{len(found):,} shards are more than {parts.MOST_SHARDS:,}; expected a larger --shard-size"
        raise UsageError(f"{problem}.")
    return found


def _check_apart(files: Sequence[str], model: str, folder: Path) -> None:
    """Refuses a folder that holds files which are read, and one inside the model folder."""
    own = os.path.join(os.path.realpath(folder), "")
    if own.startswith(os.path.join(os.path.realpath(model), "")):
        raise UsageError(f"{folder}: is inside the model folder, or is it; choose another -o.")
    for path in files:
        if not is_url(path) and os.path.realpath(path).startswith(own):
            raise UsageError(f"{path}: is an input inside the output folder; choose another -o.")


def write_failed(folder: Path, rows: Sequence[str]) -> None:
    """Lists the shards that failed, a line each; without any, no list stays."""
    path = folder / parts.FAILED
    if rows:
        with parts.written(path) as stream:
            stream.writelines(f"{row}\n" for row in rows)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        raise Error(f"{path}: cannot be removed: {problem.strerror}.") from problem
