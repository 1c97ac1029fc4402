"""Transducers from files to files: trained, stopped and resumed, scored, asked and explained."""

import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import seqtag
from seqtag.cli import run
from seqtag.corpora.findings import Finding
from seqtag.corpora.pairs import TextPair
from seqtag.features.indexers.base import UNKNOWN
from seqtag.inference.transducer import Hypothesis, Search, TransducerSession
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import TRANSDUCER
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge_into
from seqtag.settings.transduction import TRANSDUCTION
from seqtag.stages.evaluate import evaluate_model
from seqtag.stages.gradients import gradients
from seqtag.stages.train import TrainingResult, train
from seqtag.support.errors import UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks.transduction import stored
from seqtag.tasks.transduction.job import TransductionJob
from seqtag.tasks.transduction.model import Answer, TransducedText
from seqtag.tasks.transduction.read import fill_in, read
from seqtag.tasks.transduction.stored import StoredTransducer
from seqtag.tasks.transduction.use import JsonAnswers, TsvAnswers, predictor
from seqtag.tasks.use import PredictionOrder
from seqtag.training.events import Progress

SMALL = (
    "encoder.units=12", "decoder.units=16", "decoder.dim=8", "embeddings.word.dim=8", "training.epochs=12",
    "training.batch_size=8", "training.learning_rate=0.03", "decoding.beam=3", "encoder.dropout=0",
    "decoder.dropout=0", "embeddings.dropout=0", "data.target_cut=characters", "decoder.copy=yes",
)  # fmt: skip


