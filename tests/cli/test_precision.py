"""`--precision int8` of `predict` and `evaluate`."""

import json
from pathlib import Path

import pytest

from seqtag.cli import run
from seqtag.model_folder.layout import FORMAT_VERSION

MODEL = str(Path(__file__).parents[1] / "golden" / "models" / f"format_{FORMAT_VERSION}")


def answers(path: Path, *options: str) -> list[dict[str, object]]:
    out = path.with_suffix(".jsonl")
    assert run(["predict", MODEL, str(path), "-o", str(out), "--format", "jsonl", *options]) == 0
    return [token for line in out.read_text().splitlines() for token in json.loads(line)["tokens"]]


def test_predict(tmp_path: Path) -> None:
    text = tmp_path / "in.txt"
    text.write_text("Marta Lindqvist of Halvorsen met officials in Oslo .\nOslo .\n")
    exact, quick = answers(text, "--precision", "float32"), answers(text, "--precision", "int8")
    assert answers(text) == exact != quick
    assert [token["tag"] for token in exact] == [token["tag"] for token in quick]


def test_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.conll"
    gold.write_text("Marta\tB-PER\nLindqvist\tI-PER\nleft\tO\nOslo\tB-LOC\n.\tO\n")
    assert run(["evaluate", MODEL, str(gold), "--precision", "int8"]) == 0
    assert run(["evaluate", MODEL, str(gold), "--precision", "int4"]) == 2
    assert "--precision: unknown name 'int4'" in capsys.readouterr().err
    assert run(["evaluate", "--predicted", str(gold), str(gold), "--precision", "int8"]) == 2
    assert "--precision needs a model" in capsys.readouterr().err
