"""One colour for each type of entity, the same on the terminal, on pages and in plots."""

from collections.abc import Iterable

# Okabe and Ito, "Color Universal Design" (2008): told apart by people with any common kind of colour blindness. Their
# black and yellow are left out: neither can be read on both a dark and a light terminal.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def colours(types: Iterable[str]) -> dict[str, str]:
    """A colour for each type, as `#RRGGBB`, by its place among all types in the order of their names.

    Beyond six types the colours repeat, so a colour never stands without the name of its type.

    Args:
        types: The types of a model or of a file; repeated names count once.

    Example:
        >>> colours(["PER", "LOC"])
        {'LOC': '#0072B2', 'PER': '#E69F00'}
    """
    names = sorted(set(types))
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(names)}
