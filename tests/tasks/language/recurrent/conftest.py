"""Small recurrent language models with random weights, and what their Keras networks say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.language import LANGUAGE
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.tasks.language.recurrent.model import RecurrentModel
from seqtag.tasks.language.recurrent.stored import model_of
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary

TEXT = [
    "in Bad Ems it rains",
    "Mira",
    "Bad news in Ems in June , said Mira",
    "rain",
    "June Mira Ems of Bad Ems",
    "it rains in June",
]
READ = sorted({token for line in TEXT for token in line.split()})
PREDICTED = ("in", "</s>", "Ems", "Mira", "it", "Bad", "<unk>", "June", "rains", "of", "news")
COUNTS = (5, 6, 5, 3, 2, 3, 0, 3, 2, 1, 1)
CLASSES = {"full": (11,), "classes": (1, 3, 2, 5), "tied": (4, 7)}
RESOURCES = Resources(
    vectors=Vectors.from_words(
        READ[3:], np.random.default_rng(1).normal(0, 1, (len(READ) - 3, 5)).astype(np.float32)
    )
)
SMALL = {
    "embeddings.word.dim": 5, "embeddings.word.unknown_rate": 0, "embeddings.characters.encoder": "cnn",
    "embeddings.characters.dim": 4, "embeddings.characters.units": 3, "embeddings.vectors.trainable": True,
    "encoder.units": 4, "encoder.layers": 2,
}  # fmt: skip
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Pair:
    """The weights of a network, the model of them, and the network itself."""

    config: Any
    vocabulary: WordVocabulary
    weights: Arrays
    network: Any

    def model(self, **settings: Any) -> RecurrentModel:
        """The model without TensorFlow; of a direction, if one is named, with its weights alone."""
        direction = settings.pop("direction", self.config.reading.direction)
        config = merged(self.config, {"reading.direction": direction})
        kept = {
            path: array
            for path, array in self.weights.items()
            if path.partition("/")[0] not in {"forward", "backward"} - {*config.directions}
        }
        return model_of(config, self.vocabulary, Weights.of_arrays(kept), **settings)

    def said(self, sentences: Sequence[Sequence[str]]) -> Arrays:
        """What the network says, as `score` and `score_backward` should: bits of all tokens and the last border."""
        inputs = self.vocabulary.collate(self.vocabulary.index_all(sentences))
        targets = np.zeros((len(sentences), int(inputs["lengths"].max())), np.int32)
        for row, tokens in zip(targets, sentences, strict=True):
            row[: len(tokens) + 2] = self.vocabulary.targets(tokens)
        forward, backward = -self.network.log_probabilities(inputs, targets).numpy() / np.log(2)
        rows = range(len(sentences))
        return {
            "forward": np.concatenate([forward[row, 1 : len(sentences[row]) + 2] for row in rows]),
            "backward": np.concatenate(
                [np.roll(backward[row, : len(sentences[row]) + 1], -1) for row in rows]
            ),
        }


def merged(config: Any, changes: dict[str, Any]) -> Any:
    from seqtag.settings.merging import flatten

    values = dict(flatten(config.to_json(), schema=LANGUAGE)) | changes
    return for_corpus(merge_into(LANGUAGE, {path: (value, "test") for path, value in values.items()}))


def _indexers(sentences: list[Sentence], config: Any) -> dict[str, Any]:
    return {
        name: registry.load(registry.EMBEDDINGS, name, "features").fit(sentences, config, RESOURCES)
        for name in ("word", "characters", "shape", "vectors")
    }


def _make(output: str = "classes", **settings: Any) -> Pair:
    from seqtag.network import runtime

    runtime.start(1)
    from seqtag.network.build import weight_name
    from seqtag.network.language_model import LanguageNetwork

    chosen = SMALL | {path.replace("__", "."): value for path, value in settings.items()}
    chosen |= {"output.tied": output == "tied"}
    config = for_corpus(merge_into(LANGUAGE, {path: (value, "test") for path, value in chosen.items()}))
    borders = [Sentence(("</s>", *line.split(), "</s>")) for line in TEXT]
    vocabulary = WordVocabulary(PREDICTED, CLASSES[output], _indexers(borders, config), COUNTS)
    tied = vocabulary.tied_rows() if output == "tied" else None
    network = LanguageNetwork(config, vocabulary.sizes_of_indexers, vocabulary.sizes, tied_rows=tied)
    random = np.random.default_rng(3)
    weights = {
        weight_name(weight): random.normal(0, 0.6, weight.shape).astype(np.float32)
        for weight in network.weights
        if weight.dtype == "float32"
    }
    for weight in network.weights:
        if weight.dtype == "float32":
            weight.assign(weights[weight_name(weight)])
    return Pair(config, vocabulary, weights, network)


@pytest.fixture(scope="session")
def make() -> Any:
    """The function that makes a `Pair`."""
    return _make


@pytest.fixture(scope="session")
def pair() -> Pair:
    """One that several tests share."""
    return _make()
