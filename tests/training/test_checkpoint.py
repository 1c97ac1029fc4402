"""A run that was stopped, resumed, ends with the bytes of a run that never was."""

import contextlib
import gc
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

import seqtag
from seqtag.cli import run
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.layout import Kind
from seqtag.network import deferred, fit, runtime
from seqtag.network.fit import Trainer
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import TrainingResult, train
from seqtag.support.errors import Error
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.tagging import outside_bias, prepare
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training.checkpoint import Checkpoint, Identity, State, kind_of
from seqtag.training.events import Note, Progress, Start
from seqtag.training.run import Run

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=dense",
    "encoder.units=5", "encoder.layers=1", "encoder.bidirectional=false", "training.learning_rate=0.02",
    "training.batch_size=8", "training.epochs=3", "training.patience=0", "training.averaging=none",
    "data.tokenizer=word", "language_model.weight=0", "head.name=softmax",
    "data.scheme=plain",  # for scores that are not 0: what is best, and the plateau, go by them
]  # fmt: skip
CASES = {
    # Tables that are trained row by row, their averages, and a clock that begins anew in the middle of an epoch.
    "tables": ["training.averaging=ema", "training.schedule=cosine", "training.warmup=0.5",
               "embeddings.word_dropout=0.1", "embeddings.characters.encoder=cnn", "embeddings.characters.dropout=0.3",
               "embeddings.characters.units=4", "embeddings.characters.dim=4", "embeddings.shape.dim=4",
               "encoder.cell=simplernn", "language_model.weight=0.1"],
    "swa": ["training.averaging=swa", "training.averaging_epochs=2", "training.optimizer=nadam",
            "training.schedule=plateau", "training.plateau_patience=1", "training.epochs=5"],
    "feedback": ["head.name=feedback", "head.units=6", "head.beam=1", "head.sampling_rate=0.5",
                 "head.sampling_epochs=2", "training.optimizer=sgd", "training.learning_rate=0.5",
                 "training.patience=1", "encoder.cell=simplernn", "encoder.activation=rrelu",
                 "encoder.normalization=batch"],
    "seeds": ["training.epochs=2", "training.optimizer=rmsprop"],
    # For what does not depend on the network.
    "quick": ["training.epochs=2", "training.optimizer=sgd"],
}  # fmt: skip
KIND = kind_of(layout.MODEL)
SENTENCES = 30
Content = dict[str, bytes]


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


def content(path: Path) -> Content:
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A few sentences, for four steps an epoch."""
    return few(tmp_path_factory.mktemp("corpus") / "train.conll")


def few(path: Path) -> str:
    sample = Path(seqtag.__file__).parents[1] / "sample_data" / "english_news" / "train.conll"
    blocks = sample.read_text("utf-8").split("\n\n")[:SENTENCES]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _small_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums of the tables that are trained row by row are short enough to begin anew within an epoch."""
    for module in (deferred, fit):
        monkeypatch.setattr(module, "CAPACITY", 3)


def go(corpus: str, target: Path, case: str, **options: Any) -> TrainingResult:
    given = {"seeds": 2 if case == "seeds" else 1} | options
    return train(config(*CASES[case]), corpus, corpus, None, target, **given)


def same(found: Path, run: Any) -> None:
    """The folder has the bytes of the run's model."""
    files = content(found)
    assert files.keys() == run.content.keys()
    for name, written in run.content.items():
        assert files[name] == written, name


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


def is_of_run(event: Any) -> bool:
    """Whether this is a note about the run, not a warning about its files: one may be given as train and dev."""
    return isinstance(event, Note) and event.level == "note"


