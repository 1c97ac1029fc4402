"""A learnt vector for each value of one kind."""

import math
from typing import Any, Self

import keras

from seqtag.network.embeddings.base import Embedding, Input
from seqtag.settings.config import RunSettings


def uniform(dim: int) -> keras.initializers.Initializer:
    """First values uniform in +-sqrt(3 / dim), so that components have variance 1 / dim, as Lample et al. (2016,
    "Neural Architectures for Named Entity Recognition") start theirs.
    """
    bound = math.sqrt(3 / dim)
    return keras.initializers.RandomUniform(-bound, bound)


class TableEmbedding(Embedding):
    """Rows of a table; row 0 is padding, row 1 the unknown value.

    Args:
        rows: Rows of the table.
        dim: Size of a vector.
        source: The input array `(batch, time)` of row numbers.
        trainable: Whether training changes the table.
    """

    def __init__(self, rows: int, dim: int, source: str, *, name: str, trainable: bool = True) -> None:
        super().__init__(name=name)
        self.source = source
        self.inputs = {source: Input("int32", (None, None))}
        self.table = keras.layers.Embedding(rows, dim, embeddings_initializer=uniform(dim), name="table")
        self.table.trainable = trainable

    @property
    def lookups(self) -> dict[str, keras.layers.Embedding]:
        return {self.source: self.table}

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        return self.table(inputs[self.source])


class WordEmbedding(TableEmbedding):
    """A vector for each word of the training file."""

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        settings = config.embeddings.word
        return cls(sizes["rows"], settings.dim, "words", name="word", trainable=settings.trainable)


class ShapeEmbedding(TableEmbedding):
    """A vector for each shape of a word."""

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["rows"], config.embeddings.shape.dim, "shapes", name="shape")


class BigramEmbedding(TableEmbedding):
    """A vector for each pair of neighbouring tokens."""

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["rows"], config.embeddings.bigrams.dim, "bigrams", name="bigrams")


class SeveralTables(Embedding):
    """Vectors from several tables, side by side.

    Args:
        sizes: The rows of each table, as its indexer says them.
        dim: Size of a vector.
        source: What the names of the input arrays, one for each table, begin with.
    """

    def __init__(self, sizes: dict[str, int], dim: int, source: str, *, name: str) -> None:
        super().__init__(name=name)
        self.tables = [
            TableEmbedding(sizes[f"rows_{number}"], dim, f"{source}_{number}", name=f"{source}_{number}")
            for number in range(len(sizes))
        ]
        self.inputs = {name: entry for table in self.tables for name, entry in table.inputs.items()}

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        return keras.ops.concatenate([table(inputs, training=training) for table in self.tables], axis=-1)


class ColumnEmbedding(SeveralTables):
    """A vector for the value in each extra column."""

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes, config.embeddings.columns.dim, "column", name="columns")


class ListEmbedding(SeveralTables):
    """A vector for what a word is in each word list."""

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes, config.embeddings.lists.dim, "list", name="lists")
