"""The plain recurrent network."""

from collections.abc import Mapping, Sequence

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.cells.base import RecurrentCell
from seqtag.graph.weights import Floats
from seqtag.settings.config import UNGATED_ACTIVATIONS


class SimpleRNN(RecurrentCell):
    """See `seqtag.network.cells.simplernn.SimpleRNN`."""

    operator = "RNN"

    @property
    def inside(self) -> str:
        return "cell" if self.activation in UNGATED_ACTIVATIONS else "simple_rnn_cell"

    @property
    def pieces(self) -> int:
        """How many linear pieces a unit has."""
        return self.settings.maxout_pieces if self.activation == "maxout" else 1

    def shapes(self, dim: int) -> dict[str, tuple[int, ...]]:
        units, wide = self.settings.units, self.pieces * self.settings.units
        found: dict[str, tuple[int, ...]] = {
            "kernel": (dim, wide),
            "recurrent_kernel": (units, wide),
            "bias": (wide,),
        }
        return found | ({"prelu/alpha": (units,)} if self.activation == "prelu" else {})

    def onnx_weights(self, arrays: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
        bias = arrays["bias"]
        both = np.concatenate([bias, np.zeros_like(bias)])
        return arrays["kernel"].T, arrays["recurrent_kernel"].T, both

    def onnx_activations(self) -> list[str]:
        return [self.activation]

    def loop(
        self, graph: Graph, features: str, arrays: Mapping[str, Floats], first: Sequence[str] = ()
    ) -> tuple[str, list[str]]:
        projected = graph.affine(features, arrays["kernel"], arrays["bias"])

        def step(before: str, now: str) -> tuple[list[str], list[str]]:
            total = graph.node("Add", now, graph.affine(before, arrays["recurrent_kernel"]))
            output = write_activation(graph, self.activation, total, arrays.get("prelu/alpha"), self.pieces)
            return [output], [output]

        return self.looped(graph, step, first or [self.zeros(graph, features)], projected)
