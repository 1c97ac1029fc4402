"""Repairs of a corpus file that change nothing of what it says: encoding, line ends, blank lines, letters of tags."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import sentences
from seqtag.corpora.tags import Scheme, convert, detect
from seqtag.support import encodings
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import MARK, has_mark

# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_LINE_END = re.compile("\r+\n")  # CR CR LF comes of a file that was made CRLF twice
_OLD_LINE_END = re.compile("\r")  # where there is no LF at all; else a CR within a line is white space
_Note = Callable[[int | None, str], None]
_Row = tuple[int, str]


@dataclass(frozen=True)
class Repaired:
    """A repaired file.

    Attributes:
        text: The repaired text.
        repairs: What was done, and where; a finding of the level "note" and the code "repaired" for each.
    """

    text: str
    repairs: tuple[Finding, ...]


def repair(
    content: bytes, name: str, options: ReadOptions | None, scheme: Scheme | None, encoding: str
) -> Repaired:
    """Repairs the content of a corpus file.

    Args:
        content: What the file holds.
        name: The file, as messages name it.
        options: How it is read; None for a file without tags.
        scheme: Its tag scheme; None to find it.
        encoding: The encoding of the text where neither a mark at its start nor UTF-8 tells; "" if unknown. One whose
            bytes may be read as UTF-8, such as iso2022_jp, goes first.

    Raises:
        UsageError: An encoding that Python does not know.
        DataError: The text cannot be decoded, or read as a corpus.
    """
    repairs: list[Finding] = []

    def note(line: int | None, message: str) -> None:
        repairs.append(Finding("note", "repaired", name, line, message))

    text, found = _decoded(content, name, encoding)
    if found == "utf-8-sig" and text.startswith(MARK):
        text = MARK + text
    elif found == "utf-8-sig":
        note(1, "took off the byte order mark")
    elif found != "utf-8":
        note(None, f"decoded the text from {found}")
    ends = _LINE_END if "\n" in text else _OLD_LINE_END
    if found_end := ends.search(text):
        line = text.count("\n", 0, found_end.start()) + 1
        note(line, "changed the line ends to LF, from this line on")
        text = ends.sub("\n", text)
    skip = options.skip_rows if options is not None else None
    rows = list(_tidied(text.removesuffix("\n").split("\n"), skip or 0, note))
    if options is not None:
        rows = _respelt(rows, name, options, scheme, note)
    return Repaired("".join(f"{row}\n" for _, row in rows), tuple(repairs))


def _decoded(content: bytes, name: str, encoding: str) -> tuple[str, str]:
    """The text, and the name of its encoding."""
    found = next((known for mark, known in _MARKS if content.startswith(mark)), "utf-8")
    if not (encoding and encodings.goes_first(encoding, content)):
        try:
            return content.decode(found), found
        except UnicodeDecodeError as problem:
            line = content.count(b"\n", 0, problem.start) + 1
            byte = f"byte 0x{content[problem.start]:02X} is not {found.upper()}"
            if not encoding:
                known = encodings.likely(content) or "cp1252"
                raise DataError(name, line, f"{byte}; name the encoding, as in --encoding {known}") from None
    try:
        return content.decode(encoding), encoding
    except LookupError:
        raise UsageError(
            f"Unknown encoding {encoding!r}. Python knows names such as cp1252 or gb18030."
        ) from None
    except UnicodeDecodeError as problem:
        raise DataError(
            name, None, f"is not {encoding} either: {problem.reason} at byte {problem.start:,}"
        ) from None


def _tidied(rows: Iterable[str], skip: int, note: _Note) -> Iterator[_Row]:
    """The rows with their numbers, with one empty row after each sentence; those that are passed over stay."""
    blank = True
    for number, row in enumerate(rows, 1):
        if number <= skip:
            yield number, row
            continue
        if number > 1 and has_mark(row):
            note(number, "took off the byte order mark")
            row = row[1:]
        if row.strip(" \t"):
            blank = False
        elif blank:
            note(number, "left out a blank line")
            continue
        else:
            blank = True
            if row:
                note(number, "emptied a line of white space")
                row = ""
        yield number, row


def _respelt(
    rows: list[_Row], name: str, options: ReadOptions, scheme: Scheme | None, note: _Note
) -> list[_Row]:
    """The rows, those of sentences with tags of another scheme written in the corpus's own; conlleval finds the same
    spans in them.
    """
    column = -1 if options.tag_column is None else options.tag_column
    if not str(column).removeprefix("-").isdigit():  # the column of another format has a name
        return rows
    corpus = list(sentences(Source(name, rows, skip=options.skip_rows or 0), options))
    scheme = scheme or detect(sentence.tags or () for sentence in corpus)
    spell = options.spelling.spell
    changed: dict[int, tuple[str, str]] = {}
    for sentence in corpus:
        own = sentence.tags or ()
        if all(map(scheme.has, own)) or len(set(sentence.lines)) < len(own):  # a line of many tags stays
            continue
        try:
            right = convert(own, scheme, scheme)
        except ValueError:  # a tag of no scheme, which nobody can read
            continue
        for line, tag, other in zip(sentence.lines, own, right, strict=True):
            if tag != other:
                changed[line] = spell(tag), spell(other)
                note(line, f"wrote {spell(tag)} as {spell(other)}")
    at = int(column)
    return [(line, _with_tag(row, at, *changed[line]) if line in changed else row) for line, row in rows]


def _with_tag(row: str, column: int, tag: str, other: str) -> str:
    """A row with another tag in a column, everything else as it was."""
    pieces = re.split("(\t)" if "\t" in row else "( +)", row)
    cells = [place for place, piece in enumerate(pieces) if place % 2 == 0 and (piece or "\t" in row)]
    place = cells[column - 1 if column > 0 else column]
    pieces[place] = pieces[place].replace(tag, other)
    return "".join(pieces)
