"""A run on train and dev: as many epochs as dev chose, from the start, at the same rates; resumable and marked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import seqtag.training.run
from seqtag.cli import run
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of
from seqtag.stages.train import train
from seqtag.support.errors import UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.training.events import Epoch, Note, Progress, Start
from seqtag.training.schedules import learning_rate

SMALL = [
    "embeddings.word.dim=8", "encoder.units=6", "embeddings.characters.encoder=none", "embeddings.shape.dim=0",
    "encoder.cell=dense", "encoder.layers=1", "encoder.bidirectional=false", "head.name=softmax",
    "data.tokenizer=word", "language_model.weight=0", "training.optimizer=sgd", "training.learning_rate=0.5",
    "training.batch_size=4", "training.epochs=3", "training.averaging=swa", "training.averaging_epochs=2",
    "training.final=true",
]  # fmt: skip
TRAIN = "Ana B-PER\nflew O\nto O\nOslo B-LOC\n\nOslo B-LOC\nis O\nfar O\n\nBen B-PER\nRuiz I-PER\nslept O\n\n"
DEV = "Lima B-LOC\nis O\nfar O\n\nAna B-PER\nslept O\n\n"


@dataclass(frozen=True)
class Made:
    """A run, its folder and what the listener received."""

    folder: Path
    result: Any
    events: list[Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    texts = {"train": TRAIN * 3, "dev": DEV, "both": TRAIN * 3 + DEV, "test": DEV.replace("slept", "left")}
    for name, text in texts.items():
        (folder / name).write_text(text.replace(" ", "\t"))
    return {name: str(folder / name) for name in texts}


@pytest.fixture(scope="module")
def whole(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Made:
    events: list[Any] = []
    folder = tmp_path_factory.mktemp("whole") / "model"
    return Made(folder, go(files, folder, listener=events.append), events)


def go(files: dict[str, str], output: Path, *more: str, on: str = "train", **how: Any) -> Any:
    config = settings_of(parse_assignments([*SMALL, *more]))[1]
    return train(config, files[on], files["dev"], files["test"], output, **how)


def content(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def test_the_model_is_that_of_both_files_after_so_many_epochs(
    files: dict[str, str], whole: Made, tmp_path: Path
) -> None:
    best = whole.result.best
    plain = ["training.final=false", f"training.epochs={best.best_epoch}"]
    same = go(files, tmp_path / "same", *plain, on="both")
    assert best.final.losses == [epoch.loss for epoch in same.history]
    assert best.final.losses != [epoch.loss for epoch in best.history[: best.best_epoch]]
    vocabularies = [
        json.loads((folder / "vocab.json").read_text()) for folder in (whole.folder, tmp_path / "same")
    ]
    assert vocabularies[0] == vocabularies[1]
    assert "final" not in json.loads((tmp_path / "same" / "report.json").read_text())
    assert "final" not in json.loads((tmp_path / "same" / "config.json").read_text())["training"]


def test_the_report_tells_both_runs_apart(whole: Made) -> None:
    best = whole.result.best
    report = json.loads((whole.folder / "report.json").read_text())
    assert report["final"]["epochs"] == best.best_epoch
    assert report["final"]["trained_on"] == ["train", "dev"]
    assert report["data"]["train"]["sentences"] == 11
    assert report["final"]["first"]["data"]["train"]["sentences"] == 9
    assert report["dev"]["signature"].endswith("|trained-on:train")
    assert report["test"]["signature"].endswith("|trained-on:train+dev")
    assert report["temperatures"] == best.fitted.temperatures


def test_its_epochs_have_no_dev_scores(whole: Made) -> None:
    result = whole.result
    scores = [event.dev_score for event in whole.events if isinstance(event, Epoch)]
    assert scores[len(result.history) :] == [None] * result.best.best_epoch
    assert None not in scores[: len(result.history)]


def test_its_rates_are_those_of_the_first_run(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[dict[float, float]] = []

    def spy(settings: Any, progress: float, gains: Any) -> float:
        rate = learning_rate(settings, progress, gains)
        if progress == int(progress):  # of each epoch the first step
            rates[-1].setdefault(progress, rate)
        return rate

    def listen(event: Any) -> None:
        if isinstance(event, Start) or (isinstance(event, Note) and "train and dev" in event.text):
            rates.append({})

    monkeypatch.setattr(seqtag.training.run, "learning_rate", spy)
    settings = ["training.schedule=plateau", "training.plateau_patience=1", "training.epochs=4"]
    scores = iter([0.2, 0.1, 0.3, 0.1])
    monkeypatch.setattr("seqtag.tasks.tagging.tagger_job.TaggerJob.score_dev", lambda job, stop: next(scores))
    go(files, tmp_path / "model", *settings, listener=listen)
    first, second = (list(one.values()) for one in rates)
    assert (len(first), len(second)) == (4, 3)
    assert second == first[:3]
    assert second[2] < second[1]


@pytest.mark.parametrize(("phase", "epoch"), [(1, 2), (2, 1)])
def test_it_resumes_to_the_same_bytes(
    files: dict[str, str], whole: Made, tmp_path: Path, phase: int, epoch: int
) -> None:
    stop, phases = Stop(), [0]

    def listen(event: Any) -> None:
        if isinstance(event, Start) or (isinstance(event, Note) and "train and dev" in event.text):
            phases[0] += 1
        if isinstance(event, Progress) and (phases[0], event.epoch) == (phase, epoch):
            stop.receive(2)

    where = " of the run on train and dev" if phase == 2 else ""
    with pytest.raises(Interrupted, match=f"interrupted in epoch {epoch} after step 1{where}: "):
        go(files, tmp_path / "model", listener=listen, stop=stop)
    found = go(files, tmp_path / "model", resume=True)
    assert found.best.final is not None
    assert content(tmp_path / "model") == content(whole.folder)


def test_what_is_shown(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run without a dev file, where what was held out comes back."""
    model = str(tmp_path / "model")
    settings = [word for setting in SMALL[:-1] for word in ("--set", setting)]
    assert run(["train", "--final", "--train", files["train"], "-o", model, *settings]) == 0
    shown = capsys.readouterr()
    assert "dev (the run that chose the epochs; the final model has seen dev)" in shown.out
    assert "train and dev 9, dev 1 sentence (held out)" in shown.out
    assert "training again on train and dev, from the start, for " in shown.err
    assert "train + dev" in shown.err


