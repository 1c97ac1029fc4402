"""A transducer, an encoder-decoder, as two serialised ONNX models: what reads a source, and one step of the decoder."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.encoder import Encoder
from seqtag.graph.weights import Floats, Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings
from seqtag.settings.transduction import TransductionConfig
from seqtag.support.errors import UsageError

NEVER = -1e30  # what padding adds to a score
LEAST = 1e-9  # added to a probability before its logarithm


@dataclass(frozen=True)
class TransducerPlan:
    """What a transducer is made of, beside its weights.

    Attributes:
        config: The settings.
        rows: How many different symbols a source can have, padding and the unknown one among them.
        symbols: How many different ones a target can have; number 0 is its end, and what stands before its first one.
        copied: The target symbol that each source symbol is when it is copied, `(rows,)`.
    """

    config: TransductionConfig
    rows: int
    symbols: int
    copied: NDArray[np.int32]

    @property
    def copies(self) -> bool:
        """Whether the decoder can copy from the source."""
        return self.config.decoder.copy == "yes"


def decoder_settings(config: TransductionConfig) -> EncoderSettings:
    """The layers of the decoder in the terms of an encoder's. What they share with those of the encoder, activations
    and initializers, are its own settings if the cell is the same one, else those of a new cell.

    Raises:
        UsageError: Settings of the decoder contradict each other or those of the encoder.
    """
    own, other = config.decoder, config.encoder
    if not registry.is_stateful(own.cell):
        stateful = ", ".join(name for name in registry.CELLS if registry.is_stateful(name))
        raise UsageError(f"decoder.cell {own.cell} has no state; expected one of {stateful}.")
    if own.copy == "yes" and own.attention == "none":
        raise UsageError("decoder.copy: yes copies what the attention is on, and decoder.attention is none.")
    if own.tied:
        _check_tied(config)
    settings = other if own.cell == other.cell else EncoderSettings(cell=own.cell)
    return replace(
        settings,
        units=own.units,
        layers=own.layers,
        dropout=own.dropout,
        bidirectional=False,
        residual="none",
        normalization="none",
        tree="none",
        attention="none",
        recurrent_dropout=0.0,
    )


def _check_tied(config: TransductionConfig) -> None:
    """Refuses settings with which encoder and decoder cannot have the same weights."""
    own, other = config.decoder, config.encoder
    wanted = {
        "decoder.cell": (own.cell, other.cell),
        "decoder.units": (own.units, other.units),
        "decoder.layers": (own.layers, other.layers),
        "decoder.dim": (own.dim, config.embeddings.word.dim),
        "encoder.residual": (other.residual, "none"),
        "encoder.normalization": (other.normalization, "none"),
    }
    for path, (value, expected) in wanted.items():
        if value != expected:
            raise UsageError(
                f"decoder.tied shares the layers of the encoder, so that {path} must be {expected}. Received: {value}"
            )
    if own.attention == "bahdanau":
        raise UsageError(
            "decoder.tied: the layers of a decoder with decoder.attention bahdanau read more than those of an encoder; "
            "expected luong or none."
        )
    if other.layers > 1 and other.bidirectional:
        raise UsageError(
            "decoder.tied: the second layer of an encoder of both directions reads both; expected encoder.layers 1 or "
            "encoder.bidirectional: false."
        )


class TransducerGraphs:
    """The graphs of a `seqtag.network.transducer.TransducerNetwork`.

    Args:
        plan: What it is made of.
        weights: Its weights, all of which are taken.

    Raises:
        ValueError: The weights are not those of the plan.
        UsageError: The settings contradict each other.
    """

    def __init__(self, plan: TransducerPlan, weights: Weights) -> None:
        config = plan.config
        self.plan = plan
        self.settings = decoder_settings(config)
        dim = config.embeddings.word.dim
        self.source = weights.take("source/table/embeddings", (plan.rows, dim))
        self.encoder = Encoder(config.encoder, dim, weights)
        own, width, units = config.decoder, self.encoder.width, config.decoder.units
        self.attends = own.attention != "none"
        context = width if self.attends else 0
        self.reads = read = own.dim + (
            context if own.attention == "bahdanau" else 0
        )  # a step of the first layer
        if own.tied:
            tied = {path: path.replace("encoder/", "decoder/stack/", 1) for path in weights.paths}
            forward = {there: here for here, there in tied.items() if here.startswith("encoder/forward_")}
            self.stack = Encoder(self.settings, read, weights.renamed(forward), "decoder/stack")
        else:
            self.stack = Encoder(self.settings, read, weights, "decoder/stack")
        self.states = self.stack.memories
        shapes: dict[str, tuple[int, ...]] = {
            "table/embeddings": (plan.symbols, own.dim),
            "first/kernel": (2 * width, self.states * units),
            "first/bias": (self.states * units,),
            "mixed/kernel": (units + context, units),
            "mixed/bias": (units,),
            "scores/kernel": (units, plan.symbols),
            "scores/bias": (plan.symbols,),
        }
        if self.attends:
            shapes["key/kernel"] = (width, units)
        if own.attention == "bahdanau":
            shapes |= {"key/bias": (units,), "query/kernel": (units, units), "energy": (units, 1)}
        if plan.copies:
            shapes |= {"gate/kernel": (units, 1), "gate/bias": (1,)}
        self.arrays: dict[str, Floats] = {
            name: weights.take(f"decoder/{name}", shape) for name, shape in shapes.items()
        }
        weights.check_all()

    def reader(self) -> bytes:
        """What reads sources. Inputs are `symbols` `(batch, time)` and `lengths` `(batch,)`, int32; outputs the first
        states of the decoder and, with attention, what it compares its state with (keys) and what it then reads
        (features).
        """
        graph, units = Graph(), self.plan.config.decoder.units
        symbols = graph.input("symbols", "int32", ("batch", "time"))
        lengths = graph.input("lengths", "int32", ("batch",))
        vectors = graph.node("Gather", graph.constant(self.source), symbols)
        features, _ = self.encoder.write(graph, vectors, lengths)
        last = graph.node("Sub", graph.cast(lengths, "int64"), graph.integers(1))
        last = graph.node("Unsqueeze", last, graph.integers(1))
        at_end = graph.node("GatherND", features, last, batch_dims=1)
        at_start = graph.node("Gather", features, graph.constant(np.array(0)), axis=1)
        ends = graph.node("Concat", at_end, at_start, axis=-1)
        first = graph.node("Tanh", graph.affine(ends, self.arrays["first/kernel"], self.arrays["first/bias"]))
        graph.output(first, outputs.FIRST, states=self.states * units)
        if self.attends:
            keys = graph.affine(features, self.arrays["key/kernel"], self.arrays.get("key/bias"))
            graph.output(keys, outputs.KEYS, units=units)
            graph.output(features, outputs.FEATURES, units=self.encoder.width)
        return graph.finish()

    def step(self) -> bytes:
        """One step of the decoder for `beam` beginnings of a target of each source.

        Inputs are `previous` `(batch, beam)`, the last symbol of each, int64; `states` `(batch, beam, states * units)`;
        and, with attention, `keys`, `features` and `lengths`; if it copies, `symbols` too. Outputs are the logarithm of
        each symbol's probability, the new states and, with attention, its weights.
        """
        graph, own = Graph(), self.plan.config.decoder
        width, units, count = self.encoder.width, own.units, self.states
        previous = graph.input("previous", "int64", ("batch", "beam"))
        states = graph.input("states", "float32", ("batch", "beam", count * units))
        vectors = graph.node("Gather", graph.constant(self.arrays["table/embeddings"]), previous)
        attention = None
        if self.attends:
            keys = graph.input("keys", "float32", ("batch", "time", units))
            features = graph.input("features", "float32", ("batch", "time", width))
            lengths = graph.input("lengths", "int32", ("batch",))
            attention = _Attention(self, graph, keys, features, lengths)
        weights = ""
        if attention and own.attention == "bahdanau":
            output = graph.node("Slice", states, *(graph.integers(at) for at in (0, units, 2)))
            weights = attention.look(output)
            vectors = graph.node("Concat", vectors, attention.context(weights), axis=-1)
        flat = graph.node("Reshape", vectors, graph.integers(-1, 1, self.reads))
        rows = graph.node("Reshape", states, graph.integers(-1, count * units))
        parts = graph.nodes("Split", rows, graph.integers(*[units] * count), count=count, axis=1)
        layers, last = self.stack.write_carried(graph, flat, "", parts)
        new = graph.node("Concat", *last, axis=1)
        shape = graph.node("Concat", graph.node("Shape", previous), graph.integers(units), axis=0)
        top = graph.node("Reshape", layers[-1], shape)
        graph.output(
            graph.node("Reshape", new, graph.node("Shape", states)), outputs.NEXT, states=count * units
        )
        if attention and own.attention == "luong":
            weights = attention.look(top)
        if attention:
            top = graph.node("Concat", top, attention.context(weights), axis=-1)
            graph.output(weights, outputs.LOOKS)
        graph.output(self._logs(graph, top, weights), outputs.LOGS, symbols=self.plan.symbols)
        return graph.finish()

    def _logs(self, graph: Graph, top: str, weights: str) -> str:
        """The logarithm of each symbol's probability from the last layer's output and what the attention gave."""
        arrays = self.arrays
        mixed = graph.node("Tanh", graph.affine(top, arrays["mixed/kernel"], arrays["mixed/bias"]))
        scores = graph.affine(mixed, arrays["scores/kernel"], arrays["scores/bias"])
        if not self.plan.copies:
            return graph.node("LogSoftmax", scores, axis=-1)
        gate = graph.node("Sigmoid", graph.affine(mixed, arrays["gate/kernel"], arrays["gate/bias"]))
        symbols = graph.input("symbols", "int32", ("batch", "time"))
        targets = graph.node("Gather", graph.constant(self.plan.copied.astype(np.int64)), symbols)
        depth = graph.integers(self.plan.symbols)
        hot = graph.node("OneHot", targets, depth, graph.constant(np.array([0, 1], np.float32)), axis=-1)
        own = graph.node("Mul", gate, graph.node("Softmax", scores, axis=-1))
        rest = graph.node("Sub", graph.float(1), gate)
        copied = graph.node("Mul", rest, graph.node("MatMul", weights, hot))
        total = graph.node("Add", graph.node("Add", own, copied), graph.float(LEAST))
        return graph.node("Log", total)


class _Attention:
    """Writes the decoder's attention; names and shapes as in `TransducerGraphs.step`."""

    def __init__(
        self, graphs: TransducerGraphs, graph: Graph, keys: str, features: str, lengths: str
    ) -> None:
        self.graph, self.arrays, self.keys, self.features = graph, graphs.arrays, keys, features
        self.additive = graphs.plan.config.decoder.attention == "bahdanau"
        mask = graph.mask(lengths, keys)
        padding = graph.node("Where", mask, graph.float(0), graph.float(NEVER))
        self.padding = graph.node("Unsqueeze", padding, graph.integers(1))  # (batch, 1, time)

    def look(self, states: str) -> str:
        """The weights `(batch, beam, time)` of states `(batch, beam, units)`."""
        graph = self.graph
        if self.additive:
            queries = graph.affine(states, self.arrays["query/kernel"])
            queries = graph.node("Unsqueeze", queries, graph.integers(2))
            keys = graph.node("Unsqueeze", self.keys, graph.integers(1))
            hidden = graph.node("Tanh", graph.node("Add", queries, keys))  # (batch, beam, time, units)
            scores = graph.node("MatMul", hidden, graph.constant(self.arrays["energy"]))
            scores = graph.node("Squeeze", scores, graph.integers(3))
        else:
            turned = graph.node("Transpose", self.keys, perm=[0, 2, 1])
            scores = graph.node("MatMul", states, turned)
        return graph.node("Softmax", graph.node("Add", scores, self.padding), axis=-1)

    def context(self, weights: str) -> str:
        """What the attention reads, `(batch, beam, width)`."""
        return self.graph.node("MatMul", weights, self.features)
