"""A recurrent language model as the files of a folder."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.features.indexers.base import Resources
from seqtag.features.vectors import Vectors
from seqtag.graph.language_model import build
from seqtag.graph.outputs import AFTER
from seqtag.graph.weights import Floats, Weights
from seqtag.inference.word_softmax import WordSoftmax
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import dump_json
from seqtag.model_folder.stored import config_into
from seqtag.settings import registry
from seqtag.settings.generation import GENERATION, GenerationConfig
from seqtag.settings.language import LANGUAGE
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import counted, quoted, reason
from seqtag.tasks.language.recurrent.model import RecurrentModel
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary, units_of

if TYPE_CHECKING:
    from seqtag.network.language_model import LanguageNetwork
    from seqtag.settings.language import LanguageConfig
    from seqtag.settings.schema import Schema

KIND = "rnn"
VOCABULARY, WEIGHTS, VECTORS = "vocab.json", "weights.safetensors", "vectors.bin"


@dataclass(frozen=True)
class StoredLanguage:
    """What the folder of a recurrent language model holds: read all at once, for another may be put there meanwhile.

    Attributes:
        name: The folder, for messages.
        config: The settings.
        vocabulary: The words that it predicts, and what it knows of those that it reads.
        weights: The network's.
        vectors: The pretrained vectors that it reads, if it does.
    """

    name: str
    config: "LanguageConfig"
    vocabulary: WordVocabulary
    weights: Weights
    vectors: Vectors | None

    @classmethod
    def of(cls, folder: Folder) -> Self:
        """Reads a folder.

        Raises:
            ModelError: The files are not what seqtag writes, each by itself.
        """
        config = settings_of(folder)
        if WEIGHTS not in folder.files:
            raise ModelError(f"{folder.path}: {WEIGHTS} is missing.")
        name = str(folder.path)
        with _refusing(name, VECTORS):
            vectors = Vectors.unpack(folder.map(VECTORS)) if VECTORS in folder.files else None
        with _refusing(name, VOCABULARY):
            vocabulary = WordVocabulary.from_json(folder.read_json(VOCABULARY), Resources(vectors))
        if bool(vocabulary.labels) != isinstance(config, GenerationConfig):
            raise ModelError(f"{name}: {VOCABULARY} has labels and config.json has none, or the reverse.")
        with _refusing(name, WEIGHTS):
            weights = Weights.of_file(folder.read(WEIGHTS))
        return cls(name, config, vocabulary, weights, vectors)

    @property
    def digest(self) -> str:
        """The sha256 of the words and the weights."""
        found = hashlib.sha256("\n".join(self.vocabulary.words).encode())
        for path, array in self.weights.take_all().items():
            found.update(path.encode() + np.ascontiguousarray(array).data)
        return found.hexdigest()

    def model(self, threads: int = 0) -> RecurrentModel:
        """The model that scores; see `model_of`.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit each other.
        """
        with _refusing(self.name):
            return model_of(self.config, self.vocabulary, self.weights, threads=threads, name=self.name)

    def network(self, streams: int = 0) -> "LanguageNetwork":
        """The Keras network; it takes no more memory than the weights do, whatever the settings say.

        Args:
            streams: How many texts training reads side by side with a state that is carried on; 0 for sentences.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit each other.
        """
        self.model()  # the shapes are compared with the weights here, before Keras takes memory for them
        network = network_of(self.config, self.vocabulary, streams)
        network.assign_weights(self.weights.take_all())
        return network


@contextlib.contextmanager
def _refusing(name: str, file: str = "") -> Iterator[None]:
    """Within, what is not as seqtag writes it becomes a ModelError that names the folder, and the file if it is one."""
    try:
        yield
    except (IndexError, KeyError, OverflowError, TypeError, ValueError, AttributeError, Error) as problem:
        if isinstance(problem, ModelError):
            raise
        where = f"{file}: " if file else ""
        raise ModelError(
            f"{name}: does not hold what a recurrent language model holds ({where}{reason(problem)})."
        ) from problem


def network_of(config: "LanguageConfig", vocabulary: WordVocabulary, streams: int = 0) -> "LanguageNetwork":
    """A new Keras network for these settings and words; see `StoredLanguage.network`."""
    from seqtag.network.language_model import LanguageNetwork

    rows = vocabulary.tied_rows() if config.output.tied else None
    sizes = vocabulary.sizes_of_indexers
    return LanguageNetwork(config, sizes, vocabulary.sizes, config.directions, rows, streams=streams)


def files(
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    weights: Mapping[str, Floats],
    report: Mapping[str, Any],
    vectors: Vectors | None = None,
) -> dict[str, bytes]:
    """The files of a model's folder.

    Args:
        config: The settings.
        vocabulary: The words that it predicts, and what it knows of those that it reads.
        weights: The network's, by their paths.
        report: How it was made.
        vectors: The pretrained vectors that it reads, if it does.
    """
    import safetensors.numpy

    found = {
        "config.json": dump_json({"kind": KIND, "settings": config.portable()}),
        "vocab.json": dump_json(vocabulary.to_json()),
        "report.json": dump_json(report),
        WEIGHTS: safetensors.numpy.save(dict(weights)),
    }
    return found | ({VECTORS: vectors.packed()} if vectors else {})


def read(folder: Folder, config: Mapping[str, Any]) -> RecurrentModel:
    """The recurrent language model of a folder.

    Args:
        folder: The folder.
        config: Its `config.json`.

    Raises:
        ModelError: The files are not what seqtag writes.
    """
    return StoredLanguage.of(folder).model()


def settings_of(folder: Folder) -> "LanguageConfig":
    """The settings of a model folder.

    Raises:
        ModelError: They are not those of a recurrent language model.
    """
    where = f"{folder.path}: config.json"
    match folder.read_json("config.json"):
        case {"kind": "rnn", "settings": dict(settings), **rest} if not rest:
            config: LanguageConfig = config_into(schema_of(settings), settings, where)
            return config
        case {"kind": str(kind)} if kind != KIND:
            raise ModelError(
                f"{where}: the kind is {quoted(kind)}; expected {KIND}, a recurrent language model."
            )
    raise ModelError(f"{where} does not hold what a recurrent language model holds.")


def schema_of(settings: Mapping[str, Any]) -> "Schema[Any]":
    """The schema of the settings of a model folder: those of a model with labels say where to find these."""
    text = settings.get("text")
    return GENERATION if isinstance(text, dict) and "label_key" in text else LANGUAGE


def model_of(
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    weights: Weights,
    *,
    threads: int = 0,
    name: str = "the model",
) -> RecurrentModel:
    """The model of a network in memory.

    Args:
        config: The settings.
        vocabulary: The words that it predicts, and what it knows of those that it reads.
        weights: The network's.
        threads: Batches that are read side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.

    Raises:
        ValueError: The weights are not those of the settings and the vocabulary, or not finite.
        Error: The settings contradict each other.
    """
    directions = config.directions
    network = partial(_network, config, vocabulary, directions, weights)
    first = network(directions[0])
    softmax = WordSoftmax.of_weights(
        weights, vocabulary.sizes, config.encoder.units, _tied(config, vocabulary, weights)
    )
    weights.check_all()
    weights.check_finite()
    encoder = config.encoder
    cell = registry.load(registry.CELLS, encoder.cell, "graph").__name__
    return RecurrentModel(
        units_of(config),
        vocabulary,
        softmax,
        directions,
        # Another direction is not built before it is asked for.
        lambda direction: first if direction == directions[0] else network(direction),
        f"{counted(encoder.layers, 'layer')} of {encoder.units:,} {cell} units",
        config.reading.continuous,
        threads=threads,
        name=name,
        label_key=config.text.label_key if isinstance(config, GenerationConfig) else "",
    )


def _network(
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    directions: Sequence[str],
    weights: Weights,
    wanted: str,
) -> bytes:
    carried = config.reading.continuous
    outputs = {wanted, AFTER.name} if carried else {wanted}
    sizes = vocabulary.sizes_of_indexers
    return build(config, sizes, directions, weights, carried=carried, wanted=outputs)


def _tied(
    config: "LanguageConfig", vocabulary: WordVocabulary, weights: Weights
) -> NDArray[np.float32] | None:
    """The vectors of the predicted words, `(words, dim)`, where they are those of the input."""
    if not config.output.tied:
        return None
    if "word" not in vocabulary.indexers:
        raise ValueError("its words are tied to a table that is missing")
    rows = vocabulary.sizes_of_indexers["word"]["rows"]
    # Words that differ in digits alone share a row. Many words in few rows would be memory for nothing.
    if len(vocabulary.words) > 2 * rows:
        raise ValueError(f"{len(vocabulary.words):,} words cannot be tied to {rows:,} rows")
    table = weights.take("word/table/embeddings", (rows, config.embeddings.word.dim))
    return table[vocabulary.tied_rows()]
