"""Activations by name."""

from typing import Any

import keras

FIRST_SLOPE = 0.25  # of prelu, as its paper has it


def activation_of(name: str, rank: int = 2, layer_name: str = "prelu") -> Any:
    """The function of that name; for prelu a layer, since it has weights: one slope a unit, the same at each step.

    PReLU is from He et al. 2015, "Delving Deep into Rectifiers".

    Args:
        name: One of `seqtag.settings.config.ACTIVATIONS`.
        rank: 2 for arrays `(batch, units)`, 3 for `(batch, time, units)`.
        layer_name: The name of the layer, if it is one.
    """
    if name != "prelu":
        return keras.activations.get(name)
    slope = keras.initializers.Constant(FIRST_SLOPE)
    shared = [1] if rank == 3 else None
    return keras.layers.PReLU(alpha_initializer=slope, shared_axes=shared, name=layer_name)


def build_activation(activation: Any, units: int, rank: int = 2) -> None:
    """Makes the weights of an activation that has some."""
    if isinstance(activation, keras.layers.Layer):
        activation.build((None,) * (rank - 1) + (units,))
