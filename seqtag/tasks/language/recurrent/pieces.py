"""The training text as batches of numbers: whole sentences with a fresh state each, the longest ones in pieces."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS, EOS
from seqtag.ngrams.text import Text
from seqtag.tasks.language.recurrent.numbered import NumberedWords
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary
from seqtag.training.batches import sorted_batches

Ints = NDArray[np.int32]


class Pieces:
    """The training text, cut into pieces.

    A piece is a sentence with both borders. A longer one is cut into pieces of which each begins with the last token of
    the one before, so that each token is predicted once in each direction.

    Args:
        text: The text.
        vocabulary: The words that are predicted, and what the embeddings know of all of them.
        longest: How many tokens of a piece are predicted at most.
        labels: The row of each sentence's label in the table of labels, `(sentences,)`; None in a model without labels.

    Attributes:
        lengths: Tokens of each piece, `(pieces,)`.
        cut: How many sentences are in several pieces.
    """

    def __init__(
        self, text: Text, vocabulary: WordVocabulary, longest: int, labels: Ints | None = None
    ) -> None:
        self._words = NumberedWords(text, vocabulary)
        self._blocks = text.blocks
        self._offsets = np.cumsum([0, *(len(block) for block in text.blocks)])
        places, lengths, pieces = zip(*(_cut(block, longest) for block in text.blocks), strict=True)
        self._starts = np.concatenate(
            [at + offset for at, offset in zip(places, self._offsets, strict=False)]
        )
        self.lengths: Ints = np.concatenate(lengths)
        self.cut = len(self.lengths) - text.sentences
        self._labels = None if labels is None else np.repeat(labels, np.concatenate(pieces))

    @property
    def tokens(self) -> int:
        """The tokens of all pieces."""
        return int(self.lengths.sum(dtype=np.int64))

    def order(self, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """The numbers of the pieces in the batches of an epoch."""
        return sorted_batches(self.lengths, batch_size, seed, epoch)

    def batch(
        self, numbers: Sequence[int], random: np.random.Generator
    ) -> tuple[dict[str, NDArray[Any]], Ints]:
        """The network's inputs for these pieces, and the targets `(batch, time)`."""
        labels = () if self._labels is None else self._labels[list(numbers)]
        return self._words.batch([self._piece(number) for number in numbers], random, labels)

    def words(self, number: int) -> list[str]:
        """The words of a piece."""
        return self._words.spelt(self._piece(number))

    def _piece(self, number: int) -> NDArray[Any]:
        start = self._starts[number]
        block = int(np.searchsorted(self._offsets, start, side="right")) - 1
        at = int(start - self._offsets[block])
        return np.asarray(self._blocks[block][at : at + int(self.lengths[number])])


def _cut(block: NDArray[Any], longest: int) -> tuple[NDArray[np.int64], Ints, NDArray[np.int64]]:
    """Where each piece of a block begins, its length, and how many pieces each sentence has."""
    begins = np.flatnonzero(block == BOS)
    steps = np.flatnonzero(block == EOS) - begins  # tokens of each sentence that are predicted
    counts = -(-steps // longest)
    which = np.repeat(np.arange(len(begins)), counts)
    done = longest * (np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts))
    return begins[which] + done, (np.minimum(steps[which] - done, longest) + 1).astype(np.int32), counts
