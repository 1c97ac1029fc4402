"""A vector for each word of the training file."""

import math
from typing import Any, Self

import keras

from seqtag.config import Config
from seqtag.model.embeddings.base import Embedding, Input
from seqtag.model.export import Graph


class WordEmbedding(Embedding):
    """Rows of a table, one a word; row 0 is padding, row 1 the unknown word.

    First values are uniform in +-sqrt(3 / dim), so that components have variance 1 / dim, as Lample et al.
    (2016, "Neural Architectures for Named Entity Recognition") start theirs.

    Args:
        rows: Rows of the table.
        dim: Size of a vector.
        trainable: Whether training changes the table.
    """

    def __init__(self, rows: int, dim: int, trainable: bool = True) -> None:
        super().__init__(name="word")
        self.inputs = {"words": Input("int32", (None, None))}
        bound = math.sqrt(3 / dim)
        initializer = keras.initializers.RandomUniform(-bound, bound)
        self.table = keras.layers.Embedding(rows, dim, embeddings_initializer=initializer, name="table")
        self.table.trainable = trainable

    @classmethod
    def from_config(cls, config: Config, sizes: dict[str, int]) -> Self:
        """The part as the configuration wants it; `sizes` come from its indexer."""
        return cls(sizes["rows"], config.embeddings.word.dim, config.embeddings.word.trainable)

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        return self.table(inputs["words"])

    def export(self, graph: Graph) -> str:
        words = graph.input("words", "int32", ("batch", "time"))
        return str(graph.node("Gather", graph.constant(self.table.embeddings.numpy()), words))
