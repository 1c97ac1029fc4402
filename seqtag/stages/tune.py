"""The tuning stage: corpora and a space of settings in; trials, the best settings and their rows out."""

import hashlib
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import seqtag
from seqtag.evaluation.measure import Measure
from seqtag.model_folder.claims import claimed
from seqtag.settings.config_files import Layer
from seqtag.settings.merging import flatten, merge_into
from seqtag.settings.space import Space, Value
from seqtag.settings.tasks import schema_for
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.interrupt import Stop
from seqtag.support.pool import MOST_DEATHS, POLL, Ended, Pool
from seqtag.support.quoting import json_text
from seqtag.tasks.runs import CONTENTS, PlannedRun, Pruned, Runs, row_of, worker
from seqtag.tasks.study import FINAL, GRID, OWN, Study, Trial, TrialResult
from seqtag.training.ranking import Combination, Comparison, rank
from seqtag.training.rows import Row, Rows, check_place

STUDY, JOURNAL = "study.json", "study.log"
MOST_TRIALS = 10_000


@dataclass(frozen=True)
class TuningPlan:
    """How settings are searched for.

    Attributes:
        space: The settings that are varied.
        trials: How many trials there are, the settings as they were given included; with a grid as many as it has.
        seconds: The time after which no trial is begun; None for no limit.
        best: How many of the best trials are trained with further seeds, beside the settings as they were given.
        seeds: With how many seeds each of them; with a grid, each trial.
        sampler: One of `study.SAMPLERS`.
        pruner: One of `study.PRUNERS`.
    """

    space: Space
    trials: int = 20
    seconds: float | None = None
    best: int = 3
    seeds: int = 3
    sampler: str = "tpe"
    pruner: str = "halving"


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended, or its row was there.

    Attributes:
        trial: The trial.
        row: What it came to.
        pruned: Whether it was ended early.
        repeated: Whether it was run now, and not read.
        measure: What its score is; None where it has none.
    """

    trial: Trial
    row: Row
    pruned: bool
    repeated: bool
    measure: Measure | None


@dataclass(frozen=True)
class Tuned:
    """What a search came to.

    Attributes:
        trials: All trials that have ended.
        comparison: The best trials, and the settings as they were given, each with its seeds; the best first.
        own: The choice that the settings as they were given are.
        importances: How much of the score goes by each setting.
        measure: What the scores are; None where no trial has one.
        config: The best settings; None where no trial has a score.
        choice: What the best settings choose.
        logarithmic: The settings whose logarithm was drawn evenly.
    """

    trials: list[TrialResult]
    comparison: Comparison
    own: dict[str, Value]
    importances: dict[str, float]
    measure: Measure | None
    config: Any
    choice: dict[str, Value]
    logarithmic: frozenset[str]


def tune(
    layers: Sequence[Layer],
    search: TuningPlan,
    paths: Mapping[str, str],
    output: Path,
    *,
    task: str = "tagging",
    workers: int = 1,
    storage: str | None = None,
    debug: bool = False,
    listener: Callable[[TrialEnded], None] = lambda event: None,
    say: Callable[[str], None] = lambda text: None,
    stop: Stop | None = None,
) -> Tuned:
    """Searches for the settings that score best on dev; each trial is a training.

    Args:
        layers: The settings that all trials share, weakest first; they are the first trial.
        search: How to search.
        paths: The files: `train`, `dev` and, where there is one, `test`.
        output: The folder for `study.json`, `runs.jsonl` and, without a database, `study.log`.
        task: The name of what is trained in `registry.TASKS`.
        workers: How many trials go on side by side, each in a process with its share of the cores.
        storage: The URL of a database that commands on several machines share.
        debug: Whether TensorFlow may print.
        listener: Receives each trial that has ended.
        say: Receives what a user should know.
        stop: Asked whether to stop; trials under way then go back into the queue.

    Raises:
        UsageError: The settings make no sense, or the space has no grid.
        DataError: A file cannot be read.
        Changed: A file has changed since this command began.
        Error: The folder holds another search, or the database cannot be used.
        MissingPackage: TensorFlow, Keras or Optuna is not installed.
        Interrupted: It was asked to stop.
    """
    stop = stop or Stop()
    first = merge_into(schema_for(task), *layers)
    shared = Runs(task, layers, paths, command="seqtag tune", debug=debug)
    check_place(output)
    with claimed(output / STUDY):
        name = _identify(output, shared, first, search.space)
        with Study(
            name,
            search.space,
            storage or output / JOURNAL,
            sampler=search.sampler,
            pruner=search.pruner,
            seed=first.training.seed,
            say=say,
            check=stop.check,
        ) as study:
            rows = Rows(output, shared.files.task.measure)
            tuning = _Tuning(shared, search, study, rows, first.training.seed, listener, stop)
            make = partial(worker, task, layers, paths, "seqtag tune", debug=debug)
            try:
                with Pool(make, workers) as pool:
                    tuning.run(pool, say)
            except BaseException:
                with stop.held(), suppress(Error):  # if this cannot be written either, the next start does it
                    study.release()
                raise
            return tuning.result()


@dataclass
class _Tuning:
    """A search that is going on.

    Attributes:
        shared: What all trials share.
        search: How to search.
        study: The trials.
        rows: The rows of those that this folder knows.
        seed: The first seed.
        listener: Receives each trial that has ended.
        stop: Asked whether to stop.
    """

    shared: Runs
    search: TuningPlan
    study: Study
    rows: Rows
    seed: int
    listener: Callable[[TrialEnded], None]
    stop: Stop

    def __post_init__(self) -> None:
        self._plans: dict[int, tuple[Trial, PlannedRun]] = {}
        self._epochs: dict[int, int] = {}  # the last one that a trial told of
        self._followers: dict[str, list[Trial]] = {}  # equal ones of those under way, by key
        self._began = time.monotonic()
        self._own = self._plan({}, self.seed)

    def run(self, pool: Pool, say: Callable[[str], None]) -> None:
        """Runs the trials, and then the best of them with further seeds."""
        own = self.own()
        if self.search.sampler == "grid":
            self._run_planned(pool, say, self._grid())
            return
        self.study.plan([(OWN, own, None)])
        self._run(pool, say, self.search.trials)
        self._run_planned(pool, say, self._finals())

    def own(self) -> dict[str, Value]:
        """The settings as they were given, as a choice."""
        if self._own.config is None:
            raise UsageError(self._own.row.error or "the settings cannot be used")
        schema = schema_for(self.shared.task)
        return self.search.space.values_of(dict(flatten(self._own.config.to_json(), schema=schema)))

    def result(self) -> Tuned:
        """What the search came to."""
        results = self.study.results()
        measure_of = self.shared.files.task.measure
        scored = [result for result in results if result.gain is not None]
        by_choice: dict[str, list[TrialResult]] = {}
        for result in scored:
            by_choice.setdefault(_key(result.trial.choice), []).append(result)
        compared = {_key(result.trial.choice) for result in scored if result.trial.role in (FINAL, GRID)}
        compared.update(map(_key, self._best(results)))
        measure = next((measure_of(result.row.metric) for result in scored if result.row.metric), None)
        combinations = [
            Combination(own[0].trial.choice, tuple(_by_seed(own)), measure)
            for key, own in by_choice.items()
            if key in compared
        ]
        comparison = rank(combinations, tuple(dimension.path for dimension in self.search.space.dimensions))
        best = comparison.combinations[0] if comparison.combinations else None
        config = self._plan(best.choice, self.seed).config if best else None
        importances = self.study.importances()
        choice = dict(best.choice) if best else {}
        logarithmic = self.search.space.logarithmic
        return Tuned(results, comparison, self.own(), importances, measure, config, choice, logarithmic)

    def _grid(self) -> Iterator[tuple[str, dict[str, Value], int | None]]:
        grid = self.search.space.grid()
        count = math.prod(map(len, grid.values())) * self.search.seeds
        if count > MOST_TRIALS:
            raise UsageError(f"the grid has {count:,} trials; expected at most {MOST_TRIALS:,}.")
        for values in itertools.product(*grid.values()):
            for number in range(self.search.seeds):
                yield GRID, dict(zip(grid, values, strict=True)), self.seed + number

    def _finals(self) -> Iterator[tuple[str, dict[str, Value], int | None]]:
        """The best trials, and the settings as they were given, with the seeds that they do not have yet."""
        for choice in self._best(self.study.results()):
            for number in range(1, self.search.seeds):
                yield FINAL, choice, self.seed + number

    def _best(self, results: Sequence[TrialResult]) -> list[dict[str, Value]]:
        """What the best trials chose, and the settings as they were given, if they have a score."""
        scored = [one for one in results if one.gain is not None and one.trial.role != FINAL]
        ordered = {_key(one.trial.choice): one.trial.choice for one in sorted(scored, key=_order)}
        return [
            *itertools.islice(ordered.values(), self.search.best),
            *(one.trial.choice for one in scored if one.trial.role == OWN),
        ]

    def _run_planned(
        self,
        pool: Pool,
        say: Callable[[str], None],
        wanted: Iterator[tuple[str, dict[str, Value], int | None]],
    ) -> None:
        self.study.plan({_key(one[1], one[2]): one for one in wanted}.values())
        self._run(pool, say, 0)

    def _run(self, pool: Pool, say: Callable[[str], None], most: int) -> None:
        """Runs trials until none is waiting or under way, here or elsewhere."""
        told = False
        while True:
            for ended in pool.work(partial(self._take, most), self._heard, self._check):
                if 0 < ended.deaths < MOST_DEATHS:  # with more, the trial has failed, and its row says why
                    twice = " twice" if ended.deaths > 1 else ""
                    say(f"the process of trial {ended.number} died{twice}; the trial was started again")
                self._end(ended)
            elsewhere = self.study.unfinished()
            if not elsewhere or self._is_late():
                return
            if not told:
                say(f"waiting for other commands to end {elsewhere} of their trials")
            told = True
            time.sleep(POLL)
            self._check()

    def _take(self, most: int) -> tuple[int, PlannedRun] | None:
        """The next trial that has to be trained. One whose row is known ends at once, and one that equals a trial under
        way ends with it.
        """
        while trial := self.study.ask(0 if self._is_late() else most):
            plan = self._plan(trial.choice, self.seed if trial.seed is None else trial.seed)
            known = self.rows.of(plan.key) or (plan.row if plan.config is None else None)
            if known is not None:
                self._told(trial, known, pruned=False, fresh=self.rows.of(plan.key) is None)
            elif plan.key in self._followers:
                self._followers[plan.key].append(trial)
            else:
                self._plans[trial.number] = trial, plan
                self._followers[plan.key] = []
                return trial.number, plan
        return None

    def _heard(self, number: int, progress: tuple[int, float]) -> bool:
        self._epochs[number], gain = progress
        return self.study.report(number, self._epochs[number], gain)

    def _check(self) -> None:
        self.stop.check()
        self.study.keep_alive()

    def _is_late(self) -> bool:
        return self.search.seconds is not None and time.monotonic() - self._began >= self.search.seconds

    def _end(self, ended: Ended) -> None:
        trial, plan = self._plans.pop(ended.number)
        pruned = isinstance(ended.result, Pruned)
        if pruned:
            row = replace(plan.row, error=f"pruned after epoch {self._epochs[ended.number]}", known=False)
        else:
            row = row_of(plan, ended.result)
        self._told(trial, row, pruned=pruned, fresh=True)
        for follower in self._followers.pop(plan.key):
            self._told(follower, row, pruned=pruned, fresh=False)

    def _told(self, trial: Trial, row: Row, *, pruned: bool, fresh: bool) -> None:
        measure = self.shared.files.task.measure(row.metric) if row.metric else None
        gain = None if row.dev is None or measure is None else measure.gain(row.dev)
        with self.stop.held():  # a signal costs no trial that is finished
            if fresh:
                self.rows.add(row)
            counts = self.study.end(trial.number, row, gain, pruned=pruned)
        if counts:
            self.listener(TrialEnded(trial, row, pruned, fresh, measure))
        self.stop.check()

    def _plan(self, choice: Mapping[str, Value], seed: int) -> PlannedRun:
        return self.shared.plan(dict(choice), seed, "--space")


def _identify(output: Path, shared: Runs, config: Any, space: Space) -> str:
    """The name of the study, which goes by all that its trials share; the folder keeps what that is.

    Raises:
        Error: The folder holds a study of something else.
    """
    inputs = config.embeddings
    identity = {
        "seqtag": seqtag.__version__,
        "task": shared.task,
        "files": shared.files.digests(inputs.vectors.file, inputs.lm.file, inputs.lists.files),
        "settings": config.without(CONTENTS),
        "space": space.to_json(),
    }
    text = json_text(identity, indent=2) + "\n"
    path = output / STUDY
    if path.exists():
        try:
            former = json.loads(path.read_text("utf-8"))
            changed = [key for key in identity if former[key] != json.loads(text)[key]]
        except (ValueError, KeyError, TypeError) as problem:
            raise DataError(
                path, None, "is not what seqtag tune writes there; choose another -o"
            ) from problem
        if changed:
            raise Error(f"{output}: holds a search with other {' and '.join(changed)}. Choose another -o.")
    else:
        path.write_text(text, encoding="utf-8")
    return "seqtag-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _key(choice: Mapping[str, Value], seed: int | None = None) -> str:
    return json.dumps([sorted(choice.items()), seed])


def _order(result: TrialResult) -> float:
    return -(result.gain or 0.0)


def _by_seed(results: Sequence[TrialResult]) -> list[Row]:
    """The rows of a choice, one for each seed."""
    return list({result.row.seed: result.row for result in results}.values())
