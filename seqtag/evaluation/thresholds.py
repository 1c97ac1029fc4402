"""Precision against recall where answers below a minimum probability are left out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from seqtag.evaluation.counts import Counts
from seqtag.evaluation.figures import Figures

MINIMA = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Threshold:
    """What is left of the answers at a minimum probability.

    Attributes:
        probability: The minimum.
        counts: The right ones among the answers that are left, those answers, and what there was to find.
    """

    probability: float
    counts: Counts


@dataclass(frozen=True)
class Thresholds:
    """Precision and recall by minimum probability.

    Attributes:
        of: What the answers are, such as `entities`.
        points: From the smallest minimum to the largest.
    """

    of: str
    points: tuple[Threshold, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values, one object for each minimum."""
        return [
            {
                "min_probability": point.probability,
                **point.counts.ratios(),
                **asdict(point.counts),
            }
            for point in self.points
        ]


def thresholds(of: str, probabilities: Sequence[float], right: Sequence[bool], gold: int) -> Thresholds:
    """Precision and recall at each of `MINIMA`.

    Args:
        of: What the answers are, such as `entities`.
        probabilities: The probability of each.
        right: Whether each is right.
        gold: How many right answers there are to find.

    Example:
        >>> [point.counts.precision for point in thresholds("tags", [0.3, 0.8], [False, True], 2).points[:5]]
        [0.5, 0.5, 0.5, 0.5, 1.0]
    """
    given, hits = np.asarray(probabilities, np.float64), np.asarray(right, bool)
    points = []
    for minimum in MINIMA:
        left = given >= minimum
        points.append(Threshold(minimum, Counts(int((left & hits).sum()), int(left.sum()), gold)))
    return Thresholds(of, tuple(points))


def thresholds_table(found: Thresholds) -> Figures:
    """The points, as a table."""
    rows = []
    for point in found.points:
        counts = point.counts
        ratios = (f"{value:.4f}" for value in (counts.precision, counts.recall, counts.f1))
        rows.append((f"{point.probability:.2f}", *ratios, f"{counts.predicted:,}"))
    return Figures(("minimum probability", "precision", "recall", "F1", found.of), rows)


def thresholds_json(found: Sequence[Thresholds]) -> dict[str, Any]:
    """`thresholds`, with what was looked at by its name; empty if nothing was."""
    return {"thresholds": {entry.of: entry.to_json() for entry in found}} if found else {}
