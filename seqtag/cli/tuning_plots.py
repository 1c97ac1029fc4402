"""The plots of `seqtag tune` as SVG: how the score grew, which settings count, and what good trials have in common."""

import io
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from seqtag.cli.comparison_tables import shown_value
from seqtag.pages.colours import PALETTE
from seqtag.stages.tune import Tuned
from seqtag.tasks.study import FINAL, OWN, TrialResult

BLUE, ORANGE, *_ = PALETTE
GREY = "#9a9a9a"
MOST = 200  # trials whose lines are drawn
MARKS = 8  # values of a setting that are marked one by one


def plots(tuned: Tuned) -> dict[str, str]:
    """The plots that can be drawn, by their titles.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib  # noqa: F401

    found = {}
    results = [result for result in tuned.trials if result.trial.role != FINAL]
    scored = [result for result in results if result.gain is not None]
    if scored and tuned.measure:
        found["Score of each trial"] = _svg(_history(results, tuned))
        found["Score after each epoch"] = _svg(_curves(results, tuned))
    if tuned.importances:
        found["Importance of each setting"] = _svg(_importance(tuned))
    if len([result for result in scored if result.trial.choice]) > 1 and tuned.measure:
        found["Settings of all trials"] = _svg(_coordinates(scored, tuned))
    return found


def _history(results: Sequence[TrialResult], tuned: Tuned) -> Any:
    """A dot for each trial, and the best so far."""
    figure, axes = _axes(4.0)
    measure = tuned.measure
    best: list[tuple[int, float]] = []
    for result in results:
        if result.row.dev is not None and measure:
            former = best[-1][1] if best else result.row.dev
            better = measure.gain(result.row.dev) >= measure.gain(former)
            best.append((result.trial.number, result.row.dev if better else former))
    axes.step(*zip(*best, strict=True), where="post", color=BLUE, label="best so far")
    scored = [result for result in results if result.row.dev is not None]
    own = [result for result in scored if result.trial.role == OWN]
    others = [result for result in scored if result.trial.role != OWN]
    axes.plot(
        [one.trial.number for one in others],
        [one.row.dev for one in others],
        "o",
        color=ORANGE,
        label="trial",
    )
    for one in own:
        axes.plot(one.trial.number, one.row.dev, "D", color=BLUE, label="settings as given")
    axes.set_xlabel("trial")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(_title(tuned))
    axes.legend(frameon=False)
    return figure


def _curves(results: Sequence[TrialResult], tuned: Tuned) -> Any:
    """A line for each trial; a cross where it was pruned."""
    figure, axes = _axes(4.0)
    measure = tuned.measure
    for result in results[:MOST]:
        epochs = sorted(result.gains)
        scores = [measure.gain(result.gains[epoch]) if measure else 0.0 for epoch in epochs]
        colour = GREY if result.pruned else ORANGE
        axes.plot(epochs, scores, color=colour, linewidth=1)
        if result.pruned and epochs:
            axes.plot(epochs[-1], scores[-1], "x", color=GREY)
    axes.set_xlabel("epoch (x: pruned)")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(_title(tuned))
    return figure


def _importance(tuned: Tuned) -> Any:
    names = list(tuned.importances)[::-1]
    figure, axes = _axes(1.2 + 0.35 * len(names))
    axes.barh(names, [tuned.importances[name] for name in names], color=BLUE)
    axes.set_xlabel("share of the score's variation (PED-ANOVA)")
    return figure


def _coordinates(scored: Sequence[TrialResult], tuned: Tuned) -> Any:
    """Parallel coordinates: an axis for each setting, a line for each trial, the darker the better."""
    from matplotlib import colormaps

    paths = [path for path in tuned.comparison.keys if any(path in one.trial.choice for one in scored)]
    figure, axes = _axes(5.0)
    scales = {}
    for path in paths:
        values = [one.trial.choice[path] for one in scored if path in one.trial.choice]
        scales[path] = _scale(values, log=path in tuned.logarithmic)
    gains = sorted(one.gain or 0.0 for one in scored)
    for result in sorted(scored, key=lambda one: one.gain or 0.0)[-MOST:]:
        points = [(place, scales[path][1](result.trial.choice[path])) for place, path in enumerate(paths)
                  if path in result.trial.choice]  # fmt: skip
        # Of equal trials each is drawn as the best of them: where all are, all are dark.
        rank = (bisect_right(gains, result.gain or 0.0) - 1) / max(len(gains) - 1, 1)
        axes.plot(
            *zip(*points, strict=True),
            color=colormaps["cividis_r"](rank),
            linewidth=0.8 + 1.5 * rank,
        )
    for place, path in enumerate(paths):
        axes.axvline(place, color=GREY, linewidth=0.8)
        for height, text in scales[path][0]:
            axes.annotate(
                text, (place, height), xytext=(3, 0), textcoords="offset points", fontsize=7, va="center"
            )
    axes.set_xticks(range(len(paths)), [path.replace(".", ".\n") for path in paths], fontsize=7)
    axes.set_yticks([])
    axes.set_ylabel("the darker, the better on dev")
    axes.grid(visible=False)
    return figure


def _scale(values: Sequence[Any], *, log: bool) -> tuple[list[tuple[float, str]], Callable[[Any], float]]:
    """Marks of an axis with their heights, and what gives the height of a value: from 0 to 1.

    Args:
        values: The values that have to have a height.
        log: Whether the axis of numbers is logarithmic, where none of them is zero or less.
    """
    distinct = list(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct)
    if not numbers:
        heights = {repr(value): place / max(len(distinct) - 1, 1) for place, value in enumerate(distinct)}
        marks = [(heights[repr(value)], shown_value(value)) for value in distinct]
        return marks, lambda value: heights[repr(value)]
    log = log and min(distinct) > 0
    low, high = (math.log(end) if log else end for end in (min(distinct), max(distinct)))
    width = (high - low) or 1

    def height(value: Any) -> float:
        return float(((math.log(value) if log else value) - low) / width)

    if len(distinct) <= MARKS:
        return [(height(value), shown_value(value)) for value in sorted(distinct)], height
    places = [low + width * place / 4 for place in range(5)]
    return [(place / 4, f"{math.exp(at) if log else at:.3g}") for place, at in enumerate(places)], height


def _axes(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _title(tuned: Tuned) -> str:
    return f"dev {tuned.measure.title}" if tuned.measure else "dev"


def _svg(figure: Any) -> str:
    """The figure as an element of a page; equal figures are equal bytes."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "seqtag", "svg.fonttype": "path"}):
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return content.getvalue()[content.getvalue().index("<svg") :]
