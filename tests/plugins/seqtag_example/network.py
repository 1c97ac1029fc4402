"""The Keras halves of a cell and a head."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from seqtag.network.cells.dense import Dense
from seqtag.network.heads.base import Head


class Doubled(Dense):
    """y_t = 2 f(W x_t + b)."""

    def directions(self, layers: Sequence[Any], features: Any, lengths: Any, training: bool) -> list[Any]:
        return [2 * output for output in super().directions(layers, features, lengths, training)]


class Greedy(Head):
    """The best tag of each word, whatever the scheme allows."""

    def __init__(self, tags: int) -> None:
        super().__init__(name="head")
        self.dense = keras.layers.Dense(tags, name="scores")

    @classmethod
    def from_config(cls, config: Any, tags: int, legal: Any, frequencies: Any = None) -> Self:
        return cls(tags)

    def loss(self, features: Any, tags: Any, mask: Any, training: bool = False) -> Any:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=self.dense(features))
        return tf.reduce_mean(tf.boolean_mask(losses, mask))

    def decode(self, features: Any, mask: Any) -> tuple[Any, Any]:
        probabilities = tf.nn.softmax(self.dense(features))
        best = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
        top = tf.reduce_max(probabilities, axis=-1)
        return best * tf.cast(mask, tf.int32), top * tf.cast(mask, top.dtype)

    def logits(self, features: Any, tags: Any, mask: Any) -> Any:
        return self.dense(features)
