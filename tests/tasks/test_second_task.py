"""A task that is not tagging, trained by the same loop: how many words a line has, guessed from its characters, by an
error that is to be small. What the loop, checkpoints, folders and comparisons knew of tagging would fail here.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from seqtag.cli.display import Lines
from seqtag.evaluation.measure import Measure
from seqtag.features.vectors import Vectors
from seqtag.model_folder import layout
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import Kind
from seqtag.model_folder.stored import read_config
from seqtag.network.build import weight_name
from seqtag.network.embeddings.base import Input
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments, parse_grid
from seqtag.settings.merging import merge
from seqtag.settings.registry import TaskPart
from seqtag.stages.compare import RunEnded, compare
from seqtag.stages.train import TrainingResult, train
from seqtag.support.errors import Error, ModelError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.tasks.base import Task
from seqtag.training.batches import training_order
from seqtag.training.events import Epoch, Progress, Start
from seqtag.training.job import Batch, Fitted, SeedResult

ERROR = Measure("squared error", lower_is_better=True, decimals=2)
KIND = Kind("length model", "seqtag-lengths", 1, ("config.json", "report.json"), ("weights.safetensors",))
Data = dict[str, list[str]]  # lines by role


@dataclass(frozen=True)
class LengthScore:
    main: float
    signature: str = "lines"

    @property
    def measure(self) -> Measure:
        return ERROR

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LengthResult(SeedResult[LengthScore]):
    dev: LengthScore
    test: LengthScore | None


class Line(keras.Model):  # type: ignore[misc]
    """Words as a linear function of characters; what the loop asks of a network, and no head."""

    inputs_needed: ClassVar = {"lengths": Input("int32", (None,))}
    targets_needed: ClassVar = {}
    lookups: ClassVar = {}

    def __init__(self) -> None:
        super().__init__(name="line")
        self.dense = keras.layers.Dense(1, name="dense")
        self.dense.build((None, 1))
        self.built = True

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.dense(tf.cast(inputs["lengths"], tf.float32)[:, None] / 10)

    def loss_of(self, inputs: dict[str, Any], targets: Any, training: bool = False) -> Any:
        return tf.reduce_mean((self.call(inputs) - tf.cast(targets, tf.float32)) ** 2)

    def progress(self, epochs: float) -> None:
        pass

    def named_weights(self) -> dict[str, Any]:
        return {weight_name(weight): weight.numpy() for weight in self.weights}

    def assign_weights(self, arrays: dict[str, Any]) -> None:
        for weight in self.weights:
            weight.assign(arrays[weight_name(weight)])


class LengthJob:
    def __init__(self, config: Config, data: Data, vectors: Vectors | None) -> None:
        self.config, self.data = config, data
        self.network: Any = Line()
        self.prepared = Start(config, ERROR, 2)

    @property
    def tokens(self) -> int:
        return sum(map(len, self.data["train"]))

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        lines, training = self.data["train"], self.config.training
        lengths = [len(line) for line in lines]
        for numbers in training_order(lengths, training.batch_size, training.seed, epoch)[done:]:
            words = [[len(lines[number].split())] for number in numbers]
            inputs = {"lengths": np.array([lengths[number] for number in numbers], np.int32)}
            yield Batch(numbers, inputs, np.array(words, np.int32))

    def describe(self, numbers: list[int]) -> str:
        return f"Lines {numbers}."

    def score_dev(self, stop: Stop) -> float:
        stop.check()
        lines = self.data["dev"]
        found = self.network({"lengths": np.array([len(line) for line in lines], np.int32)}).numpy()[:, 0]
        return float(np.mean((found - [len(line.split()) for line in lines]) ** 2))

    def calibrated(
        self, weights: dict[str, Any], fitted: Fitted | None = None
    ) -> tuple[dict[str, Any], Fitted]:
        return weights, Fitted()

    def score(self, weights: dict[str, Any]) -> tuple[LengthScore, None]:
        self.network.assign_weights(weights)
        return LengthScore(self.score_dev(Stop())), None

    def facts(self) -> dict[str, Any]:
        return {"lines": len(self.data["train"])}

    def files(self, weights: dict[str, Any], report: dict[str, Any]) -> dict[str, bytes]:
        return {
            "config.json": layout.dump_json(self.config.portable()),
            "weights.safetensors": safetensors.numpy.save(weights),
            "report.json": layout.dump_json(report),
        }


def read(config: Config, paths: Mapping[str, Sequence[str]]) -> Data:
    return {role: Path(path[0]).read_text("utf-8").splitlines() for role, path in paths.items()}


LENGTHS = Task[Data, Any](
    kind=KIND,
    read=read,
    fill_in=lambda config, data: config,
    warnings=lambda config, data: [],
    vectors=lambda config, data: None,
    digests=lambda data: {role: hashlib.sha256(repr(data[role]).encode()).hexdigest() for role in data},
    measure={ERROR.title: ERROR}.get,
    job=LengthJob,
    result=LengthResult,
    check=lambda files, vectors: None,
    rates=lambda job: [],
    settings=read_config,
    stored=lambda folder: pytest.fail("nothing reads it"),
    sample=lambda *given: pytest.fail("nothing reads it"),
)
SETTINGS = [
    "training.epochs=4",
    "training.batch_size=4",
    "training.learning_rate=0.1",
    "training.averaging=ema",
]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "find", {"lengths": LENGTHS}.__getitem__)
    part = TaskPart("", "seqtag.settings.schema:SETTINGS", KIND.format)
    monkeypatch.setitem(registry.TASKS, "lengths", part)


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "lines.txt"
    path.write_text("".join("word " * (1 + at % 7) + "\n" for at in range(30)), "utf-8")
    return str(path)


def go(text: str, target: Path, *more: str, **how: Any) -> TrainingResult[Start, LengthScore]:
    config = merge(parse_assignments([*SETTINGS, *more]))
    return train(config, text, text, None, target, task="lengths", **how)


def content(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The errors on dev that epochs shall have, one after the other."""
    found: list[float] = []
    monkeypatch.setattr(LengthJob, "score_dev", lambda job, stop: found.pop(0))
    return found


