"""Pairs of a source and a target: a pair a line in columns that tabs part, or the words of a CoNLL-U file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

from seqtag.corpora import headers
from seqtag.corpora.base import ReadOptions, Source, by_ending
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import sentences
from seqtag.settings.transduction import FORMATS
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.quoting import CONTROLS, counted, printable, quoted, shortened

BLANK = " \t\r"
MISSING = "_"  # what a CoNLL-U file has for a value that is not given
LONGEST = 10_000  # characters of a source or a target: the time for an answer grows with the square of them
MOST_NAMED = 50  # columns that a message names
Column = int | str
_NAMES = frozenset(
    {
        "source",
        "src",
        "tgt",
        "input",
        "output",
        "grapheme",
        "graphemes",
        "phonemes",
        "pronunciation",
        "inflected",
    }
)


@dataclass(frozen=True, slots=True)
class TextPair:
    """A source and its target.

    Attributes:
        source: The source; empty for a blank line of a file to answer.
        target: The target; empty where it is not wanted.
        features: Values that are read with the source.
        line: Where it stands in its file, from 1; 0 for one that came from no file.
    """

    source: str
    target: str = ""
    features: tuple[str, ...] = ()
    line: int = 0

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class PairOptions:
    """How a file of pairs is read.

    Attributes:
        format: "tsv", "conllu" or "auto" to go by the name of the file.
        source: The column of the source: a number from 1 or from -1 backwards, or a name, which in a TSV file its first
            row gives; None for the usual one.
        target: That of the target, likewise.
        features: Those of values that are read with the source, likewise.
        with_target: False for a file to answer, whose lines may be sources alone.
    """

    format: str = "auto"
    source: Column | None = None
    target: Column | None = None
    features: tuple[Column, ...] = ()
    with_target: bool = True

    def to_json(self) -> dict[str, Any]:
        """What a model keeps of how its training file was read; `from_json` reads it back."""
        return {
            "format": self.format,
            "source": self.source,
            "target": self.target,
            "features": list(self.features),
        }

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The options that `to_json` described; ValueError if they are none."""
        match values:
            case {"format": str(format), "source": source, "target": target, "features": list(features)}:
                columns = [source, target, *features]
                if (
                    format in FORMATS
                    and len(values) == 4
                    and all(map(_is_column, columns))
                    and None not in features
                ):
                    return cls(format, source, target, tuple(features))
        raise ValueError("it does not say how its training file was read")


def _is_column(column: Any) -> bool:
    return column is None or (type(column) in (int, str) and column not in (0, "") and len(str(column)) < 100)


def read_pairs(
    path: str | PathLike[str] | Source, options: PairOptions, report: Report = ignore
) -> Iterator[TextPair]:
    """The pairs of a file, one at a time; a compressed one is unpacked, "-" is standard input.

    Args:
        path: The file, or a source that was looked at.
        options: How it is read.
        report: Receives what is odd about it.

    Raises:
        UsageError: Columns that make no sense.
        DataError: The file cannot be read, or a row is malformed.
    """
    source = path if isinstance(path, Source) else Source(path, report=report)
    format = resolved(options, source.path).format
    return _of_words(source, options) if format == "conllu" else _of_lines(source, options)


def _of_words(source: Source, options: PairOptions) -> Iterator[TextPair]:
    """The words of a CoNLL-U file; one whose target is not given is passed over."""
    read = ReadOptions(
        format="conllu",
        token_column=options.source,
        tag_column=options.target or "lemma",
        feature_columns=options.features,
        with_tags=options.with_target,
    )
    if options.with_target and read.tag_column in options.features:
        raise UsageError(f"--target and --source-features are both {quoted(read.tag_column)}.")
    missing, first = 0, 0
    for sentence in sentences(source, read):
        targets = sentence.tags or ("",) * len(sentence)
        rows = zip(sentence.tokens, targets, sentence.lines, strict=True)
        for place, (token, target, line) in enumerate(rows):
            if target == MISSING != token:
                missing, first = missing + 1, first or line
                continue
            for text, what in ((token, "source"), (target, "target")):
                _check_length(text, what, source.name, line)
            features = tuple(column[place] for column in sentence.columns)
            yield TextPair(token, target, features, line)
    if missing:
        words = counted(missing, "word")
        source.report(
            "no-target", first, f'{words} whose target is "_", not given, passed over', level="note"
        )


def _of_lines(source: Source, options: PairOptions) -> Iterator[TextPair]:
    """The pairs of a file with a pair a line."""
    columns: _Columns | None = None
    for number, line in source.lines():
        if not line.strip(BLANK):
            if not options.with_target:
                yield TextPair("", line=number)
            continue
        cells = line.split("\t")
        if columns is None:
            columns = _Columns(source.name, options, cells)
            if columns.are_named:
                continue
            columns.doubt(source, number, cells)
        if (control := CONTROLS.search(line.replace("\t", " "))) is not None:
            raise DataError(source.name, number, f"holds the control character {quoted(control[0])}")
        yield columns.pair(number, cells)


