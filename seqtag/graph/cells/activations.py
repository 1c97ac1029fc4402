"""Activations: inside ONNX's recurrent operators, and as nodes of their own."""

from typing import Any

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Floats

RANDOM_SLOPES = (1 / 8, 1 / 3)  # of rrelu in training; otherwise it has their mean

# Keras's activations inside ONNX's recurrent operators: name, alpha, beta (Keras 3: leaky_relu has slope 0.2,
# hard_sigmoid is x / 6 + 1 / 2). Those that are missing here have no name there; a Scan does them.
ONNX_ACTIVATIONS: dict[str, tuple[str, float | None, float | None]] = {
    "tanh": ("Tanh", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "relu": ("Relu", None, None),
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "rrelu": ("LeakyRelu", sum(RANDOM_SLOPES) / 2, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "softsign": ("Softsign", None, None),
    "linear": ("Affine", 1.0, 0.0),
}


def write_activation(
    graph: Graph, name: str, value: str, slopes: Floats | None = None, pieces: int = 1
) -> str:
    """Writes the activation of a value, element by element; returns the name of the result.

    Args:
        graph: The graph.
        name: One of `seqtag.settings.config.ACTIVATIONS`.
        value: Name of an array `(..., units)`, or `(..., pieces * units)` for maxout.
        slopes: The slope of each unit, `(units,)`, for prelu.
        pieces: How many pieces stand side by side, for maxout.
    """
    if name == "maxout":
        return graph.node("Max", *graph.nodes("Split", value, count=pieces, axis=-1, num_outputs=pieces))
    if name == "linear":
        return value
    if slopes is not None:
        return graph.node("PRelu", value, graph.constant(slopes))
    if name == "hard_tanh":
        return graph.node("Clip", value, graph.float(-1), graph.float(1))
    operator, alpha, beta = ONNX_ACTIVATIONS[name]
    constants: dict[str, Any] = {"alpha": alpha, "beta": beta}
    return graph.node(operator, value, **{key: one for key, one in constants.items() if one is not None})
