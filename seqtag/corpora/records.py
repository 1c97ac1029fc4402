"""The values of a JSON file: one a line, or the elements of one list over any number of lines."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, TextIO

from seqtag.corpora.alignment import Marked, as_sentence
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, parse_json

_BLANK = " \t\r"
_SPACE = " \t\r\n"
_MOST = 4096  # lines in which the first value must end, to be looked at
_DECODER = json.JSONDecoder()


def records(source: Source) -> Iterator[tuple[int, Any]]:
    """The values, each with the line that it begins in; a list is held in memory.

    Raises:
        DataError: The file is not such JSON.
    """
    numbered = source.lines()
    for number, line in numbered:
        if line.strip(_BLANK):
            rest = chain([(number, line)], numbered)
            yield from _elements(rest, source.name) if _opens_list(line) else _values(rest, source.name)
            return


def marked_sentences(
    source: Source, options: ReadOptions, parse: Callable[[Any], Iterable[Marked]]
) -> Iterator[Sentence]:
    """The sentences of the texts that `parse` finds in each value.

    Raises:
        DataError: The file is not such JSON, or `parse` refuses a value with a ValueError.
    """
    for line, value in records(source):
        try:
            found = list(parse(value))
        except ValueError as problem:
            raise DataError(source.name, line, str(problem)) from problem
        for marked in found:
            yield as_sentence(source, line, marked, options)


def first(source: Source) -> Any:
    """The first value; None if the first lines hold none."""
    text, tried = "", 0
    for count, (_, line) in enumerate(islice(source.head(), _MOST)):
        if not text:
            if not line.strip(_BLANK):
                continue
            if not line.lstrip(_BLANK).startswith(("{", "[")):
                return None
            if not _opens_list(line):
                return _parsed(line)
            line = line.lstrip(_BLANK)[1:] or "\n"
        text += line + "\n"
        if count >= 2 * tried:  # a long list is not tried at every line
            tried = count
            start = len(text) - len(text.lstrip(_SPACE))
            try:
                return _DECODER.raw_decode(text, start)[0]
            except (ValueError, RecursionError):
                continue
    return None


class JsonWriter:
    """What the formats write that have a JSON value for each document.

    Args:
        stream: Where they go.
    """

    probabilities = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str

    def put(self, value: Any, end: str = "\n") -> None:
        """Writes a value."""
        self._stream.write(self._safe(json.dumps(value, ensure_ascii=False)) + end)


def _for_terminal(text: str) -> str:
    """The same JSON with all escaped that may steer the terminal; JSON must escape only what is below space."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def is_list(source: Source) -> bool:
    """Whether the file is one JSON list."""
    line = next((line for _, line in source.head() if line.strip(_BLANK)), "")
    return _opens_list(line) and first(source) is not None


def _parsed(line: str) -> Any:
    try:
        return parse_json(line)
    except JsonError:
        return None


def _opens_list(line: str) -> bool:
    """Whether the whole file is one list, by its first line: a list that is a value of its own begins with a text."""
    opened = line.strip(_BLANK)
    return opened[:1] == "[" and opened[1:].lstrip(_BLANK)[:1] in ("", "{", "[", "]")


def _values(numbered: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, Any]]:
    for number, line in numbered:
        if line.strip(_BLANK):
            yield number, _value(line, name, number)


def _value(text: str, name: str, number: int) -> Any:
    try:
        return parse_json(text)
    except JsonError as problem:
        raise DataError(name, number, str(problem)) from problem


def _elements(numbered: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, Any]]:
    """The elements of the list that a file is."""
    number, first_line = next(iter(numbered))
    text = "\n".join(chain([first_line], (line for _, line in numbered)))
    at = text.index("[") + 1
    seen = 0
    goes_on = text[_after_space(text, at) :][:1] != "]"
    while goes_on:
        at = _after_space(text, at)
        number, seen = number + text.count("\n", seen, at), at
        try:
            end = _DECODER.raw_decode(text, at)[1]
        except RecursionError:
            end = len(text)  # the parser says so
        except ValueError as problem:
            raise DataError(name, number, f"is not JSON ({problem})") from problem
        yield number, _value(text[at:end], name, number)
        at = _after_space(text, end)
        goes_on = text[at : at + 1] == ","
        at += goes_on
    at = _after_space(text, at)
    if text[at : at + 1] != "]" or text[at + 1 :].strip(_SPACE):
        line = number + text.count("\n", seen, at)
        raise DataError(name, line, "is not JSON (the list does not end where the file does)")


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
