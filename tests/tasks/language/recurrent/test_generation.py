"""Text for a label: a recurrent language model that reads the label of the sentence at each step."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag import load_lm
from seqtag.cli import run
from seqtag.corpora.labelled import labelled_sentences
from seqtag.corpora.units import WORDS
from seqtag.features.indexers.base import Resources
from seqtag.inference import language_states
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.generation import GENERATION
from seqtag.settings.language import LANGUAGE
from seqtag.settings.merging import merge_into
from seqtag.stages import score_lm
from seqtag.stages.explain_lm import explain_lm
from seqtag.stages.train import train
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.language import base, mixture
from seqtag.tasks.language.recurrent.pieces import Pieces
from seqtag.tasks.language.recurrent.prepare import learn
from seqtag.tasks.language.recurrent.texts import read
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary
from seqtag.training.events import Progress

Capture = pytest.CaptureFixture[str]
SMALL = [
    "embeddings.word.dim=5", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.units=6",
    "embeddings.columns.dim=4", "embeddings.dropout=0", "encoder.dropout=0", "training.learning_rate=0.05",
    "training.epochs=4", "training.batch_size=4", "text.label_key=intent", "reading.direction=both",
]  # fmt: skip
SENTENCES = [("Play+", "put on the radio now"), ("Stop#1", "turn off the radio now")]


def written(path: Path, sentences: list[tuple[str, str]]) -> str:
    """A CoNLL file."""
    blocks = [f"# intent = {label}\n" + text.replace(" ", "\n") + "\n" for label, text in sentences]
    path.write_text("\n".join(blocks), "utf-8")
    return str(path)


def go(text: str, dev: str, target: Path, *more: str, **how: Any) -> Any:
    settings = merge_into(GENERATION, parse_assignments([*SMALL, *more]))
    return train(settings, [text], [dev], None, target, task="generation", **how)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `train.conll`, `dev.conll`, which has a label of its own, and `model`."""
    where = tmp_path_factory.mktemp("generation")
    text = written(where / "train.conll", SENTENCES * 20)
    dev = written(where / "dev.conll", [*SENTENCES, ("New", "put on the radio now")])
    go(text, dev, where / "model")
    return where


def test_the_label_decides_what_is_written(folder: Path) -> None:
    model = load_lm(folder / "model")
    assert model.labels == ("Play+", "Stop#1")
    for label, text in SENTENCES:
        assert model.generate(label=label, temperature=0) == [text]
        assert model.logprob(text, label=label) > -5
        other = next(one for one in model.labels if one != label)
        assert model.logprob(text, label=other) < model.logprob(text, label=label) - 2
    (words,) = model.fill("turn ___ the radio now", label="Stop#1", number=1)
    assert words[0][0] == "off"


def test_a_file_is_scored_with_its_labels_or_with_one(folder: Path) -> None:
    model, path = base.load(folder / "model"), str(folder / "dev.conll")
    found: list[Any] = []
    scored = dict(score_lm.by_line(model, path, report=found.append, backward=True))
    assert [*scored] == [2, 9, 16]
    api = load_lm(folder / "model")
    for (label, text), one in zip(SENTENCES, scored.values(), strict=False):
        assert one.bits == pytest.approx(-api.logprob(text, label=label), rel=1e-5)
        assert one.backward_bits is not None
    assert ["training never saw the label 'New'" in str(one) for one in found] == [True]
    report = json.loads((folder / "model" / "report.json").read_bytes())
    assert report["labels"] == {"Play+": 20, "Stop#1": 20}
    assert report["unseen_labels"] == {"New": 1}
    total = sum(one.bits for one in scored.values()) / sum(one.tokens for one in scored.values())
    assert np.log2(report["dev"]["forward"]["perplexity"]) == pytest.approx(total, rel=1e-5)
    of_one = score_lm.total(base.given(model, "Play+", "model"), [path], "model")
    assert of_one.cross_entropy > total


