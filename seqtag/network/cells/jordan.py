"""The recurrent network that sees its own output."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.network.cells.activations import activated, activation_of, build_activation
from seqtag.network.cells.base import RecurrentCell
from seqtag.network.cells.simplernn import SLOPES, ElmanCell
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import UsageError


class Jordan(RecurrentCell):
    """o_t = f(U f(W x_t + V o_{t-1} + b) + c): what comes back is the output, not the hidden state.

    After Jordan (1986, "Serial Order: A Parallel Distributed Processing Approach"): a hidden layer h_t = f(W x_t + V
    o_{t-1} + b), an output layer o_t = f(U h_t + c), and nothing but o_{t-1} goes on to the next word. So
    O_t = F(X_t W + O_{t-1} V + b) holds for the layer's own output O, with F(z) = f(f(z) U + c). Without the
    output layer the formula would be Elman's, whose output is its hidden state. Hidden and output layer have
    `units` each and the same activation; Jordan's state units have a decay, here 0.
    """

    gated = False

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(settings)
        if self.activation == "maxout":
            raise UsageError("encoder.activation: maxout is for simplernn, dense and cnn. Received: jordan")

    def layer(self, name: str) -> keras.layers.Layer:
        cell = JordanCell(self.settings.units, name="cell", **self.arguments)
        return keras.layers.RNN(cell, return_sequences=True, name=name)

    @property
    def unrolls(self) -> bool:
        return self.activation in SLOPES and not self.keeps_keras_loop

    def unrolled(self, layer: Any, features: Any, first: Sequence[Any]) -> tuple[Any, list[Any]]:
        kernel, feedback, bias, output_weights = self.weights_of(layer)
        if not self.settings.use_bias:
            output_weights.append(tf.zeros(self.settings.units, kernel.dtype))
        projected = tf.transpose(tf.matmul(features, kernel) + bias, [1, 0, 2])  # (time, batch, units)
        outputs = unrolled(self.activation)(projected, feedback, *output_weights, *first)
        return tf.transpose(outputs, [1, 0, 2]), [outputs[-1]]


@keras.saving.register_keras_serializable("seqtag")
class JordanCell(ElmanCell):
    """Elman's step with an output layer upon it, whose result is the state."""

    def __init__(self, units: int, activation: str = "tanh", **arguments: Any) -> None:
        super().__init__(units, activation, **arguments)
        self.output_squash = activation_of(activation, layer_name="output_prelu")

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.output_kernel = self.add_weight(
            shape=(self.units, self.units), initializer=self.kernel_initializer, name="output_kernel"
        )
        if self.use_bias:
            self.output_bias = self.add_weight(shape=(self.units,), initializer="zeros", name="output_bias")
        build_activation(self.output_squash, self.units)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        hidden, _ = super().call(inputs, states, training=training)  # (batch, units)
        total = keras.ops.matmul(hidden, self.output_kernel)
        total = total + self.output_bias if self.use_bias else total
        output = activated(self.output_squash, total, training)
        return output, [output]


def unrolled(activation: str) -> Callable[..., Any]:
    """A function that gives all outputs `(time, batch, units)`. As with the LSTM, the loops hold only what depends on
    the step before.

    Its arguments: projected inputs `(time, batch, units)`, feedback weights and output weights `(units, units)`, output
    bias `(units,)`, and the output before the first step `(batch, units)`.
    """
    squash = keras.activations.get(activation)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(
        projected: Any, feedback: Any, output_kernel: Any, output_bias: Any, first: Any
    ) -> tuple[Any, Any]:
        time = tf.shape(projected)[0]

        def array() -> Any:
            return tf.TensorArray(projected.dtype, size=time)

        def forward(t: Any, output: Any, hiddens: Any, outputs: Any) -> tuple[Any, ...]:
            hidden = squash(projected[t] + tf.matmul(output, feedback))
            output = squash(tf.matmul(hidden, output_kernel) + output_bias)
            return t + 1, output, hiddens.write(t, hidden), outputs.write(t, output)

        start = (tf.constant(0), first, array(), array())
        *_, hiddens, outputs = tf.while_loop(lambda t, *_: t < time, forward, start)
        hiddens, outputs = hiddens.stack(), outputs.stack()

        def gradient(upstream: Any) -> tuple[Any, ...]:
            of_hidden, of_output = SLOPES[activation](hiddens), SLOPES[activation](outputs)
            output_back, back = tf.transpose(output_kernel), tf.transpose(feedback)

            def backward(t: Any, output: Any, inner: Any, outer: Any) -> tuple[Any, ...]:
                left = (output + upstream[t]) * of_output[t]
                entered = tf.matmul(left, output_back) * of_hidden[t]
                return t - 1, tf.matmul(entered, back), inner.write(t, entered), outer.write(t, left)

            start = (time - 1, tf.zeros_like(first), array(), array())
            _, of_first, inner, outer = tf.while_loop(lambda t, *_: t >= 0, backward, start)
            inner, outer = inner.stack(), outer.stack()
            before = tf.concat([first[None], outputs[:-1]], axis=0)
            return (
                inner,
                tf.einsum("tbi,tbj->ij", before, inner),
                tf.einsum("tbi,tbj->ij", hiddens, outer),
                tf.reduce_sum(outer, axis=[0, 1]),
                of_first,
            )

        return outputs, gradient

    return run  # type: ignore[no-any-return]
