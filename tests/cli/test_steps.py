"""What a command shows on a terminal while it works."""

import io
import re
from pathlib import Path

import pytest

from seqtag.cli import predict as command
from seqtag.cli import run
from seqtag.cli.stderr import say, steps
from seqtag.model_folder.layout import FORMAT_VERSION

MODEL = Path(__file__).parents[1] / "golden" / "models" / f"format_{FORMAT_VERSION}"


class Screen(io.StringIO):
    """A terminal of 20 columns."""

    def isatty(self) -> bool:
        return True


def rows(written: str) -> list[str]:
    """The lines that a terminal would show: what follows a carriage return overwrites, \\x1b[K clears the rest."""
    shown = []
    for line in written.split("\n"):
        row = ""
        for part in re.split(r"(\r|\x1b\[K)", line):
            row = "" if part == "\r" else row if part == "\x1b[K" else row + part
        shown.append(row)
    return shown


def test_a_step_is_gone_in_the_end_and_gives_way_to_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "xterm")
    with steps() as step:
        step("reading a file of a long name ...")
        assert rows(screen.getvalue()) == ["reading a file of a"]
        say("warning: odd")
        assert rows(screen.getvalue()) == ["warning: odd", "reading a file of a"]
        step("tagging")
        assert rows(screen.getvalue()) == ["warning: odd", "tagging"]
    assert rows(screen.getvalue()) == ["warning: odd", ""]


@pytest.mark.parametrize("dumb", [True, False])
def test_a_file_gets_messages_alone(dumb: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Screen() if dumb else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "dumb" if dumb else "xterm")
    with steps() as step:
        step("reading")
        say("warning: odd")
    assert stream.getvalue() == "warning: odd\n"


def test_the_file_is_named_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After the count of what is answered has gone."""
    text, out = tmp_path / "text", tmp_path / "out"
    text.write_text("Ana left\n" * 3)
    monkeypatch.setattr(command, "SHOWN", -1)
    monkeypatch.setattr("sys.stderr", screen := Screen())
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    assert run(["predict", str(MODEL), str(text), "-o", str(out)]) == 0
    assert "3 sentences answered ..." in screen.getvalue()
    assert rows(screen.getvalue()) == [f"wrote {out}", ""]
