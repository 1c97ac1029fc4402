"""What a language model sees before a token, where only a part of it is visible."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A token of a sentence and what is visible of what stands before it.

    Attributes:
        before: The visible tokens just before it, in their order.
        start: Whether the start of the sentence is visible before them.
        token: The token; None for the end of the sentence.
    """

    before: Sequence[str]
    start: bool
    token: str | None

    @classmethod
    def of(cls, sentence: Sequence[str], place: int, visible: int) -> "View":
        """The view of a token in its sentence.

        Args:
            sentence: The tokens.
            place: That of the token; the number of all tokens for the end of the sentence.
            visible: How much is visible before it, the start of the sentence counted like a token.

        Example:
            >>> View.of(["Ana", "left", "Oslo"], 2, visible=1)
            View(before=['left'], start=False, token='Oslo')
            >>> View.of(["Ana", "left", "Oslo"], 0, visible=1).start
            True
        """
        token = sentence[place] if place < len(sentence) else None
        return cls(sentence[max(place - visible, 0) : place], visible > place, token)
