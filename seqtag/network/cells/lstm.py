"""Long short-term memory."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf

from seqtag.graph.cells.base import chosen_gates
from seqtag.network.cells.base import GateBias, RecurrentCell
from seqtag.settings.config import EncoderSettings


class LSTM(RecurrentCell):
    """A memory cell with input, forget and output gates.

    Hochreiter and Schmidhuber (1997, "Long Short-Term Memory"), with the forget gate of Gers et al. (2000); its bias
    starts at `encoder.forget_bias`, by default at 1 (Jozefowicz et al. 2015), as Keras has it.

    Its variants share this class and change what the attributes say; they run as `VariantCell`.

    Attributes:
        order: The gates as the weights hold them, by their first letters: input, forget, candidate, output.
    """

    order: ClassVar[str] = "ifco"
    fused = True
    memories = 2

    def __init__(self, settings: EncoderSettings) -> None:
        self.peeping = chosen_gates(settings, self.peeping)
        super().__init__(settings)

    def layer(self, name: str) -> keras.layers.Layer:
        units = self.settings.units
        return keras.layers.LSTM(
            units, unit_forget_bias=False, return_sequences=True, name=name, **self.arguments
        )

    @property
    def arguments(self) -> dict[str, Any]:
        value, gates = self.settings.forget_bias, len(self.order)
        if "f" in self.order:
            bias = GateBias(self.order.index("f"), gates, value)
        else:  # the cell keeps 1 - i: with the input gate's bias at -b it starts with the same share kept
            bias = GateBias(self.order.index("i"), gates, -value)
        return super().arguments | {"bias_initializer": bias}

    @property
    def unrolls(self) -> bool:
        return (self.activation, self.recurrent_activation) == (
            "tanh",
            "sigmoid",
        ) and not self.keeps_keras_loop

    def unrolled(self, layer: Any, features: Any, first: Sequence[Any]) -> tuple[Any, list[Any]]:
        kernel, recurrent, bias, peepholes = self.weights_of(layer)
        if peepholes:  # the gates without get zeros
            rows = dict(zip(self.peeping, tf.unstack(peepholes[0]), strict=True))
            nothing = tf.zeros(self.settings.units, kernel.dtype)
            peepholes = [tf.stack([rows.get(gate, nothing) for gate in type(self).peeping])]
        run = unrolled("f" not in self.order)
        outputs, cell = run(tf.transpose(features, [1, 0, 2]), kernel, recurrent, bias, *first, *peepholes)
        return tf.transpose(outputs, [1, 0, 2]), [outputs[-1], cell]


class LSTMVariant(LSTM):
    """What the variants of the LSTM share: a cell that Keras does not have, in Keras's loop."""

    fused = False

    def layer(self, name: str) -> keras.layers.Layer:
        cell = VariantCell(
            self.settings.units, order=self.order, peeping=self.peeping, name="cell", **self.arguments
        )
        return keras.layers.RNN(cell, return_sequences=True, name=name)


