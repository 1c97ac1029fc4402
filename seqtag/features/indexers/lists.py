"""Word lists: what each token is in the entries that are found in the sentence."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Indexer, Resources, pad
from seqtag.features.word_lists import ListTable, named, token_hash
from seqtag.support.lookup import Lookup
from seqtag.support.quoting import CONTROLS

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

LETTERS = ("padding", "O", "B", "I", "E", "S")
OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(1, len(LETTERS))
CASES = ("ignore", "exact")

Row = NDArray[np.int8]


class ListIndexer(Indexer):
    """For each list, whether a token begins, continues or ends one of its entries, is one, or none of these: the
    letters BIOES of the matches (Chiu and Nichols 2016, "Named Entity Recognition with Bidirectional LSTM-CNNs"). From
    left to right, the longest entry that begins at a token is taken.

    Args:
        tables: The entries of each list.
        names: What reports call them.
        case: "ignore" or "exact".
        dropout: The fraction of the matches that are hidden in training.
    """

    def __init__(
        self, tables: Sequence[ListTable], names: Sequence[str], case: str, dropout: float = 0.0
    ) -> None:
        self.tables = tuple(tables)
        self.names = tuple(names)
        self.case = case
        self.dropout = dropout
        self._hashes = Lookup(self._hash)
        self._primed: dict[tuple[str, ...], Row] = {}

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        settings = config.embeddings.lists
        if not settings.files:
            return None
        return cls(resources.lists, tuple(named(settings.files)), settings.case, settings.dropout)

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        return type(self)(self.tables, self.names, self.case, config.embeddings.lists.dropout)

    @property
    def sizes(self) -> dict[str, int]:
        return {f"rows_{number}": len(LETTERS) for number in range(len(self.tables))}

    @property
    def resources(self) -> tuple[object, ...]:
        return self.tables

    def _hash(self, token: str) -> int:
        return token_hash(folded(token, self.case))

    def prime(self, sentences: Sequence[Sentence]) -> None:
        rows = self._rows([sentence.tokens for sentence in sentences])
        self._primed = dict(zip((sentence.tokens for sentence in sentences), rows, strict=True))

    def index(self, sentence: Sentence) -> Row:
        """The number of each token's letter in `LETTERS`, `(time, lists)`."""
        found = self._primed.get(sentence.tokens)
        return self._rows([sentence.tokens])[0] if found is None else found

    def _rows(self, sentences: Sequence[tuple[str, ...]]) -> list[Row]:
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        ends = np.cumsum(lengths)
        tokens = map(self._hashes.__getitem__, chain.from_iterable(sentences))
        hashes = np.fromiter(tokens, np.uint64, int(lengths.sum()))
        letters = np.full((len(hashes), len(self.tables)), OUTSIDE, np.int8)
        for number, table in enumerate(self.tables):
            _write(letters[:, number], table.longest(hashes, np.repeat(ends, lengths)))
        return np.split(letters, ends)[:-1]

    def collate(
        self, rows: Sequence[Row], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        found = {}
        for number in range(len(self.tables)):
            letters = pad([row[:, number] for row in rows], time).astype(np.int32)
            found[f"list_{number}"] = _hide(letters, self.dropout, random)
        return found

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self.names), "case": self.case, "dropout": self.dropout}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        names, case, dropout = values["names"], values["case"], values["dropout"]
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise ValueError("the names of its word lists are not strings")
        if not names or len({*names}) != len(names) or CONTROLS.search("".join(names)):
            raise ValueError("the names of its word lists are missing, repeated or hold control characters")
        if case not in CASES:
            raise ValueError("the case of its word lists is not one of ignore, exact")
        if type(dropout) is not float or not 0 <= dropout < 1:
            raise ValueError("the dropout of its word lists is not a number from 0 up to 1")
        if len(resources.lists) != len(names):
            raise ValueError(f"it names {len(names)} word lists but holds {len(resources.lists)}")
        return cls(resources.lists, names, case, dropout)


def folded(token: str, case: str) -> str:
    """The token as entries are compared with it."""
    return token if case == "exact" else token.lower()


def _write(letters: Row, longest: NDArray[np.int64]) -> None:
    """Writes the matches, taken from left to right, into the letters of one list."""
    free = 0
    for place in np.flatnonzero(longest).tolist():
        if place < free:
            continue
        free = place + int(longest[place])
        if free - place == 1:
            letters[place] = SINGLE
        else:
            letters[place:free] = INSIDE
            letters[place], letters[free - 1] = BEGIN, END


def matches(letters: NDArray[Any]) -> int:
    """How many entries were found, by the letters of one list."""
    return int(((letters == BEGIN) | (letters == SINGLE)).sum())


def _hide(letters: NDArray[np.int32], rate: float, random: "np.random.Generator | None") -> NDArray[np.int32]:
    """The letters `(batch, time)` of a list with a fraction of its matches taken out."""
    if random is None or rate == 0:
        return letters
    # A match of which a piece of a long sentence has only the end counts with the match before it.
    starts = np.cumsum((letters == BEGIN) | (letters == SINGLE)).reshape(letters.shape)
    hidden = random.random(int(starts.max()) + 1) < rate
    letters[(letters > OUTSIDE) & hidden[starts]] = OUTSIDE
    return letters
