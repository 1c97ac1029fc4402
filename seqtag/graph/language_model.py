"""The states of a recurrent language model, as a serialised ONNX model: embeddings -> an encoder for each direction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.encoder import Encoder
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import RunSettings
from seqtag.support.errors import UsageError

DIRECTIONS = tuple(outputs.STATES)
LOOKING_AHEAD = ("bigrams", "bigram_vectors")  # embeddings that see the next word too


def build(
    config: RunSettings,
    sizes: Mapping[str, Mapping[str, int]],
    directions: Sequence[str],
    weights: Weights,
    *,
    every_layer: bool = False,
    carried: bool = False,
    wanted: Collection[str] | None = None,
) -> bytes:
    """The states of a `seqtag.network.language_model.LanguageNetwork`.

    Inputs are `lengths` `(batch,)` int32 and those of the embeddings. Each direction is an output: what it knows after
    each token (`forward`) or before it (`backward`), `(batch, time, units)`, or `(batch, time, layers, units)` of
    every layer. States at padding are undefined.

    Where the state is carried on, the states of all layers before the first token are a further input, `before`
    `(states, batch, units)`, and those after the last one a further output, `after`, which is defined where no sentence
    of the batch has padding.

    The weights of the output layer, below `output/`, stay where they are: a caller that takes those as well calls
    `weights.check_all` and `weights.check_finite` in the end.

    Args:
        config: The settings; the encoder's `bidirectional` is not looked at.
        sizes: What each embedding's indexer says of its table, by the name of the embedding.
        directions: The directions that the network has, of `DIRECTIONS`.
        weights: Its weights.
        every_layer: Whether the states of all layers are wanted, not only those of the last.
        carried: Whether the state is carried on from one batch to the next, in place of zeros.
        wanted: The directions to compute; None for all that the network has.

    Raises:
        ValueError: The weights are not those of the network.
        UsageError: A part that sees the word to predict is among the settings, or they contradict each other.
    """
    check(config, sizes)
    if carried:
        check_carried(config, directions)
    embeddings = [
        registry.load(registry.EMBEDDINGS, name, "graph")(config, own, weights) for name, own in sizes.items()
    ]
    settings, dim = replace(config.encoder, bidirectional=False), sum(part.dim for part in embeddings)
    encoders = {name: Encoder(settings, dim, weights, name) for name in DIRECTIONS if name in directions}

    graph = Graph()
    lengths = graph.input("lengths", "int32", ("batch",))
    vectors = [part.write(graph) for part in embeddings]
    joined = graph.node("Concat", *vectors, axis=-1) if len(vectors) > 1 else vectors[0]
    for name, encoder in encoders.items():
        if carried:
            layers = _carried(graph, encoder, joined, lengths)
        else:
            layers = _layers(graph, encoder, joined, lengths, backwards=name == "backward")
        if every_layer:
            apart = [graph.node("Unsqueeze", layer, graph.integers(2)) for layer in layers]
            found = graph.node("Concat", *apart, axis=2)
            graph.output(found, outputs.LAYERS[name], layers=len(layers), units=encoder.width)
        else:
            graph.output(layers[-1], outputs.STATES[name], units=encoder.width)
    return graph.finish(wanted)


def _layers(graph: Graph, encoder: Encoder, vectors: str, lengths: str, *, backwards: bool) -> list[str]:
    """What each layer of a direction gives, in the order of the tokens."""
    if not backwards:
        return encoder.write_layers(graph, vectors, lengths)
    long_lengths = graph.cast(lengths, "int64")

    def turned(array: str) -> str:
        return graph.node("ReverseSequence", array, long_lengths, batch_axis=0, time_axis=1)

    return [turned(layer) for layer in encoder.write_layers(graph, turned(vectors), lengths)]


def _carried(graph: Graph, encoder: Encoder, vectors: str, lengths: str) -> list[str]:
    """What each layer gives from the states of the input `before`; the states in the end are the output `after`."""
    count, units = encoder.memories, encoder.width
    before = graph.input(outputs.BEFORE, "float32", (count, "batch", units))
    first = graph.nodes("Split", before, graph.integers(*[1] * count), count=count, axis=0)
    layers, last = encoder.write_carried(
        graph, vectors, lengths, [graph.node("Squeeze", state, graph.integers(0)) for state in first]
    )
    apart = [graph.node("Unsqueeze", state, graph.integers(0)) for state in last]
    graph.output(graph.node("Concat", *apart, axis=0), outputs.AFTER, states=count, units=units)
    return layers


def check_carried(config: RunSettings, directions: Sequence[str]) -> None:
    """Refuses settings with which a state cannot be carried from line to line.

    Args:
        config: The settings.
        directions: The directions in which the network reads.

    Raises:
        UsageError: It cannot.
    """
    if tuple(directions) != ("forward",):
        direction = directions[0] if len(directions) == 1 else "both"
        raise UsageError(
            f"reading.continuous carries the state forward only, and reading.direction is {direction}; expected "
            "reading.direction: forward (--direction forward)."
        )
    if not registry.is_stateful(config.encoder.cell):
        raise UsageError(
            f"reading.continuous carries a state, and encoder.cell {config.encoder.cell} has none; expected one of "
            f"{', '.join(name for name in registry.CELLS if registry.is_stateful(name))}."
        )


def check(config: RunSettings, sizes: Collection[str]) -> None:
    """Refuses settings with which a state would see the word that it predicts.

    Args:
        config: The settings.
        sizes: The names of the embeddings.

    Raises:
        UsageError: There is a part that does.
    """
    for name in LOOKING_AHEAD:
        if name in sizes:
            raise UsageError(f"a language model cannot use embeddings.{name}: they show it the next word.")
    if config.encoder.attention != "none":
        raise UsageError(
            f"a language model cannot use encoder.attention {config.encoder.attention}: it shows it all words."
        )