def test_pieces_of_a_long_sentence_keep_its_label(folder: Path) -> None:
    config = merge_into(GENERATION, parse_assignments(SMALL))
    texts = read(config, {role: [str(folder / f"{role}.conll")] for role in ("train", "dev")})
    assert texts.label_of is not None
    vocabulary = learn(config, texts, None)
    rows = vocabulary.label_rows(texts.labels)
    pieces = Pieces(texts.train, vocabulary, 4, rows[texts.label_of])
    assert pieces.cut == 40
    for number in range(4):
        inputs, _ = pieces.batch([number], np.random.default_rng(1))
        assert {*inputs["column_0"].ravel().tolist()} == {int(rows[number // 2 % 2])}


def test_a_run_that_was_stopped_ends_with_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    stop = Stop()

    def listen(event: Any) -> None:
        if isinstance(event, Progress) and event.epoch == 2:
            stop.receive(2)

    files = str(folder / "train.conll"), str(folder / "dev.conll")
    with pytest.raises(Interrupted):
        go(*files, tmp_path / "model", listener=listen, stop=stop)
    go(*files, tmp_path / "model", resume=True)
    assert content(tmp_path / "model") == content(folder / "model")


def complaint(capsys: Capture) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_labels_that_are_missing_or_wrong_are_refused(folder: Path, capsys: Capture) -> None:
    model = str(folder / "model")
    for command in (["lm", "generate", model], ["lm", "fill", model, "the ___ now"]):
        assert run(command) == 2
        assert "expected one of Play+, Stop#1 (--label). Received: none" in complaint(capsys)
        assert run([*command, "--label", "Plan+"]) == 2
        assert "there is no label 'Plan+'. Did you mean 'Play+'? Known: Play+, Stop#1." in complaint(capsys)
    assert run(["lm", "generate", model, "--label", "Play+", "--temperature", "0"]) == 0
    assert capsys.readouterr().out == "put on the radio now\n"
    assert run(["explain", model, str(folder / "dev.conll"), "--label", "Plan+"]) == 2
    assert "there is no label 'Plan+'. Did you mean 'Play+'?" in complaint(capsys)
    assert run(["lm", "train", "--kind", "rnn", "--from", model, "--train", "x.txt", "-o", "y"]) == 2
    assert "is conditioned on labels" in complaint(capsys)
    with pytest.raises(Error, match="conditioned on labels"):
        mixture.check(base.load(model), model)
    with pytest.raises(UsageError, match="conditioned on labels"):
        language_states.of_model(Path(model))


@pytest.mark.parametrize("command", [["lm", "score"], ["explain"]])
def test_text_without_labels_is_refused(
    command: list[str], folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    remedy = "(--label gives all sentences one of Play+, Stop#1)"
    path = tmp_path / "text.txt"
    path.write_text("put on the radio now\nturn it off\n", "utf-8")
    assert run([*command, str(folder / "model"), str(path)]) == 1
    assert f"text.txt:1: looks like running text, which holds no labels {remedy}" in complaint(capsys)
    path.write_text("# topic = A\nradio\tO\n", "utf-8")
    assert run([*command, str(folder / "model"), str(path)]) == 1
    expected = f"expected one under the key 'intent'; keys of the file: 'topic' {remedy}"
    assert f"text.txt:2: the sentence has no label; {expected}" in complaint(capsys)
    assert run([*command, str(folder / "model"), str(path), "--label", "Play+"]) == 0


def test_explain_heeds_the_label(folder: Path, tmp_path: Path) -> None:
    """Of the option or of each sentence, also where two sentences differ in nothing else."""
    model, (_, text) = str(folder / "model"), SENTENCES[0]
    path = written(tmp_path / "text.conll", [("Play+", text), ("Stop#1", text), ("New", text)])
    found = explain_lm(model, path, limit=3)
    wanted = score_lm.total(base.load(model), [path], model)
    assert found.memory[-1].bits == pytest.approx(wanted.bits, rel=1e-5)
    api = load_lm(model)
    for label, sentence in zip(api.labels, found.sentences, strict=False):
        product = np.prod([token.probability for token in sentence.tokens])
        assert np.log2(product) == pytest.approx(api.logprob(text, label=label), rel=1e-4)
    of_one = explain_lm(model, path, label="Stop#1", limit=1)
    assert of_one.memory[-1].bits == pytest.approx(-3 * api.logprob(text, label="Stop#1"), rel=1e-5)
    assert of_one.sentences[0].to_json() == found.sentences[1].to_json()


def test_a_model_without_labels_takes_none(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "text.txt").write_text("Ana left Oslo .\nBo saw Lima .\n" * 5, "utf-8")
    model = str(tmp_path / "lm")
    assert run(["lm", "train", "--train", str(tmp_path / "text.txt"), "-o", model]) == 0
    capsys.readouterr()
    assert run(["lm", "generate", model, "--label", "Play"]) == 2
    assert "was trained without labels; expected no label. Received: 'Play'" in complaint(capsys)
    assert run(["explain", model, str(tmp_path / "text.txt"), "--label", "Play"]) == 2
    assert "was trained without labels" in complaint(capsys)
    assert load_lm(model).labels == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# intent = A\nx\n\ny\n", ":4: the sentence has no label; expected one under the key 'intent'"),
        (
            "# topic = A\nx\n",
            ":2: the sentence has no label; .* keys of the file: 'topic' \\(--label-key or the",
        ),
        ("# intent = A\n# intent = B\nx\n", ":3: the sentence has 2 labels, 'A', 'B'; expected one"),
        ("# intent = A\x1b\nx\n", "the label 'A.x1b' holds a control character"),
    ],
)
def test_a_sentence_has_one_label(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "text.conll"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=problem):
        list(labelled_sentences(str(path), WORDS, "intent"))


def test_labels_of_other_formats_and_slices(tmp_path: Path) -> None:
    lines = {
        "a.jsonl": '{"tokens": ["play", "on"], "intent": "Play"}\n',
        "a.txt": "__label__Play play on\n",
        "a.tsv": "text\tintent\nplay on\tPlay\n",
    }
    for name, line in lines.items():
        (tmp_path / name).write_text(line, "utf-8")
        ((_, tokens),) = labelled_sentences(str(tmp_path / name), WORDS, "intent")
        assert (tokens, tokens.label, tokens[:1].label) == (["play", "on"], "Play", "Play")


def test_a_vocabulary_has_one_column_of_labels(folder: Path) -> None:
    """Damaged files are refused, and so is a model whose settings know nothing of labels."""
    values = json.loads((folder / "model" / "vocab.json").read_bytes())
    assert WordVocabulary.from_json(values, Resources()).labels == ("Play+", "Stop#1")
    tables = values["indexers"]["columns"]
    (name,) = tables
    for broken in (tables[name] * 2, [], [{"values": [""], "first_singleton": 2}]):
        values["indexers"]["columns"] = {name: broken}
        with pytest.raises(ValueError, match=r"columns|labels"):
            WordVocabulary.from_json(values, Resources())
    assert "text.label_key" in GENERATION
    assert "text.label_key" not in LANGUAGE
