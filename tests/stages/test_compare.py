"""A comparison: every combination with every seed, a row as soon as it is done, nothing twice, nothing lost."""

import dataclasses
import errno
import gzip
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.cli.comparison_tables import LEGEND
from seqtag.evaluation import metrics
from seqtag.model_folder.claims import claimed
from seqtag.settings.config_files import parse_assignments, parse_grid
from seqtag.settings.merging import merge
from seqtag.stages import compare as stage
from seqtag.stages import train as training
from seqtag.stages.compare import RunEnded, compare
from seqtag.stages.gradients import gradients
from seqtag.support.errors import DataError, Error, MissingPackage, UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.tasks import hashed_files
from seqtag.tasks import runs as running
from seqtag.tasks.hashed_files import Changed
from seqtag.tasks.tagging import task as tagging
from seqtag.tasks.tagging.task import TAGGING
from seqtag.training import rows as rows_file
from seqtag.training.ranking import Combination, Comparison
from seqtag.training.reach import EXAMPLES
from seqtag.training.rows import ROWS, Row, Rows
from seqtag.training.run import Run

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "encoder.units=4", "training.batch_size=16",
    "training.learning_rate=0.03", "training.epochs=2", "training.averaging=none", "head.name=softmax",
    "embeddings.shape.dim=0", "language_model.weight=0",
]  # fmt: skip
Capture = pytest.CaptureFixture[str]


class TestGrid:
    def test_values_in_the_type_of_their_setting(self) -> None:
        given = ["encoder.cell=lstm,gru", "encoder.bidirectional=true,false", "training.clipnorm=0, 1e-3"]
        assert parse_grid(given) == {
            "encoder.cell": ["lstm", "gru"],
            "encoder.bidirectional": [True, False],
            "training.clipnorm": [0.0, 0.001],
        }

    def test_a_list_for_values_with_commas(self) -> None:
        assert parse_grid(['data.feature_columns=["2,3", 2, null]']) == {
            "data.feature_columns": ["2,3", 2, None]
        }

    def test_auto_goes_by_the_corpus(self) -> None:
        assert parse_grid(["encoder.units=auto,50"]) == {"encoder.units": ["auto", 50]}

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            (["encoder.cel=lstm"], "Did you mean 'encoder.cell'?"),
            (["encoder.cell=lstm,grv"], "Did you mean 'gru'?"),
            (["encoder.cell"], "expected key.path=value,value"),
            (["encoder.cell="], "expected key.path=value,value"),
            (["encoder.cell=lstm", "encoder.cell=gru"], "is given twice"),
            (["encoder.units=5,5"], "5 is listed twice"),
            (["encoder.units=5,"], "encoder.units is None"),
            (["encoder.units=[5"], "cannot be read as values"),
            (["training.seed=1,2"], "--seeds sets how many seeds"),
            (["encoder.units=[]"], "has no value"),
            (["encoder.units=" + ",".join(map(str, range(60_000)))], "has more than 10,000 values"),
        ],
    )
    def test_what_makes_no_sense(self, given: list[str], problem: str) -> None:
        with pytest.raises(UsageError, match=problem.replace("?", r"\?")):
            parse_grid(given)


class Runs:
    """Stands in for training: what was run, and a score by cell and seed."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []
        self.then: Callable[[], Any] = lambda: None  # happens when a run is done
        self.fails: dict[str, Exception] = {}
        self.metrics: dict[str, str] = {}  # by cell, where not f1
        self.reach: dict[int, dict[str, Any]] = {}  # of gru, by seed

    def train(self, planned: Any, **how: Any) -> Any:
        config = planned.make.args[0]
        assert config.training.seed == planned.seed
        self.made.append((config.encoder.cell, config.training.seed))
        if problem := self.fails.get(config.encoder.cell):
            raise problem
        score = {"lstm": 0.5, "gru": 0.7}[config.encoder.cell] + config.training.seed / 1000
        metric = self.metrics.get(config.encoder.cell, "f1")
        dev = SimpleNamespace(main=score, measure=metrics.find(metric), signature="spans:exact")
        history = [SimpleNamespace(clipped=0.0)] * 2
        came = SimpleNamespace(dev=dev, test=None, best_epoch=1, history=history, stopped="")
        self.then()
        job = SimpleNamespace(config=config, prepared=SimpleNamespace(parameters=1234))
        return SimpleNamespace(job=job, result=came)

    def rates(self, job: Any) -> list[Any]:
        found = self.reach.get(job.config.training.seed)
        return [found] if found and job.config.encoder.cell == "gru" else []


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(running, "train_seed", made.train)
    monkeypatch.setattr(tasks, "find", lambda name: replace(TAGGING, rates=made.rates))
    return made


def compared(spans: Any, output: Path, *grid: str, **more: Any) -> Comparison:
    assignments = more.pop("assignments", SMALL)
    paths = {"train": str(spans.train), "dev": str(spans.dev)} | more.pop("paths", {})
    wanted = parse_grid(grid or ["encoder.cell=lstm,gru"])
    return compare([parse_assignments(assignments)], wanted, paths, output, **more)


def rows(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / ROWS).read_text("utf-8").splitlines()]


ROW = Row(
    "0123456789abcdef" * 4, {"encoder.cell": "lstm"}, 1, seqtag.__version__, {"train": "00", "dev": "11"},
    metric="F1", dev=0.5, parameters=1234, best_epoch=1, epochs=2, signature="spans:exact", seconds=1.5,
)  # fmt: skip


def swallow(number: int, becomes: Exception | None) -> None:
    """What a library does that takes a signal for nothing, or for an error of its own."""
    try:
        os.kill(os.getpid(), number)
    except Interrupted:
        if becomes:
            raise becomes from None


def full(descriptor: int) -> None:
    """What `os.fsync` says of some disks that are full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kept(output: Path) -> Path:
    """A file that holds that row."""
    output.mkdir(exist_ok=True)
    Rows(output, metrics.titled).add(ROW)
    return output / ROWS


