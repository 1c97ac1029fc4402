"""Training: the same seed is the same model, nothing is lost on the way, and the best epoch is what is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import seqtag
from seqtag.cli import run
from seqtag.corpora import tags
from seqtag.corpora.reading import Corpus, Sentence, read_corpus
from seqtag.features.indexers.base import Resources
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.network import runtime
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import DataError, Error, Finished, UsageError
from seqtag.tasks.tagging import prepare
from seqtag.tasks.tagging.examples import make_examples, piece_ends, predicted_words
from seqtag.tasks.tagging.splits import Corpora, read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob, score_corpus
from seqtag.training.events import Epoch, Progress

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
SMALL = [
    "embeddings.word.dim=8", "encoder.units=6", "training.learning_rate=0.02", "training.batch_size=8",
    "training.epochs=1", "data.tokenizer=word", "language_model.weight=0", "embeddings.characters.encoder=none",
    "embeddings.shape.dim=0", "encoder.cell=dense", "head.name=softmax", "training.averaging=none",
    "encoder.layers=1", "encoder.bidirectional=false", "training.optimizer=sgd",
]  # fmt: skip
CRF = ["encoder.cell=simplernn", "head.name=crf"]
BIO, BIOES, IOB1 = (tags.parse_scheme(name) for name in ("bio", "bioes", "iob1"))
Write = Callable[[str, str], str]


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text.replace(" ", "\t"), encoding="utf-8")
        return str(tmp_path / name)

    return write


def content(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


def corpora(settings: Config, text: str, write: Write) -> Corpora:
    return read_corpora(settings, write("train.conll", text), None, None)


class TestSeed:
    def test_same_seed_same_bytes(self, spans: Any, tmp_path: Path) -> None:
        """Here and in a fresh process whose hashes differ, from the same files. The network is the default one,
        characters and CRF, with pretrained vectors beside it.
        """
        vectors = tmp_path / "vectors.txt"
        words = sorted({token for s in read_corpus(spans.train).sentences for token in s.tokens})[::2]
        vectors.write_text("".join(f"{word} {at % 7} {at % 5} 1\n" for at, word in enumerate(words)))
        command = ["train", "-q", "--train", str(spans.dev), "--seed", "5", "--epochs", "2"]
        command += ["--embeddings", str(vectors)]
        command += [word for setting in SMALL[:4] for word in ("--set", setting)]
        hashes = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        fresh = subprocess.Popen(
            [sys.executable, "-m", "seqtag", *command, "-o", str(tmp_path / "fresh")],
            env=ENVIRONMENT | {"PYTHONHASHSEED": hashes}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert run([*command, "-o", str(tmp_path / "here")]) == 0
        assert fresh.communicate(timeout=600)[1] == ""
        assert fresh.returncode == 0
        first, again = content(tmp_path / "fresh"), content(tmp_path / "here")
        assert sorted(first) == sorted([*layout.FILES, "vectors.bin", layout.CARD, layout.MANIFEST])
        parts = json.loads(first["vocab.json"])["indexers"]
        assert {"word", "vectors", "characters", "shape"} <= set(parts)
        for name, written in first.items():
            assert written == again[name], name


class TestHeldOut:
    TEXT = "".join(f"w{number} O\n\n" for number in range(50))

    def test_each_sentence_is_in_one_of_the_two(self, write: Write) -> None:
        found = corpora(config("data.dev_fraction=0.2"), self.TEXT, write)
        names = [[sentence.tokens[0] for sentence in part.sentences] for part in (found.train, found.dev)]
        assert found.held_out == config().training.seed
        assert len(names[1]) == 10
        assert sorted(names[0] + names[1]) == sorted(f"w{number}" for number in range(50))
        assert all(part == sorted(part, key=lambda name: int(name[1:])) for part in names)
        assert names[1] != [f"w{number}" for number in range(40, 50)], "not the end of the file"

    def test_the_seed_decides(self, write: Write) -> None:
        def dev(seed: int) -> Corpus:
            return corpora(config(f"training.seed={seed}"), self.TEXT, write).dev

        assert dev(1) == dev(1) != dev(2)

    @pytest.mark.parametrize(("count", "fraction", "held"), [(2, 0.99, 1), (2, 0.01, 1), (3, 0.99, 2)])
    def test_both_hold_something(self, write: Write, count: int, fraction: float, held: int) -> None:
        text = "".join(f"w{number} O\n\n" for number in range(count))
        found = corpora(config(f"data.dev_fraction={fraction}"), text, write)
        assert (len(found.train.sentences), len(found.dev.sentences)) == (count - held, held)

    def test_one_sentence_is_too_few(self, write: Write) -> None:
        with pytest.raises(Error, match="one sentence is too few to hold some out"):
            corpora(config(), "a O\n", write)

    def test_a_dev_file_is_taken_whole(self, write: Write) -> None:
        train_path, dev_path = write("train", self.TEXT), write("dev", "a O\n\nb O\n")
        found = read_corpora(config(), train_path, dev_path, None)
        assert found.held_out is None
        assert (len(found.train.sentences), len(found.dev.sentences)) == (50, 2)


def test_what_is_odd_about_sentences_and_files(tmp_path: Path) -> None:
    """Told before training, as by `seqtag check`."""
    row = "the O\ncat B-X\nsat O\non O\nmats O\n"
    paths = [tmp_path / "train", tmp_path / "dev"]
    paths[0].write_text(row * 101 + "\n" + row)
    paths[1].write_text(row)
    found = read_corpora(config(), *map(str, paths), None).findings
    assert [(one.code, one.file) for one in found] == [
        ("long-sentence", str(paths[0])),
        ("overlap", str(paths[1])),
    ]


class TestBestEpoch:
    SCORES = (0.1, 0.5, 0.4, 0.5, 0.3, 0.2)

    @pytest.fixture
    def scored(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Dev scores as they are written here, and the weights that have them."""
        weights: list[dict[str, Any]] = []

        def score_dev(task: TaggerJob, stop: Any) -> float:
            weights.append(task.network.named_weights())
            return self.SCORES[len(weights) - 1]

        monkeypatch.setattr(TaggerJob, "score_dev", score_dev)
        return weights

    def run(self, spans: Any, tmp_path: Path, *assignments: str) -> Any:
        return train(config(*assignments), str(spans.dev), str(spans.dev), None, tmp_path / "model")

    def test_its_weights_are_kept(self, spans: Any, tmp_path: Path, scored: list[dict[str, Any]]) -> None:
        import safetensors.numpy

        given = ["training.epochs=6", "training.patience=0", "training.calibration=none"]
        result = self.run(spans, tmp_path, *given)
        assert (result.best.best_epoch, len(result.best.history)) == (2, 6)
        assert [epoch.best for epoch in result.best.history] == [True, True, False, False, False, False]
        kept = safetensors.numpy.load_file(tmp_path / "model" / "weights.safetensors")
        assert kept.keys() == scored[1].keys()
        assert all(np.array_equal(kept[name], scored[1][name]) for name in kept)
        assert any(not np.array_equal(kept[name], scored[5][name]) for name in kept)
        report = json.loads((tmp_path / "model" / "report.json").read_bytes())
        assert report["best_epoch"] == 2
        # The network that tags has the same weights: its dev score is the one that the summary names.
        again = score_corpus(SentenceTagger.load(tmp_path / "model"), read_corpus(spans.dev), BIO)
        assert again == result.best.dev
        assert report["dev"] == again.to_json()

    def test_another_metric(self, spans: Any, tmp_path: Path) -> None:
        result = self.run(spans, tmp_path, "training.epochs=2", "training.metric=accuracy")
        best = result.best
        assert best.dev.metric == "accuracy"
        assert best.history[best.best_epoch - 1].dev_score == best.dev.main == best.dev.accuracy
        assert best.dev.accuracy != best.dev.counts.f1

    @pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (3, 5), (9, 6)])
    def test_patience(
        self, spans: Any, tmp_path: Path, scored: list[dict[str, Any]], patience: int, epochs: int
    ) -> None:
        """Counted from the best epoch; to reach its score again is no better."""
        result = self.run(spans, tmp_path, "training.epochs=6", f"training.patience={patience}")
        assert len(result.best.history) == epochs

    def test_no_patience_is_lost_before_the_first_entity(
        self, spans: Any, tmp_path: Path, scored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(self), "SCORES", (0.0, 0.0, 0.0, 0.2, 0.1, 0.1))
        result = self.run(spans, tmp_path, "training.epochs=6", "training.patience=1")
        assert [epoch.dev_score for epoch in result.best.history] == [0.0, 0.0, 0.0, 0.2, 0.1]


