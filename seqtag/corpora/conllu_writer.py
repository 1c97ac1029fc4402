"""CoNLL-U out: tags as UPOS, as XPOS or as an attribute of MISC, the text as a comment."""

import re
from typing import TextIO

from seqtag.corpora.base import Unwritable
from seqtag.corpora.document import Document
from seqtag.support.errors import UsageError
from seqtag.support.quoting import printable, quoted

_NO_FIELD = re.compile(r"[\t\n\r\0]")
_ATTRIBUTE = re.compile(r"misc:([^\s=|:]+)", re.IGNORECASE)
SPANS = "misc:name"  # where tags of spans go


class ConlluWriter:
    """A row a token, in which all is `_` but the form and the tag; a sentence without tokens has nothing to write.

    Args:
        stream: Where they go.
        column: "upos", "xpos" or "misc:KEY"; by default UPOS for plain tags and `SPANS` for tags of spans.
    """

    probabilities = False
    needs_scheme = True
    takes_column = True
    without_tags = True

    def __init__(self, stream: TextIO, column: str | None = None) -> None:
        if column is not None and column.lower() not in ("upos", "xpos") and not _ATTRIBUTE.fullmatch(column):
            raise UsageError(f"--to-column {column}: CoNLL-U has room for tags in upos, xpos and misc:KEY.")
        self._stream = stream
        self._column = column
        self._terminal = stream.isatty()

    def write(self, document: Document) -> None:
        """Writes a document.

        Raises:
            Unwritable: A token or a tag would be read as something else.
        """
        if not document.words:
            return
        column = self._column or (SPANS if document.scheme.is_spans else "upos")
        ends = [end for _, end in document.offsets]
        starts = [start for start, _ in document.offsets[1:]] + [-1]
        lines = [] if _NO_FIELD.search(document.text) else [f"# text = {document.text}"]
        lines += [f"# {document.label_key} = {label}" for label in document.labels]
        for number, word in enumerate(document.words, 1):
            touches = ends[number - 1] == starts[number - 1]
            line = document.lines[min(number, len(document.lines)) - 1] if document.lines else None
            tag = document.tags[number - 1] if document.tagged else "_"
            lines.append(_row(number, word, tag, column, touches, line))
        if self._terminal:
            lines = ["\t".join(map(printable, line.split("\t"))) for line in lines]
        self._stream.write("\n".join(lines) + "\n\n")


def _row(number: int, word: str, tag: str, column: str, touches: bool, line: int | None) -> str:
    attribute = _ATTRIBUTE.fullmatch(column)
    for what, text in (("token", word), ("tag", tag)):
        if _NO_FIELD.search(text) or not text.strip(" "):
            raise Unwritable(
                line, f"the {what} {quoted(text)} cannot be written in a column of a CoNLL-U file."
            )
    if attribute and "|" in tag:
        raise Unwritable(
            line, f"the tag {quoted(tag)} cannot be written in MISC, where | separates attributes."
        )
    misc = [f"{attribute[1]}={tag}"] if attribute else []
    misc += ["SpaceAfter=No"] if touches else []
    upos, xpos = (tag if column.lower() == name else "_" for name in ("upos", "xpos"))
    return f"{number}\t{word}\t_\t{upos}\t{xpos}\t_\t_\t_\t_\t{'|'.join(misc) or '_'}"