@keras.saving.register_keras_serializable("seqtag")
class VariantCell(keras.layers.LSTMCell):  # type: ignore[misc]
    """One step of an LSTM with peepholes, coupled gates, or both; without either it is Keras's.

    Args:
        units: Size of output and memory.
        order: The gates, as in `LSTM`; without an `f` the forget gate is 1 - i.
        peeping: The gates with peepholes: the output gate sees the new memory, the others see the old one.
        arguments: Those of Keras's cell.
    """

    def __init__(self, units: int, order: str = "ifco", peeping: str = "", **arguments: Any) -> None:
        super().__init__(units, **(arguments | {"unit_forget_bias": False}))
        self.order = order
        self.peeping = peeping
        self.dropout_mask_count = len(order)  # a mask for each gate, as Keras has it

    def build(self, input_shape: Any) -> None:
        """Makes the weights; peepholes start at 0, so that all starts as without them."""
        gates = len(self.order) * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], gates), initializer=self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, gates), initializer=self.recurrent_initializer, name="recurrent_kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(gates,), initializer=self.bias_initializer, name="bias")
        if self.peeping:
            self.peepholes = self.add_weight(
                shape=(len(self.peeping), self.units), initializer="zeros", name="peepholes"
            )
        self.built = True

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One step: the output `(batch, units)`, and output and memory as the states."""
        ops = keras.ops
        before, cell = states
        masks = self.get_recurrent_dropout_mask(before) if training else None
        if masks is None:
            past = ops.matmul(before, self.recurrent_kernel)
        else:
            kernels = ops.split(self.recurrent_kernel, len(self.order), axis=1)
            pasts = [ops.matmul(before * m, kernel) for m, kernel in zip(masks, kernels, strict=True)]
            past = ops.concatenate(pasts, axis=1)
        total = ops.matmul(inputs, self.kernel) + (self.bias if self.use_bias else 0.0) + past
        of = dict(zip(self.order, ops.split(total, len(self.order), axis=1), strict=True))
        peeps = {gate: self.peepholes[row] for row, gate in enumerate(self.peeping)}

        def gate(letter: str, seen: Any) -> Any:
            peep = peeps[letter] * seen if letter in peeps else 0.0
            return self.recurrent_activation(of[letter] + peep)

        enter = gate("i", cell)
        keep = gate("f", cell) if "f" in of else 1 - enter
        cell = keep * cell + enter * self.activation(of["c"])
        output = gate("o", cell) * self.activation(cell)
        return output, [output, cell]

    def get_config(self) -> dict[str, Any]:
        """Keras's own, and which variant it is."""
        return {**super().get_config(), "order": self.order, "peeping": self.peeping}


def unrolled(coupled: bool) -> Any:
    """A function that gives all outputs `(time, batch, units)` and the last memory `(batch, units)` of an LSTM with
    Keras's gates: input, forget (none if coupled: it is 1 - input), candidate, output. The same as the Keras layer,
    which is the reference.

    Its arguments: inputs `(time, batch, features)`; input weights `(features, gates * units)`; recurrent weights
    `(units, gates * units)`; bias `(gates * units,)`; output and memory before the first step, `(batch, units)`; and
    the peephole weights, if there are any, a row for each gate but the candidate. The gradient is written out: a loop
    that holds only what depends on the step after it, and the products with all steps at once behind it.
    """
    gates = 3 if coupled else 4

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(features: Any, *rest: Any) -> tuple[Any, Any]:
        kernel, recurrent, _, first_output, first_cell, *peepholes = rest
        # The peephole weights of input gate, forget gate (none if coupled), output gate: each (units,).
        peep_i, *peep_f, peep_o = tf.unstack(peepholes[0]) if peepholes else (None, None)
        forward = _stepped if coupled else _fused
        i, f, candidate, o, cells, squashed, outputs = forward(features, *rest)
        time = tf.shape(features)[0]

        def gradient(upstream: Any, upstream_cell: Any) -> tuple[Any, ...]:
            before = tf.concat([first_cell[None], cells[:-1]], axis=0)
            # What a change of cell or output means for each gate's input, for all steps at once.
            if coupled:
                of_cell = [(candidate - before) * i * (1 - i), i * (1 - candidate**2)]
            else:
                of_cell = [candidate * i * (1 - i), before * f * (1 - f), i * (1 - candidate**2)]
            of_output = squashed * o * (1 - o)
            through = o * (1 - squashed**2)  # what a change of the output means for the cell
            onward = f  # what a change of the cell means for the cell before
            if peepholes:
                through += of_output * peep_o
                for own, peep in zip(of_cell, [peep_i, *peep_f], strict=False):  # not the candidate
                    onward += own * peep
            of_gates = tf.concat([*of_cell, of_output], axis=2)
            back = tf.transpose(recurrent)

            def backward(t: Any, output: Any, cell: Any, inputs: Any) -> tuple[Any, ...]:
                output += tf.gather(upstream, t)
                cell += output * tf.gather(through, t)
                own = tf.concat([cell] * (gates - 1) + [output], axis=1) * tf.gather(of_gates, t)
                return t - 1, tf.matmul(own, back), cell * tf.gather(onward, t), inputs.write(t, own)

            array = tf.TensorArray(features.dtype, size=time)
            last = (time - 1, tf.zeros_like(first_output), upstream_cell, array)
            _, *to_first, array = tf.while_loop(lambda t, *_: t >= 0, backward, last, parallel_iterations=1)
            inputs = array.stack()  # (time, batch, gates * units)
            past = tf.concat([first_output[None], outputs[:-1]], axis=0)
            found = (*_products(features, kernel, past, inputs), *to_first)
            if not peepholes:
                return found
            *early, _, late = tf.split(inputs, gates, axis=2)
            rows = [*((own, before) for own in early), (late, cells)]
            return *found, tf.stack([tf.reduce_sum(own * seen, axis=[0, 1]) for own, seen in rows])

        return (outputs, cells[-1]), gradient

    return run


