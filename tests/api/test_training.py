"""Training from Python."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import seqtag


@dataclass(frozen=True)
class Small:
    """A small training and what was heard of it."""

    result: seqtag.TrainingResult
    events: list[object]


class Seen(Exception):
    """What a listener saw."""


SMALL: dict[str, Any] = {
    "embeddings": {"word": {"dim": 8}, "characters.encoder": "none", "shape.dim": 0},
    "encoder.cell": "dense",
    "encoder.units": 4,
    "head.name": "softmax",
    "language_model": {"weight": 0},
    "training": {"epochs": 2, "batch_size": 16, "averaging": "none"},
}


@pytest.fixture(scope="module")
def small(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> Small:
    events: list[object] = []
    result = seqtag.train(
        train=spans.train,
        dev=spans.dev,
        test=str(spans.dev),
        output=tmp_path_factory.mktemp("small") / "model",
        settings=SMALL,
        on_event=events.append,
    )
    return Small(result, events)


def test_a_model_from_files(spans: Any, small: Small) -> None:
    result = small.result
    assert result.path.name == "model"
    assert [epoch.number for epoch in result.history] == [1, 2]
    assert result.dev == result.test == seqtag.evaluate(result.path, spans.dev)
    assert len(repr(result)) < 200


def test_events(small: Small) -> None:
    kinds = [type(event) for event in small.events if not isinstance(event, seqtag.Note)]
    assert kinds[0] is seqtag.Prepared
    assert kinds.count(seqtag.Epoch) == 2
    assert kinds.count(seqtag.Progress) >= 4
    assert small.events[-1] is small.result.history[-1]


def test_a_model_is_not_replaced(spans: Any, small: Small) -> None:
    with pytest.raises(seqtag.Error, match="already contains a model"):
        seqtag.train(train=spans.train, output=small.result.path, settings=SMALL)


def test_settings_from_a_file(spans: Any, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("encoder: {units: 4, cell: gru}\nlanguage_model.weight: 0\n")

    def look(event: Any) -> None:
        raise Seen(event.config.encoder.units, event.config.encoder.cell)

    with pytest.raises(Seen) as seen:  # what a listener raises comes out
        seqtag.train(train=spans.dev, output=tmp_path / "model", settings=settings, on_event=look)
    assert seen.value.args == (4, "gru")


def test_ctrl_c_and_resuming(
    spans: Any, small: Small, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C raises KeyboardInterrupt and leaves a checkpoint; resumed, the run ends as an undisturbed one."""
    files = {"train": spans.train, "dev": spans.dev, "settings": SMALL, "output": tmp_path / "model"}

    def interrupt(event: object) -> None:
        if isinstance(event, seqtag.Epoch):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        seqtag.train(**files, on_event=interrupt)
    with pytest.raises(seqtag.Error, match="resume"):
        seqtag.train(**files)
    resumed = seqtag.train(**files, resume=True)
    assert resumed.dev == small.result.dev
    weights = [(path / "weights.safetensors").read_bytes() for path in (small.result.path, resumed.path)]
    assert weights[0] == weights[1]
    assert capfd.readouterr() == ("", "")


def test_in_a_thread_signal_handlers_stay(spans: Any, tmp_path: Path) -> None:
    def handlers() -> tuple[object, object]:
        return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    before = handlers()
    seen = set()
    results = []

    def run() -> None:
        settings = SMALL | {"training": {"epochs": 1, "averaging": "none"}}
        results.append(
            seqtag.train(
                train=spans.dev,
                output=tmp_path / "model",
                settings=settings,
                on_event=lambda event: seen.add(handlers()),
            )
        )

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert results[0].path.exists()
    assert seen == {before} == {handlers()}


def test_two_threads_take_turns(spans: Any, small: Small, tmp_path: Path) -> None:
    """One is trained after the other, and both end with the bytes of a training alone."""
    events: list[tuple[str, object]] = []
    begun = threading.Event()

    def train(name: str) -> Path:
        def listen(event: object) -> None:
            events.append((name, event))
            if isinstance(event, seqtag.Prepared):
                begun.set()

        files = {"train": spans.train, "dev": spans.dev, "output": tmp_path / name}
        return seqtag.train(**files, settings=SMALL, on_event=listen).path

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(train, "first")
        assert begun.wait(timeout=120)
        second = pool.submit(train, "second")
    for found in (first.result(), second.result()):
        weights = [(path / "weights.safetensors").read_bytes() for path in (found, small.result.path)]
        assert weights[0] == weights[1]
    notes = [(name, one.text) for name, one in events if isinstance(one, seqtag.Note) and one.level == "note"]
    assert notes == [("second", "waiting for another training of this process to end")]
    names = [name for name, event in events if not isinstance(event, seqtag.Note)]
    assert names == sorted(names)  # "first" before "second"


def test_a_training_within_a_training(spans: Any, tmp_path: Path) -> None:
    def begin(event: object) -> None:
        seqtag.train(train=spans.dev, output=tmp_path / "inner", settings=SMALL)

    with pytest.raises(seqtag.Error, match="cannot begin within another training"):
        seqtag.train(train=spans.dev, output=tmp_path / "model", settings=SMALL, on_event=begin)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"settings": {"encoder": {"cel": "gru"}}}, r"settings: there is no setting 'encoder.cel'. Did you mean"),
        ({"settings": {"encoder.units": 0}}, r"settings: encoder.units is 0; expected a whole number, at least 1"),
        ({"settings": {"encoder.units": 8, "encoder": {"units": 8}}}, r"settings: encoder.units is given twice"),
        ({"settings": ["encoder.units=8"]}, r"settings: expected a mapping or the path of a YAML file. Received: list"),
        ({"settings": "none.yaml"}, r"none.yaml: cannot be read"),
        ({"train": None}, r"train: expected a path. Received: NoneType"),
        ({"train": ["a"]}, r"train: expected a path. Received: list \['a'\]"),
        ({"output": None}, r"output: expected a path. Received: NoneType"),
        ({"train": "none.conll"}, r"none.conll: cannot be read"),
        ({"seeds": 0}, r"seeds: expected a whole number, at least 1. Received: 0"),
    ],
)  # fmt: skip
def test_wrong_arguments(
    given: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(seqtag.Error, match=message):
        seqtag.train(**({"train": "train.conll", "output": "model"} | given))
    assert not list(tmp_path.iterdir())


def test_without_tensorflow(spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # so an import of it fails
    with pytest.raises(
        seqtag.Error, match=r"seqtag.train needs the package tensorflow, .* pip install '.\[train\]'"
    ):
        seqtag.train(train=spans.train, dev=spans.dev, output=tmp_path / "model", settings=SMALL)
