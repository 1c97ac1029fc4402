"""The encoder: layers stacked from any cell, with normalisation, shortcuts, a tree and attention."""

from collections.abc import Callable, Sequence
from typing import Any

from seqtag.graph.attention import MentionAttention
from seqtag.graph.builder import Graph
from seqtag.graph.trees import TreeEncoder
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings


class Encoder:
    """See `seqtag.network.encoder.Encoder`.

    Args:
        settings: The `encoder` section of the configuration.
        dim: The last size of what it reads.
        weights: Where it takes its weights from.
        path: Its path among them.

    Attributes:
        width: The last size of the features.
    """

    def __init__(self, settings: EncoderSettings, dim: int, weights: Weights, path: str = "encoder") -> None:
        cell = registry.load(registry.CELLS, settings.cell, "graph")
        around = (
            None
            if settings.residual == "none"
            else registry.load(registry.SHORTCUTS, settings.residual, "graph")
        )
        kind = settings.normalization
        norm = None if kind == "none" else registry.load(registry.NORMALIZATIONS, kind, "graph")
        self.stack = []
        ends, entered = shortcut_ends(settings), dim
        for number in range(1, settings.layers + 1):
            paths = [f"{path}/{name}" for name in cell.layers(settings, number)]
            layer = cell(settings, dim, weights, paths, number)
            shortcut = None
            if around and number in ends:
                shortcut = around(entered, layer.width, weights, f"{path}/shortcut_{number}")
                entered = layer.width
            own = norm and norm(layer.width, weights, f"{path}/normalization_{number}")
            self.stack.append((layer, own, shortcut))
            dim = layer.width
        self.tree = TreeEncoder(settings, dim, weights, f"{path}/tree") if settings.tree_passes else None
        self.width: int = self.tree.width if self.tree else dim
        self.attention: Any = None
        if settings.attention != "none":
            self.attention = registry.load(registry.ATTENTIONS, settings.attention, "graph")(
                settings.attention_heads, self.width, weights
            )
            self.width = self.attention.width

    def write(self, graph: Graph, vectors: str, lengths: str) -> tuple[str, str | None]:
        """Writes all layers over vectors `(batch, time, dim)`; returns the names of the features `(batch, time, width)`
        and, with attention, of its weights `(batch, heads, time, time)`.
        """
        features = [vectors, *self.write_layers(graph, vectors, lengths)][-1]
        return self._finished(graph, features, lengths)

    def _finished(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        """Writes what comes after the layers."""
        if self.tree is not None:
            features = self.tree.write(graph, features)
        if self.attention is None:
            return features, None
        features, looks = self.attention.write(graph, features, lengths)
        return features, looks

    @property
    def reads_words_apart(self) -> bool:
        """Whether what the first layer does with its input can be computed for each word by itself."""
        if self.tree is not None or isinstance(self.attention, MentionAttention) or not self.stack:
            return False
        around = any(shortcut is not None for _, _, shortcut in self.stack)
        return not around and bool(self.stack[0][0].reads_words_apart)

    def write_gates(self, graph: Graph, vectors: str) -> str:
        """Writes what the first layer makes of each word by itself; see `Cell.write_gates`."""
        layer, _, _ = self.stack[0]
        return str(layer.write_gates(graph, vectors))

    def write_on_gates(self, graph: Graph, gates: str, places: str, lengths: str) -> tuple[str, str | None]:
        """As `write`, for a table of what `write_gates` gives; see `Cell.write_on_gates`."""
        first, _, _ = self.stack[0]

        def run(layer: Any, features: str) -> str:
            if layer is first:
                return str(layer.write_on_gates(graph, gates, places))
            return str(layer.write(graph, features, lengths))

        return self._finished(graph, self._stacked(graph, "", run)[-1], lengths)

    def write_layers(self, graph: Graph, vectors: str, lengths: str) -> list[str]:
        """Writes the stack of layers; returns the name of what each gives, `(batch, time, width of its cell)`."""
        return self._stacked(graph, vectors, lambda layer, features: layer.write(graph, features, lengths))

    def write_final(self, graph: Graph, vectors: str, lengths: str) -> str:
        """Writes the stack of layers; returns the name of all states after the last word of each direction, `(layers *
        directions * memories, batch, units)`. All sentences must be as long as the longest.
        """
        last: list[str] = []

        def run(layer: Any, features: str) -> str:
            outputs, states = layer.write_final(graph, features, lengths)
            last.extend(states)
            return str(outputs)

        self._stacked(graph, vectors, run)
        apart = [graph.node("Unsqueeze", state, graph.integers(0)) for state in last]
        return graph.node("Concat", *apart, axis=0)

    def _stacked(self, graph: Graph, vectors: str, run: Callable[[Any, str], str]) -> list[str]:
        """What each layer gives; `run` writes a cell over features and returns the name of its output."""
        features, found, entered = vectors, [], vectors
        for layer, norm, shortcut in self.stack:
            outputs = run(layer, features)
            outputs = norm.write(graph, outputs) if norm else outputs
            features = outputs
            if shortcut:
                features = entered = shortcut.write(graph, entered, outputs)
            found.append(features)
        return found

    @property
    def memories(self) -> int:
        """How many states of all layers go from word to word."""
        return sum(layer.memories for layer, *_ in self.stack)

    def write_carried(
        self, graph: Graph, vectors: str, lengths: str, first: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """As `write_layers`, of one direction, from the states `first` of all layers, each `(batch, units)`; also the
        names of the states after the last word. All sentences must be as long as the longest.
        """
        last: list[str] = []

        def run(layer: Any, features: str) -> str:
            own = first[len(last) : len(last) + layer.memories]
            outputs, states = layer.carry(graph, features, lengths, own)
            last.extend(states)
            return str(outputs)

        return self._stacked(graph, vectors, run), last


def shortcut_ends(settings: EncoderSettings) -> set[int]:
    """The layers, from 1, after which a shortcut ends: every `encoder.shortcut_span`-th, and the last.

    Example:
        >>> shortcut_ends(EncoderSettings(layers=5, shortcut_span=2))
        {2, 4, 5}
    """
    return {*range(settings.shortcut_span, settings.layers, settings.shortcut_span), settings.layers}
