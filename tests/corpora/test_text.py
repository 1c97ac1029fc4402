import io
import re

import pytest

from seqtag.corpora.document import Document
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.corpora.text import TextWriter


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            Document("Ana saw Rome", ["Ana", "saw", "Rome"], ["B-PER", "O", "B-LOC"], parse_scheme("bio"),
                     spans=[Span(0, 1, "PER"), Span(2, 3, "LOC")]),
            "[Ana PER] saw [Rome LOC]\n",
        ),
        (Document("Ana saw", ["Ana", "saw"], ["NN", "VB"], parse_scheme("plain")), "Ana/NN saw/VB\n"),
    ],
)  # fmt: skip
def test_a_terminal_shows_the_same_text_as_a_file(
    document: Document, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that text copied from a terminal keeps its marks."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    file, screen = io.StringIO(), Screen()
    for stream in (file, screen):
        TextWriter(stream, ["PER", "LOC", "NN", "VB"]).write(document)
    assert file.getvalue() == line
    assert screen.getvalue() != line
    assert re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()) == line


def test_the_colour_of_a_type_does_not_go_by_what_the_text_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = []
    for name in ("PER", "LOC"):
        screen = Screen()
        document = Document("Ana", ["Ana"], [f"B-{name}"], parse_scheme("bio"), spans=[Span(0, 1, name)])
        TextWriter(screen, ["PER", "LOC"]).write(document)
        shown.append(screen.getvalue().split("m", 1)[0])
    assert shown[0] != shown[1]
