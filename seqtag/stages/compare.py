"""The comparison stage: corpora, a grid of settings and some seeds in; a row for each run and a ranking out."""

import hashlib
import itertools
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import seqtag
from seqtag.evaluation.measure import Measure
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.layout import MANIFEST
from seqtag.settings.config import RunSettings
from seqtag.settings.config_files import Layer
from seqtag.settings.merging import foreign, merge_into
from seqtag.settings.schema import check_value
from seqtag.settings.tasks import USUAL, schema_for
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.extras import missing
from seqtag.support.interrupt import Stop
from seqtag.tasks import base as tasks
from seqtag.tasks.hashed_files import Changed, HashedFiles
from seqtag.training.ranking import Combination, Comparison, rank
from seqtag.training.rows import ROWS, Choice, Row, Rows
from seqtag.training.seed import train_seed

MOST_RUNS = 10_000
# Of which the content is among the files.
CONTENTS = ("embeddings.vectors.file", "embeddings.lm.file", "embeddings.lists.files")


@dataclass(frozen=True)
class RunEnded:
    """A run is done, or its row was there.

    Attributes:
        number: Which one, from 1.
        of: How many there are.
        row: What it came to.
        repeated: Whether it was run now, and not read.
        measure: What its score is; None where it has none.
    """

    number: int
    of: int
    row: Row
    repeated: bool
    measure: Measure | None


def compare(
    layers: Sequence[Layer],
    grid: Mapping[str, Sequence[Any]],
    paths: Mapping[str, str],
    output: Path,
    *,
    task: str = "tagging",
    seeds: int = 1,
    debug: bool = False,
    listener: Callable[[RunEnded], None] = lambda event: None,
    stop: Stop | None = None,
) -> Comparison:
    """Trains every combination of the grid with every seed, and writes a row for each as soon as it is done.

    Args:
        layers: The settings that all runs share, weakest first.
        grid: The values of each setting that is varied; they win over the layers.
        paths: The files: `train`, `dev` and, where there is one, `test`.
        output: The folder for `runs.jsonl`.
        task: The name of what is trained in `registry.TASKS`.
        seeds: How many runs of each combination, with the seed of the settings and those after it.
        debug: Whether TensorFlow may print.
        listener: Receives each run that is done.
        stop: Asked whether to stop, within a run and after it.

    Raises:
        UsageError: The shared settings make no sense, or there are more runs than anybody would wait for.
        DataError: A file, or a line of `runs.jsonl` that is not the last, cannot be read.
        Changed: A file has changed since the comparison began.
        Interrupted: It was asked to stop; there are rows of the runs that were finished.
    """
    stop = stop or Stop()
    schema = schema_for(task)
    first = merge_into(schema, *layers).training.seed
    check_value("training.seed", first + seeds - 1, f"--seeds {seeds}")
    runs = seeds * math.prod(map(len, grid.values()))
    if runs > MOST_RUNS:
        raise UsageError(f"the grid means {runs:,} runs; expected at most {MOST_RUNS:,}.")
    files = HashedFiles(tasks.find(task), paths)
    merged = partial(merge_into, schema, *layers)
    _check_place(output)
    choices = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    plans = [
        [_plan(task, merged, choice, first + number, files) for number in range(seeds)] for choice in choices
    ]
    combinations = []
    with claimed(output / ROWS):  # two that write there would train every run twice
        rows = Rows(output, files.task.measure)
        for place, choice in enumerate(choices):
            found, measures = [], []
            for number, plan in enumerate(plans[place], start=place * seeds + 1):
                row = rows.of(plan.key)
                fresh = row is None
                if row is None:
                    row = _run(plan, files, debug=debug, stop=stop)
                    with stop.held():  # a signal costs no run that is finished
                        rows.add(row)
                found.append(row)
                measure = files.task.measure(row.metric) if row.metric else None
                listener(RunEnded(number, runs, row, fresh, measure))
                stop.check()
                measures.append(measure)
            combinations.append(Combination(choice, tuple(found), next(filter(None, measures), None)))
    return rank(combinations, tuple(grid))


