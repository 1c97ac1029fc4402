"""The comparison stage: corpora, a grid of settings and some seeds in; a row for each run, kept as soon as it is
done.

Rows stand in `runs.jsonl`, an object a line. A run whose row is there is not repeated: same settings, same content of
all files, same version of seqtag. A line that was cut short, as by a power failure, is run again.
"""

import dataclasses
import hashlib
import itertools
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import seqtag
from seqtag.features.vector_files import read as read_vectors
from seqtag.features.vectors import Vectors
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import MANIFEST
from seqtag.settings import registry
from seqtag.settings.config import Config, check_value, merge
from seqtag.settings.config_files import Layer
from seqtag.support.errors import DataError, UsageError, UserError
from seqtag.support.interrupt import Stop
from seqtag.support.json_decoder import DecodeError, decode
from seqtag.support.lines import opened, shown
from seqtag.support.quoting import json_text
from seqtag.training import prepare, reach
from seqtag.training.events import Prepared
from seqtag.training.seed import spread, train_seed
from seqtag.training.splits import Corpora, read_corpora
from seqtag.training.tagging import Tagging

ROWS = "runs.jsonl"
MOST_RUNS = 10_000
MIXED = "score"  # where some runs have an F1 and some an accuracy
LOOKED_AT = 8  # sentences of dev, for the rate of gradients
NO_ROW = "is not a row of seqtag compare"
METRICS = ("F1", "accuracy")
SCORED = ("metric", "dev", "parameters", "best_epoch", "epochs", "seconds")  # what a run without an error has
BEGINNING = b'{"key": "KEY", "choice": {'  # of each line of `runs.jsonl`
BLOCK = 1 << 20  # bytes of a file that are hashed at once
AGAIN = "Finished runs are kept; the same command goes on once the file is as it was, and begins anew with another"
Choice = dict[str, bool | int | float | str | None]  # what a combination has for each key of the grid


class Changed(DataError):
    """A file that is no longer what rows would say of it; it ends the comparison."""


@dataclass(frozen=True)
class Row:
    """One run, or why there is none.

    Attributes:
        key: Equal for equal runs: the sha256 of settings, files and version.
        choice: What the grid chose.
        seed: The seed.
        seqtag: The version.
        files: The sha256 of each file by its role.
        settings: All settings as the run used them; empty where they make no sense together.
        metric: The name of the score, F1 or accuracy.
        dev: The score of the best epoch on dev.
        test: That epoch's score on test, where there is a test file.
        signature: How the score on dev was made.
        test_signature: How the score on test was made.
        parameters: Trainable numbers of the network.
        best_epoch: The epoch whose weights were kept.
        epochs: Epochs trained.
        clipped: Share of the steps in which clipping acted.
        rate: What is left of a gradient's norm for each step back through the words, on some sentences of dev: that of
            the layer and direction through which most is left; None where no layer has a state, or dev holds no
            sentence that is long enough.
        memory: The steps back after which 1 % is left there; None where it never comes to that, or there is no rate.
        layers: The same for each layer and direction: `layer`, `direction`, `rate`, `memory`, `verdict`.
        seconds: The whole run.
        error: What went wrong, or None.
        known: Whether the error is one that the same run would meet again.
    """

    key: str
    choice: Choice
    seed: int
    seqtag: str
    files: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    metric: str | None = None
    dev: float | None = None
    test: float | None = None
    signature: str | None = None
    test_signature: str | None = None
    parameters: int | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    clipped: float | None = None
    rate: float | None = None
    memory: int | None = None
    layers: list[dict[str, Any]] = field(default_factory=list)
    seconds: float | None = None
    error: str | None = None
    known: bool = True


