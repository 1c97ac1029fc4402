r"""A sentence per line, each token in one piece with its tag: ``token|tag``, ``token###tag``, ``token/TAG``,
``token_TAG``.

Spaces and tabs separate the pieces; U+00A0 and the like are data. With ``|`` and ``###`` a piece may have further
columns (``token|pos|tag``), as many as the first piece of the file; a token may hold the separator only if it consists
of nothing else. With ``/`` the last slash separates; a slash after it, or one that must not count, is written ``\/``.
With ``_`` the last underscore separates.
Blank lines are skipped, and lines of one piece that begins with ``-DOCSTART-``, which starts a document.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from sys import intern
from typing import ClassVar, TextIO

from seqtag.corpora.base import Column, ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import with_marks
from seqtag.support.quoting import counted, printable, quoted

LOOKED_AT = 10  # lines that decide on the format of a file
LOOKED_IN = 100_000  # characters of each of them
_BLANK = " \t\r"
_DOCSTART = "-DOCSTART-"
_GAP = re.compile(r"[ \t]+")
_NO_PIECE = re.compile(r"[ \t\r\n\0]")
_LAST_SLASH = re.compile(r"(.*)(?<!\\)/(.*)", re.DOTALL)
_LETTER = re.compile(r".+_[BIESLUMW]")  # of a tag whose type stands after another underscore
_CAPITALS = re.compile(r"[A-Z][A-Z0-9$*+:._=-]*")
_MARKS = re.compile(r"[^\w\s]+")
_SMALL = re.compile(r"[a-z]{1,5}[0-9$*]*(?:[-+][a-z]{1,5}[0-9$*]*)*")  # n, at, np-tl


@dataclass(frozen=True)
class Style:
    """How a piece is put together.

    Attributes:
        separator: What stands between its columns.
        least: Pieces with capitals for tags that make a file this format for certain: "A/B C/D" may be text.
        last: Whether only the last separator counts.
    """

    separator: str
    least: int = 2
    last: bool = False

    def split(self, piece: str) -> list[str]:
        """The columns of a piece; one if it holds no separator."""
        if self.separator == "/":
            found = _LAST_SLASH.fullmatch(piece)
            columns = found.groups() if found else (piece,)
            return [column.replace("\\/", "/") for column in columns]
        if self.last:
            return piece.rsplit(self.separator, 1)
        rest = piece.lstrip(self.separator[0])
        own = (
            len(piece) - len(rest) - len(self.separator)
        )  # of the marks that it begins with, those of the token
        if own > 0:
            return [piece[:own], *rest.rsplit(self.separator)]
        return piece.rsplit(self.separator)

    def join(self, token: str, tag: str) -> str:
        """The piece of a token and its tag; ValueError if it would be read as something else."""
        columns = [token, tag]
        written = [text.replace("/", "\\/") for text in columns] if self.separator == "/" else columns
        piece = self.separator.join(written)
        if not (token and tag) or _NO_PIECE.search(piece) or self.split(piece) != columns:
            raise ValueError(f"the token {token!r} with the tag {tag!r} cannot be written as {self.shape}")
        return piece

    @property
    def shape(self) -> str:
        """What a piece looks like, for messages."""
        return f"token{self.separator}tag"


PIPES, HASHES = Style("|"), Style("###")
SLASHES, UNDERSCORES = (Style(sign, least=4, last=True) for sign in "/_")


def read(style: Style, source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Columns are numbered as in ``conll``: tokens are in the first and tags in the last where nothing else is said.

    Raises:
        UsageError: Columns that make no sense.
        DataError: A piece is malformed.
    """
    token = _column_number(1 if options.token_column is None else options.token_column)
    tag = None
    if options.with_tags:
        tag = _column_number(-1 if options.tag_column is None else options.tag_column)
    features = [_column_number(column) for column in options.extra_columns]
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {token}.")
    return _parse(style, source, token, tag, features)


def _column_number(column: Column) -> int:
    try:
        number = int(column)
    except ValueError:
        raise UsageError(
            f"Unknown column {column!r}: the columns of a piece are numbered from 1, or from -1 backwards."
        ) from None
    if number == 0:
        raise UsageError("There is no column 0: columns are numbered from 1, or from -1 backwards.")
    return number


def _parse(
    style: Style, source: Source, token: int, tag: int | None, features: Sequence[int]
) -> Iterator[Sentence]:
    width = first = 0
    starts = False  # whether a document has been marked to start
    for number, line in source.lines():
        pieces = _pieces(line)
        if not pieces:
            starts = starts or line.strip(_BLANK).startswith(_DOCSTART)
            continue
        if not width:
            width, first = len(style.split(pieces[0])), number
            if width == 1 and tag is not None:
                problem = f"{quoted(pieces[0])} has no tag; expected {style.shape}"
                raise DataError(source.name, number, problem)
            asked = (token, *([] if tag is None else [tag]), *features)
            at = [_position(column, width, source.name, number) for column in asked]
            if tag is not None and at[0] == at[1]:
                raise UsageError(f"The token column and the tag column are both {at[0] + 1}.")
        rows = []
        for piece in pieces:
            columns = style.split(piece)
            if len(columns) != width or not all(columns):
                raise DataError(source.name, number, _problem(style, piece, columns, width, first))
            rows.append([columns[place] for place in at])
        found = list(zip(*rows, strict=True))
        values = [tuple(map(intern, column)) for column in found[1:]]
        tags = values.pop(0) if tag is not None else None
        yield Sentence(found[0], tags, (number,) * len(rows), tuple(values), starts_document=starts)
        starts = False