def test_it_trains_to_a_small_error(text: str, tmp_path: Path) -> None:
    result = go(text, tmp_path / "model", "training.epochs=40")
    errors = [epoch.dev_score for epoch in result.history]
    assert errors[-1] < errors[0] / 10
    assert result.best.best_epoch == 1 + errors.index(min(errors))
    assert result.dev.main == min(errors)
    assert Folder(tmp_path / "model", KIND).read_json("report.json")["dev"]["main"] == min(errors)


def test_its_folder_is_no_tagger(text: str, tmp_path: Path) -> None:
    go(text, tmp_path / "model", "training.epochs=1")
    with pytest.raises(ModelError, match="its format is seqtag-lengths"):
        Folder(tmp_path / "model")
    with pytest.raises(Error, match="already contains a length model"):
        go(text, tmp_path / "model")
    (tmp_path / "tagger").mkdir()
    (tmp_path / "tagger" / "manifest.json").write_text('{"format": "seqtag-model"}')
    with pytest.raises(Error, match="exists and is not a length model folder"):
        go(text, tmp_path / "tagger", force=True)


def test_it_stops_when_the_error_falls_no_more(text: str, tmp_path: Path, errors: list[float]) -> None:
    errors += [
        5.0,
        3.0,
        3.0,
        4.0,
        1.0,
        9.0,
    ]  # the last two: after a stop that comes too late, and of the model
    del errors[4]
    result = go(text, tmp_path / "model", "training.patience=2", "training.epochs=9")
    assert [epoch.best for epoch in result.history] == [True, True, False, False]
    assert result.best.best_epoch == 2


def test_no_error_at_all_is_a_start(text: str, tmp_path: Path, errors: list[float]) -> None:
    """Of a score that is to be large, 0 is none."""
    errors += [0.0, 0.0, 0.0, 9.0]
    result = go(text, tmp_path / "model", "training.patience=2", "training.epochs=9")
    assert [epoch.best for epoch in result.history] == [True, False, False]


def test_the_seed_with_the_smallest_error_is_kept(text: str, tmp_path: Path, errors: list[float]) -> None:
    errors += [2.0, 2.0, 1.0, 1.0, 3.0, 3.0]
    result = go(text, tmp_path / "model", "training.epochs=1", seeds=3)
    assert [seed.dev.main for seed in result.seeds] == [2.0, 1.0, 3.0]
    assert result.best is result.seeds[1]


def test_a_run_that_was_stopped_ends_with_the_same_bytes(text: str, tmp_path: Path) -> None:
    """In the second seed, when the checkpoint holds the model of the first."""
    stop = Stop()
    starts: list[Start] = []

    def listen(event: Any) -> None:
        starts.extend([event] if isinstance(event, Start) else [])
        if isinstance(event, Progress) and (len(starts), event.epoch) == (2, 3):
            stop.receive(2)

    go(text, tmp_path / "whole", seeds=2)
    with pytest.raises(Interrupted, match=r"interrupted in epoch 3 after step 1: .* --resume"):
        go(text, tmp_path / "model", seeds=2, listener=listen, stop=stop)
    assert {*content(tmp_path / "model.checkpoint")} == {
        "manifest.json",
        *layout.CHECKPOINT.files,
        *KIND.files,
        *KIND.optional,
    }
    result = go(text, tmp_path / "model", seeds=2, resume=True)
    assert [type(seed) for seed in result.seeds] == [LengthResult, LengthResult]
    assert content(tmp_path / "model") == content(tmp_path / "whole")


def test_a_comparison_has_the_smallest_error_first(text: str, tmp_path: Path) -> None:
    ended: list[RunEnded] = []
    found = compare(
        [parse_assignments(SETTINGS)], parse_grid(["training.learning_rate=0.0001,0.1"]),
        {"train": text, "dev": text}, tmp_path / "grid", task="lengths", listener=ended.append,
    )  # fmt: skip
    assert [one.choice["training.learning_rate"] for one in found.combinations] == [0.1, 0.0001]
    assert found.metric == "squared error"
    assert [event.measure for event in ended] == [ERROR, ERROR]


def test_the_display_shows_its_measure(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines(lambda start: [f"{start.parameters} parameters"], print)
    result = go(text, tmp_path / "model", "training.epochs=1", listener=shown.event)
    [epoch] = result.history
    assert isinstance(epoch, Epoch)
    shown.finish(result)
    streams = capsys.readouterr()
    assert streams.err.startswith("2 parameters\nepoch   1  loss ")
    assert f"dev squared error {epoch.dev_score:.2f} *" in streams.err
    assert streams.out.startswith("TrainingResult(")
