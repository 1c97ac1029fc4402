"""A convolution over the words around each word."""

from collections.abc import Sequence

from seqtag.graph.builder import Graph
from seqtag.graph.cells.local import LocalCell
from seqtag.graph.weights import Weights
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import UsageError

LARGEST_GAP = 1024  # words; beyond, nothing but zeros would be seen


def check_window(settings: EncoderSettings) -> None:
    """Refuses a width or a dilation that makes no sense.

    Raises:
        UsageError: It is one.
    """
    if settings.width % 2 == 0:
        raise UsageError(f"encoder.width is {settings.width}; expected an odd number of words.")
    gap = settings.dilation ** (settings.layers - 1)
    if gap > LARGEST_GAP:
        raise UsageError(
            f"encoder.dilation {settings.dilation} with {settings.layers} layers makes a gap of {gap:,} words in "
            f"the last layer; expected at most {LARGEST_GAP:,}."
        )


class CNN(LocalCell):
    """See `seqtag.network.cells.cnn.CNN`."""

    def __init__(
        self, settings: EncoderSettings, dim: int, weights: Weights, paths: Sequence[str], number: int = 1
    ) -> None:
        check_window(settings)
        super().__init__(settings, dim, weights, paths, number)
        self.gap = settings.dilation ** (number - 1)

    def kernel_shape(self, dim: int) -> tuple[int, ...]:
        return self.settings.width, dim

    def write_linear(self, graph: Graph, features: str, lengths: str) -> str:
        reach = (self.settings.width - 1) * self.gap
        present = graph.cast(graph.mask(lengths, features), "float32")  # (batch, time)
        seen = graph.node("Mul", features, graph.node("Unsqueeze", present, graph.integers(2)))
        total = graph.node(
            "Conv",
            graph.node("Transpose", seen, perm=[0, 2, 1]),  # (batch, dim, time)
            graph.constant(self.kernel.transpose(2, 1, 0)),
            graph.constant(self.bias),
            dilations=[self.gap],
            pads=[reach // 2, reach // 2] if self.settings.bidirectional else [reach, 0],
        )  # (batch, units, time)
        return graph.node("Transpose", total, perm=[0, 2, 1])
