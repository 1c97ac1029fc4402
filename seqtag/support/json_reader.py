"""Strict JSON: text that parsers read differently, or that costs far more memory than it has bytes, is refused."""

import json
import math
import re
from collections import Counter
from itertools import islice
from typing import Any

from seqtag.support.quoting import quoted

DEPTH = 500  # lists and objects in each other
CONTAINERS = 1 << 20  # lists and objects in a text: an empty list takes twenty times its room in the text
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that may stand for half a character
_STRING_OR_BRACKET = re.compile(r'"[^"]*"|[\[{]')


class JsonError(ValueError):
    """A text that is refused. The message completes a sentence that begins with where the text is."""


class NotJson(JsonError):
    """A text that is not JSON at all."""


def parse_json(
    text: str | bytes, *, depth: int = DEPTH, containers: int = CONTAINERS, surrogates: bool = False
) -> Any:
    """The value of a JSON text: dicts, lists, texts, finite numbers, booleans and None.

    >>> parse_json('{"tokens": ["Ana", "left"]}')
    {'tokens': ['Ana', 'left']}

    Args:
        text: The text; bytes are UTF-8.
        depth: How many lists and objects may be nested in each other.
        containers: How many lists and objects the text may hold in all.
        surrogates: Whether a string may hold half of a surrogate pair, as a file name that is not UTF-8 does.

    Raises:
        NotJson: It is not JSON; `NaN` and `Infinity` are not.
        JsonError: It holds a key twice in one object, a number that is not finite, or exceeds a limit.
    """
    try:
        read = text.decode("utf-8") if isinstance(text, bytes) else text
        brackets = read.count("[") + read.count("{")
        if brackets > containers and _holds_more(read, containers):
            raise JsonError(f"holds more than {containers:,} lists and objects")
        value = json.loads(read, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)
        if brackets > depth and _is_deeper(value, depth):
            raise RecursionError
    except JsonError:
        raise
    except ValueError as problem:
        raise NotJson(f"is not JSON ({problem})") from problem
    except RecursionError as problem:
        raise JsonError(f"is nested deeper than {depth} lists and objects") from problem
    if not surrogates and _LONE_SURROGATE.search(read) and not _is_unicode(value):
        raise JsonError("holds half of a surrogate pair, which is not a character")
    return value


def _holds_more(text: str, containers: int) -> bool:
    """Whether more lists and objects begin in a JSON text; strings may hold any number of brackets."""
    text = text.replace("\\\\", "").replace(
        '\\"', ""
    )  # without escapes a string ends at the next quotation mark
    brackets = (one for one in _STRING_OR_BRACKET.finditer(text) if text[one.start()] != '"')
    return next(islice(brackets, containers, None), None) is not None


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether lists and objects are nested in each other more than `depth` times."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for entries in inner for one in entries if isinstance(one, dict | list)]
    return bool(level)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Of equal keys Python keeps the last and others the first."""
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise JsonError(f"holds the key {quoted(twice)} twice in one object")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonError(f"holds the number {quoted(digits)[1:-1]}, which is too large")
    return value


def _is_unicode(value: Any) -> bool:
    """Whether all strings of the value can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
