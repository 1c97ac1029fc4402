"""Pretrained vectors, looked up outside the network, so that words which training never saw have theirs as well."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import PADDING, RESERVED, UNKNOWN, Ids, Indexer, Resources, pad
from seqtag.features.indexers.bigrams import bigrams, wanted
from seqtag.features.indexers.word import WordIndexer
from seqtag.features.vectors import Vectors

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

CACHE = 1 << 16  # forms whose row is remembered
FREQUENT = (
    5  # times that a word without a vector occurs in the training file from which on it learns one of its own
)


class VectorIndexer(Indexer):
    """The vector of each word, zeros where the file has none; and, to train on, the row of each training word.

    A sentence is kept as the row of each word in the table; the numbers after the last row are those of `missing`, and
    -1 is a word that neither has.

    Args:
        vectors: The table.
        words: The training words that have a vector which training may change, by its row in the table; empty for
            fixed vectors.
        missing: The training words without a vector that have one of their own, which is learnt; None if all of them
            share one.
        rare: Those of `words` that training is to show without its changes by chance.
        rate: This chance.
    """

    name = "vectors"

    def __init__(
        self,
        vectors: Vectors,
        words: Sequence[int] = (),
        missing: WordIndexer | None = None,
        rare: Sequence[int] = (),
        rate: float = 0.0,
    ) -> None:
        self.vectors = vectors
        self.words = tuple(words)
        self.missing = missing
        self.rare = tuple(rare)
        self.rate = rate
        count, own = len(vectors), missing.table.rows - RESERVED if missing else 0
        # The row of the learnt table for each number of a word. To a vector that training never saw nothing is added:
        # its row is that of padding, which is not learnt. The last one is that of -1.
        self._learnt = np.full(count + own + 1, PADDING, np.int32)
        self._learnt[list(self.words)] = np.arange(RESERVED, RESERVED + len(self.words))
        self._learnt[count : count + own] = np.arange(own) + RESERVED + len(self.words)
        self._learnt[-1] = UNKNOWN
        learnt = len(self.words) + own
        self._table_rows = RESERVED + learnt if learnt else 0
        self._rare = np.zeros(len(self._learnt), np.bool_)
        self._rare[list(rare)] = True
        self._rows: dict[str, int] = {}

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if resources.vectors is None:
            return None
        indexer = cls(resources.vectors)
        counts = Counter(form for sentence in sentences for form in indexer.forms(sentence))
        rows, _ = resources.vectors.word_rows(list(counts))
        settings = config.embeddings
        absent = Counter({form: counts[form] for form, row in zip(counts, rows, strict=True) if row < 0})
        missing = None
        if absent and not settings.word.dim:  # else it has one among the learnt vectors of all words
            least = max(FREQUENT, settings.word.min_count)
            found = WordIndexer.of_counts(absent, replace(settings.word, min_count=least))
            missing = found if found.table.values else None
        if not settings.vectors.trainable:
            return cls(resources.vectors, missing=missing)
        times: Counter[int] = Counter()
        for form, row in zip(counts, rows.tolist(), strict=True):
            times[row] += counts[form]
        del times[-1]
        rare = [row for row, count in times.items() if count == 1]
        return cls(resources.vectors, sorted(times), missing, rare, settings.word.unknown_rate)

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        new = self.fit(sentences, config, Resources(self.vectors))
        if new is None:
            return self
        own, missing = self.missing, new.missing
        if own is not None:
            missing = own.joined(missing) if missing else own
        known = {*self.words}
        rare = [row for row in new.rare if row not in known]
        return type(self)(self.vectors, sorted(known.union(new.words)), missing, rare, new.rate)

    def moved(self, former: Self) -> Ids | None:
        own = former.missing.table.rows - RESERVED if former.missing else 0
        if not former.sizes["rows"]:
            return np.zeros(0, np.int32)
        words = np.searchsorted(np.array(self.words, np.int64), np.array(former.words, np.int64)) + RESERVED
        missing = np.arange(own) + RESERVED + len(self.words)
        return np.concatenate([np.arange(RESERVED), words, missing]).astype(np.int32)

    @staticmethod
    def forms(sentence: Sentence) -> Sequence[str]:
        """What is looked up: one form a token."""
        return sentence.tokens

    @property
    def sizes(self) -> dict[str, int]:
        return {"dim": self.vectors.dim, "rows": self._table_rows}

    @property
    def resources(self) -> tuple[object, ...]:
        return (self.vectors,)

    def prime(self, sentences: Sequence[Sentence]) -> None:
        known = self._rows
        forms = dict.fromkeys(form for sentence in sentences for form in self.forms(sentence))
        if len(known) + len(forms) > CACHE:
            known.clear()
        if unknown := [form for form in forms if form not in known]:
            rows, _ = self.vectors.word_rows(unknown)
            known.update(zip(unknown, rows.tolist(), strict=True))
            if self.missing is not None:
                for form in unknown:
                    if known[form] < 0 and (row := self.missing.row(form)) != UNKNOWN:
                        known[form] = len(self.vectors) + row - RESERVED

    def index(self, sentence: Sentence) -> NDArray[np.int64]:
        """The number of each token: its row in the table, or what stands for a missing word, or -1."""
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
        found = np.where(padded < len(self.vectors), padded, -1).ravel()
        inputs: dict[str, NDArray[Any]] = {
            self.name: self.vectors.gather(found).reshape(len(rows), time, self.vectors.dim)
        }
        if self._table_rows:
            lengths = np.fromiter(map(len, rows), np.int64, len(rows))
            learns = np.arange(time) < lengths[:, None]
            if random is not None and self.rate:
                # A word that training never saw comes with the vector of the file as it is. The network learns to read
                # such vectors from words that occur once.
                learns &= ~self._rare[padded] | (random.random(padded.shape) >= self.rate)
            inputs[f"{self.name}_rows"] = np.where(learns, self._learnt[padded], np.int32(PADDING))
        return inputs

    def to_json(self) -> dict[str, Any]:
        own = {} if self.missing is None else {"missing": self.missing.to_json()}
        return {"words": list(self.words), **own}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        if resources.vectors is None:
            raise ValueError("the pretrained vectors are missing")
        words = values["words"]
        if not isinstance(words, list) or not all(type(row) is int for row in words):
            raise ValueError("the rows of its changed vectors are not a list of whole numbers")
        ascending = all(first < second for first, second in pairwise(words))
        if words and not (ascending and words[0] >= 0 and words[-1] < len(resources.vectors)):
            raise ValueError("the rows of its changed vectors are not rows of its vectors in their order")
        missing = WordIndexer.from_json(values["missing"], resources) if "missing" in values else None
        return cls(resources.vectors, words, missing)


class BigramVectorIndexer(VectorIndexer):
    """The vector of each token with the one after it, from the same table."""

    name = "bigram_vectors"

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if resources.vectors is None or not wanted(sentences, config):
            return None
        return cls(resources.vectors)

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        return self  # none of its vectors is changed in training

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
