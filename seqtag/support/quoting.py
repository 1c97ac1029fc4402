"""How values stand in messages and files: on one line, in few characters, and so that they cannot steer a terminal."""

import json
import re
import reprlib
from typing import Any

LONGEST = 80  # characters of a value in a message
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # characters that steer a terminal and stand for nothing
_REPRESENTATION = reprlib.Repr()
_REPRESENTATION.maxlevel = 3
_REPRESENTATION.maxstring = _REPRESENTATION.maxlong = _REPRESENTATION.maxother = LONGEST


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text as messages quote it: what is longer than a line, or than so many characters, loses its middle."""
    return text if len(text) <= longest else f"{text[: longest // 2]}...{text[3 - longest // 2 :]}"


def quoted(value: Any) -> str:
    """A value of any kind as messages show it, in little time and space whatever it holds."""
    try:
        return shortened(_REPRESENTATION.repr(value))
    except ValueError:  # so Python refuses a number of thousands of digits
        return "a number of too many digits"


def one_line(problem: BaseException) -> str:
    """An error's words for the middle of a sentence: one line without a full stop, which cannot steer a terminal."""
    return printable(" ".join(str(problem).split())[:500]).removesuffix(".")


def reason(problem: BaseException) -> str:
    """As `one_line`, for what was read from a file that is not as seqtag writes it: an error of Python's own says in
    plain words what that means for the file.
    """
    match problem:
        case KeyError(args=(key, *_)):
            return f"{printable(quoted(key))} is missing"
        case UnicodeError():
            return "a text in it cannot be written as UTF-8"
        case AttributeError() | IndexError() | OverflowError() | RecursionError() | TypeError():
            return "a value in it is of another kind than seqtag writes"
    return one_line(problem)


def printable(text: str) -> str:
    """The text with every character escaped that is not for printing, so that a file cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def counted(number: int, noun: str) -> str:
    """The number with its noun: `1 word`, `2,000 words`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """How long something takes, as clocks show it.

    >>> duration(59.4), duration(75), duration(3675)
    ('0:59', '1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def json_text(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON that can be written as UTF-8: half a surrogate pair, as in the name of a file that is not
    UTF-8, stands there as an escape.

    Raises:
        ValueError: It holds a number that is not finite, for which JSON has no name.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
