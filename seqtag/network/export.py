"""The trained network as an ONNX graph: a builder with which each part writes its own nodes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9

# Everything that an exporter here writes; a folder's graph with another operator is not one of ours.
TYPES = {
    "bool": TensorProto.BOOL,
    "float32": TensorProto.FLOAT,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
}


class Graph:
    """An ONNX graph in the making; names are the strings that its methods return."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._names = 0

    def input(self, name: str, dtype: str, shape: tuple[str | int, ...]) -> str:
        """An input of the graph; a text in the shape is a size known only at run time."""
        self._inputs.append(helper.make_tensor_value_info(name, TYPES[dtype], shape))
        return name

    def output(self, source: str, name: str, dtype: str, shape: tuple[str | int, ...]) -> None:
        """Makes a value an output of the graph under `name`."""
        self._nodes.append(helper.make_node("Identity", [source], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TYPES[dtype], shape))

    def constant(self, array: NDArray[Any]) -> str:
        """A weight or a constant."""
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """An operator's output name, or a list of names if it has several; an empty input is one left out."""
        names = [self._name() for _ in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def _name(self) -> str:
        self._names += 1
        return f"value_{self._names}"

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
        outer, self._nodes = self._nodes, []
        dtypes = [dtype for _, dtype in [*states, *inputs]]
        names = [self._name() for _ in dtypes]
        new_states, step_outputs = step(*names)
        results = [*new_states, *step_outputs]
        # Scan wants each result under a name that a node of the body made.
        named = [self.node("Identity", result) for result in results]
        body = helper.make_graph(
            self._nodes,
            names[0],
            [helper.make_tensor_value_info(n, TYPES[d], None) for n, d in zip(names, dtypes, strict=True)],
            [
                helper.make_tensor_value_info(n, TYPES[d], None)
                for n, d in zip(named, [*(dtype for _, dtype in states), *outputs], strict=True)
            ],
        )
        self._nodes = outer
        direction = int(backwards)
        made = [self._name() for _ in results]
        self._nodes.append(
            helper.make_node(
                "Scan",
                [name for name, _ in [*states, *inputs]],
                made,
                body=body,
                num_scan_inputs=len(inputs),
                scan_input_directions=[direction] * len(inputs),
                scan_output_directions=[direction] * len(outputs),
            )
        )
        return made[len(states) :]

    def integers(self, *values: int) -> str:
        """A constant of whole numbers, as shapes and axes need them."""
        return self.constant(np.array(values, np.int64))

    def mask(self, lengths: str, array: str) -> str:
        """The mask `(batch, time)`, true on words, from lengths `(batch,)` and any `(batch, time, ...)`."""
        time = self.node("Squeeze", self.node("Shape", array, start=1, end=2), self.integers(0))
        zero, one = self.constant(np.array(0)), self.constant(np.array(1))
        places = self.node("Unsqueeze", self.node("Range", zero, time, one), self.integers(0))  # (1, time)
        ends = self.node("Unsqueeze", self.node("Cast", lengths, to=TensorProto.INT64), self.integers(1))
        return str(self.node("Less", places, ends))

    def finish(self) -> bytes:
        """The graph as a checked, serialised ONNX model."""
        graph = helper.make_graph(self._nodes, "seqtag", self._inputs, self._outputs, self._weights)
        model = helper.make_model(
            graph,
            producer_name="seqtag",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