def lines_of(count: int, seed: int) -> list[str]:
    """A word of few letters, and the word without its last letter and with "xy" instead."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        word = "".join(random.choice(list("abcd"), int(random.integers(2, 5))))
        found.append(f"{word}\t{word[:-1]}xy")
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pairs")
    for number, (name, count) in enumerate((("train", 90), ("dev", 30), ("test", 20))):
        (folder / f"{name}.tsv").write_text("\n".join(lines_of(count, number)) + "\n", "utf-8")
    return {name: str(folder / f"{name}.tsv") for name in ("train", "dev", "test")}


def go(files: dict[str, str], target: Path, *assignments: str, **how: Any) -> TrainingResult[Any, Any]:
    config = merge_into(TRANSDUCTION, parse_assignments([*SMALL, *assignments]))
    return train(config, files["train"], files["dev"], files["test"], target, task="transduction", **how)


@pytest.fixture(scope="module")
def trained(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> TrainingResult[Any, Any]:
    return go(files, tmp_path_factory.mktemp("trained") / "model")


def content(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name != "report.json"}


def test_it_learns(trained: TrainingResult[Any, Any]) -> None:
    assert trained.dev.exact_match > 0.8
    assert trained.dev.pairs == 30
    assert trained.test.word_error_rate == 1 - trained.test.exact / 20
    assert trained.prepared.pairs < trained.prepared.rows == 90  # what repeats is learnt once
    assert trained.history[-1].loss < trained.history[0].loss


def test_the_page_of_an_evaluation(
    trained: TrainingResult[Any, Any], files: dict[str, str], tmp_path: Path
) -> None:
    wrong, report = tmp_path / "wrong.tsv", tmp_path / "report.html"
    wrong.write_text("abc\tabxy\nabc\tcba\n", "utf-8")
    assert run(["evaluate", str(trained.path), str(wrong), "--report", str(report)]) == 0
    text = report.read_text("utf-8")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert [1, "target", "cba", "abxy"] in [error[:4] for error in data["errors"]]
    assert data["sentences"]["1"]["tokens"] == ["abc"]
    assert "symbol error rate" in text
    found = evaluate_model(trained.path, files["test"])
    assert found.per_sentence.score == pytest.approx(found.score.main)


def test_evaluate_says_what_training_said(
    trained: TrainingResult[Any, Any],
    files: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    errors, columns = str(tmp_path / "errors.jsonl"), str(tmp_path / "columns.tsv")
    model = str(trained.path)
    assert run(["evaluate", model, files["test"], "--json", "-", "--errors", errors, "-o", columns]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["task"] == "transduction"
    wanted = trained.test.to_json()
    signature = wanted.pop("signature")
    assert {name: found[name] for name in wanted} == wanted
    assert found["signature"].startswith(signature)
    assert found["signature"].startswith("cut:characters|beam:3|penalty:0.6|factor:3|pairs:20|")
    rows = [line.split("\t") for line in Path(columns).read_text("utf-8").splitlines()]
    assert ["\t".join(row[:2]) for row in rows] == lines_of(20, 2)
    wrong = [json.loads(line) for line in Path(errors).read_text("utf-8").splitlines()]
    assert [(one["source"], one["gold"], one["predicted"]) for one in wrong] == [
        (source, gold, predicted) for source, gold, predicted in rows if gold != predicted
    ]
    assert len(wrong) == 20 - found["exact"]
    assert run(["evaluate", model, files["test"]]) == 0
    shown = capsys.readouterr().out
    assert f"{found['exact_match']:.4f}" in shown
    assert f"{found['symbol_error_rate']:.4f}" in shown


def test_options_that_a_transducer_has_no_use_for(
    trained: TrainingResult[Any, Any], files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(trained.path)
    assert run(["evaluate", model, files["test"], "--analysis"]) == 2
    assert run(["evaluate", model, files["test"], "--skip-rows", "1"]) == 2
    assert run(["predict", model, files["test"], "--nbest", "4", "--format", "jsonl"]) == 2
    said = capsys.readouterr().err
    assert "--analysis" in said
    assert "--skip-rows: has no meaning for a model of task transduction" in said
    assert "--nbest 4: the model's beam has 3" in said


def test_answers_come_in_order_with_their_probabilities(
    trained: TrainingResult[Any, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = tmp_path / "sources.txt"
    sources.write_text("abca\n\nbd\nabca\n", "utf-8")
    model = str(trained.path)
    assert run(["predict", model, str(sources)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["abca", "", "bd", "abca"]
    assert rows[0] == rows[3]
    assert run(["predict", model, str(sources), "--format", "jsonl", "--nbest", "3"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [f"{one['source']}\t{one['target']}".strip() for one in found] == rows
    assert [len(one["nbest"]) for one in found] == [3, 1, 3, 3]
    first = found[0]
    assert (first["target"], first["probability"]) == tuple(first["nbest"][0].values())
    assert sum(one["probability"] for one in first["nbest"]) <= 1
    transducer = seqtag.load(trained.path)
    assert transducer.transduce(["abca", "bd"]) == [found[0]["target"], found[2]["target"]]
    assert len(transducer.answers(["abca"], nbest=2)[0].found) == 2
    with pytest.raises(UsageError, match=r"expected a source with 0 features\. Received: 1"):
        transducer.transduce([("abca", "NOUN")])


def test_symbols_that_training_has_not_seen_are_copied(trained: TrainingResult[Any, Any]) -> None:
    """Whatever the decoder writes for them, it is a symbol of the source where it is unknown."""
    (found,) = seqtag.load(trained.path).transduce(["ébc"])
    assert "\N{REPLACEMENT CHARACTER}" not in found
    assert set(found) <= set("abcdxyé")


def test_a_program_without_seqtag_runs_the_exported_networks(
    trained: TrainingResult[Any, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The greedy search of docs/onnx.md as it stands, on other sources."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").symlink_to(trained.path)
    assert run(["export", "model", "-o", "model.onnx"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("encoder inputs:\n  symbols ")
    assert "\ndecoder outputs:\n  next_states " in err
    assert sorted(entry.name for entry in tmp_path.glob("*.onnx")) == [
        "model.decoder.onnx", "model.encoder.onnx",
    ]  # fmt: skip
    for entry in tmp_path.glob("*.onnx"):
        onnx.checker.check_model(onnx.load(entry), full_check=True)
    page = (Path(__file__).parents[3] / "docs" / "onnx.md").read_text("utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1]
    sources = [line.split("\t")[0] for line in lines_of(20, 2)] + ["ébc", "aé"]
    code, others = re.subn(r"in \(\(.*\)\):", f"in {[(source,) for source in sources]!r}:", code)
    assert others == 1
    code = f"import sys; sys.modules['seqtag'] = None\n{code}"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    model = stored.load(str(trained.path))
    model.search = Search(beam=1)
    answers = model.answers([TextPair(source) for source in sources])
    assert done.stdout.splitlines() == [f"{answer.pair.source}\t{answer.best.text}" for answer in answers]


def test_two_networks_are_no_stream(
    trained: TrainingResult[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(trained.path), "-o", "-"]) == 2
    assert "has 2 networks (encoder and decoder); name a file with -o." in capsys.readouterr().err


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("writer", [TsvAnswers, JsonAnswers])
def test_no_target_steers_a_terminal(writer: Any) -> None:
    screen, file = Screen(), io.StringIO()
    for stream in (screen, file):
        writer(stream).write(Answer(TextPair("\u202eab"), (TransducedText("b\u202e", 1.0),)))
    assert screen.getvalue().replace("\t", "").strip().isprintable()
    assert "\u202e" in file.getvalue()


def test_the_first_target_that_is_cut_is_named(
    trained: TrainingResult[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Finding] = []
    order = PredictionOrder(str(trained.path), output_format="tsv", report=found.append)
    predicting = predictor(order)
    cut = Hypothesis((1,), -1.0, -1.0, complete=False)
    monkeypatch.setattr(TransducerSession, "search", lambda _, sources, *__: [[cut] for _ in sources])
    assert len(list(predicting.begin([TextPair("ab"), TextPair("cd")]))) == 2
    (finding,) = found
    assert (finding.file, finding.code) == (str(trained.path), "length-limit")
    assert finding.message.startswith("the target of 'ab' was cut at the length limit")


def test_a_target_found_in_two_ways_stands_once(
    trained: TrainingResult[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = stored.load(str(trained.path))
    unknown = Hypothesis((UNKNOWN,), -1.0, -1.0, complete=True)

    def answer(*found: Hypothesis) -> list[tuple[str, bool]]:
        monkeypatch.setattr(model.session, "search", lambda *_: [[*found]])
        return [
            (one.text, one.complete) for one in model.answers([TextPair("aa", line=len(found))], 9)[0].found
        ]

    monkeypatch.setattr(model, "_known", {})
    symbol = model.vocabulary.targets.ids["a"]
    others = [Hypothesis((symbol,) * count, -2.0, -2.0, complete=False) for count in (1, 2)]
    assert answer(unknown, *others) == [("a", True), ("aa", False)]
    row = io.StringIO()
    JsonAnswers(row).write(model.answers([TextPair("aa")], 9)[0])
    assert ["complete" in one for one in json.loads(row.getvalue())["nbest"]] == [False, True]


def test_the_page_shows_where_the_attention_was(
    trained: TrainingResult[Any, Any], files: dict[str, str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert run(["explain", str(trained.path), files["test"], "-o", str(page), "--limit", "2"]) == 0
    html = page.read_text("utf-8")
    (answer,) = seqtag.load(trained.path).transduce([lines_of(20, 2)[0].split("\t")[0]])
    assert f"<bdi>{answer}</bdi>" in html
    assert html.count("Attention of the decoder") == 2
    assert "looks while it writes</h1>" in html
    assert "The first 2 sources of" in html
    assert html.count("end looks at end") == 2


def test_gradients_reach_back_through_the_source(
    trained: TrainingResult[Any, Any], files: dict[str, str]
) -> None:
    found = gradients(str(trained.path), files["train"], sentences=4, steps=2)
    assert [(layer.number, layer.direction) for layer in found.layers] == [(1, "forward"), (1, "backward")]
    assert all(layer.finite for layer in found.layers)
    report = json.loads((trained.path / "report.json").read_text("utf-8"))
    assert report["parameters"] == trained.prepared.parameters


@pytest.mark.slow
def test_compare(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [word for one in (*SMALL, "training.epochs=1") for word in ("--set", one)]
    corpora = [f"--{role}={path}" for role, path in files.items()]
    command = ["compare", *corpora, *given, "--task", "transduction", "-o", str(tmp_path), "-q"]
    command += ["--grid", "decoder.attention=luong,none", "--grid", "encoder.cell=gru,cnn"]
    assert run(command) == 0
    rows = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [row["metric"] for row in rows] == ["exact match"] * 2 + [None] * 2
    assert [row["test"] is not None for row in rows] == [True] * 2 + [False] * 2
    assert [len(row["layers"]) for row in rows] == [2, 0, 0, 0], "a convolution has no rate"
    assert all("decoder.copy: yes copies what the attention is on" in row["error"] for row in rows[2:])
    capsys.readouterr()
    assert run(command) == 0
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 4, "no run is repeated"


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_bytes(files: dict[str, str], tmp_path: Path) -> None:
    settings = (
        "training.epochs=2",
        "decoder.sampling_rate=0.5",
        "decoder.dropout=0.2",
        "decoder.attention=luong",
    )
    go(files, tmp_path / "whole", *settings)
    stop = Stop()

    def listener(event: Any) -> None:
        if isinstance(event, Progress) and event.epoch == 2 and event.tokens > 200:
            stop.receive(2)

    with pytest.raises(Interrupted):
        go(files, tmp_path / "model", *settings, stop=stop, listener=listener, checkpoint_steps=2)
    go(files, tmp_path / "model", *settings, resume=True)
    assert content(tmp_path / "model") == content(tmp_path / "whole")


def test_what_is_random_goes_by_seed_epoch_and_step(files: dict[str, str]) -> None:
    config = merge_into(TRANSDUCTION, parse_assignments(SMALL))
    data = read(config, {"train": [files["train"]], "dev": [files["dev"]]})
    job = TransductionJob(fill_in(config, data), data)
    first, again, other = (list(job.batches(*how)) for how in ((1,), (1, 3), (2,)))
    assert sum(int(batch.inputs["lengths"].sum()) for batch in first) == job.tokens
    for one, same in zip(first[3:], again, strict=True):
        assert one.examples == same.examples
        np.testing.assert_array_equal(one.inputs["symbols"], same.inputs["symbols"])
        np.testing.assert_array_equal(one.targets, same.targets)
    assert [one.examples for one in first] != [one.examples for one in other]
    hidden = [one for batch in [*first, *other] for one in batch.targets.ravel().tolist() if one == 1]
    assert hidden  # now and then a symbol is unknown on both sides
    for batch in first:
        for source, target in zip(batch.inputs["symbols"], batch.targets, strict=True):
            assert (1 in source.tolist()) >= (1 in target.tolist())


def test_the_folder_gives_the_network_back(trained: TrainingResult[Any, Any]) -> None:
    stored = StoredTransducer.of(Folder(trained.path, TRANSDUCER))
    network, model = stored.network(), stored.model()
    pair = TextPair("abca", "abcxy")
    source, target = model.vocabulary.source(pair), model.vocabulary.target(pair)
    inputs = {"symbols": source[None], "lengths": np.array([len(source)], np.int32)}
    logs, _ = network.log_probabilities(inputs, np.append(target, 0).astype(np.int32)[None])
    np.testing.assert_allclose(model.log_probabilities([pair]), logs, atol=1e-5)
    answers = [one for one in model.answers([pair], 3)[0].found if one.text == "abcxy"]
    for one in answers:
        assert math.log(one.probability) == pytest.approx(float(np.sum(logs)), abs=1e-4)
