"""Tables of learnt vectors: a Gather each."""

from collections.abc import Mapping
from typing import ClassVar

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings.config import RunSettings


class TableEmbedding:
    """Rows of a table.

    Args:
        path: The path of the part.
        source: The input `(batch, time)` of row numbers.
        shape: Rows of the table and size of a vector.
        weights: Where the table is taken from.
    """

    of_words: ClassVar[bool] = False

    def __init__(self, path: str, source: str, shape: tuple[int, int], weights: Weights) -> None:
        self.source = source
        self.dim = shape[1]
        self.table = weights.take(f"{path}/table/embeddings", shape)

    def write(self, graph: Graph) -> str:
        """Writes the lookup."""
        rows = graph.input(self.source, "int32", ("batch", "time"))
        return graph.node("Gather", graph.constant(self.table), rows)


class WordEmbedding(TableEmbedding):
    """See `seqtag.network.embeddings.table.WordEmbedding`."""

    of_words = True

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        super().__init__("word", "words", (sizes["rows"], config.embeddings.word.dim), weights)


class ShapeEmbedding(TableEmbedding):
    """See `seqtag.network.embeddings.table.ShapeEmbedding`."""

    of_words = True

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        super().__init__("shape", "shapes", (sizes["rows"], config.embeddings.shape.dim), weights)


class BigramEmbedding(TableEmbedding):
    """See `seqtag.network.embeddings.table.BigramEmbedding`."""

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        super().__init__("bigrams", "bigrams", (sizes["rows"], config.embeddings.bigrams.dim), weights)


class SeveralTables:
    """Vectors from several tables, side by side.

    Args:
        path: The path of the part.
        source: What the names of the inputs, one for each table, begin with.
        sizes: The rows of each table.
        dim: Size of a vector.
        weights: Where the tables are taken from.
    """

    of_words: ClassVar[bool] = False

    def __init__(self, path: str, source: str, sizes: Mapping[str, int], dim: int, weights: Weights) -> None:
        names = [f"{source}_{number}" for number in range(len(sizes))]
        self.tables = [
            TableEmbedding(f"{path}/{name}", name, (sizes[f"rows_{number}"], dim), weights)
            for number, name in enumerate(names)
        ]
        self.dim = dim * len(self.tables)

    def write(self, graph: Graph) -> str:
        """Writes the lookups."""
        return graph.node("Concat", *(table.write(graph) for table in self.tables), axis=-1)


class ColumnEmbedding(SeveralTables):
    """See `seqtag.network.embeddings.table.ColumnEmbedding`."""

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        super().__init__("columns", "column", sizes, config.embeddings.columns.dim, weights)


class ListEmbedding(SeveralTables):
    """See `seqtag.network.embeddings.table.ListEmbedding`."""

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        super().__init__("lists", "list", sizes, config.embeddings.lists.dim, weights)
