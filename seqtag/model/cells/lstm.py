"""Long short-term memory."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.model.cells.base import Cell, reordered


class LSTM(Cell):
    """A memory cell with input, forget and output gates.

    Hochreiter and Schmidhuber (1997, "Long Short-Term Memory"), with the forget gate of Gers et al. (2000)
    and its bias started at 1 (Jozefowicz et al. 2015), as Keras has it.
    """

    keras_layer = keras.layers.LSTM
    operator = "LSTM"

    def run(self, layer: Any, features: Any, training: bool) -> Any:
        if (self.activation, self.recurrent_activation) != ("tanh", "sigmoid") or self.keeps_keras_loop:
            return super().run(layer, features, training)
        kernel, recurrent, bias = (weight.value for weight in layer.cell.weights)
        projected = tf.transpose(tf.matmul(features, kernel) + bias, [1, 0, 2])  # (time, batch, 4 * units)
        return tf.transpose(unrolled(projected, recurrent), [1, 0, 2])

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        kernel, recurrent, bias = (reordered(array, "ifco", "iofc") for array in layer.get_weights())
        return kernel, recurrent, np.concatenate([bias, np.zeros_like(bias)])

    def onnx_activations(self) -> list[str]:
        return [self.recurrent_activation, self.activation, self.activation]


@tf.custom_gradient  # type: ignore[untyped-decorator]
def unrolled(projected: Any, recurrent: Any) -> tuple[Any, Any]:
    """All outputs `(time, batch, units)` of an LSTM with Keras's gates (input, forget, candidate, output).

    The same as Keras's layer, which is the reference, but for what is outside the loop: the product with the
    input is done for all steps at once by the caller, and the gradient of the recurrent weights in one
    product at the end.

    Args:
        projected: Inputs times input weights plus bias, `(time, batch, 4 * units)`.
        recurrent: Recurrent weights `(units, 4 * units)`.
    """
    time = tf.shape(projected)[0]
    zeros = tf.zeros_like(projected[0, :, : recurrent.shape[0]])  # (batch, units)

    def array() -> Any:
        return tf.TensorArray(projected.dtype, size=time)

    def forward(t: Any, output: Any, cell: Any, outputs: Any, cells: Any, gates: Any) -> tuple[Any, ...]:
        i, f, candidate, o = tf.split(projected[t] + tf.matmul(output, recurrent), 4, axis=1)
        i, f, candidate, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(candidate), tf.sigmoid(o)
        cell = f * cell + i * candidate
        output = o * tf.tanh(cell)
        return (
            t + 1,
            output,
            cell,
            outputs.write(t, output),
            cells.write(t, cell),
            gates.write(t, tf.concat([i, f, candidate, o], axis=1)),
        )

    first = (tf.constant(0), zeros, zeros, array(), array(), array())
    *_, outputs, cells, gates = tf.while_loop(lambda t, *_: t < time, forward, first)
    outputs, cells, gates = outputs.stack(), cells.stack(), gates.stack()

    def gradient(upstream: Any) -> tuple[Any, Any]:
        i, f, candidate, o = tf.split(gates, 4, axis=2)  # each (time, batch, units)
        squashed = tf.tanh(cells)
        before = tf.concat([zeros[None], cells[:-1]], axis=0)
        # What a change of cell or output means for each gate's input, for all steps at once.
        of_cell = tf.concat([candidate * i * (1 - i), before * f * (1 - f), i * (1 - candidate**2)], axis=2)
        of_output = squashed * o * (1 - o)
        through = o * (1 - squashed**2)
        back = tf.transpose(recurrent)

        def backward(t: Any, output: Any, cell: Any, inputs: Any) -> tuple[Any, ...]:
            output += upstream[t]
            cell += output * through[t]
            own = tf.concat([tf.tile(cell, [1, 3]) * of_cell[t], output * of_output[t]], axis=1)
            return t - 1, tf.matmul(own, back), cell * f[t], inputs.write(t, own)

        *_, inputs = tf.while_loop(lambda t, *_: t >= 0, backward, (time - 1, zeros, zeros, array()))
        inputs = inputs.stack()  # (time, batch, 4 * units)
        past = tf.concat([zeros[None], outputs[:-1]], axis=0)
        return inputs, tf.einsum("tbi,tbj->ij", past, inputs)

    return outputs, gradient
