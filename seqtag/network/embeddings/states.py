"""The states of a language model, which come into the network as they are."""

from typing import Any, Self

import keras
import tensorflow as tf

from seqtag.network.embeddings.base import Embedding, Input
from seqtag.settings.config import RunSettings


class StateEmbedding(Embedding):
    """The mean of the layers of a language model, with learnt weights, times a learnt scale (Peters et al. 2018, "Deep
    contextualized word representations", equation 1); a dense layer reduces it where that is wanted.

    Args:
        layers: Layers of the language model.
        width: Size of a layer's state.
        dim: What it is reduced to; 0 to leave it as it is.
    """

    def __init__(self, layers: int, width: int, dim: int) -> None:
        super().__init__(name="lm")
        self.layers = layers
        self.inputs = {"states": Input("float32", (None, None, layers, width))}
        self.mix: Any = None
        self.scale: Any = None
        self.projection = keras.layers.Dense(dim, name="projection") if dim else None

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["layers"], sizes["width"], config.embeddings.lm.dim)

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the mean; one layer needs none."""
        self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")
        if self.layers > 1:
            self.mix = self.add_weight(shape=(self.layers,), initializer="zeros", name="mix")
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        states = inputs["states"]  # (batch, time, layers, width)
        shares = tf.ones(1) if self.mix is None else tf.nn.softmax(self.mix)
        vectors = tf.einsum("btlw,l->btw", states, self.scale * shares)
        return vectors if self.projection is None else self.projection(vectors)
