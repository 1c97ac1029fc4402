"""The gradients stage: a model folder and a corpus file in; how far gradients reach back through the words out."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import seqtag
from seqtag import folder, parts
from seqtag.config import Config, from_values
from seqtag.data import Corpus, Sentence, check_tags, read_corpus
from seqtag.errors import ModelError, UsageError, UserError
from seqtag.indexers.base import Resources, pad
from seqtag.model import runtime
from seqtag.tags import convert
from seqtag.vectors import Vectors
from seqtag.vocab import Vocabulary, cut, legal_sequences

if TYPE_CHECKING:
    from seqtag.model.build import Network
    from seqtag.model.gradients import Trace

MOST_STEPS = 30  # back, where nobody says another number
LONG_ENOUGH = 10  # one sentence in so many must be, where nobody says how many steps to go back
LEFT = 0.01  # the share of a gradient that is called nothing
HALVED, DOUBLED = 0.5 ** (1 / 10), 2 ** (1 / 10)  # rates that bring a gradient to half or twice in ten steps
CLOSED, OPEN = 0.1, 0.9  # a gate below or above is saturated
KEEPING = ("forget", "update")  # the gate that says how much of the state stays


@dataclass(frozen=True)
class Fit:
    """The rate eta of a profile that goes like c eta^k, by least squares on its logarithm over k >= 1.

    Attributes:
        rate: The rate; 0 where nothing came back.
        memory: The steps after which 1 % is left of what was there at k = 0: as measured, or if more is left at the
            last step, as the fit goes on; None where it never comes to that.
    """

    rate: float
    memory: int | None

    @classmethod
    def of(cls, norms: Sequence[float]) -> "Fit":
        """The fit of norms at k = 0, 1, 2, ..."""
        back = [k for k, norm in enumerate(norms) if k and norm > 0]
        memory = next((k for k, norm in enumerate(norms) if norm <= LEFT * norms[0]), None)
        if len(back) < 2:
            return cls(0.0, memory)
        slope, start = np.polyfit(back, [math.log(norms[k]) for k in back], 1)
        if memory is None and slope < 0:
            memory = math.ceil((math.log(LEFT * norms[0]) - start) / slope)
        return cls(math.exp(slope), memory)

    @property
    def verdict(self) -> str:
        """`vanishing` if ten steps halve a gradient or worse, `exploding` if they double it or worse, else `steady`."""
        return "vanishing" if self.rate < HALVED else "exploding" if self.rate > DOUBLED else "steady"


@dataclass(frozen=True)
class Kernel:
    """A matrix of recurrent weights.

    Attributes:
        radius: Its spectral radius: the largest absolute value of an eigenvalue.
        largest: Its largest singular value.
    """

    radius: float
    largest: float


@dataclass(frozen=True)
class Gate:
    """A gate on all words looked at.

    Attributes:
        mean: Its mean.
        closed: The share of its values below 0.1.
        open: The share above 0.9.
        half_life: Of the gate that keeps the state: the steps after which half is left, if it stood at its mean.
    """

    mean: float
    closed: float
    open: float
    half_life: float | None

    @property
    def saturated(self) -> float:
        """The share of values near 0 or 1, where the gate's own gradient is nearly nothing."""
        return self.closed + self.open


@dataclass(frozen=True)
class Layer:
    """A layer in one direction.

    Attributes:
        number: The layer, from 1.
        direction: `forward` or `backward`; a step back in the latter is a word to the right.
        errors: Mean over the sentences of the norm of d L_t / d s_{t-k}, for k = 0, 1, ...: what the loss says of word
            t, carried back k steps. s is the state, with an LSTM output and memory together.
        jacobians: Mean of the Frobenius norm of d s_t / d s_{t-k}, divided by that of the identity.
        kernels: The recurrent weights, by gate.
        gates: The gates, by name.
    """

    number: int
    direction: str
    errors: list[float]
    jacobians: list[float]
    kernels: dict[str, Kernel]
    gates: dict[str, Gate]

    @property
    def error_fit(self) -> Fit:
        """The rate of `errors`."""
        return Fit.of(self.errors)

    @property
    def jacobian_fit(self) -> Fit:
        """The rate of `jacobians`."""
        return Fit.of(self.jacobians)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        fits = {"errors": self.error_fit, "jacobians": self.jacobian_fit}
        return asdict(self) | {
            "fits": {name: asdict(fit) | {"verdict": fit.verdict} for name, fit in fits.items()}
        }


