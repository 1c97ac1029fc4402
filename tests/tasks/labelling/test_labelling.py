"""Models that label sentences, alone and beside tags: trained, stopped, read, scored and used."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtag
from seqtag.cli import run
from seqtag.inference import tagger as windows
from seqtag.inference.labels import LabelTagger
from seqtag.model_folder import replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, Kind
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of
from seqtag.stages.evaluate import evaluate_model
from seqtag.stages.predict import predict
from seqtag.stages.train import train
from seqtag.support.errors import Error, ModelError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.training.events import Progress

ROWS = [
    ("Play", "play some jazz now", "O O B-genre O"),
    ("Play", "play blues", "O B-genre"),
    ("Play", "jazz please", "B-genre O"),
    ("Play", "some blues please", "O B-genre O"),
    ("Light", "lamp on", "B-device O"),
    ("Light", "turn the lamp on now", "O O B-device O O"),
    ("Light", "the fan please", "O B-device O"),
    ("Light", "turn the fan on", "O O B-device O"),
]
SMALL = [
    "data.label_key=intent", "embeddings.word.dim=8", "embeddings.characters.encoder=none",
    "embeddings.word.unknown_rate=0", "encoder.units=6", "encoder.layers=1", "training.learning_rate=0.05",
    "training.epochs=8", "training.batch_size=4", "training.averaging=none", "embeddings.dropout=0",
    "encoder.dropout=0",
]  # fmt: skip
OF_JOINT = ["label.feeds_tags=gate", "label.pooling=attention", "language_model.weight=0"]


@dataclass(frozen=True)
class Made:
    """A model and its corpus."""

    task: str
    kind: Kind
    folder: Path
    corpus: Path
    result: Any


def config_for(task: str) -> Any:
    return settings_of(parse_assignments([*SMALL, *(OF_JOINT if task == "joint" else [])]), option=task)[1]


def go(task: str, corpus: Path, output: Path, **how: Any) -> Any:
    return train(config_for(task), str(corpus), str(corpus), None, output, task=task, **how)


def made(task: str, kind: Kind, folder: Path) -> Made:
    corpus = folder / "corpus.conll"
    blocks = []
    for intent, words, tags in ROWS:
        rows = "".join(f"{word}\t{tag}\n" for word, tag in zip(words.split(), tags.split(), strict=True))
        blocks.append(f"# intent = {intent}\n{rows}")
    corpus.write_text("\n".join(blocks))
    return Made(task, kind, folder / "model", corpus, go(task, corpus, folder / "model"))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made("classification", CLASSIFICATION_MODEL, tmp_path_factory.mktemp("classification"))


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made("joint", JOINT_MODEL, tmp_path_factory.mktemp("joint"))


@pytest.fixture(params=["classifier", "joint"])
def model(request: pytest.FixtureRequest) -> Made:
    found: Made = request.getfixturevalue(request.param)
    return found


def test_it_learns(classifier: Made, joint: Made) -> None:
    assert classifier.result.dev.accuracy == 1
    assert joint.result.dev.labels.accuracy == 1
    assert joint.result.dev.all_right > 0.7
    assert (classifier.folder / "known.json").exists() is False
    config = json.loads((classifier.folder / "config.json").read_text())
    assert list(config) == ["data", "embeddings", "encoder", "training", "label"]
    assert "task" not in config


@pytest.mark.parametrize("name", ["joint", pytest.param("classifier", marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(name)
    stop = Stop()

    def listen(event: Any) -> None:
        if isinstance(event, Progress) and event.epoch == 5:
            stop.receive(2)

    with pytest.raises(Interrupted):
        go(model.task, model.corpus, tmp_path / "model", listener=listen, stop=stop)
    go(model.task, model.corpus, tmp_path / "model", resume=True)
    for entry in model.folder.iterdir():
        assert (tmp_path / "model" / entry.name).read_bytes() == entry.read_bytes(), entry.name


def test_the_page_of_an_evaluation(model: Made, tmp_path: Path) -> None:
    wrong, report = tmp_path / "wrong.conll", tmp_path / "report.html"
    wrong.write_text("# intent = Light\nplay\tO\nblues\tB-device\n", "utf-8")
    arguments = ["evaluate", str(model.folder), str(wrong), "--report", str(report)]
    assert run([*arguments, "--against", str(model.folder)]) == 0
    text = report.read_text("utf-8")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    label = next(error for error in data["errors"] if error[1] == "label")
    assert label[:4] == [0, "label", "Light", "Play"]
    assert label[7] == "both"
    assert ("By type" in text) == (model.task == "joint")
    assert "By label of the sentence" in text
    assert "Reliability: labels" in text
    evaluation = evaluate_model(model.folder, wrong)
    assert evaluation.per_sentence.score == pytest.approx(evaluation.score.main)


def test_evaluate(model: Made, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["evaluate", str(model.folder), str(model.corpus)]
    assert run([*arguments, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["task"] == model.task
    assert found["label_accuracy"] == 1
    assert found["seqtag"] == seqtag.__version__
    assert ("all_right" in found) == ("f1" in found) == (model.task == "joint")
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "Label accuracy 1.0000 (8 of 8 sentences)." in shown
    assert found["signature"] in shown
    wrong = tmp_path / "wrong.conll"
    wrong.write_text(model.corpus.read_text().replace("# intent = Play", "# intent = Light", 1))
    assert run(["evaluate", str(model.folder), str(wrong), "--errors", "-"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["sentence"], row["line"], row["gold"], row["predicted"]) == (1, 2, ["Light"], ["Play"])
    assert ("tokens" in row) == ("predicted_tags" in row) == (model.task == "joint")
    wrong.write_text(model.corpus.read_text().replace("\tO\n", "\tB-genre\n", 1))
    assert run(["evaluate", str(model.folder), str(wrong), "--errors", "-"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == (model.task == "joint")
    assert all(
        row["gold_tags"].count("B-genre") == 1 + row["predicted_tags"].count("B-genre") for row in rows
    )
    assert run([*arguments, "--calibration", "--json", "-"]) == 0
    bins = json.loads(capsys.readouterr().out)["calibration"]
    assert {*bins} == ({"labels", "tags"} if model.task == "joint" else {"labels"})
    assert bins["labels"]["count"] == 8
    assert run([*arguments, "--calibration"]) == 0
    assert "Expected calibration error of the labels: 0." in capsys.readouterr().out
    assert run([*arguments, "--crosscheck"]) == 2
    assert f"a model of task {model.task}" in capsys.readouterr().err
    assert run([*arguments, "--tag-column", "2"]) == (0 if model.task == "joint" else 2)
    shown = capsys.readouterr().err
    assert ("--tag-column: a model of task classification reads no tags" in shown) == (model.task != "joint")
    wrong.write_text(model.corpus.read_text().replace("# intent", "# topic"))
    assert run(["evaluate", str(model.folder), str(wrong), "--label-key", "topic", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["label_accuracy"] == 1
    (tmp_path / "none.conll").write_text("play\tO\n")
    assert run(["evaluate", str(model.folder), str(tmp_path / "none.conll")]) == 1
    assert "no sentence has a label under the key 'intent'" in capsys.readouterr().err


def test_predict(model: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("play jazz\n\nturn the lamp on\n")
    vectors = tmp_path / "vectors.npy"
    arguments = ["predict", str(model.folder), str(tmp_path / "text")]
    assert run([*arguments, "--format", "jsonl", "--vectors", str(vectors)]) == 0
    first, empty, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["label"], last["label"]) == ("Play", "Light")
    assert list(first["labels"]) == ["Play", "Light"]
    assert first["probability"] == first["labels"]["Play"]
    assert sum(first["labels"].values()) == pytest.approx(1, abs=1e-3)
    assert ("tokens" in first) == ("entities" in first) == (model.task == "joint")
    assert empty.get("label") is None
    rows = np.load(vectors, allow_pickle=False)
    assert rows.shape[0] == 3
    assert rows[0].any()
    assert not rows[1].any()
    assert run([*arguments, "--format", "conll"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# intent = Play\nplay")
    assert ("\tO" in shown) == (model.task == "joint")
    assert run([*arguments, "--format", "text"]) == 0
    assert capsys.readouterr().out.startswith("# intent = Play\n")


def test_each_sentence_of_a_text_has_labels(
    model: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sentencex")
    (tmp_path / "in.jsonl").write_text('{"text": "play jazz. turn the lamp on!", "id": 7}\n{"text": " "}\n')
    command = ["predict", str(model.folder), str(tmp_path / "in.jsonl"), "--format", "jsonl"]
    assert run([*command, "--sentences", "split"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["text"], one.get("label"), one.get("id")) for one in found] == [
        ("play jazz.", "Play", 7),
        ("turn the lamp on!", "Light", 7),
        (" ", None, None),
    ]
    with pytest.raises(Error, match="each sentence has labels of its own; pass the sentences one by one"):
        seqtag.load(model.folder)("play jazz. turn the lamp on!", split=True)


def test_labels_of_json_lines_are_kept_beside_the_answer(model: Made, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "play jazz", "label": "mine"}\n')
    stream = io.StringIO()
    predict(str(model.folder), [str(tmp_path / "in.jsonl")], stream, output_format="jsonl")
    found = json.loads(stream.getvalue())
    assert (found["label"], found["given_label"]) == ("Play", "mine")


def test_python(model: Made) -> None:
    tagger = seqtag.load(model.folder)
    document = tagger("play some jazz now")
    assert (document.label, document.labels) == ("Play", ("Play",))
    assert tagger.sentence_labels == ("Light", "Play")
    assert tagger.labels == (("device", "genre") if model.task == "joint" else ("Light", "Play"))
    assert [found.label for found in tagger.pipe(["turn the lamp on", ""])] == ["Light", None]
    (states,) = tagger.states([["play", "jazz"]])
    assert states.h.shape == (1, 2, 6)
    assert seqtag.evaluate(model.folder, model.corpus).to_json()["label_accuracy"] == 1


def test_a_long_sentence_has_the_labels_of_the_mean_of_its_pieces(
    model: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = LabelTagger.load(model.folder, kind=model.kind)
    words = ["turn", "the", "lamp", "on", "now", "play", "jazz"]
    monkeypatch.setattr(windows, "WINDOW", 4)
    monkeypatch.setattr(windows, "OVERLAP", 0)
    (whole,) = tagger.tag([words])
    pieces = list(tagger.tag([words[:4], words[4:]]))
    expected = [
        (4 * pieces[0].label_probabilities[name] + 3 * pieces[1].label_probabilities[name]) / 7
        for name in ("Play", "Light")
    ]
    assert [whole.label_probabilities[name] for name in ("Play", "Light")] == pytest.approx(
        expected, abs=1e-5
    )
    assert len(whole.words) == 7


def test_explain(model: Made, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("play some jazz\n")
    assert run(["explain", str(model.folder), str(tmp_path / "text"), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    what = {"joint": "label and tag", "classification": "label"}[model.task]
    assert f"<h1>What each {what} of " in page
    assert "Labels of the sentence" in page
    assert "<b>Play</b>" in page
    assert ("Attention of the label" in page) == (model.task == "joint")
    assert ("<h3>Saliency</h3>" in page) == (model.task == "joint")


def test_gradients(model: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["gradients", str(model.folder), str(model.corpus), "--steps", "2", "-o", "-"]
    assert run(arguments) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert [(layer["number"], layer["direction"]) for layer in layers] == [(1, "forward"), (1, "backward")]
    assert run([*arguments, "--tag-column", "2"]) == (0 if model.task == "joint" else 2)


@pytest.mark.slow
def test_compare(model: Made, tmp_path: Path) -> None:
    settings = [word for one in (*SMALL, "training.epochs=1") for word in ("--set", one)]
    files = ["--train", str(model.corpus), "--dev", str(model.corpus)]
    command = ["compare", *files, *settings, "--task", model.task, "-o", str(tmp_path / "grid"), "-q"]
    assert run([*command, "--grid", "label.pooling=max,mean"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "grid" / "runs.jsonl").read_text().splitlines()]
    title = "label accuracy" if model.task == "classification" else "mean of tags and labels"
    assert [row["metric"] for row in rows] == [title] * 2
    assert [row["error"] for row in rows] == [None, None]
    assert [len(row["layers"]) for row in rows] == [2, 2], "each direction has a rate"


def test_a_run_knows_whether_numbers_or_labels_have_changed(tmp_path: Path) -> None:
    rows = "# intent = A\na\t1\tO\n\n# intent = B\nb\t2\tO\n"
    task = tasks.find("classification")
    config = settings_of(parse_assignments([*SMALL, "data.numeric_columns=2"]), option="classification")[1]
    digests = []
    for number, text in enumerate([rows, rows.replace("2", "3"), rows.replace("= B", "= C"), rows]):
        (tmp_path / f"{number}.conll").write_text(text)
        paths = {role: [str(tmp_path / f"{number}.conll")] for role in ("train", "dev")}
        digests.append(task.digests(task.read(config, paths))["train"])
    assert digests[0] == digests[3]
    assert len({*digests}) == 3


@pytest.mark.slow
def test_several_labels(tmp_path: Path) -> None:
    text = "".join(
        f"# intent = A\n# intent = B\na{n}\tO\nb\tO\n\n# intent = A\na{n}\tO\n\n" for n in range(4)
    )
    (tmp_path / "several.conll").write_text(text)
    result = go("classification", tmp_path / "several.conll", tmp_path / "model")
    assert result.dev.several
    assert result.prepared.multiple
    tagger = seqtag.load(tmp_path / "model")
    (document,) = tagger.tag([["a1", "b"]])
    assert {*document.labels} <= {"A", "B"}
    assert document.labels[0] == max(
        document.label_probabilities, key=document.label_probabilities.__getitem__
    )
    given = [label for label, value in document.label_probabilities.items() if value >= 0.5]
    assert list(document.labels) == given


def test_other_commands_say_what_it_is(
    model: Made, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["lm", "score", str(model.folder), str(model.corpus)]) == 1
    assert f"is a {model.kind.title}, which `seqtag predict` reads" in capsys.readouterr().err
    assert run(["export", str(model.folder), "-o", str(tmp_path / "x.onnx")]) == 0
    shown = capsys.readouterr().err
    assert "labels" in shown
    assert "vector" in shown
    assert ("probabilities" in shown) == (model.task == "joint")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# intent = A\na\tO\n\n# intent = A\nb\tO\n",
            "all sentences have the label 'A'; expected two at least",
        ),
        ("# intent = A\na\tO\n\nb\tO\n", ":4: the sentence has no label"),
        ("play it\tA\nstop\tB\n", "no sentence has a label .*a table of texts needs a header"),
    ],
)
def test_training_data_without_labels(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "a.conll").write_text(text)
    with pytest.raises(Error, match=expected):
        go("classification", tmp_path / "a.conll", tmp_path / "model")


def spoilt(made: Made, target: Path, name: str, change: Callable[[Any], None]) -> Path:
    """A copy of a folder with other content of a JSON file, and a manifest that is right."""
    opened = Folder(made.folder, made.kind)
    files = {one: opened.read(one) for one in opened.files}
    values = json.loads(files[name])
    change(values)
    files[name] = json.dumps(values).encode()
    replacing.write(target, files, made.kind)
    return target


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("vocab.json", lambda values: values.update(sentence_labels=["Play"])),
        ("vocab.json", lambda values: values.update(sentence_labels=["Play", "Light"])),
        ("vocab.json", lambda values: values.update(sentence_labels=["Light", "Play", "Zzz"])),
        ("vocab.json", lambda values: values.update(sentence_labels=["Light", "a\x1b[2J"])),
        ("vocab.json", lambda values: values.update(sentence_labels=[1, 2])),
        ("vocab.json", lambda values: values.update(several_labels="no")),
        ("vocab.json", lambda values: values.pop("sentence_labels")),
        ("vocab.json", lambda values: values.update(label_key=3)),
        ("config.json", lambda values: values["label"].update(pooling="nothing")),
        ("config.json", lambda values: values["label"].update(units=3)),
        ("config.json", lambda values: values.update(head={"name": "crf", "units": -1})),
    ],
)
def test_a_spoilt_folder_is_refused(
    model: Made, tmp_path: Path, name: str, change: Callable[[Any], None]
) -> None:
    folder = spoilt(model, tmp_path / "model", name, change)
    with pytest.raises(ModelError):
        LabelTagger.load(folder, kind=model.kind)


def test_a_folder_of_the_other_task_is_refused(classifier: Made, joint: Made, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a joint model"):
        LabelTagger.load(joint.folder, kind=CLASSIFICATION_MODEL)
    opened = Folder(joint.folder, JOINT_MODEL)
    files = {name: opened.read(name) for name in CLASSIFICATION_MODEL.files}
    replacing.write(tmp_path / "model", files, CLASSIFICATION_MODEL)
    with pytest.raises(ModelError, match=r"has tags, which a classification model cannot be|no setting"):
        LabelTagger.load(tmp_path / "model", kind=CLASSIFICATION_MODEL)
    damaged = shutil.copytree(classifier.folder, tmp_path / "damaged")
    content = bytearray((damaged / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (damaged / "weights.safetensors").write_bytes(bytes(content))
    with pytest.raises(ModelError, match="damaged"):
        LabelTagger.load(damaged, kind=CLASSIFICATION_MODEL)
