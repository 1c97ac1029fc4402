"""The network from a configuration: embeddings -> encoder -> head."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.embeddings.base import Input
from seqtag.network.encoder import Encoder, variational_dropout
from seqtag.network.export import Graph
from seqtag.network.heads.chain import Legal
from seqtag.network.language import LanguageModel
from seqtag.settings import registry
from seqtag.settings.config import Config

Arrays = dict[str, Any]
SMALL = 1000  # numbers of variables that are no weights: the state of what is random
POINTERS = ("word_pieces", "spellings")  # inputs that count the rows of other inputs


class Network(keras.Model):  # type: ignore[misc]
    """Embeddings, encoder and head as one model.

    It reads a dict of arrays: those of its embeddings, and `lengths` `(batch,)`. What stands at padding never
    changes a result.

    Args:
        config: The settings.
        sizes: What each embedding's indexer says of its table.
        tags: Number of tags.
        legal: Which tags may follow each other in the tag scheme; None for plain tags, where all may.
        frequencies: How often each tag stands in the training file, `(tags,)`.
        words: How many words a language model beside the tags is to predict; 0 for none. It is for training alone:
            its weights are none of `named_weights`.
    """

    def __init__(
        self,
        config: Config,
        sizes: dict[str, dict[str, int]],
        tags: int,
        legal: Legal | None = None,
        frequencies: NDArray[Any] | None = None,
        words: int = 0,
    ) -> None:
        super().__init__(name="network")
        self.embeddings = [
            registry.load(registry.EMBEDDINGS, name).from_config(config, embedding_sizes)
            for name, embedding_sizes in sizes.items()
        ]
        self.dropout = variational_dropout(config.embeddings.dropout, "dropout_0")
        self.word_dropout = keras.layers.Dropout(
            config.embeddings.word_dropout, noise_shape=(None, None, 1), name="word_dropout"
        )
        self.encoder = Encoder(config.encoder)
        self.head = registry.load(registry.HEADS, head_name(config, legal)).from_config(
            config, tags, legal, frequencies
        )
        self.language_model = (
            LanguageModel(config.language_model, words, len(self.encoder.stack[0])) if words else None
        )
        self.build()

    @property
    def inputs_needed(self) -> dict[str, Input]:
        """Each input array by name."""
        needed = {"lengths": Input("int32", (None,))}
        for embedding in self.embeddings:
            needed |= embedding.inputs
        return needed

    @property
    def targets_needed(self) -> dict[str, Input]:
        """Further arrays that a training step reads, by name."""
        return {"predicted_words": Input("int32", (None, None))} if self.language_model else {}

    @property
    def lookups(self) -> dict[str, str]:
        """The large tables, by the path of each variable: the input whose numbers are its rows."""
        return {
            table.embeddings.path: source
            for embedding in self.embeddings
            for source, table in embedding.lookups.items()
        }

    def build(self, input_shape: Any = None) -> None:
        """Runs one word through all parts, so that each builds its weights, in a fixed order."""
        one = {
            # Row 1 of each table; but the only word of the batch, and its only piece, are number 0.
            name: tf.fill([size or 1 for size in entry.shape], tf.cast(name not in POINTERS, entry.dtype))
            for name, entry in self.inputs_needed.items()
        }
        features = self.call(one)
        if self.language_model:
            self.language_model.build((None, None, self.encoder.cell.settings.units))
        self.head.decode(features, mask_of(one["lengths"], features))
        self.built = True

    @property
    def size(self) -> int:
        """Bytes of the weights that a tagger needs."""
        return sum(4 * math.prod(weight.shape) for weight in self.weights if _is_kept(weight))

    @property
    def parameters(self) -> int:
        """Numbers of the tagger that training changes."""
        return sum(int(np.prod(weight.shape)) for weight in self.trainable_variables if _is_kept(weight))

    def call(self, inputs: Arrays, training: bool = False) -> Any:
        """Features `(batch, time, features)`."""
        return self.encoder(self.vectors(inputs, training), inputs["lengths"], training=training)

    def vectors(self, inputs: Arrays, training: bool = False) -> Any:
        """What the encoder reads, `(batch, time, sum of dims)`."""
        vectors = [embedding(inputs, training=training) for embedding in self.embeddings]
        joined = tf.concat(vectors, axis=-1)
        return self.dropout(self.word_dropout(joined, training=training), training=training)

    def attention(self, inputs: Arrays) -> Any:
        """How much each word looks at each, `(batch, heads, time, time)`: see `SelfAttention.look`.

        Raises:
            ValueError: The encoder has no attention.
        """
        if self.encoder.attention is None:
            raise ValueError("attention needs a network with an attention. Received: one without")
        states = self.encoder.states(self.vectors(inputs), inputs["lengths"])
        _, weights = self.encoder.attention.look(states, inputs["lengths"])
        return weights

    def loss_of(self, inputs: Arrays, tags: Any, training: bool = False) -> Any:
        """The loss of a batch, a scalar; `tags` is `(batch, time)` int32."""
        vectors = self.vectors(inputs, training)
        features, directions = self.encoder.read(vectors, inputs["lengths"], training)
        mask = mask_of(inputs["lengths"], features)
        loss = self.head.loss(features, tags, mask, training=training)
        if self.language_model and training:
            loss += self.language_model.loss(directions, inputs["predicted_words"], mask)
        return loss

    def decode(self, inputs: Arrays, scale: float = 1.0) -> tuple[Any, Any]:
        """Tags `(batch, time)` int32 and their probabilities; zero at padding. `scale` multiplies what the encoder
        reads, to see what it makes of a small change.
        """
        features = self.encoder(self.vectors(inputs) * scale, inputs["lengths"], training=False)
        tags, probabilities = self.head.decode(features, mask_of(inputs["lengths"], features))
        return tags, probabilities

    def logs(self, inputs: Arrays, tags: Any) -> Any:
        """The share of each word in the score of tags, `(batch, time)` both: see `Head.logs`."""
        features = self(inputs, training=False)
        return self.head.logs(features, tags, mask_of(inputs["lengths"], features))

    def export(self) -> bytes:
        """The network, decoding included, as a serialised ONNX model with outputs `tags` and
        `probabilities`.
        """
        graph = Graph()
        lengths = graph.input("lengths", "int32", ("batch",))
        vectors = [embedding.export(graph) for embedding in self.embeddings]
        joined = graph.node("Concat", *vectors, axis=-1) if len(vectors) > 1 else vectors[0]
        encoded = self.encoder.export(graph, joined, lengths)
        exported = self.head.export(graph, encoded.features, lengths)
        graph.output(exported.tags, "tags", "int64", ("batch", "time"))
        graph.output(exported.probabilities, "probabilities", "float32", ("batch", "time"))
        for name, source in exported.arrays.items():
            graph.output(source, name, "float32", ("batch", "time", "tags"))
        for name, output in exported.outputs.items():
            graph.output(output.source, name, output.dtype, output.shape)
        for name, array in exported.constants.items():
            graph.output(graph.constant(array), name, "float32", array.shape)
        if encoded.attention:
            graph.output(encoded.attention, "attention", "float32", ("batch", "heads", "time", "time"))
        return graph.finish()

    def named_weights(self) -> dict[str, NDArray[Any]]:
        """Each weight by its path, as arrays."""
        return {weight_name(weight): weight.numpy() for weight in self.weights if _is_kept(weight)}

    def assign_weights(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Takes the weights that `named_weights` gave."""
        for weight in self.weights:
            if _is_kept(weight):
                weight.assign(arrays[weight_name(weight)])


