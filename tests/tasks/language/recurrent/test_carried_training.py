"""The training of a model whose state goes from line to line: what it reads, and that nothing is lost when it stops."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.settings.config_files import parse_assignments
from seqtag.settings.language import LANGUAGE
from seqtag.settings.merging import merge_into
from seqtag.stages.train import train
from seqtag.support.errors import UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.language import base
from seqtag.tasks.language.recurrent.texts import read
from seqtag.training.events import Progress

SMALL = [
    "reading.continuous=true", "reading.direction=forward", "reading.bptt=6", "embeddings.word.dim=5",
    "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.units=4", "encoder.layers=2",
    "encoder.dropout=0.3", "training.epochs=2", "training.batch_size=4", "training.averaging=ema",
]  # fmt: skip


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Lines of words that follow from each other."""
    random, path = np.random.default_rng(5), tmp_path_factory.mktemp("text") / "text.txt"
    words = ["Ems", "in", "June", "Mira", "it", "rains", "of", "news"]
    lines = [" ".join(random.choice(words, random.integers(1, 7)).tolist()) for _ in range(60)]
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def go(text: str, target: Path, *more: str, **how: Any) -> Any:
    settings = merge_into(LANGUAGE, parse_assignments([*SMALL, *more]))
    return train(settings, [text], None, None, target, task="language", **how)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("cell", ["lstm", pytest.param("gru", marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(cell: str, text: str, tmp_path: Path) -> None:
    """In the middle of an epoch, when the state is that of some lines."""
    stop, given = Stop(), (f"encoder.cell={cell}", "encoder.layers=1")
    steps: list[int] = []

    def listen(event: Any) -> None:
        steps.extend([event.epoch] if isinstance(event, Progress) else [])
        if steps.count(2) == 3:
            stop.receive(2)

    whole = go(text, tmp_path / "whole", *given)
    with pytest.raises(Interrupted, match="interrupted in epoch 2 after step 3"):
        go(text, tmp_path / "model", *given, listener=listen, stop=stop)
    state = safetensors.numpy.load_file(tmp_path / "model.checkpoint" / "state.safetensors")
    carried = [array for name, array in state.items() if "/carried_" in name]
    assert [array.shape for array in carried] == [(4, 4)] * (2 if cell == "lstm" else 1)
    assert all(np.abs(array).max() > 1e-3 for array in carried)
    result = go(text, tmp_path / "model", *given, resume=True)
    assert content(tmp_path / "model") == content(tmp_path / "whole")
    assert result.dev == whole.dev
    assert result.dev.signature.startswith("forward|continuous|")
    weights = safetensors.numpy.load_file(tmp_path / "model" / "weights.safetensors")
    assert weights
    assert not [name for name in weights if "carried" in name]
    assert base.load(tmp_path / "model").description.startswith("1 layer of 4")


def test_dev_is_the_end_of_the_text(text: str) -> None:
    """Lines from all over the text would not follow from each other."""
    lines = [line.split() for line in Path(text).read_text("utf-8").splitlines()]
    found = read(merge_into(LANGUAGE, parse_assignments(SMALL)), {"train": [text]})
    assert (found.dev, found.train.sentences, found.held_out) == (lines[-3:], 57, True)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("reading.direction=both", "reading.direction is both; expected reading.direction: forward"),
        ("encoder.cell=dense", "encoder.cell dense has none"),
    ],
)
def test_what_cannot_be_carried_is_refused_first(given: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem):
        go("no such file", tmp_path / "model", given)
