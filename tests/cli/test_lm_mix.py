"""`seqtag lm mix` as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run

Capture = pytest.CaptureFixture[str]
TEXT = "Ana left Oslo .\nAna saw Lima .\n\nBo left Lima today .\nBo saw Ana .\n"
DEV = "Ana left Lima .\nBo saw Rome today .\n"


@pytest.fixture(autouse=True)
def _models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Two models and texts in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT, "utf-8")
    Path("dev.txt").write_text(DEV, "utf-8")
    for name, order in (("one", "1"), ("three", "3")):
        assert run(["lm", "train", "--train", "text.txt", "--order", order, "-o", name]) == 0
    capsys.readouterr()


def mix(*arguments: str, output: str = "mixture") -> int:
    return run(["lm", "mix", *arguments, "-o", output])


def scored(capsys: Capture, model: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["lm", "score", model, "dev.txt", "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_is_printed_is_what_score_says(capsys: Capture) -> None:
    assert mix("three", "one", "--dev", "dev.txt") == 0
    lines = capsys.readouterr().out.splitlines()
    report = json.loads(Path("mixture/report.json").read_text("utf-8"))
    rows = [line.split() for line in lines if line.split()[:1] in (["three"], ["one"])]
    for (name, weight, perplexity), one in zip(rows, report["models"], strict=True):
        assert weight == f"{one['weight']:.4f}"
        assert perplexity == f"{scored(capsys, name)['perplexity']:,.2f}"
    found = scored(capsys, "mixture")
    assert f"dev    perplexity {found['perplexity']:,.2f} = 2^{found['cross_entropy']:.4f}" in lines[-2]
    assert report["vocabulary"] == found["vocabulary"] == scored(capsys, "one")["vocabulary"]
    assert report["dev"] == pytest.approx({name: found[name] for name in report["dev"]})
    weights = ", ".join(f"{one['weight']:.3f}" for one in report["models"])
    description = f"mixture of 2 models of words, weights {weights}, open vocabulary of 8 words"
    assert lines[0] == f"model  {description}"
    assert found["model"] == description
    assert lines[-1] == "language model written to mixture"


def test_a_mixture_is_a_model_like_any_other(capsys: Capture, tmp_path: Path) -> None:
    assert mix("one", "three", "--dev", "dev.txt", "--dev", "text.txt") == 0
    for name in ("one", "three"):  # it needs neither
        Path(name).rename(f"{name}-elsewhere")
    capsys.readouterr()
    assert run(["lm", "generate", "mixture", "--prompt", "Bo left", "--temperature", "0"]) == 0
    assert capsys.readouterr().out == "Bo left Lima today .\n"
    assert run(["lm", "score", "mixture", "dev.txt", "--lines"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    lm = seqtag.load_lm("mixture")
    assert [float(row.split("\t")[3]) for row in rows] == pytest.approx(
        [-lm.logprob(line) for line in DEV.splitlines()], abs=1e-5
    )
    assert lm.generate(prompt="Bo left", temperature=0) == ["Bo left Lima today ."]


def test_an_arpa_file_cannot_hold_it(capsys: Capture) -> None:
    assert mix("one", "three", "--dev", "dev.txt") == 0
    capsys.readouterr()
    assert run(["lm", "export", "mixture", "--arpa", "lm.arpa"]) == 1
    assert "mixture: is not a model of n-grams (mixture of 2 models" in capsys.readouterr().err
    assert not Path("lm.arpa").exists()


def test_characters(capsys: Capture) -> None:
    for order in ("2", "4"):
        assert (
            run(["lm", "train", "--train", "text.txt", "--unit", "character", "--order", order, "-o", order])
            == 0
        )
    assert mix("2", "4", "--dev", "dev.txt") == 0
    assert "mixture of 2 models of characters, " in capsys.readouterr().out
    found = scored(capsys, "mixture")
    assert found["tokens"] == found["characters"] == len(DEV)


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["one", "--dev", "dev.txt"], 2, "at least two language models"),
        (["one", "--dev", "dev.txt", "three", "--input-format", "conl"], 2, "Did you mean 'conll'?"),
        (["one", "three", "--dev", "-", "--dev", "-"], 2, "Only one of the files can come from stdin"),
        (["one", "two", "--dev", "dev.txt"], 1, "two: no such folder; expected a language model folder"),
        (["one", "three", "--dev", "none.txt"], 1, "none.txt"),
        (["one", "three", "--dev", "empty.txt"], 1, "empty.txt: holds no words"),
    ],
)  # fmt: skip
def test_what_cannot_be_mixed(capsys: Capture, arguments: list[str], code: int, problem: str) -> None:
    Path("empty.txt").touch()
    assert mix(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    assert problem in err
    assert not Path("mixture").exists()


def test_a_mixture_is_replaced_only_with_force(capsys: Capture) -> None:
    assert mix("one", "three", "--dev", "dev.txt") == 0
    assert mix("one", "three", "--dev", "dev.txt") == 1
    assert "already contains a language model. Use --force" in capsys.readouterr().err
    assert mix("one", "three", "--dev", "dev.txt", "--force") == 0
    assert mix("one", "mixture", "--dev", "dev.txt", "--force") == 2
    assert "mixture: is also an input; choose another -o." in capsys.readouterr().err


def test_a_terminal_sees_what_is_being_done(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert mix("one", "three", "--dev", "dev.txt") == 0
    err = capsys.readouterr().err
    for step in ("reading one", "scored 0 tokens", "fitting the weights", "writing the model"):
        assert f"\r{step}" in err
    assert err.endswith("\r\x1b[K")
