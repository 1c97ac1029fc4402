"""What a cell is: the kind of layer that the encoder stacks, which can write itself as ONNX."""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.cells.activations import ONNX_ACTIVATIONS
from seqtag.network.export import Graph
from seqtag.settings.config import Encoder
from seqtag.support.errors import UsageError

# Keras's merge modes: what becomes of the directions' outputs, each (batch, time, units), and the ONNX operator that
# does the same over an axis of directions.
MERGES: dict[str, tuple[Callable[[Sequence[Any]], Any], str | None]] = {
    "concat": (lambda outputs: tf.concat(outputs, axis=-1), None),
    "sum": (tf.add_n, "ReduceSum"),
    "mul": (lambda outputs: reduce(tf.multiply, outputs), "ReduceProd"),
    "ave": (lambda outputs: tf.add_n(outputs) / len(outputs), "ReduceMean"),
}


class Cell:
    """A kind of layer of the encoder: `(batch, time, features)` to `(batch, time, width)`.

    Sentences are right-padded. What stands at padding never changes what comes out at words, and what comes out at
    padding is undefined.

    Args:
        settings: The `encoder` section of the configuration.
    """

    def __init__(self, settings: Encoder) -> None:
        self.settings = settings
        self.activation = settings.activation or "tanh"

    @property
    def width(self) -> int:
        """The size of a word's output."""
        return self.settings.units

    def layers(self, number: int) -> list[keras.layers.Layer]:
        """New layers for the place `number` of the stack, from 1: one, or one for each direction."""
        raise NotImplementedError

    def apply(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> Any:
        """What the layers of one place make of features and the sentences' lengths `(batch,)`."""
        return self.merge(self.directions(layers, features, lengths, training))

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        """As `apply`, but what each layer gives by itself, `(batch, time, units)`, forward first."""
        raise NotImplementedError

    def merge(self, outputs: Sequence[Any]) -> Any:
        """One output `(batch, time, width)` of all directions."""
        merge, _ = MERGES[self.settings.merge_mode]
        return merge(outputs) if len(outputs) > 1 else outputs[0]

    def export(self, graph: Graph, features: str, lengths: str, layers: Sequence[Any]) -> str:
        """Writes the layers of one place; returns the name of what comes out.

        Args:
            graph: The graph.
            features: Name of the input, `(batch, time, features)`.
            lengths: Name of the sentences' lengths, `(batch,)` int32.
            layers: What `layers` gave.
        """
        raise NotImplementedError


class RecurrentCell(Cell):
    """A cell with a state that goes from word to word; in both directions, it has a layer for each.

    The backward layer (Schuster and Paliwal 1997, "Bidirectional Recurrent Neural Networks") reads each sentence
    reversed within its own length. So padding stays on the right for both, no state ever passes through it, no layer
    needs a mask, and fused GPU kernels stay possible.

    Attributes:
        gated: Whether it has gates, and so a `recurrent_activation`.
        fused: Whether Keras has a fused GPU kernel for it.
        operator: The ONNX operator that computes the same, if there is one.
    """

    gated: ClassVar[bool] = True
    fused: ClassVar[bool] = False
    operator: ClassVar[str | None] = None

    def __init__(self, settings: Encoder) -> None:
        super().__init__(settings)
        self.recurrent_activation = settings.recurrent_activation or "sigmoid"
        if self.gated and self.activation == "prelu":
            raise UsageError(
                f"encoder.activation: prelu is for cells without gates (simplernn, jordan, dense, cnn). "
                f"Received: {settings.cell}"
            )

    @property
    def width(self) -> int:
        joined = self.settings.bidirectional and self.settings.merge_mode == "concat"
        return self.settings.units * (2 if joined else 1)

    def layers(self, number: int) -> list[keras.layers.Layer]:
        names = ["forward", "backward"] if self.settings.bidirectional else ["forward"]
        return [self.layer(f"{name}_{number}") for name in names]

    def layer(self, name: str) -> keras.layers.Layer:
        """A new layer that maps `(batch, time, features)` to `(batch, time, units)`, left to right."""
        raise NotImplementedError

    @property
    def arguments(self) -> dict[str, Any]:
        """What every Keras cell here is made with."""
        settings = self.settings
        arguments: dict[str, Any] = {
            "activation": self.activation,
            "kernel_initializer": settings.kernel_initializer,
            "recurrent_initializer": settings.recurrent_initializer,
            "recurrent_dropout": settings.recurrent_dropout,
        }
        return arguments | ({"recurrent_activation": self.recurrent_activation} if self.gated else {})

    @property
    def keeps_keras_loop(self) -> bool:
        """Whether Keras's own loop must run: it alone drops states, and knows a GPU's fused kernels."""
        on_gpu = self.fused and bool(tf.config.list_physical_devices("GPU"))
        return bool(self.settings.recurrent_dropout) or on_gpu

    def run(self, layer: Any, features: Any, training: bool) -> Any:
        """The layer's output `(batch, time, units)`; a cell may know a faster way to what its Keras layer computes."""
        return layer(features, training=training)

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        outputs = [self.run(layers[0], features, training)]
        for layer in layers[1:]:
            backward = self.run(layer, reverse(features, lengths), training)
            outputs.append(reverse(backward, lengths))
        return outputs

    # --------------------------------------------------------------------------------------------------------
    # ONNX

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """ONNX's W `(gates * units, features)`, R `(gates * units, units)` and B `(2 * gates * units,)`."""
        raise NotImplementedError

    def peepholes(self, layer: Any) -> NDArray[Any] | None:
        """ONNX's P `(3 * units,)`, of a cell that has it."""
        return None

    def onnx_activations(self) -> list[str]:
        """Keras names of the activations of one direction, in ONNX's order."""
        raise NotImplementedError

    def attributes(self) -> dict[str, Any]:
        """Further attributes of the ONNX operator."""
        return {}

    def loop(self, graph: Graph, features: str, layer: Any) -> str:
        """Writes one direction as a `Scan`, for what the operator does not know.

        Args:
            graph: The graph.
            features: Name of the input, `(time, batch, features)`.
            layer: The layer.

        Returns:
            The name of the outputs `(time, batch, units)`.
        """
        raise NotImplementedError

    def export(self, graph: Graph, features: str, lengths: str, layers: Sequence[Any]) -> str:
        if self.operator and {*self.onnx_activations()} <= ONNX_ACTIVATIONS.keys():
            every, _ = self._node(graph, features, lengths, layers)
        else:
            every = self._loops(graph, features, lengths, layers)
        _, operator = MERGES[self.settings.merge_mode]
        if operator and len(layers) > 1:
            merged = graph.node(operator, every, graph.integers(1), keepdims=0)  # (time, batch, units)
            return str(graph.node("Transpose", merged, perm=[1, 0, 2]))
        batch_first = graph.node("Transpose", every, perm=[2, 0, 1, 3])  # (batch, time, directions, units)
        joined = graph.integers(0, 0, len(layers) * self.settings.units)
        return str(graph.node("Reshape", batch_first, joined))

    def export_last(self, graph: Graph, features: str, lengths: str, layers: Sequence[Any]) -> str:
        """As `export`, but the name of each direction's last output, `(batch, directions * units)`."""
        _, last = self._node(graph, features, lengths, layers)  # (directions, batch, units)
        batch_first = graph.node("Transpose", last, perm=[1, 0, 2])
        return str(graph.node("Reshape", batch_first, graph.integers(0, len(layers) * self.settings.units)))

    def _node(self, graph: Graph, features: str, lengths: str, layers: Sequence[Any]) -> tuple[str, str]:
        """One operator for all directions: every output `(time, directions, batch, units)` and the last ones."""
        kernels, recurrents, biases = zip(*(self.weights(layer) for layer in layers), strict=True)
        peepholes = [array for layer in layers if (array := self.peepholes(layer)) is not None]
        optional = ["", "", graph.constant(np.stack(peepholes))] if peepholes else []  # no initial states
        activations = [ONNX_ACTIVATIONS[name] for name in self.onnx_activations()] * len(layers)
        constants = {
            "activation_alpha": [alpha for _, alpha, _ in activations if alpha is not None],
            "activation_beta": [beta for _, _, beta in activations if beta is not None],
        }
        time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, features)
        every, last = graph.node(
            str(self.operator),
            time_first,
            graph.constant(np.stack(kernels)),
            graph.constant(np.stack(recurrents)),
            graph.constant(np.stack(biases)),
            lengths,
            *optional,
            outputs=2,
            hidden_size=self.settings.units,
            direction="bidirectional" if len(layers) == 2 else "forward",
            activations=[name for name, _, _ in activations],
            **{name: values for name, values in constants.items() if values},
            **self.attributes(),
        )
        return every, last

    def _loops(self, graph: Graph, features: str, lengths: str, layers: Sequence[Any]) -> str:
        """A loop for each direction, `(time, directions, batch, units)`."""
        time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, features)
        outputs = [self.loop(graph, time_first, layers[0])]
        for layer in layers[1:]:
            long_lengths = graph.node("Cast", lengths, to=7)
            backward = self.loop(graph, graph.node("ReverseSequence", time_first, long_lengths), layer)
            outputs.append(graph.node("ReverseSequence", backward, long_lengths))
        apart = [graph.node("Unsqueeze", output, graph.integers(1)) for output in outputs]
        return str(graph.node("Concat", *apart, axis=1))

    def zeros(self, graph: Graph, features: str) -> str:
        """Writes a first state `(batch, units)` for features `(time, batch, features)`."""
        batch = graph.node("Shape", features, start=1, end=2)
        return str(
            graph.node(
                "ConstantOfShape", graph.node("Concat", batch, graph.integers(self.settings.units), axis=0)
            )
        )


