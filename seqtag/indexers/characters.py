"""The characters of each distinct word of a batch."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.config import Config
from seqtag.data.sentence import Sentence
from seqtag.indexers.base import Ids, Indexer, Resources, Table, pad, single_characters

PIECE = 40  # characters of a word that are read at once; a longer word is read in overlapping pieces
OVERLAP = 10
CACHE = 200_000  # words whose characters are remembered


class CharacterIndexer(Indexer):
    """Characters by falling frequency, and the spelling of words as rows of that table.

    Args:
        table: The characters.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._spelt: dict[str, list[Ids]] = {}

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: Config, resources: Resources) -> Self | None:
        wanted = config.embeddings.characters.encoder
        if wanted == "none" or (wanted == "auto" and single_characters(sentences)):
            return None
        counts: Counter[str] = Counter()
        for sentence in sentences:
            for token in sentence.tokens:
                counts.update(token)
        return cls(Table.fit(counts, min_count=2))

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": self.table.rows}

    def index(self, sentence: Sentence) -> tuple[str, ...]:
        """The tokens themselves: a word's characters are looked up once in a batch."""
        return sentence.tokens

    def pieces(self, word: str) -> list[Ids]:
        """The rows of a word's characters: one array, or several overlapping ones for a long word."""
        known = self._spelt.get(word)
        if known is None:
            rows = self.table.index(word)
            starts = range(0, max(len(rows) - OVERLAP, 1), PIECE - OVERLAP)
            known = [rows[start : start + PIECE] for start in starts]
            if len(self._spelt) >= CACHE:
                self._spelt.clear()
            if len(word) <= PIECE:
                self._spelt[word] = known
        return known

    def collate(
        self, rows: Sequence[tuple[str, ...]], time: int, random: np.random.Generator | None
    ) -> dict[str, NDArray[Any]]:
        """Characters of the pieces, the pieces of each distinct word, and which word stands where.

        Returns:
            `characters` `(pieces, characters)`; `word_pieces` `(distinct words, pieces of the longest)`, in
            which a word with fewer pieces repeats its first; `spellings` `(batch, time)`, rows of the latter.
        """
        numbers = {token: number for number, token in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
        spellings = pad(
            [np.fromiter(map(numbers.__getitem__, tokens), np.int32, len(tokens)) for tokens in rows], time
        )
        words = [self.pieces(word) for word in numbers]
        counts = np.fromiter(map(len, words), np.int32, len(words))
        first = np.cumsum(counts, dtype=np.int32) - counts
        further = np.arange(counts.max(), dtype=np.int32)  # (pieces of the longest,)
        word_pieces = np.where(further < counts[:, None], first[:, None] + further, first[:, None])
        pieces = list(chain.from_iterable(words))
        characters = pad(pieces, max(map(len, pieces)))
        return {"characters": characters, "word_pieces": word_pieces, "spellings": spellings}

    def to_json(self) -> dict[str, Any]:
        return {"table": self.table.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        return cls(Table.from_json(values["table"]))
