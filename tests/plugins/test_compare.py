"""The rows of a comparison know the version of the package that a part comes from."""

import hashlib
import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

import seqtag
from seqtag.settings import plugins
from seqtag.settings.config_files import parse_grid
from seqtag.stages import compare as stage
from seqtag.support.errors import Error
from seqtag.tasks import runs as running
from seqtag.training.rows import ROWS


def refuse(*given: Any, **more: Any) -> NoReturn:
    raise Error("nothing is trained here")


def rows(output: Path) -> list[tuple[str, str]]:
    """The cell and the key of each row."""
    lines = [json.loads(line) for line in (output / ROWS).read_text("utf-8").splitlines()]
    return [(row["choice"]["encoder.cell"], row["key"]) for row in lines]


def test_another_version_of_a_plugin_is_another_run(
    installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "train_seed", refuse)
    corpus, output = tmp_path / "corpus.conll", tmp_path / "out"
    corpus.write_text("Ana\tB-PER\nleft\tO\n\nBo\tB-PER\n", "utf-8")
    paths = {"train": str(corpus), "dev": str(corpus)}
    [metadata] = tmp_path.glob("seqtag-example/*.dist-info/METADATA")

    def compared() -> list[tuple[str, str]]:
        plugins.installed.cache_clear()
        stage.compare([], parse_grid(["encoder.cell=gru,doubled"]), paths, output)
        return rows(output)

    first = compared()
    assert [cell for cell, _ in first] == ["gru", "doubled"]
    assert compared() == first
    metadata.write_text(metadata.read_text("utf-8").replace("1.2", "1.3"), "utf-8")
    both = compared()
    assert [cell for cell, _ in both] == ["gru", "doubled", "doubled"]
    assert len({key for _, key in both}) == 3

    row = json.loads((output / ROWS).read_text("utf-8").splitlines()[0])
    identity = [row["settings"], row["seed"], row["files"], seqtag.__version__]
    assert row["key"] == hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
