"""Pooling: the features of the words of a sentence, reduced to one vector."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import tensorflow as tf

from seqtag.graph.attention import NOTHING
from seqtag.graph.pooling import halves
from seqtag.settings.config import EncoderSettings

Tree = Mapping[str, Any] | None  # the inputs that `seqtag.network.trees.tree_inputs` lists


class LastPooling(keras.layers.Layer):  # type: ignore[misc]
    """What each direction of the encoder has when it has read the whole sentence.

    Of two directions beside each other these are the forward half at the last word and the backward half at the
    first; of two that are merged, or seen through attention, a shortcut or a tree, the features at both; of one those
    at the last word.

    Args:
        settings: The `encoder` section of the configuration.
    """

    has_weights: ClassVar = False

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(name="pooling")
        self.both = settings.bidirectional
        self.halves = halves(settings)

    def call(self, features: Any, lengths: Any, tree: Tree = None) -> Any:
        """The vector `(batch, width)` of features `(batch, time, dim)`, and of the inputs of the tree where there is
        one.
        """
        last = tf.gather(features, lengths - 1, axis=1, batch_dims=1)
        if not self.both:
            return last
        first = features[:, 0]
        if self.halves:
            half = features.shape[-1] // 2
            return tf.concat([last[:, :half], first[:, half:]], axis=-1)
        return tf.concat([last, first], axis=-1)


class MeanPooling(LastPooling):
    """The mean over the words."""

    def call(self, features: Any, lengths: Any, tree: Tree = None) -> Any:
        present = tf.cast(tf.sequence_mask(lengths, tf.shape(features)[1]), features.dtype)[..., None]
        return tf.reduce_sum(features * present, axis=1) / tf.cast(lengths, features.dtype)[:, None]


class MaxPooling(LastPooling):
    """The largest value of each feature over the words (Collobert et al. 2011)."""

    def call(self, features: Any, lengths: Any, tree: Tree = None) -> Any:
        present = tf.sequence_mask(lengths, tf.shape(features)[1])[..., None]
        return tf.reduce_max(tf.where(present, features, NOTHING), axis=1)


class AttentionPooling(LastPooling):
    """The mean over the words, weighted by what a layer learns to look at: softmax_t(v tanh(W h_t + b)) (Yang et al.
    2016, "Hierarchical Attention Networks for Document Classification").
    """

    has_weights: ClassVar = True

    def build(self, features_shape: Any, lengths_shape: Any = None) -> None:
        """Makes the weights."""
        dim = features_shape[-1]
        self.hidden = keras.layers.Dense(dim, activation="tanh", name="hidden")
        self.hidden.build(features_shape)
        self.energy = keras.layers.Dense(1, use_bias=False, name="energy")
        self.energy.build((*features_shape[:-1], dim))
        self.built = True

    def call(self, features: Any, lengths: Any, tree: Tree = None) -> Any:
        return tf.reduce_sum(features * self.looks(features, lengths)[..., None], axis=1)

    def looks(self, features: Any, lengths: Any) -> Any:
        """How much each word counts, `(batch, time)`; 0 at padding."""
        energy = self.energy(self.hidden(features))[..., 0]
        present = tf.sequence_mask(lengths, tf.shape(features)[1])
        return tf.nn.softmax(tf.where(present, energy, NOTHING)) * tf.cast(present, energy.dtype)


class RootPooling(LastPooling):
    """The features of the root of the tree, which on its way up has read the whole sentence (Socher et al. 2013,
    "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank"); the mean over the roots of a
    piece that has several.
    """

    def call(self, features: Any, lengths: Any, tree: Tree = None) -> Any:
        if tree is None:
            raise ValueError("the features of the root need a tree. Received: none")
        nodes, neighbours = tree["tree_up_nodes"], tree["tree_up_neighbours"]
        read = tf.reshape(neighbours, [-1, 1])  # the nodes that are somebody's children, from 1; 0 is nothing
        every, nothing = tf.ones([tf.size(nodes) + 1]), tf.zeros([tf.size(neighbours)])
        roots = tf.tensor_scatter_nd_update(every, read, nothing)[1:]  # of each node 1 for a root, else 0
        shape = tf.shape(features)
        placed = tf.scatter_nd(nodes[:, None], roots, [shape[0] * shape[1]])
        present = tf.reshape(placed, [shape[0], shape[1], 1])
        return tf.reduce_sum(features * present, axis=1) / tf.reduce_sum(present, axis=1)
