"""The training of recurrent language models: text as batches, words and classes, runs that are stopped or continued."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.features.indexers.word import WordIndexer
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.ngrams import text as ngram_text
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.language import LANGUAGE, LanguageConfig
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.stages.train import TrainingResult, train
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.language.base import load
from seqtag.tasks.language.recurrent import prepare, texts
from seqtag.tasks.language.recurrent.job import LanguageJob, LanguageStart
from seqtag.tasks.language.recurrent.pieces import Pieces
from seqtag.tasks.language.recurrent.stored import StoredLanguage
from seqtag.training.events import Progress

WORDS = ("red", "green", "blue", "black", "white", "pink", "grey")
SMALL = (
    "encoder.units=8", "embeddings.word.dim=6", "embeddings.shape.dim=2", "embeddings.characters.encoder=none",
    "training.epochs=2", "training.batch_size=8", "training.learning_rate=0.02", "text.vocabulary=6",
    "reading.direction=forward",
)  # fmt: skip


def lines_of(count: int, seed: int = 1) -> list[str]:
    """Lines in which a word mostly follows the one that is before it in `WORDS`."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        at = int(random.integers(len(WORDS)))
        places = [at + step + int(random.random() < 0.1) for step in range(int(random.integers(1, 9)))]
        found.append(" ".join(WORDS[place % len(WORDS)] for place in places))
    return found


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines_of(120)) + "\n", "utf-8")
    return str(path)


def config_of(*assignments: str) -> LanguageConfig:
    return for_corpus(merge_into(LANGUAGE, parse_assignments([*SMALL, *assignments])))


