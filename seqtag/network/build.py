"""The network from a configuration: embeddings -> encoder -> head."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.build import Plan, check_outside_bias, head_name
from seqtag.network.embeddings.base import Input
from seqtag.network.encoder import Encoder, variational_dropout
from seqtag.network.heads.base import ChainHead
from seqtag.network.label_head import LabelHead
from seqtag.network.language import NeighbourLoss
from seqtag.settings import registry

Arrays = dict[str, Any]
# Inputs that count the rows of other inputs.
POINTERS = (
    "word_pieces",
    "spellings",
    "mentions",
    *(f"tree_{way}_{name}" for way in ("up", "down") for name in ("nodes", "neighbours")),
)


class Network(keras.Model):  # type: ignore[misc]
    """Embeddings, encoder and head as one model.

    It reads a dict of arrays: those of its embeddings, and `lengths` `(batch,)`. What stands at padding never
    changes a result.

    Args:
        plan: What the network is made of.
        frequencies: How often each tag stands in the training file, `(tags,)`.
        classes: How many words are in each class of those that a language model beside the tags is to predict; empty
            for none. It is for training alone: its weights are none of `tagger_weights`.

    Attributes:
        has_outside_bias: Whether the setting `head.outside_bias` is for its head and its tags.

    Raises:
        UsageError: The settings contradict each other.
    """

    def __init__(
        self,
        plan: Plan,
        frequencies: NDArray[Any] | None = None,
        classes: Sequence[int] = (),
    ) -> None:
        super().__init__(name="network")
        config = plan.config
        self.embeddings = [
            registry.load(registry.EMBEDDINGS, name).from_config(config, embedding_sizes)
            for name, embedding_sizes in plan.sizes.items()
        ]
        self.dropout = variational_dropout(config.embeddings.dropout, "dropout_0")
        self.word_dropout = keras.layers.Dropout(
            config.embeddings.word_dropout, noise_shape=(None, None, 1), name="word_dropout"
        )
        self.encoder = Encoder(config.encoder)
        self.head: Any = None
        if plan.tags:
            self.head = registry.load(registry.HEADS, head_name(config, plan.legal)).from_config(
                config, plan.tags, plan.legal, frequencies
            )
        is_chain = isinstance(self.head, ChainHead)
        check_outside_bias(config, plan.legal, is_chain=is_chain)
        self.has_outside_bias = is_chain and plan.legal is not None
        if bias := config.head.outside_bias:
            self.head.outside_bias = bias
        self.label_head: Any = None
        if plan.label:
            self.label_head = LabelHead(plan.label, config.encoder, config.training.label_smoothing)
        self.language_model = (
            NeighbourLoss(config.language_model, classes, len(self.encoder.stack[0])) if classes else None
        )
        self.build()

    @property
    def inputs_needed(self) -> dict[str, Input]:
        """Each input array by name."""
        return inputs_of(self.embeddings) | self.encoder.inputs

    @property
    def targets_needed(self) -> dict[str, Input]:
        """Further arrays that a training step reads, by name."""
        found = {"predicted_words": Input("int32", (None, None))} if self.language_model else {}
        return found | ({"right_labels": Input("float32", (None, None))} if self.label_head else {})

    @property
    def lookups(self) -> dict[str, str]:
        """The large tables, by the path of each variable: the input whose numbers are its rows."""
        return {
            table.embeddings.path: source
            for embedding in self.embeddings
            for source, table in embedding.lookups.items()
        }

    @property
    def encoders(self) -> list[Encoder]:
        """Its encoders: one."""
        return [self.encoder]

    @property
    def one_word(self) -> Arrays:
        """The inputs of a sentence of one word."""
        return one_word(self.inputs_needed)

    def build(self, input_shape: Any = None) -> None:
        """Runs one word through all parts, so that each builds its weights, in a fixed order."""
        one = self.one_word
        features = self.call(one)
        if self.language_model:
            self.language_model.build((None, None, self.encoder.cell.settings.units))
        features = self.read_by_head(features, one)
        if self.head is not None:
            self.head.decode(features, mask_of(one["lengths"], features))
        self.built = True

    @property
    def tagger_weights(self) -> list[Any]:
        """The weights that a tagger needs: those of embeddings, encoder and heads."""
        return [weight for part in self._parts for weight in part.weights]

    @property
    def _parts(self) -> list[Any]:
        """Embeddings, encoder and heads."""
        heads = [head for head in (self.head, self.label_head) if head is not None]
        return [*self.embeddings, self.encoder, *heads]

    @property
    def size(self) -> int:
        """Bytes of the weights that a tagger needs."""
        return sum(4 * int(np.prod(weight.shape)) for weight in self.tagger_weights)

    @property
    def parameters(self) -> int:
        """Numbers of the tagger that training changes."""
        return sum(int(np.prod(weight.shape)) for part in self._parts for weight in part.trainable_weights)

    def call(self, inputs: Arrays, training: bool = False) -> Any:
        """Features `(batch, time, features)`."""
        vectors = self.vectors(inputs, training)
        return self.encoder(vectors, inputs["lengths"], self.of_encoder(inputs), training=training)

    def of_encoder(self, inputs: Arrays) -> Arrays | None:
        """What the encoder reads beside vectors and lengths; None if that is nothing."""
        return {name: inputs[name] for name in self.encoder.inputs} or None

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What the encoder reads, `(batch, time, sum of dims)`."""
        vectors = [embedding(inputs, training=training) for embedding in self.embeddings]
        joined = tf.concat(vectors, axis=-1)
        return self.dropout(self.word_dropout(joined, training=training), training=training)

    def attention(self, inputs: Arrays) -> Any:
        """How much each word looks at each, `(batch, heads, time, time)`: see `SelfAttention.look`.

        Raises:
            ValueError: The encoder has no attention to all words.
        """
        if self.encoder.attention is None or not self.encoder.attention.has_weights:
            raise ValueError("attention needs a network with an attention. Received: one without")
        states = self.encoder.states(self.vectors(inputs), inputs["lengths"], self.of_encoder(inputs))
        _, weights = self.encoder.attention.look(states, inputs["lengths"])
        return weights

    def progress(self, epochs: float) -> None:
        """Told before each training step how many epochs have passed."""
        if self.head is not None:
            self.head.progress(epochs)

    def label_scores(self, features: Any, inputs: Arrays, training: bool = False) -> Any:
        """The score of each label, `(batch, labels)`, from features of the encoder and its inputs."""
        return self.label_head(features, inputs["lengths"], self.of_encoder(inputs), training=training)[1]

    def read_by_head(self, features: Any, inputs: Arrays) -> Any:
        """What the head of tags reads, `(batch, time, ...)`: the features, and what the labels add to them."""
        if self.label_head is None:
            return features
        return self.label_head.feed(features, self.label_scores(features, inputs))

    def loss_of(self, inputs: Arrays, tags: Any, training: bool = False) -> Any:
        """The loss of a batch, a scalar; `tags` is `(batch, time)` int32."""
        vectors = self.vectors(inputs, training)
        features, directions = self.encoder.read(
            vectors, inputs["lengths"], self.of_encoder(inputs), training
        )
        mask = mask_of(inputs["lengths"], features)
        losses = []
        if self.label_head is not None:
            scores = self.label_scores(features, inputs, training)
            weight = self.label_head.plan.settings.weight
            losses.append(weight * self.label_head.loss(scores, inputs["right_labels"]))
            features = self.label_head.feed(features, scores)
        if self.head is not None:
            losses.append(self.head.loss(features, tags, mask, training=training))
        if self.language_model and training:
            losses.append(self.language_model.loss(directions, inputs["predicted_words"], mask))
        return reduce(add, losses)

    def loss_from(self, features: Sequence[Any], inputs: Arrays, targets: Any) -> Any:
        """The loss, a scalar, from the features of its encoder and its inputs; `targets` are tags, `(batch, time)`
        int32, or without tags the number of each sentence's label at all of its words.
        """
        (own,) = features
        if self.head is not None:
            return self.head.loss(self.read_by_head(own, inputs), targets, mask_of(inputs["lengths"], own))
        scores = self.label_scores(own, inputs)
        return self.label_head.loss(scores, tf.one_hot(targets[:, 0], self.label_head.plan.count))

    def label(self, inputs: Arrays, scale: float = 1.0) -> Any:
        """The probability of each label, `(batch, labels)`; `scale` as for `decode`."""
        vectors = self.vectors(inputs) * scale
        features = self.encoder(vectors, inputs["lengths"], self.of_encoder(inputs), training=False)
        return self.label_head.probabilities(self.label_scores(features, inputs))

    def decode(self, inputs: Arrays, scale: float = 1.0) -> tuple[Any, Any]:
        """Tags `(batch, time)` int32 and their probabilities; zero at padding. `scale` multiplies what the encoder
        reads, to see what it makes of a small change.
        """
        vectors = self.vectors(inputs) * scale
        features = self.encoder(vectors, inputs["lengths"], self.of_encoder(inputs), training=False)
        features = self.read_by_head(features, inputs)
        tags, probabilities = self.head.decode(features, mask_of(inputs["lengths"], features))
        return tags, probabilities

    def logs(self, inputs: Arrays, tags: Any) -> Any:
        """The share of each word in the score of tags, `(batch, time)` both: see `Head.logs`."""
        features = self.read_by_head(self(inputs, training=False), inputs)
        return self.head.logs(features, tags, mask_of(inputs["lengths"], features))

    def named_weights(self) -> dict[str, NDArray[Any]]:
        """Each of the tagger's weights by its path, as arrays."""
        return {weight_name(weight): weight.numpy() for weight in self.tagger_weights}

    def assign_weights(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Takes the weights that `named_weights` gave."""
        for weight in self.tagger_weights:
            weight.assign(arrays[weight_name(weight)])


def inputs_of(embeddings: Iterable[Any]) -> dict[str, Input]:
    """Each input array by name that a network of these embedding parts needs."""
    needed = {"lengths": Input("int32", (None,))}
    for embedding in embeddings:
        needed |= embedding.inputs
    return needed


def one_word(needed: dict[str, Input]) -> Arrays:
    """The inputs of a sentence of one word, for a network that needs these."""
    return {
        # Row 1 of each table; but the only word of the batch, and its only piece, are number 0.
        name: tf.fill([size or 1 for size in entry.shape], tf.cast(name not in POINTERS, entry.dtype))
        for name, entry in needed.items()
    }


def weight_name(weight: Any) -> str:
    """The weight's path within the network."""
    return str(weight.path.partition("/")[2])


def mask_of(lengths: Any, features: Any) -> Any:
    """The mask `(batch, time)`, true on words, from lengths and any `(batch, time, ...)`."""
    return tf.sequence_mask(lengths, tf.shape(features)[1])
