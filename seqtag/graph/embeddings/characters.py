"""Features of a word from its characters, for each distinct word of a batch."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import CharacterSettings, EncoderSettings, RunSettings

NOTHING = -1e4  # what padding contributes to a maximum


class CharacterEmbedding:
    """See `seqtag.network.embeddings.characters.CharacterEmbedding`."""

    of_words: ClassVar[bool] = True

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        settings = config.embeddings.characters
        self.table = weights.take("characters/table/embeddings", (sizes["rows"], settings.dim))
        kind = "cnn" if settings.encoder == "auto" else settings.encoder
        self.encoder = registry.load(registry.CHARACTER_ENCODERS, kind, "graph")(settings, weights)
        self.dim: int = self.encoder.dim

    def write(self, graph: Graph) -> str:
        """Writes the lookup, the network over characters and the maximum over the pieces of a word."""
        characters = graph.input("characters", "int32", ("pieces", "characters"))
        word_pieces = graph.input("word_pieces", "int32", ("words", "pieces_of_a_word"))
        spellings = graph.input("spellings", "int32", ("batch", "time"))
        vectors = graph.node("Gather", graph.constant(self.table), characters)
        zero = graph.constant(np.array(0, np.int32))
        mask = graph.node("Not", graph.node("Equal", characters, zero))  # (pieces, characters)
        features: str = self.encoder.write(graph, vectors, mask)
        pieces = graph.node("Gather", features, word_pieces)  # (words, pieces of a word, dim)
        words = graph.node("ReduceMax", pieces, graph.integers(1), keepdims=0)
        return graph.node("Gather", words, spellings)


class CharacterCNN:
    """See `seqtag.network.embeddings.characters.CharacterCNN`."""

    def __init__(self, settings: CharacterSettings, weights: Weights) -> None:
        self.dim = settings.units
        path, shape = "characters/cnn/filters", (settings.width, settings.dim, settings.units)
        self.kernel = weights.take(f"{path}/kernel", shape)
        self.bias = weights.take(f"{path}/bias", (settings.units,))

    def write(self, graph: Graph, vectors: str, mask: str) -> str:
        """Writes the filters over vectors `(pieces, characters, dim)`; features are `(pieces, units)`."""
        present = graph.node("Unsqueeze", graph.cast(mask, "float32"), graph.integers(2))
        width = len(self.kernel)
        seen = graph.node(
            "Conv",
            graph.node(
                "Transpose", graph.node("Mul", vectors, present), perm=[0, 2, 1]
            ),  # (pieces, dim, characters)
            graph.constant(self.kernel.transpose(2, 1, 0)),
            graph.constant(self.bias),
            pads=[(width - 1) // 2, width // 2],
        )  # (pieces, units, characters)
        one, nothing = graph.float(1), graph.float(NOTHING)
        absent = graph.node("Mul", graph.node("Sub", one, present), nothing)
        masked = graph.node("Add", seen, graph.node("Transpose", absent, perm=[0, 2, 1]))
        return graph.node("ReduceMax", masked, graph.integers(2), keepdims=0)


class CharacterRNN:
    """See `seqtag.network.embeddings.characters.CharacterRNN`."""

    def __init__(self, settings: CharacterSettings, weights: Weights) -> None:
        self.dim = 2 * settings.units
        self.cell = registry.load(registry.CELLS, settings.encoder, "graph")(
            EncoderSettings(cell=settings.encoder, units=settings.units),
            settings.dim,
            weights,
            ["characters/rnn/forward", "characters/rnn/backward"],
        )

    def write(self, graph: Graph, vectors: str, mask: str) -> str:
        """Writes both directions over vectors `(pieces, characters, dim)`; features are their last states."""
        counts = graph.node("ReduceSum", graph.cast(mask, "int32"), graph.integers(1), keepdims=0)
        return str(self.cell.write_last(graph, vectors, counts))
