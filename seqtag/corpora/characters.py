"""Corpora whose tokens are characters, as of Chinese, and those that number each character's place in its word."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from seqtag.corpora.sentence import Sentence

NEARLY_ALL = 0.95  # of the tokens; the others are numbers and foreign words
_FIRST_LETTER = 0x2E80  # of scripts that are written without spaces
_PLACE = re.compile(
    r"(.|\ufffd+)[0-9]{1,3}", re.DOTALL
)  # a character, or what an encoding left of it, and its place


def are_single(counts: Mapping[str, int]) -> bool:
    """Whether nearly all tokens, with their counts, are one character long."""
    single = sum(count for token, count in counts.items() if len(token) == 1)
    return single > NEARLY_ALL * sum(counts.values())


def are_characters(counts: Mapping[str, int]) -> bool:
    """Whether tokens, with their counts, are the characters of running text, and not codes such as those of amino
    acids: most of them are no Latin letters or digits.
    """
    codes = sum(count for token, count in counts.items() if token.isascii() and token.isalnum())
    return are_single(counts) and 2 * codes <= sum(counts.values())


def single_characters(sentences: Iterable[Sentence]) -> bool:
    """Whether the tokens of a corpus are the characters of running text."""
    return are_characters(Counter(token for sentence in sentences for token in sentence.tokens))


def have_places(sentences: Iterable[Sentence]) -> bool:
    """Whether tokens are a character and a number for its place in the word, as in the Weibo corpus (科0 技1): nearly
    all of them, since real files hold a few broken characters.
    """
    tokens = [token for sentence in sentences for token in sentence.tokens]
    placed = sum(_PLACE.fullmatch(token) is not None for token in tokens)
    return placed > 0.99 * len(tokens) and any(ord(token[0]) >= _FIRST_LETTER for token in tokens)


def without_places(sentence: Sentence) -> Sentence:
    """The sentence with the place taken from each token that is a character and a number."""
    found = ((token, _PLACE.fullmatch(token)) for token in sentence.tokens)
    return replace(sentence, tokens=tuple(match[1] if match else token for token, match in found))
