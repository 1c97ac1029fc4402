"""The network from settings and weights, as a serialised ONNX model: embeddings -> encoder -> head."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.encoder import Encoder
from seqtag.graph.heads.base import Legal
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
    config = plan.config
    embeddings = [
        registry.load(registry.EMBEDDINGS, name, "graph")(config, sizes, weights)
        for name, sizes in plan.sizes.items()
    ]
    encoder = Encoder(config.encoder, sum(part.dim for part in embeddings), weights)
    width = encoder.width
    label = LabelHead(plan.label, config.encoder, width, weights) if plan.label else None
    head = None
    if plan.tags:
        width = label.fed if label else width
        head = registry.load(registry.HEADS, head_name(config, plan.legal), "graph")(
            config.head, plan.tags, plan.legal, width, weights
        )
    weights.check_all()

    graph = Graph()
    lengths = graph.input("lengths", "int32", ("batch",))
    vectors = [part.write(graph) for part in embeddings]
    joined = graph.node("Concat", *vectors, axis=-1) if len(vectors) > 1 else vectors[0]
    features, attention = encoder.write(graph, joined, lengths)
    if label is not None:
        features = label.write(graph, features, lengths)
    if head is not None:
        head.write(graph, features, lengths)
    if attention is not None:
        graph.output(attention, outputs.ATTENTION)
    if wanted is not None and outputs.FINAL.name in wanted:
        states = encoder.write_final(graph, joined, lengths)
        graph.output(states, outputs.FINAL, units=config.encoder.units)
    return graph.finish(wanted)


def head_name(config: Config, legal: Legal | None) -> str:
    """The head that the configuration means: a CRF where tags depend on each other, unless it says
    otherwise.
    """
    if config.head.name != "auto":
        return config.head.name
    return "softmax" if legal is None else "crf"
