"""A run that was stopped, resumed, ends with the bytes of a run that never was."""

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from seqtag import prepare
from seqtag.checkpoint import Checkpoint, State
from seqtag.config import Config, merge
from seqtag.config_files import parse_assignments
from seqtag.model import deferred, fit, runtime
from seqtag.run import Note, Progress, Run
from seqtag.train import Result, train

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "embeddings.shape.dim=4", "encoder.units=5",
    "encoder.layers=1", "training.learning_rate=0.02", "training.batch_size=8", "training.epochs=3",
    "training.patience=0", "data.tokenizer=word",
]  # fmt: skip
CASES = {
    # Tables that are trained row by row, their averages, and a clock that begins anew in the middle of an epoch.
    "crf": ["head.name=crf", "training.averaging=ema", "training.schedule=cosine", "training.warmup=0.5",
            "embeddings.word_dropout=0.1", "embeddings.characters.encoder=gru", "embeddings.characters.dropout=0.3",
            "embeddings.characters.units=4", "embeddings.characters.dim=4", "encoder.recurrent_dropout=0.2"],
    "swa": ["head.name=softmax", "training.averaging=swa", "training.averaging_epochs=2", "training.optimizer=nadam",
            "training.schedule=plateau", "training.plateau_patience=1", "training.epochs=5", "encoder.cell=gru"],
    "feedback": ["head.name=feedback", "head.units=6", "head.attention=true", "head.sampling_rate=0.5",
                 "head.sampling_epochs=2", "training.optimizer=sgd", "training.learning_rate=0.5",
                 "training.patience=1", "training.averaging=none", "encoder.attention=self"],
    "seeds": ["head.name=softmax", "training.averaging=none", "training.epochs=2", "training.optimizer=rmsprop"],
}  # fmt: skip
SENTENCES = 30
Content = dict[str, bytes]


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


def content(path: Path) -> Content:
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


@pytest.fixture(scope="module")
def corpus(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A few sentences, for four steps an epoch."""
    path = tmp_path_factory.mktemp("corpus") / "train.conll"
    blocks = spans.train.read_text("utf-8").strip().split("\n\n")[:SENTENCES]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _small_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums of the tables that are trained row by row are short enough to begin anew within an epoch."""
    for module in (deferred, fit):
        monkeypatch.setattr(module, "CAPACITY", 3)


def go(corpus: str, target: Path, case: str, **options: Any) -> Result:
    given = {"seeds": 2 if case == "seeds" else 1} | options
    return train(config(*CASES[case]), corpus, corpus, None, target, **given)


@pytest.fixture(scope="module")
def whole(corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """A run that was never stopped, by its case: what it came to, and the checkpoint after each step and epoch."""
    found: dict[str, Any] = {}
    real = Checkpoint.save

    def run(case: str) -> Any:
        if case not in found:
            place = tmp_path_factory.mktemp(case)
            states: list[str] = []

            def save(self: Checkpoint, state: State) -> None:
                real(self, state)
                states.append(f"{len(self.seeds.results)} {state.place}")
                shutil.copytree(self.path, place / states[-1])

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Checkpoint, "save", save)
                result = go(corpus, place / "model", case, checkpoint_steps=1)
            assert not Checkpoint(place / "model").exists, "it is removed when the model is there"
            assert len(set(states)) == len(states)
            found[case] = SimpleNamespace(
                place=place, states=states, result=result, content=content(place / "model")
            )
        return found[case]

    return run


class TestSameBytes:
    @pytest.mark.parametrize(
        ("case", "at"),
        [
            ("crf", "0 in epoch 1 after step 2"), ("crf", "0 in epoch 2 after step 4"), ("crf", "0 after epoch 3"),
            ("swa", "0 in epoch 3 after step 1"), ("swa", "0 after epoch 4"),
            ("feedback", "0 in epoch 1 after step 3"), ("feedback", "0 after epoch 2"),
            ("seeds", "0 in epoch 2 after step 2"), ("seeds", "1 in epoch 1 after step 2"),
        ],
    )  # fmt: skip
    def test_resumed(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, case: str, at: str
    ) -> None:
        run = whole(case)
        shutil.copytree(run.place / at, tmp_path / "model.checkpoint")
        heard: list[Any] = []
        result = go(corpus, tmp_path / "model", case, resume=True, listener=heard.append)
        assert f"resumed {at[2:]}" in [event.text for event in heard if isinstance(event, Note)]
        found = content(tmp_path / "model")
        assert found.keys() == run.content.keys()
        for name, written in run.content.items():
            assert found[name] == written, name
        assert os.listdir(tmp_path) == ["model"]
        assert [seed.dev for seed in result.seeds] == [seed.dev for seed in run.result.seeds]
        assert result.best.gradients == run.result.best.gradients
        assert result.prepared.config == run.result.prepared.config

    def test_only_what_is_left_is_trained(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path
    ) -> None:
        run = whole("crf")
        shutil.copytree(run.place / "0 in epoch 2 after step 4", tmp_path / "model.checkpoint")
        steps: list[tuple[int, int]] = []

        def listen(event: Any) -> None:
            if isinstance(event, Progress):
                steps.append((event.epoch, event.tokens))

        go(corpus, tmp_path / "model", "crf", resume=True, listener=listen)
        assert [epoch for epoch, _ in steps] == [3] * 4

    def test_checkpoints_change_nothing(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path
    ) -> None:
        go(corpus, tmp_path / "model", "crf")
        assert content(tmp_path / "model") == whole("crf").content


def test_every_variable_that_steps_change_is_in_the_state(corpus: str) -> None:
    """Also those that a part of the network will have one day."""

    def alive() -> dict[int, Any]:
        found = [one for one in gc.get_objects() if isinstance(one, tf.Variable) and one.dtype != tf.string]
        return {id(one): one for one in found}

    for case, assignments in CASES.items():
        settings = config(*assignments)
        corpora = prepare.read_corpora(settings, corpus, corpus, None)
        before = alive()
        runtime.start(1)
        run = Run(prepare.fill_in(settings, corpora), corpora, None)
        mine = {key: one for key, one in alive().items() if key not in before}
        first = {key: one.numpy() for key, one in mine.items()}
        for _, inputs, tags in run._batches(1):
            run.network.head.progress(1.0)
            run.trainer.step(inputs, tags, 0.01)
        kept = {id(getattr(one, "value", one)) for one in run.trainer.variables.values()}
        kept |= {id(one) for one in run.trainer.variables.values()}
        told = {id(share) for share in [getattr(run.network.head, "share", None)] if share is not None}
        changed = [key for key, one in mine.items() if not np.array_equal(one.numpy(), first[key])]
        assert len(changed) > 5
        assert [mine[key].name for key in changed if key not in kept | told] == [], case