def _products(features: Any, kernel: Any, past: Any, inputs: Any) -> tuple[Any, ...]:
    """The gradients of features, input weights, recurrent weights and bias.

    Args:
        features: The inputs, `(time, batch, features)`.
        kernel: The input weights.
        past: The output before each step, `(time, batch, units)`.
        inputs: The gradients of the gates' inputs, `(time, batch, gates * units)`.
    """
    flat = tf.reshape(inputs, [-1, kernel.shape[1]])
    read = tf.concat([features, past, tf.ones_like(past[:, :, :1])], axis=2)  # the bias reads a 1
    size, units = kernel.shape[0], past.shape[2]
    weights = tf.matmul(tf.reshape(read, [-1, size + units + 1]), flat, transpose_a=True)
    of_features = tf.reshape(tf.matmul(flat, kernel, transpose_b=True), tf.shape(features))
    return of_features, weights[:size], weights[size:-1], weights[-1]


def _fused(
    features: Any, kernel: Any, recurrent: Any, bias: Any, output: Any, cell: Any, *peepholes: Any
) -> tuple[Any, ...]:
    """Input gate, forget gate, candidate, output gate, memory, its tanh and output of all steps, each
    `(time, batch, units)`.

    TensorFlow's own operation; its gradient, in 2.21, is for another order of the gates.
    """
    units = recurrent.shape[0]
    peep_i, peep_f, peep_o = tf.unstack(peepholes[0]) if peepholes else [tf.zeros(units, features.dtype)] * 3
    found = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.cast(tf.shape(features)[0], tf.int64),
        x=features,
        cs_prev=cell,
        h_prev=output,
        w=tf.concat([kernel, recurrent], axis=0),
        wci=peep_i,
        wcf=peep_f,
        wco=peep_o,
        b=bias,
        cell_clip=0.0,
        use_peephole=bool(peepholes),
    )
    return found.i, found.f, found.ci, found.o, found.cs, found.co, found.h


def _stepped(
    features: Any, kernel: Any, recurrent: Any, bias: Any, output: Any, cell: Any, *peepholes: Any
) -> tuple[Any, ...]:
    """As `_fused`, with coupled gates, step by step."""
    time = tf.shape(features)[0]
    projected = tf.matmul(features, kernel) + bias  # (time, batch, gates * units)
    peep_i, peep_o = tf.unstack(peepholes[0]) if peepholes else (None, None)
    arrays = [tf.TensorArray(features.dtype, size=time) for _ in range(7)]

    def step(t: Any, output: Any, cell: Any, *arrays: Any) -> tuple[Any, ...]:
        i, candidate, o = tf.split(tf.gather(projected, t) + tf.matmul(output, recurrent), 3, axis=1)
        i = tf.sigmoid(i + cell * peep_i if peepholes else i)
        f, candidate = 1 - i, tf.tanh(candidate)
        cell = f * cell + i * candidate
        o = tf.sigmoid(o + cell * peep_o if peepholes else o)
        squashed = tf.tanh(cell)
        output = o * squashed
        kept = (i, f, candidate, o, cell, squashed, output)
        return t + 1, output, cell, *(a.write(t, now) for a, now in zip(arrays, kept, strict=True))

    first = (tf.constant(0), output, cell, *arrays)
    _, _, _, *arrays = tf.while_loop(lambda t, *_: t < time, step, first, parallel_iterations=1)
    return tuple(array.stack() for array in arrays)
