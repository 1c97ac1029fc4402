"""The gated recurrent unit."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.network.cells.base import GateBias, RecurrentCell


class GRU(RecurrentCell):
    """Update and reset gates, no separate memory (Cho et al. 2014, "Learning Phrase Representations using RNN
    Encoder-Decoder"); the reset gate acts after the matrix product, which is Keras's default and cuDNN's
    form. `encoder.update_bias` is the first bias of the update gate: the more, the longer the state stays (Tallec and
    Ollivier 2018, "Can recurrent neural networks warp time?").
    """

    fused = True

    def layer(self, name: str) -> keras.layers.Layer:
        return keras.layers.GRU(self.settings.units, return_sequences=True, name=name, **self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        return super().arguments | {"bias_initializer": GateBias(0, 3, self.settings.update_bias)}

    @property
    def unrolls(self) -> bool:
        return (self.activation, self.recurrent_activation) == (
            "tanh",
            "sigmoid",
        ) and not self.keeps_keras_loop

    def unrolled(self, layer: Any, features: Any, first: Sequence[Any]) -> tuple[Any, list[Any]]:
        kernel, recurrent, bias, _ = self.weights_of(layer, rows=2)
        projected = tf.transpose(tf.matmul(features, kernel) + bias[0], [1, 0, 2])
        outputs = unrolled(projected, recurrent, bias[1], *first)
        return tf.transpose(outputs, [1, 0, 2]), [outputs[-1]]


@tf.custom_gradient  # type: ignore[untyped-decorator]
def unrolled(projected: Any, recurrent: Any, bias: Any, first: Any) -> tuple[Any, Any]:
    """All outputs `(time, batch, units)` of a GRU with Keras's gates (update, reset, candidate), the reset after the
    product. As with the LSTM, the loops hold only what depends on the step before.

    Args:
        projected: Inputs times input weights plus input bias, `(time, batch, 3 * units)`.
        recurrent: Recurrent weights `(units, 3 * units)`.
        bias: Recurrent bias `(3 * units,)`.
        first: The output before the first step, `(batch, units)`.
    """
    time = tf.shape(projected)[0]

    def array() -> Any:
        return tf.TensorArray(projected.dtype, size=time)

    def forward(t: Any, output: Any, outputs: Any, gates: Any) -> tuple[Any, ...]:
        past_z, past_r, past = tf.split(tf.matmul(output, recurrent) + bias, 3, axis=1)
        z, r, candidate = tf.split(tf.gather(projected, t), 3, axis=1)
        z, r = tf.sigmoid(z + past_z), tf.sigmoid(r + past_r)
        candidate = tf.tanh(candidate + r * past)
        output = z * output + (1 - z) * candidate
        return (
            t + 1,
            output,
            outputs.write(t, output),
            gates.write(t, tf.concat([z, r, candidate, past], axis=1)),
        )

    *_, outputs, gates = tf.while_loop(
        lambda t, *_: t < time, forward, (tf.constant(0), first, array(), array())
    )
    outputs, gates = outputs.stack(), gates.stack()

    def gradient(upstream: Any) -> tuple[Any, Any, Any, Any]:
        z, r, candidate, past = tf.split(gates, 4, axis=2)  # each (time, batch, units)
        before = tf.concat([first[None], outputs[:-1]], axis=0)
        # What a change of the output means for each gate's input, for all steps at once.
        of_z = (before - candidate) * z * (1 - z)
        of_candidate = (1 - z) * (1 - candidate**2)
        of_r = of_candidate * past * r * (1 - r)
        of_past = tf.concat([of_z, of_r, of_candidate * r], axis=2)
        back = tf.transpose(recurrent)

        def backward(t: Any, output: Any, changes: Any) -> tuple[Any, ...]:
            output += tf.gather(upstream, t)
            through = tf.matmul(tf.tile(output, [1, 3]) * tf.gather(of_past, t), back)
            return t - 1, output * tf.gather(z, t) + through, changes.write(t, output)

        start = (time - 1, tf.zeros_like(first), array())
        _, of_first, changes = tf.while_loop(lambda t, *_: t >= 0, backward, start)
        changes = tf.tile(changes.stack(), [1, 1, 3])  # (time, batch, 3 * units)
        pasts = changes * of_past
        return (
            changes * tf.concat([of_z, of_r, of_candidate], axis=2),
            tf.einsum("tbi,tbj->ij", before, pasts),
            tf.reduce_sum(pasts, axis=[0, 1]),
            of_first,
        )

    return outputs, gradient
