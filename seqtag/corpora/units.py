"""Files as the sentences of a language model, whose tokens are words or characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from seqtag.corpora.base import AUTO, Source
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import sentences as read
from seqtag.corpora.recognition import TEXT, format_to_tag
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.lines import shown

SPACE = "\u2581"  # stands for the space between words where characters are the tokens
WHITESPACE = Tokenizer("whitespace")


@dataclass(frozen=True)
class Units:
    """What the tokens of a language model are.

    Attributes:
        unit: "word", or "character": then the space between two words is a token as well, written U+2581.
        tokenizer: What cuts a line into words.
    """

    unit: str = "word"
    tokenizer: Tokenizer = WHITESPACE

    def __post_init__(self) -> None:
        if self.unit not in registry.UNITS:
            raise ValueError(
                f"expected one of the units {', '.join(registry.UNITS)}. Received: {self.unit!r}"
            )

    @property
    def are_words(self) -> bool:
        """Whether the tokens are words."""
        return self.unit == "word"

    def tokens(self, line: str) -> list[str]:
        """The tokens of a line; none if it is blank."""
        return self.of(self.tokenizer.words(line))

    def of(self, words: list[str]) -> list[str]:
        """The tokens of words."""
        return words if self.are_words else list(SPACE.join(words))

    def text(self, tokens: Sequence[str]) -> str:
        """The line that tokens are of."""
        return " ".join(tokens) if self.are_words else "".join(tokens).replace(SPACE, " ")

    def words(self, tokens: Sequence[str]) -> int:
        """How many words a sentence has."""
        return len(tokens) if self.are_words or not tokens else tokens.count(SPACE) + 1

    def characters(self, tokens: Sequence[str]) -> int:
        """How many characters a sentence has, with the one that ends each word: a space or the end of the line."""
        return sum(map(len, tokens)) + len(tokens) if self.are_words else len(tokens) + 1

    def to_json(self) -> dict[str, Any]:
        """The units as a JSON object; ``from_json`` reads it back."""
        return {"unit": self.unit, "tokenizer": self.tokenizer.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> "Units":
        """The units that ``to_json`` wrote; ValueError for anything else."""
        match data:
            case {"unit": str(unit), "tokenizer": tokenizer}:
                return cls(unit, Tokenizer.from_json(tokenizer))
        raise ValueError(f"expected a unit and a tokenizer. Received: {data!r}")


WORDS = Units()


def sentences(
    path: str, units: Units, format: str | None = None, report: Report = ignore
) -> Iterator[tuple[int, list[str]]]:
    """The sentences of a file, each with the number of its first line; those without tokens are left out.

    Args:
        path: A text, a sentence a line, or a corpus, of which only the tokens are taken; "-" is standard input.
        units: What the tokens are.
        format: A format in `registry.FORMATS`; None to go by the name and the first lines of the file.
        report: Receives what is odd about the file, while it is read.

    Raises:
        DataError: The file cannot be read, or is not UTF-8 text.
        MissingPackage: The tokenizer's library is not installed.
    """
    source = Source(path, report=report)
    found = format_to_tag(source) if format is None else format
    if found == TEXT:
        for number, line in source.lines():
            if tokens := units.tokens(line):
                yield number, tokens
        return
    for sentence in read(source, AUTO.to_tag(found, units.tokenizer)):
        if tokens := units.of(" ".join(sentence.tokens).split()):  # a token of a corpus may hold a space
            yield sentence.lines[0] if sentence.lines else 0, tokens


def sentences_of(
    paths: Sequence[str], units: Units, format: str | None = None, report: Report = ignore
) -> Iterator[list[str]]:
    """The sentences of several files, one after the other; see `sentences`.

    Raises:
        DataError: A file cannot be read or has no words.
    """
    for path in paths:
        found = (tokens for _, tokens in sentences(path, units, format, report))
        first = next(found, None)
        if first is None:
            raise DataError(shown(path), None, "holds no words; expected text, a sentence a line")
        yield from chain([first], found)
