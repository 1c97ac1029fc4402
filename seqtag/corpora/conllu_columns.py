"""The columns of CoNLL-U and CoNLL-U Plus: those that a file names, and the attributes within them."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from seqtag.corpora.base import Source
from seqtag.corpora.first_rows import are_span_tags
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.quoting import quoted

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
LOOKED_AT = 100  # lines for an attribute of span tags
MOST_NAMES = 20  # of attributes in a message
BLANK = " \t\r"
MISSING = "_"
GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=(.*)")
_RANGE_OR_EMPTY = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})|\.([1-9][0-9]{0,8}))")


def recognise(source: Source) -> bool:
    """Whether the file names its columns, or its first sentence has the ten columns, and IDs that count 1, 2, 3."""
    words = 0
    for _, row in source.head():
        if not row.strip():
            if words:
                return True
        elif row.startswith("#"):
            if not words and GLOBAL_COLUMNS.match(row):
                return True
        else:
            fields = row.split("\t")
            is_word = fields[0] == str(words + 1)
            if len(fields) != len(FIELDS) or not (is_word or is_range_or_empty(fields[0], words)):
                return False
            words += is_word
    return words > 0


def is_range_or_empty(identifier: str, words: int) -> bool:
    """Whether this is the ID of a multiword range or an empty node that may stand after so many words."""
    found = _RANGE_OR_EMPTY.fullmatch(identifier)
    if not found:
        return False
    first, last, _ = found.groups()
    return int(first) == words + 1 <= int(last) if last else int(first) == words


@dataclass(slots=True)
class _Attribute:
    """An attribute in a column of them: with the name ``A`` it is ``b`` in ``A=b|C=d``.

    Attributes:
        at: The column.
        name: The name, in the case of the file.
        missing: The value of a word that lacks it.
    """

    at: int
    name: str
    missing: str = MISSING

    def find(self, row: Sequence[str]) -> str | None:
        """Its value in a row, if it is there."""
        sought = f"{self.name}="
        cell = row[self.at]
        if sought in cell:
            for pair in cell.split("|"):
                if pair.startswith(sought):
                    return pair[len(sought) :]
        return None


class ConlluTable:
    """The columns of a file, and the attributes that are asked for, which stand behind them.

    Attributes:
        width: How many columns a row has.
        names: Those of the columns and then of the attributes, for messages.
        attributes: What is added to each row.
        title: What the format is called.
    """

    def __init__(self, name: str, line: int | None, names: Sequence[str]) -> None:
        self.name = name
        self.line = line
        self.width = len(names)
        self.names = list(names)
        self.attributes: list[_Attribute] = []
        self.id_at = self.names.index("id") if "id" in self.names else None

    @property
    def expected(self) -> str:
        """How many columns a row has, in words."""
        whose = "CoNLL-U" if self.line is None else f"line {self.line}"
        return f"the {self.width} of {whose}, separated by tabs"

    def place(self, column: int | str | None, default: str = "", option: str = "") -> int:
        """The position, from 0, of a column that a user gave, or of the default one."""
        columns = self.names[: self.width]
        if column is None:
            if default not in columns:
                raise DataError(
                    self.name,
                    self.line,
                    f"there is no column {default.upper()}; choose one with {option}: {', '.join(columns)}",
                )
            return columns.index(default)
        name, _, attribute = str(column).partition(":")
        if str(column).lower() in columns:
            return columns.index(str(column).lower())
        if attribute and name.lower() in columns:
            return self._add(_Attribute(columns.index(name.lower()), attribute))
        try:
            number = int(column)
        except ValueError:
            raise UsageError(
                f"Unknown CoNLL-U column {column!r}.{suggest(str(column).lower(), columns)}"
            ) from None
        if not 1 <= abs(number) <= self.width:
            raise UsageError(f"There is no CoNLL-U column {number}: the columns are 1 to {self.width}.")
        return number - 1 if number > 0 else self.width + number

    def _add(self, attribute: _Attribute) -> int:
        if attribute not in self.attributes:
            self.attributes.append(attribute)
            self.names.append(f"{self.names[attribute.at]}:{attribute.name}")
        return self.width + self.attributes.index(attribute)

    def is_comment(self, row: str) -> bool:
        """Whether a line that starts with "#" is a comment: always where rows start with an ID."""
        return self.id_at == 0 or row.count("\t") != self.width - 1


def find_table(source: Source) -> ConlluTable:
    """The columns that the file names above its first row, or else those of CoNLL-U."""
    for number, row in source.head():
        if found := GLOBAL_COLUMNS.match(row):
            names = found[1].lower().split()
            if not names or len(set(names)) < len(names):
                problem = f"global.columns is {quoted(found[1].strip())}; expected names, each of them once"
                raise DataError(source.name, number, problem)
            return ConlluTable(source.name, number, names)
        if row.strip(BLANK) and row[0] != "#":
            break
    return ConlluTable(source.name, None, FIELDS)


def check_attributes(source: Source, table: ConlluTable, needed: set[int | None]) -> None:
    """Finds each attribute in some row: by its first value it is seen whether a word without it is outside of spans.

    Raises:
        DataError: No word has one that is needed; of another, this is reported.
    """
    left = dict(enumerate(table.attributes, table.width))
    there: dict[int, dict[str, None]] = {attribute.at: {} for attribute in left.values()}
    for _, row in source.head(sys.maxsize) if left else ():
        columns = row.split("\t")
        if len(columns) != table.width or (row[0] == "#" and table.is_comment(row)):
            continue
        for at, known in there.items():
            known.update(
                dict.fromkeys(pair.partition("=")[0] for pair in columns[at].split("|") if "=" in pair)
            )
        for place, attribute in list(left.items()):
            value = attribute.find(columns)
            if value is not None:
                if SPAN_TAG.fullmatch(value) or value == "O":
                    attribute.missing = "O" if place in needed else MISSING
                del left[place]
        if not left:
            break
    for place, attribute in left.items():
        known = there[attribute.at]
        column = table.names[attribute.at].upper()
        names = f"there are {', '.join([*known][:MOST_NAMES])}" if known else "it holds none"
        problem = f"no word has the attribute {quoted(attribute.name)} in {column}; {names}"
        if place in needed:
            raise DataError(source.name, None, problem, "unknown-attribute")
        source.report("unknown-attribute", None, problem, "--feature-columns")


def other_spans(source: Source, table: ConlluTable, read: set[int | None]) -> str:
    """The column or attribute ("misc:name") that holds span tags in the first rows of a file, beside those that are
    read; "" if none does.
    """
    found: dict[str, set[str]] = {}
    for _, row in () if source.is_stream else islice(source.head(), LOOKED_AT):
        cells = row.split("\t")
        if len(cells) == table.width and not (row[0] == "#" and table.is_comment(row)):
            for at, (name, cell) in enumerate(zip(table.names, cells, strict=False)):
                if at not in read:
                    found.setdefault(name, set()).add(cell)
                for pair in cell.split("|") if "=" in cell else ():
                    key, _, value = pair.partition("=")
                    found.setdefault(f"{name}:{key}", set()).add(value)
    return next((name for name, values in found.items() if are_span_tags(values - {MISSING})), "")
