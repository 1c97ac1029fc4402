"""Runs with settings that a search chose, each a training with one seed, and the row that comes of each."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import seqtag
from seqtag.evaluation.measure import Measure
from seqtag.settings.config import RunSettings
from seqtag.settings.config_files import Layer
from seqtag.settings.merging import foreign, merge_into
from seqtag.settings.tasks import USUAL, schema_for
from seqtag.support.errors import DataError, Error, MissingPackage
from seqtag.support.extras import missing
from seqtag.support.interrupt import Stop
from seqtag.support.lines import shown
from seqtag.support.pool import Pool, Talk, Work
from seqtag.tasks import base as tasks
from seqtag.tasks.hashed_files import AGAIN, Changed, HashedFiles
from seqtag.training.events import Epoch, Event, Start
from seqtag.training.rows import Choice, Row
from seqtag.training.seed import train_seed

# Of which the content is among the files.
CONTENTS = ("embeddings.vectors.file", "embeddings.lm.file", "embeddings.lists.files")
Heard = Callable[[int, float], None]


class Pruned(Exception):
    """A run was ended before its last epoch, because others promise more."""


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be: its row without results, and its settings; where there are none, the row says why."""

    key: str
    row: Row
    config: RunSettings | None


class Runs:
    """What the runs of a search share.

    Args:
        task: The name of what is trained in `registry.TASKS`.
        layers: The settings that all runs share, weakest first.
        paths: The files: `train`, `dev` and, where there is one, `test`.
        command: The command, for messages, as in "seqtag compare".
        debug: Whether TensorFlow may print.

    Raises:
        DataError: A file cannot be read.
    """

    def __init__(
        self,
        task: str,
        layers: Sequence[Layer],
        paths: Mapping[str, str],
        *,
        command: str,
        debug: bool = False,
    ) -> None:
        self.task = task
        self._paths = paths
        self.files = HashedFiles(tasks.find(task), paths)
        self._merged = partial(merge_into, schema_for(task), *layers)
        self._command = command
        self._debug = debug

    def plan(self, choice: Choice, seed: int, source: str) -> PlannedRun:
        """The run of a choice of settings, which win over those that are shared, with a seed.

        Args:
            choice: The values of settings.
            seed: The seed.
            source: Where a value is from, for messages, as in "--grid".

        Raises:
            DataError: A file cannot be read, and the choice does not vary how files are read.
            Changed: A file is not what it was.
        """
        files, task = self.files, self.task
        reading = tuple(f"{section}." for section in schema_for(task).kind.READING)
        varied = any(key.startswith(reading) or key in CONTENTS for key in choice)
        digests = files.digests()
        settings: dict[str, Any] = {}
        config, problem, known = None, None, True
        chosen: Layer = {path: (value, f"{source} {path}") for path, value in choice.items()}
        try:
            config = self._merged(chosen, {"training.seed": (seed, "--seeds")})
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

    def check(self, plan: PlannedRun) -> None:
        """Sees to it that the files are those that a run was planned with.

        Raises:
            Changed: One is not.
        """
        inputs = plan.config.embeddings if plan.config else None
        others = (inputs.vectors.file, inputs.lm.file, inputs.lists.files) if inputs else ()
        for role, digest in self.files.digests(*others).items():
            if plan.row.files.get(role) != digest:
                path = shown(self._paths.get(role, role))
                raise Changed(path, None, f"has changed since this command began. {AGAIN}.")

    def run(self, plan: PlannedRun, stop: Stop, heard: Heard = lambda epoch, gain: None) -> Row:
        """Trains and scores; whatever goes wrong is the row's error, so that the other runs have their turn.

        Args:
            plan: The run.
            stop: Asked whether to stop.
            heard: Receives the number of each epoch and the gain of its dev score; it may raise `Pruned`.

        Raises:
            Changed: A file is not what it was.
            MissingPackage: TensorFlow or Keras is not installed.
            Pruned: `heard` has raised it.
            Interrupted: A signal has come, whatever a library has made of it.
        """
        started = time.perf_counter()
        if plan.config is None:
            return plan.row
        try:
            row = self._trained(plan.row, plan.config, stop, heard)
        except (Changed, Pruned):
            raise
        except Exception as problem:  # TensorFlow's have no base class
            stop.check()
            if isinstance(problem, ImportError) and (absent := missing(problem, self._command)):
                raise absent from problem  # no other run could do without it
            if isinstance(problem, Error):
                words, known = str(problem), _is_lasting(problem)
            else:  # a later start tries again
                words, known = f"{type(problem).__name__}: {problem}"[:500], False
            row = replace(plan.row, error=words, known=known)
        return replace(row, seconds=round(time.perf_counter() - started, 2))

    def _trained(self, row: Row, config: RunSettings, stop: Stop, heard: Heard) -> Row:
        """The row with the results of its run."""
        files, task = self.files, self.files.task

        measure = Measure("")

        def listener(event: Event) -> None:
            nonlocal measure
            if isinstance(event, Start):
                measure = event.measure
            elif isinstance(event, Epoch) and event.dev_score is not None:
                heard(event.number, measure.gain(event.dev_score))

        vectors = files.vectors(config.embeddings.vectors.file)
        planned = task.planned(config, files.data(config), vectors)
        trained = train_seed(planned, stop=stop, debug=self._debug, listener=listener)
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


