"""Corpora of single characters: places in the word (科0 技1), pairs of neighbours and their vectors."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.cli.summary import introduction
from seqtag.corpora.characters import have_places, without_places
from seqtag.corpora.reading import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.vector_files import read
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.tasks.tagging.prepare import fit_vocabulary
from seqtag.tasks.tagging.splits import read_corpora

SMALL = [
    "embeddings.word.dim=8", "embeddings.bigrams.dim=6", "encoder.units=8", "embeddings.dropout=0",
    "encoder.dropout=0", "training.learning_rate=0.03", "training.batch_size=8", "training.epochs=12",
    "language_model.weight=0",
]  # fmt: skip
WORDS = {
    "张三": "PER",
    "王五": "PER",
    "北京": "GPE",
    "广州": "GPE",
    "在": "",
    "技术": "",
    "科学": "",
    "好": "",
}
VECTORS = "张 1 0\n三 0 1\n在 1 1\n张三 0.5 -1\n术\t 1 1\n".replace("\t", "")


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


def rows(words: list[str], *, places: bool = True) -> list[tuple[str, str]]:
    """Token and tag of each character; the place is that in the word."""
    return [
        (character + str(at) * places, f"{'I' if at else 'B'}-{WORDS[word]}" if WORDS[word] else "O")
        for word in words
        for at, character in enumerate(word)
    ]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    random = Random(3)
    blocks = [rows(random.choices(list(WORDS), k=5)) for _ in range(50)]
    path = tmp_path_factory.mktemp("places") / "train.conll"
    text = "\n".join("".join(f"{token}\t{tag}\n" for token, tag in block) for block in blocks)
    path.write_text(text, encoding="utf-8")
    path.with_name("vectors.txt").write_text(VECTORS, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def trained(corpus: str) -> Any:
    target = Path(corpus).with_name("model")
    settings = config(f"embeddings.vectors.file={Path(corpus).with_name('vectors.txt')}")
    return train(settings, corpus, corpus, None, target)


def vocabulary(corpus: str, *assignments: str, vectors: Vectors | None = None) -> Vocabulary:
    settings = config(*assignments)
    return fit_vocabulary(settings, read_corpora(settings, corpus, corpus, None), Resources(vectors))


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (["科0", "技1"], True),
        (["科0", "技"], False),
        (["科0", "10"], True),
        (["科0", "技12"], True),
        (["科0", "\ufffd\ufffd0"], True),
        (["科0", "技1234"], False),
        (["科0"] * 199 + ["技"], True),
        (["科0"] * 50 + ["技"], False),
        (["科0", "技x"], False),
        (["A0", "B1"], False),
        ([], False),
    ],
)
def test_places_are_found_only_if_nearly_all_tokens_have_one(tokens: list[str], found: bool) -> None:
    sentences = [Sentence(tuple(tokens)), Sentence(("学0",) * bool(tokens and tokens[0] != "A0"))]
    assert have_places(sentences) == found


def test_only_the_place_is_dropped() -> None:
    tokens = ("科0", "7", "12", "技", "a10", "\ufffd\ufffd3", "ab9")
    sentence = Sentence(tokens, ("O",) * 7, (1, 2, 3, 4, 5, 6, 7), (("n",) * 7,))
    found = without_places(sentence)
    assert found.tokens == ("科", "7", "1", "技", "a", "\ufffd\ufffd", "ab9")
    assert (found.tags, found.lines, found.columns) == (sentence.tags, sentence.lines, sentence.columns)


@pytest.mark.parametrize(("setting", "dropped"), [("auto", True), ("drop", True), ("keep", False)])
def test_drop_and_keep(corpus: str, setting: str, dropped: bool) -> None:
    found = vocabulary(corpus, f"data.character_places={setting}")
    assert found.drop_places == dropped
    assert ("张" in found.indexers["word"].table.values) == dropped  # type: ignore[attr-defined]
    assert ("张0" in found.indexers["word"].table.values) != dropped  # type: ignore[attr-defined]
    # A script of single characters is one only without the digits.
    assert ("bigrams" in found.indexers) == dropped
    assert ("characters" in found.indexers) != dropped
    assert (found.tokenizer.name == "char") == dropped
    one, other = (found.index(tokens)["word"].tolist() for tokens in (["张0", "三1"], ["张", "三"]))
    assert (one == other) == dropped


def test_raw_characters_are_tagged_as_those_with_places(
    trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained.best.dev.counts.f1 == 1.0
    words = ["王五", "在", "广州", "好"]
    with_places, without = rows(words), rows(words, places=False)
    (tmp_path / "in.txt").write_text("".join(words) + "\n", encoding="utf-8")
    assert run(["predict", str(trained.path), str(tmp_path / "in.txt")]) == 0
    assert capsys.readouterr() == ("".join(f"{token}\t{tag}\n" for token, tag in without) + "\n", "")
    text = "".join(f"{token}\n" for token, _ in with_places)
    (tmp_path / "in.conll").write_text(text, encoding="utf-8")
    assert run(["predict", str(trained.path), str(tmp_path / "in.conll")]) == 0
    wanted = "".join(f"{token}\t{tag}\n" for token, tag in with_places) + "\n"
    assert capsys.readouterr() == (wanted, ""), "tokens come out as they went in"
    first, second = SentenceTagger.load(trained.path).tag(
        [[token for token, _ in rows] for rows in (with_places, without)]
    )
    assert first.tags == second.tags
    assert first.probabilities == pytest.approx(second.probabilities, rel=1e-5)


def test_what_is_counted_has_no_places(trained: Any, corpus: str) -> None:
    prepared = trained.prepared
    characters = {character for word in WORDS for character in word}
    assert prepared.vocabulary == len(characters)
    assert prepared.unknown_rate == 0
    assert prepared.coverage == {"exact": 4, "lower case": 0, "digits": 0, "missing": len(characters) - 4}
    lines = introduction(prepared)
    assert f"vectors found for {4 / len(characters):.1%} of the training file's distinct words" in "\n".join(
        lines
    )


def test_the_unknown_are_those_that_the_network_does_not_know(corpus: str, tmp_path: Path) -> None:
    """A known character in another place of the word is known."""
    (tmp_path / "dev").write_text("三0\tO\n张1\tO\n张0\tO\n新0\tO\n", encoding="utf-8")
    from seqtag.tasks.tagging.prepare import unknown_rate

    settings = config()
    corpora = read_corpora(settings, corpus, str(tmp_path / "dev"), None)
    assert unknown_rate(corpora, vocabulary(corpus)) == 0.25
    assert unknown_rate(corpora, vocabulary(corpus, "data.character_places=keep")) == 0.75


def test_pairs_of_neighbours_and_their_vectors(corpus: str) -> None:
    vectors = read(Path(corpus).with_name("vectors.txt"))
    found = vocabulary(corpus, "embeddings.vectors.trainable=true", vectors=vectors)
    pairs = found.indexers["bigrams"].table  # type: ignore[attr-defined]
    assert "张三" in pairs.values
    tokens = ("张0", "三1", "在0", "术1")
    batch = found.collate([found.index(tokens), found.index(("在0",))])
    names = ("<padding>", "<unknown>", *pairs.values)
    shown = [names[number] for number in batch["bigrams"][0]]
    assert shown == [
        "张三",
        "三在" if "三在" in names else "<unknown>",
        "<unknown>",
        "术\n" if "术\n" in names else "<unknown>",
    ]
    assert batch["bigrams"][1, 1:].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(batch["vectors"][0], [[1, 0], [0, 1], [1, 1], [1, 1]])
    np.testing.assert_array_equal(batch["bigram_vectors"][0], [[0.5, -1], [0, 0], [0, 0], [0, 0]])
    assert "bigram_vectors_rows" not in batch, "vectors of pairs are never trained"
    assert not batch["vectors"][1, 1:].any()


@pytest.mark.parametrize(
    ("settings", "learnt", "looked_up"),
    [
        ([], True, True),
        (["embeddings.bigrams.dim=0"], False, True),
        (["embeddings.bigrams.enabled=no"], False, False),
        (["embeddings.bigrams.enabled=yes", "data.character_places=keep"], True, True),
    ],
)
def test_which_pairs_are_used(corpus: str, settings: list[str], learnt: bool, looked_up: bool) -> None:
    vectors = read(Path(corpus).with_name("vectors.txt"))
    found = vocabulary(corpus, *settings, vectors=vectors).indexers
    assert ("bigrams" in found, "bigram_vectors" in found) == (learnt, looked_up)
    assert "bigram_vectors" not in vocabulary(corpus, *settings).indexers
