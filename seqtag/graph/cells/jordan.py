"""The recurrent network that sees its own output."""

from collections.abc import Mapping, Sequence

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.cells.base import RecurrentCell
from seqtag.graph.weights import Floats


class Jordan(RecurrentCell):
    """See `seqtag.network.cells.jordan.Jordan`."""

    def shapes(self, dim: int) -> dict[str, tuple[int, ...]]:
        units = self.settings.units
        found: dict[str, tuple[int, ...]] = {
            "kernel": (dim, units),
            "recurrent_kernel": (units, units),
            "bias": (units,),
            "output_kernel": (units, units),
            "output_bias": (units,),
        }
        slopes = ("prelu/alpha", "output_prelu/alpha") if self.activation == "prelu" else ()
        return found | dict.fromkeys(slopes, (units,))

    def loop(
        self, graph: Graph, features: str, arrays: Mapping[str, Floats], first: Sequence[str] = ()
    ) -> tuple[str, list[str]]:
        projected = graph.affine(features, arrays["kernel"], arrays["bias"])

        def step(before: str, now: str) -> tuple[list[str], list[str]]:
            total = graph.node("Add", now, graph.affine(before, arrays["recurrent_kernel"]))
            hidden = write_activation(graph, self.activation, total, arrays.get("prelu/alpha"))
            leaving = graph.affine(hidden, arrays["output_kernel"], arrays["output_bias"])
            output = write_activation(graph, self.activation, leaving, arrays.get("output_prelu/alpha"))
            return [output], [output]

        return self.looped(graph, step, first or [self.zeros(graph, features)], projected)
