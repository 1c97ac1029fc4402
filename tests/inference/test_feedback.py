"""A model with a feedback head from training to tagging: what it promises where it differs from a chain."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqtag.corpora import tags
from seqtag.corpora.reading import read_corpus
from seqtag.inference import tagger
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import read_network, read_vocabulary
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.predict import predict
from seqtag.stages.train import train
from seqtag.support.errors import ModelError, UsageError

BIO = tags.parse_scheme("bio")
SMALL = [
    "data.tokenizer=word", "data.train_scheme=bioes", "embeddings.word.dim=16", "embeddings.dropout=0.1",
    "embeddings.characters.encoder=none", "encoder.cell=simplernn", "encoder.units=12", "encoder.dropout=0.1",
    "head.name=feedback", "head.units=16", "head.tag_dim=5", "language_model.weight=0", "training.learning_rate=0.02",
    "training.batch_size=8", "training.patience=0",
]  # fmt: skip


def trained(spans: Any, folder: Path, *assignments: str) -> SimpleNamespace:
    """The model, and what its head heard of how far training was."""
    from seqtag.network.heads.feedback import FeedbackHead

    heard: list[float] = []
    progress = FeedbackHead.progress

    def hear(self: Any, epochs: float) -> None:
        heard.append(epochs)
        progress(self, epochs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeedbackHead, "progress", hear)
        train(
            merge(parse_assignments([*SMALL, *assignments])), str(spans.train), str(spans.dev), None, folder
        )
    return SimpleNamespace(folder=folder, heard=heard, tagger=SentenceTagger.load(folder))


@pytest.fixture(scope="module")
def model(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return trained(spans, tmp_path_factory.mktemp("feedback") / "model", "training.epochs=8", "head.beam=4")


@pytest.fixture
def sentences(spans: Any) -> list[tuple[str, ...]]:
    return [sentence.tokens for sentence in read_corpus(spans.dev).sentences] + [(), ("unheard", "York")]


def test_the_head_hears_how_far_training_is(model: SimpleNamespace) -> None:
    steps = len(model.heard) // 8
    assert steps == 15
    assert model.heard[::steps] == list(range(8))
    assert model.heard == sorted(set(model.heard))
    assert model.heard[-1] < 8


def test_what_was_learnt_is_found(model: SimpleNamespace, spans: Any) -> None:
    corpus = read_corpus(spans.dev)
    answers = list(model.tagger.tag(corpus.sentences))
    right = [tuple(answer.tags) == s.tags for answer, s in zip(answers, corpus.sentences, strict=True)]
    assert np.mean(right) > 0.9


def test_probabilities_are_those_of_a_sequence(model: SimpleNamespace, sentences: Any) -> None:
    """Token by token they multiply to the sequence's, and over its tokens to an entity's."""
    answers = list(model.tagger.tag(sentences, entities=True, nbest=4))
    assert sum(len(answer.entities) for answer in answers) > 20
    for tokens, answer in zip(sentences, answers, strict=True):
        assert len(answer.tags) == len(answer.probabilities) == len(tokens)
        assert tags.problems(answer.tags, BIO) == []
        for entity in answer.entities:
            wanted = np.prod(answer.probabilities[entity.start_token : entity.end_token])
            assert entity.probability == pytest.approx(wanted)
        if not tokens:
            continue
        first, *others = answer.alternatives
        assert first.tags == answer.tags
        assert first.probability == pytest.approx(np.prod(answer.probabilities))
        assert len({tuple(alternative.tags) for alternative in answer.alternatives}) == len(others) + 1 > 1
        chances = [alternative.probability for alternative in answer.alternatives]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) < 1 + 1e-5
        for alternative in others:
            assert tags.problems(alternative.tags, BIO) == []


def test_a_beam_gives_no_more_than_it_holds(model: SimpleNamespace, tmp_path: Path) -> None:
    assert model.tagger.most == 4
    with pytest.raises(UsageError, match=r"5 best sequences: .* at most 4, its head\.beam"):
        list(model.tagger.tag([["Ana"]], nbest=5))
    (tmp_path / "in.txt").write_text("Ana saw Oslo.\n", encoding="utf-8")
    stream = io.StringIO()
    predict(str(model.folder), [str(tmp_path / "in.txt")], stream, output_format="jsonl", nbest=2)
    answer = json.loads(stream.getvalue())
    assert answer["nbest"][0]["tags"] == [token["tag"] for token in answer["tokens"]]
    assert len(answer["nbest"]) == 2


def test_windows(model: SimpleNamespace, sentences: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = [sum(sentences, ())]
    (whole,) = model.tagger.tag(text, entities=True, nbest=3)
    assert len(whole.tags) > 80
    monkeypatch.setattr(tagger, "WINDOW", 20)
    monkeypatch.setattr(tagger, "OVERLAP", 10)
    (found,) = model.tagger.tag(text, entities=True, nbest=3)
    assert len(found.tags) == len(found.probabilities) == len(whole.tags)
    assert tags.problems(found.tags, BIO) == []
    assert np.mean([one == other for one, other in zip(found.tags, whole.tags, strict=True)]) > 0.95
    assert found.alternatives[0].tags == found.tags
    # The k-th best of each piece would make no k-th best of the sentence.
    assert (len(whole.alternatives), len(found.alternatives)) == (3, 1)


def test_a_window_is_searched_by_itself(
    model: SimpleNamespace, sentences: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a beam has dropped hangs on all that comes after, so no overlap gives just the same tags; nearly all are."""
    words = sorted({*sum(sentences, ()), "Unheard"})
    random = np.random.default_rng(1)
    drawn = [random.choice(words, 1000).tolist() for _ in range(3)]
    whole = list(model.tagger.tag(drawn))
    monkeypatch.setattr(tagger, "WINDOW", 400)
    for one, other in zip(model.tagger.tag(drawn), whole, strict=True):
        assert len(one.tags) == len(one.probabilities) == 1000
        assert tags.problems(one.tags, BIO) == []
        assert np.mean([a == b for a, b in zip(one.tags, other.tags, strict=True)]) > 0.95


