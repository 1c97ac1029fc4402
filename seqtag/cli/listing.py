"""What `seqtag check` says of files, on the terminal: by file and by kind, with the first places of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtag.cli.tables import safe
from seqtag.corpora.findings import Finding, groups

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.tasks.files import Checked

MOST = 3  # messages of one kind, and lines of one message
LEAST_WIDTH = 30  # of the text of a message
Line = tuple[int, str]  # how many levels it is indented, and its text


def print_findings(report: "Checked", console: "Console") -> None:
    """Prints the findings of each file below its name; on a terminal, lines are broken between words."""
    sections = _sections(report)
    if not sections:
        console.print("No findings.")
    for name, lines in sections.items():
        console.print(safe(name), soft_wrap=True)
        for level, text in lines:
            _print(console, "  " * level, text)


def _print(console: "Console", indent: str, text: str) -> None:
    """Prints a line; what is broken goes on with a deeper indent."""
    deeper = indent + "  "
    if not console.is_terminal:
        console.print(safe(indent + text), soft_wrap=True)
        return
    broken = safe(text).wrap(console, max(console.width - len(deeper), LEAST_WIDTH))
    for number, part in enumerate(broken):
        console.print(safe(deeper if number else indent) + part, soft_wrap=True)


def _sections(report: "Checked") -> dict[str, list[Line]]:
    """The lines to print below the name of each file, the gravest kinds first."""
    names = {path: f"file {number}: {path}" for number, path in enumerate(report.paths, 1)}
    found: dict[str, list[Line]] = {path: [] for path in names}
    for group in groups(report.findings):
        found.setdefault(group[0].file, []).extend(_kind(group))
    for path, line in report.remarks():
        found[path].append((1, line))
    return {names.get(path, path): lines for path, lines in found.items() if lines}


def _kind(group: list[Finding]) -> Iterator[Line]:
    """The lines for findings of one kind in one file: each message once, with its first places."""
    count = f" ({len(group):,})" if len(group) > 1 else ""
    yield 1, f"{group[0].level}: {group[0].code}{count}"
    alike: dict[str, list[Finding]] = {}
    for one in group:
        alike.setdefault(one.words, []).append(one)
    for words, same in list(alike.items())[:MOST]:
        yield 2, _places(same) + words
    if rest := sum(map(len, list(alike.values())[MOST:])):
        yield 2, f"and {rest:,} more"


def _places(same: list[Finding]) -> str:
    lines = [str(one.line) for one in same if one.line is not None]
    if not lines:
        return ""
    more = f" and {len(lines) - MOST:,} more" if len(lines) > MOST else ""
    return f"line{'s' * (len(lines) > 1)} {', '.join(lines[:MOST])}{more}: "
