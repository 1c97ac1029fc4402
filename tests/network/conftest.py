"""A toy corpus and small networks over it, for the tests of everything that needs TensorFlow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme
from seqtag.features.indexers.base import Resources, pad
from seqtag.features.tags import legal_sequences, tag_inventory
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import fit_indexers
from seqtag.features.word_lists import ListTable
from seqtag.graph.build import Plan, build
from seqtag.graph.weights import Weights
from seqtag.network import runtime
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.settings.merging import merge

runtime.start(1)  # once a session, and before anything else imports Keras

Arrays = dict[str, NDArray[Any]]

CORPUS = [
    ("in Bad Ems it rains", "O B-LOC E-LOC O O", (3, 3, 5, 5, 0)),
    ("Mira", "S-PER", (0,)),
    ("Bad news in Ems in June , said Mira", "O O O S-LOC O O O O S-PER", (2, 8, 4, 2, 6, 2, 2, 0, 8)),
    ("rain", "O", (0,)),
    ("June Mira Ems of Bad Ems", "B-PER I-PER E-PER O B-LOC E-LOC", (0, 1, 1, 6, 6, 1)),
    ("it rains in June", "O O O O", (2, 0, 4, 2)),
]
SENTENCES = [
    Sentence(
        tuple(tokens.split()),
        tuple(tags.split()),
        columns=(tuple(token[0] for token in tokens.split()), tuple(token[-1] for token in tokens.split())),
        numbers=(tuple(float(len(token)) if token != "it" else math.nan for token in tokens.split()),),
        heads=tuple(heads),
    )
    for tokens, tags, heads in CORPUS
]
WORDS = sorted({token for sentence in SENTENCES for token in sentence.tokens} - {"rain"})
PAIRS = ["BadEms", "inJune", "Mira\n", "Ems\n"]


class Letters:
    """A language model whose layers are a word's letters, and those of all words before it."""

    layers, width = 2, 6

    def read(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        return [self._states(tokens) for tokens in sentences]

    def _states(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        letters = np.array([sum(map(ord, token)) for token in tokens])[:, None] * [1, 0.7, 0.4, 0.3, 0.2, 0.1]
        return np.sin(np.stack([letters, np.cumsum(letters, axis=0)], axis=1)).astype(np.float32)


RESOURCES = Resources(
    vectors=Vectors.from_words(
        WORDS + PAIRS, np.random.default_rng(1).normal(0, 1, (len(WORDS + PAIRS), 5)).astype(np.float32)
    ),
    states=Letters(),
    lists=(ListTable.of([["bad", "ems"], ["june", "mira"]]), ListTable.of([["mira"]])),
)
SCHEME = parse_scheme("bioes")
TAGS = tag_inventory((tag for sentence in SENTENCES for tag in sentence.tags or ()), SCHEME)

# Parts that the default configuration leaves out: the settings that bring each in.
BROUGHT_IN: dict[str, dict[str, Any]] = {
    "bigrams": {"embeddings.bigrams.enabled": "yes", "embeddings.bigrams.dim": 5},
    "bigram_vectors": {"embeddings.bigrams.enabled": "yes"},
    "columns": {"data.feature_columns": "2,3", "embeddings.columns.dim": 3},
    "characters": {"embeddings.characters.dim": 4, "embeddings.characters.units": 3},
    "vectors": {"embeddings.vectors.trainable": True},
    "lists": {"embeddings.lists.files": ["places.txt", "people.txt"], "embeddings.lists.dim": 3},
}

SMALL = {
    "embeddings.word.dim": 5, "embeddings.word.unknown_rate": 0, "embeddings.dropout": 0,
    "encoder.units": 4, "encoder.layers": 1, "encoder.dropout": 0, "head.units": 6, "head.tag_dim": 3,
    "training.learning_rate": 0.05,
}  # fmt: skip


@dataclass(frozen=True)
class Toy:
    """A network over the toy corpus, and its batches."""

    network: Any
    config: Config
    indexers: dict[str, Any]
    plan: Plan

    def export(self, outputs: Sequence[str] | None = None) -> bytes:
        """The graph of the network as it is now."""
        return build(self.plan, Weights.of_arrays(self.network.named_weights()), outputs)

    def batch(
        self, numbers: Sequence[int] = range(len(SENTENCES)), extra: int = 0
    ) -> tuple[Arrays, NDArray[Any]]:
        """Inputs and tags of sentences of the corpus, with so many more columns of padding."""
        lengths = np.array([len(SENTENCES[number]) for number in numbers], np.int32)
        time = int(lengths.max()) + extra
        inputs: Arrays = {"lengths": lengths}
        for indexer in self.indexers.values():
            inputs |= indexer.collate([indexer.index(SENTENCES[number]) for number in numbers], time, None)
        tags = pad(
            [np.array([TAGS.index(t) for t in SENTENCES[n].tags or ()], np.int32) for n in numbers], time
        )
        return inputs, tags

    def garbage(self, inputs: Arrays, tags: NDArray[Any]) -> tuple[Arrays, NDArray[Any]]:
        """The same batch with other values at padding: those of words of the same batch."""
        inside = inside_of(inputs, tags)
        one, wider = (self.batch([0, 2], extra)[0] for extra in (0, 1))
        by_word = {name for name in one if one[name].ndim > 1 and one[name].shape[1] < wider[name].shape[1]}
        random = np.random.default_rng(5)
        changed = dict(inputs)
        for name in by_word:
            words = inputs[name][inside]
            changed[name] = inputs[name].copy()
            changed[name][~inside] = words[random.integers(0, len(words), int((~inside).sum()))]
        other = np.where(inside, tags, random.integers(0, len(TAGS), tags.shape)).astype(np.int32)
        return changed, other

    def shake(self, scale: float = 1.0, seed: int = 3) -> "Toy":
        """Random weights, biases included, so large that tags depend on everything; variances are positive."""
        random = np.random.default_rng(seed)
        weights = self.network.named_weights()
        drawn = [
            (name, random.normal(0, scale, array.shape).astype(array.dtype))
            for name, array in weights.items()
        ]
        self.network.assign_weights(
            {name: np.abs(values) if name.endswith("variance") else values for name, values in drawn}
        )
        return self


def inside_of(inputs: Arrays, tags: NDArray[Any]) -> NDArray[np.bool_]:
    """The mask `(batch, time)` of a batch, made without the code under test."""
    return np.arange(tags.shape[1]) < inputs["lengths"][:, None]


def _legal() -> Any:
    from seqtag.graph.heads.base import Legal

    return Legal(*legal_sequences(TAGS, SCHEME))  # type: ignore[misc]


def _make(
    embeddings: Sequence[str] = ("word",), *, plain: bool = False, kind: Any = None, **settings: Any
) -> Toy:
    """A network; settings by path, with `__` for the dot. `plain`: tags may stand in any order."""
    from seqtag.network.build import Network

    chosen = SMALL | {path.replace("__", "."): value for path, value in settings.items()}
    for name in embeddings:
        chosen = BROUGHT_IN.get(name, {}) | chosen
    config = merge({path: (value, "test") for path, value in chosen.items()})
    fitted = fit_indexers(SENTENCES, config, RESOURCES)
    missing = set(embeddings) - set(fitted)
    assert not missing, (
        f"{missing}: left out by the default configuration; add to BROUGHT_IN what brings them in"
    )
    sizes = {name: fitted[name].sizes for name in embeddings}
    indexers = {name: fitted[name] for name in (*embeddings, *registry.ENCODER_INDEXERS) if name in fitted}
    plan = Plan(config, sizes, len(TAGS), None if plain else _legal())
    return Toy((kind or Network)(plan), config, indexers, plan)


@pytest.fixture(scope="session")
def make() -> Any:
    """The function that builds a `Toy`."""
    return _make


@pytest.fixture(scope="session")
def legal() -> Any:
    """What the toy corpus's scheme allows."""
    return _legal()


@pytest.fixture(scope="session")
def inside() -> Any:
    """The function that gives a batch's mask."""
    return inside_of


@pytest.fixture(scope="session")
def encoder_settings() -> Any:
    """The function that makes settings of a small encoder without dropout."""

    def settings(**values: Any) -> Any:
        return replace(Config().encoder, **({"units": 4, "dropout": 0.0} | values))

    return settings


@pytest.fixture(scope="session")
def run_onnx() -> Any:
    """Runs an exported network: (tags, probabilities), or the outputs that are named."""
    import onnxruntime

    def run(
        exported: bytes, inputs: Arrays, names: Sequence[str] = ("tags", "probabilities")
    ) -> list[NDArray[Any]]:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
        found: list[NDArray[Any]] = session.run(list(names), inputs)
        return found

    return run
