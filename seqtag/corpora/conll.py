"""CoNLL columns: a token a line, its tag in another column, a blank line after each sentence.

Columns are separated by tabs if the first row of the file holds a tab (a token may then hold spaces, or be one), else
by runs of spaces. Only tab, space and CR count as white space; U+00A0, U+3000 and the like are data. Every row
has as many columns as the first, unless the column of tags is named and every row has it. Lines that start with
``-DOCSTART-`` are skipped, and comments (`corpora.comments`); those that begin a document are noted at its first
sentence.
"""

import re
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from sys import intern
from typing import TextIO

from seqtag.corpora import headers
from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.comments import Comments, may_be_row
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Level
from seqtag.corpora.rows import BLANK, DOCSTART, SAMPLED, Columns, Wanted, find_layout
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import MARK, with_marks
from seqtag.support.quoting import printable, quoted

_NO_TOKEN = re.compile(r"[\t\n\r\0]")


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
    features = tuple(_column_number(column) for column in options.extra_columns)
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {token}.")
    named = None
    with suppress(UsageError):  # it is not read
        named = None if options.tag_column is None else _column_number(options.tag_column)
    wanted = Wanted(token, tag, features, named, numbers=len(options.numeric_columns))
    return _parse(source, wanted, options.label_key)


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


def _parse(source: Source, wanted: Wanted, label_key: str | None) -> Iterator[Sentence]:
    """One loop over the rows, long because everything that it does not call makes it fast."""
    head = list(islice(source.head(), SAMPLED)) if wanted.tag is not None or not source.is_stream else []
    numbered = source.lines()
    layout, seen = find_layout(numbered)
    if layout is None:
        return
    columns = Columns(source, layout, wanted)
    source.first_rows = columns.first_rows(head)
    token_at, tag_at, judged_at = columns.token, columns.tag, columns.judged
    tabs, width = layout.separator == "\t", layout.width
    known_tags: dict[str, str] = {}
    comments = Comments(source, columns, known_tags, label_key)
    _report_header(source, columns)
    tokens, tags, places = list[str](), list[str](), list[int]()
    values: list[tuple[str, ...]] = []

    def finish() -> Sentence:
        columns.end_sentence(len(tokens))
        sentence = Sentence(
            tuple(map(intern, tokens)),
            tuple(tags) if tag_at is not None else None,
            line_numbers(places),
            tuple(zip(*values, strict=True)),
            labels=comments.labels.take(),
            starts_document=comments.take_start(),
        )
        for column in (tokens, tags, places, values):
            column.clear()
        return sentence

    for number, row in chain(seen, numbered):
        if not row.strip(BLANK) or (row[0] == "-" and row.startswith(DOCSTART)):
            if tokens:
                yield finish()
            else:
                comments.labels.end()
            comments.note_start(row)
            continue
        if row[0] == "#" and comments.has(number, row, begins=not tokens):
            continue
        cells = row.split("\t") if tabs else layout.split(row)
        if len(cells) != width or (not tabs and "\t" in row):
            cells = columns.uneven(number, row)
        token = cells[token_at]
        if not token.strip(BLANK) and token != " ":
            raise DataError(source.name, number, f"the token in column {token_at + 1} is empty")
        if tag_at is not None:
            spelt = cells[tag_at]
            if spelt not in known_tags:
                known_tags[intern(spelt)] = _checked(spelt, "tag", tag_at, source.name, number, tabs * width)
            tags.append(known_tags[spelt])
        elif width > 1:
            known_tags[cells[judged_at]] = ""
        if columns.extra:
            values.append(_values(cells, columns, source.name, number))
        tokens.append(token)
        places.append(number)
    if tokens:
        yield finish()
    comments.finish()
    _check_skipped(source, columns, known_tags)


def _values(cells: list[str], columns: Columns, name: str, number: int) -> tuple[str, ...]:
    """The further cells of a row: features, then numbers, which may be empty."""
    features = (_checked(cells[at], "feature", at, name, number) for at in columns.features)
    return (*features, *(cells[at] for at in columns.numbers))