@pytest.fixture(scope="module")
def twice(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> list[SimpleNamespace]:
    """Greedy models with attention that read their own tags from the first step: two of one seed."""
    given = [
        "training.epochs=1",
        "encoder.cell=dense",
        "head.beam=1",
        "head.attention=true",
        "head.sampling_rate=0.5",
    ]
    given += ["head.sampling_epochs=0", "training.averaging=none"]
    return [
        trained(spans, tmp_path_factory.mktemp("twice") / "model", *given, f"training.seed={seed}")
        for seed in (3, 3)
    ]


def test_the_same_seed_gives_the_same_bytes(twice: list[SimpleNamespace]) -> None:
    one, other = ((model.folder / "weights.safetensors").read_bytes() for model in twice)
    assert one == other


def test_a_greedy_model_knows_one_sequence(twice: list[SimpleNamespace]) -> None:
    model = twice[0].tagger
    assert model.most == 1
    (answer,) = model.tag([["Ana", "saw", "Oslo", "."]], entities=True, nbest=1)
    (only,) = answer.alternatives
    assert only.tags == answer.tags
    assert only.probability == pytest.approx(np.prod(answer.probabilities))
    with pytest.raises(UsageError, match=r"head\.beam"):
        list(model.tag([["Ana"]], nbest=2))


def test_where_a_model_looked(twice: list[SimpleNamespace]) -> None:
    """By an output of the network that a tagger does without."""
    opened = Folder(twice[0].folder)
    vocabulary = read_vocabulary(opened)
    model = SentenceTagger(read_network(opened, vocabulary), vocabulary)
    rows = [model.vocabulary.index(tokens) for tokens in (["Ana", "saw", "Oslo"], ["Ana"])]
    found = model.run(model.vocabulary.collate(rows), ["head_attention"])["head_attention"]
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found.sum(axis=2), [[1, 1, 1], [1, 0, 0]], atol=1e-5)
    with pytest.raises(ModelError, match="head_attention"):
        twice[0].tagger.run(vocabulary.collate(rows), ["head_attention"])
