"""Encodings of text other than UTF-8: which one a text betrays."""

import codecs
import re

_JAPANESE = re.compile(r"\x1b(?:\$[@B]|\$?\([A-J])")  # how ISO-2022-JP changes its set of characters


def of_escapes(text: str) -> str:
    r"""The encoding whose escape sequences a text holds, all of which are ASCII; "" if there are none.

    >>> of_escapes("\x1b$BElEs\x1b(B")
    'iso2022_jp'
    """
    return "iso2022_jp" if _JAPANESE.search(text) else ""


def is_ascii(content: bytes, encoding: str) -> bool:
    """Whether bytes are ASCII, and so UTF-8, though they may be of an encoding that writes all letters in ASCII."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return False
    return name.startswith(("iso2022", "hz", "utf-7")) and content.isascii()


def repair(encoding: str) -> str:
    """The command that writes a corpus of another encoding in UTF-8."""
    return f"seqtag check --fix OUT --encoding {encoding}"
