"""All tags of a sentence together."""

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import Chain, ChainHead, decoding_bias, penalties
from seqtag.graph.weights import Weights
from seqtag.settings.config import HeadSettings


class CRFHead(ChainHead):
    """See `seqtag.network.heads.crf.CRFHead`."""

    def __init__(
        self, settings: HeadSettings, tags: int, legal: Legal | None, dim: int, weights: Weights
    ) -> None:
        self.tags, self.legal = tags, legal
        self.bias = decoding_bias(tags, settings.outside_bias)
        self.kernel = weights.take("scores/kernel", (dim, tags))
        self.scores_bias = weights.take("scores/bias", (tags,))
        self.start = weights.take("start", (tags,))
        self.transitions = weights.take("transitions", (tags, tags))
        self.end = weights.take("end", (tags,))

    def scores(self, graph: Graph, features: str) -> str:
        kernel, bias = graph.constant(self.kernel), graph.constant(self.scores_bias)
        return graph.node("Add", graph.node("MatMul", features, kernel), bias)

    def chain(self) -> Chain:
        tags = self.tags
        everything = Legal(np.ones(tags, bool), np.ones((tags, tags), bool), np.ones(tags, bool))
        forbidden = penalties(self.legal or everything)
        return Chain(
            self.start + forbidden.start,
            self.transitions + forbidden.transitions,
            self.end + forbidden.end,
        )
