"""What a cell is: a maker of Keras recurrent layers that can write them as one ONNX operator."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.config import Encoder
from seqtag.model.export import Graph

# Keras's activations as ONNX's: operator, alpha, beta (Keras 3: leaky_relu has slope 0.2, hard_sigmoid is x
# / 6 + 1 / 2).
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


class Cell:
    """A kind of recurrent layer.

    Attributes:
        gated: Whether it has gates, and so a `recurrent_activation`.
        keras_layer: The Keras layer that is the reference.
        operator: The ONNX operator that computes the same.
    """

    gated: ClassVar[bool] = True
    keras_layer: ClassVar[Any]
    operator: ClassVar[str]

    def __init__(self, settings: Encoder) -> None:
        self.settings = settings
        self.activation = settings.activation or "tanh"
        self.recurrent_activation = settings.recurrent_activation or "sigmoid"

    def layer(self, name: str) -> keras.layers.Layer:
        """A new layer that maps `(batch, time, features)` to `(batch, time, units)`, left to right."""
        settings = self.settings
        arguments: dict[str, Any] = {
            "activation": self.activation,
            "kernel_initializer": settings.kernel_initializer,
            "recurrent_initializer": settings.recurrent_initializer,
            "recurrent_dropout": settings.recurrent_dropout,
            "return_sequences": True,
            "name": name,
        }
        if self.gated:
            arguments["recurrent_activation"] = self.recurrent_activation
        return self.keras_layer(settings.units, **arguments)

    @property
    def keeps_keras_loop(self) -> bool:
        """Whether Keras's own loop must run: it alone drops states, and knows a GPU's fused kernels."""
        return bool(self.settings.recurrent_dropout) or bool(tf.config.list_physical_devices("GPU"))

    def run(self, layer: Any, features: Any, training: bool) -> Any:
        """The layer's output `(batch, time, units)`; a cell may know a faster way to what its Keras layer computes."""
        return layer(features, training=training)

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """ONNX's W `(gates * units, features)`, R `(gates * units, units)` and B `(2 * gates * units,)`."""
        raise NotImplementedError

    def onnx_activations(self) -> list[str]:
        """Keras names of the activations of one direction, in ONNX's order."""
        raise NotImplementedError

    def attributes(self) -> dict[str, Any]:
        """Further attributes of the ONNX operator."""
        return {}

    def export(self, graph: Graph, features: str, lengths: str, directions: Sequence[Any]) -> str:
        """Writes the layers of one or two directions as one node.

        Args:
            graph: The graph.
            features: Name of the input, `(batch, time, features)`.
            lengths: Name of the sentences' lengths, `(batch,)` int32.
            directions: The forward layer, and the backward layer if there is one.

        Returns:
            The name of the output, `(batch, time, directions * units)`: zeros at padding.
        """
        every, _ = self._node(graph, features, lengths, directions)  # (time, directions, batch, units)
        batch_first = graph.node("Transpose", every, perm=[2, 0, 1, 3])  # (batch, time, directions, units)
        joined = graph.integers(0, 0, len(directions) * self.settings.units)
        return str(graph.node("Reshape", batch_first, joined))

    def export_last(self, graph: Graph, features: str, lengths: str, directions: Sequence[Any]) -> str:
        """As `export`, but the name of each direction's last output, `(batch, directions * units)`."""
        _, last = self._node(graph, features, lengths, directions)  # (directions, batch, units)
        batch_first = graph.node("Transpose", last, perm=[1, 0, 2])
        return str(
            graph.node("Reshape", batch_first, graph.integers(0, len(directions) * self.settings.units))
        )

    def _node(self, graph: Graph, features: str, lengths: str, directions: Sequence[Any]) -> tuple[str, str]:
        kernels, recurrents, biases = zip(*(self.weights(layer) for layer in directions), strict=True)
        activations = [ONNX_ACTIVATIONS[name] for name in self.onnx_activations()] * len(directions)
        constants = {
            "activation_alpha": [alpha for _, alpha, _ in activations if alpha is not None],
            "activation_beta": [beta for _, _, beta in activations if beta is not None],
        }
        time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, features)
        every, last = graph.node(
            self.operator,
            time_first,
            graph.constant(np.stack(kernels)),
            graph.constant(np.stack(recurrents)),
            graph.constant(np.stack(biases)),
            lengths,
            outputs=2,
            hidden_size=self.settings.units,
            direction="bidirectional" if len(directions) == 2 else "forward",
            activations=[name for name, _, _ in activations],
            **{name: values for name, values in constants.items() if values},
            **self.attributes(),
        )
        return every, last


def reordered(array: NDArray[Any], order: str, wanted: str) -> NDArray[Any]:
    """Keras's gates, side by side on the last axis in `order`, as ONNX wants them: one below the other in
    `wanted`.
    """
    parts = dict(zip(order, np.split(array, len(order), axis=-1), strict=True))
    return np.concatenate([parts[gate].T for gate in wanted], axis=0)