@dataclass(frozen=True)
class Report:
    """What the gradients of a model are like.

    Attributes:
        model: The model folder, as the user named it.
        file: The corpus file.
        cell: The cell.
        steps: How many steps back.
        sentences: How many sentences were looked at.
        long_enough: How many the file holds that could have been.
        layers: Each layer and direction.
    """

    model: str
    file: str
    cell: str
    steps: int
    sentences: int
    long_enough: int
    layers: list[Layer]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        values = asdict(self) | {"layers": [layer.to_json() for layer in self.layers]}
        return {"seqtag": seqtag.__version__} | values


def gradients(
    model: str,
    path: str,
    *,
    steps: int | None = None,
    sentences: int = 20,
    seed: int = 1,
    format: str = "auto",
    token_column: int | str | None = None,
    tag_column: int | str | None = None,
    debug: bool = False,
) -> Report:
    """Measures how the norm of a gradient changes on its way back from a word.

    Args:
        model: The model folder.
        path: A corpus file in the model's tag scheme.
        steps: How many steps back; up to 30, as the file's sentences allow, if not given.
        sentences: At most so many sentences are looked at, drawn from those that are long enough.
        seed: Of the draw.
        format: The file's format.
        token_column: The file's column of tokens; the training corpus's if not given.
        tag_column: The file's column of tags, likewise.
        debug: Whether TensorFlow may print.

    Raises:
        ModelError: The model folder cannot be read.
        DataError: The file cannot be read, or holds a tag that the scheme does not have.
        UserError: The model has no recurrent layer, or no sentence is long enough.
    """
    config, vocabulary, weights = folder.load(Path(model), _read)
    cell = config.encoder.cell
    if cell in parts.LOCAL_CELLS:
        raise UserError(f"{model}: its cell, {cell}, has no state; expected a model with a recurrent layer.")
    corpus = read_corpus(
        path,
        format=format,
        token_column=vocabulary.token_column if token_column is None else token_column,
        tag_column=vocabulary.tag_column if tag_column is None else tag_column,
        feature_columns=vocabulary.feature_columns,
    )
    check_tags(corpus, vocabulary.scheme)
    usable = _usable(corpus, vocabulary, config.training.max_sentence_length)
    if steps is None:
        steps = _reachable([len(sentence) for sentence in usable])
    long_enough = [sentence for sentence in usable if len(sentence) > steps]
    if not long_enough:
        longest = max((len(sentence) for sentence in usable), default=0)
        raise UserError(
            f"{path}: no sentence with tags that the model knows has more than {steps} words; the longest has "
            f"{longest}." + f" Try --steps {longest - 1}." * (longest > 2)
        )
    runtime.start(seed, debug=debug)
    random = np.random.default_rng(seed)
    drawn = sorted(random.permutation(len(long_enough))[:sentences].tolist())
    chosen = [long_enough[number] for number in drawn]
    network = _network(model, config, vocabulary, weights)
    layers = _layers(network, vocabulary, chosen, steps, random)
    return Report(model, corpus.path, cell, steps, len(chosen), len(long_enough), layers)


def _read(source: folder.Folder) -> tuple[Config, Vocabulary, dict[str, NDArray[Any]]]:
    """Settings, vocabulary and weights of a model folder."""
    import safetensors
    import safetensors.numpy

    try:
        config = from_values(source.read_json("config.json"), f"{source.path}: config.json")
        vectors = Vectors.unpack(source.map("vectors.bin")) if "vectors.bin" in source.files else None
        vocabulary = Vocabulary.from_json(source.read_json("vocab.json"), Resources(vectors))
        weights = safetensors.numpy.load(source.read("weights.safetensors"))
    except UsageError as problem:
        raise ModelError(f"{problem} It was written by another version of seqtag.") from problem
    except (KeyError, TypeError, ValueError, AttributeError, safetensors.SafetensorError) as problem:
        words = " ".join(str(problem).split())
        raise ModelError(f"{source.path}: is not what seqtag writes as a model ({words}).") from problem
    return config, vocabulary, weights


