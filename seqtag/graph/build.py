"""The network from settings and weights, as a serialised ONNX model: embeddings -> encoder -> head."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.encoder import Encoder
from seqtag.graph.heads.base import Head, Legal
from seqtag.graph.heads.chain import ChainHead
from seqtag.graph.label_head import LabelHead, LabelPlan
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import Config, EncoderSettings
from seqtag.support.errors import UsageError


@dataclass(frozen=True)
class Plan:
    """What a network is made of, beside its weights.

    Attributes:
        config: The settings.
        sizes: What each embedding's indexer says of its table, by the name of the embedding.
        tags: Number of tags; 0 for a network that has none.
        legal: What the tag scheme allows; None if every tag may stand anywhere.
        label: What its head of labels is made of; None if it has none.
    """

    config: Config
    sizes: Mapping[str, Mapping[str, int]]
    tags: int
    legal: Legal | None
    label: LabelPlan | None = None


class Parts:
    """The parts of a network, with the weights that they have taken.

    Args:
        plan: What the network is made of.
        weights: Its weights.

    Attributes:
        head: What makes tags of features; None if there are none.

    Raises:
        ValueError: The weights are not those of the plan.
        UsageError: The settings contradict each other.
    """

    def __init__(self, plan: Plan, weights: Weights) -> None:
        config = plan.config
        self.embeddings = {
            name: registry.load(registry.EMBEDDINGS, name, "graph")(config, sizes, weights)
            for name, sizes in plan.sizes.items()
        }
        self.encoder = Encoder(config.encoder, sum(part.dim for part in self.embeddings.values()), weights)
        width = self.encoder.width
        self.label = LabelHead(plan.label, config.encoder, width, weights) if plan.label else None
        self.head: Head | None = None
        if plan.tags:
            width = self.label.fed if self.label else width
            self.head = registry.load(registry.HEADS, head_name(config, plan.legal), "graph")(
                config.head, plan.tags, plan.legal, width, weights
            )
        check_outside_bias(config, plan.legal, is_chain=isinstance(self.head, ChainHead))
        weights.check_all()

    def write_vectors(self, graph: Graph, prefixes: Mapping[str, str]) -> str:
        """Writes the embeddings; returns the name of all vectors side by side, `(batch, time, dim)`.

        Args:
            graph: The graph.
            prefixes: What the names of the inputs of an embedding begin with, by its name; nothing if it is not there.
        """
        vectors = []
        for name, part in self.embeddings.items():
            with graph.prefixed(prefixes.get(name, "")):
                vectors.append(part.write(graph))
        return graph.node("Concat", *vectors, axis=-1) if len(vectors) > 1 else vectors[0]

    def write_features(self, graph: Graph, vectors: str, lengths: str) -> tuple[str, str | None]:
        """Writes what lies between vectors and the head of tags, and the head of labels; returns the names of the
        features and, with attention, of its weights.
        """
        states, attention = self.encoder.write(graph, vectors, lengths)
        return self.read_by_head(graph, states, lengths), attention

    def read_by_head(self, graph: Graph, states: str, lengths: str) -> str:
        """Writes the head of labels over the states of the encoder; returns the name of what the head of tags reads."""
        return states if self.label is None else self.label.write(graph, states, lengths)

    def write_answer(self, graph: Graph, features: str, attention: str | None, lengths: str) -> None:
        """Writes the head of tags over the features, and the attention, where there are any."""
        if self.head is not None:
            self.head.write(graph, features, lengths)
        if attention is not None:
            graph.output(attention, outputs.ATTENTION)


def build(
    plan: Plan, weights: Weights, wanted: Collection[str] | None = None, *, int8: bool = False
) -> bytes:
    """The network, decoding included.

    Inputs are `lengths` `(batch,)` int32 and those of the embeddings; outputs those of `seqtag.graph.outputs` that the
    head and the attention have, and `outputs.FINAL` if it is wanted.

    Args:
        plan: What the network is made of.
        weights: Its weights.
        wanted: The names of the outputs to compute; None for all but the final states.
        int8: Whether the recurrent products of LSTMs are rounded to 8 bits; see `check_int8`. ONNX Runtime alone runs
            such a network.

    Raises:
        ValueError: The weights are not those of the plan.
        UsageError: The settings contradict each other.
    """
    parts = Parts(plan, weights)
    graph = Graph(int8=int8)
    lengths = graph.input("lengths", "int32", ("batch",))
    vectors = parts.write_vectors(graph, {})
    features, attention = parts.write_features(graph, vectors, lengths)
    parts.write_answer(graph, features, attention, lengths)
    if wanted is not None and outputs.FINAL.name in wanted:
        states = parts.encoder.write_final(graph, vectors, lengths)
        graph.output(states, outputs.FINAL, units=plan.config.encoder.units)
    return graph.finish(wanted)


class Halves(NamedTuple):
    """A network in two: the first reads words by themselves, and so each word once; the second reads sentences.

    Attributes:
        words: Its inputs are those of the embeddings, for one sentence of all words; its output is `outputs.GATES`.
        sentences: Its inputs are `lengths` `(batch,)`, `gates` `(words * directions, gates of a direction)`, which are
            zeros for padding, and `places` `(time, batch)`, the word of each place. Its outputs are those of `build`.
        directions: The directions of the first layer.
    """

    words: bytes
    sentences: bytes
    directions: int


def build_halves(
    plan: Plan, weights: Weights, wanted: Collection[str] | None = None, *, int8: bool = False
) -> Halves | None:
    """The network of `build` in two halves, which is quicker where words occur many times; None if it cannot be
    divided: an embedding looks at more than the word, or the first layer is not the usual LSTM.

    Args:
        plan: What the network is made of.
        weights: Its weights.
        wanted: The names of the outputs to compute; None for all but the final states.
        int8: As for `build`.

    Raises:
        ValueError: The weights are not those of the plan.
        UsageError: The settings contradict each other.
    """
    parts = Parts(plan, weights)
    if not (
        parts.encoder.reads_words_apart
        and all(getattr(part, "of_words", False) for part in parts.embeddings.values())
    ):
        return None
    words = Graph()
    words.output(parts.encoder.write_gates(words, parts.write_vectors(words, {})), outputs.GATES)

    graph = Graph(int8=int8)
    lengths = graph.input("lengths", "int32", ("batch",))
    gates = graph.input("gates", "float32", ("rows", 4 * plan.config.encoder.units))
    places = graph.input("places", "int32", ("time", "batch"))
    states, attention = parts.encoder.write_on_gates(graph, gates, places, lengths)
    parts.write_answer(graph, parts.read_by_head(graph, states, lengths), attention, lengths)
    directions = 2 if plan.config.encoder.bidirectional else 1
    return Halves(words.finish(), graph.finish(wanted), directions)


def check_int8(settings: EncoderSettings) -> None:
    """Refuses an encoder of which nothing is rounded to 8 bits.

    Raises:
        UsageError: It has no usual LSTM.
    """
    usual = settings.activation in (None, "tanh") and settings.recurrent_activation in (None, "sigmoid")
    if settings.cell != "lstm" or not settings.layers or not usual:
        raise UsageError(
            "--precision int8 is for models with layers of encoder.cell lstm and its usual activations. Received: "
            f"{settings.layers} layers of {settings.cell}"
        )


def check_outside_bias(config: Config, legal: Legal | None, *, is_chain: bool) -> None:
    """Refuses a bias of O where there is no O, or no search that it could be for.

    Args:
        config: The settings.
        legal: What the tag scheme allows; None if everything.
        is_chain: Whether the decoder is a chain over the tags.

    Raises:
        UsageError: There is such a bias.
    """
    if config.head.outside_bias and not (is_chain and legal):
        raise UsageError(
            "head.outside_bias is for tags of spans and the heads crf and softmax (--head crf). Received: "
            f"{head_name(config, legal)}{'' if legal else ' over plain tags'}"
        )


def head_name(config: Config, legal: Legal | None) -> str:
    """The head that the configuration means: a CRF where tags depend on each other, unless it says
    otherwise.
    """
    if config.head.name != "auto":
        return config.head.name
    return "softmax" if legal is None else "crf"
