"""The help of every command, as a terminal of 80 columns shows it."""

import inspect
import itertools
from typing import Any

import pytest

from seqtag.cli import COMMANDS, run
from seqtag.cli.groups import Group
from seqtag.settings import registry


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def every_command() -> dict[str, Any]:
    """Each command, those of groups among them, with the function behind it."""
    found = {}
    for name in COMMANDS:
        command = registry.load(COMMANDS, name)
        inner = command.commands if isinstance(command, Group) else {}
        found |= {f"{name} {one}": registry.load(inner, one) for one in inner} or {name: command}
    return found


def examples(command: str) -> list[str]:
    """The lines below "Examples:" of a command's docstring."""
    text = inspect.getdoc(every_command()[command])
    assert text is not None
    return text.partition("Examples:\n")[2].splitlines()


@pytest.mark.parametrize("command", every_command())
def test_an_example_is_never_broken_into_two_lines(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = examples(command)
    assert lines
    assert run([*command.split(), "--help"]) == 0
    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if f" {line}" not in shown] == []


@pytest.mark.parametrize("columns", [60, 100])
def test_paragraphs_fill_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line of a paragraph but the last has no room for the word that begins the next one."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(["train", "--help"]) == 0
    text, _, _ = capsys.readouterr().out.partition("Examples:")
    lines = [line.strip() for line in text.splitlines()]
    pairs = [(line, after) for line, after in itertools.pairwise(lines) if line and after]
    assert pairs
    assert [line for line, after in pairs if len(line) + 1 + len(after.split()[0]) < columns - 2] == []


@pytest.mark.parametrize("arguments", [[], ["lm"], *map(str.split, every_command())], ids=str)
def test_values_are_named_and_flags_have_no_type(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--help"]) == 0
    shown = capsys.readouterr().out
    assert [
        kind for kind in ("<bool>", "<int>", "<float>", "<str>", "<list", "range>") if kind in shown
    ] == []
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_number_or_a_name_says_both_and_a_column_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lm", "train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "N|sqrt" in shown
    assert "COLUMN" not in shown
    assert run(["train", "--help"]) == 0
    assert "COLUMN" in capsys.readouterr().out
