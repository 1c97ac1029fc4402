"""CoNLL columns: a token a line, its tag in another column, a blank line after each sentence.

Columns are separated by tabs if the first row of the file holds a tab (a token may then hold spaces, or be one), else
by runs of spaces. Only tab, space and CR count as white space; U+00A0, U+3000 and the like are data. Every row
has as many columns as the first. Lines that start with ``-DOCSTART-`` are skipped.

A line that starts with ``#`` is a comment where it cannot be a row: with other columns than the first row, though
within a sentence only if white space follows the marks. Where a sentence may begin, a line with the columns of a row
is a comment too if its tag is none: empty, unlike a tag, or unknown after a token that starts like a comment
(``# id 1``, ``## id``). All others are rows whose token starts with "#".
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from sys import intern
from typing import TextIO

from seqtag.corpora import headers
from seqtag.corpora.base import LONE_MARK, ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import MARK, with_marks
from seqtag.support.quoting import counted, printable, quoted

_BLANK = " \t\r"
_DOCSTART = "-DOCSTART-"  # begins a document, and is skipped
_NO_TOKEN = re.compile(r"[\t\n\r\0]")
_COMMENT = re.compile(  # key = value, and CoNLL-2012's lines between documents
    r"#\s*[^\s=]+(?: [^\s=]+)?\s*= |#(?:begin|end) document\b"
)
_MARKS = re.compile(r"#+(?:[ \t]|$)")
_NO_TAG = re.compile(r"\s|://|^\[|^.{41}")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Columns are numbered from 1, or from -1 backwards; tokens are in the first and tags in the last where nothing else
    is said.

    Raises:
        UsageError: Columns that make no sense.
        DataError: A row is malformed.
    """
    token = _column_number(1 if options.token_column is None else options.token_column)
    tag = None
    if options.with_tags:
        tag = _column_number(-1 if options.tag_column is None else options.tag_column)
    features = [_column_number(column) for column in options.feature_columns]
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {token}.")
    return _parse(source, token, tag, features)


