"""Data sets as JSON lines of Hugging Face: an object a line with ``tokens`` and their tags, as in ``ner_tags``.

Tags may be numbers, which stand for the names that ``--labels`` gives, from 0.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from seqtag.corpora.base import Column, ReadOptions, Source
from seqtag.corpora.document import Document, beside
from seqtag.corpora.records import JsonWriter, first, records
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError, UsageError
from seqtag.support.quoting import counted, quoted

TAGS = (
    "ner_tags",
    "tags",
    "labels",
    "pos_tags",
    "chunk_tags",
)  # keys of tags; the first that is there is read


def recognise(source: Source) -> bool:
    """Whether the first object has tokens as texts, and tags."""
    value = first(source)
    return (
        isinstance(value, dict)
        and isinstance(value.get("tokens"), list)
        and all(isinstance(token, str) for token in value["tokens"])
        and _tag_key(value) is not None
    )


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the objects, with their other keys as ``Sentence.extra``.

    Columns are keys: "tokens" and the first of `TAGS` where nothing else is said.

    Raises:
        UsageError: A column is a number.
        DataError: A line is not such an object, or holds a number for which there is no label.
    """
    token_key = _key(options.token_column) or "tokens"
    tag_key = _key(options.tag_column)
    feature_keys = [_key(column) or "" for column in options.feature_columns]
    for line, value in records(source):
        try:
            tokens = _texts(value, token_key)
            tags = None
            if options.with_tags:
                tag_key = tag_key or _tag_key(value) or TAGS[0]
                tags = _tags(value, tag_key, options.labels, len(tokens))
            columns = tuple(_same_length(_texts(value, key), key, len(tokens)) for key in feature_keys)
        except ValueError as problem:
            raise DataError(source.name, line, str(problem)) from problem
        extra = {key: content for key, content in value.items() if key not in (token_key, tags and tag_key)}
        yield Sentence(tokens, tags, (line,) * len(tokens) or (line,), columns, extra=extra)


def _key(column: Column | None) -> str | None:
    """The key that a user asks for."""
    if isinstance(column, int) or (column is not None and column.lstrip("+-").isdecimal()):
        raise UsageError(f"There is no column {column}: in this format columns are keys, such as {TAGS[0]}.")
    return column


def _tag_key(value: Mapping[str, Any]) -> str | None:
    return next((key for key in TAGS if isinstance(value.get(key), list)), None)


def _texts(value: Any, key: str) -> tuple[str, ...]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"expected an object with {quoted(key)}, a list of texts")
    if "" in found:
        raise ValueError(f"text {found.index('') + 1} of {quoted(key)} is empty")
    return tuple(found)


def _same_length(found: tuple[str, ...], key: str, length: int) -> tuple[str, ...]:
    if len(found) != length:
        raise ValueError(
            f"{quoted(key)} has {len(found):,} entries; expected one for each of the {counted(length, 'token')}"
        )
    return found


def _tags(value: Mapping[str, Any], key: str, labels: tuple[str, ...], length: int) -> tuple[str, ...]:
    found = value.get(key)
    if not (isinstance(found, list) and all(type(tag) is int for tag in found)) or not found:
        return _same_length(_texts(value, key), key, length)
    if not labels:
        raise ValueError(f"the tags in {quoted(key)} are numbers; --labels says what they stand for")
    if wrong := [tag for tag in found if not 0 <= tag < len(labels)]:
        raise ValueError(
            f"{quoted(key)} holds {quoted(wrong[0])}; --labels has names for 0 to {len(labels) - 1}"
        )
    return _same_length(tuple(labels[tag] for tag in found), key, length)


class HuggingFaceWriter(JsonWriter):
    """An object a line with tokens and tags.

    Args:
        stream: Where they go.
        key: The key of the tags; by default ``ner_tags`` for spans and ``tags`` for plain ones.
    """

    takes_column = True
    probabilities = False
    needs_scheme = True

    def __init__(self, stream: TextIO, key: str | None = None) -> None:
        if key == "tokens":
            raise UsageError(
                "--to-column tokens: this is the key of the tokens; choose another one for the tags."
            )
        super().__init__(stream)
        self._key = key

    def write(self, document: Document) -> None:
        """Writes a document."""
        key = self._key or ("ner_tags" if document.scheme.is_spans else "tags")
        answer = {"tokens": list(document.words), key: list(document.tags)}
        self.put(beside(document.extra, answer) | answer)
