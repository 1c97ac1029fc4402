"""Pretrained vectors, which come into the network as they are."""

from typing import Any, ClassVar, Self

import keras

from seqtag.network.embeddings.base import Embedding, Input
from seqtag.settings.config import RunSettings


class VectorEmbedding(Embedding):
    """The vectors that the indexer looked up, and for trainable ones what training has added to each.

    What is added starts at zero, so that a word which training never saw and one which it did start alike.

    Args:
        dim: Size of a vector.
        rows: Rows of the table of what is added; 0 for fixed vectors.
    """

    source: ClassVar[str] = "vectors"

    def __init__(self, dim: int, rows: int) -> None:
        super().__init__(name=self.source)
        self.inputs = {self.source: Input("float32", (None, None, dim))}
        self.dim = dim
        self.added: Any = None
        if rows:
            self.inputs[f"{self.source}_rows"] = Input("int32", (None, None))
            self.added = keras.layers.Embedding(rows, dim, embeddings_initializer="zeros", name="added")

    @property
    def lookups(self) -> dict[str, keras.layers.Embedding]:
        return {} if self.added is None else {f"{self.source}_rows": self.added}

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["dim"], sizes["rows"])

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        vectors = inputs[self.source]
        if self.added is None:
            return vectors
        rows = inputs[f"{self.source}_rows"]
        learns = keras.ops.cast(rows > 0, vectors.dtype)  # row 0 stays zero, also where vectors are fixed
        return vectors + self.added(rows) * learns[:, :, None]


class BigramVectorEmbedding(VectorEmbedding):
    """The pretrained vector of each token with the one after it."""

    source = "bigram_vectors"
