"""The combinations of a grid, each with the runs of its seeds, the best on dev first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seqtag.evaluation.measure import Measure
from seqtag.training.rows import Choice, Row
from seqtag.training.seed import spread

MIXED = "score"  # where runs have different metrics


@dataclass(frozen=True)
class Combination:
    """What the seeds of one combination came to.

    Attributes:
        choice: What the grid chose.
        rows: Its runs, a seed each.
        measure: What their scores are; None where there is none.
    """

    choice: Choice
    rows: tuple[Row, ...]
    measure: Measure | None

    @property
    def metric(self) -> str:
        """The name of the score; empty where there is none."""
        return self.measure.title if self.measure else ""

    @property
    def dev(self) -> tuple[float, float] | None:
        """Mean and standard deviation on dev over the seeds that came to a score."""
        return mean_and_deviation([row.dev for row in self.rows])

    @property
    def test(self) -> tuple[float, float] | None:
        """Mean and standard deviation on test."""
        return mean_and_deviation([row.test for row in self.rows])

    @property
    def seconds(self) -> float | None:
        """Mean time of a run."""
        found = mean_and_deviation([row.seconds for row in self.rows if row.error is None])
        return found[0] if found else None

    @property
    def reach(self) -> tuple[float, int | None] | None:
        """Rate and memory of the run whose rate is the middle one, of two the lower; None where no run has a rate."""
        found = sorted((row for row in self.rows if row.rate is not None), key=lambda row: row.rate or 0.0)
        if not found:
            return None
        middle = found[(len(found) - 1) // 2]
        return middle.rate or 0.0, middle.memory

    @property
    def errors(self) -> list[str]:
        """What went wrong, each message once."""
        return list(dict.fromkeys(row.error for row in self.rows if row.error is not None))


@dataclass(frozen=True)
class Comparison:
    """All combinations, the best on dev first, by metric if there are two, those without a score last.

    Attributes:
        combinations: The combinations.
        keys: The settings of the grid.
        metric: The name of the score; `MIXED` if there is none, or more than one, which cannot be compared.
    """

    combinations: tuple[Combination, ...]
    keys: tuple[str, ...]
    metric: str

    @property
    def is_mixed(self) -> bool:
        """Whether there is more than one metric."""
        return len({one.metric for one in self.combinations} - {""}) > 1


def rank(combinations: Iterable[Combination], keys: tuple[str, ...]) -> Comparison:
    """Puts combinations in order.

    Args:
        combinations: The combinations.
        keys: The settings of the grid.
    """
    ordered = sorted(combinations, key=_order)
    found = {one.metric for one in ordered} - {""}
    metric = found.pop() if len(found) == 1 else MIXED
    return Comparison(tuple(ordered), keys, metric)


def _order(one: Combination) -> tuple[bool, str, float]:
    if one.dev is None or one.measure is None:
        return True, "", 0.0
    return False, one.measure.title, -one.measure.gain(one.dev[0])


def mean_and_deviation(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Mean and sample standard deviation of the values that are known; None if there are none."""
    known = [value for value in values if value is not None]
    return spread(known) if known else None
