"""A bounded cache of a function of texts."""

from collections.abc import Callable
from typing import TypeVar

MOST = 1 << 15  # texts
LONGEST = 40  # characters; longer texts hardly ever come again

Found = TypeVar("Found")


class Lookup(dict[str, Found]):
    """The values of a function: `lookup[text]` computes each once.

    It is emptied when it is full, because every tagged file brings new words.

    Args:
        function: Returns the value of a text, always the same one.
    """

    def __init__(self, function: Callable[[str], Found]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> Found:
        found = self._function(text)
        if len(text) <= LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[text] = found
        return found
