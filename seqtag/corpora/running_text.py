"""Where sentences begin and end in raw text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.extras import missing
from seqtag.support.lines import LONGEST_LINE

ENGLISH = "en"
# White space of more than one byte stops sentencex 1.0 in places, and half a character is no text to it.
_OTHER_SPACE = re.compile(r"[^\S \n]")
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Splitting:
    """How raw text is divided into sentences.

    Attributes:
        mode: "line": a line is a sentence; "split": a line holds sentences; "paragraph": lines up to a blank one hold
            sentences.
        language: The language of the text, as a code such as "en"; decides which abbreviations end no sentence.
    """

    mode: str = "line"
    language: str = ENGLISH

    def __post_init__(self) -> None:
        if self.mode not in registry.SENTENCES:
            raise ValueError(f"expected one of {', '.join(registry.SENTENCES)}. Received: {self.mode!r}")

    def check(self) -> None:
        """Raises MissingPackage where what splits sentences is not installed."""
        if self.mode != "line":
            self.sentences("")

    def sentences(self, text: str) -> list[str]:
        """The sentences of a text of several, with the white space after each: together they are the text."""
        try:
            import sentencex
        except ImportError as problem:
            raise missing(problem, "splitting text into sentences") or problem from problem
        shown = _HALF.sub("\ufffd", _OTHER_SPACE.sub(" ", text))  # of the same length
        pieces = []
        end = 0
        for piece in sentencex.segment(self.language, shown):
            pieces.append(text[end : end + len(piece)])
            end += len(piece)
        return pieces


LINES = Splitting()


def paragraphs(numbered: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, str]]:
    """The paragraphs among lines, their lines joined by line feeds, each with the number of its first line.

    Args:
        numbered: The lines with their numbers.
        name: The file, for messages.

    Raises:
        DataError: A paragraph is longer than a line may be.
    """
    found: list[str] = []
    first = size = 0
    for number, line in numbered:
        if not line or line.isspace():
            if found:
                yield first, "\n".join(found)
            found, size = [], 0
            continue
        first = first if found else number
        found.append(line)
        size += len(line)
        if size > LONGEST_LINE:
            problem = f"the paragraph has more than {LONGEST_LINE:,} characters; give a file with blank lines"
            raise DataError(name, first, problem)
    if found:
        yield first, "\n".join(found)


LOOKED_AT = 100  # lines of a file, ...
_LOOKED_AT = 2000  # ... and characters of a line
_END = re.compile(
    # After a word of four letters, so that hardly an abbreviation is among them, and before the next word.
    r"([^\W\d_]{4}) ?[.!?]+[\"'\u2019\u201d)\]]*\s+[\"'\u2018\u201c(\[]*([^\W\d_])"
    "|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d]*(?=[^\\s\u3002\uff01\uff1f\u300d\u300f\u201d])"
)


class Crowding:
    """Whether lines that should be sentences hold several, by the first lines of a file."""

    def __init__(self) -> None:
        self._lines = self._crowded = 0

    def add(self, line: str) -> None:
        """Looks at a line."""
        if line and not line.isspace():
            self._lines += 1
            self._crowded += sum(map(_is_end, _END.finditer(line[:_LOOKED_AT]))) >= 2

    @property
    def problem(self) -> str:
        """What is wrong with the lines; "" if nothing is."""
        if 2 * self._crowded <= self._lines:
            return ""
        return f"{self._crowded} of the first {self._lines} lines hold several sentences, and are tagged as one each"


def _is_end(found: re.Match[str]) -> bool:
    return found[1] is None or (found[1].islower() and found[2].isupper())
