"""The tables of `seqtag evaluate --analysis`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from seqtag.cli.tables import label, make_table, safe
from seqtag.evaluation.analysis import Analysis, Classes
from seqtag.evaluation.counts import Counts
from seqtag.evaluation.familiarity import Hits

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

MOST_ROWS = 12
"""How many types or confusions are named, those with most mistakes first; `--json` has all."""

WIDTH = 80
"""The columns of a terminal that every table fits in."""

NAME_WIDTH = 16
COLUMN_WIDTH = 10
"""In the confusion table, a longer name is folded at the start of a row and cut at the head of a column."""

NONE = "(none)"
"""The name of no span."""

KINDS = {
    "correct": "correct",
    "boundary": "boundary",
    "type": "type",
    "boundary_and_type": "both",
    "missed": "missed",
    "spurious": "spurious",
}
"""The classes as a table of 80 columns can name them."""


def print_analysis(analysis: Analysis, console: "Console") -> None:
    """Print the tables of an analysis, each under a line that says how to read it."""
    console.print()
    for heading, part in _parts(analysis):
        console.print(safe(heading))
        console.print(part)


def _parts(analysis: Analysis) -> "Iterable[tuple[str, RenderableType]]":
    if analysis.classes is not None:
        yield (
            "Entities by class: boundary = wrong ends, type = wrong label, both = wrong ends and label. "
            "Spurious ones count under the predicted type, all others under the gold type.",
            _classes_table(analysis, analysis.classes),
        )
    if analysis.confusions:
        what = "types, of overlapping entities" if analysis.spans else "tags"
        shown = _most_confused(analysis)
        yield (
            f"Gold (rows) and predicted (columns) {what}{_of_all(shown, analysis)}.",
            _matrix(analysis, shown),
        )
        if not analysis.spans:
            rest = len(analysis.confusions) - MOST_ROWS
            more = f"; {rest:,} rarer ones are in --json" if rest > 0 else ""
            yield f"Most frequent mistakes{more}.", _confusions_table(analysis)
    if analysis.entities is not None:
        groups = analysis.entities
        yield (
            "Gold entities: known ones occur in the training file with the same type.",
            _hits_table(
                ("entities", "found", "recall"),
                {
                    "known": groups.known,
                    "unseen": groups.unseen,
                    "  all words known": groups.all_words,
                    "  some words known": groups.some_words,
                    "  no word known": groups.no_words,
                },
            ),
        )
    if analysis.words is not None:
        yield (
            "Words: known ones occur in the training file.",
            _hits_table(
                ("tokens", "right", "accuracy"),
                {"known": analysis.words.known, "unseen": analysis.words.unseen},
            ),
        )
    if analysis.frequency:
        what = "Gold entities, by how often training held them with the same type."
        columns = ("entities", "found", "recall")
        if not analysis.spans:
            what, columns = (
                "Tokens, by how often training held their word.",
                ("tokens", "right", "accuracy"),
            )
        yield what, _hits_table(columns, analysis.frequency)
    yield "By length, in tokens.", _lengths_table(analysis)


def _classes_table(analysis: Analysis, total: Classes) -> "Table":
    def numbers(gold: Classes, spurious: int) -> list[str]:
        values = [gold.gold, *(getattr(gold, kind) for kind in KINDS if kind != "spurious"), spurious]
        return [f"{value:,}" for value in values]

    table = make_table("type", "gold", *KINDS.values())
    rows = {
        name: (analysis.gold_types.get(name, Classes()), analysis.predicted_types.get(name, Classes()))
        for name in sorted(analysis.gold_types.keys() | analysis.predicted_types.keys())
    }
    ordered = sorted(rows, key=lambda name: -(rows[name][0].wrong + rows[name][1].spurious))
    for name in ordered[:MOST_ROWS]:
        gold, predicted = rows[name]
        table.add_row(label(name), *numbers(gold, predicted.spurious))
    table.add_section()
    if len(ordered) > MOST_ROWS:
        others = ordered[MOST_ROWS:]
        summed = Classes(**{kind: sum(getattr(rows[name][0], kind) for name in others) for kind in KINDS})
        spurious = sum(rows[name][1].spurious for name in others)
        table.add_row(f"{len(others):,} others", *numbers(summed, spurious))
    table.add_row("all", *numbers(total, total.spurious))
    return table


def _most_confused(analysis: Analysis) -> list[str | None]:
    """The names that a table of `WIDTH` columns has room for, most mistakes first; no span is the last."""
    from rich.cells import cell_len

    mistakes: dict[str | None, int] = {}
    for gold, predicted, count in analysis.confusions:
        for name in (gold, predicted):
            mistakes[name] = mistakes.get(name, 0) + count
    free = WIDTH - NAME_WIDTH - 2
    if analysis.spans:
        free -= len(NONE) + 2
    shown: list[str | None] = []
    for name in sorted(mistakes, key=lambda name: -mistakes[name]):
        if name is None:
            continue
        digits = max(len(f"{count:,}") for pair, count in analysis.confusion.items() if name in pair)
        free -= max(min(cell_len(label(name).plain), COLUMN_WIDTH), digits) + 2
        if free < 0 or len(shown) == MOST_ROWS:
            break
        shown.append(name)
    return [*shown, None] if analysis.spans else shown


def _of_all(shown: Sequence[str | None], analysis: Analysis) -> str:
    """What to say of the names that the table leaves out."""
    names = {name for cell in analysis.confusions for name in cell[:2] if name is not None}
    left = len(names - set(shown))
    return f", the most confused ones; {left:,} more in --json" if left else ""


def _matrix(analysis: Analysis, shown: Sequence[str | None]) -> "Table":
    table = make_table("")
    table.columns[0].max_width = NAME_WIDTH
    for name in shown:
        heading = NONE if name is None else label(name)
        table.add_column(heading, justify="right", no_wrap=True, overflow="ellipsis", max_width=COLUMN_WIDTH)
    for gold in shown:
        counts = (analysis.confusion.get((gold, predicted), 0) for predicted in shown)
        cells = [f"{count:,}" if count else "." for count in counts]
        table.add_row(NONE if gold is None else label(gold), *cells)
    return table


def _confusions_table(analysis: Analysis) -> "Table":
    table = make_table("gold")
    table.add_column("predicted", overflow="fold")
    table.add_column("tokens", justify="right", no_wrap=True)
    for gold, predicted, count in analysis.confusions[:MOST_ROWS]:
        table.add_row(label(gold or "", ""), label(predicted or "", ""), f"{count:,}")
    return table


def _hits_table(columns: tuple[str, str, str], groups: dict[str, Hits]) -> "Table":
    table = make_table("", *columns)
    for name, hits in groups.items():
        share = f"{hits.share:.4f}" if hits.total else "-"
        table.add_row(name, f"{hits.total:,}", f"{hits.correct:,}", share)
    return table


def _lengths_table(analysis: Analysis) -> "Table":
    if not analysis.spans:
        table = make_table("sentences of", "sentences", "tokens", "accuracy")
        for name, bucket in analysis.sentence_lengths.items():
            counts = bucket.counts
            table.add_row(name, f"{bucket.sentences:,}", f"{counts.gold:,}", f"{counts.recall:.4f}")
        return table

    def numbers(counts: Counts) -> list[str]:
        ratios = (counts.precision, counts.recall, counts.f1)
        return [*(f"{ratio:.4f}" for ratio in ratios), f"{counts.gold:,}"]

    table = make_table("", "sentences", "precision", "recall", "F1", "support")
    for name, counts in analysis.entity_lengths.items():
        table.add_row(f"entities of {name}", "", *numbers(counts))
    table.add_section()
    for name, bucket in analysis.sentence_lengths.items():
        table.add_row(f"sentences of {name}", f"{bucket.sentences:,}", *numbers(bucket.counts))
    return table