def affine(graph: Graph, value: str, kernel: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
    """Writes `value @ kernel + bias`."""
    product = graph.node("MatMul", value, graph.constant(kernel))
    return str(product if bias is None else graph.node("Add", product, graph.constant(bias)))


def reordered(array: NDArray[Any], order: str, wanted: str) -> NDArray[Any]:
    """Keras's gates, side by side on the last axis in `order`, as ONNX wants them: one below the other in
    `wanted`, zeros for a gate that there is not.
    """
    parts = dict(zip(order, np.split(array, len(order), axis=-1), strict=True))
    nothing = np.zeros_like(parts[order[0]])
    return np.concatenate([parts.get(gate, nothing).T for gate in wanted], axis=0)


def reverse(array: Any, lengths: Any) -> Any:
    """Each sentence of `(batch, time, ...)` from its last word to its first; padding stays where it is."""
    return tf.reverse_sequence(array, lengths, seq_axis=1, batch_axis=0)


@keras.saving.register_keras_serializable("seqtag")
class GateBias(keras.initializers.Initializer):  # type: ignore[misc]
    """Zeros, but for the bias of one gate.

    Args:
        gate: Which of them, from 0 on.
        gates: How many there are, each as wide as the cell: the bias is `(gates * units,)`, or `(2, gates * units)` for
            a cell with a bias for inputs and one for states, of which the first is set.
        value: Its first value.
    """

    def __init__(self, gate: int, gates: int, value: float) -> None:
        self.gate = gate
        self.gates = gates
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        bias = np.zeros((math.prod(shape[:-1]), self.gates, shape[-1] // self.gates))
        bias[0, self.gate] = self.value
        return keras.ops.convert_to_tensor(bias.reshape(shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"gate": self.gate, "gates": self.gates, "value": self.value}
