"""Rows of columns: how the first row of a file says how all are separated, and where the wanted columns are in each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqtag.corpora import headers
from seqtag.corpora.base import LONE_MARK, Source
from seqtag.corpora.findings import Level
from seqtag.corpora.first_rows import FirstRows
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import MARK
from seqtag.support.quoting import counted

BLANK = " \t\r"
DOCSTART = "-DOCSTART-"  # begins a document, and is skipped
DOCUMENT = (DOCSTART, "# newdoc", "#begin document")  # how lines begin that mark the start of a document
CODE = "unequal-widths"
SAMPLED = 200  # lines, which findings are worded by


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first row of a file says about all the others.

    Attributes:
        line: The row's line.
        separator: A tab, or a space, which stands for any run of them.
        width: How many columns it has.
        is_header: Whether it looks like a header.
    """

    line: int
    separator: str
    width: int
    is_header: bool = False

    def split(self, row: str) -> list[str]:
        """The columns of a row."""
        if self.separator == "\t":
            return row.split("\t")
        return [column for column in row.split(" ") if column]


def _layout(number: int, row: str) -> Layout:
    separator = "\t" if "\t" in row else " "
    columns = Layout(number, separator, 0).split(row)
    return Layout(number, separator, len(columns), headers.are_names(columns))


def find_layout(numbered: Iterator[tuple[int, str]]) -> tuple[Layout | None, list[tuple[int, str]]]:
    """The layout, and the lines that had to be read to find it; of blank ones that follow each other, the first.

    A line that starts with "#" does not decide as long as another row comes, since it may be a comment; in a
    file of nothing else the first one with a tab is taken as a row.
    """
    seen: list[tuple[int, str]] = []
    for number, row in numbered:
        blank = not row.strip(BLANK)
        if not (blank and seen and not seen[-1][1].strip(BLANK)):
            seen.append((number, row))
        if not blank and row[0] != "#" and not row.startswith(DOCSTART):
            return _layout(number, row), seen
    for number, row in seen:
        if row[:1] == "#" and "\t" in row:
            return _layout(number, row), seen
    return None, seen


@dataclass(frozen=True)
class Wanted:
    """The columns to read, numbered from 1, or from -1 backwards.

    Attributes:
        token: That of the tokens.
        tag: That of the tags; None where they are not read.
        features: Those of features, then those of numbers.
        named_tag: That of the tags if a user named it, though they may not be read.
        numbers: How many of `features` are numbers, whose cells may be empty.
    """

    token: int
    tag: int | None
    features: tuple[int, ...]
    named_tag: int | None
    numbers: int = 0


def _at(column: int, width: int) -> int | None:
    """The position, from 0, of a column in a row of some width; None if it is not there."""
    at = column - 1 if column > 0 else width + column
    return at if 0 <= at < width else None


