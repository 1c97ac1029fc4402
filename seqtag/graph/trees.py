"""Networks over trees: a loop over the levels of a batch."""

from typing import ClassVar

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.cells.activations import write_activation
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings


class TreePass:
    """See `seqtag.network.trees.TreePass`.

    Args:
        settings: The `encoder` section of the configuration.
        way: `up` or `down`.
        dim: The last size of what it reads.
        weights: Where it takes its weights from.
        path: The path of the tree among them.
    """

    gates: ClassVar[int]
    memories: ClassVar[int]

    def __init__(self, settings: EncoderSettings, way: str, dim: int, weights: Weights, path: str) -> None:
        self.way, self.units, self.slots = way, settings.units, settings.tree_slots
        self.activation = settings.activation or "tanh"
        self.recurrent_activation = settings.recurrent_activation or "sigmoid"
        own = f"{path}/tree_{way}"
        units = self.units
        self.kernel = weights.take(f"{own}/kernel", (dim, self.gates * units))
        shape = (self.slots * units, self.recurrent_gates * units)
        self.recurrent_kernel = weights.take(f"{own}/recurrent_kernel", shape)
        self.bias = weights.take(f"{own}/bias", (self.gates * units,)) if settings.use_bias else None

    @property
    def recurrent_gates(self) -> int:
        """How many blocks of `units` the recurrent weights have."""
        return self.gates

    def write(self, graph: Graph, vectors: str) -> str:
        """Writes the inputs and the loop over vectors `(batch, time, dim)`; returns the name of the states
        `(batch, time, units)`, zeros at padding.
        """
        way, units = self.way, self.units
        nodes = graph.cast(graph.input(f"tree_{way}_nodes", "int32", (f"nodes_{way}",)), "int64")
        levels = graph.cast(graph.input(f"tree_{way}_levels", "int32", (f"levels_{way}", 2)), "int64")
        shape = (f"neighbours_{way}", self.slots)
        neighbours = graph.cast(graph.input(f"tree_{way}_neighbours", "int32", shape), "int64")
        flat = graph.node("Reshape", vectors, graph.integers(-1, self.kernel.shape[0]))
        total = graph.affine(graph.node("Gather", flat, nodes), self.kernel, self.bias)
        states = self._levels(graph, total, levels, neighbours)
        output = graph.node(
            "Slice", states, graph.integers(1, 0), graph.integers(2**31 - 1, units), graph.integers(0, 1)
        )
        sizes = graph.node("Shape", vectors, start=0, end=2)
        places = graph.node("Shape", flat, start=0, end=1)
        zeros = graph.node("ConstantOfShape", graph.node("Concat", places, graph.integers(units), axis=0))
        placed = graph.node("ScatterND", zeros, graph.node("Unsqueeze", nodes, graph.integers(1)), output)
        return graph.node("Reshape", placed, graph.node("Concat", sizes, graph.integers(units), axis=0))

    def _levels(self, graph: Graph, total: str, levels: str, neighbours: str) -> str:
        """The states of all nodes, after a row of zeros, `(1 + nodes, memories * units)`; each level writes its own
        rows.
        """
        axis = graph.integers(0)
        one = graph.integers(1)
        slots = graph.integers(self.slots)
        step_of_one = graph.constant(np.array(1))
        scalar = graph.integers()

        def step(start: str, first: str, states: str, level: str) -> tuple[list[str], list[str]]:
            count, most = graph.nodes("Split", level, count=2, axis=0, num_outputs=2)
            end = graph.node("Add", start, count)
            last = graph.node("Add", first, graph.node("Mul", count, most))
            rows = graph.node("Slice", neighbours, first, last, axis)
            rows = graph.node("Reshape", rows, graph.node("Concat", count, most, slots, axis=0))
            found = graph.node("Gather", states, rows, axis=0)  # (count, most, slots, memories * units)
            new = self.step(graph, graph.node("Slice", total, start, end, axis), found)
            bounds = [graph.node("Reshape", graph.node("Add", at, one), scalar) for at in (start, end)]
            own = graph.node("Unsqueeze", graph.node("Range", *bounds, step_of_one), one)
            return [end, last, graph.node("ScatterND", states, own, new)], []

        nodes = graph.node("Add", graph.node("Shape", total, start=0, end=1), one)
        width = graph.integers(self.memories * self.units)
        zeros = graph.node("ConstantOfShape", graph.node("Concat", nodes, width, axis=0))
        first = [(axis, "int64"), (axis, "int64"), (zeros, "float32")]
        states, _ = graph.scan_on(step, states=first, inputs=[(levels, "int64")], outputs=[])
        return states[-1]

    def step(self, graph: Graph, total: str, found: str) -> str:
        """Writes what the nodes of a level hand on; see `seqtag.network.trees.TreePass.step`."""
        raise NotImplementedError

    def act(self, graph: Graph, value: str, more: str) -> str:
        """The activation of a sum."""
        return write_activation(graph, self.activation, graph.node("Add", value, more))

    def gate(self, graph: Graph, value: str, more: str) -> str:
        """The activation of a gate over a sum."""
        return write_activation(graph, self.recurrent_activation, graph.node("Add", value, more))


