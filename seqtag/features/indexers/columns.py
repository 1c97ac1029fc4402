"""Extra columns of the corpus."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Ids, Indexer, Resources, ValueTable, pad
from seqtag.support.errors import Error

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

UNKNOWN_RATE = 0.1


class ColumnIndexer(Indexer):
    """The values of each extra column, in the order in which the columns were asked for.

    Args:
        tables: The values of each column.
    """

    def __init__(self, tables: Sequence[ValueTable]) -> None:
        self.tables = tuple(tables)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if not sentences[0].columns:
            return None
        return cls(_tables(sentences))

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        pairs = zip(self.tables, _tables(sentences), strict=True)
        return type(self)([table.extended(new) for table, new in pairs])

    @property
    def sizes(self) -> dict[str, int]:
        return {f"rows_{number}": table.rows for number, table in enumerate(self.tables)}

    def index(self, sentence: Sentence) -> Ids:
        """Rows `(time, columns)`."""
        if len(sentence.columns) != len(self.tables):
            raise Error(
                f"the model reads {len(self.tables)} extra columns beside the tokens, and the text has "
                f"{len(sentence.columns)}; give it a CoNLL file with the columns that it was trained on."
            )
        columns = [table.index(column) for table, column in zip(self.tables, sentence.columns, strict=True)]
        return np.stack(columns, axis=1)

    def collate(
        self, rows: Sequence[Ids], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        return {
            f"column_{number}": table.hide_singletons(
                pad([row[:, number] for row in rows], time), UNKNOWN_RATE, random
            )
            for number, table in enumerate(self.tables)
        }

    def to_json(self) -> dict[str, Any]:
        return {"tables": [table.to_json() for table in self.tables]}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        tables = [ValueTable.from_json(table) for table in values["tables"]]
        if not tables:
            raise ValueError("it reads extra columns, and has none")
        return cls(tables)


def _tables(sentences: Sequence[Sentence]) -> list[ValueTable]:
    """A table for each column."""
    counts: list[Counter[str]] = [Counter() for _ in sentences[0].columns]
    for sentence in sentences:
        for counter, column in zip(counts, sentence.columns, strict=True):
            counter.update(column)
    return [ValueTable.fit(counter) for counter in counts]
