"""The states of a language model, computed outside the network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Indexer, Resources, StateSource

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

Row = tuple[str, ...] | NDArray[np.float16]


class StateIndexer(Indexer):
    """What a language model knows at each word of a sentence (Peters et al. 2018, "Deep contextualized word
    representations").

    The states of a batch are computed when it is put together, so that a long text takes no more memory than its
    batches; those of training sentences once, and kept with 16 bits a number.

    Args:
        source: The language model.
    """

    def __init__(self, source: StateSource) -> None:
        self.source = source

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        return None if resources.states is None else cls(resources.states)

    @property
    def sizes(self) -> dict[str, int]:
        return {"layers": self.source.layers, "width": self.source.width}

    @property
    def resources(self) -> tuple[object, ...]:
        return (self.source,)

    def index(self, sentence: Sentence) -> Row:
        """The tokens, whose states are not computed yet."""
        return sentence.tokens

    def keep(self, rows: Sequence[Any]) -> Sequence[Row]:
        """The states of each sentence, `(time, layers, width)`."""
        return [states.astype(np.float16) for states in self.source.read(rows)]

    def collate(
        self, rows: Sequence[Row], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        """`states` `(batch, time, layers, width)`."""
        read = iter(self.source.read([row for row in rows if isinstance(row, tuple)]))
        batch = np.zeros((len(rows), time, self.source.layers, self.source.width), np.float32)
        for place, row in zip(batch, rows, strict=True):
            place[: len(row)] = next(read) if isinstance(row, tuple) else row
        return {"states": batch}

    def to_json(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        if resources.states is None:
            raise ValueError("the language model is missing")
        if values != {}:
            raise ValueError("the entry of its language model is not empty")
        return cls(resources.states)