class TreeLSTM(TreePass):
    """See `seqtag.network.trees.TreeLSTM`."""

    gates = 4
    memories = 3

    def step(self, graph: Graph, total: str, found: str) -> str:
        children = graph.node("Squeeze", found, graph.integers(2))  # (nodes, neighbours, 3 * units)
        outputs, memories, forgets = graph.nodes("Split", children, count=3, axis=2, num_outputs=3)
        along = graph.integers(1)
        before = graph.node("ReduceSum", outputs, along, keepdims=0)
        enter, forget, candidate, leave = graph.nodes("Split", total, count=4, axis=1, num_outputs=4)
        inner, own, new, out = np.split(self.recurrent_kernel, 4, axis=1)
        sums = graph.affine(before, np.concatenate([inner, new, out], axis=1))
        more, changed, left = graph.nodes("Split", sums, count=3, axis=1, num_outputs=3)
        kept = self.gate(graph, graph.node("Unsqueeze", forget, along), forgets)
        fresh = graph.node("Mul", self.gate(graph, enter, more), self.act(graph, candidate, changed))
        old = graph.node("ReduceSum", graph.node("Mul", kept, memories), along, keepdims=0)
        memory = graph.node("Add", fresh, old)
        squashed = write_activation(graph, self.activation, memory)
        output = graph.node("Mul", self.gate(graph, leave, left), squashed)
        return graph.node("Concat", output, memory, graph.affine(output, own), axis=1)


class NaryTreeLSTM(TreePass):
    """See `seqtag.network.trees.NaryTreeLSTM`."""

    gates = 4
    memories = 2

    @property
    def recurrent_gates(self) -> int:
        return 3 + self.slots

    def step(self, graph: Graph, total: str, found: str) -> str:
        slots, units = self.slots, self.units
        along = graph.integers(1)
        children = graph.node("ReduceSum", found, along, keepdims=0)  # (nodes, slots, 2 * units)
        outputs, memories = graph.nodes("Split", children, count=2, axis=2, num_outputs=2)
        read = graph.node("Reshape", outputs, graph.integers(0, slots * units))
        sums = graph.affine(read, self.recurrent_kernel)
        sizes = graph.integers(units, slots * units, units, units)
        more, forgets, changed, left = graph.nodes("Split", sums, sizes, count=4, axis=1)
        enter, forget, candidate, leave = graph.nodes("Split", total, count=4, axis=1, num_outputs=4)
        forgets = graph.node("Reshape", forgets, graph.integers(0, slots, units))
        kept = self.gate(graph, graph.node("Unsqueeze", forget, along), forgets)
        fresh = graph.node("Mul", self.gate(graph, enter, more), self.act(graph, candidate, changed))
        old = graph.node("ReduceSum", graph.node("Mul", kept, memories), along, keepdims=0)
        memory = graph.node("Add", fresh, old)
        squashed = write_activation(graph, self.activation, memory)
        output = graph.node("Mul", self.gate(graph, leave, left), squashed)
        return graph.node("Concat", output, memory, axis=1)


class Recursive(TreePass):
    """See `seqtag.network.trees.Recursive`."""

    gates = 1
    memories = 1

    def step(self, graph: Graph, total: str, found: str) -> str:
        children = graph.node("ReduceSum", found, graph.integers(1), keepdims=0)  # (nodes, slots, units)
        read = graph.node("Reshape", children, graph.integers(0, self.slots * self.units))
        return self.act(graph, total, graph.affine(read, self.recurrent_kernel))


class TreeEncoder:
    """See `seqtag.network.trees.TreeEncoder`.

    Args:
        settings: The `encoder` section of the configuration.
        dim: The last size of what it reads.
        weights: Where it takes its weights from.
        path: Its path among them.

    Attributes:
        width: The last size of the features.
    """

    def __init__(self, settings: EncoderSettings, dim: int, weights: Weights, path: str) -> None:
        kind = registry.load(registry.TREES, settings.tree, "graph")
        self.passes: list[TreePass] = []
        for way in settings.tree_passes:
            self.passes.append(kind(settings, way, dim, weights, path))
            dim += settings.units
        self.width = settings.units * len(self.passes)

    def write(self, graph: Graph, vectors: str) -> str:
        """Writes both directions over vectors `(batch, time, dim)`; returns the name of the features
        `(batch, time, width)`.
        """
        outputs: list[str] = []
        for part in self.passes:
            read = graph.node("Concat", vectors, *outputs, axis=-1) if outputs else vectors
            outputs.append(part.write(graph, read))
        return graph.node("Concat", *outputs, axis=-1) if len(outputs) > 1 else outputs[0]
