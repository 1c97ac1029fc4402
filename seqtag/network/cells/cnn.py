"""A convolution over the words around each word."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from seqtag.graph.cells.cnn import check_window
from seqtag.network.cells.local import LocalCell
from seqtag.settings.config import EncoderSettings


class CNN(LocalCell):
    """y_t = f(sum_k W_k x_{t+kd} + b) over the `encoder.width` words around word t (Collobert et al. 2011, "Natural
    Language Processing (Almost) from Scratch"), with zeros beyond the sentence.

    The gap d between them is `encoder.dilation` to the power of the layers below, so that with 2 a word sees
    twice as far at each layer (Strubell et al. 2017, "Fast and Accurate Entity Recognition with Iterated
    Dilated Convolutions"). Without `encoder.bidirectional` the window ends at the word itself.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(settings)
        check_window(settings)

    def linear(self, number: int) -> keras.layers.Layer:
        settings = self.settings
        return keras.layers.Conv1D(
            self.wide,
            settings.width,
            dilation_rate=settings.dilation ** (number - 1),
            padding="same" if settings.bidirectional else "causal",
            use_bias=settings.use_bias,
            kernel_initializer=settings.kernel_initializer,
            name="linear",
        )

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        present = tf.sequence_mask(lengths, tf.shape(features)[1], dtype=features.dtype)  # (batch, time)
        return super().directions(layers, features * present[:, :, None], lengths, training)
