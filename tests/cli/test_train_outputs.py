"""What `seqtag train` writes for people to look at: page, plot, TensorBoard's events."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from seqtag.cli import run
from seqtag.network import tensorboard
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import Error
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.training.events import Epoch, Event, Progress, Resumed
from seqtag.training.tensorboard import EventFiles, check_place

SMALL = (
    "embeddings.word.dim=4", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.units=3",
    "encoder.layers=1", "language_model.weight=0", "training.epochs=3", "training.batch_size=16",
    "training.learning_rate=0.02", "training.schedule=cosine",
)  # fmt: skip


def go(spans: Any, output: Path, **how: Any) -> Any:
    config = merge(parse_assignments(SMALL))
    return train(config, str(spans.train), str(spans.dev), None, output, **how)


def wanted(history: list[Epoch]) -> dict[tuple[str, int], float]:
    """What the events of a run hold, but for the speed."""
    names = {
        "train/loss": "loss", "train/gradient_norm": "gradient_norm", "train/clipped": "clipped",
        "train/learning_rate": "learning_rate", "dev/score": "dev_score",
    }  # fmt: skip
    return {
        (tag, epoch.number): pytest.approx(getattr(epoch, name), rel=1e-6)
        for epoch in history
        for tag, name in names.items()
    }


def read(folder: Path) -> dict[tuple[str, int], float]:
    found = [((tag, step), value) for tag, step, value in tensorboard.read(folder)]
    assert len(dict(found)) == len(found)  # nothing stands there twice
    return {key: value for key, value in found if key[0] != "train/tokens_per_second"}


def test_events_hold_what_each_epoch_came_to_and_go_on_with_a_resumed_run(spans: Any, tmp_path: Path) -> None:
    place, stop = tmp_path / "events", Stop()
    written, events = EventFiles(place), []

    def interrupt(event: Event) -> None:
        if isinstance(event, Epoch) and event.number == 2:
            return  # killed before the listener could write the second epoch
        written(event)
        if isinstance(event, Progress) and event.epoch == 3:
            stop.receive(2)

    with pytest.raises(Interrupted):
        go(spans, tmp_path / "model", listener=interrupt, stop=stop)
    assert {step for _, step in read(place)} == {1}
    written = EventFiles(place)

    def resume(event: Event) -> None:
        events.append(event)
        written(event)

    result = go(spans, tmp_path / "model", listener=resume, resume=True)
    written.close()
    (resumed,) = (event for event in events if isinstance(event, Resumed))
    assert list(resumed.history) == result.history[:2]
    assert read(place) == wanted(result.history)
    assert len(tensorboard.files(place)) == 2
    assert [epoch.learning_rate for epoch in result.history] == pytest.approx([0.02, 0.015, 0.005])


def test_events_of_another_run_are_removed_only_by_force(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "seed-3"):
        writer = tensorboard.ScalarWriter(place)
        writer.write("a", 1.5, 2)
        writer.close()
    assert list(tensorboard.read(tmp_path)) == [("a", 2, 1.5)]
    other = tmp_path / "events.out.tfevents.1.other"
    other.touch()
    check_place(tmp_path, resume=True, force=False)
    with pytest.raises(Error, match="already holds the events of a run"):
        check_place(tmp_path, resume=False, force=False)
    check_place(tmp_path, resume=False, force=True)
    assert not tensorboard.files(tmp_path)
    assert not tensorboard.files(tmp_path / "seed-3")
    assert other.exists()
    with pytest.raises(Error, match="is not a folder"):
        check_place(other, resume=True, force=True)


def test_the_command_writes_page_plot_and_events(
    spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two seeds, with a part of the training file held out."""
    options = [part for setting in SMALL for part in ("--set", setting)]
    report, plot, events = tmp_path / "report.html", tmp_path / "curves.svg", tmp_path / "events"
    arguments = [
        "train",
        "--train",
        str(spans.train),
        "-o",
        str(tmp_path / "model"),
        *options,
        "--seeds",
        "2",
        "-q",
    ]
    assert run([*arguments, "--report", str(report), "--plot", str(plot), "--tensorboard", str(events)]) == 0
    text = report.read_text("utf-8")
    made = json.loads((tmp_path / "model" / "report.json").read_text())
    assert "<h1>Training</h1>" in text
    assert made["dev"]["signature"] in text
    assert f"{made['dev']['f1']:.4f}" in text
    assert f"Epoch {made['best_epoch']} was kept" in text
    assert "Learning rate by epoch" in text
    assert text.index('id="training"') < text.index('id="scores"')
    ElementTree.parse(plot)
    for number, seed in enumerate(made["seeds"]["seeds"]):
        scores = [value for (tag, _), value in read(events / f"seed-{seed}").items() if tag == "dev/score"]
        assert max(scores) == pytest.approx(made["seeds"]["dev"]["scores"][number], abs=0.05)
        assert len(scores) == 3
    capsys.readouterr()
    again = [*arguments, "--force"]
    assert run([*arguments, "--tensorboard", str(events)]) == 1
    assert "already holds the events" in capsys.readouterr().err
    assert run([*again, "--report", str(spans.train)]) == 2
    assert run([*again, "--report", str(tmp_path / "model" / "r.html")]) == 2
    assert run([*again, "--tensorboard", str(tmp_path / "model" / "events")]) == 2
    assert run([*again, "--plot", str(tmp_path / "curves.txt")]) == 2
    assert "expected an ending in .png or .svg" in capsys.readouterr().err
    assert run([*again, "--report", "-"]) == 2
    assert run([*again, "--workers", "2", "--dev", str(spans.dev), "--plot", str(plot)]) == 2
    assert "cannot be combined with --folds or --workers" in capsys.readouterr().err


def test_a_task_that_evaluate_does_not_know_has_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "--task", "generation", "--train", "none", "-o", str(tmp_path / "m")]
    assert run([*arguments, "--report", str(tmp_path / "r.html")]) == 2
    assert "does not score models of task generation" in capsys.readouterr().err
