"""A recurrent language model as the files of a folder."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.units import Units
from seqtag.features.indexers.base import Resources
from seqtag.features.vectors import Vectors
from seqtag.graph.language_model import build
from seqtag.graph.weights import Floats, Weights
from seqtag.inference.word_softmax import WordSoftmax
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import dump_json
from seqtag.model_folder.stored import config_into
from seqtag.settings import registry
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import counted, one_line
from seqtag.tasks.language.recurrent.model import RecurrentModel
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary

if TYPE_CHECKING:
    from seqtag.settings.language import LanguageConfig

KIND = "rnn"
WEIGHTS, VECTORS = "weights.safetensors", "vectors.bin"


def files(
    units: Units,
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    weights: Mapping[str, Floats],
    report: Mapping[str, Any],
    vectors: Vectors | None = None,
) -> dict[str, bytes]:
    """The files of a model's folder.

    Args:
        units: What its tokens are.
        config: The settings.
        vocabulary: The words that it predicts, and what it knows of those that it reads.
        weights: The network's, by their paths.
        report: How it was made.
        vectors: The pretrained vectors that it reads, if it does.
    """
    import safetensors.numpy

    values = {"kind": KIND, **units.to_json(), "settings": config.portable()}
    found = {
        "config.json": dump_json(values),
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
    if WEIGHTS not in folder.files:
        raise ModelError(f"{folder.path}: {WEIGHTS} is missing.")
    try:
        return _model(folder, config)
    except (KeyError, TypeError, ValueError, AttributeError, Error) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(
            f"{folder.path}: does not hold what a recurrent language model holds ({one_line(problem)})."
        ) from problem


def _model(folder: Folder, values: Mapping[str, Any]) -> RecurrentModel:
    match values:
        case {"settings": dict(), **rest} if {*rest} == {"kind", "unit", "tokenizer"}:
            units = Units.from_json(rest)
        case _:
            raise ValueError("config.json has other keys, or values of other types")
    config = settings_of(folder)
    if config.text.unit != units.unit:
        raise ValueError(f"its unit is {units.unit}, and that of its settings {config.text.unit}")
    vectors = Vectors.unpack(folder.map(VECTORS)) if VECTORS in folder.files else None
    vocabulary = WordVocabulary.from_json(folder.read_json("vocab.json"), Resources(vectors))
    weights = Weights.of_file(folder.read(WEIGHTS))
    return model_of(units, config, vocabulary, weights, name=str(folder.path))


def settings_of(folder: Folder) -> "LanguageConfig":
    """The settings of a model folder.

    Raises:
        ModelError: They are not those of a recurrent language model.
    """
    from seqtag.settings.language import LANGUAGE

    where = f"{folder.path}: config.json"
    settings = folder.read_json("config.json").get("settings")
    if not isinstance(settings, dict):
        raise ModelError(f"{where} has no settings; expected those of a recurrent language model.")
    return config_into(LANGUAGE, settings, where)


def model_of(
    units: Units,
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    weights: Weights,
    *,
    threads: int = 0,
    name: str = "the model",
) -> RecurrentModel:
    """The model of a network in memory.

    Args:
        units: What its tokens are.
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
        units,
        vocabulary,
        softmax,
        directions,
        # Another direction is not built before it is asked for.
        lambda direction: first if direction == directions[0] else network(direction),
        f"{counted(encoder.layers, 'layer')} of {encoder.units:,} {cell} units",
        threads=threads,
        name=name,
    )


def _network(
    config: "LanguageConfig",
    vocabulary: WordVocabulary,
    directions: Sequence[str],
    weights: Weights,
    wanted: str,
) -> bytes:
    return build(config, vocabulary.sizes_of_indexers, directions, weights, wanted={wanted})


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
