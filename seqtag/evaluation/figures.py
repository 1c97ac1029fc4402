"""Figures as a table, before anybody has drawn it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Row = tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """A table whose first column has names and whose others have numbers.

    Attributes:
        columns: The head of each column.
        rows: A text for each column.
        totals: Further rows, below a line.
        remarks: Sentences below the table; such as come from a file may hold anything.
    """

    columns: Row
    rows: Sequence[Row]
    totals: Sequence[Row] = ()
    remarks: Sequence[str] = ()


class Tabled(Protocol):
    """A score that can be shown."""

    @property
    def signature(self) -> str:
        """How the score was made, in one line."""
        ...

    def figures(self) -> Sequence[Figures]:
        """Its tables."""
        ...
