"""Normalisation of what a layer of the encoder gives."""

from typing import Any

import keras
import tensorflow as tf

MOMENTUM = 0.9  # of the moving statistics: small corpora have few steps an epoch


class LayerNorm(keras.layers.LayerNormalization):  # type: ignore[misc]
    """Each word by itself: its units are brought to mean 0 and variance 1, then scaled and shifted by learnt weights
    (Ba, Kiros and Hinton 2016, "Layer Normalization").

    Args:
        name: The layer's name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)

    def call(self, features: Any, lengths: Any, training: bool = False) -> Any:
        """The features `(batch, time, width)`, normalised."""
        return super().call(features)


class BatchNorm(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Each unit over all words of a batch (Ioffe and Szegedy 2015, "Batch Normalization"), between the layers of a
    recurrent network and not between its steps (Laurent et al. 2016, "Batch Normalized Recurrent Neural Networks").

    Padding does not count. Outside training it goes by moving averages of mean and variance, which are weights.

    Args:
        name: The layer's name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(momentum=MOMENTUM, name=name)

    def call(self, features: Any, lengths: Any, training: bool = False) -> Any:
        """The features `(batch, time, width)`, normalised."""
        mask = tf.sequence_mask(lengths, tf.shape(features)[1])
        return super().call(features, training=training, mask=mask)