def _check_place(output: Path) -> None:
    """Refuses a place where something else lies; makes the folder where there is none."""
    if output.exists() and not output.is_dir():
        raise Error(f"{output}: already exists and is not a folder. Choose another -o.")
    if (output / MANIFEST).exists():
        raise Error(f"{output}: is a model folder, which takes no other files. Choose another -o.")
    if (output / ROWS).exists() and not (output / ROWS).is_file():
        raise Error(f"{output / ROWS}: already exists and is not a regular file. Choose another -o.")
    output.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be: its row without results, and its settings; where there are none, the row says why."""

    key: str
    row: Row
    config: RunSettings | None


def _plan(
    task: str, merged: Callable[..., RunSettings], choice: Choice, seed: int, files: HashedFiles
) -> PlannedRun:
    """The run of a combination with a seed.

    Raises:
        DataError: A file cannot be read, and the grid does not vary how files are read.
        Changed: A file is not what it was.
    """
    reading = tuple(f"{section}." for section in schema_for(task).kind.READING)
    varied = any(key.startswith(reading) or key in CONTENTS for key in choice)
    digests = files.digests()
    settings: dict[str, Any] = {}
    config, problem, known = None, None, True
    chosen: Layer = {path: (value, f"--grid {path}") for path, value in choice.items()}
    try:
        config = merged(chosen, {"training.seed": (seed, "--seeds")})
        inputs = config.embeddings
        digests = files.digests(inputs.vectors.file, inputs.lm.file, inputs.lists.files)
        config = files.task.fill_in(config, files.data(config))
        settings = config.without(CONTENTS)
    except Error as found:
        if isinstance(found, Changed) or (isinstance(found, DataError) and not varied):
            raise
        config, problem, known = None, str(found), _is_lasting(found)
    identity = [settings or [choice, problem], seed, digests, seqtag.__version__]
    if task != USUAL:
        identity.append(task)
    if config is not None and (plugins := foreign(config)):  # a row of built-in parts has no use for them
        identity.append([asdict(plugin) for plugin in plugins])
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    row = Row(key, choice, seed, seqtag.__version__, digests, settings, error=problem, known=known)
    return PlannedRun(key, row, config)


def _run(plan: PlannedRun, files: HashedFiles, *, debug: bool, stop: Stop) -> Row:
    """Trains and scores; whatever goes wrong is the row's error, so that the other runs have their turn.

    Raises:
        Changed: A file is not what it was.
        MissingPackage: TensorFlow or Keras is not installed.
        Interrupted: A signal has come, whatever a library has made of it.
    """
    started = time.perf_counter()
    if plan.config is None:
        return plan.row
    try:
        row = _trained(plan.row, plan.config, files, debug=debug, stop=stop)
    except Changed:
        raise
    except Exception as problem:  # TensorFlow's have no base class
        stop.check()
        if isinstance(problem, ImportError) and (absent := missing(problem, "seqtag compare")):
            raise absent from problem  # no other run could do without it
        if isinstance(problem, Error):
            words, known = str(problem), _is_lasting(problem)
        else:  # a later start tries again
            words, known = f"{type(problem).__name__}: {problem}"[:500], False
        row = replace(plan.row, error=words, known=known)
    return replace(row, seconds=round(time.perf_counter() - started, 2))


def _trained(row: Row, config: RunSettings, files: HashedFiles, *, debug: bool, stop: Stop) -> Row:
    """The row with the results of its run."""
    vectors = files.vectors(config.embeddings.vectors.file)
    task = files.task
    planned = task.planned(config, files.data(config), vectors)
    trained = train_seed(planned, stop=stop, debug=debug)
    result = trained.result
    if result.stopped:
        raise Error(result.stopped)
    layers = task.rates(trained.job)
    furthest = max(layers, key=lambda layer: float(layer["rate"]), default={})
    return replace(
        row,
        metric=result.dev.measure.title,
        dev=result.dev.main,
        test=result.test.main if result.test else None,
        signature=result.dev.signature,
        test_signature=result.test.signature if result.test else None,
        parameters=trained.job.prepared.parameters,
        best_epoch=result.best_epoch,
        epochs=len(result.history),
        clipped=sum(epoch.clipped for epoch in result.history) / len(result.history),
        rate=furthest.get("rate"),
        memory=furthest.get("memory"),
        layers=layers,
    )


def _is_lasting(problem: Error) -> bool:
    """Whether the same run would meet it again. So it is with all that comes of settings and of what stands in files,
    both of which are in a row's key; not so with what the system says of a file, as that it is not there.
    """
    cause = problem.__cause__
    return not isinstance(cause, OSError) or cause.errno is None  # gzip's own errors have no number
