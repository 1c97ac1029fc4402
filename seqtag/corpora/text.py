"""Plain text: a sentence a line. Documents go out as their text with its entities marked."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document
from seqtag.corpora.running_text import LOOKED_AT, Crowding, paragraphs
from seqtag.corpora.sentence import Sentence
from seqtag.pages.colours import colours
from seqtag.support.lines import MARK
from seqtag.support.quoting import printable


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """A text a line, or a paragraph; an empty line is a sentence without tokens, so that lines out are lines in."""
    lines = _lines(source)
    mode = options.splitting.mode
    if mode == "line":
        words = options.tokenizer.words
        for number, line in _looked_at(lines, source) if os.path.isfile(source.path) else lines:
            yield Sentence(tuple(words(line)), lines=(number,), text=line)
        return
    for number, text in paragraphs(lines, source.name) if mode == "paragraph" else lines:
        yield options.raw(text, (number,))


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in source.lines():
        if line == MARK:  # before an empty line, and no word
            source.report_mark(number)
            line = ""
        yield number, line


def _looked_at(lines: Iterator[tuple[int, str]], source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file; if the first ones hold several sentences each, this is reported."""
    crowding = Crowding()
    for number, line in islice(lines, LOOKED_AT):
        crowding.add(line)
        yield number, line
    if problem := crowding.problem:
        source.report("several-sentences", None, problem, "--sentences split")
    yield from lines


class TextWriter:
    """The sentence with its entities marked, ``[Rotterdam LOC]``, plain tags as word/TAG; in colour on a terminal.

    Args:
        stream: Where it goes.
        types: The types of entities, or the tags, of the model, each of which has its colour.
    """

    probabilities = True
    takes_types = True

    def __init__(self, stream: TextIO, types: Iterable[str] = ()) -> None:
        from rich.console import Console

        self._stream = stream
        self._console = Console(file=stream, soft_wrap=True, highlight=False, emoji=False)
        self._colours = colours(types)

    def write(self, document: Document) -> None:
        """Writes a document."""
        for label in document.labels:
            self._stream.write(f"# {document.label_key} = {label}\n")
        if not document.tagged:
            self._stream.write(document.text.replace("\n", " ") + "\n")
            return
        marks = _entities(document) if document.scheme.is_spans else _tags(document)
        marks = ((text.replace("\n", " "), label) for text, label in marks)  # a line a document
        pattern = "[{} {}]" if document.scheme.is_spans else "{}/{}"
        if self._console.is_terminal:
            self._show(marks, pattern)
            return
        pieces = [pattern.format(text, label) if label else text for text, label in marks]
        self._stream.write("".join(pieces) + "\n")

    def _show(self, marks: Iterable[tuple[str, str]], pattern: str) -> None:
        from rich.text import Text

        line = Text()
        for text, label in marks:
            shown = printable(text)
            if label:
                line.append(pattern.format(shown, printable(label)), style=self._colours.get(label, "bold"))
            else:
                line.append(shown)
        self._console.print(line)


def _entities(document: Document) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with its label or ""."""
    at = 0
    for entity in document.entities:
        yield document.text[at : entity.start], ""
        yield entity.text, entity.label or "_"
        at = entity.end
    yield document.text[at:], ""


def _tags(document: Document) -> Iterator[tuple[str, str]]:
    at = 0
    for token in document.tokens:
        # Tokens that touch are set apart here, so that each tag is seen to belong to its token.
        yield document.text[at : token.start] or (" " if at else ""), ""
        yield token.text, token.tag
        at = token.end
    yield document.text[at:], ""
