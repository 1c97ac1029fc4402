"""Attention of each word to others: to all of its sentence, or to its other mentions."""

import math
from typing import Any, ClassVar

import keras
import tensorflow as tf

from seqtag.graph.attention import NOTHING
from seqtag.network.embeddings.base import Input


class SelfAttention(keras.layers.Layer):  # type: ignore[misc]
    """States `(batch, time, dim)` beside what each word finds in all states, together `(batch, time, 2 * dim)`.

    Multi-head scaled dot-product attention (Vaswani et al. 2017, "Attention Is All You Need"): in each head word t
    gives word s the weight softmax_s(q_t k_s / sqrt(size)) and takes the weighted sum of the values; the heads, each of
    size dim / heads, are joined by an output layer. It is put beside the states and not added to them, so that the
    states stay what they are without it. Padding has weight 0.

    Args:
        heads: Number of heads.
        dropout: Dropout of what was found; the states have had theirs.
    """

    inputs: ClassVar[dict[str, Input]] = {}
    has_weights = True  # that say how much each word looks at each

    def __init__(self, heads: int, dropout: keras.layers.Layer) -> None:
        super().__init__(name="attention")
        self.heads = heads
        self.dropout = dropout

    def build(self, states_shape: Any) -> None:
        """Makes the weights."""
        dim = states_shape[-1]
        self.size = max(1, dim // self.heads)
        inside = self.heads * self.size
        self.query, self.key, self.value = (
            keras.layers.Dense(inside, name=name) for name in ("query", "key", "value")
        )
        self.output_layer = keras.layers.Dense(dim, name="output")
        for layer in (self.query, self.key, self.value):
            layer.build(states_shape)
        self.output_layer.build((*states_shape[:-1], inside))
        self.built = True

    def call(self, states: Any, lengths: Any, training: bool = False) -> Any:
        """The states and what was found."""
        found, _ = self.look(states, lengths)
        return tf.concat([states, self.dropout(found, training=training)], axis=-1)

    def look(self, states: Any, lengths: Any) -> tuple[Any, Any]:
        """What each word finds `(batch, time, dim)`, and its weights `(batch, heads, time, time)`.

        Entry [b, h, t, s] is how much word t looks at word s: rows of words sum to 1, columns of padding are 0.
        """
        shape = tf.shape(states)
        query, key, value = (
            tf.transpose(tf.reshape(layer(states), [shape[0], shape[1], self.heads, self.size]), [0, 2, 1, 3])
            for layer in (self.query, self.key, self.value)
        )  # (batch, heads, time, size)
        scores = tf.matmul(query / math.sqrt(self.size), key, transpose_b=True)
        present = tf.sequence_mask(lengths, shape[1])[:, None, None, :]  # (batch, 1, 1, time)
        weights = tf.nn.softmax(tf.where(present, scores, NOTHING))  # (batch, heads, time, time)
        found = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])  # (batch, time, heads, size)
        joined = tf.reshape(found, [shape[0], shape[1], self.heads * self.size])
        return self.output_layer(joined), weights


class MentionAttention(keras.layers.Layer):  # type: ignore[misc]
    """States `(batch, time, dim)` beside the mean of the states at the other mentions of the same word in the document,
    together `(batch, time, 2 * dim)`; zeros where there is none.

    A memory of a word's contexts, as in pooled contextual embeddings (Akbik, Bergmann and Vollgraf 2019, "Pooled
    Contextualized Embeddings for Named Entity Recognition") and in the document-level memory of Luo, Xiao and Zhao
    (2020, "Hierarchical Contextualized Representation for Named Entity Recognition"), but of the states of this very
    encoder, so that training sees what prediction does. Each mention counts alike: there are no weights to learn.

    Args:
        heads: Not used.
        dropout: Dropout of what was found; the states have had theirs.
    """

    inputs: ClassVar[dict[str, Input]] = {"mentions": Input("int32", (None, None))}
    has_weights = False

    def __init__(self, heads: int, dropout: keras.layers.Layer) -> None:
        super().__init__(name="attention")
        self.dropout = dropout

    def build(self, states_shape: Any) -> None:
        """Has no weights."""
        self.built = True

    def call(self, states: Any, lengths: Any, mentions: Any, training: bool = False) -> Any:
        """The states and what was found; `mentions` `(batch, time)` numbers the words through the batch, see
        `seqtag.features.indexers.mentions`.
        """
        shape = tf.shape(states)
        numbers = tf.reshape(tf.where(tf.sequence_mask(lengths, shape[1]), mentions, 0), [-1])
        count = tf.reduce_max(numbers) + 1
        flat = tf.reshape(states, [-1, states.shape[-1]])
        sums = tf.math.unsorted_segment_sum(flat, numbers, count)
        sizes = tf.math.unsorted_segment_sum(tf.ones_like(flat[:, :1]), numbers, count)
        others = (tf.gather(sums, numbers) - flat) / tf.maximum(tf.gather(sizes, numbers) - 1, 1)
        found = tf.where(numbers[:, None] > 0, others, tf.zeros_like(others))
        found = tf.reshape(found, shape)
        return tf.concat([states, self.dropout(found, training=training)], axis=-1)
