"""How far probabilities mean what they say.

The expected calibration error (Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using
Bayesian Binning"; Guo et al. 2017, "On Calibration of Modern Neural Networks"): answers are put into ten bins of equal
width by their probability, and in each bin the mean probability is compared with the share of right answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtag.evaluation.figures import Figures

BINS = 10


@dataclass(frozen=True)
class Bin:
    """The answers whose probability lies in one of the bins.

    Attributes:
        low: Where the bin begins; it ends before the next one begins, and the last one with 1.
        high: Where it ends.
        count: How many answers there are.
        probability: The mean of their probabilities; 0 if there are none.
        right: The share of them that is right; 0 if there are none.
    """

    low: float
    high: float
    count: int
    probability: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """How far the probabilities of answers mean what they say.

    Attributes:
        of: What the answers are, such as `tags`.
        count: How many there are.
        error: The expected calibration error: the mean over all answers of the distance, in their bin, between mean
            probability and share of right ones; 0 is best.
        brier: The mean square of the distance between the probability of an answer and 1 if it is right, 0 if it is
            wrong (Brier 1950); 0 is best.
        bins: The bins, from low to high.
    """

    of: str
    count: int
    error: float
    brier: float
    bins: tuple[Bin, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "count": self.count,
            "expected_calibration_error": self.error,
            "brier_score": self.brier,
            "bins": [vars(entry) for entry in self.bins],
        }


def calibration(of: str, probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The calibration of answers.

    Args:
        of: What they are, such as `tags`.
        probabilities: The probability of each, from 0 to 1.
        right: Whether each is right.

    Example:
        >>> calibration("tags", [0.9, 0.9, 0.9, 0.9], [True, True, True, False]).error
        0.15
    """
    given, hits = np.asarray(probabilities, np.float64), np.asarray(right, np.float64)
    if given.shape != hits.shape:
        raise ValueError(f"expected as many probabilities as answers. Received: {given.size} and {hits.size}")
    places = np.minimum((given * BINS).astype(int), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    means, shares = (
        np.bincount(places, weights=values, minlength=BINS) / np.maximum(counts, 1)
        for values in (given, hits)
    )
    bins = tuple(
        Bin(place / BINS, (place + 1) / BINS, int(counts[place]), float(means[place]), float(shares[place]))
        for place in range(BINS)
    )
    total = max(given.size, 1)
    error = float((np.abs(means - shares) * counts).sum() / total)
    brier = float(((given - hits) ** 2).sum() / total)
    return Calibration(of, given.size, round(error, 12), round(brier, 12), bins)


def reliability_table(found: Calibration) -> Figures:
    """The bins that hold answers, as a table."""
    rows = [
        (
            f"{entry.low:.1f} to {entry.high:.1f}",
            f"{entry.probability:.4f}",
            f"{entry.right:.4f}",
            f"{entry.count:,}",
        )
        for entry in found.bins
        if entry.count
    ]
    remark = (
        f"Expected calibration error of the {found.of}: {found.error:.4f} ({BINS} bins of equal width); Brier score "
        f"{found.brier:.4f}."
    )
    columns = (f"probability of {found.of}", "mean", "right", "count")
    return Figures(columns, rows, remarks=[remark])


def calibrations_json(found: Sequence[Calibration]) -> dict[str, Any]:
    """`calibration`, with what was looked at by its name; empty if nothing was."""
    return {"calibration": {entry.of: entry.to_json() for entry in found}} if found else {}
