"""The one shape that a sentence has in seqtag, whatever file it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[Sequence[str]]
"""The tokens or the tags of a corpus: one sequence per sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A tokenised sentence and, in a corpus, its tags.

    Attributes:
        tokens: The tokens, none of them empty.
        tags: One tag a token, as the file has them; None where a file has no tags.
        lines: The line of each token in its file, counted from 1, or the one line of all; empty for a sentence that
            came from no file.
        columns: Extra columns of the corpus as features, one tuple of values a column, each as long as
            tokens.
        text: The text that the tokens were cut from; None where the file holds tokens.
        extra: What else the file says of the sentence and is handed on, by name.
        parts: Its sentences, where the text was split into some: their tokens together are those of the text. None
            where the text is one sentence.
        numbers: Columns of numbers, like `columns`; NaN where one is missing.
        heads: The head of each token in a dependency tree, counted from 1, and 0 for a root; None where nobody asked
            for them, or the file has none.
        labels: The labels of the sentence as a whole, as far as these were asked for.
        starts_document: Whether its file marks it as the first one of a document.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    lines: Sequence[int] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    text: str | None = None
    extra: Mapping[str, Any] | None = None
    parts: "tuple[Sentence, ...] | None" = None
    numbers: tuple[tuple[float, ...], ...] = ()
    heads: tuple[int, ...] | None = None
    labels: tuple[str, ...] = ()
    starts_document: bool = False

    def __len__(self) -> int:
        return len(self.tokens)


def line_numbers(places: list[int]) -> Sequence[int]:
    """The lines of tokens, in little memory where they follow each other, as nearly everywhere."""
    first, last = places[0], places[-1]
    return range(first, last + 1) if last - first == len(places) - 1 else tuple(places)


# A sentence to tag: its tokens, or with the extra columns that some models read.
Words = Sequence[str] | Sentence


def as_sentence(words: Words) -> Sentence:
    """The words as a ``Sentence``."""
    return words if isinstance(words, Sentence) else Sentence(tuple(words))


def cut(words: Words, start: int, end: int) -> Sentence:
    """The tokens, columns and heads of a sentence from one token up to, not including, another; a token whose head is
    not among them is a root.
    """
    sentence = as_sentence(words)
    if start == 0 and end == len(sentence):
        return sentence
    columns = tuple(column[start:end] for column in sentence.columns)
    numbers = tuple(column[start:end] for column in sentence.numbers)
    heads = _cut_heads(sentence, start, end)
    return Sentence(sentence.tokens[start:end], columns=columns, numbers=numbers, heads=heads)


def _cut_heads(sentence: Sentence, start: int, end: int) -> tuple[int, ...] | None:
    if sentence.heads is None:
        return None
    return tuple(head - start if start < head <= end else 0 for head in sentence.heads[start:end])
