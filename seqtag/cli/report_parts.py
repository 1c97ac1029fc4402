"""What stands on the page of a report, as values that its template draws."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seqtag.evaluation.counts import BARE, Counts
from seqtag.pages.colours import PALETTE

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_TYPES = 30  # rows and columns of a matrix; of more, those with most mistakes are shown
GREEN, VERMILION = PALETTE[2], PALETTE[5]  # of what is right and what is wrong
MISSED, SPURIOUS = "missed", "spurious"  # the column and the row of a matrix that stand for no span


@dataclass(frozen=True)
class Bar:
    """A cell with a bar.

    Attributes:
        share: How long it is, from 0 to 1.
        text: The number.
        colour: Its colour; empty for the usual one.
    """

    share: float
    text: str
    colour: str = ""


@dataclass(frozen=True)
class Name:
    """The head of a row, with a chip of its colour if it has one."""

    name: str
    colour: str = ""


@dataclass(frozen=True)
class Grid:
    """A table: cells are texts, bars or names."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    totals: Sequence[Sequence[Any]] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class GridCell:
    """A cell of a matrix; the larger the share, the stronger its colour."""

    text: str
    share: float
    colour: str
    title: str


@dataclass(frozen=True)
class MatrixRow:
    """A row of a matrix."""

    name: str
    cells: Sequence[GridCell]


@dataclass(frozen=True)
class Matrix:
    """A matrix of counts."""

    columns: Sequence[str]
    rows: Sequence[MatrixRow]


@dataclass(frozen=True)
class PagePart:
    """A part of a section: one of chart, table, matrix and text, or several of them."""

    title: str = ""
    chart: "Markup | None" = None
    table: Grid | None = None
    matrix: Matrix | None = None
    text: str = ""
    wide: bool = False  # whether nothing stands beside it


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        name: Its anchor.
        title: Its heading.
        parts: What stands in it, side by side where there is room.
        notes: How to read it.
        wide: Whether each part takes the whole width.
    """

    name: str
    title: str
    parts: Sequence[PagePart]
    notes: Sequence[str] = ()
    wide: bool = False


@dataclass(frozen=True)
class Tile:
    """A figure at the head of the page."""

    name: str
    value: str
    also: str = ""


@dataclass(frozen=True)
class Choice:
    """What errors are filtered by: a name and, of each option, its value and its text."""

    title: str
    name: str
    options: Sequence[Mapping[str, str]] = field(default_factory=list)


def shown(label: str) -> str:
    """The name of a type; `_` for the type of span tags without one."""
    return label or BARE


def ratio(value: float, colour: str = "") -> Bar:
    """A share as a bar with four digits."""
    return Bar(value, f"{value:.4f}", colour)


def number(value: int) -> str:
    """A count."""
    return f"{value:,}"


def ratios(counts: Any, colour: str = "") -> list[Bar]:
    """Precision, recall and F1 as bars."""
    return [ratio(value, colour) for value in (counts.precision, counts.recall, counts.f1)]


def types_grid(
    noun: str,
    types: Mapping[str, Counts],
    totals: Mapping[str, Any],
    colours: Mapping[str, str],
    against: tuple[Mapping[str, Counts], Mapping[str, Any]] | None = None,
    remarks: Sequence[str] = (),
) -> Grid:
    """The figures of each type.

    Args:
        noun: What a type is, such as `type`.
        types: The counts of each.
        totals: Averages by their names: counts, or what has ratios alone.
        colours: The colour of each type.
        against: The types and the totals of another model.
        remarks: Sentences below.
    """
    columns = [noun, "precision", "recall", "F1"] + ["F1 of the second", "difference"] * (against is not None)
    columns += ["gold", "predicted", "correct"]
    empty = Counts(0, 0, 0)

    def row(name: str, counts: Any, other: Any, colour: str) -> list[Any]:
        cells: list[Any] = [Name(shown(name), colour), *ratios(counts, colour)]
        if against is not None:
            cells += [ratio(other.f1, colour), f"{counts.f1 - other.f1:+.4f}"]
        whole = isinstance(counts, Counts)
        return cells + [
            number(getattr(counts, part)) if whole else "" for part in ("gold", "predicted", "correct")
        ]

    others, sums = against or ({}, {})
    names = [*types, *(name for name in others if name not in types)]
    return Grid(
        columns,
        [row(name, types.get(name, empty), others.get(name, empty), colours.get(name, "")) for name in names],
        [row(name, counts, sums.get(name), "") for name, counts in totals.items()],
        remarks,
    )


def matrix(confusion: Mapping[tuple[str | None, str | None], int], *, spans: bool) -> tuple[Matrix, str]:
    """The confusion table, and what to say of the names that it leaves out.

    Args:
        confusion: How often each right name met each predicted one; None is no span.
        spans: Whether names can be None.
    """
    wrong: dict[str, int] = {}
    for (gold, predicted), count in confusion.items():
        for name in {gold, predicted} - {None}:
            wrong[str(name)] = wrong.get(str(name), 0) + count * (gold != predicted)
    chosen = sorted(sorted(wrong, key=lambda name: -wrong[name])[:MOST_TYPES])
    names: list[str | None] = [*chosen, None] if spans else [*chosen]
    rows = []
    for gold in names:
        counts = [confusion.get((gold, predicted), 0) for predicted in names]
        largest = max(counts) or 1
        cells = []
        for predicted, count in zip(names, counts, strict=True):
            right = gold == predicted
            names_of = (SPURIOUS if gold is None else f"gold {shown(gold)}", _column(predicted))
            title = f"{', '.join(names_of)}: {count:,}"
            text = number(count) if count else "·" * (gold is not None or predicted is not None)
            cells.append(GridCell(text, count / largest, GREEN if right else VERMILION, title))
        rows.append(MatrixRow(SPURIOUS if gold is None else shown(gold), cells))
    left = len(wrong) - len(chosen)
    said = f"{left:,} further names with fewer mistakes are left out; --json has all." if left else ""
    return Matrix([_column(name) for name in names], rows), said


def _column(name: str | None) -> str:
    return MISSED if name is None else shown(name)


def hits_grid(columns: Sequence[str], groups: Iterable[tuple[str, Any]]) -> Grid:
    """Groups of gold entities or words, with the share that is right."""
    return Grid(
        columns,
        [
            [Name(name), number(hits.total), number(hits.correct), ratio(hits.share) if hits.total else "-"]
            for name, hits in groups
        ],
    )
