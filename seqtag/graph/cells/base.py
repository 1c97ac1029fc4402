"""What the graph writer of a cell is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import ONNX_ACTIVATIONS
from seqtag.graph.weights import Floats, Weights
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import UsageError

# The operator that merges both directions over an axis of their own; `concat` needs none.
MERGES = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}


class Cell:
    """Writes one place of the encoder's stack: `(batch, time, dim)` to `(batch, time, width)`.

    Args:
        settings: The `encoder` section of the configuration.
        dim: The last size of what it reads.
        weights: Where it takes its weights from.
        paths: The paths of its Keras layers: one, or one for each direction.
        number: The place in the stack, from 1.

    Attributes:
        peeping: The gates that see the memory cell, by their first letters, in the order of the rows of the peephole
            weights.
    """

    peeping: str = ""

    def __init__(
        self, settings: EncoderSettings, dim: int, weights: Weights, paths: Sequence[str], number: int = 1
    ) -> None:
        self.settings = settings
        self.activation = settings.activation or "tanh"
        check_peepholes(settings, self.peeping)

    @classmethod
    def layers(cls, settings: EncoderSettings, number: int) -> list[str]:
        """The names of the Keras layers of a place in the stack."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """The size of a word's output."""
        return self.settings.units

    def write(self, graph: Graph, features: str, lengths: str) -> str:
        """Writes the nodes; `lengths` is `(batch,)` int32."""
        raise NotImplementedError

    @property
    def reads_words_apart(self) -> bool:
        """Whether what it does with its input can be computed for each word by itself, by `write_gates`."""
        return False

    def write_gates(self, graph: Graph, features: str) -> str:
        """Writes what it makes of features `(batch, words, dim)` before it knows a state: `(batch, words, gates)`, of
        all directions side by side.
        """
        raise NotImplementedError

    def write_on_gates(self, graph: Graph, gates: str, places: str) -> str:
        """Writes the rest of it: as `write`, but for a table of what `write_gates` gives.

        Args:
            graph: The graph.
            gates: The table `(words * directions, gates of a direction)`; zeros for padding.
            places: The word of each place, `(time, batch)`.
        """
        raise NotImplementedError

    def carry(self, graph: Graph, features: str, lengths: str, first: Sequence[str]) -> tuple[str, list[str]]:
        """As `write`, of a cell with a state and one direction, for sentences that are all as long as the longest.

        Args:
            graph: The graph.
            features: What it reads, `(batch, time, dim)`.
            lengths: How long the sentences are.
            first: The states before the first word, each `(batch, units)`.

        Returns:
            The name of the output, and those of the states after the last word.
        """
        raise NotImplementedError


