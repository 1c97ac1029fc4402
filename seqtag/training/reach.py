"""How far back the gradients of a trained network reach through the words: rates, recurrent weights and gates."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqtag.settings import registry
from seqtag.settings.config import RunSettings
from seqtag.training.activity import Activity

if TYPE_CHECKING:
    from seqtag.network.gradients import Followed, Trace

Item = TypeVar("Item")
EXAMPLES = 8  # of dev, for the rates of a trained job
LEFT = 0.01  # the share of a gradient that is called nothing
HALVED, DOUBLED = 0.5 ** (1 / 10), 2 ** (1 / 10)  # rates that bring a gradient to half or twice in ten steps
CLOSED, OPEN = 0.1, 0.9  # a gate below or above is saturated
MOST_STEPS = 30  # back, where nobody says another number
LONG_ENOUGH = 10  # one sentence in so many must be, where nobody says how many steps to go back
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
            memory = max(len(norms), math.ceil((math.log(LEFT * norms[0]) - start) / slope))
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
class LayerReach:
    """A layer in one direction.

    Attributes:
        number: The layer, from 1.
        direction: `forward` or `backward`; a step back in the latter is a word to the right.
        errors: Mean over the sentences of the norm of d L_t / d s_{t-k}, for k = 0, 1, ...: what the loss says of word
            t, carried back k steps. s is the state, with an LSTM output and memory together.
        jacobians: Mean of the Frobenius norm of d s_t / d s_{t-k}, divided by that of the identity.
        kernels: The recurrent weights, by gate.
        gates: The gates, by name.
        activity: What its units do.
    """

    number: int
    direction: str
    errors: list[float]
    jacobians: list[float]
    kernels: dict[str, Kernel]
    gates: dict[str, Gate]
    activity: Activity | None = None

    @property
    def finite(self) -> bool:
        """Whether no norm overflowed."""
        return bool(np.isfinite([*self.errors, *self.jacobians]).all())

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


class GradientInputs(NamedTuple):
    """What the gradients of a network are taken of.

    Attributes:
        network: The network.
        inputs: Its inputs for some examples, each `(batch, time, ...)`.
        targets: What it is to predict, `(batch, time)`.
        ends: At how many words of each example, in reading order, something is predicted, `(batch,)`: more than the
            steps to go back; None for all of them.
    """

    network: "Followed"
    inputs: dict[str, NDArray[Any]]
    targets: NDArray[Any]
    ends: NDArray[np.integer[Any]] | None = None


@dataclass(frozen=True)
class Sample(Generic[Item]):
    """Examples to look at, and what the task makes of them.

    Attributes:
        examples: Those drawn, in the file's order; in each, something is predicted at more than `steps` places.
        steps: How many steps to go back.
        long_enough: How many could have been drawn.
        longest: At how many places of the longest one something is predicted, drawn or not; 0 without examples.
        path: The file, for messages.
        collate: Makes the inputs of a network and examples, of which there is at least one.
    """

    examples: list[Item]
    steps: int
    long_enough: int
    longest: int
    path: str
    collate: Callable[[Any, list[Item]], GradientInputs]

    def __len__(self) -> int:
        return len(self.examples)

    def measured(self, network: Any, random: np.random.Generator) -> list[LayerReach]:
        """Each layer and direction, measured at a place drawn in each example, of which there is at least one."""
        made = self.collate(network, self.examples)
        return measure(made.network, made.inputs, made.targets, self.steps, random, made.ends)


def draw(
    usable: Sequence[Item],
    size: Callable[[Item], int],
    collate: Callable[[Any, list[Item]], GradientInputs],
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
) -> Sample[Item]:
    """Draws at most `count` examples that are long enough.

    Args:
        usable: The examples.
        size: At how many places of an example something is predicted.
        collate: See `Sample`.
        path: The file, for messages.
        count: How many.
        random: For the draw.
        steps: How many steps to go back; up to 30, as the examples allow, if not given.
    """
    sizes = [size(example) for example in usable]
    if steps is None:
        steps = reachable(sizes)
    found = [example for example, length in zip(usable, sizes, strict=True) if length > steps]
    chosen = [found[at] for at in sorted(random.permutation(len(found))[:count].tolist())]
    return Sample(chosen, steps, len(found), max(sizes, default=0), path, collate)


def reachable(lengths: Sequence[int]) -> int:
    """So many steps back that one sentence in ten is long enough, from 2 to 30.

    Args:
        lengths: At how many words of each sentence something is predicted.

    Example:
        >>> reachable([3, 4, 5, 8])
        7
    """
    ordered = sorted(lengths, reverse=True)
    length = ordered[len(ordered) // LONG_ENOUGH] if ordered else 0
    return min(max(length - 1, 2), MOST_STEPS)


def measure(
    network: "Followed",
    inputs: dict[str, NDArray[Any]],
    targets: NDArray[Any],
    steps: int,
    random: np.random.Generator,
    ends: NDArray[np.integer[Any]] | None = None,
) -> list[LayerReach]:
    """Each layer and direction, measured at a word drawn in each sentence.

    Args:
        network: A network whose cell has a state.
        inputs: Its inputs for at least one sentence, each `(batch, time, ...)`.
        targets: What it is to predict, `(batch, time)`.
        steps: How many steps to go back.
        random: For the words, and directions that gradients are carried in.
        ends: At how many words of each sentence, in reading order, something is predicted, `(batch,)`: more than
            `steps`; at all of them if not given.
    """
    from seqtag.network import gradients as model

    lengths = inputs["lengths"]
    places = random.integers(steps, lengths if ends is None else ends)  # from `steps` to the last word
    found = []
    for trace in model.traces(network, inputs, targets):
        profile = model.profile(trace, places, steps, random)
        layer = LayerReach(
            number=trace.layer,
            direction=trace.direction,
            errors=profile.errors.mean(axis=0).tolist(),
            jacobians=profile.jacobians.mean(axis=0).tolist(),
            kernels={name: kernel_of(matrix) for name, matrix in model.kernels(trace.cell).items()},
            gates=_gates(trace, lengths),
            activity=_activity(trace, lengths),
        )
        found.append(layer)
    return found


def trained_rates(
    config: RunSettings, network: Any, sample: Callable[[int, np.random.Generator], Sample[Any]]
) -> list[dict[str, Any]]:
    """How far gradients reach back in each layer and direction of a trained network, on some examples of dev.

    Args:
        config: Its settings.
        network: The network.
        sample: Draws at most so many examples of dev.

    Returns:
        What `rates` gives; nothing where no layer has a state, or dev holds no example that is long enough.
    """
    if not registry.is_stateful(config.encoder.cell) or not config.encoder.layers:
        return []
    random = np.random.default_rng(1)  # the same places with each seed of the run
    drawn = sample(EXAMPLES, random)
    return rates(drawn.measured(network, random)) if drawn.examples else []


def rates(layers: Sequence[LayerReach]) -> list[dict[str, Any]]:
    """`layer`, `direction`, `rate`, `memory` and `verdict` of each layer and direction whose norms are finite."""
    found = []
    for layer in layers:
        if layer.finite:
            fit = layer.jacobian_fit
            place = {"layer": layer.number, "direction": layer.direction}
            found.append(place | asdict(fit) | {"verdict": fit.verdict})
    return found


def kernel_of(matrix: NDArray[Any]) -> Kernel:
    """The figures of a matrix `(units, units)`."""
    exact = matrix.astype(np.float64)
    return Kernel(float(np.abs(np.linalg.eigvals(exact)).max()), float(np.linalg.norm(exact, 2)))


def _gates(trace: "Trace", lengths: NDArray[Any]) -> dict[str, Gate]:
    """The gates of a layer, on the sentences' words."""
    from seqtag.network import gradients as model

    found = {}
    for name, values in model.gates(trace).items():
        found[name] = gate_of(values[np.arange(values.shape[1]) < lengths[:, None]], name in KEEPING)
    return found


def _activity(trace: "Trace", lengths: NDArray[Any]) -> Activity:
    """What the units of a layer do, on the sentences' words."""
    from seqtag.network import gradients as model

    outputs, activated = model.activations(trace)
    words = np.arange(outputs.shape[1]) < lengths[:, None]
    return Activity.of(outputs[words], activated[words], trace.activation)


def gate_of(values: NDArray[Any], keeps: bool) -> Gate:
    """The figures of a gate's values; `keeps`: whether it says how much of the state stays."""
    mean = float(values.mean(dtype=np.float64))
    half_life = math.log(0.5) / math.log(mean) if keeps and 0 < mean < 1 else None
    return Gate(mean, float((values < CLOSED).mean()), float((values > OPEN).mean()), half_life)