class _Columns:
    """Where source, target and features stand in the rows of a TSV file.

    Args:
        name: The file, for messages.
        options: How it is read.
        first: The cells of its first row, which are the names of the columns if one is asked for by its name.
    """

    def __init__(self, name: str, options: PairOptions, first: list[str]) -> None:
        asked = (options.source, options.target, *options.features)
        numbers = [_number(column) for column in asked]
        self.name, self._first = name, first
        self.are_named = any(
            column is not None and number is None for column, number in zip(asked, numbers, strict=True)
        )
        names = first if self.are_named else []
        titles = ("--source", "--target", *["--source-features"] * len(options.features))
        if not options.with_target:  # of a file to answer, whose columns no option names
            titles = tuple(title.replace("--", "the ").replace("-", " ") for title in titles)
        usual = (1, 2, *[None] * len(options.features))
        rows = [*zip(asked, numbers, usual, titles, strict=True)]
        if not options.with_target:  # which may be missing in this file
            rows[1] = (None, None, usual[1], titles[1])
        self.places = [
            _place(column, number, default, names, title, name) for column, number, default, title in rows
        ]
        self.with_target = options.with_target
        self._check_apart(titles)
        self.chosen = any(column is not None for column in asked)

    def _check_apart(self, titles: Sequence[str]) -> None:
        """UsageError if a column is read twice: beside its target, a source teaches nothing."""
        width = len(self._first)
        places = [place % width if -width <= place < width else place for place in self.places]
        read = [*zip(titles, places, strict=True)]
        if not self.with_target:
            del read[1]
        for at, (title, place) in enumerate(read):
            for other, same in read[:at]:
                if place == same:
                    raise UsageError(f"{self.name}: {other} and {title} are both column {place + 1}.")

    def doubt(self, source: Source, number: int, cells: list[str]) -> None:
        """Reports a first row that was read as a pair and looks like names of columns."""
        names = [cells[place] for place in self.places if -len(cells) <= place < len(cells)]
        if len({*names}) > 1 and all(headers.is_name(name) or name.lower() in _NAMES for name in names):
            problem = "the row looks like a header, not like a pair"
            named = f"--source {names[0]} --target {names[1]}" if self.with_target else ""
            source.report(headers.CODE, number, problem, named)

    def pair(self, number: int, cells: list[str]) -> TextPair:
        """The pair of a row.

        Raises:
            DataError: The row is malformed.
        """
        if not self.with_target and len(cells) == 1 and len(self.places) == 2:
            _check_length(cells[0], "source", self.name, number)
            return TextPair(cells[0], line=number)
        if not self.chosen and self.with_target and len(cells) != 2:
            problem = "has no tab" if len(cells) == 1 else f"has {len(cells)} columns"
            more = "" if len(cells) == 1 else "; --source and --target choose two of more columns"
            raise self._error(number, f"{problem}; expected a source, a tab and its target{more}")
        found = []
        for place, what in zip(self.places, ("source", "target"), strict=False):
            if what == "source" or self.with_target:
                found.append(self._cell(number, cells, place, what))
        features = tuple(self._cell(number, cells, place, "source feature") for place in self.places[2:])
        return TextPair(found[0], found[1] if self.with_target else "", features, number)

    def _cell(self, number: int, cells: list[str], place: int, what: str) -> str:
        if not -len(cells) <= place < len(cells):
            column = place + 1 if place >= 0 else place
            raise self._error(
                number, f"has {counted(len(cells), 'column')}; expected its {what} in column {column}"
            )
        if not cells[place].strip(BLANK):
            raise self._error(number, f"the {what} is empty; expected one in each row")
        _check_length(cells[place], what, self.name, number)
        return cells[place]

    def _error(self, number: int, problem: str) -> DataError:
        return DataError(self.name, number, problem)


def _check_length(text: str, what: str, name: str, line: int) -> None:
    if len(text) > LONGEST:
        problem = f"the {what} has {len(text):,} characters; expected at most {LONGEST:,}"
        raise DataError(name, line, problem)


def _number(column: Column | None) -> int | None:
    try:
        return None if column is None else int(column)
    except ValueError:
        return None


def _place(
    column: Column | None, number: int | None, default: int | None, names: list[str], title: str, file: str
) -> int:
    """The position of a column, from 0, or from -1 backwards."""
    if column is None:
        number = default
    elif number is None:
        if names.count(str(column)) > 1:
            raise UsageError(f"{file}: {title}: the first row names {quoted(column)} twice.")
        if str(column) not in names:
            known = [shortened(printable(name)) for name in names[:MOST_NAMED]]  # a line of anything, perhaps
            raise UsageError(f"{file}: {title}: no column {quoted(column)}.{suggest(str(column), known)}")
        return names.index(str(column))
    if not number:
        raise UsageError(f"{title} {column}: columns are counted from 1, or from -1 backwards.")
    return number - 1 if number > 0 else number


def chosen_columns(text: Column | None) -> tuple[Column, ...]:
    """The columns of a setting that lists some, parted by commas."""
    if text is None:
        return ()
    found = [column.strip() for column in str(text).split(",")]
    return tuple(int(column) if column.lstrip("+-").isdecimal() else column for column in found if column)


def resolved(options: PairOptions, path: str | PathLike[str]) -> PairOptions:
    """The options with the format that a file of this name has."""
    if options.format != "auto":
        return options
    return replace(options, format="conllu" if by_ending(path) == "conllu" else "tsv")
