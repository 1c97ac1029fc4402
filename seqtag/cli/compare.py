"""`seqtag compare`: a grid of settings, each trained with some seeds, side by side."""

import functools
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from seqtag.cli import parameters
from seqtag.cli.results import check_outputs, written_bytes
from seqtag.cli.stderr import stderr
from seqtag.support.errors import UserError
from seqtag.support.extras import install_line

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.stages.compare import RunEnded
    from seqtag.training.ranking import Combination, Comparison

LEAST = 4  # columns of a terminal in which the name of a setting can be folded
TABLE, PLOT = "table.md", "plot.png"
LEGEND = "rate: what is left of a gradient for each step back; memory: steps until 1% is left"


def compare(
    train: parameters.ComparedTrainFile,
    dev: parameters.ComparedDevFile,
    output: parameters.ComparisonOutput,
    grid: parameters.Grid,
    test: parameters.ComparedTestFile = None,
    seeds: parameters.SeedsEach = 1,
    config: parameters.SharedConfigFile = None,
    assignments: parameters.SharedAssignments = None,
    quiet: parameters.QuietRuns = False,
) -> None:
    """Train a grid of settings on one corpus and show their scores side by side.

    Each run is a line in FOLDER/runs.jsonl as soon as it is done. The same command again goes on where it was
    stopped, and runs with the same settings, files and version are not repeated. Choose by dev: a setting that was
    chosen by its test score has no test score any more.

    Example: seqtag compare --train train.conll --dev dev.conll --grid encoder.cell=simplernn,lstm,gru --seeds 3 -o grid
    """
    from seqtag.settings.config_files import parse_assignments, parse_grid, read

    layers = [read(config) if config else {}, parse_assignments(assignments or [])]
    values = parse_grid(grid)

    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Interrupted, Stop, listening

    paths = {"train": train, "dev": dev} | ({"test": test} if test else {})
    stop = Stop()
    try:
        with listening(stop):
            from seqtag.stages.compare import compare as stage

            _check_place(output, list(paths.values()))
            comparison = stage(
                layers,
                values,
                paths,
                output,
                seeds=seeds,
                debug=wants_debug(),
                listener=_silent if quiet else functools.partial(_say, stderr()),
                stop=stop,
            )
    except (Interrupted, Exception) as problem:
        if stop.signal is None or isinstance(problem, UserError):
            raise
        told = f"interrupted. Finished runs are in {output / 'runs.jsonl'}; the same command goes on with the others."
        raise Interrupted(stop.signal, told) from None
    _write(output / TABLE, _markdown(comparison, paths).encode("utf-8", "backslashreplace"))
    plotted = _plot(comparison, output / PLOT)
    _show(comparison)
    print(f"\nrows in {output / 'runs.jsonl'}, table in {output / TABLE}", end="")
    print(f", plot in {output / PLOT}" if plotted else "")
    sys.stdout.flush()
    if all(one.dev is None for one in comparison.combinations):
        raise UserError("no run came to a score.")


def _check_place(output: Path, inputs: Sequence[str]) -> None:
    """Refuses before the first run a table or a plot that could not be written, or is not ours to write over."""
    from seqtag.training.rows import ROWS

    drawn = [output / name for name in (TABLE, PLOT)]
    for path in drawn:
        if path.exists() and not (output / ROWS).exists():
            problem = f"is in the way: of no comparison, as no {ROWS} is beside it"
            raise UserError(f"{path}: {problem}. Choose another -o.")
    if output.is_dir():
        check_outputs(map(str, drawn), inputs)


def _silent(event: "RunEnded") -> None:
    """Says nothing."""


def _say(stream: TextIO, event: "RunEnded") -> None:
    """One line a run."""
    from seqtag.support.quoting import printable

    row = event.row
    what = f"run {event.number} of {event.of}  {_named(row.choice)}  seed {row.seed}  "
    if row.error is not None:
        what += printable(row.error)
    else:
        what += f"dev {row.metric} {row.dev:.4f}  epoch {row.best_epoch} of {row.epochs}  {row.seconds:.1f} s"
    print(what + ("" if event.repeated else "  (was there)"), file=stream, flush=True)


def _named(choice: Mapping[str, Any]) -> str:
    """The choice in words: `cell=gru bidirectional=true`."""
    return " ".join(f"{path.rpartition('.')[2]}={_value(value)}" for path, value in choice.items())


def _value(value: Any) -> str:
    from seqtag.settings.reference import plain
    from seqtag.support.quoting import printable

    return printable(plain(value))


def _columns(comparison: "Comparison") -> tuple[list[str], list[str]]:
    """The heads of the columns: of the settings, and of the figures."""
    last = [path.rpartition(".")[2] for path in comparison.keys]
    names = [
        path if last.count(short) > 1 else short for path, short in zip(comparison.keys, last, strict=True)
    ]
    figures = ["metric"] * comparison.is_mixed + [f"dev {comparison.metric}", "+-"]
    if any(one.test for one in comparison.combinations):
        figures += [f"test {comparison.metric}", "+-"]
    figures += ["seeds", "parameters", "seconds"]
    return names, figures + ["rate", "memory"] * _has_rates(comparison)


def _has_rates(comparison: "Comparison") -> bool:
    """Whether a run has a rate at which gradients go back."""
    return any(one.reach for one in comparison.combinations)


