"""An n-gram model: its vocabulary, its arrays, and what it says of sentences."""

import itertools
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS, EOS, SYMBOLS, UNK
from seqtag.corpora.units import Units
from seqtag.corpora.views import View
from seqtag.ngrams import tables as arrays
from seqtag.ngrams.smoothing import STUPID_BACKOFF, rule_of
from seqtag.ngrams.tables import BACKOFF, Doubles, NgramTable, Rule
from seqtag.ngrams.text import Words
from seqtag.support.errors import Error
from seqtag.support.quoting import counted

ARPA = "arpa"  # the smoothing of a model that was read from an ARPA file: whatever made it
MOST_ORDERS = 6
NOT_PROBABILITIES = f"{STUPID_BACKOFF} gives scores that are not probabilities, so there is no perplexity"


@dataclass(frozen=True)
class NgramModel:
    """An n-gram model.

    Attributes:
        units: What its tokens are.
        words: The vocabulary; it begins with `SYMBOLS`.
        tables: Its arrays, by order from 1 on.
        smoothing: The name of the method that made them, or `ARPA`.
        closed: Whether only the most frequent words of the training text are in the vocabulary.
    """

    units: Units
    words: tuple[str, ...]
    tables: tuple[NgramTable, ...]
    smoothing: str
    closed: bool

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return len(self.tables)

    @cached_property
    def rule(self) -> Rule:
        """What becomes of a word that was not seen in its context."""
        return rule_of(self.smoothing, len(self.words))

    @property
    def description(self) -> str:
        """What it is, in one line."""
        vocabulary = "closed" if self.closed else "open"
        words = counted(len(self.words) - len(SYMBOLS), "word" if self.units.are_words else "character")
        return (
            f"{self.order}-gram of {self.units.unit}s, {self.smoothing}, {vocabulary} vocabulary of {words}"
        )

    @property
    def not_probabilities(self) -> str:
        """Why scores are not probabilities; empty if they are."""
        return NOT_PROBABILITIES if self.smoothing == STUPID_BACKOFF else ""

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each word. The start and the end of a sentence, as words, are unknown."""
        numbers = dict(zip(self.words, itertools.count()))
        return numbers | dict.fromkeys(SYMBOLS, UNK)

    def encode(self, sentences: Sequence[Sequence[str]]) -> Words:
        """The numbers of sentences one after the other, each between `BOS` and `EOS`."""
        numbers, found = self.numbers, array("i")
        for sentence in sentences:
            found.append(BOS)
            found.extend(numbers.get(token, UNK) for token in sentence)
            found.append(EOS)
        return np.frombuffer(found, np.int32)

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[Doubles, NDArray[np.bool_]]:
        """-log2 of the probability of each token, and whether it is unknown; the end of each sentence follows its
        tokens.
        """
        tokens = self.encode(sentences)
        predicted = tokens != BOS
        logs = arrays.scores(tokens, self.tables, self.rule)[predicted]
        return logs * -math.log2(10), tokens[predicted] == UNK

    def score_views(self, views: Sequence[View]) -> Doubles:
        """-log2 of the probability of the token of each view after what is visible there."""
        numbers, longest = self.numbers, self.order - 1
        found, depth, predicted = array("i"), array("q"), []
        for view in views:
            before = view.before[max(len(view.before) - longest, 0) :]
            context = [BOS] * view.start + [numbers.get(token, UNK) for token in before]
            found.extend(context)
            found.append(EOS if view.token is None else numbers.get(view.token, UNK))
            depth.extend(range(len(context) + 1))
            predicted.append(len(found) - 1)
        tokens, depths = np.frombuffer(found, np.int32), np.frombuffer(depth, np.int64)
        return arrays.scores(tokens, self.tables, self.rule, depths)[predicted] * -math.log2(10)

    def continuation(self, tokens: Sequence[str]) -> Doubles:
        """The probability of each word after the start of a sentence and these tokens."""
        context = [BOS, *(self.numbers.get(token, UNK) for token in tokens)]
        return arrays.distribution(context[-self.order :], self.tables, self.rule, self._unigrams)

    @cached_property
    def _unigrams(self) -> Doubles:
        return np.power(10.0, self.tables[0].logs.astype(np.float64))

    def check_arpa(self) -> None:
        """Refuses a model that an ARPA file cannot hold.

        Raises:
            Error: Its words do not back off, or what it gives are not probabilities.
        """
        if self.not_probabilities:
            raise Error(f"an ARPA file holds probabilities; {STUPID_BACKOFF} gives scores that are none.")
        if self.rule != BACKOFF:
            raise Error(
                f"an ARPA file cannot hold {self.smoothing}: there, a word that was not seen after its context has a "
                "probability that depends on shorter contexts. Choose another smoothing."
            )