class TestSameBytes:
    @pytest.mark.parametrize(
        ("case", "at"),
        [
            ("tables", "0 in epoch 1 after step 2"), ("tables", "0 in epoch 2 after step 4"),
            ("tables", "0 after epoch 3"),
            ("swa", "0 after epoch 2"), ("swa", "0 after epoch 4"), ("feedback", "0 in epoch 1 after step 3"),
            ("seeds", "1 in epoch 1 after step 2"),
        ],
    )  # fmt: skip
    def test_resumed(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, case: str, at: str
    ) -> None:
        """Only what is left is trained, and all is as in the run that was never stopped."""
        run = whole(case)
        assert at in run.states
        shutil.copytree(run.place / at, tmp_path / "model.checkpoint")
        heard: list[Any] = []
        result = go(corpus, tmp_path / "model", case, resume=True, listener=heard.append)
        notes = [event.text for event in heard if is_of_run(event)]
        assert notes == ["training with seed 43, 2 of 2"] * (case == "seeds") + [f"resumed {at[2:]}"]
        steps = [event for event in heard if isinstance(event, Progress)]
        assert len(steps) == len(
            [state for state in run.states[run.states.index(at) + 1 :] if "step" in state]
        )
        same(tmp_path / "model", run)
        assert os.listdir(tmp_path) == ["model"]
        assert [seed.dev for seed in result.seeds] == [seed.dev for seed in run.result.seeds]
        assert result.best.gradients == run.result.best.gradients
        assert result.prepared.config == run.result.prepared.config

    @pytest.mark.parametrize("where", ["step", "dev"])
    def test_stopped_by_a_signal(
        self,
        corpus: str,
        whole: Callable[[str], Any],
        tmp_path: Path,
        where: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """After a step, or while dev is scored, when the network holds averaged weights."""
        stop = Stop()
        target = tmp_path / "model"

        def listen(event: Any) -> None:
            if where == "step" and isinstance(event, Progress) and (event.epoch, event.tokens) > (3, 100):
                stop.receive(15)

        def score_dev(task: TaggerJob, told: Stop) -> float:
            scored.append(task)
            if where == "dev" and len(scored) == 3:
                stop.receive(15)
            return real(task, told)

        scored: list[TaggerJob] = []
        real = TaggerJob.score_dev
        monkeypatch.setattr(TaggerJob, "score_dev", score_dev)
        with pytest.raises(Interrupted, match=r"interrupted in epoch 3 after step \d: .* --resume") as caught:
            go(corpus, target, "swa", listener=listen, stop=stop)
        assert caught.value.exit_code == 143
        assert sorted(os.listdir(tmp_path)) == ["model.checkpoint"]
        go(corpus, target, "swa", resume=True)
        same(target, whole("swa"))


class TestTheEnd:
    """The last write: hours after its place was looked at, and before the checkpoint goes."""

    def test_killed_between_the_model_and_the_checkpoint(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both are there then; --resume alone is enough, as it always is."""
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "remove", lambda checkpoint: sys.exit())
            with pytest.raises(SystemExit):
                go(corpus, tmp_path / "model", "quick")
        assert sorted(os.listdir(tmp_path)) == ["model", "model.checkpoint"]
        with pytest.raises(Error, match="already contains a model"):
            go(corpus, tmp_path / "model", "quick")
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "trace", lambda trainer: pytest.fail("there is no step left"))
            go(corpus, tmp_path / "model", "quick", resume=True, listener=self.no_step)
        assert os.listdir(tmp_path) == ["model"]
        same(tmp_path / "model", whole("quick"))

    @pytest.mark.parametrize(
        "more",
        [
            ["head.outside_bias=null"],
            ["head.outside_bias=0.25"],
            ["head.outside_bias=null", "training.final=true"],
        ],
    )
    def test_a_model_that_keeps_what_training_chose_is_known_again(
        self, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
    ) -> None:
        monkeypatch.setattr(outside_bias, "choose", lambda *given: 0.5)
        settings = config("training.epochs=1", "data.scheme=auto", *more)
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "remove", lambda checkpoint: sys.exit())
            with pytest.raises(SystemExit):
                train(settings, corpus, corpus, None, tmp_path / "model")
        written = content(tmp_path / "model")
        bias = json.loads(written["config.json"])["head"]["outside_bias"]
        assert bias == (0.25 if "head.outside_bias=0.25" in more else 0.5)
        other = replace(settings, head=replace(settings.head, outside_bias=-1.0))
        with pytest.raises(Error, match="already contains a model"):
            train(other, corpus, corpus, None, tmp_path / "model", resume=True)
        train(settings, corpus, corpus, None, tmp_path / "model", resume=True, listener=self.no_step)
        assert os.listdir(tmp_path) == ["model"]
        assert content(tmp_path / "model") == written

    @pytest.mark.parametrize("other", ["tables", "notes"])
    def test_what_another_run_has_put_there_is_not_replaced(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, other: str
    ) -> None:
        model = tmp_path / "model"
        shutil.copytree(whole("tables").place / "model", model)
        if other == "notes":
            shutil.copytree(whole("quick").place / "model", model, dirs_exist_ok=True)
            (model / "notes.txt").touch()
        before = content(model)
        shutil.copytree(whole("quick").place / "0 after epoch 1", tmp_path / "model.checkpoint")
        with pytest.raises(Error, match=r"already contains a model|holds notes\.txt"):
            go(corpus, model, "quick", resume=True, listener=self.no_step)
        assert content(model) == before

    @staticmethod
    def no_step(event: Any) -> None:
        assert not isinstance(event, Progress), "nothing is trained before"

    def test_what_comes_to_its_place_while_it_is_trained(
        self,
        corpus: str,
        whole: Callable[[str], Any],
        tmp_path: Path,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        """Another model, and when the run is resumed a folder that is none."""
        model, thesis = tmp_path / "model", tmp_path_factory.mktemp("other")
        (thesis / "thesis.tex").write_text("years of work")
        cases = [
            (whole("tables").place / "model", Progress, "already contains a model"),
            (thesis, Start, "is not a model folder"),
        ]
        for other, when, said in cases:

            def listen(event: Any, other: Path = other, when: type = when) -> None:
                if isinstance(event, when) and not model.exists():
                    shutil.copytree(other, model)

            with pytest.raises(Error, match=rf"{said}.*--resume to continue"):
                go(corpus, model, "quick", resume=other is thesis, listener=listen)
            assert content(model) == content(other)
            shutil.rmtree(model)
        go(corpus, model, "quick", resume=True)
        same(model, whole("quick"))
        assert os.listdir(tmp_path) == ["model"]

    def test_a_checkpoint_that_cannot_be_removed(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The model is there all the same, and what the user has put into the checkpoint stays."""
        heard: list[Any] = []
        notes = tmp_path / "model.checkpoint" / "notes.txt"
        real = Checkpoint.remove

        def remove(self: Checkpoint) -> str:
            notes.touch()
            return real(self)

        monkeypatch.setattr(Checkpoint, "remove", remove)
        go(corpus, tmp_path / "model", "quick", listener=heard.append)
        same(tmp_path / "model", whole("quick"))
        assert notes.exists()
        (said,) = (event.text for event in heard if is_of_run(event))
        assert said == (
            f"the model is written, but {notes.parent}: holds notes.txt, which is not part of a checkpoint, so it is "
            "not removed."
        )

    def test_a_model_that_cannot_be_written(
        self, corpus: str, whole: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The checkpoint goes after the model has come: no step is taken again."""
        real = replacing.write

        def write(path: Path, files: Content, kind: Kind = layout.MODEL, **more: Any) -> None:
            if kind is layout.MODEL:
                raise Error("no room")
            real(path, files, kind, **more)

        with monkeypatch.context() as patch:
            patch.setattr(replacing, "write", write)
            with pytest.raises(Error, match="no room"):
                go(corpus, tmp_path / "model", "seeds")
        assert os.listdir(tmp_path) == ["model.checkpoint"]
        go(corpus, tmp_path / "model", "seeds", resume=True, listener=self.no_step)
        same(tmp_path / "model", whole("seeds"))
        assert os.listdir(tmp_path) == ["model"]

    def test_a_signal_when_the_model_has_come(
        self, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The checkpoint goes all the same: there is nothing to resume, and nothing is in the next run's way."""
        real, stop = replacing.write, Stop()

        def write(path: Path, files: Content, kind: Kind = layout.MODEL, **more: Any) -> None:
            real(path, files, kind, **more)
            if kind is layout.MODEL:
                stop.receive(15)

        monkeypatch.setattr(replacing, "write", write)
        with contextlib.suppress(Interrupted):  # at the end or not at all
            go(corpus, tmp_path / "model", "quick", stop=stop)
        assert os.listdir(tmp_path) == ["model"]

    def test_where_it_is_saved(self, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """From the command line; an epoch has eight steps. `test_an_epoch_is_kept_before_it_is_told` of test_run.py has
        none within.
        """
        places = []
        monkeypatch.setattr(Checkpoint, "save", lambda checkpoint, state: places.append(state.place))
        assert run(self.command(corpus, tmp_path, "--checkpoint-steps", "3")) == 0
        assert places == [
            f"{'in' if steps else 'after'} epoch {epoch}{steps}"
            for epoch in (1, 2)
            for steps in (" after step 3", " after step 6", "")
        ]

    @pytest.mark.parametrize("option", [(), ("--checkpoint-steps", "0")])
    def test_it_is_saved_after_epochs_alone(
        self, corpus: str, tmp_path: Path, option: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = []

        def train(*given: object, checkpoint_steps: int, **options: object) -> None:
            told.append(checkpoint_steps)
            raise Error("not in earnest")

        monkeypatch.setattr("seqtag.stages.train.train", train)
        assert run(self.command(corpus, tmp_path, *option)) == 1
        assert told == [0]

    @staticmethod
    def command(corpus: str, tmp_path: Path, *option: str) -> list[str]:
        settings = [*SMALL, *CASES["quick"], "training.batch_size=4"]
        command = ["train", "-q", "--train", corpus, "--dev", corpus, "-o", str(tmp_path / "model"), *option]
        return [*command, *(word for setting in settings for word in ("--set", setting))]


class TestRefused:
    @pytest.fixture
    def left(self, whole: Callable[[str], Any], tmp_path: Path) -> Path:
        """What a run has left."""
        path = tmp_path / "model.checkpoint"
        shutil.copytree(whole("seeds").place / "1 in epoch 1 after step 2", path)
        return path

    def refused(
        self, left: Path, corpus: str, *assignments: str, dev: str | None = None, seeds: int = 2
    ) -> str:
        """What the attempt to resume is answered; nothing is touched."""
        before = content(left)
        given = config(*CASES["seeds"], *assignments)
        with pytest.raises(Error) as caught:
            train(given, corpus, dev or corpus, None, left.parent / "model", seeds=seeds, resume=True)
        assert content(left) == before
        assert os.listdir(left.parent) == [left.name]
        message = str(caught.value)
        assert message.startswith(f"{left}: ")
        assert "\n" not in message
        assert "Remove it, or leave out --resume and add --force, to train from the beginning." in message
        return message

    def test_other_settings_and_files(
        self,
        left: Path,
        corpus: str,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        said = self.refused(left, corpus, "encoder.units=6", "training.seed=7", seeds=3)
        assert ": belongs to another run: encoder.units is 6 now and 5 there; training.seed is 7 now" in said
        assert "--seeds is 3 now and 2 there" in said
        other = tmp_path_factory.mktemp("other") / "dev.conll"
        other.write_text(Path(corpus).read_text("utf-8").replace("\tO\n", "\tB-PER\n", 1), encoding="utf-8")
        assert "another run: the dev file is another." in self.refused(left, corpus, dev=str(other))
        monkeypatch.setattr(seqtag, "__version__", "9.9")
        assert "another run: seqtag is 9.9 now and " in self.refused(left, corpus)

    def test_keeping_the_models_of_seeds(self) -> None:
        """Those of finished seeds are not in the checkpoint, and so cannot be kept any more."""
        keeps, does_not = (Identity.of(config(), 2, {}, None, keep_seeds) for keep_seeds in (True, False))
        assert keeps.differences(does_not) == ["--keep-seeds is given now and not there"]
        assert does_not.differences(keeps) == ["--keep-seeds is given there and not now"]
        assert keeps.differences(keeps) == []

    @pytest.mark.parametrize("name", ["state.json", "state.safetensors", "weights.safetensors"])
    def test_a_damaged_checkpoint(self, left: Path, corpus: str, name: str) -> None:
        whole = (left / name).read_bytes()
        (left / name).write_bytes(whole[:-9])
        self.refused(left, corpus)
        (left / name).write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:])
        self.refused(left, corpus)

    @pytest.mark.parametrize("values", [{}, {"run": {}}, {"run": 3}, {"run": {"settings": {}}, "state": {}}])
    def test_a_checkpoint_that_holds_something_else(self, left: Path, corpus: str, values: Any) -> None:
        files = {"state.json": layout.dump_json(values), "state.safetensors": b""}
        replacing.write(left, files, KIND)
        assert "does not hold what a checkpoint holds" in self.refused(left, corpus)

    @pytest.mark.parametrize(
        ("change", "value"),
        [
            ("state/ticks", 10**30), ("state/best_epoch", "x"),
            ("state/best_epoch", 99), ("state/history", {}), ("state/history", [1]), ("state/under_way", 7),
            ("state/under_way/number", 5), ("state/under_way/losses", "abc"), ("state/under_way/losses", [1.0] * 9),
            ("state/under_way/clipped", []), ("state/seconds", None),
            ("seeds", 5), ("seeds", [{}]), ("seeds", []), ("run/settings", 3), ("run/content", []), ("run/versions", 1),
        ],
    )  # fmt: skip
    def test_a_state_that_is_none(self, left: Path, corpus: str, change: str, value: Any) -> None:
        """With right checksums: it is refused before it can end in an error, or in a model of something else."""
        values = json.loads((left / "state.json").read_bytes())
        *path, last = change.split("/")
        place = values
        for name in path:
            place = place[name]
        place[last] = value
        files = {name: found for name, found in content(left).items() if name != "manifest.json"}
        replacing.write(left, files | {"state.json": layout.dump_json(values)}, KIND)
        said = self.refused(left, corpus)
        assert "does not hold what a checkpoint holds" in said or "another run" in said

    @pytest.mark.parametrize(
        "name", ["weights.safetensors", "config.json", "vocab.json", "report.json", "state.safetensors"]
    )
    @pytest.mark.parametrize("spoilt", [None, b"garbage", b"[]"])
    def test_a_seed_that_is_none(self, left: Path, corpus: str, name: str, spoilt: bytes | None) -> None:
        """What a finished seed came to would be put in place unseen."""
        files = {each: found for each, found in content(left).items() if each != "manifest.json"}
        if spoilt is not None:
            files[name] = spoilt
        elif name in layout.FILES:
            del files[name]
        else:
            files["state.safetensors"] = safetensors.numpy.save({"evil/x": np.zeros(2)})
        replacing.write(left, files, KIND)
        assert "does not hold what a checkpoint holds" in self.refused(left, corpus)

    @pytest.mark.parametrize(
        "change",
        [
            {"ledger/before": np.zeros((10, 1), np.float32)}, {"ledger/norms": np.zeros(0)},
            {"ledger/norms": np.full(2, np.nan)}, {"ledger/clipped": np.zeros((2, 1), bool)},
            {"ledger/more": np.zeros(1)},
            {"weights/0/word/table/embeddings": np.zeros((3, 6), np.float32)}, {"weights/": None},
            {"variable/": None}, {"ledger/": None},
        ],
        ids=lambda change: next(iter(change)),
    )  # fmt: skip
    def test_arrays_that_are_none(
        self, whole: Callable[[str], Any], corpus: str, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        """An entry stands in the place of the one of its name; without a value, all whose names begin so are gone."""
        left = tmp_path / "model.checkpoint"
        shutil.copytree(whole("tables").place / "0 in epoch 2 after step 4", left)
        arrays = safetensors.numpy.load((left / "state.safetensors").read_bytes())
        for name, value in change.items():
            if value is None:
                arrays = {other: array for other, array in arrays.items() if not other.startswith(name)}
            else:
                arrays[name] = value
        files = {name: found for name, found in content(left).items() if name != "manifest.json"}
        replacing.write(left, files | {"state.safetensors": safetensors.numpy.save(arrays)}, KIND)
        with pytest.raises(Error, match="does not hold what a checkpoint holds"):
            go(corpus, tmp_path / "model", "tables", resume=True)

    def test_a_newer_format(self, left: Path, corpus: str) -> None:
        manifest = json.loads((left / "manifest.json").read_bytes())
        (left / "manifest.json").write_text(json.dumps(manifest | {"format_version": 3, "seqtag": "9.8"}))
        assert "its format is 3, written by seqtag 9.8" in self.refused(left, corpus)

    def test_nobody_has_said_what_shall_become_of_it(self, left: Path) -> None:
        """Before any file is read; --force is a word, and the checkpoint stays until there is a new one."""
        before, target = content(left), left.parent / "model"
        with pytest.raises(Error, match=r"left by a run that was stopped\. Use --resume"):
            train(config(), "no such file", None, None, target)
        heard: list[Any] = []
        with pytest.raises(Error, match="no such file"):
            train(config(), "no such file", None, None, target, force=True, listener=heard.append)
        assert [event.text for event in heard] == [
            f"{left}, left by a run that was stopped, is replaced (--force without --resume)"
        ]
        assert content(left) == before

    def test_nothing_to_resume(self, tmp_path: Path) -> None:
        """It begins, and says so: a job script can always say --resume."""
        heard: list[Any] = []
        with pytest.raises(Error, match="no such file"):
            train(
                config(), "no such file", None, None, tmp_path / "model", resume=True, listener=heard.append
            )
        path = tmp_path / "model.checkpoint"
        assert [event.text for event in heard] == [
            f"no checkpoint {path}: training starts from the beginning"
        ]

    @pytest.mark.parametrize("resume", [True, False])
    def test_something_else_in_its_place(self, tmp_path: Path, resume: bool) -> None:
        path = tmp_path / "model.checkpoint"
        for make in (path.touch, path.mkdir, lambda: path.symlink_to(tmp_path)):
            make()
            with pytest.raises(Error, match="already exists and is not a checkpoint"):
                train(config(), "none", None, None, tmp_path / "model", resume=resume, force=True)
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    @pytest.mark.parametrize("resume", [True, False])
    def test_somebody_elses_folder_in_its_place(self, tmp_path: Path, resume: bool) -> None:
        path = tmp_path / "model.checkpoint"
        (path / "src").mkdir(parents=True)
        (path / "manifest.json").write_text('{"name": "a browser extension"}')
        with pytest.raises(Error, match="already exists and is not a checkpoint"):
            train(config(), "none", None, None, tmp_path / "model", resume=resume, force=True)
        assert sorted(os.listdir(path)) == ["manifest.json", "src"]

    def test_a_name_that_leaves_no_room_for_it(self, tmp_path: Path) -> None:
        with pytest.raises(Error, match=r"\.checkpoint: cannot be written: File name too long"):
            train(config(), "none", None, None, tmp_path / ("n" * 225))


def test_every_variable_that_steps_change_is_in_the_state(corpus: str) -> None:
    """Also those that a part of the network will have one day."""

    def alive() -> dict[int, Any]:
        found = [one for one in gc.get_objects() if isinstance(one, tf.Variable) and one.dtype != tf.string]
        return {id(one): one for one in found}

    for case in ("tables", "swa"):
        settings = config(*CASES[case])
        corpora = read_corpora(settings, corpus, corpus, None)
        before = alive()
        runtime.start(1)
        run = Run(TaggerJob(prepare.fill_in(settings, corpora), corpora, None))
        mine = {key: one for key, one in alive().items() if key not in before}
        first = {key: one.numpy() for key, one in mine.items()}
        for _, inputs, tags in run.job.batches(1):
            run.network.head.progress(1.0)
            run.trainer.step(inputs, tags, 0.01)
        kept = {id(getattr(one, "value", one)) for one in run.trainer.variables.values()}
        kept |= {id(one) for one in run.trainer.variables.values()}
        told = {id(share) for share in [getattr(run.network.head, "share", None)] if share is not None}
        changed = [key for key, one in mine.items() if not np.array_equal(one.numpy(), first[key])]
        assert len(changed) > 5
        assert [mine[key].name for key in changed if key not in kept | told] == [], case
