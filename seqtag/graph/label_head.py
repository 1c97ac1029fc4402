"""The labels of a sentence as a whole."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.weights import Floats, Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings

if TYPE_CHECKING:
    from seqtag.settings.labelled import LabelSettings


@dataclass(frozen=True)
class LabelPlan:
    """What the head of labels is made of, beside its weights.

    Attributes:
        settings: The `label` section of the configuration.
        count: Number of labels.
        multiple: Whether a sentence may have several, each of which is decided by itself.
    """

    settings: "LabelSettings"
    count: int
    multiple: bool = False


class LabelHead:
    """See `seqtag.network.label_head.LabelHead`.

    Args:
        plan: What it is made of.
        encoder: The `encoder` section of the configuration.
        dim: The last size of the features.
        weights: Where the head takes its weights from.

    Attributes:
        fed: The last size of the features that the head of tags reads.
    """

    def __init__(self, plan: LabelPlan, encoder: EncoderSettings, dim: int, weights: Weights) -> None:
        self.plan = plan
        settings = plan.settings
        self.pooling = registry.load(registry.POOLINGS, settings.pooling, "graph")(encoder, dim, weights)
        size: int = self.pooling.width
        self.hidden = None
        if settings.units:
            self.hidden = self._dense(weights, "hidden", size, settings.units)
            size = settings.units
        self.scores = self._dense(weights, "scores", size, plan.count)
        self.gate, self.fed = None, dim
        if settings.feeds_tags == "probabilities":
            self.fed = dim + plan.count
        if settings.feeds_tags == "gate":
            self.gate = self._dense(weights, "gate", plan.count, dim)
            self.direction = weights.take("label/direction", (dim,))

    @staticmethod
    def _dense(weights: Weights, name: str, dim: int, units: int) -> tuple[Floats, Floats]:
        path = f"label/{name}"
        return weights.take(f"{path}/kernel", (dim, units)), weights.take(f"{path}/bias", (units,))

    def write(self, graph: Graph, features: str, lengths: str) -> str:
        """Writes the head and its outputs; returns the name of what the head of tags reads, `(batch, time, fed)`."""
        vector, looks = self.pooling.write(graph, features, lengths)
        found = vector
        if self.hidden:
            found = graph.node("Tanh", graph.affine(found, *self.hidden))
        logits = graph.affine(found, *self.scores)
        given = (
            graph.node("Sigmoid", logits) if self.plan.multiple else graph.node("Softmax", logits, axis=-1)
        )
        graph.output(given, outputs.LABELS)
        graph.output(vector, outputs.VECTOR)
        if looks is not None:
            graph.output(looks, outputs.LABEL_ATTENTION)
        return self._feed(graph, features, given)

    def _feed(self, graph: Graph, features: str, given: str) -> str:
        row = graph.node("Unsqueeze", given, graph.integers(1))  # (batch, 1, labels)
        if self.plan.settings.feeds_tags == "probabilities":
            shape = graph.node("Shape", features, start=0, end=2)
            size = graph.node("Concat", shape, graph.integers(self.plan.count), axis=0)
            return graph.node("Concat", features, graph.node("Expand", row, size), axis=-1)
        if self.gate is not None:
            inner = graph.node("Tanh", graph.node("Add", features, graph.affine(row, *self.gate)))
            weighed = graph.node("Mul", inner, graph.constant(self.direction))
            share = graph.node("ReduceSum", weighed, graph.integers(2), keepdims=1)  # (batch, time, 1)
            return graph.node("Add", features, graph.node("Mul", features, share))
        return features
