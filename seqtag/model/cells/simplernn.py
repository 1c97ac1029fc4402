"""The plain recurrent network."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.model.cells.base import Cell

# The slope of an activation, from its value.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda value: 1 - value**2,
    "sigmoid": lambda value: value * (1 - value),
    "relu": lambda value: tf.cast(value > 0, value.dtype),
}


class SimpleRNN(Cell):
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990, "Finding Structure in Time")."""

    gated = False
    keras_layer = keras.layers.SimpleRNN
    operator = "RNN"

    def run(self, layer: Any, features: Any, training: bool) -> Any:
        if self.activation not in SLOPES or self.keeps_keras_loop:
            return super().run(layer, features, training)
        kernel, recurrent, bias = (weight.value for weight in layer.cell.weights)
        projected = tf.transpose(tf.matmul(features, kernel) + bias, [1, 0, 2])  # (time, batch, units)
        return tf.transpose(unrolled(self.activation)(projected, recurrent), [1, 0, 2])

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        kernel, recurrent, bias = layer.get_weights()
        return kernel.T, recurrent.T, np.concatenate([bias, np.zeros_like(bias)])

    def onnx_activations(self) -> list[str]:
        return [self.activation]


def unrolled(activation: str) -> Callable[[Any, Any], Any]:
    """A function of projected inputs `(time, batch, units)` and recurrent weights `(units, units)` that gives all
    outputs `(time, batch, units)`. As with the LSTM, the loops hold only what depends on the step before.
    """
    squash = getattr(tf.nn, activation)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, recurrent: Any) -> tuple[Any, Any]:
        time = tf.shape(projected)[0]
        zeros = tf.zeros_like(projected[0])  # (batch, units)

        def array() -> Any:
            return tf.TensorArray(projected.dtype, size=time)

        def forward(t: Any, output: Any, outputs: Any) -> tuple[Any, ...]:
            output = squash(projected[t] + tf.matmul(output, recurrent))
            return t + 1, output, outputs.write(t, output)

        *_, outputs = tf.while_loop(lambda t, *_: t < time, forward, (tf.constant(0), zeros, array()))
        outputs = outputs.stack()

        def gradient(upstream: Any) -> tuple[Any, Any]:
            slopes = SLOPES[activation](outputs)
            back = tf.transpose(recurrent)

            def backward(t: Any, output: Any, inputs: Any) -> tuple[Any, ...]:
                own = (output + upstream[t]) * slopes[t]
                return t - 1, tf.matmul(own, back), inputs.write(t, own)

            *_, inputs = tf.while_loop(lambda t, *_: t >= 0, backward, (time - 1, zeros, array()))
            inputs = inputs.stack()
            before = tf.concat([zeros[None], outputs[:-1]], axis=0)
            return inputs, tf.einsum("tbi,tbj->ij", before, inputs)

        return outputs, gradient

    return run  # type: ignore[no-any-return]
