"""A corpus format, a cell and a head of another package, from training to prediction; a model without the package."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqtag.model_folder.folder import Folder
from seqtag.support.errors import ModelError

CORPUS = "Ana^B-PER left^O Rome^B-LOC\nIda^B-PER saw^O Ana^B-PER\nRome^B-LOC\n" * 4
PARTS = ["encoder.cell=doubled", "head.name=greedy"]
SMALL = [
    "encoder.units=4",
    "training.averaging=none",
    "training.epochs=30",
    "training.learning_rate=0.05",
    "embeddings.word.dim=5",
    "embeddings.characters.encoder=none",
    "embeddings.dropout=0",
    "embeddings.shape.dim=0",
    "encoder.dropout=0",
    "language_model.weight=0",
]
NEEDS = "needs carets of seqtag.formats from the package seqtag-example 1.2, which is not installed"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "train.carets"
    path.write_text(CORPUS, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, site: Path, seqtag_with: Any, corpus: str) -> Path:
    """A model that was trained in the format."""
    model = tmp_path_factory.mktemp("plugin") / "model"
    settings = [argument for setting in SMALL + PARTS for argument in ("--set", setting)]
    files = ["--train", corpus, "--dev", corpus, "-o", str(model)]
    done = seqtag_with(site, "train", *files, "--format", "carets", *settings)
    assert done.returncode == 0, done.stderr
    return model


def test_the_manifest_says_what_is_needed(trained: Path) -> None:
    manifest = json.loads((trained / "manifest.json").read_bytes())
    parts = [("seqtag.formats", "carets"), ("seqtag.cells", "doubled"), ("seqtag.heads", "greedy")]
    assert manifest["plugins"] == [
        {"group": group, "name": name, "distribution": "seqtag-example", "version": "1.2"}
        for group, name in parts
    ]


def test_it_predicts_and_is_scored(trained: Path, corpus: str, site: Path, seqtag_with: Any) -> None:
    done = seqtag_with(site, "predict", str(trained), corpus, "--input-format", "conll")
    assert done.returncode == 0, done.stderr
    assert [row.split("\t")[0] for row in done.stdout.splitlines()[:3]] == ["Ana", "left", "Rome"]
    done = seqtag_with(site, "predict", str(trained), corpus, "--input-format", "conll", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    assert [entity["text"] for entity in json.loads(done.stdout.splitlines()[0])["entities"]] == [
        "Ana",
        "Rome",
    ]
    done = seqtag_with(site, "evaluate", str(trained), corpus, "--json", "-")
    assert done.returncode == 0, done.stderr
    scored = json.loads(done.stdout)
    assert scored["tokens"] == 28
    assert scored["main"] == json.loads((trained / "report.json").read_bytes())["dev"]["main"] == 1


def test_without_the_package_the_model_is_refused(trained: Path, seqtag_with: Any) -> None:
    done = seqtag_with(None, "predict", str(trained))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"seqtag: {trained}: {NEEDS}.\n"


def test_the_same_name_of_another_package_is_no_substitute(
    trained: Path, installing: Callable[[str, str], None]
) -> None:
    installing("other", "[seqtag.formats]\ncarets = seqtag_example:CARETS\n")
    with pytest.raises(ModelError, match=NEEDS):
        Folder(trained)


@pytest.mark.parametrize(
    ("plugins", "problem"),
    [
        (7, "plugins is 7; expected a list"),
        ([{"group": "seqtag.cells", "name": "x", "distribution": "d"}], "plugins.0.version is missing"),
        (
            [{"group": "a", "name": "\x1b[2J", "distribution": "d" * 999, "version": "1"}],
            r"needs \\x1b[2J of a from the package ddd",
        ),
    ],
)
def test_a_manifest_of_a_stranger(
    trained: Path, tmp_path: Path, installed: None, plugins: Any, problem: str
) -> None:
    shutil.copytree(trained, tmp_path / "model")
    path = tmp_path / "model" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"plugins": plugins}))
    with pytest.raises(ModelError, match=re.escape(problem.replace("\\\\", "\\"))) as caught:
        Folder(tmp_path / "model")
    assert len(str(caught.value)) < 400
