"""How gradients fare on their way back through the words: the network's cells taken one step at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.build import Arrays
from seqtag.network.cells.base import reverse
from seqtag.network.cells.jordan import JordanCell
from seqtag.network.cells.lstm import VariantCell

PROBES = 128  # a state with more numbers is probed in so many directions
ROWS = 8192  # rows that go through a cell at once
GATE_NAMES = {"i": "input", "f": "forget", "c": "candidate", "o": "output"}


class Followed(Protocol):
    """A network whose gradients can be followed: the vectors of tokens go through encoders to a loss."""

    @property
    def encoders(self) -> Sequence[Any]:
        """Its encoders. One named `backward` reads each sentence from its last token to its first."""
        ...

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What each encoder reads, `(batch, time, dim)`."""
        ...

    def loss_from(self, features: Sequence[Any], inputs: Arrays, targets: Any) -> Any:
        """The loss, a scalar, from what each encoder makes of the vectors, `(batch, time, width)`; nothing is
        dropped.
        """
        ...


@dataclass(frozen=True)
class Trace:
    """A layer in one direction, and what it did on a batch; time is in its own reading order.

    Attributes:
        layer: The layer, from 1.
        direction: `forward` or `backward`.
        cell: Its Keras cell.
        inputs: What it read, `(batch, time, features)`.
        states: Its states after each word, each `(batch, time, units)`; the first one is its output.
        errors: The gradient of the loss with respect to its outputs where it comes from the layers above and not from
            its own later steps, `(batch, time, units)`.
        activation: The name of its activation.
    """

    layer: int
    direction: str
    cell: Any
    inputs: Any
    states: list[Any]
    errors: Any
    activation: str = "tanh"


@dataclass(frozen=True)
class Profile:
    """Norms against the steps back, `(sentences, steps + 1)`: entry k is k steps before the place looked at.

    Attributes:
        errors: Norm of d L_t / d s_{t-k}.
        jacobians: Frobenius norm of d s_t / d s_{t-k}, divided by that of the identity, so that it is 1 at k = 0.
    """

    errors: NDArray[np.float64]
    jacobians: NDArray[np.float64]


def traces(network: Followed, inputs: Arrays, targets: Any) -> list[Trace]:
    """What each recurrent layer did on a batch, a loop of single steps; nothing is dropped.

    Args:
        network: A network whose cell has a state.
        inputs: Its inputs.
        targets: What it is to predict, `(batch, time)` int32.
    """
    vectors = network.vectors(inputs)
    found: list[tuple[int, str, Any, Any, list[Any], str]] = []
    nothings: list[Any] = []
    with tf.GradientTape() as tape:
        features = [_read(encoder, vectors, inputs, tape, found, nothings) for encoder in network.encoders]
        loss = network.loss_from(features, inputs, targets)
    errors = tape.gradient(loss, nothings)
    every = [Trace(*parts[:5], error, parts[5]) for parts, error in zip(found, errors, strict=True)]
    return sorted(every, key=lambda trace: trace.layer)  # layer by layer, where each direction has an encoder


def _read(
    encoder: Any,
    vectors: Any,
    inputs: Arrays,
    tape: tf.GradientTape,
    found: list[tuple[int, str, Any, Any, list[Any], str]],
    nothings: list[Any],
) -> Any:
    """What an encoder makes of vectors, in the order of the sentence.

    Args:
        encoder: The encoder.
        vectors: `(batch, time, dim)`.
        inputs: Those of the network.
        tape: Watches the states.
        found: Receives the fields of each layer's trace but the errors.
        nothings: Receives zeros for each layer; the gradient with respect to them is the error from above.
    """
    lengths = inputs["lengths"]
    turned = encoder.name == "backward"
    directions = ("backward",) if turned else ("forward", "backward")
    features = reverse(vectors, lengths) if turned else vectors
    entered = features
    for number, layers in enumerate(encoder.stack):
        outputs = []
        for layer, direction in zip(layers, directions, strict=False):
            other = direction == "backward" and not turned
            read = reverse(features, lengths) if other else features
            states = walk(layer.cell, read)
            # Zeros that only the layers above see: the gradient with respect to them is the error from there.
            nothing = tf.zeros_like(states[0])
            tape.watch(nothing)
            nothings.append(nothing)
            given = states[0] + nothing
            outputs.append(reverse(given, lengths) if other else given)
            found.append((number + 1, direction, layer.cell, read, states, encoder.cell.activation))
        features, entered = encoder.passed_on(number, outputs, entered, lengths)
    features = encoder.top(features, lengths, inputs, training=False)
    return reverse(features, lengths) if turned else features


