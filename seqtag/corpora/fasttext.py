"""fastText: a sentence a line, with its labels before it, ``__label__PlayMusic play a song``."""

import re
from collections.abc import Iterator
from typing import TextIO

from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.quoting import printable, quoted

MARK = "__label__"
LOOKED_AT = 10  # lines
_LABELS = re.compile(rf"[ \t]*(?:{MARK}\S+(?:[ \t]+|$))+")
_LABEL = re.compile(rf"{MARK}(\S+)")
_LATE = re.compile(rf"(?<!\S){MARK}(\S+)")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """A text a line; the words before it that begin with ``__label__`` are its labels.

    Raises:
        DataError: A label follows a word, and labels are wanted.
    """
    for number, line in source.lines():
        found = _LABELS.match(line)
        text = line[found.end() :] if found else line
        if options.label_key is not None and (late := _LATE.search(text)) is not None:
            problem = f"the label {quoted(late[1])} follows a word; expected labels at the start of the line"
            raise DataError(source.name, number, problem)
        labels = tuple(dict.fromkeys(_LABEL.findall(found[0]))) if found else ()
        yield Sentence(tuple(options.tokenizer.words(text)), lines=(number,), text=text, labels=labels)


def recognise(source: Source) -> bool:
    """Whether each of the first lines begins with a label."""
    lines = [line for _, line in source.head(LOOKED_AT) if line.strip()]
    return bool(lines) and all(map(_LABELS.match, lines))


class FasttextWriter:
    """A line of labels and the text for each sentence that has tokens."""

    probabilities = False
    without_tags = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = printable if stream.isatty() else str

    def write(self, document: Document) -> None:
        """Writes a document.

        Raises:
            Unwritable: A label holds white space, or the text would be read as something else.
        """
        if not document.words:
            return
        line = document.lines[0] if document.lines else None
        for label in document.labels:
            if label.split() != [label]:
                raise Unwritable(
                    line, f"the label {quoted(label)} holds white space, which ends a label here"
                )
        if "\n" in document.text or "\r" in document.text or _LABELS.match(document.text):
            raise Unwritable(line, f"the text {quoted(document.text)} would be read as something else")
        labels = "".join(f"{MARK}{label} " for label in document.labels)
        self._stream.write(self._safe(labels + document.text) + "\n")
