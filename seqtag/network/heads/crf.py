"""All tags of a sentence together."""

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import Chain, penalties
from seqtag.network.heads import chain
from seqtag.network.heads.base import ChainHead
from seqtag.settings.config import Config
from seqtag.support.errors import UsageError


class CRFHead(ChainHead):
    """A linear-chain conditional random field over the encoder's features.

    Lafferty et al. (2001, "Conditional Random Fields"); over a recurrent encoder: Huang, Xu and Yu (2015,
    "Bidirectional LSTM-CRF Models for Sequence Tagging"). What the tag scheme forbids is forbidden in training,
    decoding and marginals alike.

    Args:
        tags: Number of tags.
        legal: What the tag scheme allows; None if everything.
    """

    potentials = ("scores/kernel", "scores/bias", "start", "transitions", "end")

    def __init__(self, tags: int, legal: Legal | None) -> None:
        super().__init__(name="head")
        self.dense = keras.layers.Dense(tags, name="scores")
        initializer = keras.initializers.RandomUniform(-0.1, 0.1)
        everything = Legal(np.ones(tags, bool), np.ones((tags, tags), bool), np.ones(tags, bool))
        self.penalties = penalties(legal or everything)
        self.start = self.add_weight(shape=(tags,), initializer=initializer, name="start")
        self.transitions = self.add_weight(shape=(tags, tags), initializer=initializer, name="transitions")
        self.end = self.add_weight(shape=(tags,), initializer=initializer, name="end")

    @classmethod
    def from_config(
        cls, config: Config, tags: int, legal: Legal | None, frequencies: NDArray[Any] | None = None
    ) -> Self:
        training = config.training
        if training.label_smoothing or training.class_weights != "none":
            name = "label_smoothing" if training.label_smoothing else "class_weights"
            raise UsageError(
                f"training.{name} is for the heads softmax and feedback; the head here is a crf (--head softmax)."
            )
        return cls(tags, legal)

    def loss(self, features: Any, tags: Any, mask: Any, training: bool = False) -> Any:
        scores = self.scores(features)
        own = self.chain()
        losses = chain.log_partition(own, scores, mask) - chain.path_score(
            own, scores, tags, mask
        )  # (batch,)
        return tf.reduce_sum(losses) / tf.reduce_sum(tf.cast(mask, losses.dtype))

    def scores(self, features: Any) -> Any:
        return self.dense(features)

    def logits(self, features: Any, tags: Any, mask: Any) -> Any:
        return self.dense(features)

    def chain(self) -> Chain:
        return Chain(
            self.start + self.penalties.start,
            self.transitions + self.penalties.transitions,
            self.end + self.penalties.end,
        )
