"""The network from settings and weights, as a serialised ONNX model: embeddings -> encoder -> head."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.encoder import Encoder
from seqtag.graph.heads.base import Head, Legal
from seqtag.graph.label_head import LabelHead, LabelPlan
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import Config


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
        features, attention = self.encoder.write(graph, vectors, lengths)
        if self.label is not None:
            features = self.label.write(graph, features, lengths)
        return features, attention


def build(plan: Plan, weights: Weights, wanted: Collection[str] | None = None) -> bytes:
    """The network, decoding included.

    Inputs are `lengths` `(batch,)` int32 and those of the embeddings; outputs those of `seqtag.graph.outputs` that the
    head and the attention have, and `outputs.FINAL` if it is wanted.

    Args:
        plan: What the network is made of.
        weights: Its weights.
        wanted: The names of the outputs to compute; None for all but the final states.

    Raises:
        ValueError: The weights are not those of the plan.
        UsageError: The settings contradict each other.
    """
    parts = Parts(plan, weights)
    graph = Graph()
    lengths = graph.input("lengths", "int32", ("batch",))
    vectors = parts.write_vectors(graph, {})
    features, attention = parts.write_features(graph, vectors, lengths)
    if parts.head is not None:
        parts.head.write(graph, features, lengths)
    if attention is not None:
        graph.output(attention, outputs.ATTENTION)
    if wanted is not None and outputs.FINAL.name in wanted:
        states = parts.encoder.write_final(graph, vectors, lengths)
        graph.output(states, outputs.FINAL, units=plan.config.encoder.units)
    return graph.finish(wanted)


def head_name(config: Config, legal: Legal | None) -> str:
    """The head that the configuration means: a CRF where tags depend on each other, unless it says
    otherwise.
    """
    if config.head.name != "auto":
        return config.head.name
    return "softmax" if legal is None else "crf"