class TestLongSentences:
    @given(st.data(), st.integers(2, 7))
    def test_pieces_are_the_sentence_and_well_formed(self, data: st.DataObject, longest: int) -> None:
        drawn = data.draw(
            st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), min_size=1, max_size=30)
        )
        settings = config(f"training.max_sentence_length={longest}", "data.train_scheme=bioes")
        words = tuple(f"w{number}" for number in range(len(drawn)))
        corpus = Corpus("x", (Sentence(words, tuple(drawn)), Sentence(("a", "b"), ("B-X", "I-Y"))))
        given_corpora = Corpora(corpus, corpus, None, False, BIO)
        vocabulary = prepare.fit_vocabulary(settings, given_corpora, Resources(None))
        examples, windowed = make_examples(settings, given_corpora, vocabulary)
        *pieces, _ = examples
        assert windowed == (len(drawn) > longest)
        rows = np.concatenate([piece.rows["word"] for piece in pieces])
        assert rows.tolist() == vocabulary.index(words)["word"].tolist()
        assert all(1 <= len(piece.tags) <= longest for piece in pieces)
        found = [[vocabulary.tags[tag] for tag in piece.tags] for piece in pieces]
        assert all(tags.problems(piece, BIOES) == [] for piece in found)
        # No span is cut that a shorter piece could have held whole.
        spans = tags.spans(drawn, BIO)
        if all(span.end - span.start <= longest for span in spans):
            assert [tag for piece in found for tag in piece] == tags.convert(drawn, BIO, BIOES)

    def test_nothing_is_cut_without_need(self, write: Write) -> None:
        settings = config("training.max_sentence_length=3")
        assert piece_ends(["O"] * 9, BIO, 3) == [3, 6, 9]
        assert piece_ends(["B-X", *["I-X"] * 4], BIO, 3) == [3, 5], "no place to cut: as late as can be"
        assert piece_ends(["O", "B-X", "I-X", "I-X", "O"], BIO, 3) == [1, 4, 5]
        assert piece_ends(["O", "O"], BIO, settings.training.max_sentence_length) == [2]

    @pytest.mark.slow
    @pytest.mark.parametrize("longest", [500, 100_000])
    def test_a_hundred_thousand_tokens(self, write: Write, tmp_path: Path, longest: int) -> None:
        """In pieces or at once each is trained on, and each has its tag."""
        path = write("long.conll", "Ana B-PER\nRuiz I-PER\nleft O\nOslo B-LOC\n" * 25_000)
        heard: list[Any] = []
        settings = config(*CRF, f"training.max_sentence_length={longest}")
        train(settings, path, path, None, tmp_path / "model", listener=heard.append)
        steps = [event for event in heard if isinstance(event, Progress)]
        assert len(steps) == -(-100_000 // longest // 8)
        assert steps[-1].tokens == steps[-1].of_tokens == 100_000
        (answer,) = SentenceTagger.load(tmp_path / "model").tag(read_corpus(path).sentences)
        assert len(answer.tags) == len(answer.probabilities) == 100_000
        assert tags.problems(answer.tags, BIO) == []


class TestPredictedWords:
    TEXT = "Ab O\nin O\nRio B-X\n\nab O\n12 O\nIN O\n34 O\nin O\n\n"

    def test_the_most_frequent_ones_in_lower_case_with_digits_as_0(self, write: Write) -> None:
        model = ["encoder.cell=simplernn", "language_model.weight=0.1"]
        settings = config(*model, "language_model.words=3", "data.dev_fraction=0.01")
        read = corpora(settings, self.TEXT, write)
        whole = Corpora(read_corpus(read.train.path), read.dev, None, False, BIO)
        vocabulary = prepare.fit_vocabulary(settings, whole, Resources(None))
        words = predicted_words(settings, whole, vocabulary)
        assert words is not None
        assert words.values == ("in", "00", "ab")
        examples, _ = make_examples(settings, whole, vocabulary, words)
        assert [example.words.tolist() for example in examples] == [[4, 2, 1], [4, 3, 2, 3, 2]]
        longest = predicted_words(config(*model), whole, vocabulary)
        assert longest is not None
        assert longest.rows == 6  # the end, the unknown word, and all four

    def test_none_without_a_weight(self, write: Write) -> None:
        settings = config("encoder.cell=simplernn", "language_model.weight=0")
        read = corpora(settings, self.TEXT, write)
        vocabulary = prepare.fit_vocabulary(settings, read, Resources(None))
        assert predicted_words(settings, read, vocabulary) is None
        assert not any(example.words.any() for example in make_examples(settings, read, vocabulary)[0])

    @pytest.mark.parametrize("cell", ["dense", "cnn"])
    def test_a_cell_without_a_state_cannot(self, cell: str, write: Write) -> None:
        settings = config("language_model.weight=0.1", f"encoder.cell={cell}")
        read = corpora(settings, self.TEXT, write)
        vocabulary = prepare.fit_vocabulary(settings, read, Resources(None))
        with pytest.raises(UsageError, match=f"takes a recurrent cell. Received: encoder.cell {cell}"):
            predicted_words(settings, read, vocabulary)
        unsaid = prepare.fill_in(config(f"encoder.cell={cell}", "language_model.weight=auto"), read)
        assert unsaid.language_model.weight == 0
        assert predicted_words(unsaid, read, vocabulary) is None

    def test_the_model_folder_knows_nothing_of_it(self, spans: Any, tmp_path: Path) -> None:
        weights = {}
        for name, weight in (("with", 0.5), ("without", 0)):
            given = ["encoder.cell=simplernn", f"language_model.weight={weight}"]
            train(config(*given), str(spans.dev), str(spans.dev), None, tmp_path / name)
            weights[name] = safetensors.numpy.load_file(tmp_path / name / "weights.safetensors")
        assert weights["with"].keys() == weights["without"].keys()
        kernel = "encoder/forward_1/simple_rnn_cell/kernel"
        assert not np.array_equal(weights["with"][kernel], weights["without"][kernel])
        again = json.loads((tmp_path / "with" / "report.json").read_bytes())
        assert again["parameters"] == sum(array.size for array in weights["with"].values())


class TestSchemes:
    def test_ill_formed_tags_are_read_as_conlleval_does(self, write: Write) -> None:
        text = "a I-X\nb I-X\nc B-Y\n\n" + "d B-X\ne I-Y\n\n" + "f B-X\ng B-Y\n\n"
        settings = config("data.scheme=bio", "data.train_scheme=bio")
        found = corpora(settings, text + "h O\n", write)
        whole = Corpora(
            Corpus("x", tuple(read_corpus(write("all", text)).sentences)), found.dev, None, False, BIO
        )
        vocabulary = prepare.fit_vocabulary(settings, whole, Resources(None))
        examples, _ = make_examples(settings, whole, vocabulary)
        written = [[vocabulary.tags[tag] for tag in example.tags] for example in examples]
        assert written == [["B-X", "I-X", "B-Y"], ["B-X", "B-Y"], ["B-X", "B-Y"]]

    @pytest.mark.parametrize("name", ["iob1", "bio", "bioes", "bilou", "bmes", "plain"])
    def test_spans_are_learnt_with_their_ends_marked(self, name: str) -> None:
        scheme = tags.parse_scheme(name)
        found = prepare.training_scheme(scheme)
        assert found == (BIOES if name in ("iob1", "bio") else scheme)

    def test_predictions_are_in_the_scheme_of_the_corpus(self, spans: Any) -> None:
        """Trained in BIOES, on BIO."""
        assert spans.result.prepared.train_scheme == BIOES
        assert spans.result.prepared.scheme == BIO
        assert spans.result.best.dev.counts.f1 > 0.9

    def test_iob1(self, spans: Any, tmp_path: Path) -> None:
        path = tmp_path / "iob1.conll"
        with path.open("w", encoding="utf-8") as file:
            for sentence in read_corpus(spans.train).sentences:
                row = tags.convert(sentence.tags or (), BIO, IOB1)
                file.writelines(f"{token}\t{tag}\n" for token, tag in zip(sentence.tokens, row, strict=True))
                file.write("\n")
        quick = [
            "training.optimizer=adam",
            "training.learning_rate=0.05",
            "embeddings.dropout=0",
            "encoder.dropout=0",
        ]
        settings = config(*quick, "training.epochs=4", "data.train_scheme=bio")
        result = train(settings, str(path), str(path), None, tmp_path / "model")
        loaded = SentenceTagger.load(tmp_path / "model")
        assert (result.prepared.scheme, loaded.scheme, loaded.vocabulary.train_scheme) == (IOB1, IOB1, BIO)
        (answer,) = loaded.tag([["Ana", "Ruiz", "saw", "New", "York", "."]])
        assert answer.tags == ["I-PER", "I-PER", "O", "I-LOC", "I-LOC", "O"]

    def test_plain_tags(self, plain: Any) -> None:
        result = plain.result
        assert result.prepared.scheme.name == "plain"
        assert result.prepared.head == "softmax"
        assert result.best.dev.accuracy > 0.9
        assert result.best.dev.main == result.best.dev.accuracy

    def test_plain_tags_cannot_be_written_as_spans(self, plain: Any, tmp_path: Path) -> None:
        with pytest.raises(Error, match="cannot be written so"):
            train(config("data.train_scheme=bio"), str(plain.train), None, None, tmp_path / "model")
        assert os.listdir(tmp_path) == []

    def test_tags_that_training_never_saw(self, write: Write, tmp_path: Path) -> None:
        train_path = write("train", "Ana B-PER\nleft O\n\n" * 8)
        dev_path = write("dev", "Ana B-PER\nNobel B-PRIZE\nPrize I-PRIZE\n\n")
        result = train(config(), train_path, dev_path, dev_path, tmp_path / "model")
        assert result.prepared.unseen_tags == {"B-PRIZE": 1, "I-PRIZE": 1}
        assert result.best.dev.unseen_tags == {"B-PRIZE": 1, "I-PRIZE": 1}
        assert result.best.test == result.best.dev
        assert result.best.dev.counts.gold == 2
        assert "B-PRIZE" not in SentenceTagger.load(tmp_path / "model").tags

    @pytest.mark.parametrize("place", ["train", "dev", "test"])
    def test_a_tag_that_is_none_is_found_before_training(
        self, write: Write, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runtime, "start", lambda *rest, **options: pytest.fail("too late"))
        good = "Ana B-PER\nleft O\n\n" * 3
        paths = {name: write(name, good) for name in ("train", "dev", "test")}
        write(place, good + "Bo PERSON\n")
        with pytest.raises(DataError, match=rf"{place}:10: 'PERSON' is not a BIO tag"):
            train(config("data.scheme=bio"), *paths.values(), tmp_path / "model")  # type: ignore[arg-type]
        assert not (tmp_path / "model").exists()


class TestRefusals:
    def test_a_model_that_is_there(self, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before any file is read; with force it is replaced."""
        replacing.write(tmp_path / "model", dict.fromkeys(layout.FILES, b"{}"))
        before = content(tmp_path / "model")
        with pytest.raises(Error, match="already contains a model"):
            train(config(), "no such file", None, None, tmp_path / "model")
        assert content(tmp_path / "model") == before
        train(config(), str(spans.dev), None, None, tmp_path / "model", force=True)
        SentenceTagger.load(tmp_path / "model")

    @pytest.mark.parametrize("batch", [4, 10_000])
    def test_numbers_that_are_not_finite(self, spans: Any, tmp_path: Path, batch: int) -> None:
        """In the middle of an epoch, or in the update that ends the last one."""
        # Through a relu, products of such weights are infinite, whatever order a processor adds them in.
        settings = config(
            "training.learning_rate=1e38", f"training.batch_size={batch}", "encoder.activation=relu"
        )
        with (
            np.errstate(all="ignore"),
            pytest.raises(Error, match=r"not finite|training stopped in epoch 1, step 2: loss (nan|inf)"),
        ):
            train(settings, str(spans.dev), None, None, tmp_path / "model")
        assert os.listdir(tmp_path) == []

    def test_a_disk_that_fills_up(self, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        replacing.write(tmp_path / "model", dict.fromkeys(layout.FILES, b"{}"))
        before = content(tmp_path / "model")

        def fsync(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(Error, match="No space left on device"):
            train(config(), str(spans.dev), None, None, tmp_path / "model", force=True)
        assert content(tmp_path / "model") == before
        assert os.listdir(tmp_path) == ["model"]


def test_the_listener_hears_of_everything(spans: Any, tmp_path: Path) -> None:
    heard: list[Any] = []
    train(config("training.epochs=2"), str(spans.dev), None, None, tmp_path / "model", listener=heard.append)
    kinds = [type(event).__name__ for event in heard]
    assert kinds[0] == "Prepared"
    assert kinds.count("Epoch") == 2
    assert kinds[-2:] == ["Epoch", "Note"]
    assert heard[-1].text.startswith(
        "the model has learnt nothing: its F1 on dev is 0.0000 after 14 steps in 2 epochs."
    )
    steps = [event for event in heard if type(event).__name__ == "Progress" and event.epoch == 1]
    assert steps[-1].tokens == steps[-1].of_tokens == heard[0].train.tokens
    first = next(event for event in heard if isinstance(event, Epoch))
    assert first.best
    assert first.loss == pytest.approx(steps[-1].loss)
    assert 0 <= first.clipped <= 1


def test_a_run_that_has_ended_is_not_resumed(spans: Any, tmp_path: Path) -> None:
    """A job script can always say --resume; files or settings that differ are another run."""
    files = str(spans.dev), None, None, tmp_path / "model"
    train(config("training.epochs=1"), *files)
    before = {path.name: path.read_bytes() for path in files[-1].iterdir()}
    heard: list[Any] = []
    with pytest.raises(Finished, match="model: this run has ended; there is nothing to resume") as raised:
        train(config("training.epochs=1"), *files, resume=True, listener=heard.append)
    assert raised.value.exit_code == 0
    assert heard == []
    for settings, path in (("training.epochs=2", spans.dev), ("training.epochs=1", spans.train)):
        with pytest.raises(Error, match="already contains a model"):
            train(config(settings), str(path), None, None, files[-1], resume=True)
    assert {path.name: path.read_bytes() for path in files[-1].iterdir()} == before


def test_seeds_that_have_ended_are_not_resumed(spans: Any, tmp_path: Path) -> None:
    """Nor are the models of all seeds in the way."""
    files = str(spans.dev), None, None, tmp_path / "model"
    train(config("training.epochs=1"), *files, seeds=2, keep_seeds=True)
    with pytest.raises(Finished, match="this run has ended"):
        train(config("training.epochs=1"), *files, seeds=2, keep_seeds=True, resume=True)


def test_dev_and_test_change_nothing_that_is_learnt(spans: Any, tmp_path: Path) -> None:
    """Words of dev and test are no part of the vocabulary."""
    text = spans.dev.read_text("utf-8") + "\nunheard\tB-PER\n"
    (tmp_path / "dev").write_text(text, encoding="utf-8")
    train(config(), str(spans.train), str(tmp_path / "dev"), str(tmp_path / "dev"), tmp_path / "model")
    assert b"unheard" not in (tmp_path / "model" / "vocab.json").read_bytes()
    assert b"unheard" not in (tmp_path / "model" / "known.json").read_bytes()
