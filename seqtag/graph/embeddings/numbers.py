"""Numbers of the corpus: an input."""

from collections.abc import Mapping

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings.config import RunSettings


class NumberEmbedding:
    """See `seqtag.network.embeddings.numbers.NumberEmbedding`."""

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        self.dim = sizes["columns"] + sizes["gaps"]

    def write(self, graph: Graph) -> str:
        """Writes the input."""
        return graph.input("numbers", "float32", ("batch", "time", self.dim))
