"""The gated recurrent unit."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from seqtag.model.cells.base import Cell, reordered


class GRU(Cell):
    """Update and reset gates, no separate memory (Cho et al. 2014, "Learning Phrase Representations using RNN
    Encoder-Decoder"); the reset gate acts after the matrix product, which is Keras's default and cuDNN's
    form.
    """

    keras_layer = keras.layers.GRU
    operator = "GRU"

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        kernel, recurrent, bias = layer.get_weights()
        both = [reordered(row, "zrh", "zrh") for row in bias]
        return reordered(kernel, "zrh", "zrh"), reordered(recurrent, "zrh", "zrh"), np.concatenate(both)

    def onnx_activations(self) -> list[str]:
        return [self.recurrent_activation, self.activation]

    def attributes(self) -> dict[str, Any]:
        return {"linear_before_reset": 1}
