"""Pretrained vectors: an input, and for trainable ones a table of what training has added."""

from collections.abc import Mapping
from typing import ClassVar

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings.config import RunSettings


class VectorEmbedding:
    """See `seqtag.network.embeddings.vectors.VectorEmbedding`."""

    source: ClassVar[str] = "vectors"
    of_words: ClassVar[bool] = True

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        self.dim = sizes["dim"]
        path, shape = f"{self.source}/added/embeddings", (sizes["rows"], self.dim)
        self.added = weights.take(path, shape) if sizes["rows"] else None

    def write(self, graph: Graph) -> str:
        """Writes the input, and the sum with what was added."""
        vectors = graph.input(self.source, "float32", ("batch", "time", self.dim))
        if self.added is not None:
            rows = graph.input(f"{self.source}_rows", "int32", ("batch", "time"))
            added = graph.node("Gather", graph.constant(self.added), rows)
            vectors = graph.node("Add", vectors, added)
        return vectors


class BigramVectorEmbedding(VectorEmbedding):
    """See `seqtag.network.embeddings.vectors.BigramVectorEmbedding`."""

    source = "bigram_vectors"
    of_words = False