def go(path: str, target: Path, *assignments: str, **how: Any) -> TrainingResult[Any, Any]:
    config = config_of(*assignments)
    return train(config, [path], None, None, target, task="language", **how)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model to go on from."""
    place = tmp_path_factory.mktemp("first")
    (place / "text.txt").write_text("\n".join(lines_of(120)) + "\n", "utf-8")
    result = go(str(place / "text.txt"), place / "lm", "training.epochs=1")
    assert result.dev.main > 4
    return place / "lm"


def content(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


# ------------------------------------------------------------------------------------------------------------
# Text as batches


@pytest.mark.parametrize("longest", [2, 3, 100])
@pytest.mark.parametrize("limit", [10, 1 << 20])
def test_each_token_is_predicted_once(longest: int, limit: int, text: str) -> None:
    data = texts.read(config_of(), {"train": [text], "dev": [text]})
    lines = [line.split() for line in lines_of(120)]
    split = ngram_text.read(lines, None, limit)
    assert len(split.blocks) > 1 or limit > 10
    vocabulary = prepare.learn(config_of(), data, None)
    pieces = Pieces(split, vocabulary, longest)
    wanted = [(before, after) for line in lines for before, after in pairs(line)]
    found = [
        pair for number in range(len(pieces.lengths)) for pair in pairs(pieces.words(number), bordered=True)
    ]
    assert sorted(found) == sorted(wanted)
    assert max(pieces.lengths) <= longest + 1
    assert pieces.cut == sum(-(-(len(line) + 1) // longest) - 1 for line in lines)
    order = pieces.order(8, 3, 1)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(pieces.lengths)))
    assert [batch.tolist() for batch in pieces.order(8, 3, 2)] != [batch.tolist() for batch in order]


def pairs(words: list[str], *, bordered: bool = False) -> list[tuple[str, str]]:
    whole = words if bordered else ["</s>", *words, "</s>"]
    return list(itertools.pairwise(whole))


def test_a_batch_has_the_words_and_what_is_predicted(text: str) -> None:
    data = texts.read(config_of(), {"train": [text], "dev": [text]})
    vocabulary = prepare.learn(config_of(), data, None)
    pieces = Pieces(data.train, vocabulary, 100)
    inputs, targets = pieces.batch([0, 3], np.random.default_rng(1))
    for row, number in enumerate((0, 3)):
        line = lines_of(120)[number].split()
        assert inputs["lengths"][row] == len(line) + 2
        np.testing.assert_array_equal(targets[row, : len(line) + 2], vocabulary.targets(line))


# ------------------------------------------------------------------------------------------------------------
# What is read and learnt before the network is


def test_without_dev_a_part_is_held_out(text: str) -> None:
    data = texts.read(config_of(), {"train": [text]})
    assert data.held_out
    assert [" ".join(line) for line in data.dev] == lines_of(120)[19::20]
    assert data.train.sentences == 114
    whole = texts.read(config_of(), {"train": [text], "dev": [text]})
    assert (whole.held_out, whole.train.sentences) == (False, 120)
    assert data.digests()["train"] != whole.digests()["train"]


def test_text_that_cannot_be_learnt_from(tmp_path: Path) -> None:
    one, short, empty = (tmp_path / name for name in ("one.txt", "short.txt", "empty.txt"))
    one.write_text("one line", "utf-8")
    with pytest.raises(DataError, match=r"one\.txt: has 1 sentence; expected at least 20 "):
        texts.read(config_of(), {"train": [str(one)]})
    short.write_text("one line\n" * 19, "utf-8")
    empty.write_text("\n \n", "utf-8")
    with pytest.raises(DataError, match=r"short\.txt: has 19 sentences; expected at least 20 .* or --dev"):
        texts.read(config_of(), {"train": [str(short)]})
    with pytest.raises(DataError, match=r"empty\.txt: holds no words"):
        texts.read(config_of(), {"train": [str(short), str(empty)], "dev": [str(short)]})


def test_the_most_frequent_words_are_predicted_by_class(text: str) -> None:
    data = texts.read(config_of(), {"train": [text], "dev": [text]})
    words = [word for line in lines_of(120) for word in line.split()]
    counts = {word: words.count(word) for word in WORDS}
    rarest = min(counts, key=counts.__getitem__)
    vocabulary = prepare.learn(config_of("output.classes=3", "output.class_kind=size"), data, None)
    assert {*vocabulary.words} == {"</s>", "<unk>", *WORDS} - {rarest}
    assert vocabulary.sizes == (3, 3, 2)
    known = [
        120 if word == "</s>" else counts[rarest] if word == "<unk>" else counts[word]
        for word in vocabulary.words
    ]
    assert known == sorted(known, reverse=True)
    assert prepare.learn(config_of(), data, None).sizes == (8,)
    assert prepare.learn(config_of("output.classes=sqrt"), data, None).sizes == (3, 3, 2)
    with pytest.raises(UsageError, match="8 words cannot be divided into 9 classes"):
        prepare.learn(config_of("output.classes=9"), data, None)


def test_classes_of_a_file(text: str, tmp_path: Path) -> None:
    data = texts.read(config_of("text.vocabulary=7"), {"train": [text], "dev": [text]})
    path = tmp_path / "classes.tsv"
    path.write_text("".join(f"{word}\t{len(word)}\n" for word in (*WORDS, "</s>", "<unk>")), "utf-8")
    both = config_of("text.vocabulary=7", f"output.class_file={path}", "output.classes=3")
    with pytest.raises(UsageError, match=r"expected no output\.classes beside it\. Received: 3"):
        prepare.learn(both, data, None)
    vocabulary = prepare.learn(config_of("text.vocabulary=7", f"output.class_file={path}"), data, None)
    assert vocabulary.sizes == (1, 4, 4)
    assert vocabulary.words[0] == "red"


def test_unknown_words_are_read_as_such(text: str) -> None:
    data = texts.read(config_of(), {"train": [text], "dev": [text]})
    vocabulary = prepare.learn(config_of(), data, None)
    word = vocabulary.indexers["word"]
    assert isinstance(word, WordIndexer)
    assert "<unk>" not in word.table.values
    assert word.table.rows == 2 + 7  # six words and the border


# ------------------------------------------------------------------------------------------------------------
# Runs


@pytest.mark.parametrize(
    "assignments",
    [
        ["reading.direction=both", "output.classes=3"],
        ["reading.direction=forward", "output.tied=yes", "encoder.layers=2", "encoder.cell=gru"],
        pytest.param(["reading.direction=backward", "encoder.residual=highway"], marks=pytest.mark.slow),
    ],
)
def test_it_learns_what_follows_what(assignments: list[str], text: str, tmp_path: Path) -> None:
    result = go(text, tmp_path / "lm", "training.epochs=30", *assignments)
    scores = [epoch.dev_score for epoch in result.history]
    assert scores[0] > 5
    assert min(scores) < 4
    model: Any = load(tmp_path / "lm")
    dev = [line.split() for line in lines_of(120)[19::20]]
    bits, _ = model.score(dev)
    assert 2 ** bits.mean() == pytest.approx(result.dev.main)
    report = Folder(tmp_path / "lm", LANGUAGE_MODEL).read_json("report.json")
    direction = "backward" if "reading.direction=backward" in assignments else "forward"
    assert report["dev"][direction]["perplexity"] == pytest.approx(result.dev.main)
    assert report["history"][-1]["number"] == len(scores)


@pytest.mark.parametrize("direction", ["forward", pytest.param("both", marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(direction: str, text: str, tmp_path: Path) -> None:
    stop = Stop()

    def listen(event: Any) -> None:
        if isinstance(event, Progress) and event.epoch == 2 and event.tokens > event.of_tokens / 2:
            stop.receive(2)

    settings = [f"reading.direction={direction}", "embeddings.dropout=0.3", "output.classes=3"]
    go(text, tmp_path / "whole", *settings)
    with pytest.raises(Interrupted, match="interrupted in epoch 2 after step"):
        go(text, tmp_path / "lm", *settings, listener=listen, stop=stop)
    result = go(text, tmp_path / "lm", *settings, resume=True)
    assert content(tmp_path / "lm") == content(tmp_path / "whole")
    assert result.dev.to_json().keys() == ({"forward", "backward"} if direction == "both" else {"forward"})


def test_another_text_is_another_run(text: str, tmp_path: Path) -> None:
    stop = Stop()

    def listen(event: Any) -> None:
        if isinstance(event, Progress):
            stop.receive(2)

    with pytest.raises(Interrupted):
        go(text, tmp_path / "lm", listener=listen, stop=stop)
    Path(text).write_text("\n".join(lines_of(120, seed=2)) + "\n", "utf-8")
    with pytest.raises(Error, match="belongs to another run: the training file is another"):
        go(text, tmp_path / "lm", resume=True)


def test_a_model_is_trained_on(first: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("red red zebra\n" * 60, "utf-8")
    events: list[Any] = []
    base = StoredLanguage.of(Folder(first, LANGUAGE_MODEL))
    result = train(
        config_of("training.epochs=6"), [str(other)], None, None, tmp_path / "second", task="language",
        base=str(first), listener=events.append,
    )  # fmt: skip
    second = StoredLanguage.of(Folder(tmp_path / "second", LANGUAGE_MODEL))
    assert second.vocabulary.words == base.vocabulary.words
    assert second.digest != base.digest
    scores = [epoch.dev_score for epoch in result.history]
    assert scores[-1] < 2
    assert [event.unknown for event in events if isinstance(event, LanguageStart)] == [57]


@pytest.mark.parametrize(
    "setting", ["encoder.recurrent_dropout=0.9", pytest.param("encoder.dropout=0.9", marks=pytest.mark.slow)]
)
def test_a_model_is_trained_on_with_another_dropout(
    setting: str, text: str, first: Path, tmp_path: Path
) -> None:
    for name, settings in (("same", ()), ("other", (setting,))):
        go(text, tmp_path / name, "training.epochs=1", *settings, base=str(first))
    same, other = (
        StoredLanguage.of(Folder(tmp_path / name, LANGUAGE_MODEL)).digest for name in ("same", "other")
    )
    assert same != other


def test_the_export_is_compared(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose numbers are not the network's is not written."""
    right = LanguageJob.model

    def wrong(job: LanguageJob) -> Any:
        before = job.network.named_weights()
        job.network.assign_weights(
            {**before, "output/word_biases": before["output/word_biases"] + np.arange(8) / 10}
        )
        model = right(job)
        job.network.assign_weights(before)
        return model

    monkeypatch.setattr(LanguageJob, "model", wrong)
    with pytest.raises(Error, match="the exported network differs from the trained one"):
        go(text, tmp_path / "lm", "training.epochs=1")
    assert not (tmp_path / "lm").exists()


def test_characters_as_tokens(text: str, tmp_path: Path) -> None:
    result = go(text, tmp_path / "lm", "text.unit=character", "text.vocabulary=50", "training.epochs=3")
    model = load(tmp_path / "lm")
    assert "\u2581" in model.words
    assert result.history[-1].dev_score < result.history[0].dev_score < 25


def test_what_needs_words_of_its_own(text: str) -> None:
    data = texts.read(config_of(), {"train": [text], "dev": [text]})
    with pytest.raises(UsageError, match=r"output\.tied needs learnt word vectors"):
        prepare.learn(config_of("output.tied=yes", "embeddings.word.dim=0"), data, None)
    with pytest.raises(Error, match="the network has no input"):
        prepare.learn(config_of("embeddings.word.dim=0", "embeddings.shape.dim=0"), data, None)
