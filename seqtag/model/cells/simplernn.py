"""The plain recurrent network."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from seqtag.model.cells.base import Cell


class SimpleRNN(Cell):
    """h_t = f(W x_t + U h_{t-1} + b) (Elman 1990, "Finding Structure in Time")."""

    gated = False
    keras_layer = keras.layers.SimpleRNN
    operator = "RNN"

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        kernel, recurrent, bias = layer.get_weights()
        return kernel.T, recurrent.T, np.concatenate([bias, np.zeros_like(bias)])

    def onnx_activations(self) -> list[str]:
        return [self.activation]
