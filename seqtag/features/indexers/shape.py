"""The casing of a word."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.characters import single_characters
from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Ids, Indexer, Resources, pad
from seqtag.support.lookup import Lookup

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

SHAPES = (
    "padding", "other", "number", "mostly digits", "lower", "upper", "initial upper", "one upper", "mixed",
    "with digits", "punctuation",
)  # fmt: skip


def shape_of(word: str) -> int:
    """The number of the word's shape in `SHAPES`; the kinds are those of Reimers and Gurevych (2017), and some more."""
    digits = 0 if word.isalpha() else sum(map(str.isdigit, word))
    if digits == len(word):
        kind = "number"
    elif 2 * digits > len(word):
        kind = "mostly digits"
    elif word.islower():
        kind = "with digits" if digits else "lower"
    elif word.isupper():
        kind = "one upper" if len(word) == 1 else "upper"
    elif word[0].isupper() and not any(map(str.isupper, word[1:])):
        kind = "initial upper"
    elif any(map(str.isupper, word)):
        kind = "mixed"
    elif digits:
        kind = "with digits"
    else:
        kind = "other" if any(letter.isalpha() for letter in word) else "punctuation"
    return SHAPES.index(kind)


class ShapeIndexer(Indexer):
    """The shape of each word, by its number in `SHAPES`."""

    def __init__(self) -> None:
        self._known = Lookup(shape_of)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        # A script of single characters knows no case.
        return cls() if config.embeddings.shape.dim and not single_characters(sentences) else None

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": len(SHAPES)}

    def index(self, sentence: Sentence) -> Ids:
        return np.fromiter(map(self._known.__getitem__, sentence.tokens), np.int32, len(sentence.tokens))

    def collate(
        self, rows: Sequence[Ids], time: int, random: "np.random.Generator | None"
    ) -> dict[str, NDArray[Any]]:
        return {"shapes": pad(rows, time)}

    def to_json(self) -> dict[str, Any]:
        return {"shapes": list(SHAPES)}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        if values["shapes"] != list(SHAPES):
            raise ValueError("its word shapes are others than this version's")
        return cls()
