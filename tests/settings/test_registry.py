"""The tables of names: every entry loads, and the tables that mirror each other agree."""

import ast
import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import seqtag
from seqtag.evaluation.metrics import Metric
from seqtag.settings import registry
from seqtag.settings.schema import Schema
from seqtag.tasks.base import Task
from seqtag.tasks.files import Files
from seqtag.tasks.use import Use

TABLES = {
    name: table
    for name, table in vars(registry).items()
    if name.isupper() and isinstance(table, dict | registry.Table)
}
del TABLES["SCHEMES"]  # holds letters, not places
ENTRIES = [(table, name) for table in TABLES for name in TABLES[table]]


def places(entry: str | registry.Part | registry.Format | registry.TaskPart) -> dict[str, str]:
    """By half, where a part, a format or a task lives."""
    halves = {"": entry} if isinstance(entry, str) else entry._asdict()
    for text in ("description", "format"):
        halves.pop(text, None)
    return {half: place for half, place in halves.items() if place and isinstance(place, str)}


NEEDS_TENSORFLOW = ("seqtag.network.", "keras.")


@cache
def start_tensorflow() -> None:
    importlib.import_module("seqtag.network.runtime").start(1)


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_entry_loads(table: str, name: str) -> None:
    for half, place in places(TABLES[table][name]).items():
        if place.startswith(NEEDS_TENSORFLOW):
            start_tensorflow()
        found = registry.load(TABLES[table], name, half)
        assert callable(found) or isinstance(found, Metric | Schema | Task | Use | Files | tuple)


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_names_can_be_typed(table: str, name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    for place in places(TABLES[table][name]).values():
        assert re.fullmatch(r"[a-z0-9_.]+:[A-Za-z]\w*", place)


def test_a_table_names_nothing_twice() -> None:
    """In a dict literal the second entry of a name silently takes the place of the first."""
    for node in ast.walk(ast.parse(Path(registry.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys))


def test_a_group_of_entry_points_has_the_name_of_its_table() -> None:
    groups = {name: table.group for name, table in TABLES.items() if isinstance(table, registry.Table)}
    assert groups == {name: f"seqtag.{name.lower()}" for name in groups}
    assert {"FORMATS", "CELLS", "HEADS"} <= groups.keys()


def test_cells_without_a_state() -> None:
    assert [name for name in registry.CELLS if not registry.is_stateful(name)] == ["dense", "cnn"]


def test_every_embedding_has_the_half_that_knows_words() -> None:
    assert all(part.features for part in registry.EMBEDDINGS.values())


def test_looking_at_the_tables_loads_no_part() -> None:
    slow = {"tensorflow", "keras", "onnx", "onnxruntime", "seqtag.network"}
    modules = "seqtag.settings.registry, seqtag.settings.config, seqtag.settings.config_files"
    code = f"import sys, {modules}; print({slow} & sys.modules.keys())"
    top = Path(seqtag.__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
