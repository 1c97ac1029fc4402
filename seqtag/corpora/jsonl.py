"""JSON lines: an object a line, with a text or with tokens; documents go out as `Document.to_dict` has them.

Offsets count the code points of `text`.
"""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, NotJson, parse_json

_EXPECTED = 'expected an object with "text", or with "tokens" as a list of texts'
_ANSWER = ("text", "tokens", "entities")  # keys that are written anew


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the objects, with their other keys as ``Sentence.extra``; lines of white space are skipped.

    Raises:
        DataError: A line is not such an object.
    """
    for number, line in source.lines():
        if line.strip(" \t\r"):
            try:
                text, tokens, extra = _parse(line)
            except JsonError as problem:
                raise DataError(source.name, number, str(problem)) from problem
            if tokens is None:
                yield options.raw(text or "", (number,), extra)
            else:
                yield Sentence(tuple(tokens), lines=(number,), text=text, extra=extra)


def _parse(line: str) -> tuple[str | None, list[str] | None, dict[str, Any]]:
    """The text or the tokens of an object, and what else it holds; JsonError for anything else."""
    try:
        value = parse_json(line)
    except NotJson as problem:
        raise JsonError(f"{problem}; {_EXPECTED}") from problem
    if not isinstance(value, dict):
        raise JsonError(f"holds no object; {_EXPECTED}")
    extra = {name: content for name, content in value.items() if name not in _ANSWER}
    text, tokens = value.get("text"), value.get("tokens")
    if isinstance(text, str) and tokens is None:
        return text, None, extra
    are_texts = isinstance(tokens, list) and all(isinstance(token, str) and token for token in tokens)
    if are_texts and "text" not in value:
        return None, tokens, extra
    raise JsonError(_EXPECTED)


class JsonlWriter:
    """An object a line; see ``Document.to_dict``."""

    probabilities = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str

    def write(self, document: Document) -> None:
        """Writes a document."""
        self._stream.write(self._safe(json.dumps(document.to_dict(), ensure_ascii=False)) + "\n")


def _for_terminal(text: str) -> str:
    """The same JSON with all escaped that may steer the terminal; JSON must escape only what is below space."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
