"""How many spans or tags of each type were right, and the ratios that follow."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

BARE = "_"
"""How seqeval and the tables name the type of a tag without one ("B", "I"), which is "" otherwise."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many spans (or plain tags) were right, predicted and there to be found.

    The ratios are 0.0 where their denominator is 0, and are calculated in seqeval's order of operations: they
    equal its figures to the last digit.
    """

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted that is right."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of gold that was found."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        precision, recall = self.precision, self.recall
        return 2.0 * precision * recall / (precision + recall) if precision + recall else 0.0

    def ratios(self) -> dict[str, float]:
        """Precision, recall and F1 by the names that JSON has for them."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


class Average(NamedTuple):
    """Precision, recall and F1, each the mean over the types."""

    precision: float
    recall: float
    f1: float


def by_name(correct: Counter[str], predicted: Counter[str], gold: Counter[str]) -> dict[str, Counts]:
    """Counts by type, in the order of `type_names`."""
    return {
        label: Counts(correct[label], predicted[label], gold[label])
        for label in type_names(gold.keys() | predicted.keys())
    }


def type_names(labels: Collection[str]) -> dict[str, str]:
    """The name that seqeval has for each label, sorted by name: the label itself, unless it is empty and `BARE` is
    free.
    """
    names = {label: label or ("" if BARE in labels else BARE) for label in labels}
    return dict(sorted(names.items(), key=lambda item: item[1]))


def total(several: Collection[Counts]) -> Counts:
    """The sum of counts."""
    return Counts(
        sum(counts.correct for counts in several),
        sum(counts.predicted for counts in several),
        sum(counts.gold for counts in several),
    )


def average(types: Mapping[str, Counts], *, by_support: bool = False) -> Average:
    """The mean over the types; zeros where there is nothing to average or no weight."""
    weights = [counts.gold for counts in types.values()] if by_support else None
    if not types or (weights is not None and not any(weights)):
        return Average(0.0, 0.0, 0.0)
    # NumPy adds in pairs: only by its own order of additions is the last digit seqeval's.
    import numpy as np

    columns = zip(*((counts.precision, counts.recall, counts.f1) for counts in types.values()), strict=True)
    return Average(*(float(np.average(column, weights=weights)) for column in columns))
