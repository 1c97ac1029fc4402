"""Tables for the terminal that more than one command shows."""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from seqtag.evaluation.counts import BARE

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from seqtag.evaluation.counts import Average, Counts
    from seqtag.evaluation.figures import Figures, Tabled
    from seqtag.evaluation.scoring import Score

MOST_UNSEEN = 12
"""How many unseen tags are named; the rest is only counted (`--json` has all)."""

LONGEST_LABEL = 400  # characters; longer ones would fill the screen


class _Trimmed:
    """A stream that gets no blanks at the end of a line: Rich fills the cells of a table with them.

    Args:
        stream: Where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes a text that ends where a line does."""
        return self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_console(stream: TextIO | None = None) -> "Console":
    """A console for tables and plain lines, which writes to stdout or another stream."""
    from rich.console import Console

    trimmed: Any = _Trimmed(sys.stdout if stream is None else stream)
    return Console(file=trimmed, highlight=False)


def share(probability: float) -> str:
    """A probability with four digits; one that is smaller and not 0 is said to be."""
    return f"{probability:.4f}" if probability >= 0.0001 or not probability else "<0.0001"


def print_score(score: "Score", console: "Console") -> None:
    """Print the table of a score and, on a line of its own that is never broken, its signature."""
    console.print(score_table(score))
    console.print(score.signature, markup=False, highlight=False, soft_wrap=True)


def print_figures(score: "Tabled", console: "Console") -> None:
    """Print the tables of a score and, on a line of its own that is never broken, its signature."""
    print_tables(score.figures(), console)
    console.print(score.signature, markup=False, highlight=False, soft_wrap=True)


def print_tables(tables: "Iterable[Figures]", console: "Console") -> None:
    """Print tables, each with its remarks below."""
    for figures in tables:
        table = make_table(*figures.columns)
        for row in figures.rows:
            table.add_row(label(row[0]), *row[1:])
        if figures.totals:
            table.add_section()
        for row in figures.totals:
            table.add_row(label(row[0]), *row[1:])
        console.print(table)
        for text in figures.remarks:
            print_line(text, console)


def score_table(score: "Score") -> "RenderableType":
    """All figures of a score, for a terminal of 40 columns or more; without the signature."""
    from rich.console import Group

    parts: list[RenderableType] = [_types_table(score)]
    if score.strict is not None:
        parts.append(_modes_table(score.counts, score.strict))
    parts.extend(safe(text) for text in _remarks(score))
    return Group(*parts, "")


def _types_table(score: "Score") -> "Table":
    table = make_table("type" if score.spans else "tag", "precision", "recall", "F1", "support")
    for name, counts in score.types.items():
        table.add_row(label(name), *_ratios(counts), f"{counts.gold:,}")
    table.add_section()
    support = f"{score.counts.gold:,}"
    table.add_row("micro average", *_ratios(score.counts), support)
    table.add_row("macro average", *_ratios(score.macro), support)
    table.add_row("weighted average", *_ratios(score.weighted), support)
    return table


def _modes_table(lenient: "Counts", strict: "Counts") -> "Table":
    table = make_table("micro average by mode", "conlleval", "strict")
    for name, *values in zip(("precision", "recall", "F1"), _ratios(lenient), _ratios(strict), strict=True):
        table.add_row(name, *values)
    table.add_section()
    for name in ("correct", "predicted", "gold"):
        table.add_row(f"spans {name}", *(f"{getattr(counts, name):,}" for counts in (lenient, strict)))
    return table


def _remarks(score: "Score") -> Iterable[str]:
    from seqtag.support.quoting import counted

    size = f"{counted(score.tokens, 'token')} in {counted(score.sentences, 'sentence')}"
    yield f"Token accuracy {score.accuracy:.4f} ({size})."
    if score.strict is not None:
        spans = counted(score.disagreements, "span")
        yield f"conlleval (lenient) and strict disagree on {spans}, gold and predicted together."
    if score.unseen_types:
        yield f"Types never seen in training: {_listed(score.unseen_types)}."
    if score.unseen_tags:
        yield f"Tags never seen in training: {_listed(score.unseen_tags)}."


def _listed(counts: Mapping[str, int]) -> str:
    from seqtag.support.quoting import shortened

    named = [f"{shortened(name) or BARE} ({count:,})" for name, count in list(counts.items())[:MOST_UNSEEN]]
    rest = len(counts) - len(named)
    return ", ".join(named) + (f" and {rest:,} more" if rest else "")


def _ratios(values: "Counts | Average") -> tuple[str, str, str]:
    return f"{values.precision:.4f}", f"{values.recall:.4f}", f"{values.f1:.4f}"


def make_table(first: str, *numbers: str) -> "Table":
    """A table of names and, to the right of them, numbers; on a narrow terminal both are there still."""
    from rich import box

    from seqtag.cli.fitted import FittedTable

    table = FittedTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def label(name: str, none: str = BARE) -> "Text":
    """The name of a type or a tag, in a cell; `none` for the type of span tags without one."""
    from seqtag.support.quoting import shortened

    return safe(shortened(name, LONGEST_LABEL) or none)


def print_line(text: str, console: "Console") -> None:
    """Print a sentence with words from a file: folded between words on a terminal, one line elsewhere."""
    console.print(safe(text), soft_wrap=not console.is_terminal)


def print_labelled(name: str, text: str, console: "Console", width: int = 7) -> None:
    """Print a label and, `width` columns from the left, what it is of: folded there between words on a terminal, one
    line elsewhere.
    """
    if not console.is_terminal:
        console.print(safe(f"{name:<{width}}{text}"), soft_wrap=True)
        return
    from rich.table import Table

    grid = Table.grid()
    grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(name, safe(text))
    console.print(grid)


def safe(text: str) -> "Text":
    """Text that came from a file: no markup in it, and nothing that steers the terminal."""
    from rich.text import Text

    from seqtag.support.quoting import printable

    return Text(printable(text))
