"""Words of the training file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import DIGITS, UNKNOWN, Ids, Indexer, Resources, ValueTable, pad
from seqtag.support.lookup import Lookup

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings, WordSettings


class WordIndexer(Indexer):
    """Words by falling frequency; a word is looked up as it is, then in lower case.

    Args:
        table: The words.
        unknown_rate: Chance in training that a word seen once is shown as unknown.
        normalize_digits: Whether digits are read as 0.
    """

    def __init__(self, table: ValueTable, unknown_rate: float, normalize_digits: bool) -> None:
        self.table = table
        self.unknown_rate = unknown_rate
        self.normalize_digits = normalize_digits
        self._rows = Lookup(self.row)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        settings = config.embeddings.word
        if settings.dim == 0:
            return None
        return cls.of_counts(_counts(sentences), settings)

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        settings = replace(config.embeddings.word, normalize_digits=self.normalize_digits)
        return self.joined(self.of_counts(_counts(sentences), settings))

    def joined(self, other: Self) -> Self:
        """The indexer with the words of another one that it lacks after its own, and the other's chance."""
        return type(self)(self.table.extended(other.table), other.unknown_rate, self.normalize_digits)

    @classmethod
    def of_counts(cls, counts: Counter[str], settings: "WordSettings") -> Self:
        """The indexer of words that occur so often."""
        if settings.normalize_digits:
            normal: Counter[str] = Counter()
            for word, count in counts.items():
                normal[word.translate(DIGITS)] += count
            counts = normal
        return cls(
            ValueTable.fit(counts, settings.min_count), settings.unknown_rate, settings.normalize_digits
        )

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": self.table.rows}

    def index(self, sentence: Sentence) -> Ids:
        return np.fromiter(map(self._rows.__getitem__, sentence.tokens), np.int32, len(sentence.tokens))

    def row(self, token: str) -> int:
        """The row of a word."""
        ids = self.table.ids
        if found := ids.get(token):
            return found
        if self.normalize_digits:
            token = token.translate(DIGITS)
        return ids.get(token) or ids.get(token.lower()) or UNKNOWN

    def unknown(self, tokens: Iterable[str]) -> int:
        """How many of the tokens are unknown words."""
        return sum(self.row(token) == UNKNOWN for token in tokens)

    def collate(
        self, rows: Sequence[Ids], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        return {"words": self.table.hide_singletons(pad(rows, time), self.unknown_rate, random)}

    def to_json(self) -> dict[str, Any]:
        own = {"unknown_rate": self.unknown_rate, "normalize_digits": self.normalize_digits}
        return {"table": self.table.to_json(), **own}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        rate, normalize = values["unknown_rate"], values["normalize_digits"]
        if not isinstance(rate, int | float) or not 0 <= rate <= 1 or not isinstance(normalize, bool):
            raise ValueError("its words are looked up in a way that seqtag does not know")
        return cls(ValueTable.from_json(values["table"]), rate, normalize)


def _counts(sentences: Sequence[Sentence]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(sentence.tokens)
    return counts
