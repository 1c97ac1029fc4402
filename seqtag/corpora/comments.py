"""Comments in files of columns: lines that start with ``#`` and are no rows.

Such a line is a comment where it cannot be a row: with other columns than a row, though within a sentence only if
white space follows the marks. Where a sentence may begin, a line with the columns of a row is a comment too if its tag
is none: empty, unlike a tag, or unknown after a token that starts like a comment (``# id 1``, ``## id``). All others
are rows whose token starts with "#".
"""

import re
from collections.abc import Container

from seqtag.corpora.base import Source
from seqtag.corpora.rows import DOCUMENT, Columns
from seqtag.corpora.sentence_labels import LabelComments
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.quoting import quoted

CODE = "comment-like-row"
_COMMENT = re.compile(  # key = value, and CoNLL-2012's lines between documents
    r"#\s*[^\s=]+(?: [^\s=]+)?\s*= |#(?:begin|end) document\b"
)
_MARKS = re.compile(r"#+(?:[ \t]|$)")
_MARKED = re.compile(r"#+ +[^ ]")
_NO_TAG = re.compile(r"\s|://|^\[|^.{41}|^[ \t\r]*$")


class Comments:
    """Tells comments from rows that start with "#", and reports where that is doubtful.

    Args:
        source: The file.
        columns: Where its columns are.
        known: The tags that were met so far; those of later rows are added.
        label_key: The key of the labels of sentences; None if these are not wanted.

    Attributes:
        labels: Those of the comments.
    """

    def __init__(
        self, source: Source, columns: Columns, known: Container[str], label_key: str | None = None
    ) -> None:
        self.labels = LabelComments(label_key, source)
        self._source = source
        self._columns = columns
        self._known = known
        self._starts = False
        self._first: int | None = None  # of the lines with the columns of a row that were taken as comments
        self._count = 0
        self._doubtful: dict[
            str, int
        ] = {}  # by the tag that it would have, the first such line that may be a row

    def has(self, number: int, row: str, *, begins: bool) -> bool:
        """Whether a line that starts with "#" is no row; takes what it says of a sentence: its
        label, or that it starts a document.

        Args:
            number: Its number.
            row: The line.
            begins: Whether a sentence may begin here.
        """
        found = self._is_comment(number, row, begins=begins)
        if found:
            self.labels.add(number, row, begins=begins)
            if begins:
                self.note_start(row)
        return found

    def note_start(self, row: str) -> None:
        """Notes that the next sentence starts a document, if the line says so."""
        self._starts = self._starts or row.startswith(DOCUMENT)

    def take_start(self) -> bool:
        """Whether the sentence that is over starts a document."""
        found, self._starts = self._starts, False
        return found

    def _is_comment(self, number: int, row: str, *, begins: bool) -> bool:
        layout = self._columns.layout
        columns = layout.split(row)
        marked = _MARKS.match(row) is not None
        spaces = layout.separator == " "
        even = len(columns) == layout.width
        aligned = columns if even else self._columns.aligned(columns)
        if aligned is None or (spaces and "\t" in row):
            return begins or marked
        token = aligned[self._columns.token]
        if begins or (marked and not even):
            if spaces and _COMMENT.match(row):
                return True
            tag = aligned[self._columns.judged]
            if layout.width > 1 and tag not in self._known and not may_be_row(token, tag, tabs=not spaces):
                self._keep(number, tag)
                return True
        if _MARKED.match(token):
            problem = f"read as a row, though its token {quoted(token)} is like a comment"
            self._source.report(CODE, number, problem, level="warning" if begins else "note")
        return False

    def _keep(self, number: int, tag: str) -> None:
        self._first = self._first or number
        self._count += 1
        if not _NO_TAG.search(tag):
            self._doubtful.setdefault(tag, number)

    def finish(self) -> None:
        """Reports what was read as a comment, when all tags of the file are known; DataError if a label is left."""
        self.labels.end()
        for tag, number in self._doubtful.items():
            if tag in self._known:
                problem = f"read as a comment, though other rows have the tag {quoted(tag)}"
                self._source.report(CODE, number, problem)
        if self._count:
            more = f" (and {self._count - 1:,} more)" if self._count > 1 else ""
            problem = f"read as a comment, though it has as many columns as a row{more}"
            self._source.report(CODE, self._first, problem, level="note")


def may_be_row(token: str, tag: str, *, tabs: bool) -> bool:
    """Whether columns that start with "#" are a token and its tag, though no other token has this tag so far."""
    if SPAN_TAG.fullmatch(tag) or tag == "O":
        return True
    if _NO_TAG.search(tag):
        return False
    if token.startswith(("##", "# ")):
        return tag.isupper()
    # Among spaces a comment of two words has the columns of a row: "# newdoc".
    return tabs or token != "#" or tag == "#" or tag.isupper()
