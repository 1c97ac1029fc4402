"""Lines of text as the sentences of a language model: words, or characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.support.lines import lines

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
        words = self.tokenizer.words(line)
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


def sentences(path: str | PathLike[str], units: Units) -> Iterator[tuple[int, list[str]]]:
    """The sentences of a text file, one a line, each with the number of its line; blank lines are left out.

    Raises:
        DataError: The file cannot be read, or is no text in UTF-8.
        MissingPackage: The tokenizer's library is not installed.
    """
    for number, line in lines(path):
        if tokens := units.tokens(line):
            yield number, tokens
