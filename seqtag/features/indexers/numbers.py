"""Numbers of the corpus, standardised."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.numbers import LARGEST
from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.support.errors import Error

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

FARTHEST = 10.0  # deviations from the mean; a broken sensor must not drown all others


@dataclass(frozen=True)
class NumberColumn:
    """What training saw of a column.

    Attributes:
        mean: The mean of its numbers.
        deviation: Their standard deviation; 1 where all are equal.
        gaps: Whether some were missing, so that the network is told where one is.
    """

    mean: float
    deviation: float
    gaps: bool

    @classmethod
    def fit(cls, numbers: NDArray[np.float64]) -> Self:
        """Learnt from all numbers of a column, NaN where one is missing."""
        missing = np.isnan(numbers)
        present = numbers[~missing]
        if not len(present):
            return cls(0.0, 1.0, gaps=True)
        if present.min() == present.max():  # whose mean may be rounded, and the deviation then a trifle
            return cls(float(present[0]), 1.0, gaps=bool(missing.any()))
        return cls(float(present.mean()), float(present.std()) or 1.0, gaps=bool(missing.any()))

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The column that `NumberIndexer.to_json` described; ValueError if it is none."""
        if not isinstance(values, dict) or {*values} != {"mean", "deviation", "gaps"}:
            raise ValueError("a column of numbers has other keys than mean, deviation and gaps")
        mean, deviation, gaps = values["mean"], values["deviation"], values["gaps"]
        if type(mean) is not float or type(deviation) is not float or type(gaps) is not bool:
            raise ValueError("the mean or deviation of a column is not a number")
        if not (math.isfinite(mean) and abs(mean) <= LARGEST and 0 < deviation <= 2 * LARGEST):
            raise ValueError("mean or deviation of a column is out of bounds")
        return cls(mean, deviation, gaps)


class NumberIndexer(Indexer):
    """The numbers of each column, in the order in which the columns were asked for: less the mean of training, divided
    by its standard deviation, at most `FARTHEST` in either direction.

    A missing number is the mean. A column in which training missed some has an input more, 1 where a number is missing.

    Args:
        columns: What training saw of each.
    """

    def __init__(self, columns: Sequence[NumberColumn]) -> None:
        self.columns = tuple(columns)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if not sentences[0].numbers:
            return None
        columns = zip(*(sentence.numbers for sentence in sentences), strict=True)
        return cls([NumberColumn.fit(np.concatenate([np.array(row) for row in rows])) for rows in columns])

    @property
    def sizes(self) -> dict[str, int]:
        return {"columns": len(self.columns), "gaps": sum(column.gaps for column in self.columns)}

    @property
    def width(self) -> int:
        """How many inputs a token has."""
        return sum(self.sizes.values())

    def index(self, sentence: Sentence) -> NDArray[np.float32]:
        """Inputs `(time, width)`: one for each column, then one for each column with gaps."""
        if len(sentence.numbers) != len(self.columns):
            raise Error(
                f"the model reads {len(self.columns)} numeric columns beside the tokens, and the text has "
                f"{len(sentence.numbers)}; give it a file with the columns that it was trained on."
            )
        found, gaps = [], []
        for column, values in zip(self.columns, sentence.numbers, strict=True):
            numbers = np.array(values, np.float64)
            missing = np.isnan(numbers)
            standard = (np.where(missing, column.mean, numbers) - column.mean) / column.deviation
            found.append(standard.clip(-FARTHEST, FARTHEST))
            if column.gaps:
                gaps.append(missing)
        return np.stack([*found, *gaps], axis=1).astype(np.float32)

    def collate(
        self, rows: Sequence[NDArray[np.float32]], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        """`numbers` `(batch, time, width)`."""
        batch = np.zeros((len(rows), time, self.width), np.float32)
        for place, row in zip(batch, rows, strict=True):
            place[: len(row)] = row
        return {"numbers": batch}

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [
                {"mean": column.mean, "deviation": column.deviation, "gaps": column.gaps}
                for column in self.columns
            ]
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        if {*values} != {"columns"} or not isinstance(values["columns"], list) or not values["columns"]:
            raise ValueError("it reads columns of numbers, and has none")
        return cls([NumberColumn.from_json(column) for column in values["columns"]])
