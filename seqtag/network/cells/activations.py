"""Activations by name."""

from functools import partial, reduce
from typing import Any

import keras

from seqtag.graph.cells.activations import RANDOM_SLOPES

FIRST_SLOPE = 0.25  # of prelu, as its paper has it


def activation_of(name: str, rank: int = 2, layer_name: str = "prelu", pieces: int = 1) -> Any:
    """The function of that name; a layer where it has weights, or is random in training.

    PReLU is from He et al. 2015, "Delving Deep into Rectifiers": one slope a unit, the same at each step.

    Args:
        name: One of `seqtag.settings.config.ACTIVATIONS`.
        rank: 2 for arrays `(batch, units)`, 3 for `(batch, time, units)`.
        layer_name: The name of the layer, if it is one.
        pieces: The linear pieces of maxout.
    """
    if name == "rrelu":
        return RReLU(name=layer_name)
    if name == "maxout":
        return partial(maxout, pieces=pieces)
    if name != "prelu":
        return keras.activations.get(name)
    slope = keras.initializers.Constant(FIRST_SLOPE)
    shared = [1] if rank == 3 else None
    return keras.layers.PReLU(alpha_initializer=slope, shared_axes=shared, name=layer_name)


def build_activation(activation: Any, units: int, rank: int = 2) -> None:
    """Makes the weights of an activation that has some."""
    if isinstance(activation, keras.layers.Layer):
        activation.build((None,) * (rank - 1) + (units,))


def activated(activation: Any, value: Any, training: bool) -> Any:
    """What an activation makes of a value."""
    return activation(value, training=training) if isinstance(activation, RReLU) else activation(value)


def maxout(value: Any, pieces: int) -> Any:
    """The largest of the pieces of each unit, `(..., pieces * units)` to `(..., units)`.

    Goodfellow et al. 2013, "Maxout Networks".
    """
    return reduce(keras.ops.maximum, keras.ops.split(value, pieces, axis=-1))


class RReLU(keras.layers.Layer):  # type: ignore[misc]
    """A rectifier whose slope below 0 is drawn anew for each value in training, and otherwise the mean of all slopes
    (Xu et al. 2015, "Empirical Evaluation of Rectified Activations in Convolutional Network").

    What is drawn comes from a stream of its own, whose state is stored in checkpoints.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape: Any) -> None:
        """It has no weights."""
        self.built = True

    def call(self, value: Any, training: bool = False) -> Any:
        """The activated value, of any shape."""
        slope = sum(RANDOM_SLOPES) / 2
        if training:
            shape = keras.ops.shape(value)
            slope = keras.random.uniform(shape, *RANDOM_SLOPES, seed=self.seed_generator)
        return keras.ops.where(value > 0, value, slope * value)
