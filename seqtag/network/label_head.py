"""The labels of a sentence as a whole."""

from typing import Any

import keras
import tensorflow as tf

from seqtag.graph.label_head import LabelPlan
from seqtag.network.pooling import Tree
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings


class LabelHead(keras.layers.Layer):  # type: ignore[misc]
    """Turns features `(batch, time, dim)` into labels, and lets the head of tags read these.

    Pooling reduces a sentence to one vector, from which a dense layer computes a score for each label. The scores go
    through a softmax if each sentence has one label, through a sigmoid each if it may have several.

    Args:
        plan: What it is made of.
        encoder: The `encoder` section of the configuration.
        smoothing: Share of the target that is spread over all labels, where one is right.
    """

    def __init__(self, plan: LabelPlan, encoder: EncoderSettings, smoothing: float = 0.0) -> None:
        super().__init__(name="label")
        settings = plan.settings
        self.plan = plan
        self.smoothing = smoothing
        self.pooling = registry.load(registry.POOLINGS, settings.pooling)(encoder)
        self.dropout = keras.layers.Dropout(settings.dropout, name="dropout_label")
        self.hidden = None
        if settings.units:
            self.hidden = keras.layers.Dense(settings.units, activation="tanh", name="hidden")
        self.scores = keras.layers.Dense(plan.count, name="scores")
        self.gate: Any = None

    def build(self, features_shape: Any, lengths_shape: Any = None) -> None:
        """Makes the weights."""
        dim, feeds = features_shape[-1], self.plan.settings.feeds_tags
        if feeds == "gate":
            self.gate = keras.layers.Dense(dim, name="gate")
            self.gate.build((None, 1, self.plan.count))
            self.direction = self.add_weight(shape=(dim,), initializer="random_normal", name="direction")
        self.built = True

    def call(self, features: Any, lengths: Any, tree: Tree = None, training: bool = False) -> tuple[Any, Any]:
        """The vector of each sentence `(batch, width)`, and the score of each of its labels `(batch, labels)`."""
        vector = self.pooling(features, lengths, tree)
        found = self.dropout(vector, training=training)
        if self.hidden is not None:
            found = self.hidden(found)
        return vector, self.scores(found)

    def probabilities(self, scores: Any) -> Any:
        """The probability of each label, `(batch, labels)` both."""
        return tf.nn.sigmoid(scores) if self.plan.multiple else tf.nn.softmax(scores)

    def loss(self, scores: Any, targets: Any) -> Any:
        """The mean over the sentences, a scalar; of targets `(batch, labels)`, 1 for each right label, else 0."""
        if self.plan.multiple:
            found = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=scores)
            return tf.reduce_mean(tf.reduce_sum(found, axis=-1))
        smooth = targets * (1 - self.smoothing) + self.smoothing / self.plan.count
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=smooth, logits=scores))

    def feed(self, features: Any, scores: Any) -> Any:
        """What the head of tags reads, `(batch, time, ...)`."""
        feeds = self.plan.settings.feeds_tags
        if feeds == "none":
            return features
        row = self.probabilities(scores)[:, None]  # (batch, 1, labels)
        if feeds == "probabilities":
            return tf.concat([features, tf.repeat(row, tf.shape(features)[1], axis=1)], axis=-1)
        inner = tf.tanh(features + self.gate(row))
        return features + features * tf.reduce_sum(inner * self.direction, axis=-1, keepdims=True)
