"""What `seqtag check` says of files, on the terminal: by file and by kind, with the first places of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtag.cli.tables import safe
from seqtag.corpora.findings import Finding, groups

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.stages.check import Pair, Report

MOST = 3  # messages of one kind, and lines of one message
MOST_TAGS = 12
LEAST_WIDTH = 30  # of the text of a message
Line = tuple[int, str]  # how many levels it is indented, and its text


def print_findings(report: "Report", console: "Console") -> None:
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


def _sections(report: "Report") -> dict[str, list[Line]]:
    """The lines to print below the name of each file, the gravest kinds first."""
    names = {file.path: f"file {number}: {file.path}" for number, file in enumerate(report.files, 1)}
    found: dict[str, list[Line]] = {path: [] for path in names}
    for group in groups(report.findings):
        found.setdefault(group[0].file, []).extend(_kind(group))
    for file in report.files:
        # Without an ill-formed tag the file fits, as one of nothing but O fits every scheme.
        if file.detected_scheme != file.scheme and (file.ill_formed or file.scheme == "plain"):
            found[file.path].append((1, f"the tags look like {title(file.detected_scheme)}"))
    for pair in report.pairs:
        for path, line in _lacking(pair):
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


def _lacking(pair: "Pair") -> Iterator[tuple[str, str]]:
    """The files that lack tags of the other, each with a line that says so."""
    for have, lack, only in (
        (pair.first, pair.second, pair.tags_only_in_first),
        (pair.second, pair.first, pair.tags_only_in_second),
    ):
        if only:
            more = f" and {len(only) - MOST_TAGS:,} more" if len(only) > MOST_TAGS else ""
            yield lack, f"lacks tags of {have}: {', '.join(only[:MOST_TAGS])}{more}"


def title(scheme: str) -> str:
    """The name of a scheme, as it is printed."""
    return scheme if scheme == "plain" else scheme.upper()
