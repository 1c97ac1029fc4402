"""The plot of `seqtag compare`."""

import io
from collections.abc import Sequence
from typing import Any

from seqtag.cli.comparison_tables import named
from seqtag.pages.colours import PALETTE
from seqtag.training.ranking import Combination, Comparison

BLUE, ORANGE, GREEN = PALETTE[:3]


def png(comparison: Comparison) -> bytes:
    """The scores on dev: one dot per seed, a bar at the mean; beside them the rates of gradients, where there are some.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.use("Agg")
    shown = [one for one in reversed(comparison.combinations) if one.dev is not None]
    rated = any(one.reach for one in shown)
    figure = Figure(figsize=(12 if rated else 8, 1.8 + 0.35 * len(shown)), layout="constrained")
    axes, *beside = figure.subplots(
        1, 1 + rated, sharey=True, squeeze=False, width_ratios=[2, 1][: 1 + rated]
    )[0]
    _draw_scores(axes, shown)
    axes.set_yticks(range(len(shown)), [named(one.choice).replace("$", r"\$") for one in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set(title="Scores", xlabel=f"dev {comparison.metric}", ylabel="settings")
    for panel in beside:
        _draw_rates(panel, shown)
    for panel in (axes, *beside):
        panel.grid(axis="x", alpha=0.3)
        panel.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=4)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()


def _draw_scores(axes: Any, shown: Sequence[Combination]) -> None:
    for place, one in enumerate(shown):
        words = (
            ("mean and standard deviation", "one seed") if place == 0 else ("_", "_")
        )  # "_": not in the legend
        mean, deviation = one.dev or (0.0, 0.0)
        axes.errorbar(
            mean,
            place,
            xerr=deviation,
            fmt="|",
            color=BLUE,
            capsize=4,
            markersize=14,
            elinewidth=2,
            label=words[0],
        )
        scores = [row.dev for row in one.rows if row.dev is not None]
        axes.plot(scores, [place] * len(scores), "o", color=ORANGE, alpha=0.7, markersize=5, label=words[1])


def _draw_rates(panel: Any, shown: Sequence[Combination]) -> None:
    for place, one in enumerate(shown):
        label = "_" if place else "gradient of one seed"
        rates = [row.rate for row in one.rows if row.rate is not None]
        panel.plot(rates, [place] * len(rates), "o", color=GREEN, alpha=0.7, markersize=5, label=label)
    panel.axvline(1, color="grey", linewidth=0.8, linestyle=":", label="nothing lost")
    panel.set(title="Gradients", xlabel="share of a gradient left per step back")
    panel.tick_params(left=False)
