"""Each tag from the tags before it."""

import numpy as np

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Head, Legal
from seqtag.graph.heads.beam import NEVER, rules, write_search
from seqtag.graph.weights import Weights
from seqtag.settings.config import HeadSettings


class FeedbackHead(Head):
    """See `seqtag.network.heads.feedback.FeedbackHead`."""

    def __init__(
        self, settings: HeadSettings, tags: int, legal: Legal | None, dim: int, weights: Weights
    ) -> None:
        self.settings, self.tags, self.dim = settings, tags, dim
        self.rules = rules(legal, tags)
        units, rest, gates = settings.units, settings.tag_dim, 3 * settings.units
        shapes: dict[str, tuple[int, ...]] = {
            "tags": (tags + 1, rest),  # the start symbol last
            # The kernel's rows are for the features, the previous tag and, with attention, what it is on.
            "cell/kernel": (dim + rest + dim * settings.attention, gates),
            "cell/recurrent_kernel": (units, gates),
            "cell/bias": (2, gates),
            "first/kernel": (2 * dim, units),
            "first/bias": (units,),
            "scores/kernel": (units, tags),
            "scores/bias": (tags,),
        }
        if settings.attention:
            shapes |= {
                "key/kernel": (dim, units),
                "key/bias": (units,),
                "query/kernel": (units, units),
                "energy": (units, 1),
            }
        self.arrays = {name: weights.take(f"head/{name}", shape) for name, shape in shapes.items()}

    def write(self, graph: Graph, features: str, lengths: str) -> None:
        decoder = Decoder(self, graph, features, lengths)
        beam = self.settings.beam
        every, probabilities = write_search(
            graph, decoder.step, decoder.state, decoder.inputs, lengths, self.rules, beam
        )  # (batch, time, beam)
        slot = graph.constant(np.array(0))
        best = graph.node("Gather", every, slot, axis=2)
        looks = decoder.attention(best) if self.settings.attention else None
        of_best = graph.node("Gather", probabilities, slot, axis=2)
        graph.output(best, outputs.TAGS)
        graph.output(of_best, outputs.PROBABILITIES)
        if beam > 1:
            graph.output(every, outputs.BEAM_TAGS, beam=beam)
            graph.output(probabilities, outputs.BEAM_PROBABILITIES, beam=beam)
        if looks is not None:
            graph.output(looks, outputs.HEAD_ATTENTION)


