"""The comparison stage: corpora, a grid of settings and some seeds in; a row for each run and a ranking out."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqtag.evaluation.measure import Measure
from seqtag.model_folder.claims import claimed
from seqtag.settings.config_files import Layer
from seqtag.settings.merging import merge_into
from seqtag.settings.schema import check_value
from seqtag.settings.tasks import schema_for
from seqtag.support.errors import UsageError
from seqtag.support.interrupt import Stop
from seqtag.tasks.runs import Runs, side_by_side, worker
from seqtag.training.ranking import Combination, Comparison, rank
from seqtag.training.rows import ROWS, Row, Rows, check_place

MOST_RUNS = 10_000


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
    workers: int = 1,
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
        workers: How many runs go on side by side; more than one in processes of their own, each with its share of the
            cores.
        debug: Whether TensorFlow may print.
        listener: Receives each run that is done.
        stop: Asked whether to stop, within a run and after it.

    Raises:
        UsageError: The shared settings make no sense, or there are more runs than anybody would wait for.
        DataError: A file, or a line of `runs.jsonl` that is not the last, cannot be read.
        Changed: A file has changed since this command began.
        Interrupted: It was asked to stop; there are rows of the runs that were finished.
    """
    stop = stop or Stop()
    schema = schema_for(task)
    first = merge_into(schema, *layers).training.seed
    check_value("training.seed", first + seeds - 1, f"--seeds {seeds}")
    runs = seeds * math.prod(map(len, grid.values()))
    if runs > MOST_RUNS:
        raise UsageError(f"the grid means {runs:,} runs; expected at most {MOST_RUNS:,}.")
    shared = Runs(task, layers, paths, command="seqtag compare", debug=debug)
    measure_of = shared.files.task.measure
    check_place(output)
    choices = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    plans = dict(
        enumerate(
            (shared.plan(choice, first + number, "--grid") for choice in choices for number in range(seeds)),
            1,
        )
    )
    found: dict[int, Row] = {}
    with claimed(output / ROWS):  # two that write there would train every run twice
        rows = Rows(output, measure_of)

        def ended(number: int, row: Row, *, fresh: bool) -> None:
            if fresh:
                with stop.held():  # a signal costs no run that is finished
                    rows.add(row)
            found[number] = row
            listener(RunEnded(number, runs, row, fresh, measure_of(row.metric) if row.metric else None))
            stop.check()

        if workers == 1:
            for number, plan in plans.items():
                known = rows.of(plan.key)
                ended(number, known or shared.run(plan, stop), fresh=known is None)
        else:
            left = {}
            for number, plan in plans.items():
                if known := rows.of(plan.key):
                    ended(number, known, fresh=False)
                else:
                    left[number] = plan
            make = partial(worker, task, layers, paths, "seqtag compare", debug=debug)
            for number, row in side_by_side(left, make, workers, stop):
                ended(number, row, fresh=rows.of(row.key) is None)
    combinations = []
    for place, choice in enumerate(choices):
        own = [found[number] for number in range(place * seeds + 1, (place + 1) * seeds + 1)]
        measure = next((measure_of(row.metric) for row in own if row.metric), None)
        combinations.append(Combination(choice, tuple(own), measure))
    return rank(combinations, tuple(grid))
