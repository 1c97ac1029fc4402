"""The page of `seqtag tune`: one HTML file that loads nothing and runs nothing, with its plots within."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqtag.cli.comparison_tables import cells_of, columns_of, short_names, shown_value
from seqtag.cli.stderr import stderr
from seqtag.pages.templates import render
from seqtag.stages.tune import Tuned
from seqtag.support.extras import install_line
from seqtag.support.quoting import counted
from seqtag.tasks.study import FINAL, GRID, OWN, TrialResult


@dataclass(frozen=True)
class TrialTable:
    """A table of settings and figures.

    Attributes:
        names: The heads of the settings.
        figures: The heads of the figures.
        rows: Of each row its state, its settings and its figures.
    """

    names: Sequence[str]
    figures: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str], Sequence[str]]]


def page(tuned: Tuned, paths: Mapping[str, str]) -> str:
    """The whole page: `tuning.html` filled in; without plots where matplotlib is not installed.

    Args:
        tuned: What the search came to.
        paths: The files that it was made on, by their role.
    """
    pruned = sum(result.pruned for result in tuned.trials)
    failed = sum(result.gain is None and not result.pruned for result in tuned.trials)
    finals = sum(result.trial.role == FINAL for result in tuned.trials)
    summary = counted(
        len(tuned.trials) - finals, "trial"
    ) + f" and {counted(finals, 'run')} with further seeds" * bool(finals)
    summary += f", {pruned} pruned" * bool(pruned) + f", {failed} failed" * bool(failed)
    summary += "".join(f"; {role} {path}" for role, path in paths.items())
    from markupsafe import Markup

    return render(
        "tuning.html",
        title=f"seqtag tune: {paths['train']}",
        heading=f"Search for settings on {paths['train']}",
        summary=summary,
        best=_best(tuned),
        plots={title: Markup(svg) for title, svg in _plots(tuned).items()},
        trials=_trials(tuned),
    )


def _plots(tuned: Tuned) -> dict[str, str]:
    from seqtag.cli.tuning_plots import plots

    try:
        return plots(tuned)
    except ImportError:
        print(f"seqtag: no plots without matplotlib: {install_line('plot')}", file=stderr())
        return {}


def _best(tuned: Tuned) -> TrialTable:
    names, figures = columns_of(tuned.comparison)
    rows = [cells_of(one, tuned.comparison) for one in tuned.comparison.combinations]
    return TrialTable(names, figures, [("", *row) for row in rows])


def _trials(tuned: Tuned) -> TrialTable:
    paths = tuned.comparison.keys
    names = ["trial", "", *short_names(paths)]
    figures = ["dev", "best epoch", "epochs", "seconds"]
    rows = [
        (
            _state(result),
            [*_named(result), *(_chosen(result, path) for path in paths)],
            _figures(result, tuned),
        )
        for result in tuned.trials
    ]
    return TrialTable(names, figures, rows)


def _named(result: TrialResult) -> list[str]:
    role = {OWN: "as given", FINAL: f"seed {result.row.seed}", GRID: f"seed {result.row.seed}"}
    return [str(result.trial.number), role.get(result.trial.role or "", _state(result))]


def _state(result: TrialResult) -> str:
    return "pruned" if result.pruned else "failed" if result.gain is None else ""


def _chosen(result: TrialResult, path: str) -> str:
    return shown_value(result.trial.choice[path]) if path in result.trial.choice else ""


def _figures(result: TrialResult, tuned: Tuned) -> list[str]:
    row = result.row
    if row.dev is None or tuned.measure is None:
        words = f"after epoch {max(result.gains, default=0)}" if result.pruned else row.error or ""
        return [words, "", "", ""]
    return [tuned.measure.text(row.dev), str(row.best_epoch), str(row.epochs), f"{row.seconds or 0:.1f}"]
