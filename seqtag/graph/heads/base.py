"""What the graph writer of a head is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings.config import HeadSettings
from seqtag.support.errors import Error

MOST_TAGS = 4096  # where tables of which may follow which grow with the square


@dataclass(frozen=True)
class Legal:
    """Which tags may start a sentence, follow each other, and end it, as arrays of booleans."""

    start: NDArray[np.bool_]  # (tags,)
    transitions: NDArray[np.bool_]  # (tags, tags)
    end: NDArray[np.bool_]  # (tags,)


def check_count(tags: int, what: str) -> None:
    """Refuses more tags than a table of tags by tags is made for.

    Args:
        tags: How many there are.
        what: What needs the table, after the word "tags".

    Raises:
        Error: There are too many.
    """
    if tags > MOST_TAGS:
        raise Error(f"there are {tags:,} tags {what}; expected {MOST_TAGS:,} at most")


class Head:
    """Writes the decoder: what makes tags of features `(batch, time, dim)`.

    Args:
        settings: The `head` section of the configuration.
        tags: Number of tags.
        legal: What the tag scheme allows; None if everything.
        dim: The last size of the features.
        weights: Where the head takes its weights from.
    """

    def __init__(
        self, settings: HeadSettings, tags: int, legal: Legal | None, dim: int, weights: Weights
    ) -> None:
        raise NotImplementedError

    def write(self, graph: Graph, features: str, lengths: str) -> None:
        """Writes the nodes, and as graph outputs those of `seqtag.graph.outputs` that the head has."""
        raise NotImplementedError
