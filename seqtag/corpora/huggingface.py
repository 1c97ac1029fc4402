"""Data sets as JSON lines of Hugging Face: an object a line with ``tokens`` and their tags, as in ``ner_tags``.

Tags may be numbers, which stand for the names that ``--labels`` gives, from 0. An object may also hold a data set by
columns: lists of the tokens and of the tags of all sentences, or objects of them by number, as pandas writes.
Predictions of AllenNLP, with ``words`` and ``tags``, are read likewise.
"""

from collections.abc import Iterator, Mapping, Sequence
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


TOKENS = ("tokens", "words")  # likewise, of tokens


def recognise(source: Source) -> bool:
    """Whether the first object has tokens as texts, and tags, or columns of them."""
    value = first(source)
    if not isinstance(value, dict):
        return False
    token_key = _first_key(value, TOKENS)
    try:
        example = next(_examples(value, token_key))
    except ValueError:  # columns that do not fit, which reading them will say
        return True
    tokens = example.get(token_key)
    are_texts = isinstance(tokens, list) and all(isinstance(token, str) for token in tokens)
    return are_texts and isinstance(example.get(_first_key(example, TAGS)), list)


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the objects, with their other keys as ``Sentence.extra``.

    Columns are keys: the first of `TOKENS` and of `TAGS` where nothing else is said.

    Raises:
        UsageError: A column is a number.
        DataError: A line is not such an object, or holds a number for which there is no label.
    """
    token_key = _key(options.token_column)
    tag_key = _key(options.tag_column)
    feature_keys = [_key(column) or "" for column in options.feature_columns]
    number_keys = [_key(column) or "" for column in options.numeric_columns]
    for line, value in records(source):
        try:
            token_key = token_key or _first_key(value, TOKENS)
            for example in _examples(value, token_key):
                tokens = _texts(example, token_key)
                tags = None
                if options.with_tags:
                    tag_key = tag_key or _first_key(example, TAGS)
                    tags = _tags(example, tag_key, options.labels, len(tokens))
                found = [(key, _texts(example, key)) for key in feature_keys]
                found += [(key, _numbers(example, key)) for key in number_keys]
                columns = tuple(_same_length(values, key, len(tokens)) for key, values in found)
                taken = (token_key, None if tags is None else tag_key)
                extra = {key: content for key, content in example.items() if key not in taken}
                yield Sentence(tokens, tags, (line,) * len(tokens) or (line,), columns, extra=extra)
        except ValueError as problem:
            raise DataError(source.name, line, str(problem)) from problem


def _examples(value: Any, token_key: str) -> Iterator[Any]:
    """The examples of a value: itself, or those of a data set by columns; ValueError if these do not fit."""
    tokens = _entries(value.get(token_key)) if isinstance(value, dict) else None
    if not (tokens and all(isinstance(one, list) for one in tokens)):
        yield value
        return
    columns = {key: found for key, content in value.items() if (found := _entries(content)) is not None}
    for key, content in list(columns.items()):
        if len(content) != len(tokens):
            if any(isinstance(one, list) for one in content):
                has = f"{quoted(key)} has {len(content):,} entries"
                raise ValueError(
                    f"{has}; expected one for each of the {len(tokens):,} in {quoted(token_key)}"
                )
            del columns[key]
    for at in range(len(tokens)):
        yield value | {key: content[at] for key, content in columns.items()}


def _entries(column: Any) -> list[Any] | None:
    """The entries of a column of a data set."""
    if isinstance(column, dict) and all(map(str.isdecimal, column)):
        return list(column.values())
    return column if isinstance(column, list) else None


def _key(column: Column | None) -> str | None:
    """The key that a user asks for."""
    if isinstance(column, int) or (column is not None and column.lstrip("+-").isdecimal()):
        raise UsageError(f"There is no column {column}: in this format columns are keys, such as {TAGS[0]}.")
    return column


def _first_key(value: Any, keys: Sequence[str]) -> str:
    """The first of some keys that the value has with a list, if it is an object, or else the first."""
    found = (key for key in keys if isinstance(value, dict) and _entries(value.get(key)) is not None)
    return next(found, keys[0])


def _texts(value: Any, key: str) -> tuple[str, ...]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"expected an object with {quoted(key)}, a list of texts")
    if "" in found:
        raise ValueError(f"text {found.index('') + 1} of {quoted(key)} is empty")
    return tuple(found)


def _numbers(value: Any, key: str) -> tuple[str, ...]:
    """A list of numbers, or of texts that may be some, as texts; null is a missing one."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(one is None or type(one) in (int, float, str) for one in found):
        raise ValueError(f"expected an object with {quoted(key)}, a list of numbers")
    return tuple("" if one is None else str(one) for one in found)


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
    return _same_length(tuple(map(str, found)), key, length)  # which get their names where they are read


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
