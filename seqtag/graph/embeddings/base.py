"""What the graph writer of an embedding is."""

from collections.abc import Mapping
from typing import Protocol

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings.config import RunSettings


class Embedding(Protocol):
    """Writes what turns a batch's arrays into vectors `(batch, time, dim)`.

    Args:
        config: The settings.
        sizes: What the embedding's indexer says of its table.
        weights: Where the part takes its weights from.

    Attributes:
        dim: The size of a vector.

    One whose vectors depend on the form of the word alone may say so with the attribute `of_words`, true: they are then
    computed once for each form.
    """

    dim: int

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None: ...

    def write(self, graph: Graph) -> str:
        """Writes the part's nodes and its graph inputs; returns the name of the vectors."""
        ...
