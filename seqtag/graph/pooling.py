"""Pooling: the features of the words of a sentence, reduced to one vector."""

from seqtag.graph.attention import NOTHING
from seqtag.graph.builder import Graph
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings

PATH = "label/pooling"


class LastPooling:
    """See `seqtag.network.pooling.LastPooling`.

    Args:
        settings: The `encoder` section of the configuration.
        dim: The last size of the features.
        weights: Where the part takes its weights from.

    Attributes:
        width: The size of the vector.
    """

    def __init__(self, settings: EncoderSettings, dim: int, weights: Weights) -> None:
        self.dim = dim
        self.both = settings.bidirectional
        self.halves = halves(settings)
        self.width = 2 * dim if self.both and not self.halves else dim

    def write(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        """Writes the part; returns the names of the vector `(batch, width)` and, where words have weights, of these,
        `(batch, time)`.
        """
        time = graph.node(
            "Cast", graph.node("Sub", lengths, graph.node("Cast", graph.integers(1), to=6)), to=7
        )
        place = graph.node("Unsqueeze", time, graph.integers(1))  # (batch, 1)
        last = graph.node("GatherND", features, place, batch_dims=1)
        if not self.both:
            return last, None
        first = graph.node("GatherND", features, graph.node("Mul", place, graph.integers(0)), batch_dims=1)
        if self.halves:
            half = self.dim // 2
            last = graph.node("Slice", last, graph.integers(0), graph.integers(half), graph.integers(1))
            first = graph.node(
                "Slice", first, graph.integers(half), graph.integers(self.dim), graph.integers(1)
            )
        return graph.node("Concat", last, first, axis=-1), None


def halves(settings: EncoderSettings) -> bool:
    """Whether features are the states of two directions beside each other."""
    beside = settings.merge_mode == "concat" and settings.attention == "none" and settings.residual == "none"
    alone = beside and settings.tree == "none"
    return settings.bidirectional and alone and registry.is_stateful(settings.cell)


class MeanPooling(LastPooling):
    """See `seqtag.network.pooling.MeanPooling`."""

    def __init__(self, settings: EncoderSettings, dim: int, weights: Weights) -> None:
        self.width = dim

    def write(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        mask = graph.node("Unsqueeze", graph.mask(lengths, features), graph.integers(2))
        present = graph.node("Where", mask, features, graph.float(0))
        total = graph.node("ReduceSum", present, graph.integers(1), keepdims=0)
        count = graph.node("Unsqueeze", graph.cast(lengths, "float32"), graph.integers(1))
        return graph.node("Div", total, count), None


class MaxPooling(MeanPooling):
    """See `seqtag.network.pooling.MaxPooling`."""

    def write(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        mask = graph.node("Unsqueeze", graph.mask(lengths, features), graph.integers(2))
        present = graph.node("Where", mask, features, graph.float(NOTHING))
        return graph.node("ReduceMax", present, graph.integers(1), keepdims=0), None


class AttentionPooling(LastPooling):
    """See `seqtag.network.pooling.AttentionPooling`."""

    def __init__(self, settings: EncoderSettings, dim: int, weights: Weights) -> None:
        self.width = dim
        self.hidden = (
            weights.take(f"{PATH}/hidden/kernel", (dim, dim)),
            weights.take(f"{PATH}/hidden/bias", (dim,)),
        )
        self.energy = weights.take(f"{PATH}/energy/kernel", (dim, 1))

    def write(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        hidden = graph.node("Tanh", graph.affine(features, *self.hidden))
        energy = graph.node("Squeeze", graph.affine(hidden, self.energy), graph.integers(2))  # (batch, time)
        mask = graph.mask(lengths, features)
        weights = graph.node("Softmax", graph.node("Where", mask, energy, graph.float(NOTHING)), axis=-1)
        column = graph.node("Unsqueeze", weights, graph.integers(2))
        present = graph.node(
            "Where", graph.node("Unsqueeze", mask, graph.integers(2)), features, graph.float(0)
        )
        found = graph.node("ReduceSum", graph.node("Mul", present, column), graph.integers(1), keepdims=0)
        return found, weights


class RootPooling(MeanPooling):
    """See `seqtag.network.pooling.RootPooling`."""

    def write(self, graph: Graph, features: str, lengths: str) -> tuple[str, str | None]:
        nodes, read = (
            graph.node("Reshape", graph.cast(name, "int64"), graph.integers(-1, 1))
            for name in ("tree_up_nodes", "tree_up_neighbours")  # inputs that the tree has written
        )
        count = graph.node("Add", graph.node("Shape", nodes, end=1), graph.integers(1))
        every = graph.node("Expand", graph.float(1), count)
        nothing = graph.node("ConstantOfShape", graph.node("Shape", read, end=1))
        roots = graph.node("ScatterND", every, read, nothing)
        roots = graph.node("Slice", roots, graph.integers(1), graph.integers(2**31 - 1), graph.integers(0))
        sizes = graph.node("Shape", features, end=2)
        places = graph.node("ReduceProd", sizes, graph.integers(0), keepdims=1)
        flat = graph.node("ScatterND", graph.node("ConstantOfShape", places), nodes, roots)
        column = graph.node("Unsqueeze", graph.node("Reshape", flat, sizes), graph.integers(2))
        total = graph.node("ReduceSum", graph.node("Mul", features, column), graph.integers(1), keepdims=0)
        return graph.node("Div", total, graph.node("ReduceSum", column, graph.integers(1), keepdims=0)), None
