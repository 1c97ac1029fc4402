"""Pooling: the features of the words of a sentence, reduced to one vector."""

from typing import Any, ClassVar

import keras
import tensorflow as tf

from seqtag.graph.attention import NOTHING
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings


class LastPooling(keras.layers.Layer):  # type: ignore[misc]
    """What each direction of the encoder has when it has read the whole sentence.

    Of two directions beside each other these are the forward half at the last word and the backward half at the
    first; of two that are merged, or seen through attention or a shortcut, the features at both; of one those at the
    last word.

    Args:
        settings: The `encoder` section of the configuration.
    """

    has_weights: ClassVar = False

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__(name="pooling")
        self.both = settings.bidirectional
        self.halves = halves(settings)

    def call(self, features: Any, lengths: Any) -> Any:
        """The vector `(batch, width)` of features `(batch, time, dim)`."""
        last = tf.gather(features, lengths - 1, axis=1, batch_dims=1)
        if not self.both:
            return last
        first = features[:, 0]
        if self.halves:
            half = features.shape[-1] // 2
            return tf.concat([last[:, :half], first[:, half:]], axis=-1)
        return tf.concat([last, first], axis=-1)


def halves(settings: EncoderSettings) -> bool:
    """Whether features are the states of two directions beside each other."""
    beside = settings.merge_mode == "concat" and settings.attention == "none" and settings.residual == "none"
    return settings.bidirectional and beside and registry.is_stateful(settings.cell)


class MeanPooling(LastPooling):
    """The mean over the words."""

    def call(self, features: Any, lengths: Any) -> Any:
        present = tf.cast(tf.sequence_mask(lengths, tf.shape(features)[1]), features.dtype)[..., None]
        return tf.reduce_sum(features * present, axis=1) / tf.cast(lengths, features.dtype)[:, None]


class MaxPooling(LastPooling):
    """The largest value of each feature over the words (Collobert et al. 2011)."""

    def call(self, features: Any, lengths: Any) -> Any:
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

    def call(self, features: Any, lengths: Any) -> Any:
        return tf.reduce_sum(features * self.looks(features, lengths)[..., None], axis=1)

    def looks(self, features: Any, lengths: Any) -> Any:
        """How much each word counts, `(batch, time)`; 0 at padding."""
        energy = self.energy(self.hidden(features))[..., 0]
        present = tf.sequence_mask(lengths, tf.shape(features)[1])
        return tf.nn.softmax(tf.where(present, energy, NOTHING)) * tf.cast(present, energy.dtype)