class RecurrentCell(Cell):
    """A cell with a state; in both directions, it has weights for each.

    Attributes:
        operator: The ONNX operator that computes the same, if there is one.
        memories: How many states it has; the first one is its output.
    """

    operator: ClassVar[str | None] = None
    memories: ClassVar[int] = 1

    def __init__(
        self, settings: EncoderSettings, dim: int, weights: Weights, paths: Sequence[str], number: int = 1
    ) -> None:
        super().__init__(settings, dim, weights, paths, number)
        self.recurrent_activation = settings.recurrent_activation or "sigmoid"
        self.directions = [
            {
                name: self._taken(weights, f"{path}/{self.inside}", name, shape)
                for name, shape in self.shapes(dim).items()
            }
            for path in paths
        ]

    def _taken(self, weights: Weights, path: str, name: str, shape: tuple[int, ...]) -> Floats:
        """A weight of a direction; zeros for a bias that the cell does not have."""
        if name.endswith("bias") and not self.settings.use_bias:
            return np.zeros(shape, np.float32)
        return weights.take(f"{path}/{name}", shape)

    @classmethod
    def layers(cls, settings: EncoderSettings, number: int) -> list[str]:
        names = ["forward", "backward"] if settings.bidirectional else ["forward"]
        return [f"{name}_{number}" for name in names]

    @property
    def width(self) -> int:
        joined = len(self.directions) > 1 and self.settings.merge_mode == "concat"
        return self.settings.units * (2 if joined else 1)

    @property
    def inside(self) -> str:
        """The name of the Keras cell within its layer."""
        return "cell"

    def shapes(self, dim: int) -> dict[str, tuple[int, ...]]:
        """The shape of each weight of a direction, by its Keras name."""
        raise NotImplementedError

    def onnx_weights(self, arrays: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
        """ONNX's W `(gates * units, dim)`, R `(gates * units, units)` and B `(2 * gates * units,)`."""
        raise NotImplementedError

    def peepholes(self, arrays: Mapping[str, Floats]) -> Floats | None:
        """ONNX's P `(3 * units,)`, of a cell that has it."""
        return None

    def onnx_activations(self) -> list[str]:
        """Keras names of the activations of one direction, in ONNX's order."""
        raise NotImplementedError

    def attributes(self) -> dict[str, Any]:
        """Further attributes of the ONNX operator."""
        return {}

    def loop(
        self, graph: Graph, features: str, arrays: Mapping[str, Floats], first: Sequence[str] = ()
    ) -> tuple[str, list[str]]:
        """Writes one direction as a `Scan`, for what the operator does not know.

        Args:
            graph: The graph.
            features: Name of the input, `(time, batch, dim)`.
            arrays: The weights of the direction.
            first: The states before the first step, each `(batch, units)`; zeros, if none are given.

        Returns:
            The name of the outputs `(time, batch, units)`, and those of the states after the last step.
        """
        raise NotImplementedError

    @property
    def has_operator(self) -> bool:
        """Whether the operator knows all activations."""
        return bool(self.operator) and {*self.onnx_activations()} <= ONNX_ACTIVATIONS.keys()

    def carry(self, graph: Graph, features: str, lengths: str, first: Sequence[str]) -> tuple[str, list[str]]:
        if self.has_operator:
            axis = graph.integers(0)  # of the directions
            every, last = self._node(
                graph, features, lengths, [graph.node("Unsqueeze", state, axis) for state in first]
            )
            outputs = graph.node("Squeeze", every, graph.integers(1))
            states = [graph.node("Squeeze", state, axis) for state in last]
        else:
            (arrays,) = self.directions
            time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, dim)
            outputs, states = self.loop(graph, time_first, arrays, first)
        return graph.node("Transpose", outputs, perm=[1, 0, 2]), states

    def write(self, graph: Graph, features: str, lengths: str) -> str:
        if self.has_operator:
            every, _ = self._node(graph, features, lengths)
        else:
            every, _ = self._loops(graph, features, lengths)
        return self._merged(graph, every)

    def write_final(self, graph: Graph, features: str, lengths: str) -> tuple[str, list[str]]:
        """As `write`, for sentences that are all as long as the longest; also the names of the states of each direction
        after its last step, each `(batch, units)`.
        """
        if not self.has_operator:
            every, states = self._loops(graph, features, lengths)
            return self._merged(graph, every), states
        every, last = self._node(graph, features, lengths, final=True)
        numbers = [graph.constant(np.array(number)) for number in range(len(self.directions))]
        states = [graph.node("Gather", state, number, axis=0) for number in numbers for state in last]
        return self._merged(graph, every), states

    def _merged(self, graph: Graph, every: str) -> str:
        """One output `(batch, time, width)` from those of all directions, `(time, directions, batch, units)`."""
        count = len(self.directions)
        operator = MERGES.get(self.settings.merge_mode)
        if operator and count > 1:
            merged = graph.node(operator, every, graph.integers(1), keepdims=0)  # (time, batch, units)
            return graph.node("Transpose", merged, perm=[1, 0, 2])
        batch_first = graph.node("Transpose", every, perm=[2, 0, 1, 3])  # (batch, time, directions, units)
        return graph.node("Reshape", batch_first, graph.integers(0, 0, count * self.settings.units))

    def write_last(self, graph: Graph, features: str, lengths: str) -> str:
        """As `write`, but the name of each direction's last output, `(batch, directions * units)`."""
        _, (last, *_) = self._node(graph, features, lengths)  # (directions, batch, units)
        batch_first = graph.node("Transpose", last, perm=[1, 0, 2])
        return graph.node(
            "Reshape", batch_first, graph.integers(0, len(self.directions) * self.settings.units)
        )

    def _node(
        self,
        graph: Graph,
        features: str,
        lengths: str,
        first: Sequence[str] = (),
        *,
        final: bool = False,
    ) -> tuple[str, list[str]]:
        """One operator for all directions: every output `(time, directions, batch, units)` and the states after the
        last word, `(directions, batch, units)`, as are those of `first`; all of them if there are first ones or they
        are `final`.
        """
        kernels, recurrents, biases = zip(*map(self.onnx_weights, self.directions), strict=True)
        peepholes = [found for arrays in self.directions if (found := self.peepholes(arrays)) is not None]
        optional = [*first]
        if peepholes:
            optional = [*(first or ["", ""]), graph.constant(np.stack(peepholes))]
        activations = [ONNX_ACTIVATIONS[name] for name in self.onnx_activations()] * len(self.directions)
        constants = {
            "activation_alpha": [alpha for _, alpha, _ in activations if alpha is not None],
            "activation_beta": [beta for _, _, beta in activations if beta is not None],
        }
        time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, dim)
        every, *last = graph.nodes(
            str(self.operator),
            time_first,
            graph.constant(np.stack(kernels)),
            graph.constant(np.stack(recurrents)),
            graph.constant(np.stack(biases)),
            lengths,
            *optional,
            count=1 + (self.memories if first or final else 1),
            hidden_size=self.settings.units,
            direction="bidirectional" if len(self.directions) == 2 else "forward",
            activations=[name for name, _, _ in activations],
            **{name: values for name, values in constants.items() if values},
            **self.attributes(),
        )
        return every, last

    def _loops(self, graph: Graph, features: str, lengths: str) -> tuple[str, list[str]]:
        """A loop for each direction: every output `(time, directions, batch, units)`, and the states after the last
        step, padding included.
        """
        time_first = graph.node("Transpose", features, perm=[1, 0, 2])  # (time, batch, dim)
        first, *rest = self.directions
        every, states = self.loop(graph, time_first, first)
        outputs = [every]
        for arrays in rest:
            long_lengths = graph.cast(lengths, "int64")
            backward, last = self.loop(graph, graph.node("ReverseSequence", time_first, long_lengths), arrays)
            outputs.append(graph.node("ReverseSequence", backward, long_lengths))
            states = [*states, *last]
        apart = [graph.node("Unsqueeze", output, graph.integers(1)) for output in outputs]
        return graph.node("Concat", *apart, axis=1), states

    def looped(
        self,
        graph: Graph,
        step: Callable[..., tuple[list[str], list[str]]],
        first: Sequence[str],
        projected: str,
    ) -> tuple[str, list[str]]:
        """Writes the `Scan` of a step with one output over projected inputs `(time, batch, ...)`; see `loop`."""
        states, (outputs,) = graph.scan_on(
            step,
            states=[(state, "float32") for state in first],
            inputs=[(projected, "float32")],
            outputs=["float32"],
        )
        return outputs, states

    def zeros(self, graph: Graph, features: str) -> str:
        """Writes a first state `(batch, units)` for features `(time, batch, dim)`."""
        batch = graph.node("Shape", features, start=1, end=2)
        return graph.node(
            "ConstantOfShape", graph.node("Concat", batch, graph.integers(self.settings.units), axis=0)
        )


