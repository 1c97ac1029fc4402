"""A corpus that spells its tags in another way: trained, scored and answered for like one in the usual spelling."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.corpora.reading import ReadOptions, read_corpus
from seqtag.corpora.spelling import Spelling
from seqtag.features.indexers.base import Resources
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import folder, layout, replacing
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.evaluate import evaluate_files, evaluate_model
from seqtag.stages.explain import explain
from seqtag.stages.predict import predict
from seqtag.support.errors import DataError
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.tagging.prepare import fit_vocabulary
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.use import PredictionOrder

SPELLINGS = [Spelling("B_TYPE", "0"), Spelling("TYPE/b", "-"), Spelling("(TYPE)"), Spelling("b-TYPE")]
each_spelling = pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda one: one.template)
TEXT = "Ana Ruiz saw New York today .\nIda left .\n"


def respelt(path: Path, spelling: Spelling, target: Path) -> Path:
    """A copy of a corpus in another spelling."""
    blocks = []
    for sentence in read_corpus(path).sentences:
        tags = spelling.write(sentence.tags or ())
        blocks.append("".join(f"{token}\t{tag}\n" for token, tag in zip(sentence.tokens, tags, strict=True)))
    target.write_text("\n".join(blocks), encoding="utf-8")
    return target


def model_of(trained: Path, target: Path, spelling: Spelling, **changes: Any) -> Path:
    """A copy of a model that was trained on a corpus of this spelling."""
    opened = folder.Folder(trained)
    files = {name: opened.read(name) for name in layout.FILES}
    vocabulary = layout.parsed(files["vocab.json"]) | changes
    files["vocab.json"] = layout.dump_json(vocabulary | ReadOptions().spelt(spelling).to_json())
    replacing.write(target, files)
    return target


@each_spelling
def test_training_reads_the_same(spans: Any, tmp_path: Path, spelling: Spelling) -> None:
    paths = [str(respelt(path, spelling, tmp_path / path.name)) for path in (spans.train, spans.dev)]
    named = {"tag_spelling": spelling.template, "outside_tag": spelling.outside}
    given = [f"data.{name}={value!r}" for name, value in named.items() if value not in ("O", "(TYPE)")]
    config = merge(parse_assignments([*given, "embeddings.characters.encoder=none"]))
    usual = merge(parse_assignments(["embeddings.characters.encoder=none"]))
    found, expected = (
        read_corpora(config, *paths, None),
        read_corpora(usual, str(spans.train), str(spans.dev), None),
    )
    assert found.train.sentences == expected.train.sentences
    assert found.dev.sentences == expected.dev.sentences
    assert found.scheme == expected.scheme
    assert [(one.code, one.line) for one in found.findings] == [
        (one.code, one.line) for one in expected.findings
    ]
    vocabulary = fit_vocabulary(config, found, Resources(None))
    like = fit_vocabulary(usual, expected, Resources(None))
    assert vocabulary.reading.spelling == spelling
    assert vocabulary.to_json() == {**like.to_json(), **vocabulary.reading.to_json()}


def test_dev_is_read_as_train_was(tmp_path: Path) -> None:
    """Even where no bracket would show that its tags are some."""
    train, dev = tmp_path / "train", tmp_path / "dev"
    train.write_text("a\t(X)\n\nb\t*\n")
    dev.write_text("a\t*\n")
    found = read_corpora(merge(), str(train), str(dev), None)
    assert found.dev.sentences[0].tags == ("O",)
    held = read_corpora(merge(), str(train), None, None)
    assert held.train.spelling == held.dev.spelling == Spelling("(TYPE)")


@each_spelling
def test_evaluation(spans: Any, tmp_path: Path, spelling: Spelling) -> None:
    expected = evaluate_model(spans.folder, spans.dev).score
    model, gold = (
        model_of(spans.folder, tmp_path / "model", spelling),
        respelt(spans.dev, spelling, tmp_path / "gold"),
    )
    found = evaluate_model(model, gold, crosscheck=True)
    assert found.score == expected
    stream = io.StringIO()
    found.write_columns(stream)
    rows = [row.split("\t") for row in stream.getvalue().split("\n") if row]
    assert [row[:2] for row in rows] == [row.split("\t") for row in gold.read_text().split("\n") if row]
    assert {tag for row in rows for tag in row[1:]} <= set(gold.read_text().split())
    # The columns are the two files that they are made of, in the same spelling.
    (tmp_path / "columns").write_text(stream.getvalue())
    named = {"tag_spelling": spelling.template, "outside_tag": spelling.outside}
    again = evaluate_files(
        tmp_path / "columns", tmp_path / "columns", options=ReadOptions(tag_column=2, **named)
    )
    assert again.score.counts == expected.counts
    # A file in the usual spelling says so.
    usual = evaluate_model(model, spans.dev, options=ReadOptions(tag_spelling="B-TYPE", outside_tag="O"))
    assert usual.score == expected
    with pytest.raises(DataError, match="is not"):
        evaluate_model(model, spans.dev)
    assert seqtag.evaluate(spans.folder, gold, **named) == expected


@each_spelling
def test_answers(spans: Any, tmp_path: Path, spelling: Spelling) -> None:
    """In the spelling of the corpus wherever they hold tags; all else is as before."""
    (tmp_path / "text").write_text(TEXT)
    usual, other = SentenceTagger.load(spans.folder), SentenceTagger.load(
        model_of(spans.folder, tmp_path / "model", spelling)
    )  # fmt: skip

    def told(tagger: SentenceTagger, output_format: str, nbest: int = 0) -> list[str]:
        stream = io.StringIO()
        order = PredictionOrder("", output_format, nbest=nbest)
        predict(SentencePredictor(tagger, order), [str(tmp_path / "text")], stream)
        return stream.getvalue().split("\n")[:-1]

    first = spelling.write(["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O", "O"])
    words = TEXT.split("\n")[0].split()
    assert told(other, "conll")[:7] == [f"{word}\t{tag}" for word, tag in zip(words, first, strict=True)]
    assert told(other, "text") == told(usual, "text")
    answers = zip(told(other, "jsonl", 2), told(usual, "jsonl", 2), strict=True)
    for found, expected in (map(json.loads, pair) for pair in answers):
        tags = spelling.write([token["tag"] for token in expected["tokens"]])
        for token, tag in zip(expected["tokens"], tags, strict=True):
            token["tag"] = tag
        for one in expected["nbest"]:
            one["tags"] = spelling.write(one["tags"])
        assert found == expected


def test_documents(spans: Any, tmp_path: Path) -> None:
    tagger = seqtag.load(model_of(spans.folder, tmp_path / "model", SPELLINGS[0]))
    document = tagger("Ana left Oslo", nbest=2)
    assert document.tags == ["B_PER", "0", "B_LOC"]
    assert [token.tag for token in document.tokens] == document.tags
    assert document.alternatives[0].tags == document.tags
    assert [entity.label for entity in document.entities] == ["PER", "LOC"]
    assert tagger.labels == ("LOC", "PER")


def test_explanations(spans: Any, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(TEXT)
    model = model_of(spans.folder, tmp_path / "model", SPELLINGS[0])
    (found,) = explain(str(model), str(tmp_path / "text"), limit=1).sentences
    assert found.tags[:3] == ["B_PER", "I_PER", "0"]


def test_without_letters_spans_that_touch_are_one(spans: Any, tmp_path: Path) -> None:
    """The tags that are scored, the entities, and what a reader of the answer finds are the same."""
    scheme = {"scheme": {"name": "iob1", "letters": "BIO"}, "tag_counts": {"O": 3, "I-PER": 2, "I-LOC": 1}}
    model = model_of(spans.folder, tmp_path / "model", Spelling("TYPE"), **scheme)
    words = ["Ana", "Ruiz", "Marta", "Lindqvist", "left"]
    (usual,) = seqtag.load(spans.folder).tag([words])
    assert [span[:2] for span in usual.spans] == [(0, 2), (2, 4)]  # or there is nothing to join
    (found,) = seqtag.load(model).tag([words])
    assert found.tags == ["PER", "PER", "PER", "PER", "O"]
    assert [(entity.start_token, entity.end_token) for entity in found.entities] == [(0, 4)]
