"""The plain recurrent network."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.network.cells.activations import activated, activation_of, build_activation
from seqtag.network.cells.base import RecurrentCell
from seqtag.settings.config import UNGATED_ACTIVATIONS

# The slope of an activation, from its value.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda value: 1 - value**2,
    "sigmoid": lambda value: value * (1 - value),
    "relu": lambda value: tf.cast(value > 0, value.dtype),
    "elu": lambda value: tf.where(value > 0, 1.0, value + 1),
    "leaky_relu": lambda value: tf.where(value > 0, 1.0, 0.2),
    "hard_sigmoid": lambda value: tf.cast((value > 0) & (value < 1), value.dtype) / 6,
    "hard_tanh": lambda value: tf.cast(tf.abs(value) < 1, value.dtype),
    "softsign": lambda value: (1 - tf.abs(value)) ** 2,
    "linear": tf.ones_like,
}


class SimpleRNN(RecurrentCell):
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990, "Finding Structure in Time").

    With f = relu and U started at the identity (`encoder.recurrent_initializer: identity`) it is the IRNN of Le,
    Jaitly and Hinton (2015, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units").
    """

    gated = False

    def layer(self, name: str) -> keras.layers.Layer:
        if self.activation not in UNGATED_ACTIVATIONS:
            return keras.layers.SimpleRNN(
                self.settings.units, return_sequences=True, name=name, **self.arguments
            )
        cell = ElmanCell(self.settings.units, pieces=self.pieces, name="cell", **self.arguments)
        return keras.layers.RNN(cell, return_sequences=True, name=name)

    @property
    def unrolls(self) -> bool:
        return self.activation in SLOPES and not self.keeps_keras_loop

    def unrolled(self, layer: Any, features: Any, first: Sequence[Any]) -> tuple[Any, list[Any]]:
        kernel, recurrent, bias, _ = self.weights_of(layer)
        projected = tf.transpose(tf.matmul(features, kernel) + bias, [1, 0, 2])  # (time, batch, units)
        outputs = unrolled(self.activation)(projected, recurrent, *first)
        return tf.transpose(outputs, [1, 0, 2]), [outputs[-1]]


@keras.saving.register_keras_serializable("seqtag")
class ElmanCell(keras.layers.SimpleRNNCell):  # type: ignore[misc]
    """Keras's cell, with an activation that may have weights, or be the largest of several linear pieces."""

    def __init__(self, units: int, activation: str = "tanh", pieces: int = 1, **arguments: Any) -> None:
        super().__init__(units, activation=None, **arguments)
        self.activation_name = activation
        self.pieces = pieces
        self.squash = activation_of(activation, pieces=pieces)

    def build(self, input_shape: Any) -> None:
        wide = self.pieces * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], wide), initializer=self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, wide), initializer=self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(wide,), initializer=self.bias_initializer, name="bias")
        build_activation(self.squash, self.units)
        self.built = True

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One step: the output `(batch, units)`, which is the state as well."""
        total, _ = super().call(inputs, states, training=training)
        output = activated(self.squash, total, training)
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        """Keras's own, with the activation by its name."""
        return {**super().get_config(), "activation": self.activation_name, "pieces": self.pieces}


def unrolled(activation: str) -> Callable[[Any, Any, Any], Any]:
    """A function of projected inputs `(time, batch, units)`, recurrent weights `(units, units)` and the output before
    the first step `(batch, units)` that gives all outputs `(time, batch, units)`. As with the LSTM, the loops hold only
    what depends on the step before.
    """
    squash = keras.activations.get(activation)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, recurrent: Any, first: Any) -> tuple[Any, Any]:
        time = tf.shape(projected)[0]

        def array() -> Any:
            return tf.TensorArray(projected.dtype, size=time)

        def forward(t: Any, output: Any, outputs: Any) -> tuple[Any, ...]:
            output = squash(tf.gather(projected, t) + tf.matmul(output, recurrent))
            return t + 1, output, outputs.write(t, output)

        *_, outputs = tf.while_loop(lambda t, *_: t < time, forward, (tf.constant(0), first, array()))
        outputs = outputs.stack()

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            slopes = SLOPES[activation](outputs)
            back = tf.transpose(recurrent)

            def backward(t: Any, output: Any, inputs: Any) -> tuple[Any, ...]:
                own = (output + tf.gather(upstream, t)) * tf.gather(slopes, t)
                return t - 1, tf.matmul(own, back), inputs.write(t, own)

            start = (time - 1, tf.zeros_like(first), array())
            _, of_first, inputs = tf.while_loop(lambda t, *_: t >= 0, backward, start)
            inputs = inputs.stack()
            before = tf.concat([first[None], outputs[:-1]], axis=0)
            return inputs, tf.einsum("tbi,tbj->ij", before, inputs), of_first

        return outputs, gradient

    return run  # type: ignore[no-any-return]
