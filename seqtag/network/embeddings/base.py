"""What an embedding is: the half that the network holds of a part that reads tokens."""

from dataclasses import dataclass
from typing import Any, Self

import keras

from seqtag.settings.config import RunSettings


@dataclass(frozen=True)
class Input:
    """An input array of the network: its dtype and shape, with None for a size known only at run time."""

    dtype: str
    shape: tuple[int | None, ...]


class Embedding(keras.layers.Layer):  # type: ignore[misc]
    """Turns a batch's arrays into vectors `(batch, time, dim)`.

    Attributes:
        inputs: The arrays that it reads, by name.
    """

    inputs: dict[str, Input]

    @property
    def lookups(self) -> dict[str, keras.layers.Embedding]:
        """The large tables of which a batch reads a few rows, by the input `(batch, time)` of row numbers."""
        return {}

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        """The part as the configuration wants it; `sizes` come from its indexer."""
        raise NotImplementedError

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Vectors `(batch, time, dim)` from the network's inputs."""
        raise NotImplementedError