class Decoder:
    """The decoder; names and shapes as in `seqtag.network.heads.feedback.Sentences`.

    Args:
        head: The head.
        graph: The graph.
        features: Name of the features `(batch, time, dim)`.
        lengths: Name of the sentences' lengths `(batch,)` int32.
    """

    def __init__(self, head: FeedbackHead, graph: Graph, features: str, lengths: str) -> None:
        self.head, self.graph = head, graph
        dim, rest = head.dim, head.settings.tag_dim
        kernel, bias = head.arrays["cell/kernel"], head.arrays["cell/bias"]
        self.recurrent, self.bias = self._constant("cell/recurrent_kernel"), graph.constant(bias[1])
        self.output = self._constant("scores/kernel"), self._constant("scores/bias")
        self.tags = graph.constant(head.arrays["tags"] @ kernel[dim : dim + rest])
        inputs = self._affine(features, graph.constant(kernel[:dim]), graph.constant(bias[0]))
        self.inputs = graph.node("Transpose", inputs, perm=[1, 0, 2])
        last = graph.node("Sub", graph.cast(lengths, "int64"), graph.integers(1))  # (batch,)
        last = graph.node("Unsqueeze", last, graph.integers(1))
        at_end = graph.node("GatherND", features, last, batch_dims=1)
        at_start = graph.node("Gather", features, graph.constant(np.array(0)), axis=1)
        ends = graph.node("Concat", at_end, at_start, axis=-1)
        first = self._affine(ends, self._constant("first/kernel"), self._constant("first/bias"))
        self.state = graph.node("Tanh", first)
        self.mask = graph.mask(lengths, features)
        if head.settings.attention:
            self.keys = self._affine(features, self._constant("key/kernel"), self._constant("key/bias"))
            self.values = graph.node("MatMul", features, graph.constant(kernel[dim + rest :]))
            self.query = self._constant("query/kernel")
            self.energy = self._constant("energy")
            never, zero = graph.float(NEVER), graph.float(0)
            padding = graph.node("Where", self.mask, zero, never)
            self.padding = graph.node("Unsqueeze", padding, graph.integers(1))  # (batch, 1, time)

    def _constant(self, name: str) -> str:
        return self.graph.constant(self.head.arrays[name])

    def _affine(self, array: str, kernel: str, bias: str) -> str:
        return self.graph.node("Add", self.graph.node("MatMul", array, kernel), bias)

    def step(self, states: str, previous: str, inputs: str) -> tuple[str, str]:
        """Writes a step: names of the new states `(batch, beam, units)` and of the tags' log-probabilities."""
        states, _ = self._step(states, previous, inputs)
        return states, self.graph.node("LogSoftmax", self._affine(states, *self.output), axis=-1)

    def _step(self, states: str, previous: str, inputs: str) -> tuple[str, str]:
        """Writes a step: names of the new states and, with attention, of the weights `(batch, beam, time)`."""
        graph, weights = self.graph, ""
        fed = graph.node("Gather", self.tags, previous)
        inputs = graph.node("Add", graph.node("Unsqueeze", inputs, graph.integers(1)), fed)
        if self.head.settings.attention:
            weights = self._attention(states)
            inputs = graph.node("Add", inputs, graph.node("MatMul", weights, self.values))
        past = self._affine(states, self.recurrent, self.bias)
        past_z, past_r, past = graph.nodes("Split", past, count=3, axis=-1, num_outputs=3)
        z, r, candidate = graph.nodes("Split", inputs, count=3, axis=-1, num_outputs=3)
        z, r = (
            graph.node("Sigmoid", graph.node("Add", gate, past_gate))
            for gate, past_gate in ((z, past_z), (r, past_r))
        )
        candidate = graph.node("Tanh", graph.node("Add", candidate, graph.node("Mul", r, past)))
        rest = graph.node("Sub", graph.float(1), z)
        kept, new = graph.node("Mul", z, states), graph.node("Mul", rest, candidate)
        return graph.node("Add", kept, new), weights

    def _attention(self, states: str) -> str:
        graph = self.graph
        queries = graph.node("Unsqueeze", graph.node("MatMul", states, self.query), graph.integers(2))
        keys = graph.node("Unsqueeze", self.keys, graph.integers(1))
        hidden = graph.node("Tanh", graph.node("Add", queries, keys))  # (batch, beam, time, units)
        energies = graph.node("Squeeze", graph.node("MatMul", hidden, self.energy), graph.integers(3))
        return graph.node("Softmax", graph.node("Add", energies, self.padding), axis=-1)

    def attention(self, tags: str) -> str:
        """Writes a second run over tags `(batch, time)`, which costs only those who ask for it: name of the weights
        `(batch, time, time)`.
        """
        graph = self.graph
        shape = graph.node("Concat", graph.node("Shape", tags, start=0, end=1), graph.integers(1), axis=0)
        start = graph.node("Expand", graph.integers(self.head.tags), shape)  # (batch, 1)
        before = graph.node("Slice", tags, graph.integers(0), graph.integers(-1), graph.integers(1))
        previous = graph.node("Transpose", graph.node("Concat", start, before, axis=1), perm=[1, 0])
        previous = graph.node("Unsqueeze", previous, graph.integers(2))  # (time, batch, 1)

        def onward(state: str, inputs: str, previous: str) -> tuple[list[str], list[str]]:
            state, weights = self._step(state, previous, inputs)
            return [state], [weights]

        (weights,) = graph.scan(
            onward,
            states=[(graph.node("Unsqueeze", self.state, graph.integers(1)), "float32")],
            inputs=[(self.inputs, "float32"), (previous, "int64")],
            outputs=["float32"],
        )  # (time, batch, 1, time)
        weights = graph.node("Transpose", graph.node("Squeeze", weights, graph.integers(2)), perm=[1, 0, 2])
        words = graph.node("Unsqueeze", graph.cast(self.mask, "float32"), graph.integers(2))
        return graph.node("Mul", weights, words)
