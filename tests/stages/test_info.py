import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.stages.info import info

GOLDEN = Path(__file__).parents[1] / "golden" / "models"


def test_a_tagger(capsys: pytest.CaptureFixture[str]) -> None:
    model = GOLDEN / "format_2"
    report = json.loads((model / "report.json").read_text())
    found = info(str(model))
    assert (found.task, found.format, found.scheme) == ("tagging", ("seqtag-model", 2), "BIO")
    assert found.tags == ("LOC", "MISC", "ORG", "PER")
    assert found.data == report["data"]
    assert found.epochs == (len(report["history"]), report["best_epoch"])
    (dev,) = found.scores
    assert asdict(dev) == {
        "corpus": "dev",
        "measure": "F1",
        "value": report["dev"]["main"],
        "signature": report["dev"]["signature"],
    }
    assert found.settings["encoder.units"] == (10, 200)
    assert "encoder.cell" not in found.settings
    assert found.files["vocab.json"] == (model / "vocab.json").stat().st_size

    assert run(["info", str(model), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["encoder.units"] == {"value": 10, "default": 200}
    assert run(["info", str(model)]) == 0
    shown = capsys.readouterr().out
    assert "encoder.units                 10      200\n" in shown
    assert "Note: a model folder holds the words of its training text" in shown
    assert not [line for line in shown.splitlines() if line != line.rstrip()]


def test_plain_tags_and_settings_by_corpus(plain: Any) -> None:
    """A default that goes by the corpus is no setting that somebody changed."""
    found = info(str(plain.folder))
    assert found.scheme == "plain"
    assert list(found.tags) == sorted(json.loads((plain.folder / "vocab.json").read_text())["tags"])
    assert "head.name" not in found.settings


@pytest.mark.parametrize(
    ("name", "task"),
    [("language_model_1", "language model (ngram)"), ("recurrent_language_model_1", "language model (rnn)")],
)
def test_a_language_model(name: str, task: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(GOLDEN / name)]) == 0
    assert task in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [{"data": {"train": 3}}, {"dev": {"metric": 7, "main": 0.5}}, {"history": 5, "best_epoch": 1}]
)
def test_a_report_that_is_not_as_seqtag_writes_it(
    content: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from seqtag.model_folder import replacing
    from seqtag.model_folder.folder import Folder
    from seqtag.model_folder.layout import dump_json

    there = Folder(GOLDEN / "format_2")
    files = {name: there.read(name) for name in there.files} | {"report.json": dump_json(content)}
    replacing.write(tmp_path / "model", files)
    assert run(["info", str(tmp_path / "model")]) == 1
    assert "report.json or vocab.json: a value in it is of another kind" in capsys.readouterr().err


def test_what_is_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(tmp_path)]) == 1
    assert "holds no manifest.json" in capsys.readouterr().err
