"""`seqtag compare`: a grid of settings, each trained with some seeds, side by side."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from seqtag.cli import parameters
from seqtag.cli.comparison_tables import markdown, named, show
from seqtag.cli.results import check_made, written_bytes
from seqtag.cli.stderr import say, stderr, steps
from seqtag.support.errors import Error
from seqtag.support.extras import install_line

if TYPE_CHECKING:
    from seqtag.stages.compare import RunEnded
    from seqtag.training.ranking import Comparison

TABLE, PLOT = "table.md", "plot.png"


def compare(
    train: parameters.ComparedTrainFile,
    dev: parameters.ComparedDevFile,
    output: parameters.ComparisonOutput,
    grid: parameters.Grid,
    test: parameters.ComparedTestFile = None,
    task: parameters.ComparedTask = None,
    seeds: parameters.SeedsEach = 1,
    workers: parameters.Workers = 1,
    config: parameters.SharedConfigFile = None,
    assignments: parameters.SharedAssignments = None,
    quiet: parameters.QuietRuns = False,
) -> None:
    r"""Train a grid of settings on one corpus and show their scores side by side.

    Each finished run adds a row to FOLDER/runs.jsonl. The same command
    continues an interrupted comparison; runs with the same settings, files and
    versions are not repeated. Choose by dev: a test score that was used to
    choose a setting is no longer a test score.

    Examples:
      seqtag compare --train train.conll --dev dev.conll -o grid \
        --grid encoder.cell=simplernn,lstm,gru --seeds 3
    """
    from seqtag.settings.config_files import parse_assignments, parse_grid, read
    from seqtag.settings.tasks import chosen, schema_for

    name, layers = chosen([read(config) if config else {}, parse_assignments(assignments or [])], task)
    values = parse_grid(grid, schema_for(name))

    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Stop, resumable

    paths = {"train": train, "dev": dev} | ({"test": test} if test else {})
    stop = Stop()
    kept = f"Finished runs are in {output / 'runs.jsonl'}; the same command goes on with the others."
    with resumable(stop, kept):
        from seqtag.stages.compare import compare as stage
        from seqtag.training.rows import ROWS

        check_made(output, (TABLE, PLOT), ROWS, "comparison", list(paths.values()))
        with steps() as step:
            if not quiet:
                step("reading the corpus and starting TensorFlow ...")
            comparison = stage(
                layers,
                values,
                paths,
                output,
                task=name,
                seeds=seeds,
                workers=workers,
                debug=wants_debug(),
                listener=_silent if quiet else functools.partial(_say, step),
                stop=stop,
            )
    _write(output / TABLE, markdown(comparison, paths).encode("utf-8", "backslashreplace"))
    plotted = _plot(comparison, output / PLOT)
    show(comparison)
    print(f"\nrows in {output / 'runs.jsonl'}, table in {output / TABLE}", end="")
    print(f", plot in {output / PLOT}" if plotted else "")
    sys.stdout.flush()
    if all(one.dev is None for one in comparison.combinations):
        raise Error("no run produced a score.")


def _silent(event: "RunEnded") -> None:
    """Prints nothing."""


def _say(step: Callable[[str], None], event: "RunEnded") -> None:
    """Prints a line for a run, and shows that the next one is trained."""
    from seqtag.support.quoting import printable

    row = event.row
    what = f"run {event.number} of {event.of}  {named(row.choice)}  seed {row.seed}  "
    if row.dev is None or event.measure is None:
        what += printable(row.error or "")
    else:
        what += f"dev {row.metric} {event.measure.text(row.dev)}  epoch {row.best_epoch} of {row.epochs}  "
        what += f"{row.seconds:.1f} s"
    say(what + ("" if event.repeated else "  (already done)"))
    if event.number < event.of:
        step(f"training run {event.number + 1} of {event.of} ...")


def _write(path: Path, content: bytes) -> None:
    with written_bytes(str(path)) as stream:
        stream.write(content)


def _plot(comparison: "Comparison", path: Path) -> bool:
    """Draws the plot, if there is a score; says how to get matplotlib where it is missing."""
    if all(one.dev is None for one in comparison.combinations):
        return False
    from seqtag.cli.comparison_plot import png

    try:
        content = png(comparison)
    except ImportError:
        print(f"seqtag: no plot without matplotlib: {install_line('plot')}", file=stderr())
        return False
    _write(path, content)
    return True
