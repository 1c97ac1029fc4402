"""Whether two models that answered the same sentences differ by more than chance.

Approximate randomisation (Noreen 1989, "Computer-Intensive Methods for Testing Hypotheses"; Yeh 2000, "More Accurate
Tests for the Statistical Significance of Result Differences"): if the models were equally good, it would not matter
which of them gave which of the two answers to a sentence. So the answers to each sentence are exchanged at random, many
times, and the share of the exchanges after which the scores are at least as far apart as they are is the p value. It
needs no assumption about how scores are distributed, and works for figures such as F1 that are not means.

The confidence interval is that of the bootstrap (Efron and Tibshirani 1993, "An Introduction to the Bootstrap"): the
difference on as many sentences, drawn from the file with replacement, many times.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.evaluation.measure import Measure

ROUNDS = 10_000
SEED = 1
CONFIDENCE = 0.95
LEVEL = 0.05  # a difference with a smaller p value is called significant
TOGETHER = 2_000_000  # numbers that are drawn at once
TOLERANCE = 1e-12  # two differences that are closer are equal

Sums = NDArray[np.float64]
Value = Callable[[Sums], Sums]


@dataclass(frozen=True)
class PerSentence:
    """What a score is calculated from, sentence by sentence.

    Attributes:
        measure: What the score is.
        figures: Of each sentence the numbers whose sums give the score, `(sentences, figures)`.
        value: The score of such sums, `(..., figures)`, as `(...)`.
    """

    measure: Measure
    figures: Sums
    value: Value

    @property
    def score(self) -> float:
        """The score of all sentences."""
        return float(self.value(self.figures.sum(axis=0)))


@dataclass(frozen=True)
class Significance:
    """What the test of a difference came to.

    Attributes:
        measure: What the scores are.
        first: The score of the first model.
        second: That of the second.
        p_value: The probability of a difference at least as large, in either direction, if the models were equally
            good: (exchanges with such a difference + 1) / (rounds + 1), which is never 0.
        low: The lower end of the confidence interval of the difference.
        high: The upper end.
        confidence: How probable it is that such an interval holds the true difference.
        sentences: How many sentences were answered.
        rounds: How many exchanges, and how many samples, were drawn.
        seed: The seed of both.
    """

    measure: Measure
    first: float
    second: float
    p_value: float
    low: float
    high: float
    confidence: float
    sentences: int
    rounds: int
    seed: int

    @property
    def difference(self) -> float:
        """The score of the first model minus that of the second."""
        return self.first - self.second

    @property
    def is_significant(self) -> bool:
        """Whether chance is an unlikely reason for the difference."""
        return self.p_value < LEVEL

    @property
    def sentence(self) -> str:
        """The result in words, with the name of the test."""
        text = self.measure.text
        found = "significant" if self.is_significant else "not significant"
        return (
            f"Difference in {self.measure.title}: {self.difference:+.{self.measure.decimals}f} "
            f"({self.confidence:.0%} confidence interval {text(self.low)} to {text(self.high)}), "
            f"p = {self.p_value:.4f}: {found} at {LEVEL}. Two-sided approximate randomisation over "
            f"{self.sentences:,} sentences, {self.rounds:,} rounds, seed {self.seed}; the interval is that of the "
            "bootstrap."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "test": "approximate randomisation over sentences, two-sided",
            "interval": "percentile bootstrap over sentences",
            **asdict(self),
            "measure": self.measure.title,
            "difference": self.difference,
            "significant_at": LEVEL,
            "significant": self.is_significant,
        }


def compare(
    first: PerSentence, second: PerSentence, *, rounds: int = ROUNDS, seed: int = SEED
) -> Significance:
    """Tests whether two models that answered the same sentences differ.

    Args:
        first: What the first model came to, by the same measure as the second.
        second: What the second came to, on the same sentences in the same order.
        rounds: How many exchanges and how many samples are drawn.
        seed: The seed for drawing them.

    Raises:
        ValueError: The two are not of the same sentences.

    Example:
        >>> right = lambda column: PerSentence(Measure("accuracy"), np.array(column), lambda sums: sums[..., 0] / 4)
        >>> compare(right([[1.0]] * 4), right([[0.0]] * 4)).difference
        1.0
    """
    if first.figures.shape != second.figures.shape:
        raise ValueError(
            f"expected figures of the same sentences. Received: {first.figures.shape} and {second.figures.shape}"
        )
    # Sentences with the same figures are drawn together: how many of them are exchanged is binomial, and how often they
    # are drawn is multinomial.
    width = first.figures.shape[1]
    pairs, counts = np.unique(np.hstack([first.figures, second.figures]), axis=0, return_counts=True)
    ours, theirs = pairs[:, :width], pairs[:, width:]
    random = np.random.default_rng(seed)
    p_value = _p_value(ours, theirs, counts, first.value, rounds, random)
    low, high = _interval(ours, theirs, counts, first.value, rounds, random)
    return Significance(
        first.measure,
        first.score,
        second.score,
        p_value,
        low,
        high,
        CONFIDENCE,
        len(first.figures),
        rounds,
        seed,
    )


def _p_value(
    ours: Sums, theirs: Sums, counts: NDArray[Any], value: Value, rounds: int, random: np.random.Generator
) -> float:
    """The share of the exchanges with a difference at least as large, the one that is there included."""
    differ = (ours != theirs).any(axis=1)
    change, often = (theirs - ours)[differ], counts[differ]
    first, second = counts @ ours, counts @ theirs
    wanted = abs(float(value(first) - value(second))) - TOLERANCE
    as_large = 0
    for size in _chunks(rounds, len(often)):
        moved = random.binomial(often, 0.5, (size, len(often))) @ change
        as_large += int((np.abs(value(first + moved) - value(second - moved)) >= wanted).sum())
    return (as_large + 1) / (rounds + 1)


def _interval(
    ours: Sums, theirs: Sums, counts: NDArray[Any], value: Value, rounds: int, random: np.random.Generator
) -> tuple[float, float]:
    """The ends of the confidence interval of the difference."""
    total = int(counts.sum())
    differences = [
        value(drawn @ ours) - value(drawn @ theirs)
        for size in _chunks(rounds, len(counts))
        for drawn in [random.multinomial(total, counts / total, size)]
    ]
    rest = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(differences), [rest, 1 - rest])
    return float(low), float(high)


def _chunks(rounds: int, width: int) -> list[int]:
    """The rounds in groups of which each draws about `TOGETHER` numbers."""
    size = max(TOGETHER // max(width, 1), 1)
    return [min(size, rounds - start) for start in range(0, rounds, size)]