def at_most(numbers: int) -> Any:
    """A context in which all new variables together hold at most so many numbers, or ValueError is raised before memory
    is taken for the one that is too large.
    """
    left = numbers + SMALL

    def make(next_creator: Any, **arguments: Any) -> Any:
        nonlocal left
        value = arguments["initial_value"]
        with tf.Graph().as_default():  # here a first value is a description, without any numbers
            left -= math.prod((value() if callable(value) else np.asarray(value)).shape)
        if left < 0:
            raise ValueError("it has more weights than there are")
        return next_creator(**arguments)

    return tf.variable_creator_scope(make)


def head_name(config: Config, legal: Legal | None) -> str:
    """The head that the configuration means: a CRF where tags depend on each other, unless it says
    otherwise.
    """
    if config.head.name != "auto":
        return config.head.name
    return "softmax" if legal is None else "crf"


def weight_name(weight: Any) -> str:
    """The weight's path within the network."""
    return str(weight.path.partition("/")[2])


def _is_kept(weight: Any) -> bool:
    """Whether a variable is a weight of the tagger: no dropout layer's random state, not for training alone."""
    random_state = np.dtype(weight.dtype).kind == "u"
    return not random_state and not weight_name(weight).startswith("language_model/")


def mask_of(lengths: Any, features: Any) -> Any:
    """The mask `(batch, time)`, true on words, from lengths and any `(batch, time, ...)`."""
    return tf.sequence_mask(lengths, tf.shape(features)[1])
