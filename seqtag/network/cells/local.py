"""What the cells without a state share: a linear layer over a word or a window, and an activation."""

from collections.abc import Sequence
from typing import Any

import keras

from seqtag.network.cells.activations import activated, activation_of, build_activation
from seqtag.network.cells.base import Cell
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import UsageError


class LocalCell(Cell):
    """A cell without a state, and so without directions: a baseline for what a state is worth."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(settings)
        if settings.recurrent_dropout:
            raise UsageError(
                f"encoder.recurrent_dropout is for cells with a state. Received: encoder.cell {settings.cell}"
            )

    def layers(self, number: int) -> list[keras.layers.Layer]:
        return [Activated(self.linear(number), self.activation, self.pieces, name=f"local_{number}")]

    @property
    def wide(self) -> int:
        """The size of what the linear layer gives."""
        return self.pieces * self.settings.units

    def linear(self, number: int) -> keras.layers.Layer:
        """A new linear layer for the place `number` of the stack, from 1, named `linear`."""
        raise NotImplementedError

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        return [layers[0](features, training=training)]


class Activated(keras.layers.Layer):  # type: ignore[misc]
    """A linear layer and its activation, `(batch, time, features)` to `(batch, time, units)`."""

    def __init__(self, linear: keras.layers.Layer, activation: str, pieces: int, name: str) -> None:
        super().__init__(name=name)
        self.linear = linear
        self.activation = activation_of(activation, rank=3, pieces=pieces)

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        self.linear.build(input_shape)
        build_activation(self.activation, self.linear.compute_output_shape(input_shape)[-1], rank=3)
        self.built = True

    def call(self, features: Any, training: bool = False) -> Any:
        """Units from features."""
        return activated(self.activation, self.linear(features), training)
