"""What a function finds for a text, remembered within bounds."""

from collections.abc import Callable
from typing import TypeVar

MOST = 1 << 15  # texts; more would be found again a little more often
LONGEST = 40  # characters; longer ones hardly ever come again

Found = TypeVar("Found")


class Lookup(dict[str, Found]):
    """The values of a function, by the text: `lookup[text]` works each out once.

    It starts anew when it is full. A file that is tagged never ends to bring new words, and memory must not grow with
    it.

    Args:
        function: Gives the value of a text; the same one whenever it is asked.
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
