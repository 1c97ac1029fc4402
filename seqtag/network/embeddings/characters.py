"""Features of a word from its characters, computed once for each distinct word of a batch."""

from typing import Any, Self

import keras
import tensorflow as tf

from seqtag.graph.embeddings.characters import NOTHING
from seqtag.network.cells.base import reverse
from seqtag.network.embeddings.base import Embedding, Input
from seqtag.network.embeddings.table import uniform
from seqtag.settings import registry
from seqtag.settings.config import CharacterSettings, EncoderSettings, RunSettings


class CharacterEmbedding(Embedding):
    """A network over the characters of each distinct word; a word in pieces takes the maximum over them.

    Args:
        rows: Rows of the table of characters.
        settings: The `characters` section of the configuration.
    """

    def __init__(self, rows: int, settings: CharacterSettings) -> None:
        super().__init__(name="characters")
        self.inputs = {
            "characters": Input("int32", (None, None)),
            "word_pieces": Input("int32", (None, None)),
            "spellings": Input("int32", (None, None)),
        }
        self.table = keras.layers.Embedding(
            rows, settings.dim, embeddings_initializer=uniform(settings.dim), name="table"
        )
        self.dropout = keras.layers.Dropout(settings.dropout)
        kind = "cnn" if settings.encoder == "auto" else settings.encoder
        self.network = registry.load(registry.CHARACTER_ENCODERS, kind)(settings)

    @classmethod
    def from_config(cls, config: RunSettings, sizes: dict[str, int]) -> Self:
        return cls(sizes["rows"], config.embeddings.characters)

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        characters = inputs["characters"]
        vectors = self.dropout(self.table(characters), training=training)  # (pieces, characters, dim)
        features = self.network(vectors, characters != 0, training=training)  # (pieces, features)
        words = tf.reduce_max(
            tf.gather(features, inputs["word_pieces"]), axis=1
        )  # (distinct words, features)
        return tf.gather(words, inputs["spellings"])  # (batch, time, features)


class CharacterCNN(keras.layers.Layer):  # type: ignore[misc]
    """Filters over neighbouring characters, and the maximum of each over the word (Ma and Hovy 2016, "End-to-end
    Sequence Labeling via Bi-directional LSTM-CNNs-CRF"). Before the first and after the last character are zeros.

    Args:
        settings: The `characters` section of the configuration.
    """

    def __init__(self, settings: CharacterSettings) -> None:
        super().__init__(name="cnn")
        self.filters = keras.layers.Conv1D(settings.units, settings.width, padding="same", name="filters")

    def call(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Features `(pieces, units)` from character vectors `(pieces, characters, dim)`."""
        present = tf.cast(mask, vectors.dtype)[:, :, None]
        seen = self.filters(vectors * present)  # (pieces, characters, units)
        return tf.reduce_max(seen + (1 - present) * NOTHING, axis=1)


class CharacterRNN(keras.layers.Layer):  # type: ignore[misc]
    """The last states of a forward and a backward recurrent layer (Lample et al. 2016, "Neural Architectures for Named
    Entity Recognition").

    Args:
        settings: The `characters` section of the configuration; its `encoder` names the cell.
    """

    def __init__(self, settings: CharacterSettings) -> None:
        super().__init__(name="rnn")
        self.units = settings.units
        self.cell = registry.load(registry.CELLS, settings.encoder)(
            EncoderSettings(cell=settings.encoder, units=settings.units)
        )
        self.forward = self.cell.layer("forward")
        self.backward = self.cell.layer("backward")

    def build(self, vectors_shape: Any, mask_shape: Any = None) -> None:
        """Makes the weights, each direction's under a path of its own."""
        for layer in (self.forward, self.backward):
            layer.build(tuple(vectors_shape))
        self.built = True

    def call(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Features `(pieces, 2 * units)` from character vectors `(pieces, characters, dim)`."""
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        last = [
            tf.gather(self.cell.run(layer, array, training), lengths - 1, batch_dims=1)
            for layer, array in ((self.forward, vectors), (self.backward, reverse(vectors, lengths)))
        ]
        return tf.concat(last, axis=-1)
