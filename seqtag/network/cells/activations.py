"""Activations by name: in Keras, inside ONNX's recurrent operators, and as ONNX nodes of their own."""

from typing import Any

import keras
import numpy as np

from seqtag.network.export import Graph

# Keras's activations inside ONNX's recurrent operators: name, alpha, beta (Keras 3: leaky_relu has slope 0.2,
# hard_sigmoid is x / 6 + 1 / 2). Those that are missing here have no name there; a Scan does them.
ONNX_ACTIVATIONS: dict[str, tuple[str, float | None, float | None]] = {
    "tanh": ("Tanh", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "relu": ("Relu", None, None),
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "softsign": ("Softsign", None, None),
    "linear": ("Affine", 1.0, 0.0),
}
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


def export_activation(graph: Graph, name: str, value: str, activation: Any = None) -> str:
    """Writes the activation of a value, element by element; returns the name of the result.

    Args:
        graph: The graph.
        name: One of `seqtag.settings.config.ACTIVATIONS`.
        value: Name of an array `(..., units)`.
        activation: What `activation_of` gave, for one that has weights.
    """
    if name == "linear":
        return value
    if name == "prelu":
        return str(graph.node("PRelu", value, graph.constant(activation.get_weights()[0].reshape(-1))))
    if name == "hard_tanh":
        bounds = [graph.constant(np.array(bound, np.float32)) for bound in (-1, 1)]
        return str(graph.node("Clip", value, *bounds))
    operator, alpha, beta = ONNX_ACTIVATIONS[name]
    constants: dict[str, Any] = {"alpha": alpha, "beta": beta}
    return str(graph.node(operator, value, **{k: v for k, v in constants.items() if v is not None}))