def walk(cell: Any, inputs: Any) -> list[Any]:
    """The states of a Keras cell after each step, each `(batch, time, units)`, for inputs `(batch, time, features)`."""
    states = _as_list(cell.get_initial_state(batch_size=inputs.shape[0]))
    every = []
    for step in tf.unstack(inputs, axis=1):
        _, states = cell(step, states, training=False)
        states = _as_list(states)
        every.append(states)
    return [tf.stack(one, axis=1) for one in zip(*every, strict=True)]


def profile(trace: Trace, places: NDArray[Any], steps: int, random: np.random.Generator) -> Profile:
    """Carries gradients back from a place in each sentence, one product with the cell's Jacobian a step.

    The state s of an LSTM is output and memory side by side, (h, c), since a gradient goes back through both; of
    the other cells it is the output alone. Two kinds of rows go back from s_t: the error d L_t / d h_t, and
    directions that span the state (its unit vectors; beyond `PROBES` numbers that many random orthogonal ones,
    with which the norm is right in the mean). Rows are kept near norm 1 and the scale as a logarithm, so nothing
    underflows. (Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", section 2.)

    Args:
        trace: The layer.
        places: The step t in each sentence, in the layer's reading order, at least `steps`: `(sentences,)`.
        steps: How many steps to go back.
        random: For the random directions.
    """
    size = sum(state.shape[-1] for state in trace.states)
    probes = np.eye(size) if size <= PROBES else _orthogonal(size, random)  # (probes, size)
    errors = np.zeros((len(places), size), np.float32)
    errors[:, : trace.errors.shape[-1]] = tf.gather(trace.errors, places, batch_dims=1).numpy()
    parts = []
    portion = max(ROWS // (len(probes) + 1), 1)
    for start in range(0, len(places), portion):
        chosen = slice(start, start + portion)
        numbers = np.arange(len(places))[chosen]
        own = np.concatenate([errors[chosen, None], np.tile(probes, (len(numbers), 1, 1))], axis=1)
        parts.append(_carried(trace, numbers, places[chosen], own.astype(np.float32), steps))
    both = np.concatenate(parts, axis=1)  # (2, sentences, steps + 1)
    return Profile(both[0], both[1] / np.sqrt(size))


def _carried(
    trace: Trace, numbers: NDArray[Any], places: NDArray[Any], rows: NDArray[Any], steps: int
) -> NDArray[np.float64]:
    """Norms of the first of the rows and of the others together, `(2, sentences, steps + 1)`; rows are `(sentences,
    rows, size)`.
    """
    sizes = [state.shape[-1] for state in trace.states]
    count = rows.shape[1]
    logs = np.zeros(rows.shape[:2])  # of what the rows have been divided by
    norms = []
    for k in range(steps + 1):
        lengths = np.linalg.norm(rows.astype(np.float64), axis=2)  # (sentences, rows)
        scale = np.where(lengths > 0, lengths, 1.0)
        rows, logs = (rows / scale[..., None]).astype(np.float32), logs + np.log(scale)
        true = np.where(lengths > 0, np.exp(logs), 0.0)
        norms.append((true[:, 0], np.linalg.norm(true[:, 1:], axis=1)))
        if k < steps:
            at = places - k
            inputs = np.repeat(_picked(trace.inputs, numbers, at), count, axis=0)
            before = [np.repeat(_picked(state, numbers, at - 1), count, axis=0) for state in trace.states]
            joined = tf.constant(np.concatenate(before, axis=1))
            with tf.GradientTape() as tape:
                tape.watch(joined)
                _, after = trace.cell(tf.constant(inputs), tf.split(joined, sizes, axis=1), training=False)
                new = tf.concat(_as_list(after), axis=1)
            flat = tf.constant(rows.reshape(-1, rows.shape[-1]))
            rows = tape.gradient(new, joined, output_gradients=flat).numpy().reshape(rows.shape)
    return np.array(norms).transpose(1, 2, 0)


def _picked(array: Any, numbers: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Row `places[i]` of sentence `numbers[i]`, `(sentences, ...)`."""
    return np.asarray(np.asarray(array)[numbers, places])


def _orthogonal(size: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Random orthogonal rows, `(PROBES, size)`, with the Frobenius norm of the identity of that size."""
    basis, _ = np.linalg.qr(random.normal(size=(size, PROBES)))
    return np.asarray(basis.T * np.sqrt(size / PROBES))


def _as_list(states: Any) -> list[Any]:
    return list(states) if isinstance(states, list | tuple) else [states]


def activations(trace: Trace) -> tuple[NDArray[Any], NDArray[Any]]:
    """A layer's outputs `(batch, time, units)`, and what its activation gives: of an LSTM that of the memory."""
    outputs = np.asarray(trace.states[0])
    memory = trace.states[1:]
    return outputs, np.asarray(trace.cell.activation(tf.constant(memory[0]))) if memory else outputs


# ------------------------------------------------------------------------------------------------------------
# Recurrent weights and gates


def kernels(cell: Any) -> dict[str, NDArray[Any]]:
    """The cell's recurrent weights by gate or, of maxout, by piece, each `(units, units)`; of the Jordan cell those of
    its output layer, too, and the product of both, which is what a state passes from step to step.
    """
    recurrent = np.asarray(cell.recurrent_kernel.numpy())
    if isinstance(cell, JordanCell):
        output = np.asarray(cell.output_kernel.numpy())
        return {"feedback": recurrent, "output": output, "both": recurrent @ output}
    pieces = recurrent.shape[1] // recurrent.shape[0]
    single = ["recurrent"] if pieces == 1 else [f"piece {number}" for number in range(1, pieces + 1)]
    names = gate_names(cell) or single
    return dict(zip(names, np.split(recurrent, len(names), axis=1), strict=True))


def gate_names(cell: Any) -> list[str]:
    """The parts of the cell's weights, side by side, the candidate among them; none for a cell without gates."""
    if isinstance(cell, VariantCell):
        return [GATE_NAMES[letter] for letter in cell.order]
    if isinstance(cell, keras.layers.LSTMCell):
        return [GATE_NAMES[letter] for letter in "ifco"]
    return ["update", "reset", "candidate"] if isinstance(cell, keras.layers.GRUCell) else []


def gates(trace: Trace) -> dict[str, NDArray[Any]]:
    """The gates at each step, each `(batch, time, units)`; the candidate is no gate. None for a cell without.

    The gate that keeps the state is `forget`, of coupled cells 1 - input, or `update` of a GRU (Keras's: z keeps).
    """
    cell, names = trace.cell, gate_names(trace.cell)
    if not names:
        return {}
    before = [np.pad(np.asarray(state)[:, :-1], ((0, 0), (1, 0), (0, 0))) for state in trace.states]
    gru = isinstance(cell, keras.layers.GRUCell)
    # The reset gate of a GRU acts on the candidate alone, so that both biases of a gate are one.
    bias = cell.bias.numpy().reshape(2 if gru else 1, -1).sum(axis=0) if cell.use_bias else 0.0
    total = np.asarray(trace.inputs) @ cell.kernel.numpy() + before[0] @ cell.recurrent_kernel.numpy() + bias
    of = dict(zip(names, np.split(total, len(names), axis=-1), strict=True))
    for letter, peephole in zip(getattr(cell, "peeping", ""), _peepholes(cell), strict=True):
        of[GATE_NAMES[letter]] += peephole * (np.asarray(trace.states[1]) if letter == "o" else before[1])
    found = {
        name: np.asarray(cell.recurrent_activation(tf.constant(value)))
        for name, value in of.items()
        if name != "candidate"
    }
    if "input" in found and "forget" not in found:
        found["forget"] = 1 - found["input"]
    return found


def _peepholes(cell: Any) -> Sequence[NDArray[Any]]:
    return list(cell.peepholes.numpy()) if getattr(cell, "peeping", "") else []