def _pieces(line: str) -> list[str]:
    """The pieces of a line; none of a blank one, or of one that begins a document."""
    stripped = line.strip(_BLANK)
    pieces = _GAP.split(stripped) if stripped else []
    return [] if len(pieces) == 1 and stripped.startswith(_DOCSTART) else pieces


def _first_pieces(line: str) -> list[str]:
    """The first pieces of a line, without one that may be cut short."""
    return _pieces(line) if len(line) <= LOOKED_IN else _pieces(line[:LOOKED_IN])[:-1]


def _position(column: int, width: int, name: str, line: int) -> int:
    """A column as a position, from 0."""
    at = column - 1 if column > 0 else width + column
    if not 0 <= at < width:
        problem = f"the first piece has {counted(width, 'column')}; there is no column {column}"
        raise DataError(name, line, problem)
    return at


def _problem(style: Style, piece: str, columns: Sequence[str], width: int, first: int) -> str:
    shown = quoted(piece)
    if len(columns) == width:
        return f"{shown} has an empty column {list(columns).index('') + 1}; expected {style.shape}"
    if len(columns) == 1:
        return f"{shown} holds no {style.separator!r}; expected {style.shape}"
    return f"{shown} has {counted(len(columns), 'column')}; expected {width}, as in line {first}"


def recognise(style: Style, source: Source) -> bool:
    """Whether the pieces of the first lines have as many columns and end in tags; of a stream, the first line."""
    lines = (pieces for _, line in source.head() if (pieces := _first_pieces(line)))
    tokens: list[str] = []
    tags: list[str] = []
    width = 0
    for pieces in islice(lines, 1 if source.is_stream else LOOKED_AT):
        rows = [style.split(piece) for piece in pieces]
        width = width or len(rows[0])
        if width == 1 or any(len(row) != width or not all(row) for row in rows):
            return False
        tokens += [row[0] for row in rows]
        tags += [row[-1] for row in rows]
    if style.last and (all(style.separator in one for one in tokens) or any(map(_LETTER.fullmatch, tokens))):
        return False  # a/b/c and Eva_B_PER are something else
    return _are_tags(tags, style.least)


def _are_tags(tags: Sequence[str], least: int) -> bool:
    """Whether the last columns of at least so many pieces are tags for certain."""
    names = [tag for tag in tags if not _MARKS.fullmatch(tag)]
    if not names or len(tags) < least:
        return False
    if all(SPAN_TAG.fullmatch(tag) or _CAPITALS.fullmatch(tag) for tag in names):
        return True
    return (
        len(tags) >= 5 * least and len(set(tags)) <= len(tags) / 2 and all(map(_SMALL.fullmatch, names))
    )  # as in the Brown corpus


STYLES = (PIPES, HASHES, SLASHES, UNDERSCORES)
read_pipes, read_hashes, read_slashes, read_underscores = (partial(read, style) for style in STYLES)
are_pipes, are_hashes, are_slashes, are_underscores = (partial(recognise, style) for style in STYLES)


class _Writer:
    """A document per line; of one without tokens an empty line."""

    probabilities = False
    style: ClassVar[Style]

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str
        self._first = True

    def write(self, document: Document) -> None:
        """Writes a document; Unwritable if a token or a tag would be read as something else."""
        pieces = []
        for place, (token, tag) in enumerate(zip(document.words, document.tags, strict=True)):
            try:
                pieces.append(self.style.join(token, tag))
                if len(document.words) == 1 and token.startswith(_DOCSTART):
                    raise ValueError(f"a line of nothing but {token!r} would be skipped")
            except ValueError as problem:
                line = document.lines[min(place, len(document.lines) - 1)] if document.lines else None
                raise Unwritable(line, f"{problem}; the formats conll and jsonl can hold it.") from problem
        row = " ".join(pieces)
        row = with_marks(self._safe(row) + "\n", first=self._first)
        self._first = False
        self._stream.write(row)


class PipesWriter(_Writer):
    """``token|tag token|tag``."""

    style = PIPES


class HashesWriter(_Writer):
    """``token###tag token###tag``."""

    style = HASHES


class SlashesWriter(_Writer):
    r"""``token/tag token/tag``, with slashes in a token or a tag as ``\/``."""

    style = SLASHES


class UnderscoresWriter(_Writer):
    """``token_tag token_tag``; a tag with an underscore cannot be written."""

    style = UNDERSCORES


def _for_terminal(row: str) -> str:
    """A row with nothing in its tokens that steers the terminal."""
    return "".join(printable(letter) for letter in row)
