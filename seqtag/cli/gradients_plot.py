"""The plot of `seqtag gradients`."""

from typing import Any

from seqtag.pages.colours import PALETTE
from seqtag.stages.gradients import GradientReport
from seqtag.support.quoting import counted

INSIDE = 4  # curves whose names find room beside them; those of more stand below


def drawn(report: GradientReport) -> Any:
    """The figure with both profiles, the norms on a logarithmic scale.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    below = len(report.layers) > INSIDE
    figure = Figure(figsize=(10, 4.2 + 0.18 * len(report.layers) * below), layout="constrained")
    panels = figure.subplots(1, 2)
    titles = (
        "states: |d s(t) / d s(t-k)|, 1 for the identity",
        "loss: |d L(t) / d s(t-k)|, as a share of that at k = 0",
    )
    for panel, title, attribute in zip(panels, titles, ("jacobians", "errors"), strict=True):
        _draw_profiles(panel, report, attribute)
        panel.axhline(0.01, color="grey", linewidth=0.8, linestyle=":")
        edge = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}  # where no curve is
        panel.annotate("1%", (1, 0.01), (3, 0), **edge, color="grey", va="center", fontsize=8)
        panel.set(title=title, xlabel="k, steps back (words)", yscale="log")
        panel.title.set_fontsize(10)
        panel.grid(alpha=0.3)
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13)} if below else {}
        panel.legend(fontsize=8, **place)
    panels[0].set_ylabel("mean norm")
    panels[1].set_ylabel("share of the norm at k = 0")
    figure.suptitle(
        f"{report.cell}: gradients back through the words of {counted(report.sentences, 'sentence')}",
        fontsize=11,
    )
    return figure


def _draw_profiles(panel: Any, report: GradientReport, attribute: str) -> None:
    """A curve for each layer and direction, as far as its norms are above 0."""
    for layer in report.layers:
        norms = getattr(layer, attribute)
        fit = layer.jacobian_fit if attribute == "jacobians" else layer.error_fit
        shares = [norm / norms[0] if norms[0] else 0.0 for norm in norms]
        points = [(k, share) for k, share in enumerate(shares) if share > 0]
        if not points:
            continue
        panel.plot(
            *zip(*points, strict=True),
            label=f"layer {layer.number} {layer.direction}: rate {fit.rate:.3f}, {fit.verdict}",
            color=PALETTE[(layer.number - 1) % len(PALETTE)],
            linestyle="-" if layer.direction == "forward" else "--",
            marker="o" if layer.direction == "forward" else "s",
            markersize=3,
        )
