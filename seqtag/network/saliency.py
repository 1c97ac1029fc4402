"""What each tag of a network depends on: gradient x input, and attention."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.build import Arrays, Network, mask_of

TOGETHER = 32  # targets whose gradients are computed at once


class Saliency:
    """How much each word speaks for a score, or against it: the gradient of the score by the word's vector, times the
    vector, summed over its components.

    The gradient: Simonyan et al. (2014, "Deep Inside Convolutional Networks: Visualising Image Classification Models
    and Saliency Maps"); for words, times the embedding: Denil et al. (2014, "Extraction of Salient Sentences from
    Labelled Documents"). The vector is all that the encoder reads of a word: its own, its characters, its shape. It is
    the first term of a Taylor series, so it holds near the sentence as it is, and not for another one.

    Args:
        network: The network.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        dim = network.vectors(network.one_word).shape[-1]
        more = {
            name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in network.encoder.inputs.items()
        }
        # The nodes of a tree, and mentions, are numbered through a batch, so a batch holds one sentence.
        self._together = 1 if more else TOGETHER
        self._gradient = tf.function(
            self._gradient_in_graph,
            input_signature=[
                more,
                tf.TensorSpec((None, None, dim), tf.float32),
                tf.TensorSpec((None, None), tf.int32),
                tf.TensorSpec((None, None), tf.float32),
            ],
            autograph=False,
        )

    def __call__(self, inputs: Arrays, tags: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float32]:
        """The saliency of each word for each target, `(targets, time)`.

        Args:
            inputs: The network's inputs for one sentence.
            tags: The sentence's tags `(time,)`.
            targets: Which words' scores a target sums, `(targets, time)`: 1 for those that it holds, else 0. A word's
                score is that of its tag, before any normalisation.
        """
        vectors = self.network.vectors(inputs)  # (1, time, dim)
        tags = np.asarray(tags, np.int32)[None]
        found = [np.zeros((0, tags.shape[1]), np.float32)]
        more = self.network.of_encoder(inputs) or {}
        for start in range(0, len(targets), self._together):
            some = np.asarray(targets[start : start + self._together], np.float32)
            each = tf.repeat(vectors, len(some), axis=0), np.repeat(tags, len(some), axis=0), some
            found.append(self._gradient(more, *each).numpy())
        return np.concatenate(found)

    def _gradient_in_graph(self, more: Arrays, vectors: Any, tags: Any, targets: Any) -> Any:
        shape = tf.shape(vectors)
        lengths = tf.fill([shape[0]], shape[1])
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            features = self.network.encoder(vectors, lengths, more or None)
            features = self.network.read_by_head(features, {"lengths": lengths, **more})
            scores = self.network.head.logits(features, tags, mask_of(lengths, features))
            # A sentence stands in the batch once for each target, so one gradient of the sum has them all.
            total = tf.reduce_sum(tf.gather(scores, tags, batch_dims=2) * targets)
        gradient = tape.gradient(total, vectors)
        return tf.reduce_sum(gradient * vectors, axis=-1)


def label_saliency(network: Network, inputs: Arrays, labels: Sequence[int]) -> NDArray[np.float32]:
    """The saliency of each word of a sentence for the score of each label, by number, `(labels, time)`."""
    vectors = network.vectors(inputs)  # (1, time, dim)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(vectors)
        features = network.encoder(vectors, inputs["lengths"], network.of_encoder(inputs))
        scores = network.label_scores(features, inputs)
        each = [scores[0, label] for label in labels]
    gradients = [tape.gradient(one, vectors) for one in each]
    return np.stack([np.asarray(tf.reduce_sum(one * vectors, axis=-1))[0] for one in gradients])


def label_attention(network: Network, inputs: Arrays) -> NDArray[np.float32] | None:
    """How much each word of a sentence counts for its labels, `(time,)`; None where that is not learnt."""
    pooling = network.label_head.pooling
    if not pooling.has_weights:
        return None
    looks: NDArray[np.float32] = np.asarray(pooling.looks(network(inputs), inputs["lengths"]))[0]
    return looks


def attentions(network: Network, inputs: Arrays, tags: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """The weights of each attention for one sentence, `(heads, time, time)`, by where it is: `encoder`, `head`.

    Entry [h, t, s] is how much word t looks at word s.
    """
    found = {}
    if network.encoder.attention is not None and network.encoder.attention.has_weights:
        found["encoder"] = np.asarray(network.attention(inputs))[0]
    looks = getattr(network.head, "attention", None)
    if looks is not None and network.head.settings.attention:
        features = network.read_by_head(network(inputs), inputs)
        weights = looks(features, np.asarray(tags, np.int32)[None], mask_of(inputs["lengths"], features))
        found["head"] = np.asarray(weights)
    return found
