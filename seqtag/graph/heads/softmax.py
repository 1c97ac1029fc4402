"""Each token's tag by itself."""

from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import Chain, ChainHead, decoding_bias, penalties
from seqtag.graph.weights import Weights
from seqtag.settings.config import HeadSettings


class SoftmaxHead(ChainHead):
    """See `seqtag.network.heads.softmax.SoftmaxHead`."""

    def __init__(
        self, settings: HeadSettings, tags: int, legal: Legal | None, dim: int, weights: Weights
    ) -> None:
        self.tags, self.legal, self.is_chain = tags, legal, legal is not None
        self.bias = decoding_bias(tags, settings.outside_bias)
        self.kernel = weights.take("scores/kernel", (dim, tags))
        self.scores_bias = weights.take("scores/bias", (tags,))

    def scores(self, graph: Graph, features: str) -> str:
        kernel, bias = graph.constant(self.kernel), graph.constant(self.scores_bias)
        logits = graph.node("Add", graph.node("MatMul", features, kernel), bias)
        return graph.node("LogSoftmax", logits, axis=-1)

    def chain(self) -> Chain:
        if self.legal is None:
            raise ValueError(
                "a chain without constraints is never needed: each token's best tag is the best path"
            )
        return penalties(self.legal)

    def write(self, graph: Graph, features: str, lengths: str) -> None:
        if self.is_chain:
            super().write(graph, features, lengths)
        else:
            write_apart(graph, self.scores(graph, features))


def write_apart(graph: Graph, scores: str) -> None:
    """Writes the decoder of tags that do not depend on each other, of their log probabilities `(batch, time, tags)`,
    and its outputs.
    """
    best = graph.node("ArgMax", scores, axis=-1, keepdims=0)
    top = graph.node("Exp", graph.node("ReduceMax", scores, graph.integers(-1), keepdims=0))
    graph.output(best, outputs.TAGS)
    graph.output(top, outputs.PROBABILITIES)
    graph.output(scores, outputs.SCORES)
