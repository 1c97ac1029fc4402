"""The table of `seqtag compare` and `seqtag tune`, for a terminal and as Markdown."""

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.training.ranking import Combination, Comparison

LEAST = 4  # columns of a terminal in which the name of a setting can be folded
LEGEND = "rate: share of a gradient left per step back; memory: steps until 1% is left"


def named(choice: Mapping[str, Any]) -> str:
    """The choice in words: `cell=gru bidirectional=true`."""
    values = map(shown_value, choice.values())
    return " ".join(f"{name}={value}" for name, value in zip(short_names(choice), values, strict=True))


def short_names(paths: Iterable[str]) -> list[str]:
    """The names of settings without their sections, but for those that would be equal."""
    whole = list(paths)
    last = [path.rpartition(".")[2] for path in whole]
    return [path if last.count(name) > 1 else name for path, name in zip(whole, last, strict=True)]


def shown_value(value: Any) -> str:
    """A value of a setting as tables show it."""
    from seqtag.settings.reference import plain
    from seqtag.support.quoting import printable

    return printable(plain(value))


def columns_of(comparison: "Comparison") -> tuple[list[str], list[str]]:
    """The heads of the columns: of the settings, and of the figures."""
    figures = ["metric"] * comparison.is_mixed + [f"dev {comparison.metric}", "+-"]
    if any(one.test for one in comparison.combinations):
        figures += [f"test {comparison.metric}", "+-"]
    figures += ["seeds", "parameters", "seconds"]
    return short_names(comparison.keys), figures + ["rate", "memory"] * has_rates(comparison)


def has_rates(comparison: "Comparison") -> bool:
    """Whether a run has a rate at which gradients go back."""
    return any(one.reach for one in comparison.combinations)


def cells_of(one: "Combination", comparison: "Comparison") -> tuple[list[str], list[str]]:
    """A combination's row: its settings, and its figures."""
    scores = [one.dev, one.test] if any(other.test for other in comparison.combinations) else [one.dev]
    figures = [one.metric or "-"] * comparison.is_mixed
    for score in scores:
        figures += [*map(one.measure.text, score)] if score and one.measure else ["-", "-"]
    done = [row for row in one.rows if row.error is None]
    sizes = {row.parameters for row in done}
    figures.append(str(len(done)) if len(done) == len(one.rows) else f"{len(done)} of {len(one.rows)}")
    figures.append(f"{sizes.pop():,}" if len(sizes) == 1 else "-")
    figures.append(f"{one.seconds:.1f}" if one.seconds is not None else "-")
    if has_rates(comparison):
        rate, memory = one.reach or (None, None)
        figures.append("-" if rate is None else f"{rate:.4f}")
        figures.append("-" if rate is None else "no end" if memory is None else str(memory))
    settings = [shown_value(one.choice[path]) if path in one.choice else "" for path in comparison.keys]
    return settings, figures


def show(comparison: "Comparison") -> None:
    """The table on stdout, and under it what went wrong."""
    from seqtag.cli.tables import make_console, print_line

    console = make_console()
    print_table(comparison, console)
    if has_rates(comparison):
        print(LEGEND)
    for one in comparison.combinations:
        for error in one.errors:
            print_line(f"{named(one.choice)}: {error}", console)


def print_table(comparison: "Comparison", console: "Console") -> None:
    """A row for each combination; where the terminal has no room for it, a line for each of its figures."""
    from rich import box
    from rich.measure import Measurement
    from rich.table import Table

    from seqtag.cli.fitted import ANY, NAME
    from seqtag.cli.tables import safe

    names, figures = columns_of(comparison)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    rows = [(one, *cells_of(one, comparison)) for one in comparison.combinations]
    for _, settings, cells in rows:
        table.add_row(*map(safe, settings), *cells)
    options = console.options.update(max_width=ANY)
    can_lose = 0  # columns of the terminal, if headings and long values are folded
    for column in table.columns[: len(names)]:
        heading, *values = (
            Measurement.get(console, options, cell).maximum for cell in (column.header, *column.cells)
        )
        column.min_width = min(max(LEAST, min(max(values), NAME)), max(heading, *values))
        can_lose += max(heading, *values) - column.min_width
    if Measurement.get(console, options, table).maximum - can_lose <= console.width:
        console.print(table)
        return
    longest = max(map(len, figures))
    widest = max(len(cell) for _, _, cells in rows for cell in cells)
    for one, _, cells in rows:
        console.print(safe(named(one.choice)))
        for name, cell in zip(figures, cells, strict=True):
            console.print(safe(f"  {name:{longest}} {cell:>{widest}}"))


def markdown(comparison: "Comparison", paths: Mapping[str, str]) -> str:
    """The table as Markdown, with what it was made from."""
    import seqtag

    names, figures = columns_of(comparison)
    rows = [names + figures, ["---"] * len(names) + ["---:"] * len(figures)]
    for one in comparison.combinations:
        settings, cells = cells_of(one, comparison)
        rows.append([value.replace("|", "\\|") for value in settings] + cells)
    files = ", ".join(f"{role} {shlex.quote(path)}" for role, path in paths.items())
    lines = [
        f"seqtag {seqtag.__version__}; {files}. Mean and standard deviation over seeds; choose by dev.",
        "",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    notes = [f"{named(one.choice)}: {error}" for one in comparison.combinations for error in one.errors]
    signatures = {row.signature for one in comparison.combinations for row in one.rows if row.signature}
    lines += ["", LEGEND] * has_rates(comparison)
    lines += ["", *(f"- {note}" for note in notes), *(f"- `{text}`" for text in sorted(signatures))]
    return "\n".join(lines) + "\n"
