"""The states of a language model: an input, the mean of its layers, and a dense layer where they are reduced."""

from collections.abc import Mapping

import numpy as np

from seqtag.graph.builder import Graph
from seqtag.graph.weights import Floats, Weights
from seqtag.settings.config import RunSettings


class StateEmbedding:
    """See `seqtag.network.embeddings.states.StateEmbedding`."""

    def __init__(self, config: RunSettings, sizes: Mapping[str, int], weights: Weights) -> None:
        self.layers, self.width = sizes["layers"], sizes["width"]
        scale = weights.take("lm/scale", (1,))
        mix = weights.take("lm/mix", (self.layers,)) if self.layers > 1 else np.zeros(1, np.float32)
        self.shares = _shares(scale, mix)
        dim = config.embeddings.lm.dim
        self.kernel = weights.take("lm/projection/kernel", (self.width, dim)) if dim else None
        self.bias = weights.take("lm/projection/bias", (dim,)) if dim else None
        self.dim = dim or self.width

    def write(self, graph: Graph) -> str:
        """Writes the input, the weighted sum of the layers, and the dense layer."""
        states = graph.input("states", "float32", ("batch", "time", self.layers, self.width))
        shared = graph.node("Mul", states, graph.constant(self.shares[:, None]))
        vectors = graph.node("ReduceSum", shared, graph.integers(2), keepdims=0)
        return vectors if self.kernel is None else graph.affine(vectors, self.kernel, self.bias)


def _shares(scale: Floats, scores: Floats) -> Floats:
    """The weight of each layer, `(layers,)`: a softmax of the scores, times the scale."""
    with np.errstate(all="ignore"):  # weights that are not finite are refused later
        powers: Floats = np.exp(scores - scores.max())
        shares: Floats = scale * powers / powers.sum()
    return shares
