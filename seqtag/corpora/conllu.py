"""CoNLL-U, the format of Universal Dependencies: ten columns with names, separated by tabs.

Comments, multiword ranges (``8-9``) and empty nodes (``8.1``) are skipped; the words that remain count 1, 2,
3 in each sentence, which is checked. See https://universaldependencies.org/format.html.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from sys import intern

from seqtag.corpora.base import LONE_MARK, ReadOptions, Source
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.lines import MARK

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

_BLANK = " \t\r"
_RANGE_OR_EMPTY = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})|\.([1-9][0-9]{0,8}))")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Columns are named by ``FIELDS``, or numbered from 1, or from -1 backwards; tokens are in "form" and tags in "upos"
    where nothing else is said.

    Raises:
        UsageError: Columns that make no sense.
        DataError: A row is malformed.
    """
    token = _field("form" if options.token_column is None else options.token_column)
    tag = _field("upos" if options.tag_column is None else options.tag_column) if options.with_tags else None
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {FIELDS[token]!r}.")
    return _parse(source.lines(), source.name, token, tag, [_field(name) for name in options.feature_columns])


def recognise(source: Source) -> bool:
    """Whether the first sentence has the ten columns, and IDs that count 1, 2, 3."""
    words = 0
    for _, row in source.head():
        if not row.strip():
            if words:
                return True
        elif not row.startswith("#"):
            fields = row.split("\t")
            is_word = fields[0] == str(words + 1)
            if len(fields) != len(FIELDS) or not (is_word or _is_range_or_empty(fields[0], words)):
                return False
            words += is_word
    return words > 0


def _field(column: int | str) -> int:
    """The position, from 0, of a column that a user gave."""
    name = str(column).lower()
    if name in FIELDS:
        return FIELDS.index(name)
    try:
        number = int(column)
    except ValueError:
        raise UsageError(f"Unknown CoNLL-U column {column!r}.{suggest(name, FIELDS)}") from None
    if not 1 <= abs(number) <= len(FIELDS):
        raise UsageError(f"There is no CoNLL-U column {number}: the columns are 1 to {len(FIELDS)}.")
    return number - 1 if number > 0 else len(FIELDS) + number


def _parse(
    numbered: Iterable[tuple[int, str]], name: str, token: int, tag: int | None, features: Sequence[int]
) -> Iterator[Sentence]:
    wanted = [token, *([] if tag is None else [tag]), *features]
    rows: list[list[str]] = []
    places: list[int] = []
    for number, row in numbered:
        if not row or not row.strip(_BLANK):
            if rows:
                yield _sentence(rows, places, token, tag, features)
                rows, places = [], []
            continue
        if row[0] == "#":
            continue
        columns = row.split("\t")
        if len(columns) != len(FIELDS) or columns[0] != str(len(rows) + 1):
            _check_skipped(columns, len(rows), name, number)
            continue
        for at in wanted:
            if not columns[at].strip(_BLANK):
                raise DataError(name, number, f"the field {FIELDS[at]} is empty")
        rows.append(columns)
        places.append(number)
    if rows:
        yield _sentence(rows, places, token, tag, features)


def _check_skipped(columns: Sequence[str], words: int, name: str, number: int) -> None:
    """Lets a multiword range or an empty node pass; DataError for any other row that is not the next word."""
    if columns == [MARK]:
        raise DataError(name, number, LONE_MARK)
    if len(columns) != len(FIELDS):
        found = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
        raise DataError(name, number, f"the row has {found}; expected the 10 of CoNLL-U, separated by tabs")
    if not _is_range_or_empty(columns[0], words):
        raise DataError(
            name, number, f"the ID is {columns[0]!r}; expected {words + 1} (a blank line ends a sentence)"
        )


def _is_range_or_empty(identifier: str, words: int) -> bool:
    """Whether this is the ID of a multiword range or an empty node that may stand after so many words."""
    found = _RANGE_OR_EMPTY.fullmatch(identifier)
    if not found:
        return False
    first, last, _ = found.groups()
    return int(first) == words + 1 <= int(last) if last else int(first) == words


def _sentence(
    rows: Sequence[Sequence[str]], places: list[int], token: int, tag: int | None, features: Sequence[int]
) -> Sentence:
    return Sentence(
        tuple([intern(row[token]) for row in rows]),
        None if tag is None else tuple([intern(row[tag]) for row in rows]),
        line_numbers(places),
        tuple(tuple(intern(row[at]) for row in rows) for at in features),
    )
