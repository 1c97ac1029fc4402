"""What a corpus format is: what its reader is given, and what its writer offers.

A format is a module with a reader, a writer or both, and a row in the registry.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from dataclasses import field as dataclass_field
from itertools import chain
from os import PathLike
from typing import Any, Protocol, Self, TextIO

from seqtag.corpora import tokenizers
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding, Level, Report, ignore
from seqtag.corpora.first_rows import FirstRows
from seqtag.corpora.running_text import LINES, Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.spelling import JOIN, OUTSIDE, USUAL_TEMPLATE, Spelling
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.support.lines import Marked, is_regular, lines, shown
from seqtag.support.quoting import CONTROLS
from seqtag.support.unpacking import without_ending

USUAL = "conll"  # the format of a corpus that is recognised as no other
LONE_MARK = "the line holds U+FEFF alone, a byte order mark that belongs at the start of a file; delete it"
HEAD = 100_000  # lines that are held in memory, at most, to find out what a file is
MOST_DIGITS = 9  # of a column's number
_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{1,100}")

Column = int | str


class Source:
    """A file to read, whose first lines can be looked at before.

    Args:
        path: The file; "-" is standard input.
        numbered: Its lines with their numbers, where they are there already; or what reads them, given what receives
            the byte order marks that it leaves out, as for `seqtag.support.lines.lines`.
        report: Receives what is odd about it.
        skip: How many lines at its start are passed over.
        goes_on: Whether the lines are those from the middle of a file on, which do not say what it is.

    Attributes:
        path: The file.
        name: The file, as messages name it.
        goes_on: Whether it has lines from the middle of a file.
        skipped: What was passed over, with the numbers, as soon as a line has been read.
        first_rows: Its first rows, if the reader has left them here.
        keys: The keys of comments and objects that the reader has met, where labels of sentences are wanted.
        is_stream: Whether its next line may be long in coming, as that of a pipe or a terminal.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        numbered: Iterable[tuple[int, str]] | Callable[[Marked], Iterable[tuple[int, str]]] | None = None,
        report: Report = ignore,
        skip: int = 0,
        *,
        goes_on: bool = False,
    ) -> None:
        self.path = path
        self.name = shown(path)
        self.goes_on = goes_on
        self.skipped: list[tuple[int, str]] = []
        self.first_rows = FirstRows()
        self.keys: set[str] = set()
        self._report = report
        # What reads the lines must not refer back to this object: the file of a half-read source is then closed as soon
        # as nobody holds the source any more.
        self._marks = _Marks(self.name, report)
        if numbered is None:
            self._numbered = lines(path, self._marks.found)
        else:
            self._numbered = iter(numbered(self._marks.found) if callable(numbered) else numbered)
        self._seen: list[tuple[int, str]] = []
        self.is_stream = numbered is None and not is_regular(path)
        self.skip(skip)

    def skip(self, rows: int) -> None:
        """Passes over so many lines, also of those that were looked at."""
        if rows:
            self._numbered = _after(rows, self.lines(), self.skipped)

    def head(self, most: int = HEAD) -> Iterator[tuple[int, str]]:
        """The first lines with their numbers, at most so many; what is taken here comes again from `lines`."""
        yield from self._seen
        while len(self._seen) < most and (line := next(self._numbered, None)) is not None:
            self._seen.append(line)
            yield line

    def lines(self) -> Iterator[tuple[int, str]]:
        """All lines with their numbers from 1, once.

        Raises:
            DataError: The file cannot be read, or is not UTF-8.
        """
        seen, self._seen = self._seen, []
        return chain(seen, self._numbered)

    def beside(self, path: str | PathLike[str]) -> "Source":
        """Another file that belongs to this one; what is odd about it is told to the same."""
        other = Source(path, report=self._report)
        other.mends_marks("")
        return other

    def report(
        self, code: str, line: int | None, message: str, option: str = "", *, level: Level = "warning"
    ) -> None:
        """Tells of something odd that does not keep the file from being read; see `Finding`."""
        self._report(Finding(level, code, self.name, line, message, option))

    def report_mark(self, line: int, is_doubled: bool = False) -> None:
        """Tells of a byte order mark that is left out, as soon as `mends_marks` is called."""
        self._marks.found(line, is_doubled)

    def mends_marks(self, option: str) -> None:
        """Says what mends byte order marks, which is known once it is decided how the file is read; "" is nothing."""
        self._marks.told(option)


