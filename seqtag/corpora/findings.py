"""What is odd about a file that can be read all the same: a finding has a level, a code, a place and what mends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from seqtag.support.quoting import counted

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")  # the gravest first


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in a file.

    Attributes:
        level: "error": the file is not what it is taken for; "warning": it probably is not, or results will suffer;
            "note": it is as well to know.
        code: The kind of finding, such as "comment-like-row".
        file: The file, as messages name it.
        line: The line, from 1; None if the file as a whole is meant.
        message: What was found, and what it means.
        option: The option or the command that mends it; "" where there is none.

    >>> print(Finding("warning", "index-column", "a.tsv", 1, "the tokens are running numbers", "--token-column 2"))
    a.tsv:1: the tokens are running numbers (try --token-column 2)
    """

    level: Level
    code: str
    file: str
    line: int | None
    message: str
    option: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.words}"

    @property
    def words(self) -> str:
        """What was found and what mends it, without the place."""
        return self.message + (f" (try {self.option})" if self.option else "")


Report = Callable[[Finding], None]


def ignore(finding: Finding) -> None:
    """A `Report` for whom findings do not matter."""


def groups(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings of one kind in one file together; the gravest kinds first, else in the order of their first."""
    found: dict[tuple[int, str, str], list[Finding]] = {}
    for one in findings:
        found.setdefault((LEVELS.index(one.level), one.code, one.file), []).append(one)
    return sorted(found.values(), key=lambda group: LEVELS.index(group[0].level))


def gravest(findings: Iterable[Finding], most: int) -> list[tuple[Level, str]]:
    """The errors and warnings in at most so many lines, a line for those of one kind in one file; each with its
    level.
    """
    grave = groups(one for one in findings if one.level != "note")
    shown = grave if len(grave) <= most else grave[: most - 1]
    lines = [
        (group[0].level, f"{group[0]}" + (f" (and {len(group) - 1:,} more)" if len(group) > 1 else ""))
        for group in shown
    ]
    if rest := grave[len(shown) :]:
        lines.append(
            ("warning", f"{counted(len(rest), 'further kind')} of warning; `seqtag check` lists them")
        )
    return lines
