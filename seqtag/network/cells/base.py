"""What a cell is: the kind of layer that the encoder stacks."""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from seqtag.graph.cells.base import check_peepholes
from seqtag.settings.config import UNGATED_ACTIVATIONS, EncoderSettings
from seqtag.support.errors import UsageError

# Keras's merge modes: what becomes of the directions' outputs, each (batch, time, units).
MERGES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "concat": lambda outputs: tf.concat(outputs, axis=-1),
    "sum": tf.add_n,
    "mul": lambda outputs: reduce(tf.multiply, outputs),
    "ave": lambda outputs: tf.add_n(outputs) / len(outputs),
}


class Cell:
    """A kind of layer of the encoder: `(batch, time, features)` to `(batch, time, width)`.

    Sentences are right-padded. What stands at padding never changes what comes out at words, and what comes out at
    padding is undefined.

    Args:
        settings: The `encoder` section of the configuration.

    Attributes:
        peeping: The gates that see the memory cell, by their first letters, in the order of the rows of the peephole
            weights.
    """

    peeping: str = ""

    def __init__(self, settings: EncoderSettings) -> None:
        self.settings = settings
        self.activation = settings.activation or "tanh"
        self.pieces = settings.maxout_pieces if self.activation == "maxout" else 1  # linear ones of a unit
        check_peepholes(settings, self.peeping)

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
        return MERGES[self.settings.merge_mode](outputs) if len(outputs) > 1 else outputs[0]


class RecurrentCell(Cell):
    """A cell with a state that goes from word to word; in both directions, it has a layer for each.

    The backward layer (Schuster and Paliwal 1997, "Bidirectional Recurrent Neural Networks") reads each sentence
    reversed within its own length. So padding stays on the right for both, no state ever passes through it, no layer
    needs a mask, and fused GPU kernels stay possible.

    Attributes:
        gated: Whether it has gates, and so a `recurrent_activation`.
        fused: Whether Keras has a fused GPU kernel for it.
        memories: How many states it has, each as wide as its output; the first one is its output.
    """

    gated: ClassVar[bool] = True
    fused: ClassVar[bool] = False
    memories: ClassVar[int] = 1

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(settings)
        self.recurrent_activation = settings.recurrent_activation or "sigmoid"
        if self.gated and self.activation in UNGATED_ACTIVATIONS:
            raise UsageError(
                f"encoder.activation: {self.activation} is for cells without gates (simplernn, jordan, dense, cnn). "
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
            "use_bias": settings.use_bias,
            "kernel_initializer": settings.kernel_initializer,
            "recurrent_initializer": settings.recurrent_initializer,
            "recurrent_dropout": settings.recurrent_dropout,
        }
        return arguments | ({"recurrent_activation": self.recurrent_activation} if self.gated else {})

    def weights_of(self, layer: Any, rows: int = 0) -> tuple[Any, Any, Any, list[Any]]:
        """A layer's input weights, recurrent weights, bias and all further weights.

        Where the cell has no bias, it is zeros: `(gates * units,)`, or with so many rows.
        """
        kernel, recurrent, *others = (weight.value for weight in layer.cell.weights)
        if self.settings.use_bias:
            bias, *others = others
            return kernel, recurrent, bias, others
        width = kernel.shape[-1]
        return kernel, recurrent, tf.zeros((rows, width) if rows else (width,), kernel.dtype), others

    @property
    def keeps_keras_loop(self) -> bool:
        """Whether Keras's own loop must run: it alone drops states, and knows a GPU's fused kernels."""
        on_gpu = self.fused and bool(tf.config.list_physical_devices("GPU"))
        return bool(self.settings.recurrent_dropout) or on_gpu

    @property
    def unrolls(self) -> bool:
        """Whether the cell knows, with these settings, a faster way to what its Keras layer computes: `unrolled`."""
        return False

    def unrolled(self, layer: Any, features: Any, first: Sequence[Any]) -> tuple[Any, list[Any]]:
        """As `carry`, with the layer's weights but not by the layer itself."""
        raise NotImplementedError

    def run(self, layer: Any, features: Any, training: bool) -> Any:
        """The layer's output `(batch, time, units)`."""
        if not self.unrolls:
            return layer(features, training=training)
        zeros = tf.zeros((tf.shape(features)[0], self.settings.units), features.dtype)
        return self.unrolled(layer, features, [zeros] * self.memories)[0]

    def carry(self, layer: Any, features: Any, first: Sequence[Any], training: bool) -> tuple[Any, list[Any]]:
        """The layer's output `(batch, time, units)` from other states than zeros, and the states after the last step.

        Args:
            layer: The layer.
            features: What it reads, `(batch, time, features)`, without padding.
            first: The states before the first step, each `(batch, units)`.
            training: Whether dropout acts.
        """
        if self.unrolls:
            return self.unrolled(layer, features, first)
        layer.return_state = True
        try:
            outputs, *last = layer(features, initial_state=list(first), training=training)
        finally:
            layer.return_state = False
        return outputs, last

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        outputs = [self.run(layers[0], features, training)]
        for layer in layers[1:]:
            backward = self.run(layer, reverse(features, lengths), training)
            outputs.append(reverse(backward, lengths))
        return outputs


@tf.custom_gradient  # type: ignore[untyped-decorator]
def reverse(array: Any, lengths: Any) -> tuple[Any, Any]:
    """Each sentence of `(batch, time, ...)` from its last word to its first; padding stays where it is.

    Done by rows, which takes a fraction of the time of `tf.reverse_sequence`.
    """
    places, ends = tf.range(tf.shape(array)[1])[None], lengths[:, None]
    order = tf.where(places < ends, ends - 1 - places, places)  # (batch, time)

    def run(array: Any) -> Any:
        return tf.ensure_shape(tf.gather(array, order, batch_dims=1), array.shape)

    return run(array), lambda upstream: (run(upstream), None)


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