GATES = {"input": "i", "forget": "f", "output": "o"}


def chosen_gates(settings: EncoderSettings, every: str) -> str:
    """The gates with peepholes, of all that the cell may have there, by their first letters.

    Raises:
        UsageError: `encoder.peepholes` names others.
    """
    if settings.peepholes == "all" or not every:
        return every
    known = {name: letter for name, letter in GATES.items() if letter in every}
    names = [name.strip() for name in settings.peepholes.split(",")]
    if wrong := [name for name in names if name not in known]:
        raise UsageError(
            f"encoder.peepholes names {wrong[0]!r}; expected all, or some of {', '.join(known)}."
        )
    return "".join(letter for letter in every if letter in {known[name] for name in names})


def check_peepholes(settings: EncoderSettings, peeping: str) -> None:
    """Raises UsageError if peepholes are chosen and the cell has none."""
    if settings.peepholes != "all" and not peeping:
        raise UsageError(
            f"encoder.peepholes is for peephole_lstm and peephole_cifg_lstm. Received: encoder.cell {settings.cell}"
        )


def reordered(array: Floats, order: str, wanted: str) -> Floats:
    """Keras's gates, side by side on the last axis in `order`, as ONNX wants them: one below the other in
    `wanted`, zeros for a gate that does not exist.
    """
    parts = dict(zip(order, np.split(array, len(order), axis=-1), strict=True))
    nothing = np.zeros_like(parts[order[0]])
    return np.concatenate([parts.get(gate, nothing).T for gate in wanted], axis=0)