class Columns:
    """Where the wanted columns are in the rows of a file.

    A row of another width than the first is read where it has all wanted columns and that of the tags was named; by
    default that is the last one, which need not be the same in rows of different widths.

    Attributes:
        layout: That of the rows.
        token: The position of the tokens in a row, from 0.
        tag: That of the tags; None where they are not read.
        features: Those of features.
        numbers: Those of numbers.
        extra: Whether there are any of these two.
        judged: That of the tags by which comments are told from rows, whether they are read or not.
    """

    def __init__(self, source: Source, layout: Layout, wanted: Wanted) -> None:
        if wanted.tag is not None and layout.width == 1:
            raise DataError(source.name, layout.line, "the row has one column; expected a token and its tag")
        self.layout = layout
        self._source = source
        self.token = self._position(wanted.token)
        self.tag = None if wanted.tag is None else self._position(wanted.tag)
        if self.token == self.tag:
            raise UsageError(f"The token column and the tag column are both {self.token + 1}.")
        first = len(wanted.features) - wanted.numbers
        self.features = [self._position(column) for column in wanted.features[:first]]
        self.numbers = [self._position(column) for column in wanted.features[first:]]
        self.extra = bool(wanted.features)
        named = wanted.named_tag
        judged = None if named is None else _at(named, layout.width)
        self.judged = layout.width - 1 if judged is None else judged
        # The columns that a row of another width must have; none where no other width is read.
        self._needed = () if named is None or judged is None else (wanted.token, named, *wanted.features)
        self._uneven: list[tuple[int, int]] = []
        self._noted = False

    def _position(self, column: int) -> int:
        at = _at(column, self.layout.width)
        if at is None:
            has = counted(self.layout.width, "column")
            raise DataError(
                self._source.name, self.layout.line, f"the row has {has}; there is no column {column}"
            )
        return at

    def first_rows(self, numbered: Iterable[tuple[int, str]]) -> FirstRows:
        """Those of some lines that are rows like the first."""
        rows = [tuple(self.layout.split(row)) for _, row in numbered if row[:1] != "#"]
        return FirstRows(tuple(row for row in rows if len(row) == self.layout.width), self.token, self.tag)

    def aligned(self, columns: list[str]) -> list[str] | None:
        """A row of another width, with the wanted columns where a row of the usual width has them; None if it lacks
        one, or if the columns go by the first row.
        """
        found = [(self._position(column), _at(column, len(columns))) for column in self._needed]
        aligned = [""] * self.layout.width
        for usual, at in found:
            if at is None:
                return None
            aligned[usual] = columns[at]
        return aligned if found else None

    def uneven(self, number: int, row: str) -> list[str]:
        """The columns of a row of another width, for the loop over rows.

        Raises:
            DataError: It cannot be read.
        """
        columns = self.layout.split(row)
        mixed = self.layout.separator == " " and "\t" in row
        aligned = None if mixed else self.aligned(columns)
        if aligned is None:
            raise self._unlike(number, row, len(columns))
        self._uneven.append((number, len(columns)))
        return aligned

    def end_sentence(self, tokens: int) -> None:
        """Reports rows of another width. That all rows of a sentence share it is common; among others it is odd."""
        if not self._uneven:
            return
        if len(self._uneven) < tokens or len({width for _, width in self._uneven}) > 1:
            for number, width in self._uneven:
                self._report(number, width, "warning")
        elif not self._noted:
            self._report(*self._uneven[0], "note")
            self._noted = True
        self._uneven.clear()

    def _report(self, number: int, width: int, level: Level) -> None:
        usual = f"line {self.layout.line} has {self.layout.width}"
        problem = f"the row has {counted(width, 'column')}, {usual}; the named columns were read"
        self._source.report(CODE, number, problem, level=level)

    def _unlike(self, number: int, row: str, found: int) -> DataError:
        """The error for a row that is not like the first, which may be a header."""
        layout, name = self.layout, self._source.name
        if row.strip(BLANK) == MARK:
            return DataError(name, number, LONE_MARK)
        if layout.is_header:
            problem = f"{headers.LOOKS_LIKE}, and line {number} has other columns"
            problem += f"; {headers.option(layout.line)} passes over it"
            return DataError(name, layout.line, problem, headers.CODE)
        has_tab = "\t" in row
        if has_tab and layout.separator == " ":
            problem = f"the row holds a tab; expected columns separated by spaces, as in line {layout.line}"
        elif not has_tab and layout.separator == "\t" and " " in row.strip(BLANK):
            problem = f"the row holds no tab; expected columns separated by tabs, as in line {layout.line}"
        else:
            columns = counted(found, "column")
            problem = f"the row has {columns}; expected {layout.width}, as in line {layout.line}"
            if self.tag is not None and not self._needed and min(found, layout.width) > 1:
                problem += "; --token-column and --tag-column can name columns that all rows have"
                return DataError(name, number, problem, CODE)
        return DataError(name, number, problem)
