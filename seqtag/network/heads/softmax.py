"""Each token's tag by itself."""

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import Chain, penalties
from seqtag.network.heads.base import ChainHead
from seqtag.settings.config import Config


def weights_of_tags(config: Config, frequencies: NDArray[Any] | None) -> NDArray[np.float32] | None:
    """The weight of each tag in the loss as the configuration wants it, `(tags,)`; None for equal ones."""
    if config.training.class_weights != "balanced" or frequencies is None:
        return None
    seen = np.maximum(frequencies, 1).astype(np.float64)
    # Frequent tags count less, rare ones more, and a token counts 1 on average.
    weights = 1 / seen / (frequencies / seen).sum() * frequencies.sum()
    return np.asarray(weights, np.float32)


def cross_entropy(
    scores: Any, tags: Any, mask: Any, smoothing: float, tag_weights: NDArray[np.float32] | None
) -> Any:
    """The mean over words, a scalar: of scores `(batch, time, tags)` against tags `(batch, time)`.

    `smoothing` and `tag_weights` are those of `SoftmaxHead`.
    """
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=scores)  # (batch, time)
    if smoothing:
        even = -tf.reduce_mean(
            tf.nn.log_softmax(scores), axis=-1
        )  # the loss of a target spread over all tags
        losses = (1 - smoothing) * losses + smoothing * even
    weights = tf.cast(mask, losses.dtype)
    if tag_weights is not None:
        weights *= tf.gather(tf.constant(tag_weights), tags)
    return tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)


class SoftmaxHead(ChainHead):
    """A dense layer and a softmax over the tags; given the features, tokens are independent in training.

    For spans the decoder keeps to what the tag scheme allows: the best legal sequence, and marginals over
    legal sequences. For plain tags everything is allowed, and the decoder is the best tag of each token.

    Args:
        tags: Number of tags.
        legal: What the tag scheme allows; None if everything.
        smoothing: Share of the target that is spread over all tags (Szegedy et al. 2016, "Rethinking the Inception
            Architecture for Computer Vision").
        tag_weights: The weight of each tag in the loss, `(tags,)`; None for equal ones.
    """

    potentials = ("scores/kernel", "scores/bias")

    def __init__(
        self,
        tags: int,
        legal: Legal | None,
        smoothing: float = 0.0,
        tag_weights: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(name="head")
        self.smoothing = smoothing
        self.tag_weights = tag_weights
        self.dense = keras.layers.Dense(tags, name="scores")
        self.penalties = penalties(legal) if legal is not None else None

    @classmethod
    def from_config(
        cls, config: Config, tags: int, legal: Legal | None, frequencies: NDArray[Any] | None = None
    ) -> Self:
        weights = weights_of_tags(config, frequencies)
        return cls(tags, legal, config.training.label_smoothing, weights)

    def loss(self, features: Any, tags: Any, mask: Any, training: bool = False) -> Any:
        return cross_entropy(self.dense(features), tags, mask, self.smoothing, self.tag_weights)

    def scores(self, features: Any) -> Any:
        return tf.nn.log_softmax(self.dense(features))

    def logits(self, features: Any, tags: Any, mask: Any) -> Any:
        return self.dense(features)

    def chain(self) -> Chain:
        if self.penalties is None:
            raise ValueError(
                "a chain without constraints is never needed: each token's best tag is the best path"
            )
        return self.penalties

    def decode(self, features: Any, mask: Any) -> tuple[Any, Any]:
        if self.penalties is not None:
            return super().decode(features, mask)
        probabilities = tf.nn.softmax(self.dense(features))  # (batch, time, tags)
        best = tf.argmax(probabilities, axis=-1, output_type=tf.int32)  # (batch, time)
        top = tf.reduce_max(probabilities, axis=-1)
        return best * tf.cast(mask, tf.int32), top * tf.cast(mask, top.dtype)

    def logs(self, features: Any, tags: Any, mask: Any) -> Any:
        if self.penalties is not None:
            return super().logs(features, tags, mask)
        return tf.gather(self.scores(features), tags, batch_dims=2)
