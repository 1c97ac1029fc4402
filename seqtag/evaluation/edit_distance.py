"""How many symbols two sequences are apart."""

from collections.abc import Hashable, Sequence


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """The smallest number of symbols to insert, delete or replace that makes one of the other (Levenshtein 1966,
    "Binary Codes Capable of Correcting Deletions, Insertions and Reversals").

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(right) + 1))
    for number, one in enumerate(left, start=1):
        diagonal, row[0] = row[0], number
        for place, other in enumerate(right, start=1):
            best = min(diagonal + (one != other), row[place] + 1, row[place - 1] + 1)
            diagonal, row[place] = row[place], best
    return row[-1]
