"""Long short-term memory."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from seqtag.model.cells.base import Cell, gates


class LSTM(Cell):
    """A memory cell with input, forget and output gates.

    Hochreiter and Schmidhuber (1997, "Long Short-Term Memory"), with the forget gate of Gers et al. (2000)
    and its bias started at 1 (Jozefowicz et al. 2015), as Keras has it.
    """

    keras_layer = keras.layers.LSTM
    operator = "LSTM"

    def weights(self, layer: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        kernel, recurrent, bias = (gates(array, "ifco", "iofc") for array in layer.get_weights())
        return kernel, recurrent, np.concatenate([bias, np.zeros_like(bias)])

    def onnx_activations(self) -> list[str]:
        return [self.recurrent_activation, self.activation, self.activation]
