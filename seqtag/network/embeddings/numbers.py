"""Numbers of the corpus, which come into the network as they are."""

from typing import Any, Self

from seqtag.network.embeddings.base import Embedding, Input
from seqtag.settings.config import RunSettings


class NumberEmbedding(Embedding):
    """Standardised numbers and where some are missing, without weights.

    Args:
        width: How many inputs a token has.
    """

    def __init__(self, width: int) -> None:
        super().__init__(name="numbers")
        self.inputs = {"numbers": Input("float32", (None, None, width))}

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["columns"] + sizes["gaps"])

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        return inputs["numbers"]
