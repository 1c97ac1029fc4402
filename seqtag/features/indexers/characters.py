"""The characters of each distinct word of a batch."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.characters import single_characters
from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import (
    PADDING,
    RESERVED,
    UNKNOWN,
    Ids,
    Indexer,
    Resources,
    ValueTable,
    pad,
)

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

PIECE = 40  # characters of a word that are read at once; a longer word is read in overlapping pieces
OVERLAP = 10
STEP = PIECE - OVERLAP
# Of a still longer word as many characters as 256 pieces hold are read: half of them from its start, half from its end.
# A batch has a table of its distinct words by the pieces of the longest, which one token of 1 MB would let grow to
# gigabytes.
LONGEST = 256 * STEP + OVERLAP


class CharacterIndexer(Indexer):
    """Characters by falling frequency, and the spelling of words as rows of that table.

    Args:
        table: The characters.
    """

    def __init__(self, table: ValueTable) -> None:
        self.table = table
        codes = [ord(character) for character in table.values]
        self._last = max(codes, default=0) + 1  # stands for every character from there on
        self._rows = np.full(self._last + 1, UNKNOWN, np.int32)  # by code point
        self._rows[codes] = np.arange(RESERVED, table.rows)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        wanted = config.embeddings.characters.encoder
        if wanted == "none" or (wanted == "auto" and single_characters(sentences)):
            return None
        return cls(_table(sentences))

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        return type(self)(self.table.extended(_table(sentences)))

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": self.table.rows}

    def index(self, sentence: Sentence) -> tuple[str, ...]:
        """The tokens themselves: a word's characters are looked up once in a batch."""
        return sentence.tokens

    def collate(
        self, rows: Sequence[tuple[str, ...]], time: int, random: "np.random.Generator | None"
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
        words = [
            word if len(word) <= LONGEST else word[: LONGEST // 2] + word[-(LONGEST // 2) :]
            for word in numbers
        ]
        sizes = np.fromiter(map(len, words), np.int32, len(words))
        counts = np.maximum(-(-(sizes - OVERLAP) // STEP), 1)  # pieces of each word
        first = np.cumsum(counts, dtype=np.int32) - counts
        further = np.arange(counts.max(), dtype=np.int32)  # (pieces of the longest,)
        word_pieces = np.where(further < counts[:, None], first[:, None] + further, first[:, None])
        characters = self._pieces("".join(words), sizes, counts, first)
        return {"characters": characters, "word_pieces": word_pieces, "spellings": spellings}

    def _pieces(self, letters: str, sizes: Ids, counts: Ids, first: Ids) -> Ids:
        """The characters of all pieces `(pieces, characters)`.

        Args:
            letters: All words, one after the other.
            sizes: Characters of each word.
            counts: Pieces of each word.
            first: The number of each word's first piece.
        """
        word = np.repeat(np.arange(len(sizes)), counts)  # (pieces,)
        start = STEP * (np.arange(len(word)) - first[word])  # in the word
        size = np.minimum(sizes[word] - start, PIECE)
        place = np.arange(size.max())  # (characters,)
        codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), "<u4")
        rows = self._rows[np.minimum(codes, self._last)]
        where = ((np.cumsum(sizes) - sizes)[word] + start)[:, None] + place
        return np.where(place < size[:, None], rows[np.minimum(where, len(rows) - 1)], np.int32(PADDING))

    def to_json(self) -> dict[str, Any]:
        return {"table": self.table.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        return cls(ValueTable.from_json(values["table"]))


def _table(sentences: Sequence[Sentence]) -> ValueTable:
    counts: Counter[str] = Counter()
    for sentence in sentences:
        for token in sentence.tokens:
            counts.update(token)
    return ValueTable.fit(counts, min_count=2)
