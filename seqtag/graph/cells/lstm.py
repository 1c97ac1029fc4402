"""Long short-term memory and its variants."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from seqtag.graph.builder import Graph, LoopKernel
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.cells.base import RecurrentCell, chosen_gates, reordered
from seqtag.graph.weights import Floats, Weights
from seqtag.settings.config import EncoderSettings


class LSTM(RecurrentCell):
    """See `seqtag.network.cells.lstm.LSTM`.

    Attributes:
        order: The gates as the weights hold them, by their first letters: input, forget, candidate, output.
    """

    operator = "LSTM"
    memories = 2
    order: ClassVar[str] = "ifco"

    def __init__(
        self, settings: EncoderSettings, dim: int, weights: Weights, paths: Sequence[str], number: int = 1
    ) -> None:
        self.peeping = chosen_gates(settings, self.peeping)
        super().__init__(settings, dim, weights, paths, number)

    @property
    def inside(self) -> str:
        return "lstm_cell"

    def shapes(self, dim: int) -> dict[str, tuple[int, ...]]:
        units, gates = self.settings.units, len(self.order)
        found: dict[str, tuple[int, ...]] = {
            "kernel": (dim, gates * units),
            "recurrent_kernel": (units, gates * units),
            "bias": (gates * units,),
        }
        return found | ({"peepholes": (len(self.peeping), units)} if self.peeping else {})

    def onnx_weights(self, arrays: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
        kernel, recurrent, bias = (
            reordered(arrays[name], self.order, "iofc") for name in ("kernel", "recurrent_kernel", "bias")
        )
        return kernel, recurrent, np.concatenate([bias, np.zeros_like(bias)])

    def peepholes(self, arrays: Mapping[str, Floats]) -> Floats | None:
        if not self.peeping:
            return None
        return reordered(arrays["peepholes"].reshape(-1), self.peeping, "iof")

    def onnx_activations(self) -> list[str]:
        return [self.recurrent_activation, self.activation, self.activation]

    def attributes(self) -> dict[str, Any]:
        return {} if "f" in self.order else {"input_forget": 1}

    @property
    def reads_words_apart(self) -> bool:
        usual = self.recurrent_activation == "sigmoid" and self.activation == "tanh"
        return usual and type(self) is LSTM

    def write(self, graph: Graph, features: str, lengths: str) -> str:
        if not (graph.int8 and self.reads_words_apart):
            return super().write(graph, features, lengths)
        mask = graph.mask(lengths, features)
        present = graph.node("Unsqueeze", graph.cast(mask, "float32"), graph.integers(2))
        gates = graph.node("Mul", self.write_gates(graph, features), present)  # (batch, time, gates)
        sizes, zero, one = graph.node("Shape", mask), graph.constant(np.array(0)), graph.constant(np.array(1))
        count = graph.node("ReduceProd", sizes, keepdims=0)
        numbers = graph.node("Reshape", graph.node("Range", zero, count, one), sizes)
        places = graph.cast(graph.node("Transpose", numbers, perm=[1, 0]), "int32")
        rows = graph.node("Reshape", gates, graph.integers(-1, len(self.order) * self.settings.units))
        return self.write_on_gates(graph, rows, places)

    def write_gates(self, graph: Graph, features: str) -> str:
        ordered = [
            [
                np.concatenate([_gate(arrays[name], gate) for gate in "ifoc"], axis=-1)
                for arrays in self.directions
            ]
            for name in ("kernel", "bias")
        ]
        return graph.affine(features, *(np.concatenate(arrays, axis=-1) for arrays in ordered))

    def write_on_gates(self, graph: Graph, gates: str, places: str) -> str:
        """See `Cell.write_on_gates`. The gates of padding are zeros: its candidate is 0, and so is every state of a
        direction that has read nothing but padding. So the backward direction needs no lengths.
        """
        units, count = self.settings.units, len(self.directions)
        first = self.zeros(graph, graph.node("Unsqueeze", places, graph.integers(2)))
        sizes, gate_sizes = graph.integers(3 * units, units), graph.integers(units, units, units)
        outputs = []
        for number, arrays in enumerate(self.directions):
            ordered = np.concatenate([_gate(arrays["recurrent_kernel"], gate) for gate in "ifoc"], axis=-1)
            kernel = graph.kernel(ordered)
            rows = graph.node("Mul", places, graph.constant(np.array(count, np.int32)))
            rows = graph.node("Add", rows, graph.constant(np.array(number, np.int32)))

            def step(
                before: str, cell: str, now: str, kernel: LoopKernel = kernel
            ) -> tuple[list[str], list[str]]:
                total = kernel.product(graph, before, graph.node("Gather", gates, now, axis=0))
                opening, candidate = graph.nodes("Split", total, sizes, count=2, axis=1)
                opened = graph.node("Sigmoid", opening)
                enter, keep, leave = graph.nodes("Split", opened, gate_sizes, count=3, axis=1)
                new = graph.node("Mul", enter, graph.node("Tanh", candidate))
                cell = graph.node("Add", graph.node("Mul", keep, cell), new)
                output = graph.node("Mul", leave, graph.node("Tanh", cell))
                return [output, cell], [output]

            outputs += graph.scan(
                step,
                states=[(first, "float32")] * 2,
                inputs=[(rows, "int32")],
                outputs=["float32"],
                backwards=number == 1,
            )
        apart = [graph.node("Unsqueeze", output, graph.integers(1)) for output in outputs]
        return self._merged(graph, graph.node("Concat", *apart, axis=1))

    def loop(
        self, graph: Graph, features: str, arrays: Mapping[str, Floats], first: Sequence[str] = ()
    ) -> tuple[str, list[str]]:
        projected = graph.affine(features, arrays["kernel"], arrays["bias"])
        sizes = graph.integers(*[self.settings.units] * len(self.order))
        peeps = dict(zip(self.peeping, arrays["peepholes"], strict=True)) if self.peeping else {}

        def gate(total: str, cell: str, letter: str) -> str:
            if letter in peeps:
                seen = graph.node("Mul", cell, graph.constant(peeps[letter]))
                total = graph.node("Add", total, seen)
            return write_activation(graph, self.recurrent_activation, total)

        def step(before: str, cell: str, now: str) -> tuple[list[str], list[str]]:
            total = graph.node("Add", now, graph.affine(before, arrays["recurrent_kernel"]))
            parts = graph.nodes("Split", total, sizes, count=len(self.order), axis=1)
            of = dict(zip(self.order, parts, strict=True))
            enter = gate(of["i"], cell, "i")
            one = graph.float(1)
            keep = gate(of["f"], cell, "f") if "f" in of else graph.node("Sub", one, enter)
            new = graph.node("Mul", enter, write_activation(graph, self.activation, of["c"]))
            cell = graph.node("Add", graph.node("Mul", keep, cell), new)
            leave = gate(of["o"], cell, "o")
            output = graph.node("Mul", leave, write_activation(graph, self.activation, cell))
            return [output, cell], [output]

        return self.looped(graph, step, first or [self.zeros(graph, features) for _ in "hc"], projected)


class PeepholeLSTM(LSTM):
    """See `seqtag.network.cells.peephole_lstm.PeepholeLSTM`."""

    inside = "cell"
    peeping = "ifo"


class CoupledLSTM(LSTM):
    """See `seqtag.network.cells.cifg_lstm.CoupledLSTM`."""

    inside = "cell"
    order = "ico"


class PeepholeCoupledLSTM(LSTM):
    """See `seqtag.network.cells.peephole_cifg_lstm.PeepholeCoupledLSTM`."""

    inside = "cell"
    order = "ico"
    peeping = "io"


def _gate(array: Floats, gate: str) -> Floats:
    """The part of a weight of an LSTM that belongs to a gate."""
    return np.split(array, len(LSTM.order), axis=-1)[LSTM.order.index(gate)]