def worker(
    task: str, layers: Sequence[Layer], paths: Mapping[str, str], command: str, *, debug: bool
) -> Work:
    """What a process of a `Pool` does with planned runs: it tells the number and the gain of each epoch, goes on if the
    answer is true, and ends with a row or with `Pruned`. Arguments as for `Runs`.
    """
    shared = Runs(task, layers, paths, command=command, debug=debug)

    def work(order: PlannedRun, talk: Talk) -> Row:
        shared.check(order)

        def heard(epoch: int, gain: float) -> None:
            if not talk((epoch, gain)):
                raise Pruned

        return shared.run(order, Stop(), heard)

    return work


def side_by_side(
    plans: Mapping[int, PlannedRun], make: Callable[[], Work], workers: int, stop: Stop
) -> Iterator[tuple[int, Row]]:
    """The rows of runs as they end, each with its number; equal runs are trained once.

    Args:
        plans: The runs by number.
        make: Gives what each process does, a `worker`.
        workers: How many processes.
        stop: Asked whether to stop; then the runs under way are lost.

    Raises:
        Changed: A file is not what it was.
        MissingPackage: TensorFlow or Keras is not installed.
        Interrupted: It was asked to stop.
    """
    equal: dict[str, list[int]] = {}
    for number, plan in plans.items():
        equal.setdefault(plan.key, []).append(number)
    waiting = iter([(numbers[0], plans[numbers[0]]) for numbers in equal.values()])
    with Pool(make, workers) as pool:
        for ended in pool.work(lambda: next(waiting, None), lambda number, progress: True, stop.check):
            row = row_of(plans[ended.number], ended.result)
            for number in equal[row.key]:
                yield number, row


def row_of(plan: PlannedRun, result: Any) -> Row:
    """The row of a run that ended so in another process.

    Raises:
        Changed: A file is not what it was.
        MissingPackage: TensorFlow or Keras is not installed.
    """
    if isinstance(result, Row):
        return result
    if isinstance(result, Changed | MissingPackage):
        raise result
    said = str(result) if isinstance(result, Error) else f"{type(result).__name__}: {result}"[:500]
    return replace(plan.row, error=said, known=False)


def _is_lasting(problem: Error) -> bool:
    """Whether the same run would meet it again. So it is with all that comes of settings and of what stands in files,
    both of which are in a row's key; not so with what the system says of a file, as that it is not there.
    """
    cause = problem.__cause__
    return not isinstance(cause, OSError) or cause.errno is None  # gzip's own errors have no number