def _network(
    model: str, config: Config, vocabulary: Vocabulary, weights: dict[str, NDArray[Any]]
) -> "Network":
    """The Keras network, as it was trained."""
    from seqtag.model.build import Network
    from seqtag.model.heads.chain import Legal

    legal = legal_sequences(vocabulary.tags, vocabulary.train_scheme)
    sizes = {name: indexer.sizes for name, indexer in vocabulary.indexers.items()}
    frequencies = np.ones(len(vocabulary.tags))  # they weigh tags in training, and here nothing is trained
    network = Network(config, sizes, len(vocabulary.tags), Legal(*legal) if legal else None, frequencies)
    wanted = {name: array.shape for name, array in network.named_weights().items()}
    if {name: array.shape for name, array in weights.items()} != wanted:
        raise ModelError(f"{model}: weights.safetensors does not hold the weights of its network.")
    network.assign_weights(weights)
    return network


def _usable(corpus: Corpus, vocabulary: Vocabulary, longest: int) -> list[Sentence]:
    """The sentences with tags of the training scheme, cut at `longest` words; without those whose tags the model does
    not know.
    """
    known = set(vocabulary.tags)
    found = []
    for sentence in corpus.sentences:
        tags = convert((sentence.tags or ())[:longest], vocabulary.scheme, vocabulary.train_scheme)
        if known.issuperset(tags):
            piece = cut(sentence, 0, min(longest, len(sentence)))
            found.append(Sentence(piece.tokens, tuple(tags), columns=piece.columns))
    return found


def _reachable(lengths: list[int]) -> int:
    """So many steps back that one sentence in ten is long enough, from 2 to 30."""
    ordered = sorted(lengths, reverse=True)
    length = ordered[len(ordered) // LONG_ENOUGH] if ordered else 0
    return min(max(length - 1, 2), MOST_STEPS)


def _layers(
    network: "Network",
    vocabulary: Vocabulary,
    sentences: list[Sentence],
    steps: int,
    random: np.random.Generator,
) -> list[Layer]:
    """Each layer and direction, measured at a word drawn in each sentence."""
    from seqtag.model import gradients as model

    numbers = {tag: number for number, tag in enumerate(vocabulary.tags)}
    inputs = vocabulary.collate(vocabulary.index_all(sentences))
    lengths = inputs["lengths"]
    rows = [np.array([numbers[tag] for tag in sentence.tags or ()], np.int32) for sentence in sentences]
    places = random.integers(steps, lengths)  # from `steps` to the last word
    found = []
    for trace in model.traces(network, inputs, pad(rows, int(lengths.max()))):
        profile = model.profile(trace, places, steps, random)
        layer = Layer(
            number=trace.layer,
            direction=trace.direction,
            errors=profile.errors.mean(axis=0).tolist(),
            jacobians=profile.jacobians.mean(axis=0).tolist(),
            kernels={name: kernel_of(matrix) for name, matrix in model.kernels(trace.cell).items()},
            gates=_gates(trace, lengths),
        )
        if not np.isfinite([*layer.errors, *layer.jacobians]).all():
            raise UserError(f"the gradients of layer {layer.number} ({layer.direction}) are not finite.")
        found.append(layer)
    return found


def kernel_of(matrix: NDArray[Any]) -> Kernel:
    """The figures of a matrix `(units, units)`."""
    exact = matrix.astype(np.float64)
    return Kernel(float(np.abs(np.linalg.eigvals(exact)).max()), float(np.linalg.norm(exact, 2)))


def _gates(trace: "Trace", lengths: NDArray[Any]) -> dict[str, Gate]:
    """The gates of a layer, on the sentences' words."""
    from seqtag.model import gradients as model

    found = {}
    for name, values in model.gates(trace).items():
        found[name] = gate_of(values[np.arange(values.shape[1]) < lengths[:, None]], name in KEEPING)
    return found


def gate_of(values: NDArray[Any], keeps: bool) -> Gate:
    """The figures of a gate's values; `keeps`: whether it says how much of the state stays."""
    mean = float(values.mean(dtype=np.float64))
    half_life = math.log(0.5) / math.log(mean) if keeps and 0 < mean < 1 else None
    return Gate(mean, float((values < CLOSED).mean()), float((values > OPEN).mean()), half_life)
