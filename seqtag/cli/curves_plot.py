"""The plot of `seqtag train --plot`."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqtag.pages.colours import PALETTE


def drawn(curves: Mapping[str, Sequence[Any]], measure: str) -> Any:
    """The figure: loss, dev score, gradient norm and clipping by epoch, a curve for each seed.

    Args:
        curves: The epochs (`training.events.Epoch`) of each run, by its name.
        measure: The title of the score on dev.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = (
        ("Loss", "mean loss of the steps", "loss"),
        (f"Dev {measure}", measure, "dev_score"),
        ("Gradient norm", "mean norm before clipping", "gradient_norm"),
        ("Clipping", "share of steps clipped", "clipped"),
    )
    for axes, (title, unit, name) in zip(figure.subplots(2, 2).flat, panels, strict=True):
        for number, (run, epochs) in enumerate(curves.items()):
            points = [(epoch.number, getattr(epoch, name)) for epoch in epochs]
            axes.plot(
                *zip(*points, strict=True),
                color=PALETTE[number % len(PALETTE)],
                marker="o",
                markersize=3,
                label=run,
            )
        axes.set(title=title, xlabel="epoch", ylabel=unit)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if name == "clipped":
            axes.set_ylim(-0.02, 1.02)
        if len(curves) > 1:
            axes.legend(fontsize=8, frameon=False)
    return figure
