"""CoNLL-U, the format of Universal Dependencies, and CoNLL-U Plus: columns with names, separated by tabs.

CoNLL-U has ten columns; a file of CoNLL-U Plus names its own above the first row: ``# global.columns = ID FORM NER``.
Comments, multiword ranges (``8-9``) and empty nodes (``8.1``) are skipped; the words that remain count 1, 2,
3 in each sentence, which is checked. Where a column holds attributes (``Case=Nom|Number=Sing``), each of them can be
read like a column: ``feats:Number``. See https://universaldependencies.org/format.html and .../ext-format.html.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from sys import intern

from seqtag.corpora.base import LONE_MARK, ReadOptions, Source
from seqtag.corpora.conllu_text import Texts
from seqtag.corpora.first_rows import FirstRows, are_span_tags
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.corpora.spacing import Spacing
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.lines import MARK
from seqtag.support.quoting import counted, quoted

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

LOOKED_AT = 100  # lines for an attribute of span tags
MOST_NAMES = 20  # of attributes in a message
_BLANK = " \t\r"
_MISSING = "_"
_RANGE_OR_EMPTY = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})|\.([1-9][0-9]{0,8}))")
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=(.*)")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Columns are named by the file or else by ``FIELDS``, or numbered from 1, or from -1 backwards; ``feats:Number`` is
    an attribute. Tokens are in "form" and tags in "upos" where nothing else is said. A word without an attribute has
    "_", or "O" where the attribute holds span tags.

    Raises:
        UsageError: Columns that make no sense.
        DataError: A row is malformed, or no word has an attribute.
    """
    table = _table(source)
    token = table.place(options.token_column, "form", "--token-column")
    tag = table.place(options.tag_column, "upos", "--tag-column") if options.with_tags else None
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {table.names[token]!r}.")
    features = [table.place(column) for column in options.feature_columns]
    if options.with_tags:
        _look_for(source, table, {token, tag})
        source.first_rows = FirstRows(attribute=_other_spans(source, table, {token, tag}))
    misc = table.names.index("misc") if "misc" in table.names else None
    texts = Texts(source, token, misc) if options.with_text else None
    return _parse(source.lines(), table, token, tag, features, Spacing(source, token, misc), texts)


def recognise(source: Source) -> bool:
    """Whether the file names its columns, or its first sentence has the ten columns, and IDs that count 1, 2, 3."""
    words = 0
    for _, row in source.head():
        if not row.strip():
            if words:
                return True
        elif row.startswith("#"):
            if not words and _GLOBAL_COLUMNS.match(row):
                return True
        else:
            fields = row.split("\t")
            is_word = fields[0] == str(words + 1)
            if len(fields) != len(FIELDS) or not (is_word or _is_range_or_empty(fields[0], words)):
                return False
            words += is_word
    return words > 0


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
    missing: str = _MISSING

    def find(self, row: Sequence[str]) -> str | None:
        """Its value in a row, if it is there."""
        sought = f"{self.name}="
        cell = row[self.at]
        if sought in cell:
            for pair in cell.split("|"):
                if pair.startswith(sought):
                    return pair[len(sought) :]
        return None


class _Table:
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


def _table(source: Source) -> _Table:
    """The columns that the file names above its first row, or else those of CoNLL-U."""
    for number, row in source.head():
        if found := _GLOBAL_COLUMNS.match(row):
            names = found[1].lower().split()
            if not names or len(set(names)) < len(names):
                problem = f"global.columns is {quoted(found[1].strip())}; expected names, each of them once"
                raise DataError(source.name, number, problem)
            return _Table(source.name, number, names)
        if row.strip(_BLANK) and row[0] != "#":
            break
    return _Table(source.name, None, FIELDS)


def _look_for(source: Source, table: _Table, needed: set[int | None]) -> None:
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
                    attribute.missing = "O" if place in needed else _MISSING
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


def _other_spans(source: Source, table: _Table, read: set[int | None]) -> str:
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
    return next((name for name, values in found.items() if are_span_tags(values - {_MISSING})), "")


def _parse(
    numbered: Iterable[tuple[int, str]],
    table: _Table,
    token: int,
    tag: int | None,
    features: Sequence[int],
    spacing: Spacing,
    texts: Texts | None,
) -> Iterator[Sentence]:
    width, id_at, attributes = table.width, table.id_at or 0, table.attributes
    second = token if tag is None else tag
    wanted = (token, second, *features)
    # Cells by column, since rows take more time to keep; rows only as long as somebody looks at their other columns.
    tokens: list[str] = []
    tags: list[str] = []
    rows: list[list[str]] = []
    places: list[int] = []
    always = bool(features) or texts is not None
    whole, expected = always or not spacing.is_done, "1"
    for number, row in numbered:
        if not row or not row.strip(_BLANK):
            if places:
                if rows:
                    spacing.add(rows)
                    whole = always or not spacing.is_done
                yield _sentence(tokens, tags if tag is not None else None, places, rows, features, texts)
                tokens, tags, rows, places, expected = [], [], [], [], "1"
            continue
        if row[0] == "#" and table.is_comment(row):
            if texts is not None:
                texts.meet_comment(number, row)
            continue
        columns = row.split("\t")
        if (len(columns) != width or columns[id_at] != expected) and _is_skipped(
            columns, len(places), table, number
        ):
            if texts is not None and "-" in columns[id_at]:
                texts.meet_range()
            continue
        if attributes:
            found = [(attribute.find(columns), attribute.missing) for attribute in attributes]
            columns += [missing if value is None else value for value, missing in found]
        for at in wanted:
            if columns[at] < "!" and not columns[at].strip(_BLANK):  # most begin with a higher character
                raise DataError(table.name, number, f"the field {table.names[at]} is empty")
        tokens.append(columns[token])
        tags.append(columns[second])
        places.append(number)
        if whole:
            rows.append(columns)
        expected = str(len(places) + 1)
    if places:
        if rows:
            spacing.add(rows)
        yield _sentence(tokens, tags if tag is not None else None, places, rows, features, texts)
    spacing.report()


def _is_skipped(columns: Sequence[str], words: int, table: _Table, number: int) -> bool:
    """Whether a row that does not look like the next word is a multiword range or an empty node; it is a word all the
    same where rows have no ID. DataError for any other.
    """
    if columns == [MARK]:
        raise DataError(table.name, number, LONE_MARK)
    if len(columns) != table.width:
        found = counted(len(columns), "column")
        raise DataError(table.name, number, f"the row has {found}; expected {table.expected}")
    if table.id_at is None:
        return False
    identifier = columns[table.id_at]
    if not _is_range_or_empty(identifier, words):
        raise DataError(
            table.name,
            number,
            f"the ID is {identifier!r}; expected {words + 1} (a blank line ends a sentence)",
        )
    return True


def _is_range_or_empty(identifier: str, words: int) -> bool:
    """Whether this is the ID of a multiword range or an empty node that may stand after so many words."""
    found = _RANGE_OR_EMPTY.fullmatch(identifier)
    if not found:
        return False
    first, last, _ = found.groups()
    return int(first) == words + 1 <= int(last) if last else int(first) == words


def _sentence(
    tokens: Iterable[str],
    tags: Iterable[str] | None,
    places: list[int],
    rows: Sequence[Sequence[str]],
    features: Sequence[int],
    texts: Texts | None,
) -> Sentence:
    return Sentence(
        tuple(map(intern, tokens)),
        None if tags is None else tuple(map(intern, tags)),
        line_numbers(places),
        tuple(tuple(intern(row[at]) for row in rows) for at in features),
        None if texts is None else texts.take(rows),
    )
