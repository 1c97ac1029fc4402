"""The states of a recurrent language model for a tagger that reads them, and its files in the tagger's folder."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import bordered
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.features.vectors import Vectors
from seqtag.graph.language_model import build
from seqtag.graph.weights import Weights
from seqtag.inference.batches import inference_order
from seqtag.inference.onnx_runtime import named, open_session, silent_run
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, STATES_FILES, dump_json, parsed
from seqtag.model_folder.stored import config_into
from seqtag.settings import registry
from seqtag.support.errors import Error, ModelError, UsageError
from seqtag.support.quoting import counted, one_line, quoted, reason

if TYPE_CHECKING:
    from seqtag.settings.language import LanguageConfig

CONFIG, VOCABULARY, WEIGHTS = STATES_FILES
VECTORS = "lm.vectors.bin"
SHARED = "vectors.bin"  # the tagger's own, which may be the same
OUTPUT = "output/"  # begins the paths of the weights that only predict words
TOKEN_BUDGET = 4096  # tokens of a batch, padding included
# What comes of values that are not what they should be.
UNFIT = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError, Error)
WINDOW = 4096  # a longer sentence is read in pieces of so many tokens ...
OVERLAP = 256  # ... each of which begins and ends so many earlier and later

Floats = NDArray[np.float32]


class LanguageStates:
    """A recurrent language model of words, without its output layer. It fulfils `features.indexers.base.StateSource`.

    Args:
        config: Its settings.
        indexers: The half of each of its embeddings that knows words, by name.
        weights: Its weights, but for those of the output layer.
        vectors: The pretrained vectors that it reads, if it does.
        name: The model folder, for messages.

    Attributes:
        tokens: How many tokens have been read.
        seconds: How long that took.

    Raises:
        ValueError: The weights are not those of the settings and the indexers, or not finite.
        Error: The settings contradict each other, or the model is none whose states a tagger can read.
    """

    def __init__(
        self,
        config: "LanguageConfig",
        indexers: Mapping[str, Indexer],
        weights: Weights,
        vectors: Vectors | None = None,
        *,
        name: str = "the language model",
    ) -> None:
        if config.text.unit != "word":
            raise UsageError(f"{name}: its tokens are {config.text.unit}s; expected a model of words.")
        if config.reading.continuous:
            raise UsageError(
                f"{name}: carries its state from line to line; expected a model that begins each line afresh."
            )
        self.config = config
        self.indexers = dict(indexers)
        self.vectors = vectors
        self.tokens = 0
        self.seconds = 0.0
        self._weights = weights
        self._name = name
        sizes = {part: indexer.sizes for part, indexer in self.indexers.items()}
        self._network = build(config, sizes, config.directions, weights, every_layer=True)
        weights.check_all()
        weights.check_finite()

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return self.config.encoder.layers

    @property
    def width(self) -> int:
        """The size of a layer's state, of all directions together."""
        return self.config.encoder.units * len(self.config.directions)

    @property
    def parameters(self) -> int:
        """How many numbers its weights are."""
        return sum(array.size for array in self._weights.take_all().values())

    @property
    def description(self) -> str:
        """What it is, in a few words."""
        encoder, directions = self.config.encoder, self.config.directions
        direction = "both directions" if len(directions) > 1 else directions[0]
        return f"{counted(encoder.layers, 'layer')} of {encoder.units:,} units ({encoder.cell}), {direction}"

    def read(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """The states of each sentence, `(time, layers, width)`, of each word after it has been read.

        Raises:
            ModelError: The network fails, or a state is not finite.
            MemoryError: There is too little memory for a batch.
        """
        started = time.perf_counter()
        parts = [
            (number, start, end)
            for number, tokens in enumerate(sentences)
            for start, end in _stretches(len(tokens))
        ]
        seen = [bordered(sentences[number][start:end]) for number, start, end in parts]
        for indexer in self.indexers.values():
            indexer.prime(seen)
        found: list[Floats] = [np.zeros((0, self.layers, self.width), np.float32)] * len(parts)
        for batch in inference_order([len(sentence) for sentence in seen], TOKEN_BUDGET):
            for number, states in zip(batch, self._run([seen[number] for number in batch]), strict=True):
                found[number] = states[1 : len(seen[number]) - 1]  # without the borders
        self.tokens += sum(map(len, sentences))
        self.seconds += time.perf_counter() - started
        return _joined(sentences, parts, found)

    def _run(self, seen: Sequence[Sentence]) -> Floats:
        """The states of a batch of bordered sentences, `(batch, time, layers, width)`."""
        lengths = np.array([len(sentence) for sentence in seen], np.int32)
        inputs: dict[str, NDArray[Any]] = {"lengths": lengths}
        for indexer in self.indexers.values():
            inputs |= indexer.collate(
                [indexer.index(sentence) for sentence in seen], int(lengths.max()), None
            )
        session = self._session
        with named(f"{self._name}: the language model", "run"):
            found = session.run(list(self.config.directions), inputs, silent_run())
        states: Floats = np.concatenate(found, axis=-1) if len(found) > 1 else found[0]
        inside = np.arange(states.shape[1]) < lengths[:, None]
        if not np.isfinite(states[inside]).all():
            raise ModelError(f"{self._name}: the language model gave states that are not finite.")
        return states

    @cached_property
    def _session(self) -> Any:
        with named(f"{self._name}: the language model", "loaded"):
            return open_session(self._network)

    def files(self, shared: Vectors | None) -> dict[str, bytes]:
        """Its files in the folder of a tagger.

        Args:
            shared: The tagger's own vectors, which are not stored twice.
        """
        import safetensors.numpy

        indexers = {name: indexer.to_json() for name, indexer in self.indexers.items()}
        found = {
            CONFIG: dump_json(self.config.portable()),
            VOCABULARY: dump_json({"indexers": indexers}),
            WEIGHTS: safetensors.numpy.save(self._weights.take_all()),
        }
        own = self.vectors.packed() if self.vectors else None
        if own is not None and (shared is None or shared.packed() != own):
            found[VECTORS] = own
        return found

    def digest(self) -> str:
        """The sha256 of all that its states depend on."""
        found = hashlib.sha256()
        for name, content in sorted(self.files(None).items()):
            found.update(f"{name} {len(content)}\n".encode())
            found.update(content)
        return found.hexdigest()


def _stretches(length: int) -> list[tuple[int, int]]:
    """What is read at once: the whole sentence, unless it is longer than `WINDOW`."""
    if length <= WINDOW:
        return [(0, length)]
    return [
        (max(start - OVERLAP, 0), min(start + WINDOW + OVERLAP, length)) for start in range(0, length, WINDOW)
    ]


def _joined(
    sentences: Sequence[Sequence[str]], parts: Sequence[tuple[int, int, int]], found: Sequence[Floats]
) -> list[Floats]:
    """The states of whole sentences from those of their stretches."""
    whole: list[list[Floats]] = [[] for _ in sentences]
    for (number, start, _), states in zip(parts, found, strict=True):
        begin = len(whole[number]) * WINDOW
        whole[number].append(states[begin - start : min(begin + WINDOW, len(sentences[number])) - start])
    return [pieces[0] if len(pieces) == 1 else np.concatenate(pieces) for pieces in whole]


def of_model(path: Path) -> LanguageStates:
    """The states of the language model of a folder.

    Raises:
        UsageError: It is no recurrent model of words.
        ModelError: The folder is incomplete, damaged, too new or not one of ours.
    """
    return load_folder(path, _of_model, LANGUAGE_MODEL)


def _of_model(folder: Folder) -> LanguageStates:
    values = folder.read_json("config.json")
    kind, settings = values.get("kind"), values.get("settings")
    if kind != "rnn":
        raise UsageError(f"{folder.path}: is a language model of the kind {quoted(kind)}; expected rnn.")
    try:
        if not isinstance(settings, dict):
            raise ValueError("config.json has no settings")
        vectors = Vectors.unpack(folder.map(SHARED)) if SHARED in folder.files else None
        with _of_file("vocab.json"):
            known = folder.read_json("vocab.json")["indexers"]
            if "columns" in known:
                problem = "is conditioned on labels of sentences; expected one that was trained without them"
                raise UsageError(f"{folder.path}: the language model {problem}.")
            indexers = _indexers(known, vectors)
        with _of_file("weights.safetensors"):
            weights = Weights.of_file(folder.read("weights.safetensors")).take_all()
            kept = {path: array for path, array in weights.items() if not path.startswith(OUTPUT)}
            return _made(settings, indexers, Weights.of_arrays(kept), vectors, str(folder.path))
    except (UsageError, ModelError):
        raise
    except (ValueError, Error) as problem:
        raise ModelError(
            f"{folder.path}: does not hold what a recurrent language model holds ({one_line(problem)})."
        ) from problem


def of_folder(folder: Folder, shared: Vectors | None) -> LanguageStates | None:
    """The language model in a tagger's folder; None where it holds none.

    Args:
        folder: The folder.
        shared: The vectors of the tagger, which are the language model's where it has no others.

    Raises:
        ModelError: It is none.
    """
    name = f"{folder.path}: its language model"
    try:
        return _stored(folder.files, folder.read, lambda file: Vectors.unpack(folder.map(file)), shared, name)
    except ModelError:
        raise
    except (ValueError, Error) as problem:
        raise ModelError(f"{name} is not what seqtag writes ({one_line(problem)}).") from problem


def of_files(files: Mapping[str, bytes], shared: Vectors | None) -> LanguageStates | None:
    """The language model among the files of a tagger's folder; None where there is none.

    Args:
        files: The files.
        shared: The vectors of the tagger, which are the language model's where it has no others.

    Raises:
        ValueError: It is none.
        Error: A part of it is none.
    """
    return _stored(
        files, files.__getitem__, lambda file: Vectors.unpack(files[file]), shared, "the language model"
    )


@contextlib.contextmanager
def _of_file(name: str) -> Iterator[None]:
    """Within, what is not as seqtag writes it becomes a ValueError that names the file."""
    try:
        yield
    except (UsageError, ModelError):
        raise
    except UNFIT as problem:
        raise ValueError(f"{name}: {reason(problem)}") from problem


def _stored(
    names: Collection[str],
    read: Callable[[str], bytes],
    vectors_of: Callable[[str], Vectors],
    shared: Vectors | None,
    name: str,
) -> LanguageStates | None:
    present = [file for file in (*STATES_FILES, VECTORS) if file in names]
    if not present:
        return None
    if missing := [file for file in STATES_FILES if file not in present]:
        raise ValueError(f"{missing[0]} is missing")
    vectors = shared
    if VECTORS in present:
        with _of_file(VECTORS):
            vectors = vectors_of(VECTORS)
    with _of_file(VOCABULARY):
        vocabulary = parsed(read(VOCABULARY))
        if {*vocabulary} != {"indexers"}:
            raise ValueError("expected indexers alone")
        indexers = _indexers(vocabulary["indexers"], vectors)
    with _of_file(CONFIG):
        settings = parsed(read(CONFIG))
    with _of_file(WEIGHTS):
        return _made(settings, indexers, Weights.of_file(read(WEIGHTS)), vectors, name)


def _indexers(read: Any, vectors: Vectors | None) -> dict[str, Indexer]:
    """The half of each embedding that knows words, as a vocabulary has it.

    Raises:
        KeyError: A part of it is missing.
        TypeError: A part of it is something else.
        ValueError: It is none.
    """
    if not isinstance(read, dict) or not read:
        raise ValueError("the language model looks nothing up")
    if "columns" in read or "numbers" in read:
        raise ValueError("the language model reads extra columns, which a text does not have")
    found: dict[str, Indexer] = {}
    for part, entry in read.items():
        if not registry.knows(registry.EMBEDDINGS, part):
            raise ValueError(
                f"the language model looks words up by {quoted(part)}, which seqtag does not know"
            )
        indexer = registry.load(registry.EMBEDDINGS, part, "features")
        found[part] = indexer.from_json(entry, Resources(vectors))
    return found


def _made(
    settings: dict[str, Any],
    indexers: Mapping[str, Indexer],
    weights: Weights,
    vectors: Vectors | None,
    name: str,
) -> LanguageStates:
    from seqtag.settings.language import LANGUAGE

    config = config_into(LANGUAGE, settings, name)
    uses = any("vectors" in part for part in indexers)
    return LanguageStates(config, indexers, weights, vectors if uses else None, name=name)
