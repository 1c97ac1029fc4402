"""Pretrained vectors, looked up outside the network, so that words which training never saw have theirs as well."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import PADDING, RESERVED, UNKNOWN, Indexer, Resources, pad
from seqtag.features.indexers.bigrams import bigrams, wanted
from seqtag.features.vectors import Vectors

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

CACHE = 1 << 16  # forms whose row is remembered


class VectorIndexer(Indexer):
    """The vector of each word, zeros where the file has none; and, to train on, the row of each training word.

    Args:
        vectors: The table.
        words: The training words that have a vector which training may change, by its row in the table; empty for
            fixed vectors.
    """

    name = "vectors"

    def __init__(self, vectors: Vectors, words: Sequence[int] = ()) -> None:
        self.vectors = vectors
        self.words = tuple(words)
        self._changed = {-1: UNKNOWN} | {row: number for number, row in enumerate(self.words, RESERVED)}
        self._rows: dict[str, int] = {}

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if resources.vectors is None:
            return None
        indexer = cls(resources.vectors)
        if not config.embeddings.vectors.trainable:
            return indexer
        rows = sorted({int(row) for sentence in sentences for row in indexer.index(sentence)} - {-1})
        return cls(resources.vectors, rows)

    @staticmethod
    def forms(sentence: Sentence) -> Sequence[str]:
        """What is looked up: one form a token."""
        return sentence.tokens

    @property
    def sizes(self) -> dict[str, int]:
        return {"dim": self.vectors.dim, "rows": RESERVED + len(self.words) if self.words else 0}

    def prime(self, sentences: Sequence[Sentence]) -> None:
        known = self._rows
        forms = dict.fromkeys(form for sentence in sentences for form in self.forms(sentence))
        if len(known) + len(forms) > CACHE:
            known.clear()
        if unknown := [form for form in forms if form not in known]:
            rows, _ = self.vectors.word_rows(unknown)
            known.update(zip(unknown, rows.tolist(), strict=True))

    def index(self, sentence: Sentence) -> NDArray[np.int64]:
        """The row of each token in the table, -1 where there is none."""
        forms, known = self.forms(sentence), self._rows
        try:
            return np.array([known[form] for form in forms], np.int64)
        except KeyError:
            self.prime([sentence])
            return np.array([known[form] for form in forms], np.int64)

    def collate(
        self, rows: Sequence[NDArray[np.int64]], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        padded = pad(rows, time, -1)
        vectors = self.vectors.gather(padded.ravel()).reshape(len(rows), time, self.vectors.dim)
        inputs: dict[str, NDArray[Any]] = {self.name: vectors}
        if self.words:
            # To a vector that training never saw nothing is added: its row is that of padding, which is not
            # learnt. Words without a vector share the unknown one's.
            inputs[f"{self.name}_rows"] = pad(
                [np.array([self._changed.get(at, PADDING) for at in row.tolist()], np.int32) for row in rows],
                time,
            )
        return inputs

    def to_json(self) -> dict[str, Any]:
        return {"words": list(self.words)}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        if resources.vectors is None:
            raise ValueError("the pretrained vectors are missing")
        words = values["words"]
        if not isinstance(words, list) or not all(type(row) is int for row in words):
            raise ValueError("the rows of its changed vectors are no list of whole numbers")
        ascending = all(first < second for first, second in pairwise(words))
        if words and not (ascending and words[0] >= 0 and words[-1] < len(resources.vectors)):
            raise ValueError("the rows of its changed vectors are not rows of its vectors in their order")
        return cls(resources.vectors, words)


class BigramVectorIndexer(VectorIndexer):
    """The vector of each token with the one after it, from the same table."""

    name = "bigram_vectors"

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if resources.vectors is None or not wanted(sentences, config):
            return None
        return cls(resources.vectors)

    @staticmethod
    def forms(sentence: Sentence) -> Sequence[str]:
        return bigrams(sentence.tokens)


def coverage(vectors: Vectors, words: Iterable[str]) -> dict[str, int]:
    """How many of the distinct words are found as they are, in lower case, with digits normalised, or not at all."""
    found = vectors.coverage(words)
    return {
        "exact": found.exact,
        "lower case": found.lowered,
        "digits": found.normalised,
        "missing": found.missing,
    }
