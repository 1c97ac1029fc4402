"""The heads of a dependency tree: read from a file, and held to be one tree."""

from collections.abc import Sequence

from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted

ROOT = 0  # the head of the word that has none
MOST_DIGITS = 9
SHOWN = 8  # words of a cycle in a message


def read_heads(cells: Sequence[str], lines: Sequence[int], name: str) -> tuple[int, ...]:
    """The head of each word, counted from 1; 0 for the root.

    Args:
        cells: What the file has for each word of a sentence.
        lines: The line of each word.
        name: The file, for messages.

    Raises:
        DataError: A word has no head, or one outside the sentence; there are two roots, or a cycle.
    """
    heads: list[int] = []
    root = None
    for cell, line in zip(cells, lines, strict=True):
        if not (cell.isascii() and cell.isdecimal() and len(cell) <= MOST_DIGITS):
            found = "the word has no head" if cell == "_" else f"the head is {quoted(cell)}"
            raise DataError(name, line, f"{found}; expected the number of another word, or 0 for the root")
        head = int(cell)
        if head > len(cells):
            raise DataError(name, line, f"the head is {head}; the sentence has the words 1 to {len(cells)}")
        if head == ROOT:
            if root is not None:
                raise DataError(name, line, f"a second root, after that on line {root}; expected one tree")
            root = line
        heads.append(head)
    if cycle := find_cycle(heads):
        names = [*map(str, cycle[:SHOWN]), *(["..."] if len(cycle) > SHOWN else []), str(cycle[0])]
        problem = f"the heads form a cycle: {' -> '.join(names)}; expected a tree"
        raise DataError(name, lines[cycle[0] - 1], problem)
    return tuple(heads)


def find_cycle(heads: Sequence[int]) -> list[int]:
    """The words of a cycle, counted from 1, in the order of their heads; none in a tree."""
    seen = [0] * (len(heads) + 1)  # the word from which each was reached first
    for start in range(1, len(heads) + 1):
        path, word = [], start
        while word != ROOT and not seen[word]:
            seen[word] = start
            path.append(word)
            word = heads[word - 1]
        if word != ROOT and seen[word] == start:
            return path[path.index(word) :]
    return []
