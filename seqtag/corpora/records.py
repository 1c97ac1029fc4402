"""The values of a JSON file: one a line, or over any number of lines the elements of one list, which may be the
"data", "examples" or "documents" of an object, or one object.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any, TextIO

from seqtag.corpora.alignment import Marked, as_sentence
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, NotJson, parse_json
from seqtag.support.quoting import quoted

_BLANK = " \t\r"
_SPACE = " \t\r\n"
_MOST = 4096  # lines in which the first value must end, to be looked at
_DECODER = json.JSONDecoder()
_EXPECTED = "; expected a value of JSON per line, or one list"
_LONG = 1 << 20  # characters of a line that is a whole value
_OPENING = 50  # lines in which the list of a file begins
# The whole file is one list: its elements are objects or lists, since a list that is a value of its own begins with a
# text. In an object only values that are not nested stand before the list.
_LIST = re.compile(r"[ \t\r]*\[(?=[ \t\r]*(?:[\[{\]]|$))")
_FLAT = r'(?:"[^"\\]*"|[-+.\w]+|\[[^\[\]{}]*\]|\{[^\[\]{}]*\})'
_DATA = re.compile(
    rf'\s*\{{(?:\s*"[^"\\]*"\s*:\s*{_FLAT}\s*,)*\s*"(?:data|examples|documents)"\s*:\s*\[(?=\s*\{{)'
)
_OBJECT = re.compile(r'[ \t\r]*\{[ \t\r]*(?:"[^"]*"\s*:|$)')


def records(source: Source) -> Iterator[tuple[int, Any]]:
    """The values, each with the line that it begins in; a list or an object over several lines is held in memory.

    Raises:
        DataError: The file is not such JSON.
    """
    start = _start(source)
    numbered = source.lines()
    found = next(((number, line) for number, line in numbered if line.strip(_BLANK)), None)
    if found is None:
        return
    number, line = found
    if start is None:
        for number, line in chain([found], numbered):
            if line.strip(_BLANK):
                yield number, _value(line, source.name, number, _EXPECTED)
        return
    text = "\n".join([line, *(line for _, line in numbered)])
    if start:
        yield from _elements(text, start, number, source.name)
    else:
        yield number, _value(text, source.name, number)


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


def with_text(value: Any, expected: str) -> dict[str, Any]:
    """The value, an object with a text under "text"; ValueError for any other, which says what was expected."""
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return value
    raise ValueError(f"{_without_text(value)}; {expected}")


def _without_text(value: Any) -> str:
    if not isinstance(value, dict):
        return not_an_object(value)
    return f'"text" is {quoted(value["text"])}' if "text" in value else 'there is no "text"'


def not_an_object(value: Any) -> str:
    """What a message says of a value that is no object.

    >>> not_an_object([1, 2]), not_an_object(None)
    ('[1, 2] is a list', 'the value is null')
    """
    if value is None:
        return "the value is null"
    kind = "list" if isinstance(value, list) else "text" if isinstance(value, str) else "single value"
    return f"{quoted(value)} is a {kind}"


def first(source: Source) -> Any:
    """The first value; None if the first lines hold none."""
    start = _start(source)
    lines = (line for _, line in _content(source, _MOST))
    if start is None:
        return _parsed(next(lines, ""))
    text, more = "", 1
    while taken := list(islice(lines, more)):  # a long value is not tried at every line
        text += "\n".join(taken) + "\n"
        more *= 2
        with suppress(ValueError, RecursionError):
            return _DECODER.raw_decode(text, _after_space(text, start))[0]
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


def are_lines(source: Source) -> bool:
    """Whether each value is a line of its own."""
    return _start(source) is None


def _content(source: Source, most: int) -> Iterator[tuple[int, str]]:
    """The first lines from the first that is not blank."""
    blank = True
    for number, line in islice(source.head(), most):
        blank = blank and not line.strip(_BLANK)
        if not blank:
            yield number, line


def _start(source: Source) -> int | None:
    """Where the elements of the list begin that a file is, from its first line that is not blank on; 0 if all of it is
    one object; None if each line is a value.
    """
    if source.goes_on:
        return None
    _, line = next(_content(source, _MOST), (0, ""))
    if found := _LIST.match(line):
        return found.end()
    if not _OBJECT.match(line):
        return None
    goes_on = not source.is_stream and _goes_on(line)
    opening = islice(_content(source, _MOST), _OPENING if goes_on else 1)
    if found := _DATA.match("\n".join(line for _, line in opening)):
        return found.end()
    return 0 if goes_on else None


def _goes_on(line: str) -> bool:
    """Whether a value goes on in the next line: nothing is wrong with it but that it ends."""
    line = line.rstrip(_BLANK)
    if line.endswith("}") or len(line) > _LONG:
        return False
    try:
        _DECODER.decode(line)
    except json.JSONDecodeError as problem:
        return problem.pos >= len(line)
    except (ValueError, RecursionError):
        return False
    return False


def _parsed(line: str) -> Any:
    if not line.lstrip(_BLANK).startswith(("{", "[")):
        return None
    try:
        return parse_json(line)
    except JsonError:
        return None


def _value(text: str, name: str, number: int, expected: str = "") -> Any:
    try:
        return parse_json(text)
    except NotJson as problem:
        raise DataError(name, number, f"{problem}{expected}") from problem
    except JsonError as problem:
        raise DataError(name, number, str(problem)) from problem


def _elements(text: str, start: int, number: int, name: str) -> Iterator[tuple[int, Any]]:
    """The elements of the list that a file is.

    Args:
        text: The file.
        start: Where its first element begins, after white space.
        number: Its first line.
        name: As messages name it.
    """
    at, seen = _after_space(text, start), 0
    goes_on = text[at : at + 1] != "]"
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
    rest = text[at + 1 :].strip(_SPACE)
    whole = _parsed(f'{{"": 0{rest}') is not None if text.lstrip(_SPACE).startswith("{") else not rest
    if text[at : at + 1] != "]" or not whole:
        line = number + text.count("\n", seen, at)
        raise DataError(name, line, "is not JSON (the list does not end where the file does)")


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
