"""The help of every command, as a terminal of 80 columns shows it."""

import inspect

import pytest

from seqtag.cli import COMMANDS, run
from seqtag.settings import registry


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def examples(command: str) -> list[str]:
    """The lines below "Examples:" of a command's docstring."""
    text = inspect.getdoc(registry.load(COMMANDS, command))
    assert text is not None
    return text.partition("Examples:\n")[2].splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_is_never_broken_into_two_lines(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = examples(command)
    assert lines
    assert run([command, "--help"]) == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.strip() not in shown] == []


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)], ids=str)
def test_values_are_named_and_flags_have_no_type(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--help"]) == 0
    shown = capsys.readouterr().out
    assert [kind for kind in ("<bool>", "<str>", "<list", "range>") if kind in shown] == []
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