class TestRows:
    def test_every_combination_with_every_seed(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        found = compared(spans, tmp_path, seeds=2, assignments=[*SMALL, "training.seed=7"])
        assert runs.made == [("lstm", 7), ("lstm", 8), ("gru", 7), ("gru", 8)]
        assert [one.choice["encoder.cell"] for one in found.combinations] == ["gru", "lstm"], "best first"
        assert found.combinations[0].dev == pytest.approx((0.7075, 0.0005**0.5 / 1000**0.5))
        assert [(row["choice"]["encoder.cell"], row["seed"]) for row in rows(tmp_path)] == runs.made
        assert {row["seqtag"] for row in rows(tmp_path)} == {seqtag.__version__}

    def test_nothing_is_run_twice(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        heard: list[Any] = []
        compared(spans, tmp_path)
        compared(spans, tmp_path, "encoder.cell=gru,lstm", listener=heard.append, seeds=2)
        assert runs.made == [("lstm", 42), ("gru", 42), ("gru", 43), ("lstm", 43)]
        assert [event.repeated for event in heard if isinstance(event, RunEnded)] == [
            False,
            True,
            False,
            True,
        ]
        assert len(rows(tmp_path)) == 4

    @pytest.mark.parametrize("what", ["settings", "train", "dev", "test", "version"])
    def test_what_differs_is_run_again(
        self, spans: Any, tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        compared(spans, tmp_path)
        more: dict[str, Any] = {}
        if what == "settings":
            more["assignments"] = [*SMALL, "encoder.units=5"]
        elif what == "version":
            monkeypatch.setattr(seqtag, "__version__", "9.9.9")
        else:
            other = tmp_path / "other.conll"
            other.write_bytes(spans.dev.read_bytes() + b"\nBo\tB-PER\n")
            more["paths"] = {what: str(other)}
        compared(spans, tmp_path, **more)
        assert len(runs.made) == 4

    def test_the_same_settings_in_other_words(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        compared(spans, tmp_path, "training.patience=5")
        compared(spans, tmp_path, "encoder.cell=lstm")
        assert len(runs.made) == 1

    def test_a_row_that_was_cut_short_is_run_again(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        compared(spans, tmp_path)
        path = tmp_path / ROWS
        whole = path.read_bytes()
        first = whole.index(b"\n") + 1
        for end in (first + 1, first + 40, len(whole) - 1):
            path.write_bytes(whole[:end])
            runs.made.clear()
            compared(spans, tmp_path)
            assert runs.made == [("gru", 42)]
            assert path.read_bytes()[:first] == whole[:first]
            assert len(rows(tmp_path)) == 2

    def test_a_file_of_somebody_else_is_left_alone(self, spans: Any, tmp_path: Path) -> None:
        """Whatever stands in it, and whether or not its last line has an end."""
        own = kept(tmp_path / "own").read_bytes()
        path = tmp_path / ROWS
        for content in (b"important notes", b"notes\nmore", b'{"key": "mine"', b'{"name', own + b"notes"):
            path.write_bytes(content)
            with pytest.raises(DataError, match=r"runs.jsonl:[12]: is not a row of seqtag compare or tune"):
                Rows(tmp_path, metrics.titled)
            assert path.read_bytes() == content
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(Error, match="is not a regular file"):
            compared(spans, tmp_path)

    def test_a_row_is_cut_when_another_is_added(self, tmp_path: Path) -> None:
        path = kept(tmp_path)
        whole = path.read_bytes()
        for end in (1, 5, 9, 40, 73, 80, 100, len(whole) - 1):
            path.write_bytes(whole + whole[:end])
            found = Rows(tmp_path, metrics.titled)
            assert path.read_bytes() == whole + whole[:end], "so far it was read only"
            found.add(dataclasses.replace(ROW, seed=2))
            found.add(dataclasses.replace(ROW, seed=3))
            assert path.read_bytes().startswith(whole)
            assert [row["seed"] for row in rows(tmp_path)] == [1, 2, 3]

    def test_a_row_that_another_process_has_finished_is_kept(self, tmp_path: Path) -> None:
        path = kept(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole + whole[:50])
        found = Rows(tmp_path, metrics.titled)
        path.write_bytes(whole + whole)
        found.add(dataclasses.replace(ROW, seed=2))
        assert [row["seed"] for row in rows(tmp_path)] == [1, 1, 2]

    def test_a_row_that_finds_no_room_leaves_nothing(self, tmp_path: Path) -> None:
        """Not the part of it for which there is room."""
        path = kept(tmp_path)
        whole = path.read_bytes()
        found = Rows(tmp_path, metrics.titled)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, hard))
        try:
            with pytest.raises(Error, match=rf"^{path}: cannot be written: File too large\.$"):
                found.add(dataclasses.replace(ROW, seed=2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == whole
        found.add(dataclasses.replace(ROW, seed=3))
        assert [row["seed"] for row in rows(tmp_path)] == [1, 3]

    def test_a_row_that_may_not_be_on_the_disk_is_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = kept(tmp_path)
        whole = path.read_bytes()

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(Error, match=rf"^{path}: cannot be written: No space left on device\.$"):
            Rows(tmp_path, metrics.titled).add(dataclasses.replace(ROW, seed=2))
        assert path.read_bytes() == whole

    def test_a_bad_row_elsewhere_is_an_error(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        for bad in ("{}", "[1]", "no", json.dumps(dataclasses.asdict(ROW) | {"dev": float("nan")})):
            (tmp_path / ROWS).write_text(f"{bad}\n")
            with pytest.raises(DataError, match=r"runs.jsonl:1: is not a row"):
                compared(spans, tmp_path)

    def test_a_row_is_on_the_disk_before_the_next_run(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        runs.fails["gru"] = KeyboardInterrupt()  # type: ignore[assignment]
        with pytest.raises(KeyboardInterrupt):
            compared(spans, tmp_path)
        assert [row["choice"]["encoder.cell"] for row in rows(tmp_path)] == ["lstm"]

    def test_places_that_are_taken(self, spans: Any, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(Error, match="not a folder"):
            compared(spans, tmp_path / "file")
        with pytest.raises(Error, match="is a model folder"):
            compared(spans, spans.folder)

    def test_a_second_comparison_in_the_same_place_is_refused(
        self, spans: Any, tmp_path: Path, runs: Runs
    ) -> None:
        kept(tmp_path)
        with claimed(tmp_path / ROWS), pytest.raises(Error, match="another run is writing there"):
            compared(spans, tmp_path)
        assert runs.made == []
        compared(spans, tmp_path)
        assert os.listdir(tmp_path) == [ROWS]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"key": 5}, "key"),
            ({"choice": 5}, "choice"),
            ({"choice": {"encoder.cell": ["lstm"]}}, "choice"),
            ({"seed": True}, "seed"),
            ({"files": {"train": 1}}, "files"),
            ({"settings": []}, "settings"),
            ({"metric": [1]}, "metric"),
            ({"metric": "[bold]"}, "metric"),
            ({"dev": "x"}, "dev"),
            ({"dev": None}, "dev"),
            ({"dev": 10**400}, "dev"),
            ({"parameters": 1.5}, "parameters"),
            ({"rate": "x"}, "rate"),
            ({"layers": [1]}, "layers"),
            ({"seconds": None}, "seconds"),
            ({"error": 5}, "error"),
            ({"known": 1}, "known"),
        ],
    )
    def test_each_field_of_a_row_is_looked_at(
        self, tmp_path: Path, changes: dict[str, Any], field: str
    ) -> None:
        whole = dataclasses.asdict(ROW)
        good = json.dumps(whole | {"dev": 1, "test": None})
        (tmp_path / ROWS).write_text(f"{good}\n{json.dumps(whole | changes)}\n")
        with pytest.raises(
            DataError, match=rf"runs.jsonl:2: is not a row of seqtag compare or tune: {field} is not what"
        ):
            Rows(tmp_path, metrics.titled)

    def test_a_line_of_brackets_is_no_row(self, tmp_path: Path) -> None:
        (tmp_path / ROWS).write_text("[" * 100_000 + "\n")
        with pytest.raises(DataError, match=r"runs.jsonl:1: is not a row"):
            Rows(tmp_path, metrics.titled)


class TestErrors:
    def test_a_run_that_fails_is_a_row(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        runs.fails["lstm"] = Error("training stopped in epoch 1")
        found = compared(spans, tmp_path)
        assert [one.errors for one in found.combinations] == [[], ["training stopped in epoch 1"]]
        compared(spans, tmp_path)
        assert runs.made == [("lstm", 42), ("gru", 42)], "the same run would fail again"

    def test_an_unexpected_end_is_tried_again(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        runs.fails["lstm"] = ValueError("no memory")
        assert compared(spans, tmp_path).combinations[1].errors == ["ValueError: no memory"]
        runs.fails.clear()
        assert compared(spans, tmp_path).combinations[1].errors == []
        assert runs.made == [("lstm", 42), ("gru", 42), ("lstm", 42)]

    def test_settings_that_exclude_each_other_are_a_row(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        grid = "training.clipnorm=0,1", "training.clipvalue=0,1", "encoder.cell=gru"
        for _ in range(2):
            found = compared(spans, tmp_path, *grid)
            assert [len(one.errors) for one in found.combinations] == [0, 0, 0, 1]
            assert "exclude each other" in found.combinations[3].errors[0]
        assert len(runs.made) == 3
        assert len(rows(tmp_path)) == 4

    def test_a_file_that_cannot_be_read_ends_all(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        bad = tmp_path / "bad.conll"
        bad.write_text("Ana\tB-PER\nleft\n")
        with pytest.raises(DataError, match=r"bad.conll:2"):
            compared(spans, tmp_path / "out", paths={"dev": str(bad)})
        assert runs.made == []
        found = compared(spans, tmp_path / "out", "data.token_column=1,9", "encoder.cell=gru")
        assert [len(one.errors) for one in found.combinations] == [0, 1], "the grid varies how it is read"
        assert [row["known"] for row in rows(tmp_path / "out")] == [True, True]

    @pytest.mark.parametrize(
        ("cause", "tries"),
        [(OSError(errno.EIO, "Input/output error"), 2), (gzip.BadGzipFile("CRC check failed"), 1)],
    )
    def test_what_the_system_could_not_read_is_tried_again(
        self, spans: Any, tmp_path: Path, runs: Runs, cause: Exception, tries: int
    ) -> None:
        runs.fails["lstm"] = DataError("vectors.txt", None, "cannot be read")
        runs.fails["lstm"].__cause__ = cause
        for _ in range(2):
            found = compared(spans, tmp_path, "encoder.cell=lstm")
            assert found.combinations[0].errors == ["vectors.txt: cannot be read"]
        assert len(runs.made) == tries

    def test_without_tensorflow_no_run_is_tried_after_the_first(
        self, spans: Any, tmp_path: Path, runs: Runs
    ) -> None:
        runs.fails["lstm"] = ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")
        with pytest.raises(MissingPackage, match="seqtag compare needs the package tensorflow"):
            compared(spans, tmp_path)
        assert runs.made == [("lstm", 42)]
        assert rows(tmp_path) == []

    def test_a_file_of_the_grid_that_is_not_there_yet(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        vectors = tmp_path / "vectors.txt"
        grid = f"embeddings.vectors.file=null,{vectors}"
        for _ in range(2):
            heard: list[Any] = []
            found = compared(spans, tmp_path, "encoder.cell=gru", grid, listener=heard.append)
            assert [event.repeated for event in heard][1], "it is looked for again"
            assert found.combinations[1].errors == [f"{vectors}: cannot be read: No such file or directory"]
        vectors.write_text("Ana 1 2\nBo 2 1\n")
        assert [one.errors for one in compared(spans, tmp_path, grid).combinations] == [[], []]


REREAD = {  # by the role of a file, a grid that has it read again before the second run
    "train": "data.train_scheme=bio,bioes",
    "dev": "data.train_scheme=bio,bioes",
    "vectors": "embeddings.vectors.file=first.txt,second.txt",
}


class TestFilesThatChange:
    """A row says which content it was trained on, and so it was."""

    @pytest.fixture
    def files(self, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
        monkeypatch.chdir(tmp_path)
        paths = {role: tmp_path / f"{role}.conll" for role in ("train", "dev")}
        for role, path in paths.items():
            path.write_bytes(getattr(spans, role).read_bytes())
        for name in ("first.txt", "second.txt"):
            (tmp_path / name).write_text(f"{name} 1 2\nBo 2 1\n")
        return paths | {"vectors": tmp_path / "second.txt"}

    def call(self, spans: Any, files: dict[str, Path], role: str) -> Comparison:
        paths = {name: str(files[name]) for name in ("train", "dev")}
        return compared(spans, Path("out"), "encoder.cell=gru", REREAD[role], paths=paths)

    @pytest.mark.parametrize("role", ["train", "dev", "vectors"])
    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (
                lambda path: path.write_bytes(path.read_bytes()[:-20]),
                "has changed since this command began",
            ),
            (Path.unlink, "cannot be read: No such file or directory"),
            (lambda path: (path.unlink(), os.mkfifo(path)), "is not a regular file"),
        ],
        ids=["cut", "moved away", "a pipe"],
    )
    def test_between_two_runs(
        self,
        spans: Any,
        files: dict[str, Path],
        runs: Runs,
        role: str,
        change: Callable[..., Any],
        problem: str,
    ) -> None:
        path = files[role]
        whole = path.read_bytes()
        runs.then = lambda: change(path)
        with pytest.raises(Changed, match=rf"{path.name}: {problem}.*\. Finished runs are kept;"):
            self.call(spans, files, role)
        assert len(rows(Path("out"))) == 1
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
        runs.then = lambda: None
        found = self.call(spans, files, role)
        assert [one.errors for one in found.combinations] == [[], []]
        assert len(runs.made) == len(rows(Path("out"))) == 2, "it goes on where it was ended"

    @pytest.mark.parametrize("left", [200, 0])
    @pytest.mark.parametrize("role", ["train", "vectors"])
    def test_while_it_is_read(
        self,
        spans: Any,
        files: dict[str, Path],
        runs: Runs,
        monkeypatch: pytest.MonkeyPatch,
        role: str,
        left: int,
    ) -> None:
        """Whether or not what is left of it can be read."""
        place, name = (hashed_files, "read_vectors") if role == "vectors" else (tagging, "read_corpora")
        real = getattr(place, name)

        def read(*given: Any, **how: Any) -> Any:
            if runs.made:
                files[role].write_bytes(files[role].read_bytes()[:left])
            return real(*given, **how)

        monkeypatch.setattr(place, name, read)
        if role == "vectors":
            files[role].write_text("Bo 2 1\n" * 100)
        with pytest.raises(Changed, match=r"has changed since this command began"):
            self.call(spans, files, role)
        assert len(rows(Path("out"))) == 1


def test_a_row_is_what_training_comes_to(spans: Any, tmp_path: Path) -> None:
    """The real thing, against `seqtag train` with the same settings."""
    test = {"test": str(spans.train)}
    clip = "training.global_clipnorm=0.2"  # acts
    found = compared(
        spans, tmp_path / "grid", "encoder.cell=simplernn", paths=test, assignments=[*SMALL, clip]
    )
    row = found.combinations[0].rows[0]
    config = merge(parse_assignments([*SMALL, clip, "encoder.cell=simplernn"]))
    files = str(spans.train), str(spans.dev), str(spans.train)
    result = training.train(config, *files, tmp_path / "model")
    best = result.best
    assert best.test is not None
    assert (row.dev, row.test) == (best.dev.main, best.test.main)
    assert row.dev != row.test
    assert row.clipped == pytest.approx(sum(epoch.clipped for epoch in best.history) / 2)
    assert row.clipped
    assert (row.signature, row.metric) == (best.dev.signature, "F1")
    assert (row.parameters, row.best_epoch) == (result.prepared.parameters, best.best_epoch)
    assert row.settings == json.loads((tmp_path / "model" / "config.json").read_bytes())
    # How far gradients reach back is what `seqtag gradients` says of that model, the layer that keeps most.
    report = gradients(str(tmp_path / "model"), str(spans.dev), sentences=EXAMPLES)
    assert [(one.number, one.direction) for one in report.layers] == [(1, "forward"), (1, "backward")]
    assert len({one.jacobian_fit.rate for one in report.layers}) == 2
    for one, own in zip(report.layers, row.layers, strict=True):
        fit = one.jacobian_fit
        wanted = {"layer": 1, "direction": one.direction, "rate": fit.rate, "memory": fit.memory}
        assert own == {name: approx(value) for name, value in wanted.items()} | {"verdict": fit.verdict}
    best = max((one.jacobian_fit for one in report.layers), key=lambda fit: fit.rate)
    assert (row.rate, row.memory) == (pytest.approx(best.rate), best.memory)
    assert rows(tmp_path / "grid")[0]["layers"] == row.layers


@pytest.mark.parametrize("when", ["before the first step", "after the last one"])
def test_a_run_ends_where_it_is_asked_to(
    spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """As in `seqtag train`; nothing is kept of it."""
    stop = Stop()
    real = Run.fit

    def fit(run: Any, listener: Any, own: Stop) -> Any:
        if when == "before the first step":
            stop.signal = signal.SIGTERM
            return real(run, listener, own)
        history = real(run, listener, own)
        stop.signal = signal.SIGTERM
        return history

    monkeypatch.setattr(Run, "fit", fit)
    with pytest.raises(Interrupted):
        compared(spans, tmp_path, "encoder.cell=dense", assignments=[*SMALL, "training.epochs=1"], stop=stop)
    assert os.listdir(tmp_path) == [ROWS]
    assert rows(tmp_path) == []


def approx(value: Any) -> Any:
    return pytest.approx(value) if isinstance(value, float) else value


def test_what_has_no_rate(spans: Any, tmp_path: Path) -> None:
    """A cell without a state, and a dev corpus without a sentence of more than two words."""
    short = tmp_path / "short.conll"
    short.write_text("Ana\tB-PER\nleft\tO\n\nBo\tB-PER\n")
    once = [*SMALL, "training.epochs=1"]
    found = compared(spans, tmp_path / "1", "encoder.cell=dense", assignments=once).combinations
    found += compared(
        spans, tmp_path / "2", "encoder.cell=simplernn", assignments=once, paths={"dev": str(short)}
    ).combinations
    for one in found:
        (row,) = one.rows
        assert row.error is None
        assert (row.rate, row.memory, row.layers, one.reach) == (None, None, [], None)


def test_a_combination_has_the_middle_rate() -> None:
    def reach(*given: tuple[float | None, int | None]) -> Any:
        made = (Row("", {}, 1, "", {}, rate=rate, memory=memory) for rate, memory in given)
        return Combination({}, tuple(made), None).reach

    assert reach((0.9, 40), (1.1, None), (0.3, 4)) == (0.9, 40)
    assert reach((1.1, None), (None, None), (0.3, 4)) == (0.3, 4)
    assert reach((1.1, None)) == (1.1, None)
    assert reach((0.0, 1), (None, None)) == (0.0, 1)
    assert reach((None, None)) is None


class TestCommand:
    def call(self, spans: Any, output: Path, *more: str) -> int:
        given = [part for one in SMALL for part in ("--set", one)]
        files = ["--train", str(spans.train), "--dev", str(spans.dev), "-o", str(output)]
        return run(["compare", *files, *given, *more])

    def test_table_markdown_and_talk(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        runs.fails["lstm"] = Error("training stopped")
        grid = ("--grid", "encoder.cell=lstm,gru", "--grid", "encoder.bidirectional=true,false")
        assert self.call(spans, tmp_path, *grid, "--seeds", "2") == 0
        out, err = capsys.readouterr()
        assert "run 1 of 8  cell=lstm bidirectional=true  seed 42  training stopped\n" in err
        assert "run 5 of 8  cell=gru bidirectional=true  seed 42  dev F1 0.7420  epoch 1 of 2  " in err
        assert "no plot without matplotlib: pip install '.[plot]' in a clone of seqtag" in err
        assert "cell=lstm bidirectional=false: training stopped" in out
        written = (tmp_path / "table.md").read_text("utf-8").splitlines()
        assert "| cell | bidirectional | dev F1 | +- | seeds | parameters | seconds |" in written
        assert any(line.startswith("| gru | true | 0.7425 | 0.0007 | 2 | 1,234 |") for line in written)
        assert "| lstm | false | - | - | 0 of 2 | - | - |" in written
        assert LEGEND not in out
        assert LEGEND not in written
        assert "- `spans:exact`" in written
        assert not (tmp_path / "plot.png").exists()

    def test_rates(self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture) -> None:
        pytest.importorskip("matplotlib")
        runs.reach = {42: {"rate": 0.98765, "memory": 321}, 43: {"rate": 1.25, "memory": None}}
        grid = ("--grid", "encoder.cell=lstm,gru", "--grid", "training.epochs=3,4", "--seeds")
        assert self.call(spans, tmp_path, *grid, "1") == 0
        out = capsys.readouterr().out
        assert out.count("0.9877      321") == 2
        assert LEGEND in out.splitlines()
        assert len(LEGEND) <= 80
        written = (tmp_path / "table.md").read_text("utf-8").splitlines()
        (head,) = (line for line in written if line.startswith("| cell"))
        assert head.endswith("| seconds | rate | memory |")
        assert LEGEND in written
        assert [line.split(" | ")[-2:] for line in written if line.startswith(("| gru", "| lstm"))] == [
            ["0.9877", "321 |"]] * 2 + [["-", "- |"]] * 2  # fmt: skip
        plot = (tmp_path / "plot.png").read_bytes()
        runs.reach.pop(42)
        assert self.call(spans, tmp_path / "2", "--set", "training.seed=43", *grid, "1") == 0
        assert "1.2500   no end" in capsys.readouterr().out
        runs.reach.clear()
        assert self.call(spans, tmp_path / "3", *grid, "1") == 0
        assert LEGEND not in capsys.readouterr().out
        widths = [int.from_bytes(one[16:20]) for one in (plot, (tmp_path / "3" / "plot.png").read_bytes())]
        assert widths == [1800, 1200], "a panel of rates, where there are some"

    def test_two_metrics_are_not_ranked_together(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        runs.metrics["gru"] = "accuracy"
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=gru,lstm") == 0
        written = (tmp_path / "table.md").read_text("utf-8").splitlines()
        assert "| cell | metric | dev score | +- | seeds | parameters | seconds |" in written
        rows = [line.split(" | ")[:3] for line in written if line.startswith(("| gru", "| lstm"))]
        assert rows == [["| lstm", "F1", "0.5420"], ["| gru", "accuracy", "0.7420"]]

    def test_a_row_of_other_shared_settings_is_not_taken(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture
    ) -> None:
        """Also where the settings are wrong, and stand in no row."""
        for column in ("7", "8"):
            grid = ("--grid", "data.character_places=auto,keep", "--set", f"data.feature_columns={column}")
            assert self.call(spans, tmp_path, *grid) == 1
            assert f"there is no column {column}" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["table.md", "plot.png"])
    def test_a_file_of_somebody_else_is_not_written_over(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture, name: str
    ) -> None:
        path = tmp_path / name
        path.write_text("mine")
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=lstm") == 1
        problem = "already exists, but runs.jsonl is missing beside it, so no comparison wrote it. Choose another -o."
        assert capsys.readouterr().err == f"seqtag: {path}: {problem}\n"
        assert os.listdir(tmp_path) == [name]
        assert path.read_text() == "mine"
        kept(tmp_path)
        assert self.call(spans, tmp_path, "-q", "--grid", "encoder.cell=lstm") == 0, "one of ours is replaced"
        assert (tmp_path / "table.md").read_text("utf-8").startswith("seqtag ")

    @pytest.mark.parametrize("name", ["table.md", "plot.png"])
    def test_what_could_not_be_written_after_the_last_run(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture, name: str
    ) -> None:
        path = tmp_path / name
        kept(tmp_path)
        path.write_bytes(spans.train.read_bytes())
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=lstm", "--test", str(path)) == 2
        path.unlink()
        path.mkdir()
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=lstm") == 1
        assert capsys.readouterr().err == (
            f"seqtag: {path}: is also an input; choose a different output file.\n"
            f"seqtag: {path}: is a folder; expected a file to write to\n"
        )
        assert runs.made == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("becomes", [None, ImportError("initialization failed"), Error("no network")])
    def test_a_signal_that_a_library_has_swallowed(
        self,
        spans: Any,
        tmp_path: Path,
        runs: Runs,
        capsys: Capture,
        number: int,
        becomes: Exception | None,
    ) -> None:
        """It ends the comparison after the run, if that came to its end, and is no error of it otherwise."""
        runs.then = lambda: len(runs.made) > 1 or swallow(number, becomes)
        assert self.call(spans, tmp_path, "-q", "--grid", "encoder.cell=lstm,gru") == 128 + number
        told = (
            f"interrupted. Finished runs are in {tmp_path / ROWS}; the same command goes on with the others."
        )
        assert capsys.readouterr() == ("", f"seqtag: {told}\n")
        assert runs.made == [("lstm", 42)]
        assert [row["error"] for row in rows(tmp_path)] == ([] if becomes else [None])

    def test_a_signal_while_a_row_is_written(
        self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = rows_file.json_text

        def interrupted(value: Any) -> str:
            os.kill(os.getpid(), signal.SIGTERM)
            return real(value)

        monkeypatch.setattr(rows_file, "json_text", interrupted)
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=lstm,gru") == 143
        assert [row["choice"] for row in rows(tmp_path)] == [{"encoder.cell": "lstm"}]
        capsys.readouterr()
        monkeypatch.setattr(os, "fsync", full)
        assert self.call(spans, tmp_path / "full", "-q", "--grid", "encoder.cell=lstm,gru") == 1
        assert "full/runs.jsonl: cannot be written: No space left" in capsys.readouterr().err, (
            "no row, no word of one"
        )

    def test_a_signal_while_the_stage_is_loaded(
        self, spans: Any, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed = ImportError("initialization failed")
        monkeypatch.setattr(stage, "compare", lambda *_, **__: swallow(signal.SIGTERM, failed))
        assert self.call(spans, tmp_path, "--grid", "encoder.cell=lstm") == 143
        assert capsys.readouterr().err.startswith("seqtag: interrupted. Finished runs are in ")

    def test_no_score_at_all(self, spans: Any, tmp_path: Path, runs: Runs, capsys: Capture) -> None:
        runs.fails["lstm"] = Error("training stopped")
        assert self.call(spans, tmp_path, "-q", "--grid", "encoder.cell=lstm") == 1
        assert capsys.readouterr().err == "seqtag: no run produced a score.\n"

    def test_wrong_usage(self, spans: Any, tmp_path: Path, capsys: Capture) -> None:
        assert self.call(spans, tmp_path, "--grid", "encoder.cel=lstm") == 2
        assert "Did you mean 'encoder.cell'?" in capsys.readouterr().err
        assert self.call(spans, tmp_path) == 2
        assert "--grid" in capsys.readouterr().err

    def test_a_plot(self, spans: Any, tmp_path: Path, runs: Runs) -> None:
        pytest.importorskip("matplotlib")
        assert self.call(spans, tmp_path, "-q", "--grid", "encoder.cell=lstm,gru", "--seeds", "2") == 0
        assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("seeds", "values", "problem"),
    [
        (99_999_999_999, 1, r"--seeds 99999999999: training.seed is 100000000040; expected a whole number"),
        (2**31, 1, r"--seeds 2147483648: training.seed is 2147483689; expected"),
        (10_001, 1, r"the grid means 10,001 runs; expected at most 10,000"),
        (101, 100, r"the grid means 10,100 runs"),
    ],
)
def test_more_runs_than_anybody_waits_for(seeds: int, values: int, problem: str, tmp_path: Path) -> None:
    grid = {"encoder.units": list(range(1, values + 1))}
    with pytest.raises(UsageError, match=problem):
        compare([], grid, {"train": "gone.conll", "dev": "gone.conll"}, tmp_path / "out", seeds=seeds)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("role", ["train", "dev", "test", "vectors"])
@pytest.mark.parametrize("kind", ["a pipe", "standard input", "a device"])
def test_what_can_be_read_once_only_is_refused(role: str, kind: str, tmp_path: Path) -> None:
    pipe, corpus = tmp_path / "pipe", tmp_path / "corpus.conll"
    os.mkfifo(pipe)
    corpus.write_text("Ana\tB-PER\nleft\tO\n")
    path = {"a pipe": str(pipe), "standard input": "-", "a device": os.devnull}[kind]
    paths = {"train": str(corpus), "dev": str(corpus)} | ({} if role == "vectors" else {role: path})
    layer = parse_assignments([f"embeddings.vectors.file={json.dumps(path)}"] if role == "vectors" else [])
    with pytest.raises(DataError, match=r"is not a regular file, and compare reads a file more than once"):
        compare([layer], {"encoder.cell": ["gru"]}, paths, tmp_path / "out")


def test_a_row_knows_the_content_of_the_vectors(spans: Any, tmp_path: Path, runs: Runs) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("Ana 1 2\nBo 2 1\n")
    more = {"assignments": [*SMALL, f"embeddings.vectors.file={vectors}"]}
    compared(spans, tmp_path, "encoder.cell=gru", **dict(more))
    compared(spans, tmp_path, "encoder.cell=gru", **dict(more))
    assert len(runs.made) == 1
    vectors.write_text("Ana 1 2\nBo 2 2\n")
    compared(spans, tmp_path, "encoder.cell=gru", **dict(more))
    assert len(runs.made) == 2
    assert str(vectors) not in (tmp_path / ROWS).read_text("utf-8")


def test_side_by_side(spans: Any, tmp_path: Path) -> None:
    """In processes of their own, as one by one; of two that mean the same run, one is trained."""
    grid = ["encoder.units=3,4"]
    alone = compared(spans, tmp_path / "alone", *grid, seeds=2)
    heard: list[RunEnded] = []
    both = compared(spans, tmp_path / "both", *grid, seeds=2, workers=2, listener=heard.append)
    assert sorted(event.number for event in heard) == [1, 2, 3, 4]
    assert all(event.repeated for event in heard)
    assert [one.choice for one in both.combinations] == [one.choice for one in alone.combinations]
    found, expected = ({row["key"]: row for row in rows(tmp_path / name)} for name in ("both", "alone"))
    assert found.keys() == expected.keys()
    for key, row in found.items():
        assert row["error"] is None
        for name in ("choice", "seed", "settings", "files", "parameters", "epochs", "metric"):
            assert row[name] == expected[key][name]
        assert row["dev"] == pytest.approx(expected[key]["dev"], abs=0.05)  # by the number of threads
    heard.clear()
    compared(spans, tmp_path / "both", *grid, seeds=2, workers=2, listener=heard.append)
    assert [event.repeated for event in heard] == [False] * 4
    assert len(rows(tmp_path / "both")) == 4


def test_a_file_that_changes_before_a_process_reads_it(spans: Any, tmp_path: Path) -> None:
    path = tmp_path / "train.conll"
    path.write_bytes(Path(spans.train).read_bytes())
    paths = {"train": str(path), "dev": str(spans.dev)}
    layers = [parse_assignments(SMALL)]
    plan = running.Runs("tagging", layers, paths, command="seqtag compare").plan({}, 1, "--grid")
    running.Runs("tagging", layers, paths, command="seqtag compare").check(plan)
    path.write_bytes(path.read_bytes() * 2)
    other = running.Runs("tagging", layers, paths, command="seqtag compare")
    with pytest.raises(
        Changed, match=f"^{path}: has changed since this command began. Finished runs are kept"
    ):
        other.check(plan)
