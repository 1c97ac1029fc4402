"""Which task a name, or a model folder, is of."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seqtag.settings import registry
from seqtag.settings.registry import TaskPart
from seqtag.support.errors import UsageError
from seqtag.tasks import base as tasks
from seqtag.tasks.tagging.task import TAGGING

OTHER = replace(TAGGING, kind=replace(TAGGING.kind, format="seqtag-other"))
MODELS = Path(__file__).parents[1] / "golden" / "models"


def test_by_name() -> None:
    assert tasks.find("tagging") is TAGGING
    with pytest.raises(UsageError, match=r"unknown name 'taging'. Did you mean 'tagging'"):
        tasks.find("taging")


def test_each_task_has_a_kind_of_folder_of_its_own() -> None:
    """But generation, which ends in a language model."""
    formats = {name: tasks.find(name).kind.format for name in registry.TASKS}
    assert formats == {name: row.format for name, row in registry.TASKS.items()}
    assert formats.pop("generation") == formats["language"]
    assert len({*formats.values()}) == len(formats)


def test_by_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = TaskPart("seqtag.tasks.tagging.task:other", "seqtag.settings.schema:SETTINGS", "seqtag-other")
    monkeypatch.setattr("seqtag.tasks.tagging.task.other", OTHER, raising=False)
    monkeypatch.setitem(registry.TASKS, "other", part)
    assert tasks.of_folder(MODELS / "format_1") is tasks.of_folder(MODELS / "format_2") is TAGGING
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "seqtag-other"}))
    assert tasks.of_folder(tmp_path) is OTHER
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "seqtag-unknown"}))
    assert tasks.of_folder(tmp_path) is tasks.of_folder(tmp_path / "none") is TAGGING