def _after(
    skip: int, numbered: Iterator[tuple[int, str]], skipped: list[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    """The lines after so many, which are kept in `skipped`."""
    for line in numbered:
        if line[0] > skip:
            yield line
            break
        skipped.append(line)
    yield from numbered


class _Marks:
    """The byte order marks that are left out of a file, told of as soon as it is known what mends them.

    Args:
        name: The file, as messages name it.
        report: Receives the findings.
    """

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._option: str | None = None  # that mends them
        self._waiting: list[tuple[int, bool]] = []

    def found(self, line: int, is_doubled: bool = False) -> None:
        """Notes that one is left out at the start of a line."""
        self._waiting.append((line, is_doubled))
        if self._option is not None:
            self.told(self._option)

    def told(self, option: str) -> None:
        """Reports those that wait, and from now on all at once."""
        self._option = option
        problem = "a byte order mark (U+FEFF) at the start of the line is left out; were files joined?"
        for line, is_doubled in self._waiting:
            self._report(
                Finding("warning", "bom-inside", self._name, line, problem, "" if is_doubled else option)
            )
        self._waiting.clear()


@dataclass(frozen=True)
class ReadOptions:
    """How a file is read.

    Attributes:
        format: A name in `registry.FORMATS`, or "auto" to go by the file name, the columns asked for and the first
            lines.
        token_column: The column of tokens, from 1, or from -1 backwards, or the name of a column, or an attribute in
            one, such as "misc:name"; the format's default if None.
        tag_column: The column of tags, likewise.
        feature_columns: Columns to hand over as `Sentence.columns`.
        numeric_columns: Columns of numbers, to hand over as `Sentence.numbers`.
        with_tags: False for a file without tags, or whose tags are not wanted.
        with_text: Whether `Sentence.text` is wanted where a file holds tokens and says how they stand in the text; it
            takes time.
        tokenizer: What cuts raw text into tokens.
        skip_rows: How many lines at the start of a file are passed over, such as a header row; None is 0, and leaves
            it to a model.
        tag_spelling: How tags are spelt (`Spelling.template`); if None the usual one, or brackets where all tags are.
        outside_tag: The tag outside spans; "O" if None.
        neighbours: What neighbouring tokens of one type are where tags have no letters; "join" if None.
        splitting: What divides raw text into sentences.
        misaligned: What to do with a span of characters that cuts a token, overlaps another or is in pieces: "error",
            "widen" or "drop".
        labels: The names of tags that a file has as numbers from 0.
        with_heads: Whether `Sentence.heads` is wanted, the dependency tree of each sentence.
        label_key: The key of comments or objects, or the column, that holds the labels of sentences; None if these are
            not wanted.
        given: The fields that the user set for this very file, each with the name of its option: one that has no effect
            on the file is reported.
    """

    format: str = "auto"
    token_column: Column | None = None
    tag_column: Column | None = None
    feature_columns: tuple[Column, ...] = ()
    with_tags: bool = True
    with_text: bool = False
    tokenizer: Tokenizer = tokenizers.USUAL
    skip_rows: int | None = None
    tag_spelling: str | None = None
    outside_tag: str | None = None
    neighbours: str | None = None
    misaligned: str = "error"
    labels: tuple[str, ...] = ()
    with_heads: bool = False
    label_key: str | None = None
    given: tuple[tuple[str, str], ...] = dataclass_field(default=(), compare=False)

    def as_given(self, **names: str) -> "ReadOptions":
        """These options as what the user gave: all that are not the default.

        Args:
            names: The options that set a field by another name than its own.
        """
        found = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
        named = {name: names.get(name, f"--{name.replace('_', '-')}") for name in found}
        return replace(self, given=tuple(named.items()))

    @property
    def spelling(self) -> Spelling:
        """How tags are spelt; ValueError if it makes no sense."""
        return Spelling(
            self.tag_spelling or USUAL_TEMPLATE, self.outside_tag or OUTSIDE, self.neighbours or JOIN
        )

    def spelt(self, spelling: Spelling) -> "ReadOptions":
        """These options for files whose tags are spelt in this way."""
        if spelling == self.spelling:
            return self
        return replace(
            self,
            tag_spelling=spelling.template,
            outside_tag=None if spelling.outside == OUTSIDE else spelling.outside,
            neighbours=None if spelling.neighbours == JOIN else spelling.neighbours,
        )

    splitting: Splitting = LINES
    numeric_columns: tuple[Column, ...] = ()

    @property
    def extra_columns(self) -> tuple[Column, ...]:
        """What a reader hands over as `Sentence.columns`: the features, then the numbers, which are text there."""
        return (*self.feature_columns, *self.numeric_columns)

    def override(self, given: "ReadOptions") -> "ReadOptions":
        """These options, but for those that `given` sets to something else than their defaults."""
        values = {field.name: (getattr(given, field.name), field.default) for field in fields(given)}
        return replace(self, **{name: value for name, (value, default) in values.items() if value != default})

    def raw(self, text: str, lines: tuple[int, ...] = (), extra: Mapping[str, Any] | None = None) -> Sentence:
        """A raw text, in tokens and, if it may be several sentences, in parts, which are a document; `lines` is where
        it stands.
        """
        words = self.tokenizer.words
        if self.splitting.mode == "line":
            return Sentence(tuple(words(text)), lines=lines, text=text, extra=extra)
        pieces = (Sentence(tuple(words(piece)), text=piece) for piece in self.splitting.sentences(text))
        parts = tuple(piece for piece in pieces if piece.tokens)
        parts = (*(replace(part, starts_document=True) for part in parts[:1]), *parts[1:])
        tokens = tuple(chain.from_iterable(part.tokens for part in parts))
        return Sentence(tokens, lines=lines, text=text, extra=extra, parts=parts, starts_document=True)

    def to_tag(self, format: str, tokenizer: Tokenizer, splitting: Splitting = LINES) -> "ReadOptions":
        """How a file to tag is read by a model whose training corpus was read with these options.

        Args:
            format: The file's format; "conll" stands for that of the training corpus, unless that says by itself how it
                is read.
            tokenizer: What cuts raw text into tokens.
            splitting: What divides it into sentences.
        """
        by_itself = self.format != "auto" and registry.find(registry.FORMATS, self.format).by_itself
        own, skip = (self.format, self.skip_rows) if format == USUAL and not by_itself else (format, None)
        return replace(
            self,
            format=own,
            with_tags=False,
            tokenizer=tokenizer,
            skip_rows=skip,
            splitting=splitting,
            label_key=None,
        )

    def to_json(self) -> dict[str, Any]:
        """What a model keeps of the options of its training corpus; `from_json` reads it back."""
        return {
            "format": self.format,
            "token_column": self.token_column,
            "tag_column": self.tag_column,
            "feature_columns": list(self.feature_columns),
            **({"numeric_columns": list(self.numeric_columns)} if self.numeric_columns else {}),
            **({"skip_rows": self.skip_rows} if self.skip_rows else {}),
            **{name: value for name in _SPELLING if (value := getattr(self, name)) is not None},
            **({"misaligned": self.misaligned} if self.misaligned != AUTO.misaligned else {}),
            **({"labels": list(self.labels)} if self.labels else {}),
            **({"with_heads": True} if self.with_heads else {}),
            **({} if self.label_key is None else {"label_key": self.label_key}),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The options that `to_json` described; KeyError, TypeError or ValueError if they are none."""
        options = cls(
            format=values.get("format", "auto"),  # it came later
            token_column=values["token_column"],
            tag_column=values["tag_column"],
            feature_columns=tuple(values["feature_columns"]),
            numeric_columns=tuple(values.get("numeric_columns", ())),
            skip_rows=values.get("skip_rows"),
            **{name: values[name] for name in _SPELLING if name in values},
            misaligned=values.get("misaligned", "error"),
            labels=tuple(values.get("labels", ())),
            with_heads=values.get("with_heads", False),
            label_key=values.get("label_key"),
        )
        if not isinstance(options.with_heads, bool):
            raise ValueError("it neither reads heads nor does without them")
        if options.label_key is not None and not _is_label(options.label_key):
            raise ValueError("the key of its labels is not a string")
        if options.misaligned not in registry.MISALIGNED or not all(map(_is_label, options.labels)):
            raise ValueError("it read spans in a way that is not known here")
        if not all(map(_is_column, (options.token_column, options.tag_column))):
            raise ValueError("its columns are neither numbers nor names")
        if options.skip_rows is not None and (type(options.skip_rows) is not int or options.skip_rows < 0):
            raise ValueError("the rows to skip are not a number of them")
        known = registry.formats("tagged" if options.label_key is None else "reader")
        if options.format != "auto" and not registry.knows(known, options.format):
            raise ValueError("the format of its corpus is unknown")
        if not all(isinstance(values.get(name, ""), str) for name in _SPELLING):
            raise ValueError("the spelling of its tags is not a string")
        _ = options.spelling  # which makes sense
        return options


AUTO = ReadOptions()
_SPELLING = ("tag_spelling", "outside_tag", "neighbours")


def _is_label(label: Any) -> bool:
    return isinstance(label, str) and label != "" and CONTROLS.search(label) is None


def _is_column(column: Any) -> bool:
    """Whether some file may have such a column: a number but 0, or a name, which files are free to choose."""
    if isinstance(column, str) and not column.lstrip("+-").isdecimal():
        return _NAME.fullmatch(column) is not None
    if type(column) not in (int, str):
        return column is None
    return len(str(column)) <= MOST_DIGITS and int(column) != 0


def column_names() -> dict[str, tuple[str, ...]]:
    """The names of columns, by the format that has them."""
    return {name: registry.load(registry.FORMATS, name, "columns") for name in registry.formats("columns")}


def field_of(column: Column | None) -> str:
    """The name of the column that a user asks for, of an attribute that of the column which holds it."""
    return str(column).lower().partition(":")[0]


def by_ending(path: str | PathLike[str]) -> str | None:
    """The format whose files have names like this one; a compressed file's last ending does not count."""
    ending = without_ending(path).lower().rpartition(".")[2]
    return next((name for name, row in registry.FORMATS.items() if ending in row.endings), None)


def recognises(name: str, source: Source) -> bool:
    """Whether a file is of this format by its first lines."""
    begins = registry.FORMATS[name].begins
    if begins:
        first = next((text for _, line in source.head() if (text := line.lstrip())), "")
        if not first.startswith(begins):
            return False
    recogniser: Recogniser = registry.load(registry.FORMATS, name, "recogniser")
    return recogniser(source)


class Reader(Protocol):
    """Reads the sentences of a file, one at a time."""

    def __call__(self, source: Source, options: ReadOptions) -> Iterator[Sentence]:
        """The sentences.

        Raises:
            UsageError: Options that make no sense for this format.
            DataError: The file cannot be read as this format.
        """
        ...


class Recogniser(Protocol):
    """Tells by the first lines of a file whether it is of this format."""

    def __call__(self, source: Source) -> bool: ...


class Unwritable(ValueError):
    """A document that a format cannot hold.

    Args:
        line: The line in the file that the document came from, if it came from one.
        problem: What cannot be written, and what to do instead.
    """

    def __init__(self, line: int | None, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class Writer(Protocol):
    """Writes one document after the other to a stream. One that has something to write after the last has a method
    `finish`, too.

    A class may also say `needs_scheme`, if what it writes goes by the tag scheme, `takes_column`, if it takes the place
    of the tags as a further argument, `takes_types`, if it takes the types of entities as one, and `without_tags`, if
    it can write tokens that have none.

    Attributes:
        probabilities: Whether it needs more than the tags: entities, and how probable all are.
    """

    probabilities: bool

    def __init__(self, stream: TextIO) -> None: ...

    def write(self, document: Document) -> None:
        """Writes one document.

        Raises:
            Unwritable: The format cannot hold it.
        """
        ...


def finish(writer: Writer) -> None:
    """Has a writer write what comes after the last document, if anything does."""
    end: Callable[[], None] | None = getattr(writer, "finish", None)
    if end is not None:
        end()
