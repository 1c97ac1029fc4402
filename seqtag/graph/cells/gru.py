"""The gated recurrent unit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.cells.base import RecurrentCell, reordered
from seqtag.graph.weights import Floats


class GRU(RecurrentCell):
    """See `seqtag.network.cells.gru.GRU`."""

    operator = "GRU"
    inside = "gru_cell"

    def shapes(self, dim: int) -> dict[str, tuple[int, ...]]:
        units = self.settings.units
        return {"kernel": (dim, 3 * units), "recurrent_kernel": (units, 3 * units), "bias": (2, 3 * units)}

    def onnx_weights(self, arrays: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
        kernel, recurrent = (reordered(arrays[name], "zrh", "zrh") for name in ("kernel", "recurrent_kernel"))
        return kernel, recurrent, np.concatenate([reordered(row, "zrh", "zrh") for row in arrays["bias"]])

    def onnx_activations(self) -> list[str]:
        return [self.recurrent_activation, self.activation]

    def attributes(self) -> dict[str, Any]:
        return {"linear_before_reset": 1}

    def loop(
        self, graph: Graph, features: str, arrays: Mapping[str, Floats], first: Sequence[str] = ()
    ) -> tuple[str, list[str]]:
        recurrent, (bias, recurrent_bias) = arrays["recurrent_kernel"], arrays["bias"]
        projected = graph.affine(features, arrays["kernel"], bias)
        sizes = graph.integers(*[self.settings.units] * 3)
        one = graph.float(1)

        def step(before: str, now: str) -> tuple[list[str], list[str]]:
            affine = graph.affine(before, recurrent, recurrent_bias)
            past = graph.nodes("Split", affine, sizes, count=3, axis=1)
            z, r, candidate = graph.nodes("Split", now, sizes, count=3, axis=1)
            update, reset = (
                write_activation(graph, self.recurrent_activation, graph.node("Add", gate, past[number]))
                for number, gate in enumerate((z, r))
            )
            total = graph.node("Add", candidate, graph.node("Mul", reset, past[2]))
            new = graph.node(
                "Mul", graph.node("Sub", one, update), write_activation(graph, self.activation, total)
            )
            output = graph.node("Add", graph.node("Mul", update, before), new)
            return [output], [output]

        return self.looped(graph, step, first or [self.zeros(graph, features)], projected)
