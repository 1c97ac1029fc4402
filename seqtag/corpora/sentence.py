"""The one shape that a sentence has in seqtag, whatever file it came from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """A tokenised sentence and, in a corpus, its tags.

    Attributes:
        tokens: The tokens, none of them empty.
        tags: One tag a token, as the file has them; None where a file has no tags.
        lines: The line of each token in its file, counted from 1; empty for raw text.
        columns: Extra columns of the corpus as features, one tuple of values a column, each as long as
            tokens.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    lines: tuple[int, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.tokens)