@dataclass(frozen=True)
class Combination:
    """What the seeds of one combination came to.

    Attributes:
        choice: What the grid chose.
        rows: Its runs, a seed each.
    """

    choice: Choice
    rows: tuple[Row, ...]

    @property
    def metric(self) -> str:
        """The name of the score; empty where there is none."""
        return next((row.metric for row in self.rows if row.metric), "")

    @property
    def dev(self) -> tuple[float, float] | None:
        """Mean and standard deviation on dev over the seeds that came to a score."""
        return _spread([row.dev for row in self.rows])

    @property
    def test(self) -> tuple[float, float] | None:
        """Mean and standard deviation on test."""
        return _spread([row.test for row in self.rows])

    @property
    def seconds(self) -> float | None:
        """Mean time of a run."""
        found = _spread([row.seconds for row in self.rows if row.error is None])
        return found[0] if found else None

    @property
    def reach(self) -> tuple[float, int | None] | None:
        """Rate and memory of the run whose rate is the middle one, of two the lower; None where no run has a rate."""
        found = sorted((row for row in self.rows if row.rate is not None), key=lambda row: row.rate or 0.0)
        if not found:
            return None
        middle = found[(len(found) - 1) // 2]
        return middle.rate or 0.0, middle.memory

    @property
    def errors(self) -> list[str]:
        """What went wrong, each message once."""
        return list(dict.fromkeys(row.error for row in self.rows if row.error is not None))


@dataclass(frozen=True)
class Event:
    """A run that has ended, or whose row was there.

    Attributes:
        number: Which one, from 1.
        of: How many there are.
        row: What it came to.
        repeated: Whether it was run now, and not read.
    """

    number: int
    of: int
    row: Row
    repeated: bool


@dataclass(frozen=True)
class Comparison:
    """All combinations, the best on dev first, by metric if there are two, those without a score last.

    Attributes:
        combinations: The combinations.
        keys: The settings of the grid.
        metric: The name of the score; `MIXED` if there is more than one, which cannot be compared.
    """

    combinations: tuple[Combination, ...]
    keys: tuple[str, ...]
    metric: str

    @property
    def is_mixed(self) -> bool:
        """Whether there is more than one metric."""
        return self.metric == MIXED


def _spread(values: Sequence[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return spread(known) if known else None


def compare(
    layers: Sequence[Layer],
    grid: Mapping[str, Sequence[Any]],
    paths: Mapping[str, str],
    output: Path,
    *,
    seeds: int = 1,
    debug: bool = False,
    listener: Callable[[Event | Prepared], None] = lambda event: None,
    stop: Stop | None = None,
) -> Comparison:
    """Trains every combination of the grid with every seed, and writes a row for each as soon as it is done.

    Args:
        layers: The settings that all runs share, weakest first.
        grid: The values of each setting that is varied; they win over the layers.
        paths: The files: `train`, `dev` and, where there is one, `test`.
        output: The folder for `runs.jsonl`.
        seeds: How many runs of each combination, with the seed of the settings and those after it.
        debug: Whether TensorFlow may print.
        listener: Hears of each run.
        stop: Asked whether to stop, within a run and after it.

    Raises:
        UsageError: The shared settings make no sense, or there are more runs than anybody would wait for.
        DataError: A file, or a line of `runs.jsonl` that is not the last, cannot be read.
        Changed: A file has changed since the comparison began.
        Interrupted: It was asked to stop; there are rows of the runs that were finished.
    """
    stop = stop or Stop()
    first = merge(*layers).training.seed
    check_value("training.seed", first + seeds - 1, f"--seeds {seeds}")
    runs = seeds * math.prod(map(len, grid.values()))
    if runs > MOST_RUNS:
        raise UsageError(f"the grid means {runs:,} runs; expected at most {MOST_RUNS:,}.")
    files = {name: _digest(path) for name, path in paths.items()}
    _check_place(output)
    varied = any(key.startswith("data.") or key == "embeddings.vectors.file" for key in grid)
    bench = Bench(paths, files, strict=not varied, debug=debug, stop=stop)
    choices = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    plans = [[bench.plan(layers, choice, first + number) for number in range(seeds)] for choice in choices]
    combinations = []
    with claimed(output / ROWS):  # two that write there would train every run twice
        rows = Rows(output)
        for place, choice in enumerate(choices):
            found = []
            for number, plan in enumerate(plans[place], start=place * seeds + 1):
                row = rows.of(plan.key)
                fresh = row is None
                if row is None:
                    row = bench.run(plan, listener)
                    with stop.held():  # a signal costs no run that is finished
                        rows.add(row)
                found.append(row)
                listener(Event(number, len(choices) * seeds, row, fresh))
                stop.check()
            combinations.append(Combination(choice, tuple(found)))
    metrics = {combination.metric for combination in combinations} - {""}
    ordered = sorted(
        combinations, key=lambda one: (one.dev is None, one.metric, -one.dev[0] if one.dev else 0.0)
    )
    return Comparison(
        tuple(ordered), tuple(grid), MIXED if len(metrics) > 1 else metrics.pop() if metrics else "F1"
    )


def _check_place(output: Path) -> None:
    """Refuses a place where something else lies; makes the folder where there is none."""
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: is in the way: not a folder. Choose another -o.")
    if (output / MANIFEST).exists():
        raise UserError(f"{output}: is a model folder, which takes no other files. Choose another -o.")
    if (output / ROWS).exists() and not (output / ROWS).is_file():
        raise UserError(f"{output / ROWS}: is in the way: no regular file. Choose another -o.")
    output.mkdir(parents=True, exist_ok=True)


class Rows:
    """The rows of a folder: read once, appended one by one.

    Args:
        output: The folder.
    """

    def __init__(self, output: Path) -> None:
        self.path = output / ROWS
        content = self.path.read_bytes() if self.path.exists() else b""
        *lines, self._rest = content.split(b"\n")
        self._whole = len(content) - len(self._rest)  # bytes of the lines that have an end
        self._rows = {row.key: row for row in self._read(lines)}
        if not _begins_a_row(self._rest):
            raise DataError(self.path, len(lines) + 1, f"{NO_ROW}; choose another -o")
        self.path.open("ab").close()  # what cannot be written is better known now

    def _read(self, lines: Sequence[bytes]) -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            try:
                row = decode(Row, json.loads(line))
            except (ValueError, RecursionError) as problem:
                if isinstance(problem, DecodeError) and problem.field:
                    wrong = problem.field.partition(".")[0]
                    raise DataError(
                        self.path, number, f"{NO_ROW}: {wrong} is not what it writes there"
                    ) from problem
                expected = f"{NO_ROW}; expected one JSON object a line"
                raise DataError(self.path, number, expected) from problem
            if name := _wrong_field(row):
                raise DataError(self.path, number, f"{NO_ROW}: {name} is not what it writes there")
            yield row

    def of(self, key: str) -> Row | None:
        """The row of this run, if it need not be repeated."""
        row = self._rows.get(key)
        return row if row is not None and row.known else None

    def add(self, row: Row) -> None:
        """Appends a row; it is on the disk when this returns.

        Raises:
            UserError: It cannot be written; then nothing of it is there.
        """
        line = (json_text(asdict(row)) + "\n").encode()
        if self._rest:
            self._cut()
        with self.path.open("ab", buffering=0) as file:
            former = file.tell()
            try:
                while line:  # a disk that is nearly full takes a part of it, and says so at the next one
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError as problem:
                with suppress(OSError):
                    file.truncate(former)
                raise UserError(f"{self.path}: cannot be written: {problem.strerror}.") from problem
        self._rows[row.key] = row

    def _cut(self) -> None:
        """Takes off the line that was being written when a process ended, unless its process is still writing."""
        with self.path.open("r+b") as file:
            file.seek(self._whole)
            if file.read() == self._rest:
                file.truncate(self._whole)
        self._rest = b""


def _wrong_field(row: Row) -> str | None:
    """The name of the first field that holds what no run comes to."""
    if row.error is None:
        for name in SCORED:
            if getattr(row, name) is None:
                return name
    return None if row.metric in (None, *METRICS) else "metric"


def _begins_a_row(rest: bytes) -> bool:
    """Whether a line of ours can begin so; nothing at all is such a beginning."""
    shortest = BEGINNING.replace(b"KEY", b"0" * 64)
    pattern = re.escape(BEGINNING).replace(b"KEY", b"[0-9a-f]{64}")
    return re.match(pattern, rest + shortest[len(rest) :]) is not None


@dataclass(frozen=True)
class Plan:
    """A run that is to be: its row without results, and its settings; where there are none, the row says why."""

    key: str
    row: Row
    config: Config | None


class Bench:
    """Where runs are made: the files, read once as long as the settings read them alike.

    Args:
        paths: The files by their role.
        files: Their sha256.
        strict: Whether a file that cannot be read ends everything, as it does where the grid does not vary how files
            are read.
        debug: Whether TensorFlow may print.
        stop: Whether the comparison has been asked to stop.
    """

    def __init__(
        self, paths: Mapping[str, str], files: Mapping[str, str], *, strict: bool, debug: bool, stop: Stop
    ) -> None:
        self._paths = paths
        self._files = files
        self._strict = strict
        self._debug = debug
        self._stop = stop
        self._corpora: tuple[Any, Corpora] | None = None
        self._vectors: tuple[str, Vectors] | None = None
        self._digests = {paths[role]: digest for role, digest in files.items()}

    def plan(self, layers: Sequence[Layer], choice: Choice, seed: int) -> Plan:
        """The run of a combination with a seed."""
        files = dict(self._files)
        settings: dict[str, Any] = {}
        config, problem, known = None, None, True
        chosen: Layer = {path: (value, f"--grid {path}") for path, value in choice.items()}
        try:
            config = merge(*layers, chosen, {"training.seed": (seed, "--seeds")})
            vectors = config.embeddings.vectors.file
            if vectors:
                if vectors not in self._digests:
                    self._digests[vectors] = _digest(vectors)
                files["vectors"] = self._digests[vectors]
            config = prepare.fill_in(config, self.corpora(config))
            settings = config.to_json()
            settings["embeddings"]["vectors"]["file"] = None  # its content is among the files
        except UserError as found:
            if isinstance(found, Changed) or (self._strict and isinstance(found, DataError)):
                raise
            config, problem, known = None, str(found), _is_lasting(found)
        identity = [settings or [choice, problem], seed, files, seqtag.__version__]
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        row = Row(key, choice, seed, seqtag.__version__, files, settings, error=problem, known=known)
        return Plan(key, row, config)

    def corpora(self, config: Config) -> Corpora:
        """The corpora as these settings read them."""
        if self._corpora is None or self._corpora[0] != config.data:
            paths = self._paths
            with self._as_hashed(paths.values()):
                read = read_corpora(config, paths["train"], paths["dev"], paths.get("test"))
            self._corpora = (config.data, read)
        return self._corpora[1]

    def vectors(self, path: str | None) -> Vectors | None:
        """The pretrained vectors of a file."""
        if path is None:
            return None
        if self._vectors is None or self._vectors[0] != path:
            with self._as_hashed([path]):
                self._vectors = (path, read_vectors(path))
        return self._vectors[1]

    @contextmanager
    def _as_hashed(self, paths: Iterable[str]) -> Iterator[None]:
        """Within, files are read; it sees to it that they are what rows say of them, before and after.

        Raises:
            Changed: One is not.
        """
        self._check(paths)
        try:
            yield
        except UserError:  # which may come of the change
            self._check(paths)
            raise
        self._check(paths)

    def _check(self, paths: Iterable[str]) -> None:
        for path in paths:
            problem = "has changed since the comparison began"
            try:
                if _digest(path) == self._digests[path]:
                    continue
            except DataError as found:
                problem = found.problem
            raise Changed(shown(path), None, f"{problem}. {AGAIN}.")

    def run(self, plan: Plan, listener: Callable[[Prepared], None]) -> Row:
        """Trains and scores; whatever goes wrong is the row's error, so that the other runs have their turn.

        Raises:
            Changed: A file is not what it was.
            Interrupted: A signal has come, whatever a library has made of it.
        """
        started = time.perf_counter()
        if plan.config is None:
            return plan.row
        try:
            row = self._run(plan, plan.config, listener)
        except Changed:
            raise
        except Exception as problem:  # TensorFlow's have no base class
            self._stop.check()
            if isinstance(problem, UserError):
                words, known = str(problem), _is_lasting(problem)
            else:  # a later start tries again
                words, known = f"{type(problem).__name__}: {problem}"[:500], False
            row = dataclasses.replace(plan.row, error=words, known=known)
        return dataclasses.replace(row, seconds=round(time.perf_counter() - started, 2))

    def _run(self, plan: Plan, config: Config, listener: Callable[[Prepared], None]) -> Row:
        corpora = self.corpora(config)
        vectors = self.vectors(config.embeddings.vectors.file)
        trained = train_seed(
            config,
            corpora,
            vectors,
            listener=lambda event: listener(event) if isinstance(event, Prepared) else None,
            stop=self._stop,
            debug=self._debug,
        )
        result = trained.result
        if result.stopped:
            raise UserError(result.stopped)
        layers = _layers(trained.task)
        furthest = max(layers, key=lambda layer: float(layer["rate"]), default={})
        return dataclasses.replace(
            plan.row,
            metric=METRICS[0] if corpora.scheme.is_spans else METRICS[1],
            dev=result.dev.main,
            test=result.test.main if result.test else None,
            signature=result.dev.signature,
            test_signature=result.test.signature if result.test else None,
            parameters=trained.task.prepared.parameters,
            best_epoch=result.best_epoch,
            epochs=len(result.history),
            clipped=sum(epoch.clipped for epoch in result.history) / len(result.history),
            rate=furthest.get("rate"),
            memory=furthest.get("memory"),
            layers=layers,
        )


def _layers(task: Tagging) -> list[dict[str, Any]]:
    """How far gradients reach back in each layer of the finished network; none where that cannot be measured."""
    if task.config.encoder.cell in registry.LOCAL_CELLS:
        return []
    random = np.random.default_rng(1)  # the same words with each seed of the run
    longest = task.config.training.max_sentence_length
    sample = reach.draw(task.corpora.dev, task.vocabulary, longest, LOOKED_AT, random)
    if not sample.sentences:
        return []
    found = []
    for layer in reach.measure(task.network, task.vocabulary, sample, random):
        if layer.finite:
            fit = layer.jacobian_fit
            place = {"layer": layer.number, "direction": layer.direction}
            found.append(place | asdict(fit) | {"verdict": fit.verdict})
    return found


def _is_lasting(problem: UserError) -> bool:
    """Whether the same run would meet it again. So it is with all that comes of settings and of what stands in files,
    both of which are in a row's key; not so with what the system says of a file, as that it is not there.
    """
    cause = problem.__cause__
    return not isinstance(cause, OSError) or cause.errno is None  # gzip's own errors have no number


def _digest(path: str) -> str:
    """The sha256 of a file; only of one that can be read again, as this is not the last time."""
    found = hashlib.sha256()
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)):
        problem = "is no regular file, and compare reads a file more than once; write it to a file first"
        raise DataError(shown(path), None, problem)
    try:
        with opened(path) as file:
            while block := file.read(BLOCK):
                found.update(block)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    return found.hexdigest()
