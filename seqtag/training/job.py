"""What is trained, as the loop sees it: a job with one seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from seqtag.evaluation.measure import Measure
from seqtag.settings.config import RunSettings
from seqtag.support.interrupt import Stop
from seqtag.training.events import Epoch, Start
from seqtag.training.ledger import Gradients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqtag.network.build import Network

Weights = dict[str, Any]
AnyScore = TypeVar("AnyScore", bound="Scored", covariant=True)


class Batch(NamedTuple):
    """Examples that are learnt in one step.

    Attributes:
        examples: Their numbers.
        inputs: The network's inputs, each `(batch, time, ...)`.
        targets: What it is to predict, `(batch, time)`.
    """

    examples: list[int]
    inputs: "dict[str, NDArray[Any]]"
    targets: "NDArray[Any]"


class Scored(Protocol):
    """What a model scores on a corpus."""

    @property
    def main(self) -> float:
        """The figure by which models are compared."""
        ...

    @property
    def measure(self) -> Measure:
        """What this figure is, and which values of it are better."""
        ...

    @property
    def signature(self) -> str:
        """How the score was made, in one line."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        ...


@dataclass(frozen=True)
class Final:
    """A run on train and dev.

    Attributes:
        losses: The mean loss of each of its epochs, which are as many as scored best on dev in the first run.
        sentences: A digest of what it has seen, see `evaluation.trained_on`: of `dev`, and of `train+dev`.
        first: What `report.json` says of the data and the network of the first run.
    """

    losses: list[float]
    sentences: dict[str, str]
    first: dict[str, Any]


@dataclass(frozen=True)
class Fitted:
    """What was fitted on dev once training had ended.

    Attributes:
        temperatures: The temperatures by which scores were divided, by what they are of; empty if none were.
        outside_bias: The setting `head.outside_bias`, if it was chosen.
    """

    temperatures: dict[str, float] = field(default_factory=dict)
    outside_bias: float = 0.0


@dataclass(frozen=True)
class SeedResult(Generic[AnyScore]):
    """What training with one seed came to.

    Attributes:
        seed: The seed.
        history: Each epoch.
        best_epoch: The epoch whose weights were kept.
        dev: Their score on dev.
        test: Their score on test, if there is a test file.
        seconds: The whole run.
        gradients: What its gradients were like.
        stopped: Why training stopped before its end, if numbers were not finite; empty otherwise.
        fitted: What was fitted on dev for these weights.
        final: The run on train and dev that the model is from, whose score `test` is; None if it is from the first run.
    """

    seed: int
    history: list[Epoch]
    best_epoch: int
    dev: AnyScore
    test: AnyScore | None
    seconds: float
    gradients: Gradients | None = None
    stopped: str = ""
    fitted: Fitted = field(default_factory=Fitted)
    final: "Final | None" = None


class Job(Protocol):
    """What a run trains and scores."""

    @property
    def config(self) -> RunSettings:
        """The settings; their seed is the run's."""
        ...

    @property
    def network(self) -> "Network":
        """The network that learns."""
        ...

    @property
    def prepared(self) -> Start:
        """What was read, for the listener."""
        ...

    @property
    def tokens(self) -> int:
        """How many tokens an epoch has."""
        ...

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; what is random in them is a function of seed, epoch and step."""
        ...

    def describe(self, numbers: list[int]) -> str:
        """Where the examples of a batch stand in the training file, in words."""
        ...

    def score_dev(self, stop: Stop) -> float:
        """The score on dev that counts, of the network as it is now, by the measure of `prepared`; a finite number.

        Raises:
            Diverged: There is no such number.
            Interrupted: `stop` has been asked to.
        """
        ...

    def calibrated(self, weights: Weights, fitted: Fitted | None = None) -> tuple[Weights, Fitted]:
        """The weights that a model keeps of these, whose probabilities mean what they say, and what was fitted for
        that. From now on, the job decides between answers as `fitted` says.

        Args:
            weights: The weights.
            fitted: What another run fitted, to be used here; None to fit on dev.
        """
        ...

    def score(self, weights: Weights) -> tuple[Scored, Scored | None]:
        """What these weights, which are the network's from now on, score on dev and, where there is one, on test; their
        export is compared with the network before.

        Raises:
            Diverged: The weights are not finite.
            Error: The two do not agree; this is an error in seqtag, and no model is written.
        """
        ...

    def facts(self) -> dict[str, Any]:
        """What `report.json` says of the data and the network."""
        ...

    def files(self, weights: Weights, report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        ...


@dataclass(frozen=True)
class PlannedJob:
    """A job that is to be made once nothing else trains.

    Attributes:
        seed: Its seed, which is that of its settings.
        make: Makes it.
        result: The class of what comes of it.
        final: What is trained afterwards, on train and dev; None if nothing is.
    """

    seed: int
    make: Callable[[], Job]
    result: type[SeedResult[Any]]
    final: "PlannedFinal | None" = None


@dataclass(frozen=True)
class PlannedFinal:
    """A job on train and dev that is to be made once another one has chosen the epochs.

    Attributes:
        make: Makes it.
        sentences: See `Final`.
    """

    make: Callable[[], Job]
    sentences: dict[str, str]
