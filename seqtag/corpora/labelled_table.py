"""A table of texts, CSV or TSV: below a header, a text and its label in each row."""

import csv
from collections.abc import Iterator
from sys import intern
from typing import TextIO

from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.table import column_of, header_of, place_of, rows_of
from seqtag.support.errors import DataError
from seqtag.support.quoting import counted, printable, quoted

TEXT = ("text", "sentence", "utterance", "query", "question", "review")
LABEL = ("label", "labels", "intent", "class", "category", "sentiment", "topic")


def recognise(source: Source) -> bool:
    """Whether the first line is a header that names a text and a label, and nothing else."""
    found = header_of(source.head())
    if found is None or len(found[1]) != 2:
        return False
    return {place_of(found[1], TEXT), place_of(found[1], LABEL)} == {0, 1}


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The texts of a table.

    The column of texts is `options.token_column` or has a usual name; that of labels is `options.label_key`, or where
    the header does not name that one, has a usual name.

    Raises:
        UsageError: There is no such column.
        DataError: A row is malformed.
    """
    numbered = source.lines()
    found = header_of(numbered)
    if found is None:
        return
    first, header, delimiter = found
    source.keys.update(name.strip() for name in header)
    text = column_of(source.name, header, options.token_column, TEXT, "token")
    label = None
    if options.label_key is not None:
        label = place_of(header, (options.label_key.lower(),))
        if label is None and (label := place_of(header, LABEL)) is not None and options.label_key != LABEL[0]:
            asked, found_in = quoted(options.label_key), quoted(header[label])
            problem = f"no column is called {asked}; the labels are read from {found_in}"
            source.report("label-column", first, problem, "--label-key")
    for number, cells in rows_of(numbered, delimiter, source.name, first):
        if not any(cells):
            continue
        if len(cells) != len(header):
            columns = counted(len(cells), "column")
            problem = (
                f"the row has {columns}; expected {len(header)}, as in the header {quoted(list(header))}"
            )
            raise DataError(source.name, number, problem)
        given = cells[label].strip() if label is not None else ""
        labels = (intern(given),) if given else ()
        words = tuple(options.tokenizer.words(cells[text]))
        yield Sentence(words, lines=(number,), text=cells[text], labels=labels)


class TextsWriter:
    """A table with commas: a header, then the text and the label of each sentence that has tokens."""

    probabilities = False
    without_tags = True

    def __init__(self, stream: TextIO) -> None:
        self._safe = printable if stream.isatty() else str
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(["text", "label"])

    def write(self, document: Document) -> None:
        """Writes a document.

        Raises:
            Unwritable: It has several labels, or its text would be read as something else.
        """
        if not document.words:
            return
        line = document.lines[0] if document.lines else None
        if len(document.labels) > 1:
            raise Unwritable(
                line, f"the sentence has {len(document.labels)} labels, and a table has room for one"
            )
        if any(one in document.text for one in "\r\n\0"):
            raise Unwritable(line, f"the text {quoted(document.text)} cannot be written in a row of a table")
        self._writer.writerow([self._safe(document.text), self._safe(document.label or "")])
