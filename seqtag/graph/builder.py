"""A graph in the making, into which each part writes its own nodes."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqtag.graph.outputs import Output
from seqtag.graph.serialise import TYPES, Body, Node, Shape, Value, model

NAME = "seqtag"
OF_ALL = ("batch", "time")  # sizes that all inputs of a batch share
# Of 8-bit integers. Processors without VNNI add two products of a weight and a value in 16 bits, which weights of 7
# bits never overflow.
LARGEST_WEIGHT, LARGEST_VALUE, ZERO = 63, 127, 128


class LoopKernel(Protocol):
    """A matrix that a loop multiplies by at each step."""

    def product(self, graph: "Graph", value: str, added: str) -> str:
        """Writes `value @ kernel + added`, of `(batch, dim)` and `(batch, units)`."""
        ...


class FloatKernel(NamedTuple):
    """A matrix `(dim, units)` as it is."""

    array: str

    def product(self, graph: "Graph", value: str, added: str) -> str:
        return graph.node("Gemm", value, self.array, added)


class Int8Kernel(NamedTuple):
    """A matrix `(dim, units)` of 8-bit integers, with a factor `(units,)` for each column, for values between -1 and 1,
    which are rounded to 8 bits as well.

    Their step is the same in every batch, so that no sentence changes the answer for another.
    """

    array: str
    scale: str
    step: str
    zero: str

    def product(self, graph: "Graph", value: str, added: str) -> str:
        numbers = graph.node("QuantizeLinear", value, self.step, self.zero)
        product = graph.node(
            "com.microsoft.MatMulIntegerToFloat", numbers, self.array, self.step, self.scale, self.zero
        )
        return graph.node("Add", product, added)


class Graph:
    """An ONNX graph in the making; names are the strings that its methods return.

    Args:
        int8: Whether kernels are rounded to 8 bits.
    """

    def __init__(self, *, int8: bool = False) -> None:
        self.int8 = int8
        self._nodes: list[Node] = []
        self._weights: dict[str, NDArray[Any]] = {}
        self._inputs: list[Value] = []
        self._outputs: list[Value] = []
        self._names = 0
        self._prefix = ""

    def input(self, name: str, dtype: str, shape: Shape) -> str:
        """An input of the graph, or the one that there is; a text in the shape is a size known only at run time."""
        named = tuple(
            self._prefix + size if isinstance(size, str) and size not in OF_ALL else size for size in shape
        )
        value = Value(self._prefix + name, dtype, named)
        if value not in self._inputs:
            self._inputs.append(value)
        return value.name

    @contextlib.contextmanager
    def prefixed(self, prefix: str) -> Iterator[None]:
        """Within, the names of inputs begin with this prefix."""
        self._prefix, former = prefix, self._prefix
        try:
            yield
        finally:
            self._prefix = former

    def output(self, source: str, output: Output, **sizes: int) -> None:
        """Makes a value an output of the graph; `sizes` are those of its shape that are known."""
        self._nodes.append(Node("Identity", [source], [output.name], {}))
        self._outputs.append(Value(output.name, output.dtype, output.shape_of(**sizes)))

    def constant(self, array: NDArray[Any]) -> str:
        """A weight or a constant."""
        name = f"weight_{len(self._weights)}"
        self._weights[name] = array
        return name

    def float(self, value: float) -> str:
        """A constant number."""
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """A constant list of whole numbers, as shapes and axes need them."""
        return self.constant(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Writes an operator with one output and returns its name; an empty input is one left out."""
        (name,) = self.nodes(operator, *inputs, count=1, **attributes)
        return name

    def nodes(self, operator: str, *inputs: str, count: int, **attributes: Any) -> list[str]:
        """Writes an operator with so many outputs and returns their names."""
        names = [self._name() for _ in range(count)]
        self._nodes.append(Node(operator, inputs, names, attributes))
        return names

    def _name(self) -> str:
        self._names += 1
        return f"value_{self._names}"

    def cast(self, value: str, dtype: str) -> str:
        """The value in another type, by NumPy's name."""
        return self.node("Cast", value, to=TYPES[dtype])

    def affine(self, value: str, kernel: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """`value @ kernel + bias`."""
        product = self.node("MatMul", value, self.constant(kernel))
        return product if bias is None else self.node("Add", product, self.constant(bias))

    def kernel(self, array: NDArray[Any]) -> LoopKernel:
        """A matrix `(dim, units)` for the step of a loop, whose values are between -1 and 1."""
        if not self.int8:
            return FloatKernel(self.constant(array))
        numbers, scale = rounded(array)
        step, zero = np.array(1 / LARGEST_VALUE, np.float32), np.array(ZERO, np.uint8)
        return Int8Kernel(
            self.constant(numbers), self.constant(scale), self.constant(step), self.constant(zero)
        )

    def mask(self, lengths: str, array: str) -> str:
        """The mask `(batch, time)`, true on words, from lengths `(batch,)` and any `(batch, time, ...)`."""
        time = self.node("Squeeze", self.node("Shape", array, start=1, end=2), self.integers(0))
        zero, one = self.constant(np.array(0)), self.constant(np.array(1))
        places = self.node("Unsqueeze", self.node("Range", zero, time, one), self.integers(0))  # (1, time)
        ends = self.node("Unsqueeze", self.cast(lengths, "int64"), self.integers(1))
        return self.node("Less", places, ends)

    def scan(
        self,
        step: Callable[..., tuple[Sequence[str], Sequence[str]]],
        *,
        states: Sequence[tuple[str, str]],
        inputs: Sequence[tuple[str, str]],
        outputs: Sequence[str],
        backwards: bool = False,
    ) -> list[str]:
        """A loop over the first axis (time) of its inputs, as ONNX's `Scan`.

        Args:
            step: Writes one step: called with a name for each state and each input at this step; returns the
                names of the new states and of the step's outputs. It may use any name from outside.
            states: Name and dtype of each first state.
            inputs: Name and dtype of each array `(time, ...)` to go through; at least one step.
            outputs: The dtype of each output.
            backwards: Whether to go from the last step to the first; outputs stay in the order of time.

        Returns:
            The names of the step's outputs, each `(time, ...)`.
        """
        return self.scan_on(step, states=states, inputs=inputs, outputs=outputs, backwards=backwards)[1]

    def scan_on(
        self,
        step: Callable[..., tuple[Sequence[str], Sequence[str]]],
        *,
        states: Sequence[tuple[str, str]],
        inputs: Sequence[tuple[str, str]],
        outputs: Sequence[str],
        backwards: bool = False,
    ) -> tuple[list[str], list[str]]:
        """As `scan`, but also the names of the states after the last step."""
        outer, self._nodes = self._nodes, []
        dtypes = [dtype for _, dtype in [*states, *inputs]]
        names = [self._name() for _ in dtypes]
        new_states, step_outputs = step(*names)
        results = [*new_states, *step_outputs]
        # Scan wants each result under a name that a node of the body made.
        named = [self.node("Identity", result) for result in results]
        body = Body(
            names[0],
            self._nodes,
            [Value(name, dtype, None) for name, dtype in zip(names, dtypes, strict=True)],
            [
                Value(name, dtype, None)
                for name, dtype in zip(named, [*(dtype for _, dtype in states), *outputs], strict=True)
            ],
            {},
        )
        self._nodes = outer
        direction = int(backwards)
        of_outputs = {"scan_output_directions": [direction] * len(outputs)} if outputs else {}
        made = self.nodes(
            "Scan",
            *(name for name, _ in [*states, *inputs]),
            count=len(results),
            body=body,
            num_scan_inputs=len(inputs),
            scan_input_directions=[direction] * len(inputs),
            **of_outputs,
        )
        return made[: len(states)], made[len(states) :]

    def finish(self, outputs: Collection[str] | None = None) -> bytes:
        """The graph as a serialised ONNX model.

        Args:
            outputs: The outputs to keep, with the nodes and weights that they need: ONNX Runtime runs every node of a
                graph, whatever is asked for. None for all.
        """
        kept = [value for value in self._outputs if outputs is None or value.name in outputs]
        needed = {value.name for value in kept}
        nodes: list[Node] = []
        for node in reversed(self._nodes):
            if not needed.isdisjoint(node.outputs):
                nodes.append(node)
                needed.update(node.reads)
        weights = {name: array for name, array in self._weights.items() if name in needed}
        return model(Body(NAME, nodes[::-1], self._inputs, kept, weights))


def rounded(array: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix in integers, and the factor of each column: times that, they are the matrix but for rounding."""
    scale = (np.abs(array).max(axis=0) / LARGEST_WEIGHT).astype(np.float32)
    scale[scale == 0] = 1
    return np.round(array / scale).astype(np.int8), scale
