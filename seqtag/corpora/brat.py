"""BRAT standoff: the text in a file `.txt`, a sentence a line, and its entities in a file `.ann` beside it.

Either file may be named, or a folder of such pairs. Offsets count code points of the whole text. Only entities (lines
that start with T) are read. See https://brat.nlplab.org/standoff.html.
"""

import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from seqtag.corpora.alignment import CROSSING_LINES, IN_PIECES, CharSpan, Marked, Place, as_sentence
from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted
from seqtag.support.unpacking import without_ending

TEXT, ENTITIES = ".txt", ".ann"
_ENTITY = re.compile(r"T[^\t]*\t([^\s;]+) ([0-9]{1,18} [0-9]{1,18}(?:;[0-9]{1,18} [0-9]{1,18})*)\t(.*)")
_LABEL = re.compile(r"[^\s;]+")


def recognise(source: Source) -> bool:
    """Whether there are the two files, or a folder that holds such a file."""
    path = str(source.path)
    if os.path.isdir(path):
        return bool(_pairs(path))
    bare = without_ending(path)
    return bare.endswith(ENTITIES) or (bare.endswith(TEXT) and os.path.isfile(_beside(path, ENTITIES)))


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The lines of the text as sentences, with their entities.

    Raises:
        DataError: A file cannot be read, an entity does not stand where it is said to, or does not fit the tokens.
    """
    path = str(source.path)
    if os.path.isdir(path):
        for name in _pairs(path):
            yield from _document(source, os.path.join(path, name), options)
    else:
        yield from _document(source, path, options)


def _pairs(folder: str) -> list[str]:
    """The files of entities in a folder, in order."""
    return sorted(name for name in os.listdir(folder) if without_ending(name).endswith(ENTITIES))


def _beside(path: str, ending: str) -> str:
    """The file of this ending beside a file, compressed in the same way."""
    bare = without_ending(path)
    return os.path.splitext(bare)[0] + ending + path[len(bare) :]


@dataclass(frozen=True)
class _Entity:
    """An entity as the file has it: its line, label, pieces and text."""

    line: int
    label: str
    pieces: list[tuple[int, int]]
    text: str


def _document(source: Source, path: str, options: ReadOptions) -> Iterator[Sentence]:
    text = _beside(path, TEXT)
    if not os.path.isfile(text):
        problem = f"is standoff annotation of BRAT, whose text is expected beside it in {text}"
        raise DataError(path, None, problem, "other-format")
    texts, entities = source.beside(text), source.beside(_beside(path, ENTITIES))
    rows = [line for _, line in texts.lines()]
    found = list(_entities(entities)) if options.with_tags else []
    starts = _starts(rows, found, entities.name)
    spans: list[list[CharSpan]] = [[] for _ in rows]
    for entity in found:
        start, end = entity.pieces[0][0], entity.pieces[-1][1]
        at = bisect_right(starts, start) - 1
        flaw = IN_PIECES if len(entity.pieces) > 1 else None
        if _crosses(rows, starts, at, end):
            flaw = CROSSING_LINES
        inside = start - starts[at], min(end - starts[at], len(rows[at]))
        spans[at].append(CharSpan(*inside, entity.label, flaw, Place(entities, entity.line, start, end)))
    for number, (row, marked) in enumerate(zip(rows, spans, strict=True), 1):
        yield as_sentence(texts, number, Marked(row, marked), options)


def _crosses(rows: Sequence[str], starts: Sequence[int], at: int, end: int) -> bool:
    """Whether an entity that begins in a line has anything but white space in later ones."""
    last = bisect_right(starts, end - 1) - 1
    later = zip(rows[at + 1 : last + 1], starts[at + 1 : last + 1], strict=True)
    return any(row[: end - start].strip() for row, start in later)


def _entities(source: Source) -> Iterator[_Entity]:
    others = 0
    for number, line in source.lines():
        if line.startswith("T"):
            match = _ENTITY.fullmatch(line)
            if match is None:
                expected = "expected an entity such as T1<TAB>PER 0 8<TAB>Eva Holm"
                raise DataError(source.name, number, f"{quoted(line)} is no entity; {expected}")
            label, places, text = match.groups()
            pieces = [(int(start), int(end)) for start, end in (one.split() for one in places.split(";"))]
            yield _Entity(number, label, sorted(pieces), text)
        elif line.strip():
            others += 1
    if others:
        source.report(
            "other-annotations",
            None,
            f"{others:,} lines of relations, notes and the like are left out",
            level="note",
        )


def _starts(rows: Sequence[str], entities: Sequence[_Entity], name: str) -> list[int]:
    """Where each line begins, by which all entities stand where they are said to: with line ends of one character, or
    of two as on Windows.
    """
    problem: DataError | None = None
    for width in (1, 2):
        starts = [0]
        for row in rows:
            starts.append(starts[-1] + len(row) + width)
        text = (" " * width).join(rows)
        wrong = next((one for one in entities if not _stands(one, text)), None)
        if wrong is None:
            return starts
        if problem is None:
            there = " ".join(text[start:end] for start, end in wrong.pieces)
            problem = DataError(
                name,
                wrong.line,
                f"{quoted(wrong.text)} is not what the text has there, {quoted(there)}",
                "bad-span",
            )
    assert problem is not None  # noqa: S101  a wrong one was found
    raise problem


def _stands(entity: _Entity, text: str) -> bool:
    if not 0 <= entity.pieces[0][0] < entity.pieces[-1][1] <= len(text):
        return False
    return " ".join(text[start:end] for start, end in entity.pieces).split() == entity.text.split()


class BratExporter:
    """A line a text, and its entities in a file of their own.

    Args:
        texts: The file of texts.
        entities: The file of entities.
    """

    probabilities = True

    def __init__(self, texts: BinaryIO, entities: BinaryIO) -> None:
        self._texts, self._entities = texts, entities
        self._at = self._count = 0

    def write(self, document: Document) -> None:
        """Writes a document.

        Raises:
            Unwritable: A label or the text would be read as something else.
        """
        line = document.lines[0] if document.lines else None
        if any(one in f"\n{document.text}" for one in ("\r", "\0", "\n\ufeff")):
            raise Unwritable(line, f"the text {quoted(document.text)} holds a character that would be lost.")
        rows = []
        for entity in document.entities:
            if not _LABEL.fullmatch(entity.label):
                raise Unwritable(
                    line, f"BRAT has no label {quoted(entity.label)}: a label is a text without spaces."
                )
            if "\n" in entity.text:
                raise Unwritable(
                    line, f"the entity {quoted(entity.text)} holds a line end; BRAT has none in entities."
                )
            self._count += 1
            start, end = self._at + entity.start, self._at + entity.end
            rows.append(f"T{self._count}\t{entity.label} {start} {end}\t{entity.text}\n")
        self._texts.write(f"{document.text}\n".encode())
        self._entities.write("".join(rows).encode())
        self._at += len(document.text) + 1