def _cells(one: "Combination", comparison: "Comparison") -> tuple[list[str], list[str]]:
    """A combination's row: its settings, and its figures."""
    scores = [one.dev, one.test] if any(other.test for other in comparison.combinations) else [one.dev]
    figures = [one.metric or "-"] * comparison.is_mixed
    for score in scores:
        figures += [f"{score[0]:.4f}", f"{score[1]:.4f}"] if score else ["-", "-"]
    done = [row for row in one.rows if row.error is None]
    sizes = {row.parameters for row in done}
    figures.append(str(len(done)) if len(done) == len(one.rows) else f"{len(done)} of {len(one.rows)}")
    figures.append(f"{sizes.pop():,}" if len(sizes) == 1 else "-")
    figures.append(f"{one.seconds:.1f}" if one.seconds is not None else "-")
    if _has_rates(comparison):
        rate, memory = one.reach or (None, None)
        figures.append("-" if rate is None else f"{rate:.4f}")
        figures.append("-" if rate is None else "no end" if memory is None else str(memory))
    return [_value(value) for value in one.choice.values()], figures


def _show(comparison: "Comparison") -> None:
    """The table on stdout, and under it what went wrong."""
    from rich.console import Console

    from seqtag.cli.tables import safe

    console = Console(highlight=False)
    _print_table(comparison, console)
    if _has_rates(comparison):
        print(LEGEND)
    for one in comparison.combinations:
        for error in one.errors:
            console.print(safe(f"{_named(one.choice)}: {error}"), soft_wrap=True)


def _print_table(comparison: "Comparison", console: "Console") -> None:
    """A row for each combination; where the terminal has no room for it, a line for each of its figures."""
    from rich import box
    from rich.measure import Measurement
    from rich.table import Table

    from seqtag.cli.fitted import ANY
    from seqtag.cli.tables import safe

    names, figures = _columns(comparison)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    rows = [(one, *_cells(one, comparison)) for one in comparison.combinations]
    for _, settings, cells in rows:
        table.add_row(*map(safe, settings), *cells)
    options = console.options.update(max_width=ANY)
    words = [
        max(Measurement.get(console, options, cell).minimum for cell in (column.header, *column.cells))
        for column in table.columns[: len(names)]
    ]
    names_can_lose = sum(max(width - LEAST, 0) for width in words)
    if Measurement.get(console, options, table).minimum - names_can_lose <= console.width:
        console.print(table)
        return
    longest = max(map(len, figures))
    for one, _, cells in rows:
        console.print(safe(_named(one.choice)))
        for name, cell in zip(figures, cells, strict=True):
            console.print(safe(f"  {name:{longest}}  {cell:>12}"))


def _markdown(comparison: "Comparison", paths: Mapping[str, str]) -> str:
    """The table as Markdown, with what it was made from."""
    import seqtag

    names, figures = _columns(comparison)
    rows = [names + figures, ["---"] * len(names) + ["---:"] * len(figures)]
    for one in comparison.combinations:
        settings, cells = _cells(one, comparison)
        rows.append([value.replace("|", "\\|") for value in settings] + cells)
    files = ", ".join(f"{role} {shlex.quote(path)}" for role, path in paths.items())
    lines = [
        f"seqtag {seqtag.__version__}; {files}. Mean and standard deviation over seeds; choose by dev.",
        "",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    notes = [f"{_named(one.choice)}: {error}" for one in comparison.combinations for error in one.errors]
    signatures = {row.signature for one in comparison.combinations for row in one.rows if row.signature}
    lines += ["", LEGEND] * _has_rates(comparison)
    lines += ["", *(f"- {note}" for note in notes), *(f"- `{text}`" for text in sorted(signatures))]
    return "\n".join(lines) + "\n"


def _write(path: Path, content: bytes) -> None:
    with written_bytes(str(path)) as stream:
        stream.write(content)


def _plot(comparison: "Comparison", path: Path) -> bool:
    """Draws the scores on dev: a dot a seed, a bar at the mean; says how to get matplotlib where there is none."""
    shown = [one for one in comparison.combinations if one.dev is not None]
    if not shown:
        return False
    try:
        import matplotlib
    except ImportError:
        print(f"seqtag: no plot without matplotlib: {install_line('plot')}", file=stderr())
        return False
    import io

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    rated = [one for one in shown if one.reach]
    size = (12 if rated else 8, 1.2 + 0.35 * len(shown))
    figure = Figure(figsize=size, layout="constrained")
    axes, *beside = figure.subplots(
        1, 1 + bool(rated), sharey=True, squeeze=False, width_ratios=[2, 1][: 1 + bool(rated)]
    )[0]
    for place, one in enumerate(reversed(shown)):
        mean, deviation = one.dev or (0.0, 0.0)
        axes.errorbar(
            mean, place, xerr=deviation, fmt="|", color="#1f4e79", capsize=4, markersize=14, elinewidth=2
        )
        scores = [row.dev for row in one.rows if row.dev is not None]
        axes.plot(scores, [place] * len(scores), "o", color="#d9822b", alpha=0.7, markersize=5)
        for panel in beside:
            rates = [row.rate for row in one.rows if row.rate is not None]
            panel.plot(rates, [place] * len(rates), "o", color="#5b8c5a", alpha=0.7, markersize=5)
    axes.set_yticks(range(len(shown)), [_named(one.choice).replace("$", r"\$") for one in reversed(shown)])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlabel(f"dev {comparison.metric}: a dot a seed, mean and standard deviation")
    for panel in beside:
        panel.axvline(1, color="grey", linewidth=0.8, linestyle=":")
        panel.set_xlabel("what is left of a gradient for each step back")
        panel.tick_params(left=False)
    for panel in (axes, *beside):
        panel.grid(axis="x", alpha=0.3)
        panel.spines[["top", "right", "left"]].set_visible(False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    _write(path, content.getvalue())
    return True
