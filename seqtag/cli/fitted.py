"""A table of names and numbers that shows all of them on a narrow terminal."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

NAME = 12  # columns that are enough for a longer name, folded
ANY = 10_000  # columns on which everything fits


class FittedTable(Table):
    """A table that folds its headings and names, and leaves out its padding, where it does not fit.

    Rich would shrink the first column to nothing, then cut the numbers.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._fits(console, options.max_width):
            self._narrow(console, options.max_width)
        yield from super().__rich_console__(console, options)

    def _fits(self, console: Console, room: int) -> bool:
        """Whether all numbers and their headings fit beside folded names."""
        options = console.options.update(max_width=ANY)
        widths = [
            min(
                max(
                    Measurement.get(console, options, cell).maximum for cell in (column.header, *column.cells)
                ),
                column.max_width or ANY,
            )
            for column in self.columns
        ]
        between = 3 * (len(widths) - 1) + 2  # a line and a space on either side of it; one at each edge
        return min(widths[0], NAME) + sum(widths[1:]) + between <= room

    def _narrow(self, console: Console, room: int) -> None:
        options = console.options.update(max_width=ANY)
        self.padding = (0, 0)
        # For each column, the width of the longest word of its heading, and of its longest cell.
        words: list[int] = []
        cells: list[int] = []
        for column in self.columns:
            words.append(Measurement.get(console, options, column.header).minimum)
            cells.append(
                max((Measurement.get(console, options, cell).maximum for cell in column.cells), default=0)
            )
        names = [Measurement.get(console, options, cell).minimum for cell in self.columns[0].cells]
        widths = [max([words[0], *names]), *cells[1:]]
        spare = room - sum(widths) - (len(widths) + 1)  # one space between columns and on either side
        for number, word in enumerate(words):
            if 0 < word - widths[number] <= spare:
                spare -= word - widths[number]
                widths[number] = word
        widths[0] = min(widths[0] + max(spare, 0), max(cells[0], words[0]))
        for column, width in zip(self.columns, widths, strict=True):
            column.width, column.no_wrap, column.overflow = max(width, 1), False, "fold"
