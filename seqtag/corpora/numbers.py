"""Columns of numbers in a corpus."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted

MISSING = "_"  # what stands for a number that is missing; so do an empty cell and NaN
LARGEST = 1e30  # in either direction: squares of numbers must be finite
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def number(text: str) -> float:
    """The number that a text is, with a decimal point; NaN for one that is missing.

    Raises:
        ValueError: It is no number, or one beyond `LARGEST`.

    Example:
        >>> number("-1.5e3"), number("_"), number("NaN")
        (-1500.0, nan, nan)
    """
    text = text.strip()
    if text in ("", MISSING) or text.lower() == "nan":
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            f"is {quoted(text)}; expected a number such as -1.5 or 2e3, or {MISSING}, NaN or an empty cell where it is "
            "missing"
        )
    value = float(text)
    if abs(value) > LARGEST:
        raise ValueError(f"is {quoted(text)}; expected a number between -{LARGEST:g} and {LARGEST:g}")
    return value


def with_numbers(found: Iterable[Sentence], columns: Sequence[int | str], name: str) -> Iterator[Sentence]:
    """The sentences with their last columns read as numbers.

    Args:
        found: Sentences whose last `Sentence.columns` are these.
        columns: What the user calls them.
        name: The file, for messages.

    Raises:
        DataError: A value is no number.
    """
    for sentence in found:
        if not sentence.columns:  # a text, which the model is going to refuse
            yield sentence
            continue
        first = len(sentence.columns) - len(columns)
        numbers = []
        for column, values in zip(columns, sentence.columns[first:], strict=True):
            numbers.append(tuple(_numbers(values, column, sentence.lines, name)))
        yield replace(sentence, columns=sentence.columns[:first], numbers=tuple(numbers))


def _numbers(values: Sequence[str], column: int | str, lines: Sequence[int], name: str) -> Iterator[float]:
    for place, value in enumerate(values):
        try:
            yield number(value)
        except ValueError as problem:
            raise DataError(name, lines[place], f"the numeric column {column} {problem}") from None
