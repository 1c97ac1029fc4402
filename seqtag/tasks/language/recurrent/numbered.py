"""The words of a training text by their numbers: what the network reads of each, and as what each is predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import BOS, END, EOS, SYMBOLS, UNKNOWN
from seqtag.features.indexers.base import pad
from seqtag.ngrams.text import Text
from seqtag.tasks.language.recurrent.vocabulary import LABEL, WordVocabulary

Ints = NDArray[np.int32]


class NumberedWords:
    """Makes batches of stretches of a text whose words are numbers.

    Args:
        text: The text.
        vocabulary: The words that are predicted, and what the embeddings know of all of them.
    """

    def __init__(self, text: Text, vocabulary: WordVocabulary) -> None:
        self._vocabulary = vocabulary
        self._strings = (UNKNOWN, END, END, *text.words[len(SYMBOLS) :])  # what the network reads, by number
        every = Sentence(self._strings)
        self._rows = {
            name: _array(indexer.index(every))
            for name, indexer in vocabulary.indexers.items()
            if name != LABEL
        }
        numbers = vocabulary.numbers
        self._targets: Ints = np.fromiter(
            (numbers.get(word, vocabulary.unknown) for word in self._strings), np.int32, len(self._strings)
        )
        self._targets[[BOS, EOS]] = vocabulary.end

    def batch(
        self,
        found: Sequence[NDArray[Any]],
        random: np.random.Generator,
        labels: Sequence[int] | NDArray[Any] = (),
    ) -> tuple[dict[str, NDArray[Any]], Ints]:
        """The network's inputs for these stretches, and the targets `(batch, time)`.

        Args:
            found: The words of the stretches, by number.
            random: Hides words that were seen once.
            labels: The row of each stretch's label in the table of labels, if the model has labels.
        """
        rows = [{name: array[ids] for name, array in self._rows.items()} for ids in found]
        for row, ids, label in zip(rows, found, labels, strict=False):
            row[LABEL] = np.full((len(ids), 1), label, np.int32)
        inputs = self._vocabulary.collate(rows, random)
        return inputs, pad([self._targets[ids] for ids in found], int(inputs["lengths"].max()))

    def spelt(self, ids: NDArray[Any]) -> list[str]:
        """The words of a stretch."""
        return [self._strings[at] for at in ids]


def _array(rows: Any) -> NDArray[Any]:
    """What an indexer keeps of tokens, as an array of one entry each."""
    return rows if isinstance(rows, np.ndarray) else np.array(rows, dtype=object)
