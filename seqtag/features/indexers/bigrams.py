"""Pairs of neighbouring tokens."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.characters import single_characters
from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Ids, Indexer, Resources, ValueTable, pad

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

END = "\n"  # stands after the last token: no token holds a line feed
UNKNOWN_RATE = 0.5


def bigrams(tokens: Sequence[str]) -> list[str]:
    """Each token with the one after it."""
    return [first + second for first, second in zip(tokens, [*tokens[1:], END], strict=True)]


def wanted(sentences: Sequence[Sentence], config: "RunSettings") -> bool:
    """Whether the configuration asks for pairs in this corpus."""
    enabled = config.embeddings.bigrams.enabled
    return enabled == "yes" or (enabled == "auto" and single_characters(sentences))


class BigramIndexer(Indexer):
    """Pairs that the training file holds, as characters and their right neighbour (Chen et al. 2015, "Long Short-Term
    Memory Neural Networks for Chinese Word Segmentation"; Zhang and Yang 2018, "Chinese NER Using Lattice LSTM").

    Args:
        table: The pairs.
    """

    def __init__(self, table: ValueTable) -> None:
        self.table = table

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if not config.embeddings.bigrams.dim or not wanted(sentences, config):
            return None
        return cls(_table(sentences))

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        return type(self)(self.table.extended(_table(sentences)))

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": self.table.rows}

    def index(self, sentence: Sentence) -> Ids:
        return self.table.index(bigrams(sentence.tokens))

    def collate(
        self, rows: Sequence[Ids], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        return {"bigrams": self.table.hide_singletons(pad(rows, time), UNKNOWN_RATE, random)}

    def to_json(self) -> dict[str, Any]:
        return {"table": self.table.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        return cls(ValueTable.from_json(values["table"]))


def _table(sentences: Sequence[Sentence]) -> ValueTable:
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(bigrams(sentence.tokens))
    return ValueTable.fit(counts)
