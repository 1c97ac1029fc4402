"""CSV and TSV: a token a row below a header, with a column that numbers the sentences or blank rows between them.

The number of a sentence may stand in each of its rows or in the first alone. A line above the header that names the
separator for Excel, such as ``sep=;``, is obeyed.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import TextIO

from seqtag.corpora.base import Column, ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.quoting import counted, printable, quoted

# Names of columns, in lower case; the first that is there is taken.
SENTENCE = (
    "sentence #",
    "sentence#",
    "sentence_id",
    "sentence id",
    "sentence_idx",
    "sent_id",
    "sent",
    "sentence",
)
TOKEN = ("token", "word", "form", "tokens", "words")
TAG = ("tag", "ner_tag", "ner", "label", "tags", "labels", "ner_tags", "iob", "entity", "pos", "upos")
_DELIMITERS = ",;\t"
_NAMED = re.compile(r'"?sep=([^\w\s"]|\t)"?', re.IGNORECASE)
_QUOTES = (
    "a cell that holds a quotation mark must be enclosed in quotation marks, with those inside it doubled"
)


def recognise(source: Source) -> bool:
    """Whether the first line is such a header. Among tabs, where rows may also be those of CoNLL, it must name the
    sentences.
    """
    found = header_of(source.head())
    if found is None:
        return False
    _, header, delimiter = found
    named = [place_of(header, names) is not None for names in (TOKEN, TAG, SENTENCE)]
    return all(named[:2]) and (named[2] or delimiter != "\t")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a table.

    Columns are named by the header, or numbered from 1, or from -1 backwards; the usual names stand for tokens and tags
    where nothing else is said.

    Raises:
        UsageError: There is no such column.
        DataError: A row is malformed.
    """
    numbered = source.lines()
    found = header_of(numbered)
    if found is None:
        return
    first, header, delimiter = found
    token = column_of(source.name, header, options.token_column, TOKEN, "token")
    tag = column_of(source.name, header, options.tag_column, TAG, "tag") if options.with_tags else None
    features = [column_of(source.name, header, column, (), "feature") for column in options.extra_columns]
    sentence = place_of(header, SENTENCE)
    if token == tag:
        raise UsageError(f"{source.name}: the token column and the tag column are both {header[token]!r}.")
    if sentence in (token, tag):
        sentence = None
    wanted = [token, *([] if tag is None else [tag]), *features[: len(options.feature_columns)]]
    rows: list[list[str]] = []
    places: list[int] = []
    blanks, current = 0, ""

    def made() -> Sentence:
        return Sentence(
            tuple(row[token] for row in rows),
            None if tag is None else tuple(intern(row[tag].strip()) for row in rows),
            line_numbers(places),
            tuple(tuple(row[at] for row in rows) for at in features),
        )

    for number, cells in rows_of(numbered, delimiter, source.name, first):
        if not any(cells):
            blanks += 1
            begins = True
        else:
            _check(cells, header, wanted, tag, source.name, number)
            value = cells[sentence] if sentence is not None else ""
            begins = value not in ("", current)
            current = value or current
        if begins and rows:
            yield made()
            rows, places = [], []
        if any(cells):
            rows.append(cells)
            places.append(number)
    if rows:
        yield made()
    if sentence is None and not blanks and rows:
        problem = "the table has neither a column of sentences nor blank rows: all of it is one sentence"
        source.report("one-sentence", first, problem)


def header_of(numbered: Iterator[tuple[int, str]]) -> tuple[int, list[str], str] | None:
    """The line of the header, the names of the columns, and what separates them: what is named above the header, or
    what makes the most columns.
    """
    delimiters = _DELIMITERS
    for number, line in numbered:
        if found := _NAMED.fullmatch(line):
            delimiters = found[1]
        elif line.strip():
            cells = [(_cells(line, delimiter), delimiter) for delimiter in delimiters]
            return number, *max(cells, key=lambda pair: len(pair[0]))
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def rows_of(
    numbered: Iterable[tuple[int, str]], delimiter: str, name: str, at: int
) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with its line; `at` is that of the header."""

    def lines() -> Iterator[str]:
        nonlocal at
        for number, line in numbered:
            at = number
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        before = at
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            if "field limit" in str(problem):
                most = f"a cell has more than {csv.field_size_limit():,} characters; a lone quote may have opened it"
                raise DataError(name, before + 1, most) from problem
            raise DataError(name, before + 1, f"is not a row of a table ({problem}); {_QUOTES}") from problem
        if at > before + 1:
            raise DataError(name, before + 1, f"a cell runs over several lines; {_QUOTES}")
        yield at, cells


def _check(
    cells: Sequence[str],
    header: Sequence[str],
    wanted: Sequence[int],
    tag: int | None,
    name: str,
    number: int,
) -> None:
    if len(cells) != len(header):
        found = counted(len(cells), "column")
        raise DataError(name, number, f"the row has {found}; expected {len(header)}, as in the header")
    for at in wanted:
        if not cells[at] or (at == tag and not cells[at].strip()):
            raise DataError(name, number, f"the column {quoted(header[at])} is empty")


def place_of(header: Sequence[str], names: Iterable[str]) -> int | None:
    """The position of the first of these names that is in a header, in lower case."""
    known = [cell.strip().lower() for cell in header]
    return next((known.index(name) for name in names if name in known), None)


def column_of(name: str, header: Sequence[str], asked: Column | None, names: Iterable[str], what: str) -> int:
    """The position of a column that a user gave, or that has a usual name."""
    at = place_of(header, names if asked is None else [str(asked).strip().lower()])
    if at is not None:
        title = header[at].strip().lower()
        if sum(cell.strip().lower() == title for cell in header) > 1:
            raise UsageError(
                f"{name}: several columns are called {header[at]!r}; --{what}-column takes the number of one, from 1."
            )
        return at
    if asked is None:
        raise UsageError(
            f"{name}: no {what} column is named in the header {quoted(list(header))}; --{what}-column names it."
        )
    try:
        number = int(asked)
    except ValueError:
        raise UsageError(f"{name}: unknown column {asked!r}.{suggest(str(asked), header)}") from None
    if not 1 <= abs(number) <= len(header):
        raise UsageError(
            f"{name}: there is no column {number}: the table has {counted(len(header), 'column')}."
        )
    return number - 1 if number > 0 else len(header) + number


class TableWriter:
    """A header, then the number of the sentence, a token and its tag in each row.

    Args:
        stream: Where they go.
        column: The name of the column of tags.
    """

    probabilities = False
    takes_column = True

    def __init__(self, stream: TextIO, column: str | None = None) -> None:
        if column is not None and column.strip().lower() in ("sentence", "token"):
            raise UsageError(
                f"--to-column {column}: this is a column of its own; choose another one for the tags."
            )
        self._safe = printable if stream.isatty() else str
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(["sentence", "token", column or "tag"])
        self._count = 0

    def write(self, document: Document) -> None:
        """Writes a document; Unwritable if a token would be read as something else."""
        self._count += bool(document.words)
        for number, (word, tag) in enumerate(zip(document.words, document.tags, strict=True)):
            if any(one in word for one in "\r\n\0"):
                line = document.lines[min(number, len(document.lines) - 1)] if document.lines else None
                raise Unwritable(
                    line,
                    f"the token {quoted(word)} cannot be written in a table; the format jsonl can hold it.",
                )
            self._writer.writerow([self._count, self._safe(word), self._safe(tag)])