def test_what_is_shown_of_several_seeds(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "model")
    settings = [word for setting in SMALL[:-1] for word in ("--set", setting)]
    given = ["--train", files["train"], "--dev", files["dev"], "--test", files["test"], "-o", model]
    assert run(["train", "--final", "--seeds", "2", "--keep-seeds", *given, *settings]) == 0
    shown = capsys.readouterr()
    assert "training with seed 42, 1 of 2\n" in shown.err
    assert "training with seed 43, 2 of 2\n" in shown.err
    out = " ".join(shown.out.split())
    assert ", the best on dev; the run that chose the epochs; the final model has seen dev)" in out
    assert ", the best on dev; the final model)" in out
    assert f"models of all seeds written to {model}.seeds\n" in shown.out


@pytest.mark.parametrize(
    ("name", "what"), [("dev", "the dev file"), ("both", "the training file"), ("test", "")]
)
def test_what_evaluate_says(
    files: dict[str, str], whole: Made, capsys: pytest.CaptureFixture[str], name: str, what: str
) -> None:
    assert run(["evaluate", str(whole.folder), files[name]]) == 0
    shown = capsys.readouterr()
    assert shown.out.rstrip().endswith("|trained-on:train+dev")
    assert (f"is {what} of this model" in shown.err) if what else ("of this model" not in shown.err)


def test_a_merged_model_has_seen_what_its_members_have(
    files: dict[str, str], whole: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual, merged, twice = (str(tmp_path / name) for name in ("usual", "merged", "twice"))
    go(files, Path(usual), "training.final=false", "training.epochs=1")
    assert run(["merge", usual, str(whole.folder), "-o", merged, "--dev", files["dev"]]) == 0
    assert "is the dev file of this model" in capsys.readouterr().err
    assert run(["merge", usual, merged, "-o", twice]) == 0
    reports = [json.loads(Path(folder, "report.json").read_text()) for folder in (usual, usual, whole.folder)]
    assert json.loads(Path(twice, "report.json").read_text())["merged"] == reports
    assert run(["evaluate", twice, files["both"]]) == 0
    shown = capsys.readouterr()
    assert shown.out.rstrip().endswith("|trained-on:train+dev")
    assert "is the training file of this model" in shown.err


def test_a_task_without_such_a_run_says_so(tmp_path: Path) -> None:
    config = settings_of(parse_assignments(SMALL))[1]
    with pytest.raises(UsageError, match="this task has no run on train and dev"):
        tasks.find("generation").planned(config, None, None)