def _column_number(column: int | str) -> int:
    """The number of a column that a user gave; UsageError for 0 and for text that is not a number."""
    try:
        number = int(column)
    except ValueError:
        raise UsageError(
            f"Unknown column {column!r}: columns of a CoNLL file are numbered from 1, or from -1 backwards; "
            "only CoNLL-U columns have names."
        ) from None
    if number == 0:
        raise UsageError("There is no column 0: columns are numbered from 1, or from -1 backwards.")
    return number


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the first row of a file says about all the others."""

    line: int
    separator: str
    width: int
    is_header: bool = False

    def split(self, row: str) -> list[str]:
        if self.separator == "\t":
            return row.split("\t")
        return [column for column in row.split(" ") if column]


def _layout(number: int, row: str) -> _Layout:
    separator = "\t" if "\t" in row else " "
    columns = _Layout(number, separator, 0).split(row)
    return _Layout(number, separator, len(columns), headers.are_names(columns))


def _find_layout(numbered: Iterator[tuple[int, str]]) -> tuple[_Layout | None, list[tuple[int, str]]]:
    """The layout, and the lines that had to be read to find it.

    A line that starts with "#" does not decide as long as another row comes, since it may be a comment; in a
    file of nothing else the first one with a tab is taken as a row.
    """
    seen: list[tuple[int, str]] = []
    for number, row in numbered:
        seen.append((number, row))
        if row.strip(_BLANK) and row[0] != "#" and not row.startswith(_DOCSTART):
            return _layout(number, row), seen
    for number, row in seen:
        if row[:1] == "#" and "\t" in row:
            return _layout(number, row), seen
    return None, seen


def _is_comment(row: str, layout: _Layout, token: int, tag: int, known: Container[str], begins: bool) -> bool:
    """Whether a line that starts with "#" is no row.

    Args:
        row: The line.
        layout: That of the file's rows.
        token: The column of tokens.
        tag: The column of tags, or the last one where tags are not read.
        known: Values met in that column.
        begins: Whether a sentence may begin here.
    """
    columns = layout.split(row)
    if len(columns) != layout.width or (layout.separator == " " and "\t" in row):
        return begins or _MARKS.match(row) is not None
    if not begins:
        return False
    if layout.separator == " " and _COMMENT.match(row):
        return True
    return (
        layout.width > 1
        and columns[tag] not in known
        and not _may_be_row(columns[token], columns[tag], tabs=layout.separator == "\t")
    )


def _may_be_row(token: str, tag: str, *, tabs: bool) -> bool:
    """Whether columns that start with "#" are a token and its tag, though no other token has this tag so far."""
    if SPAN_TAG.fullmatch(tag) or tag == "O":
        return True
    if not tag.strip(_BLANK) or _NO_TAG.search(tag):
        return False
    if token.startswith(("##", "# ")):
        return tag.isupper()
    # Among spaces a comment of two words has the columns of a row: "# newdoc".
    return tabs or token != "#" or tag == "#" or tag.isupper()


def _parse(source: Source, token: int, tag: int | None, features: Sequence[int]) -> Iterator[Sentence]:
    """One loop over the rows, long because everything that it does not call makes it fast."""
    numbered, name = source.lines(), source.name
    layout, seen = _find_layout(numbered)
    if layout is None:
        return
    if tag is None:
        _report_first_rows(source, layout)
    token_at, tag_at, features_at = _positions(layout, name, token, tag, features)
    tabs, width = layout.separator == "\t", layout.width
    last_at = width - 1 if tag_at is None else tag_at
    known_tags: dict[str, str] = {}
    tokens: list[str] = []
    tags: list[str] = []
    places: list[int] = []
    values: list[tuple[str, ...]] = []

    def finish() -> Sentence:
        sentence = Sentence(
            tuple(map(intern, tokens)),
            tuple(tags) if tag_at is not None else None,
            line_numbers(places),
            tuple(zip(*values, strict=True)),
        )
        for column in (tokens, tags, places, values):
            column.clear()
        return sentence

    for number, row in chain(seen, numbered):
        if not row.strip(_BLANK):
            if tokens:
                yield finish()
            continue
        if row[0] == "-" and row.startswith(_DOCSTART):
            if tokens:
                yield finish()
            continue
        if row[0] == "#" and _is_comment(row, layout, token_at, last_at, known_tags, not tokens):
            continue
        columns = row.split("\t") if tabs else layout.split(row)
        if len(columns) != width or (not tabs and "\t" in row):
            raise _wrong_columns(name, number, row, layout)
        if not columns[token_at].strip(_BLANK) and columns[token_at] != " ":
            raise DataError(name, number, f"the token in column {token_at + 1} is empty")
        if tag_at is not None:
            spelt = columns[tag_at]
            if spelt not in known_tags:
                known_tags[intern(spelt)] = _checked(spelt, f"tag in column {tag_at + 1}", name, number)
            tags.append(known_tags[spelt])
        elif width > 1:
            known_tags[columns[last_at]] = ""
        if features_at:
            values.append(
                tuple(
                    _checked(columns[at], f"feature in column {at + 1}", name, number) for at in features_at
                )
            )
        tokens.append(columns[token_at])
        places.append(number)
    if tokens:
        yield finish()
    if tag_at is not None:
        _check_skipped(source, layout, tag_at, known_tags)


def _report_first_rows(source: Source, layout: _Layout) -> None:
    """Reports of a file to tag what was passed over, or a header that was not."""
    for number, row in source.skipped:
        if row.strip(_BLANK) and row[0] != "#":
            problem = f"passed over {quoted(row)} as a header, which the training corpus had (--skip-rows)"
            source.report(headers.CODE, number, problem)
    if layout.is_header:
        source.report(headers.CODE, layout.line, headers.LOOKS_LIKE)


def _check_skipped(source: Source, layout: _Layout, tag_at: int, known: Container[str]) -> None:
    """Reports rows that were passed over though they have a tag of the corpus."""
    for number, row in source.skipped:
        columns = layout.split(row)
        if len(columns) == layout.width and columns[tag_at] in known:
            problem = f"passed over (--skip-rows), but its tag {quoted(columns[tag_at])} is one of the corpus"
            source.report(headers.CODE, number, problem, f"--skip-rows {number - 1}")


def _positions(
    layout: _Layout, name: str, token: int, tag: int | None, features: Sequence[int]
) -> tuple[int, int | None, list[int]]:
    """The columns as positions in a row, from 0."""
    if tag is not None and layout.width == 1:
        raise DataError(name, layout.line, "the row has one column; expected a token and its tag")

    def position(column: int) -> int:
        at = column - 1 if column > 0 else layout.width + column
        if not 0 <= at < layout.width:
            raise DataError(
                name,
                layout.line,
                f"the row has {counted(layout.width, 'column')}; there is no column {column}",
            )
        return at

    token_at = position(token)
    tag_at = None if tag is None else position(tag)
    if token_at == tag_at:
        raise UsageError(f"The token column and the tag column are both {token_at + 1}.")
    return token_at, tag_at, [position(column) for column in features]


def _wrong_columns(name: str, number: int, row: str, layout: _Layout) -> DataError:
    """The error for a row with other columns than the first, which may be a header."""
    if layout.is_header:
        problem = f"{headers.LOOKS_LIKE}, and line {number} has other columns"
        problem += f"; {headers.option(layout.line)} passes over it"
        return DataError(name, layout.line, problem, headers.CODE)
    return DataError(name, number, _difference(row, layout))


def _difference(row: str, layout: _Layout) -> str:
    if row.strip(_BLANK) == MARK:
        return LONE_MARK
    has_tab = "\t" in row
    if has_tab and layout.separator == " ":
        return f"the row holds a tab; expected columns separated by spaces, as in line {layout.line}"
    if not has_tab and layout.separator == "\t" and " " in row.strip(_BLANK):
        return f"the row holds no tab; expected columns separated by tabs, as in line {layout.line}"
    found = len(layout.split(row))
    return f"the row has {counted(found, 'column')}; expected {layout.width}, as in line {layout.line}"


def _checked(value: str, what: str, name: str, number: int) -> str:
    if not value.strip(_BLANK):
        raise DataError(name, number, f"the {what} is empty")
    if value.strip(" \r") != value:
        raise DataError(name, number, f"the {what}, {value!r}, has white space around it")
    return intern(value)


class ConllWriter:
    """token TAB tag, and a blank line after each sentence; a sentence without tokens has nothing to write."""

    probabilities = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str
        self._first = True

    def write(self, document: Document) -> None:
        """Writes a document; Unwritable if a token would be read as something else."""
        if texts := document.words:
            joined = "".join(texts)
            if _NO_TOKEN.search(joined) or not all(map(str.strip, texts)) or _DOCSTART in joined:
                _check_tokens(document)
            if joined.startswith("#") and not _may_be_row(texts[0], document.tags[0], tabs=True):
                problem = f"{texts[0]!r} with the tag {document.tags[0]!r} would be read as a comment"
                raise Unwritable(
                    document.lines[0] if document.lines else None, f"{problem}; use --format jsonl."
                )
            rows = "".join(f"{text}\t{tag}\n" for text, tag in zip(texts, document.tags, strict=True))
            if MARK in joined:
                rows = with_marks(rows, first=self._first)
            self._first = False
            self._stream.write(self._safe(rows) + "\n")


def _check_tokens(document: Document) -> None:
    """Unwritable if a token would be read as something else; U+00A0 and the like are tokens as any other."""
    for place, text in enumerate(document.words):
        is_blank = not text.strip(" ") and text != " "
        if _NO_TOKEN.search(text) or is_blank or text.startswith(_DOCSTART):
            line = document.lines[min(place, len(document.lines) - 1)] if document.lines else None
            problem = f"the token {text!r} cannot stand in a column of a CoNLL file; use --format jsonl."
            raise Unwritable(line, problem)


def _for_terminal(rows: str) -> str:
    """Rows with nothing in their tokens that steers the terminal."""
    return "".join(letter if letter in "\t\n" else printable(letter) for letter in rows)
