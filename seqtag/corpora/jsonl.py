"""JSON lines: an object a line, with a text, with tokens or with both; documents go out as `Document.to_dict` has them.

Tokens are texts, or objects as this format writes them. Tokens and text must agree: the tokens stand in the text in
order, with nothing but white space between. Offsets count the code points of `text`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document, offsets
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, NotJson, parse_json
from seqtag.support.quoting import quoted

_EXPECTED = 'expected an object with "text", or with "tokens" as a list of texts'
_TOKEN = {"text", "start", "end", "tag", "probability"}  # the keys of what is written
_ENTITY = {"start", "end", "label", "text", "start_token", "end_token", "probability", "score"}
_BEST = {"tags", "probability"}


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
    """The text, the tokens or both of an object, and what else it holds; JsonError for anything else."""
    try:
        value = parse_json(line)
    except NotJson as problem:
        raise JsonError(f"{problem}; {_EXPECTED}") from problem
    if not isinstance(value, dict):
        raise JsonError(f"holds no object; {_EXPECTED}")
    text, tokens = value.pop("text", None), value.pop("tokens", None)
    if not (text is None or isinstance(text, str)) or not (tokens is None or isinstance(tokens, list)):
        raise JsonError(_EXPECTED)
    if tokens is None:
        if text is None:
            raise JsonError(_EXPECTED)
        return text, None, value
    words = [_word(place, token) for place, token in enumerate(tokens, 1)]
    if text is not None:
        _check_places(text, words, tokens)
    if any(isinstance(token, dict) and not token.keys() <= _TOKEN for token in tokens):
        value["tokens"] = tokens  # with keys of somebody else
    elif all(isinstance(token, dict) and "tag" in token for token in tokens):
        _drop_answer(value)
    return text, words, value


def _word(place: int, token: Any) -> str:
    """The text of a token; JsonError if it is none."""
    word = token.get("text") if isinstance(token, dict) else token
    if word == "":
        raise JsonError(f"token {place} is empty; {_EXPECTED}")
    if not isinstance(word, str):
        raise JsonError(_EXPECTED)
    return word


def _check_places(text: str, words: Sequence[str], tokens: Sequence[Any]) -> None:
    """JsonError if tokens and text disagree."""
    try:
        places = offsets(text, words)
    except ValueError:
        raise JsonError(_missing(text, words)) from None
    at = 0
    for place, (start, end) in enumerate(places, 1):
        if text[at:start].strip():
            raise JsonError(f'"text" has {quoted(text[at:start].strip())} before token {place}, in no token')
        token = tokens[place - 1]
        own = (token.get("start", start), token.get("end", end)) if isinstance(token, dict) else (start, end)
        if own != (start, end):
            raise JsonError(
                f"token {place}, {quoted(words[place - 1])}, is said to stand at {quoted(list(own))} of "
                f'"text"; expected [{start}, {end}]'
            )
        at = end
    if text[at:].strip():
        raise JsonError(f'"text" has {quoted(text[at:].strip())} after the last token, in no token')


def _missing(text: str, words: Sequence[str]) -> str:
    """What a message says of the first word that does not stand in the text after those before it."""
    at = 0
    for place, word in enumerate(words, 1):
        start = text.find(word, at)
        if start < 0:
            return f'token {place}, {quoted(word)}, does not stand in "text" after the tokens before it'
        at = start + len(word)
    return _EXPECTED


def _drop_answer(value: dict[str, Any]) -> None:
    """Takes off what was written beside tagged tokens; another answer takes its place."""
    for key, known in (("entities", _ENTITY), ("nbest", _BEST)):
        if _are_rows(value.get(key), known):
            del value[key]


def _are_rows(value: Any, known: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) and row.keys() <= known for row in value)


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
