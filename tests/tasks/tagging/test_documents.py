"""Taggers that read the other mentions of a word in its document."""

import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import sleep

import pytest

import seqtag
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.inference import tagger as tagging
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.predict import predict
from seqtag.stages.train import train
from seqtag.support.errors import UsageError

SETTINGS = [
    "encoder.attention=mentions", "encoder.context=50", "encoder.units=12", "embeddings.word.dim=12",
    "embeddings.characters.encoder=none",
    "embeddings.dropout=0", "encoder.dropout=0", "language_model.weight=0", "training.learning_rate=0.02",
    "training.batch_size=8", "training.epochs=10", "training.patience=0", "training.averaging=none",
]  # fmt: skip


def corpus(path: Path, seed: int, count: int = 60) -> Path:
    """Documents of two sentences: only the first one tells what the new name in both of them is."""
    random, rows = Random(seed), []
    for _ in range(count):
        name = "".join(random.choices("abcdefghijklmnop", k=6)).title()
        label, noun = random.choice([("PER", "baker"), ("LOC", "town")])
        rows += ["-DOCSTART- O\n", f"{name} B-{label}", "is O", "a O", f"{noun} O\n"]
        rows += ["We O", "saw O", f"{name} B-{label}\n"]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    files = [str(corpus(folder / f"{name}.conll", seed)) for seed, name in enumerate(("train", "dev"))]
    train(merge(parse_assignments(SETTINGS)), files[0], files[1], None, folder / "model")
    return folder / "model"


def right(tagger: SentenceTagger, gold: Sequence[Sentence]) -> float:
    """The share of sentences with the right tags."""
    pairs = zip(gold, tagger.tag(gold), strict=True)
    return sum(tuple(answer.tags) == sentence.tags for sentence, answer in pairs) / len(gold)


def test_what_the_document_tells(model: Path, tmp_path: Path) -> None:
    unseen = corpus(tmp_path / "unseen.conll", 7)
    tagger, sentences = SentenceTagger.load(model), read_corpus(str(unseen)).sentences
    assert right(tagger, sentences) > 0.95
    assert right(tagger, sentences[1::2]) < 0.8  # second sentences alone
    first, second = sentences[:2]
    alone = next(tagger.tag([second], entities=True))
    (_, with_first) = tagger.tag([first, second], entities=True)
    assert with_first.probabilities != pytest.approx(alone.probabilities, abs=1e-3)
    apart = Sentence(second.tokens, starts_document=True)
    (_, other) = tagger.tag([first, apart], entities=True)
    assert other.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_batches_change_nothing(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = read_corpus(str(corpus(tmp_path / "unseen.conll", 7))).sentences
    tagger = SentenceTagger.load(model, threads=1)
    whole = [answer.probabilities for answer in tagger.tag([(), *sentences], entities=True)]
    for chunk, budget in ((5, 2048), (2, 1), (2048, 20)):
        monkeypatch.setattr(tagging, "CHUNK", chunk)
        monkeypatch.setattr(tagging, "TOKEN_BUDGET", budget)
        found = [answer.probabilities for answer in tagger.tag(iter([(), *sentences]), entities=True)]
        for one, other in zip(whole, found, strict=True):
            assert one == pytest.approx(other, abs=1e-5)


def test_the_end_of_a_long_sentence_is_not_looked_at_with_the_next_one(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "WINDOW", 60)
    monkeypatch.setattr(tagging, "OVERLAP", 5)
    tagger = SentenceTagger.load(model, threads=1)
    sentences = [("is", "a", "town", "Zoltrix") * 16, ("We", "saw", "Zoltrix")]
    (alone,) = tagger.tag(sentences[1:], entities=True)
    (_, after) = tagger.tag(sentences, entities=True)
    assert after.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_a_pipe_is_tagged_as_a_file_is(model: Path, tmp_path: Path) -> None:
    """However its lines arrive."""
    text = "Zoltrix is a town\nWe saw Zoltrix\nWe saw Bo\nBo is a baker\n"
    (tmp_path / "text").write_text(text)
    expected = io.StringIO()
    predict(str(model), [str(tmp_path / "text")], expected, output_format="jsonl", input_format="text")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def feed() -> None:
        with pipe.open("w") as stream:
            for line in text.splitlines(keepends=True):
                stream.write(line)
                stream.flush()
                sleep(0.05)  # so that a reader that does not wait has answered

    writer = threading.Thread(target=feed)
    writer.start()
    found = io.StringIO()
    predict(str(model), [str(pipe)], found, output_format="jsonl", input_format="text")
    writer.join()
    assert found.getvalue() == expected.getvalue()
    assert found.getvalue().count('"LOC"') == 2


def test_a_text_is_a_document(model: Path) -> None:
    tagger = seqtag.load(str(model))
    first, second, other = ["Zoltrix is a town", "We saw Zoltrix", "Bo is a baker"]
    alone = tagger(second).entities
    assert [one.entities for one in tagger.pipe([first, second, other])][1] == alone
    together = tagger.tag([first.split(), second.split()])[1].entities
    assert [entity.label for entity in together] == ["LOC"]


def test_held_out_sentences_have_no_neighbours(tmp_path: Path) -> None:
    config = merge(parse_assignments(SETTINGS))
    with pytest.raises(UsageError, match=r"encoder\.context 50: expected a --dev file"):
        train(config, str(corpus(tmp_path / "train.conll", 1)), None, None, tmp_path / "model")
