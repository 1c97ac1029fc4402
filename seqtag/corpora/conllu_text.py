"""The running text of the sentences of CoNLL-U: that of `# text`, or else of the forms and ``SpaceAfter=No``."""

import re
from collections.abc import Sequence
from itertools import pairwise

from seqtag.corpora.alignment import check_places
from seqtag.corpora.base import Source
from seqtag.corpora.document import offsets
from seqtag.corpora.spacing import NO_SPACE
from seqtag.support.quoting import quoted

_TEXT = re.compile(r"#\s*text\s*= ?(.*)")


class Texts:
    """What the reader meets of one sentence after the other.

    Args:
        source: The file, which is told of a text that disagrees with its tokens.
        token: The column of tokens.
        misc: The column that holds ``SpaceAfter=No``; None if there is none.
    """

    def __init__(self, source: Source, token: int, misc: int | None) -> None:
        self._source = source
        self._token = token
        self._misc = misc
        self._given: tuple[int, str] | None = None
        self._has_ranges = False

    def meet_comment(self, number: int, row: str) -> None:
        """Keeps a comment that gives the text."""
        if found := _TEXT.fullmatch(row):
            self._given = number, found[1]

    def meet_range(self) -> None:
        """Notes that a word of the text stands for several tokens, which need not be parts of it."""
        self._has_ranges = True

    def take(self, rows: Sequence[Sequence[str]]) -> str | None:
        """The text of the sentence of these rows; None if tokens joined by spaces are all there is."""
        given, has_ranges = self._given, self._has_ranges
        self._given, self._has_ranges = None, False
        words = [row[self._token] for row in rows]
        tight = [self._misc is not None and NO_SPACE in row[self._misc] for row in rows]
        if given is not None:
            number, text = given
            problem = _problem(text, words, [] if has_ranges or not any(tight) else tight)
            if problem is None:
                return text
            if not has_ranges:
                said = f"the tokens disagree with # text, which is left out: {problem}"
                self._source.report("text-mismatch", number, said)
        if has_ranges or not any(tight):
            return None
        parts = (word + " " * (not touches) for word, touches in zip(words, tight, strict=True))
        return "".join(parts).removesuffix(" ")


def _problem(text: str, words: Sequence[str], tight: Sequence[bool]) -> str | None:
    """How a text disagrees with the tokens, or with which of them touch the next one; None if it does not."""
    try:
        check_places(text, words)
    except ValueError as problem:
        return str(problem)
    for at, ((_, end), (start, _)) in enumerate(pairwise(offsets(text, words)) if tight else ()):
        if tight[at] != (end == start):
            what = "no space" if end == start else "a space"
            other = "no SpaceAfter=No" if end == start else "SpaceAfter=No"
            return f"it has {what} after token {at + 1}, {quoted(words[at])}, which has {other}"
    return None
