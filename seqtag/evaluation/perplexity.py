"""Cross entropy and perplexity of a text under a language model."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Perplexity:
    """How well a language model predicts a text. Ends of sentences are predicted, starts are not.

    Attributes:
        bits: The sum of -log2 of the probabilities of all tokens.
        tokens: How many tokens were predicted, with the end of each sentence.
        sentences: How many sentences there are.
        words: How many words they have.
        characters: How many characters, with the space or line end after each word.
        unknown: How many of the tokens are not in the vocabulary.
        known_bits: The part of `bits` that is of the others.
        impossible: How many tokens have the probability 0, which makes `bits` infinite.
        backward_bits: The sum of -log2 of the probabilities from the end to the beginning, where beginnings are
            predicted and ends are not; 0 of a model that was not asked for them.
    """

    bits: float = 0.0
    tokens: int = 0
    sentences: int = 0
    words: int = 0
    characters: int = 0
    unknown: int = 0
    known_bits: float = 0.0
    impossible: int = 0
    backward_bits: float = 0.0

    def __add__(self, other: "Perplexity") -> "Perplexity":
        return Perplexity(*(getattr(self, name) + getattr(other, name) for name in self.__match_args__))

    @property
    def cross_entropy(self) -> float:
        """The cross entropy J: bits per token."""
        return _ratio(self.bits, self.tokens)

    @property
    def perplexity(self) -> float:
        """2 to the power of the cross entropy."""
        return power(self.cross_entropy)

    @property
    def backward(self) -> float | None:
        """The perplexity from the end to the beginning; None of a model that was not asked for it."""
        return power(_ratio(self.backward_bits, self.tokens)) if self.backward_bits else None

    @property
    def bits_per_word(self) -> float:
        """Bits per word, where the end of a sentence counts as a word; comparable across units."""
        return _ratio(self.bits, self.words + self.sentences)

    @property
    def bits_per_character(self) -> float:
        """Bits per character of the text."""
        return _ratio(self.bits, self.characters)

    @property
    def unknown_rate(self) -> float:
        """The share of tokens, ends of sentences left out, that are not in the vocabulary."""
        return _ratio(self.unknown, self.tokens - self.sentences)

    @property
    def perplexity_known(self) -> float:
        """The perplexity over the tokens that are in the vocabulary; the others still stand in their contexts."""
        return power(_ratio(self.known_bits, self.tokens - self.unknown))

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON can hold them: null for one that is infinite or that nothing defines."""
        values = {
            name: getattr(self, name)
            for name in (
                "perplexity", "cross_entropy", "tokens", "unknown_rate", "bits", "bits_per_word",
                "bits_per_character", "perplexity_known", "sentences", "words", "characters", "unknown", "impossible",
            )
        }  # fmt: skip
        if self.backward is not None:
            values["backward"] = self.backward
        return {name: value if math.isfinite(value) else None for name, value in values.items()}


def power(bits: float) -> float:
    """2 to the power of bits; infinite where that is too much for a float."""
    return 2.0**bits if bits < 1024 else bits if math.isnan(bits) else math.inf


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
