"""A convolution over the words around each word."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.network.cells.local import LocalCell
from seqtag.network.export import Graph
from seqtag.settings.config import Encoder
from seqtag.support.errors import UsageError

LARGEST_GAP = 1024  # words; beyond, nothing but zeros would be seen


class CNN(LocalCell):
    """y_t = f(sum_k W_k x_{t+kd} + b) over the `encoder.width` words around word t (Collobert et al. 2011, "Natural
    Language Processing (Almost) from Scratch"), with zeros beyond the sentence.

    The gap d between them is `encoder.dilation` to the power of the layers below, so that with 2 a word sees
    twice as far at each layer (Strubell et al. 2017, "Fast and Accurate Entity Recognition with Iterated
    Dilated Convolutions"). Without `encoder.bidirectional` the window ends at the word itself.
    """

    def __init__(self, settings: Encoder) -> None:
        super().__init__(settings)
        if settings.width % 2 == 0:
            raise UsageError(f"encoder.width is {settings.width}; expected an odd number of words.")
        gap = settings.dilation ** (settings.layers - 1)
        if gap > LARGEST_GAP:
            raise UsageError(
                f"encoder.dilation {settings.dilation} with {settings.layers} layers makes a gap of {gap:,} words in "
                f"the last layer; expected at most {LARGEST_GAP:,}."
            )

    def linear(self, number: int) -> keras.layers.Layer:
        settings = self.settings
        return keras.layers.Conv1D(
            settings.units,
            settings.width,
            dilation_rate=settings.dilation ** (number - 1),
            padding="same" if settings.bidirectional else "causal",
            kernel_initializer=settings.kernel_initializer,
            name="linear",
        )

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        present = tf.sequence_mask(lengths, tf.shape(features)[1], dtype=features.dtype)  # (batch, time)
        return super().directions(layers, features * present[:, :, None], lengths, training)

    def export_linear(self, graph: Graph, features: str, lengths: str, linear: Any) -> str:
        kernel, bias = linear.get_weights()  # kernel: (width, features, units)
        (gap,) = linear.dilation_rate
        reach = (self.settings.width - 1) * gap
        present = graph.node("Cast", graph.mask(lengths, features), to=1)  # (batch, time)
        seen = graph.node("Mul", features, graph.node("Unsqueeze", present, graph.integers(2)))
        total = graph.node(
            "Conv",
            graph.node("Transpose", seen, perm=[0, 2, 1]),  # (batch, features, time)
            graph.constant(kernel.transpose(2, 1, 0)),
            graph.constant(bias),
            dilations=[gap],
            pads=[reach // 2, reach // 2] if self.settings.bidirectional else [reach, 0],
        )  # (batch, units, time)
        return str(graph.node("Transpose", total, perm=[0, 2, 1]))
