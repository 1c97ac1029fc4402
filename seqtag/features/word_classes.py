"""The words of a language model in classes, for an output layer that predicts a word's class before the word."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import counted, quoted

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WordClasses:
    """A vocabulary sorted by class, so that each class is a range of places.

    Attributes:
        order: The number of the word at each place, `(words,)`.
        sizes: How many words each class has, at least one, `(classes,)`.
    """

    order: Ints
    sizes: tuple[int, ...]

    @cached_property
    def places(self) -> Ints:
        """The place of each word, `(words,)`: what an output layer calls its targets."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(self.order))
        return places


def square_root(words: int) -> int:
    """The square root of the vocabulary's size, rounded up: as many classes as the average class has words."""
    return 1 + math.isqrt(words - 1)


def equal_mass(counts: Sequence[int] | Ints, classes: int) -> WordClasses:
    """Classes that are about equally frequent: few frequent words in the first ones, many rare words in the last ones.

    Words go into classes by falling frequency, a class being full when it reaches its share (Mikolov et al. 2011,
    "Extensions of recurrent neural network language model"). A word that is more frequent than that is a class by
    itself; the share of later classes is an equal part of what is left, so that there are exactly as many classes as
    asked for.

    Args:
        counts: How often each word occurs, `(words,)`; equally frequent words keep their order.
        classes: How many classes; 1 for a full softmax.

    Raises:
        UsageError: There are more classes than words, or none.

    Example:
        >>> equal_mass([1, 1, 8, 4, 2], 3).sizes
        (1, 1, 3)
        >>> equal_mass([1, 1, 8, 4, 2], 3).order.tolist()
        [2, 3, 4, 0, 1]
    """
    order, words = _by_frequency(counts, classes)
    masses = np.cumsum(np.asarray(counts, np.int64)[order])
    ends = [0]
    for left in range(classes, 1, -1):
        done = int(masses[ends[-1] - 1]) if ends[-1] else 0
        share = (int(masses[-1]) - done) / left
        end = int(np.searchsorted(masses, done + share)) + 1
        ends.append(min(max(end, ends[-1] + 1), words - left + 1))
    return WordClasses(order, tuple(np.diff([*ends, words]).tolist()))


def equal_size(counts: Sequence[int] | Ints, classes: int) -> WordClasses:
    """Classes of as many words each, but for one more in the first ones, by falling frequency.

    Arguments and errors are those of `equal_mass`.

    Example:
        >>> equal_size([1, 1, 8, 4, 2], 3).sizes
        (2, 2, 1)
    """
    order, words = _by_frequency(counts, classes)
    size, more = divmod(words, classes)
    return WordClasses(order, (size + 1,) * more + (size,) * (classes - more))


def _by_frequency(counts: Sequence[int] | Ints, classes: int) -> tuple[Ints, int]:
    """The numbers of the words by falling frequency, and how many there are."""
    order = np.argsort(-np.asarray(counts, np.int64), kind="stable")
    if not 1 <= classes <= len(order):
        raise UsageError(
            f"{counted(len(order), 'word')} cannot be divided into {classes:,} classes; expected 1 to {len(order):,}."
        )
    return order, len(order)


def read(path: str | PathLike[str], words: Sequence[str]) -> WordClasses:
    """The classes of a file that has a word, a tab and the name of its class in each line.

    Classes stand in the order in which the file names them first, and the words of a class in that of the vocabulary.

    Args:
        path: The file, UTF-8, plain or compressed; "-" is standard input.
        words: The vocabulary, symbols such as the end of a sentence included.

    Raises:
        DataError: The file cannot be read; a line is not a word and a class; it has a word twice, or one that is not in
            the vocabulary; or it leaves out a word of the vocabulary.
    """
    numbers = {word: number for number, word in enumerate(words)}
    names: dict[str, int] = {}
    found: dict[int, tuple[int, int]] = {}  # by word: its class and its line
    for line, text in lines(path):
        word, _, name = text.partition("\t")
        if not word or not name.strip() or "\t" in name:
            raise DataError(shown(path), line, f"is {quoted(text)}; expected a word, a tab and a class")
        number = numbers.get(word)
        if number is None:
            raise DataError(shown(path), line, f"the vocabulary has no word {quoted(word)}")
        if number in found:
            raise DataError(
                shown(path), line, f"the word {quoted(word)} has a class already, in line {found[number][1]}"
            )
        found[number] = names.setdefault(name, len(names)), line
    left_out = [word for number, word in enumerate(words) if number not in found]
    if left_out:
        raise DataError(
            shown(path),
            None,
            f"has no class for {len(left_out):,} of {counted(len(words), 'word')} of the vocabulary, "
            f"first {quoted(left_out[0])}; expected one for each",
        )
    classes = np.array([found[number][0] for number in range(len(words))], np.int64)
    return WordClasses(np.argsort(classes, kind="stable"), tuple(np.bincount(classes).tolist()))