def _report_header(source: Source, columns: Columns) -> None:
    """Reports of a file to tag what was passed over as a header, or a header that was not."""
    if columns.tag is not None:
        return
    for number, row in source.skipped:
        if row.strip(BLANK) and row[0] != "#":
            problem = f"passed over {quoted(row)} as a header, which the training corpus had (--skip-rows)"
            level: Level = "note" if headers.are_names(columns.layout.split(row)) else "warning"
            source.report(headers.CODE, number, problem, level=level)
    if columns.layout.is_header:
        source.report(headers.CODE, columns.layout.line, headers.LOOKS_LIKE)


def _check_skipped(source: Source, columns: Columns, known: Container[str]) -> None:
    """Reports rows of a corpus that were passed over as headers though they have a tag of it."""
    for number, row in source.skipped if columns.tag is not None else ():
        cells = columns.layout.split(row)
        if len(cells) == columns.layout.width and cells[columns.judged] in known:
            problem = (
                f"passed over (--skip-rows), but its tag {quoted(cells[columns.judged])} is one of the corpus"
            )
            source.report(headers.CODE, number, problem, f"--skip-rows {number - 1}")


def _checked(value: str, what: str, at: int, name: str, number: int, width: int = 0) -> str:
    """A cell; DataError if it is empty or padded. `width` is that of rows with tabs, whose last one may end them."""
    what = f"{what} in column {at + 1}"
    if not value.strip(BLANK):
        hint = f"; rows that end with a tab are read with --tag-column {at}" if 1 < at == width - 1 else ""
        raise DataError(name, number, f"the {what} is empty{hint}")
    if value.strip(" \r") != value:
        raise DataError(name, number, f"the {what}, {value!r}, has white space around it")
    return intern(value)


class ConllWriter:
    """token TAB tag, and a blank line after each sentence; a sentence without tokens has nothing to write."""

    probabilities = False
    without_tags = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str
        self._first = True

    def write(self, document: Document) -> None:
        """Writes a document; Unwritable if a token would be read as something else."""
        if document.ends is None:
            self._write(document, document.words, document.tags)
            return
        for piece in document.pieces():
            self._write(document, document.words[piece], document.tags[piece])

    def _write(self, document: Document, texts: Sequence[str], tags: Sequence[str]) -> None:
        """Writes one sentence of a document."""
        if texts:
            joined = "".join(texts)
            if _NO_TOKEN.search(joined) or not all(map(str.strip, texts)) or DOCSTART in joined:
                _check_tokens(document)
            if joined.startswith("#") and not may_be_row(texts[0], tags[0] if tags else "", tabs=True):
                problem = f"{texts[0]!r} with the tag {tags[0]!r} would be read as a comment"
                raise Unwritable(
                    document.lines[0] if document.lines else None, f"{problem}; the format jsonl can hold it."
                )
            if document.tagged:
                rows = "".join(f"{text}\t{tag}\n" for text, tag in zip(texts, tags, strict=True))
            else:
                rows = "".join(f"{text}\n" for text in texts)
            rows = "".join(f"# {document.label_key} = {label}\n" for label in document.labels) + rows
            if MARK in joined:
                rows = with_marks(rows, first=self._first)
            self._first = False
            self._stream.write(self._safe(rows) + "\n")


def _check_tokens(document: Document) -> None:
    """Unwritable if a token would be read as something else; U+00A0 and the like are tokens as any other."""
    for place, text in enumerate(document.words):
        is_blank = not text.strip(" ") and text != " "
        if _NO_TOKEN.search(text) or is_blank or text.startswith(DOCSTART):
            line = document.lines[min(place, len(document.lines) - 1)] if document.lines else None
            problem = f"the token {text!r} cannot be written in a column of a CoNLL file; the format jsonl can hold it."
            raise Unwritable(line, problem)


def _for_terminal(rows: str) -> str:
    """Rows with nothing in their tokens that steers the terminal."""
    return "".join(letter if letter in "\t\n" else printable(letter) for letter in rows)
