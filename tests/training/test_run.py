"""A run: averaged weights are scored and kept while training goes on from the raw ones; several seeds."""

import gc
import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from rich.console import Console

from seqtag.cli.summary import introduction, seeds_table
from seqtag.corpora.reading import Sentence, read_corpus
from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation import metrics
from seqtag.graph.outputs import PROBABILITIES, TAGS
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import MOST, dump_json
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages import train as stage
from seqtag.stages.train import train
from seqtag.support.errors import Error
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.tagging import agreement, prepare
from seqtag.tasks.tagging.parity import PARITY
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob, score_corpus
from seqtag.training.events import Epoch
from seqtag.training.job import PlannedJob, SeedResult
from seqtag.training.run import Run
from seqtag.training.seed import Trained, spread, train_seed

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "encoder.cell=dense", "encoder.units=5",
    "embeddings.dropout=0.2", "encoder.dropout=0.2", "training.learning_rate=0.03", "training.batch_size=8",
    "training.patience=0", "head.name=softmax", "language_model.weight=0", "embeddings.shape.dim=0",
    "encoder.layers=1", "encoder.bidirectional=false",
]  # fmt: skip
Weights = dict[str, Any]


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


KINDS = ("none", "ema", "swa")


@pytest.fixture(scope="module")
def runs(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run of each kind with the same seed, and its weights in each epoch: as scored, and as training goes on."""
    found = {}
    real = TaggerJob.score_dev
    for kind in KINDS:
        networks: list[Any] = []
        weights: dict[str, list[Weights]] = {"scored": [], "raw": []}

        def score_dev(
            task: TaggerJob, stop: Stop, networks: list[Any] = networks, weights: Any = weights
        ) -> float:
            networks.append(task.network)
            weights["scored"].append(task.network.named_weights())
            return real(task, stop)

        def listen(event: Any, networks: list[Any] = networks, weights: Any = weights) -> None:
            if isinstance(event, Epoch):
                weights["raw"].append(networks[-1].named_weights())

        target = tmp_path_factory.mktemp(kind) / "model"
        given = [f"training.averaging={kind}", "training.averaging_epochs=2", "training.epochs=3"]
        given += ["training.calibration=none"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TaggerJob, "score_dev", score_dev)
            result = train(config(*given), str(spans.dev), str(spans.dev), None, target, listener=listen)
        found[kind] = SimpleNamespace(result=result, target=target, **weights)
    return found


class TestAveraging:
    @pytest.mark.parametrize("kind", KINDS)
    def test_training_goes_on_from_the_raw_weights(self, runs: dict[str, Any], kind: str) -> None:
        raw = runs[kind].raw
        assert len(raw) == 3
        assert all(equal(one, other) for one, other in zip(raw, runs["none"].raw, strict=True))
        assert all(equal(one, other) for one, other in zip(raw, runs["none"].scored, strict=True))

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_scored_is_kept(self, runs: dict[str, Any], spans: Any, kind: str) -> None:
        run = runs[kind]
        best = run.result.best.best_epoch - 1
        kept = safetensors.numpy.load_file(run.target / "weights.safetensors")
        assert equal(kept, run.scored[best])
        for name, array in kept.items():
            assert np.array_equal(array, run.raw[best][name]) == (kind == "none"), name
        report = json.loads((run.target / "report.json").read_bytes())
        again = score_corpus(SentenceTagger.load(run.target), read_corpus(spans.dev), parse_scheme("bio"))
        assert report["dev"] == again.to_json()
        assert report["history"][best]["dev_score"] == again.main == run.result.best.dev.main

    def test_swa_is_the_mean_of_the_last_epochs(self, runs: dict[str, Any]) -> None:
        run = runs["swa"]
        for number, chosen in enumerate(run.scored):
            last = run.raw[max(number - 1, 0) : number + 1]
            for name, array in chosen.items():
                wanted = np.mean([weights[name].astype(float) for weights in last], axis=0)
                np.testing.assert_allclose(array, wanted, rtol=1e-5, atol=1e-7)
                assert array.dtype == np.float32


class TestSeeds:
    def test_mean_and_sample_standard_deviation(self) -> None:
        assert spread([0.5, 0.7, 0.6]) == pytest.approx((0.6, 0.1))  # sqrt((0.01 + 0.01 + 0) / 2)
        assert spread([0.2, 0.4, 0.9]) == pytest.approx((0.5, 0.13**0.5))
        assert spread([0.7]) == (0.7, 0.0)

    @pytest.fixture
    def canned(self, spans: Any, monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[float, float]]:
        """The scores on dev and test that the run of each seed shall come to; no run is made."""
        scores = {7: (0.5, 0.2), 8: (0.7, 0.4), 9: (0.6, 0.9)}

        def train_seed(planned: PlannedJob, **how: Any) -> Any:
            made: Any = planned.make
            config, corpora, _ = made.args
            seed = planned.seed
            assert config.training.seed == seed
            dev, test = (
                SimpleNamespace(main=value, measure=metrics.F1, to_json=lambda value=value: value)
                for value in scores[seed]
            )
            result: Any = SeedResult(seed, [], seed - 4, dev, test if corpora.test else None, 1.0)  # type: ignore[arg-type]

            def files(weights: bytes, report: Any) -> dict[str, bytes]:
                return dict.fromkeys(layout.FILES, weights) | {"report.json": layout.dump_json(report)}

            job = SimpleNamespace(prepared=spans.result.prepared, facts=dict, files=files)
            return SimpleNamespace(job=job, weights=f"{seed}".encode(), result=result)

        monkeypatch.setattr(stage, "train_seed", train_seed)
        monkeypatch.setattr(stage, "with_card", lambda files, kind: files)
        return scores

    def test_the_best_on_dev_is_kept(self, spans: Any, tmp_path: Path, canned: Any) -> None:
        train_path, dev_path = str(spans.train), str(spans.dev)
        result = train(config("training.seed=7"), train_path, dev_path, dev_path, tmp_path / "model", seeds=3)
        assert [entry.seed for entry in result.seeds] == [7, 8, 9]
        assert result.best is result.seeds[1], "and not the best on test"
        assert (tmp_path / "model" / "weights.safetensors").read_bytes() == b"8"
        report = json.loads((tmp_path / "model" / "report.json").read_bytes())
        assert (report["seed"], report["best_epoch"], report["dev"]) == (8, 4, 0.7)
        assert report["seeds"] == {
            "seeds": [7, 8, 9],
            "best_epochs": [3, 4, 5],
            "dev": {
                "scores": [0.5, 0.7, 0.6],
                "mean": pytest.approx(0.6),
                "standard_deviation": pytest.approx(0.1),
            },
            "test": {
                "scores": [0.2, 0.4, 0.9],
                "mean": pytest.approx(0.5),
                "standard_deviation": pytest.approx(0.13**0.5),
            },
        }

    def test_of_equal_seeds_the_first_is_kept(self, spans: Any, tmp_path: Path, canned: Any) -> None:
        canned |= {7: (0.7, 0.1)}
        paths = str(spans.train), str(spans.dev)
        result = train(config("training.seed=7"), *paths, None, tmp_path / "model", seeds=2)
        assert result.best.seed == 7
        report = json.loads((tmp_path / "model" / "report.json").read_bytes())
        assert "test" not in report["seeds"]

    def test_the_models_of_all_seeds_are_kept(self, spans: Any, tmp_path: Path, canned: Any) -> None:
        def go(seeds: int, **how: Any) -> None:
            paths = str(spans.train), str(spans.dev)
            train(
                config("training.seed=7"),
                *paths,
                None,
                tmp_path / "model",
                seeds=seeds,
                keep_seeds=True,
                **how,
            )

        kept = tmp_path / "model.seeds"
        written = spans.train.read_bytes()
        spans.train.write_text("Lisbon\n")
        with pytest.raises(Error):
            go(3)
        assert not kept.exists(), "no empty folder stays"
        spans.train.write_bytes(written)
        go(3)
        assert sorted(entry.name for entry in kept.iterdir()) == ["7", "8", "9"]
        assert [Folder(kept / name).read("weights.safetensors") for name in "789"] == [b"7", b"8", b"9"]
        with pytest.raises(Error, match="model: already contains a model"):
            go(3)
        shutil.rmtree(tmp_path / "model")
        with pytest.raises(Error, match="7: already contains a model"):
            go(3)
        with pytest.raises(
            Error, match=r"model\.seeds: already exists and holds 9, which is not a model of these seeds"
        ):
            go(2, force=True)
        go(3, force=True)

    def test_one_seed_has_no_spread(self, spans: Any, tmp_path: Path, canned: Any) -> None:
        train(config("training.seed=9"), str(spans.train), str(spans.dev), None, tmp_path / "model")
        assert "seeds" not in json.loads((tmp_path / "model" / "report.json").read_bytes())

    @pytest.mark.parametrize("with_test", [True, False])
    def test_the_table(self, spans: Any, tmp_path: Path, canned: Any, with_test: bool) -> None:
        paths = str(spans.train), str(spans.dev), str(spans.dev) if with_test else None
        result = train(config("training.seed=7"), *paths, tmp_path / "model", seeds=3)
        console = Console(width=80, color_system=None)
        with console.capture() as captured:
            console.print(seeds_table(result, metrics.F1))
        rows = [line.split() for line in captured.get().splitlines() if line.strip(" ─")]
        wanted = [
            ["seed", "dev", "F1", "test", "F1", "best", "epoch", "seconds"],
            ["7", "0.5000", "0.2000", "3", "1"],
            ["8", "(kept)", "0.7000", "0.4000", "4", "1"],
            ["9", "0.6000", "0.9000", "5", "1"],
            ["mean", "0.6000", "0.5000"],
            ["standard", "deviation", "0.1000", "0.3606"],
        ]
        if not with_test:
            del wanted[0][3:5]
            for row, at in zip(wanted[1:], (2, 3, 2, 2, 3), strict=True):
                del row[at]
        assert rows == wanted

    def test_a_seed_among_others_is_that_seed_alone(
        self, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Byte for byte; `test_same_seed_same_bytes` of stages/test_train.py asks a fresh process."""
        kept: list[tuple[dict[str, bytes], int]] = []

        def seeded(*given: Any, **how: Any) -> Trained:
            trained = train_seed(*given, **how)
            files = trained.job.files(trained.weights, {})
            kept.append((files, trained.result.seed))
            return trained

        monkeypatch.setattr(stage, "train_seed", seeded)
        paths = str(spans.dev), str(spans.dev)
        given = ["training.epochs=1", "embeddings.word_dropout=0.1"]
        result = train(config(*given, "training.seed=11"), *paths, None, tmp_path / "two", seeds=2)
        train(config(*given, "training.seed=12"), *paths, None, tmp_path / "alone")
        assert [seed for _, seed in kept] == [11, 12, 12]
        names = ("weights.safetensors", "vocab.json", "config.json")
        of_seed = {seed: {name: files[name] for name in names} for files, seed in kept[:2]}

        def content(target: str) -> dict[str, bytes]:
            return {name: (tmp_path / target / name).read_bytes() for name in names}

        assert content("alone") == of_seed[12]
        assert content("two") == of_seed[result.best.seed]
        assert len({files["weights.safetensors"] for files in of_seed.values()}) == 2


def test_a_run_that_is_over_leaves_no_graph_behind(spans: Any) -> None:
    """With its graph, its weights would stay in memory for as long as the process lives."""
    from seqtag.network import runtime

    corpora = read_corpora(config(), str(spans.dev), str(spans.dev), None)
    runtime.start(1)
    before = {id(graph) for graph in graphs()}
    run = Run(TaggerJob(prepare.fill_in(config("encoder.cell=simplernn"), corpora), corpora, None))
    _, inputs, tags = next(iter(run.job.batches(1)))
    run.trainer.step(inputs, tags)
    made = [weakref.ref(graph) for graph in graphs() if id(graph) not in before]
    assert made
    del run, inputs, tags
    runtime.start(1)
    gc.collect()
    assert not any(graph() for graph in made)


def graphs() -> list[Any]:
    """The graphs of TensorFlow that are in memory."""
    import tensorflow as tf

    return [one for one in gc.get_objects() if isinstance(one, tf.Graph)]


def test_a_signal_does_not_wait_for_the_graph(spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making it takes seconds, and nothing is lost before the first step."""
    from seqtag.network import runtime

    corpora = read_corpora(config(), str(spans.dev), str(spans.dev), None)
    runtime.start(1)
    run = Run(TaggerJob(prepare.fill_in(config(), corpora), corpora, None))
    stop, stages = Stop(), []
    real = run.network.loss_of

    def loss_of(*given: Any, **how: Any) -> Any:
        stages.append("begun")
        stop.receive(15)
        stages.append("done")
        return real(*given, **how)

    monkeypatch.setattr(run.network, "loss_of", loss_of)
    with pytest.raises(Interrupted):
        run.fit(stages.append, stop, keep=stages.append)
    assert stages == ["begun"]


def test_an_epoch_is_kept_before_it_is_told(spans: Any) -> None:
    from seqtag.network import runtime

    corpora = read_corpora(config(), str(spans.dev), str(spans.dev), None)
    runtime.start(1)
    run = Run(TaggerJob(prepare.fill_in(config(), corpora), corpora, None))
    kept: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, Epoch):
            raise OSError("nobody hears")

    with pytest.raises(OSError, match="nobody hears"):
        run.fit(listen, keep=lambda state: kept.append(state.place))
    assert kept == ["after epoch 1"]


def test_the_users_own_settings_of_keras_change_nothing() -> None:
    import keras

    from seqtag.network import runtime

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_epsilon(0.5)
    runtime.start(1)
    assert keras.config.floatx() == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert keras.config.image_data_format() == "channels_last"
    assert keras.config.epsilon() == 1e-7


@pytest.fixture(scope="module")
def chaotic(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> TaggerJob:
    """Recurrent weights that multiply every rounding at each word of a long sentence."""
    from seqtag.network import runtime

    path = tmp_path_factory.mktemp("long") / "long.conll"
    rows = [row for row in spans.train.read_text("utf-8").split("\n") if row]
    path.write_text("\n".join(f"{row}" for row in (rows * 140)[:140]) + "\n", "utf-8")
    settings = config(
        "encoder.cell=simplernn", "encoder.units=60", "encoder.recurrent_initializer=he_normal",
        "encoder.layers=2", "encoder.bidirectional=true",
    )  # fmt: skip
    corpora = read_corpora(settings, str(spans.train), str(path), None)
    runtime.start(1)
    return TaggerJob(prepare.fill_in(settings, corpora), corpora, None)


class TestParity:
    """What is exported is the trained network, as far as rounding lets two computations agree."""

    def test_of_a_chaotic_network(self, chaotic: TaggerJob) -> None:
        rows = [chaotic.vocabulary.index(chaotic.corpora.dev.sentences[0])]
        inputs = chaotic.vocabulary.collate(rows)
        exported = chaotic.tagger().decode(chaotic.corpora.dev.sentences[:1])
        _, probabilities = chaotic.network.decode(inputs)
        assert np.abs(exported["probabilities"] - np.asarray(probabilities)).max() > PARITY
        assert chaotic.best_tagger(chaotic.network.named_weights())

    def test_of_another_network(self, chaotic: TaggerJob, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which differs from the first word on."""
        weights = chaotic.network.named_weights()
        other = {name: array + 0.01 for name, array in weights.items()}
        tagger = SentenceTagger.build(chaotic.config, chaotic.vocabulary, other)
        monkeypatch.setattr(chaotic, "tagger", lambda: tagger)
        with pytest.raises(Error, match="the exported network differs from the trained one"):
            chaotic.best_tagger(weights)

    def test_of_a_long_sentence(self) -> None:
        """Its first words alone: for each word Keras takes time and memory, and an attention the square of it."""
        lengths: list[int] = []

        def decode(inputs: dict[str, Any]) -> tuple[Any, Any]:
            lengths.extend(inputs["lengths"].tolist())
            shape = len(inputs["lengths"]), max(inputs["lengths"])
            return np.zeros(shape, np.int64), np.ones(shape, np.float32)

        def answer(sentences: Any) -> dict[str, Any]:
            tags, probabilities = decode({"lengths": np.array([len(one) for one in sentences])})
            return {TAGS.name: tags, PROBABILITIES.name: probabilities}

        vocabulary = SimpleNamespace(
            index_all=list,
            collate=lambda rows, windows: {"lengths": np.array([len(row) for row in rows])},
            context=0,
        )
        network = SimpleNamespace(decode=decode, head=SimpleNamespace(searches=False))
        exported = SimpleNamespace(vocabulary=vocabulary, decode=answer)
        sentences = [Sentence(("Ana",) * 2000), Sentence(("Ana",))]
        agreement.check(network, exported, sentences)  # type: ignore[arg-type]
        assert lengths == [500, 1] * 2


def test_a_seed_beyond_the_last_is_refused_before_the_first_run(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"--seeds 4: training\.seed is 2147483649; expected a whole number"):
        train(config("training.seed=2147483646"), "no such file", None, None, tmp_path / "m", seeds=4)


def test_tags_that_the_network_cannot_give(tmp_path: Path) -> None:
    """It has every letter with each type that training holds, so only another type is out of its reach."""
    from seqtag.network import runtime

    (tmp_path / "train").write_text("a B-X\nb O\n\nc O\n", "utf-8")
    (tmp_path / "dev").write_text("a B-X\nb I-X\nc B-Y\n", "utf-8")
    corpora = read_corpora(config(), str(tmp_path / "train"), str(tmp_path / "dev"), None)
    runtime.start(1)
    assert TaggerJob(prepare.fill_in(config(), corpora), corpora, None).prepared.unseen_tags == {"B-Y": 1}


def test_the_seed_shown_is_the_one_that_held_dev_out(spans: Any) -> None:
    """Not that of a later run with another seed."""
    prepared = replace(spans.result.prepared, held_out=7)
    assert prepared.config.training.seed != 7
    assert any("(held out of" in line and "seed 7)" in line for line in introduction(prepared))


def test_what_no_model_folder_can_hold_is_refused_before_training(
    spans: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpora = read_corpora(Config(), str(spans.train), str(spans.dev), None)
    task = TaggerJob(Config(), corpora, None)
    for name, size, said in (
        (
            "vocab.json",
            len(dump_json(task.vocabulary.to_json())),
            "can hold its words and tags: vocab.json would",
        ),
        (
            "weights.safetensors",
            task.network.size,
            "the network is too large for a model folder: weights.safetensors would have",
        ),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(MOST, name, size - 1)
            with pytest.raises(Error, match=said):
                TaggerJob(Config(), corpora, None)
            patch.setitem(MOST, name, size)
            TaggerJob(Config(), corpora, None)


def test_an_average_that_forgets_all_is_refused() -> None:
    with pytest.raises(Error, match=r"training.averaging_decay is 0.0; expected a number, greater than 0"):
        config("training.averaging_decay=0.0")
