"""What an indexer is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.vectors import Vectors
from seqtag.features.word_lists import ListTable

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

PADDING = 0
UNKNOWN = 1
RESERVED = 2  # rows of a table that belong to no entry: padding and the unknown one

Ids = NDArray[np.int32]
Number = TypeVar("Number", bound=np.integer[Any])


class StateSource(Protocol):
    """What gives the states of a language model."""

    @property
    def layers(self) -> int:
        """How many layers it has."""
        ...

    @property
    def width(self) -> int:
        """The size of a layer's state, of all directions together."""
        ...

    def read(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """The states of each sentence, `(time, layers, width)`."""
        ...


@dataclass(frozen=True)
class Resources:
    """What indexers share.

    Attributes:
        vectors: The pretrained vectors, if there are any.
        states: The language model whose states are read, if there is one.
        lists: The entries of each word list.
    """

    vectors: Vectors | None = None
    states: StateSource | None = None
    lists: tuple[ListTable, ...] = ()


class Indexer(Protocol):
    """What each part that reads tokens offers."""

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        """The indexer, learnt from training sentences alone; None if the configuration has no such part."""
        ...

    def extended(self, sentences: Sequence[Sentence], config: "RunSettings") -> Self:
        """The indexer with what further training sentences hold and it does not. What it knows stays as it is, and
        keeps its rows of the network's tables unless `moved` says others.
        """
        return self

    def moved(self, former: Self) -> Ids | None:
        """The row of the network's table that each row of `former` has become, which this indexer extends; None where
        each has kept its number.
        """
        return None

    @property
    def sizes(self) -> dict[str, int]:
        """What the network must know to build its half of the part."""
        ...

    @property
    def resources(self) -> tuple[object, ...]:
        """What it looks up in beside its own tables: pretrained vectors, or a language model."""
        return ()

    def prime(self, sentences: Sequence[Sentence]) -> None:
        """Looks up at once what `index` will ask for these sentences, where that is cheaper than one by one."""

    def index(self, sentence: Sentence) -> Any:
        """The sentence as this part keeps it until it is batched: one entry a token, which can be sliced."""
        ...

    def keep(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Sentences as `index` gives them, made ready to be batched in every epoch: what is costly is computed."""
        return rows

    def collate(
        self, rows: Sequence[Any], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch; `random` is given in training only."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the model folder."""
        ...

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        """The indexer that `to_json` described."""
        ...


def pad(rows: Sequence[NDArray[Number]], time: int, padding: int = PADDING) -> NDArray[Number]:
    """Rows of unequal length as one array `(batch, time)`, padded on the right."""
    padded = np.full((len(rows), time), padding, rows[0].dtype)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    padded[np.arange(time) < lengths[:, None]] = np.concatenate(rows)
    return padded


class ValueTable:
    """Values by falling frequency, with a row for each; row 0 is padding, row 1 the unknown value.

    Args:
        values: The values of rows 2, 3, ...
        first_singleton: The row from which on all values were seen once.
    """

    def __init__(self, values: Sequence[str], first_singleton: int) -> None:
        self.values = tuple(values)
        self.first_singleton = first_singleton
        self.ids = {value: number for number, value in enumerate(self.values, start=RESERVED)}

    @classmethod
    def fit(cls, counts: Counter[str], min_count: int = 1) -> Self:
        """The table of all values seen at least `min_count` times."""
        kept = [value for value, count in counts.items() if count >= min_count]
        kept.sort(key=lambda value: (-counts[value], value))
        return cls(kept, RESERVED + sum(counts[value] > 1 for value in kept))

    def extended(self, other: "ValueTable") -> "ValueTable":
        """The table with the values of another one that it lacks, in their order, after its own; of values seen once,
        those of the other table alone.
        """
        new = [value for value in other.values if value not in self.ids]
        often = sum(other.ids[value] < other.first_singleton for value in new)
        return ValueTable((*self.values, *new), self.rows + often)

    @property
    def rows(self) -> int:
        """How many rows the network's table needs."""
        return RESERVED + len(self.values)

    def index(self, values: Iterable[str]) -> Ids:
        """The row of each value."""
        ids = self.ids
        return np.array([ids.get(value, UNKNOWN) for value in values], np.int32)

    def hide_singletons(self, rows: Ids, rate: float, random: "np.random.Generator | None") -> Ids:
        """The rows with each value that was seen once made unknown by chance, so that its row is learnt."""
        if random is not None and rate > 0:
            rows[(rows >= self.first_singleton) & (random.random(rows.shape) < rate)] = UNKNOWN
        return rows

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"values": list(self.values), "first_singleton": self.first_singleton}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The table that `to_json` described; ValueError if it is none."""
        own, singleton = values["values"], values["first_singleton"]
        if not isinstance(own, list) or not all(isinstance(value, str) for value in own):
            raise ValueError("a table's values are not a list of strings")
        table = cls(own, singleton)
        if len(table.ids) != len(own):
            raise ValueError("a table holds a value twice")
        if type(singleton) is not int or not RESERVED <= singleton <= table.rows:
            raise ValueError(f"a table's first singleton is {singleton!r:.40}; expected one of its rows")
        return table


DIGITS = {ord(digit): "0" for digit in "123456789"}
