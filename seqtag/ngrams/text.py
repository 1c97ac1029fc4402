"""Text as numbers: every word has one, the most frequent the lowest."""

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS, EOS, SYMBOLS, UNK
from seqtag.ngrams.spilled import spilled
from seqtag.support.errors import Error

LIMIT = 1 << 23  # tokens that are in memory at once
MOST_WORDS = 1 << 26
SYMBOLS_ALONE = (
    f"the training text holds no word but {', '.join(SYMBOLS)}, which are read as {SYMBOLS[UNK]}: nothing but "
    "the length of sentences is learnt"
)

Ints = NDArray[np.int64]
Words = NDArray[np.int32]


@dataclass(frozen=True)
class Text:
    """A training text.

    Attributes:
        words: The vocabulary; a word's number is its place.
        blocks: The numbers of the tokens, whole sentences, each between `BOS` and `EOS`.
        sentences: How many sentences there are.
        tokens: How many tokens they have.
        kinds: How many different tokens; more than there are words if the vocabulary is closed.
        unknown: How many tokens are unknown: not in the vocabulary, or spelt like one of the three symbols.
    """

    words: tuple[str, ...]
    blocks: Sequence[Words]
    sentences: int
    tokens: int
    kinds: int
    unknown: int

    @property
    def size(self) -> int:
        """How many words the vocabulary has, symbols included."""
        return len(self.words)


def read(sentences: Iterable[Sequence[str]], most: int | None = None, limit: int = LIMIT) -> Text:
    """Reads a training text in one pass.

    Args:
        sentences: Its sentences as lists of tokens.
        most: How many words a closed vocabulary has; None for an open one, of all words.
        limit: How many tokens are in memory at once; further ones lie in temporary files.

    Raises:
        Error: There are too many different words.
    """
    numbers: defaultdict[str, int] = defaultdict(itertools.count(len(SYMBOLS)).__next__)
    numbers.update(dict.fromkeys(SYMBOLS, UNK))
    blocks = list(_blocks(sentences, numbers, limit))
    words = list(itertools.islice(numbers, len(SYMBOLS), None))
    if len(words) > MOST_WORDS:
        raise Error(f"the text has {len(words):,} different words; expected {MOST_WORDS:,} at most.")
    size = len(words) + len(SYMBOLS)
    counts = sum((np.bincount(block, minlength=size) for block in blocks), np.zeros(size, np.int64))
    order = np.argsort(-counts[len(SYMBOLS) :], kind="stable")[:most]
    ranks = np.zeros(size, np.int32)
    ranks[[BOS, EOS]] = BOS, EOS
    ranks[order + len(SYMBOLS)] = np.arange(len(order)) + len(SYMBOLS)
    kept = (*SYMBOLS, *(words[at] for at in order))
    for at, block in enumerate(blocks):
        blocks[at] = _kept(ranks[block], spill=at > 0)
    known = int(counts[len(SYMBOLS) :][order].sum())
    total = int(counts[UNK] + counts[len(SYMBOLS) :].sum())
    return Text(kept, blocks, int(counts[BOS]), total, len(words), total - known)


def _blocks(sentences: Iterable[Sequence[str]], numbers: dict[str, int], limit: int) -> Iterator[Words]:
    """The numbers of the tokens in blocks of whole sentences; all but the first lie in files."""
    block, later = array("i"), False
    for sentence in sentences:
        block.append(BOS)
        block.extend(map(numbers.__getitem__, sentence))
        block.append(EOS)
        if len(block) >= limit:
            yield _kept(np.frombuffer(block, np.int32), spill=later)
            block, later = array("i"), True
    if block:
        yield _kept(np.frombuffer(block, np.int32), spill=later)


def _kept(block: Words, *, spill: bool) -> Words:
    return spilled([block], np.int32) if spill else block
