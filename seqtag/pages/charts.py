"""Charts as inline SVG, in the colours and the type of the page around them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seqtag.pages.colours import PALETTE

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 420, 280
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 46  # around the axes
TICKS = 5


@dataclass(frozen=True)
class Curve:
    """Points that are joined by lines.

    Attributes:
        name: What the legend calls it.
        points: Its points; of one whose `y` is None there is a gap.
        sizes: The area of the mark of each point, as a share of the largest; all alike if empty.
        notes: What a point says when it is pointed at; empty for its numbers.
    """

    name: str
    points: Sequence[tuple[float, float | None]]
    sizes: Sequence[float] = field(default=(), repr=False)
    notes: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class ChartAxis:
    """An axis.

    Attributes:
        title: What is measured, with its unit if it has one.
        low: Where it begins; None for the smallest value.
        high: Where it ends; None for the largest value.
        whole: Whether only whole numbers are marked.
    """

    title: str
    low: float | None = None
    high: float | None = None
    whole: bool = False


def chart(
    title: str, curves: Sequence[Curve], x: ChartAxis, y: ChartAxis, *, diagonal: bool = False
) -> "Markup":
    """Curves over two axes, with a legend if there are several.

    Args:
        title: What the chart shows, for screen readers.
        curves: The curves; at most as many as there are colours are told apart.
        x: The horizontal axis.
        y: The vertical axis.
        diagonal: Whether to draw a dashed line where both are equal.

    Returns:
        An element `svg`.
    """
    from markupsafe import Markup

    xs = [point[0] for curve in curves for point in curve.points]
    ys = [point[1] for curve in curves for point in curve.points if point[1] is not None]
    across, up = _scale(xs, x), _scale(ys, y)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return (
            LEFT + across.share(point[0]) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up.share(point[1]) * (HEIGHT - TOP - BOTTOM),
        )

    parts = [_grid(across, up, x, y)]
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        parts.append(_line([place((low, low)), place((high, high))], "diagonal", ""))
    for number, curve in enumerate(curves):
        colour = PALETTE[number % len(PALETTE)] if len(curves) > 1 else "var(--accent)"
        parts.append(_curve(curve, colour, [
            None if point[1] is None else place((point[0], point[1])) for point in curve.points
        ]))  # fmt: skip
    legend = _legend(curves) if len(curves) > 1 else Markup("")
    return Markup(
        '<figure class="chart"><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>{}</figure>'
    ).format(WIDTH, HEIGHT, title, Markup("").join(parts), legend)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _scale(values: Sequence[float], axis: ChartAxis) -> _Scale:
    """From the first tick to the last, which enclose all values."""
    low = axis.low if axis.low is not None else min(values, default=0.0)
    high = axis.high if axis.high is not None else max(values, default=1.0)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    step = _step(high - low, whole=axis.whole)
    first = axis.low if axis.low is not None else math.floor(low / step) * step
    last = axis.high if axis.high is not None else math.ceil(high / step - 1e-9) * step
    if axis.whole:
        first, last = low, high
    ticks = [
        step * number for number in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)
    ]
    return _Scale(first, last, ticks)


def _step(width: float, *, whole: bool) -> float:
    """A step of 1, 2 or 5 times a power of ten by which about `TICKS` marks are set."""
    rough = width / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return max(step, 1.0) if whole else step


def _grid(across: _Scale, up: _Scale, x: ChartAxis, y: ChartAxis) -> "Markup":
    """The lines, numbers and titles of both axes."""
    from markupsafe import Markup

    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in up.ticks:
        height = bottom - up.share(tick) * (bottom - TOP)
        parts.append(_line([(LEFT, height), (right, height)], "grid", ""))
        parts.append(_text(LEFT - 6, height + 4, _number(tick), "end"))
    for tick in across.ticks:
        at = LEFT + across.share(tick) * (right - LEFT)
        parts.append(_line([(at, bottom), (at, bottom + 4)], "grid", ""))
        parts.append(_text(at, bottom + 18, _number(tick), "middle"))
    parts.append(_line([(LEFT, bottom), (right, bottom)], "axis", ""))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 8, x.title, "middle"))
    middle = (TOP + bottom) / 2
    parts.append(
        Markup('<text transform="translate(14 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>').format(
            middle, y.title
        )
    )
    return Markup("").join(parts)


def _curve(curve: Curve, colour: str, places: Sequence[tuple[float, float] | None]) -> "Markup":
    """The lines of a curve and a mark at each of its points."""
    from markupsafe import Markup

    parts: list[Markup] = []
    pieces: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            pieces.append([])
        else:
            pieces[-1].append(place)
    parts += [_line(piece, "curve", colour) for piece in pieces if len(piece) > 1]
    for number, place in enumerate(places):
        if place is None:
            continue
        radius = 3.0 if not curve.sizes else 2 + 7 * math.sqrt(curve.sizes[number])
        x, y = curve.points[number]
        note = curve.notes[number] if curve.notes else f"{curve.name}: {_number(x)}, {y:.4g}"
        parts.append(
            Markup(
                '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" style="fill:{}"><title>{}</title></circle>'
            ).format(*place, radius, colour, note)
        )
    return Markup("").join(parts)


def _legend(curves: Sequence[Curve]) -> "Markup":
    from markupsafe import Markup

    entry = Markup('<span class="key"><span class="chip" style="--type:{}"></span>{}</span>')
    keys = (entry.format(PALETTE[number % len(PALETTE)], curve.name) for number, curve in enumerate(curves))
    return Markup("<figcaption>{}</figcaption>").format(Markup(" ").join(keys))


def _line(points: Sequence[tuple[float, float]], kind: str, colour: str) -> "Markup":
    from markupsafe import Markup

    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    stroke = Markup(' style="stroke:{}"').format(colour) if colour else Markup("")
    return Markup('<polyline class="{}" points="{}"{} fill="none"/>').format(kind, path, stroke)


def _text(x: float, y: float, text: str, anchor: str) -> "Markup":
    from markupsafe import Markup

    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _number(value: float) -> str:
    """A tick's number, as short as it is exact."""
    return f"{value:.10g}" if abs(value) < 1e6 else f"{value:.0e}"
