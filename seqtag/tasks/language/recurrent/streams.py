"""The training text as streams: parts of it that are read side by side, each from its beginning to its end."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS, EOS
from seqtag.ngrams.spilled import spilled
from seqtag.ngrams.text import Text
from seqtag.tasks.language.recurrent.numbered import Ints, NumberedWords
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary


class Streams:
    """The training text in its order, one border between two lines, as so many streams of about equal length.

    Each stream begins with a border and a line, unless a single line is longer than a stream. A step of training reads
    the next chunk of each; a chunk begins with the last token of the one before, so that each token is predicted once
    in an epoch. Where a stream is at its end, its chunks are a border alone, which predicts nothing.

    Args:
        text: The text.
        vocabulary: The words that are predicted, and what the embeddings know of all of them.
        most: How many streams there are at most; as few as have a chunk each.
        chunk: How many tokens of a chunk are predicted.

    Attributes:
        count: How many streams there are.
        steps: How many steps an epoch has.
        cut: How many sentences are learnt in pieces with a fresh state each: none.
    """

    def __init__(self, text: Text, vocabulary: WordVocabulary, most: int, chunk: int) -> None:
        self._words = NumberedWords(text, vocabulary)
        self._text = _flat(text.blocks)
        self._chunk = chunk
        predicted = len(self._text) - 1
        self.count = min(most, max(1, predicted // chunk))
        self._begins = [0, *(self._begin(number, predicted) for number in range(1, self.count)), predicted]
        self.steps = -(-int(np.diff(self._begins).max()) // chunk)
        self.cut = 0

    @property
    def tokens(self) -> int:
        """The tokens of all chunks, those that two of them share counted twice."""
        return self._begins[-1] + self.count * self.steps

    def order(self, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """The numbers of the chunks in the steps of an epoch: a chunk of each stream, in the order of the text."""
        return [np.arange(step * self.count, (step + 1) * self.count) for step in range(self.steps)]

    def batch(
        self, numbers: Sequence[int], random: np.random.Generator
    ) -> tuple[dict[str, NDArray[Any]], Ints]:
        """The network's inputs for these chunks, and the targets `(batch, time)`. The input `fresh` is 1 where a stream
        begins.
        """
        inputs, targets = self._words.batch([self._piece(number) for number in numbers], random)
        inputs["fresh"] = (np.asarray(numbers) < self.count).astype(np.int32)
        return inputs, targets

    def words(self, number: int) -> list[str]:
        """The words of a chunk."""
        return self._words.spelt(self._piece(number))

    def _begin(self, number: int, predicted: int) -> int:
        """Where a stream begins: at the first border of its equal part of the text, if there is one."""
        start, end = (at * predicted // self.count for at in (number, number + 1))
        borders = np.flatnonzero(self._text[start:end] == EOS)
        return start + (int(borders[0]) if len(borders) else 0)

    def _piece(self, number: int) -> NDArray[Any]:
        step, stream = divmod(number, self.count)
        start, end = self._begins[stream] + step * self._chunk, self._begins[stream + 1]
        if start >= end:
            return self._text[:1]  # a border
        return self._text[start : min(start + self._chunk, end) + 1]


def _flat(blocks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The lines of all blocks with one border before, between and after them; in a file where there are many."""
    pieces = chain([np.array([EOS], np.int32)], (block[block != BOS] for block in blocks))
    return spilled(pieces, np.int32) if len(blocks) > 1 else np.concatenate([*pieces])
