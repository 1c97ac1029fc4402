"""`seqtag lm train --kind rnn` as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.settings.language import LanguageConfig
from seqtag.tasks.language.recurrent import task, texts

Capture = pytest.CaptureFixture[str]
SMALL = ("--units", "4", "--embedding-dim", "3", "--characters", "none", "--epochs", "1", "--vocabulary", "9")


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A text in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "text.txt"
    path.write_text("Ana left Oslo .\nBo saw Lima and Oslo .\nIda left .\n" * 20, "utf-8")
    return path


def train(*arguments: str, output: str = "lm", kind: str = "rnn") -> int:
    return run(["lm", "train", "--kind", kind, "--train", "text.txt", "-o", output, *arguments])


def complaint(capsys: Capture) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    return err


def test_train_score_and_go_on(text: Path, capsys: Capture) -> None:
    assert train(*SMALL, "--test", "text.txt", "--direction", "forward", "--set", "output.classes=3") == 0
    out, err = capsys.readouterr()
    assert "train  57 sentences, 247 tokens, 9 different; 0.00% unknown" in err
    assert "dev    3 sentences (held out)" in err
    assert "word + shape -> lstm 1 x 4, forward -> 9 words in 3 classes; " in err
    assert "dev perplexity " in err
    assert "best epoch    1 of 1" in out
    assert "language model written to lm" in out
    settings = json.loads(Path("lm/config.json").read_text("utf-8"))["settings"]
    assert (settings["text"]["vocabulary"], settings["output"]["classes"]) == (9, 3)
    report = json.loads(Path("lm/report.json").read_text("utf-8"))
    assert run(["lm", "score", "lm", "text.txt", "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["perplexity"] == pytest.approx(report["test"]["forward"]["perplexity"])

    assert train(
        "--from", "lm", "--epochs", "5", "--lr", "0.05", "--set", "encoder.recurrent_dropout=0.1", output="more"
    ) == 0  # fmt: skip
    capsys.readouterr()
    assert run(["lm", "score", "more", "text.txt", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["perplexity"] < found["perplexity"]
    for given in (
        ["--units", "9"],
        ["--vocabulary", "5"],
        ["--set", "output.tied=yes"],
        ["--unit", "character"],
    ):
        assert train("--from", "lm", *given, output="other") == 2
        assert " in lm, from which training continues; it cannot be changed there" in complaint(capsys)


def test_the_words_that_are_counted_are_those_of_ngrams(text: Path, capsys: Capture) -> None:
    assert train("--order", "2", "--vocabulary", "9", kind="ngram") == 0
    assert "closed vocabulary of 9 words\n" in capsys.readouterr().out


def test_classes_from_stdin(text: Path, capsys: Capture) -> None:
    assert train("--set", "output.class_file=-") == 2
    assert "output.class_file cannot be standard input: each seed reads it" in complaint(capsys)


def test_text_without_words(text: Path) -> None:
    config = LanguageConfig()
    assert task.warnings(config, texts.read(config, {"train": [str(text)]})) == []
    text.write_text("<s> </s>\n<unk>\n" * 20, "utf-8")
    ((level, words),) = task.warnings(config, texts.read(config, {"train": [str(text)]}))
    assert level == "warning"
    assert words.startswith("the training text holds no word but <unk>, <s>, </s>")


def test_options_of_the_other_kind(text: Path, capsys: Capture) -> None:
    for given in (
        ["--units", "9"],
        ["--from", "x"],
        ["--resume"],
        ["--seeds", "2"],
        ["-c", "x.yaml"],
        ["--tied"],
    ):
        assert train(*given, kind="ngram") == 2
        assert "is for --kind rnn; this is --kind ngram." in complaint(capsys)
    for given in (["--order", "3"], ["--smoothing", "none"], ["--prune", "0"], ["--add-k", "1"]):
        assert train(*given) == 2
        assert f"{given[0]} is for --kind ngram; this is --kind rnn." in complaint(capsys)


def test_a_base_of_another_kind(text: Path, capsys: Capture) -> None:
    assert train("--order", "2", output="ngrams", kind="ngram") == 0
    capsys.readouterr()
    assert train("--from", "ngrams") == 1
    assert "the kind is 'ngram'; expected rnn" in complaint(capsys)
    assert train("--from", "nowhere") == 1
    assert "nowhere: no such folder" in complaint(capsys)


def test_settings_of_a_file(text: Path, capsys: Capture) -> None:
    assert run(["init-config", "--lm", "lm.yaml"]) == 0
    settings = Path("lm.yaml")
    assert "  direction: both" in settings.read_text("utf-8")
    settings.write_text("reading:\n  direction: sideways\n", "utf-8")
    assert train("-c", "lm.yaml") == 2
    assert "lm.yaml:2: reading.direction is 'sideways'" in complaint(capsys)
    settings.write_text("text:\n  unit: character\n", "utf-8")
    assert train("-c", "lm.yaml", "--unit", "word", *SMALL) == 0
    written = json.loads(Path("lm/config.json").read_text("utf-8"))["settings"]
    assert written["text"]["unit"] == "word"
    capsys.readouterr()
    settings.write_text("head:\n  name: crf\n", "utf-8")
    assert train("-c", "lm.yaml") == 2
    assert "`seqtag init-config --lm` lists all settings" in complaint(capsys)
