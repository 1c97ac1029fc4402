"""JSON lines: an object a line, or all of them in one list, with a text, with tokens or with both; documents go out
as `Document.to_dict` has them.

Tokens are texts, or objects as this format writes them. Tokens and text must agree: the tokens stand in the text in
order, with nothing but white space between. Offsets count the code points of `text`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqtag.corpora.alignment import check_places
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document
from seqtag.corpora.records import JsonWriter, first, not_an_object, records
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError
from seqtag.support.quoting import quoted

_EXPECTED = 'expected an object with "text", or with "tokens" as a list of texts'
_TOKEN = {"text", "start", "end", "tag", "probability"}  # the keys of what is written
_ENTITY = {"start", "end", "label", "text", "start_token", "end_token", "probability", "score"}
_BEST = {"tags", "probability"}
_SPANS = ("label", "labels", "entities", "ents", "spans")  # keys of spans, which other formats read


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the objects, with their other keys as ``Sentence.extra``.

    Raises:
        DataError: A line is not such an object, or its tokens have no tags and these are asked for.
    """
    for number, value in records(source):
        try:
            yield _sentence(number, value, options)
        except JsonError as problem:
            raise DataError(source.name, number, str(problem)) from problem


def recognise(source: Source) -> bool:
    """Whether the first value is an object with a text or tokens."""
    value = first(source)
    return isinstance(value, dict) and (
        isinstance(value.get("text"), str) or isinstance(value.get("tokens"), list)
    )


def _sentence(number: int, value: Any, options: ReadOptions) -> Sentence:
    """The sentence of an object; JsonError for anything else."""
    text, tokens, extra = _parse(value)
    tokens = _with_texts(text, tokens)
    if tokens is None and not options.with_tags:
        return options.raw(text or "", (number,), extra)
    if tokens is None:
        words = options.tokenizer.words(text or "")
    else:
        words = [_word(place, token) for place, token in enumerate(tokens, 1)]
        if text is not None:
            _check_places(text, words, tokens)
    if not options.with_tags:
        return Sentence(tuple(words), lines=(number,), text=text, extra=extra)
    tags = [token.get("tag") if isinstance(token, dict) else None for token in tokens or ()]
    if len(tags) < len(words) or not all(isinstance(tag, str) and tag for tag in tags):
        if tokens is None and (found := next((key for key in _SPANS if key in extra), None)):
            value = f'"{found}" is {quoted(extra[found])}, which is not a list of [start, end, label]'
            raise JsonError(f'has no tags: {value}, and there are no "tokens"')
        lists = [key for key, value in extra.items() if isinstance(value, list) and len(value) == len(words)]
        instead = (
            f"; --format huggingface --tag-column {lists[0]} reads those of {lists[0]!r}" if lists else ""
        )
        raise JsonError(f'has no tags; expected "tokens" as objects with "text" and "tag"{instead}')
    lines = (number,) * len(words) or (number,)
    return Sentence(tuple(words), tuple(map(str, tags)), lines, text=text, extra=extra)


def _parse(value: Any) -> tuple[str | None, list[Any] | None, dict[str, Any]]:
    """The text, the tokens or both of an object, and what else it holds; JsonError for anything else."""
    if not isinstance(value, dict):
        raise JsonError(f"{not_an_object(value)}; {_EXPECTED}")
    text, tokens = value.pop("text", None), value.pop("tokens", None)
    if not (text is None or isinstance(text, str)) or not (tokens is None or isinstance(tokens, list)):
        raise JsonError(_EXPECTED)
    if tokens is None:
        if text is None:
            raise JsonError(_EXPECTED)
        return text, None, value
    if any(isinstance(token, dict) and not token.keys() <= _TOKEN for token in tokens):
        value["tokens"] = tokens  # with keys of somebody else
    elif all(isinstance(token, dict) and "tag" in token for token in tokens):
        _drop_answer(value)
    return text, tokens, value


def _with_texts(text: str | None, tokens: list[Any] | None) -> list[Any] | None:
    """Tokens that say only where they stand, as those of spaCy, with their texts; without those of white space."""
    if text is None or not tokens or not all(map(_is_place, tokens)):
        return tokens
    found = [token | {"text": text[token["start"] : token["end"]]} for token in tokens]
    return [token for token in found if token["text"].strip()]


def _is_place(token: Any) -> bool:
    return (
        isinstance(token, dict)
        and "text" not in token
        and all(type(token.get(key)) is int and token[key] >= 0 for key in ("start", "end"))
    )


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
    given = [
        (token["start"], token["end"])
        if isinstance(token, dict) and {"start", "end"} <= token.keys()
        else None
        for token in tokens
    ]
    try:
        check_places(text, words, given)
    except ValueError as problem:
        raise JsonError(str(problem)) from problem


def _drop_answer(value: dict[str, Any]) -> None:
    """Takes off what was written beside tagged tokens; another answer takes its place."""
    for key, known in (("entities", _ENTITY), ("nbest", _BEST)):
        if _are_rows(value.get(key), known):
            del value[key]


def _are_rows(value: Any, known: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) and row.keys() <= known for row in value)


class JsonlWriter(JsonWriter):
    """An object a line; see ``Document.to_dict``."""

    without_tags = True

    def write(self, document: Document) -> None:
        """Writes a document."""
        self.put(document.to_dict())
