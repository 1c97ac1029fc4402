"""All that the rest of a run depends on, taken apart into a checkpoint's values and arrays and put together again."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from seqtag.support.json_decoder import decode
from seqtag.training.checkpoint import State
from seqtag.training.events import Epoch

Arrays = dict[str, NDArray[Any]]


@dataclass
class UnderWay:
    """An epoch that is being trained.

    Attributes:
        number: The epoch, from 1.
        losses: The loss of each step so far.
        norms: The true global norm of each step's gradient.
        clipped: Whether clipping acted in each step.
        tokens: Tokens trained so far.
        seconds: How long that took.
    """

    number: int
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    clipped: list[bool] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Values:
    """What a checkpoint holds of a run beside its arrays.

    Attributes:
        under_way: The epoch that is being trained.
        history: Those before it.
        best_epoch: The best of them; 0 if there is none.
        ticks: Steps since all rows of all tables were up to date.
        seconds: How long all this took.
    """

    under_way: UnderWay
    history: list[Epoch]
    best_epoch: int
    ticks: int
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps.

    Attributes:
        values: Its numbers.
        variables: The variables of network and optimizer by name.
        ledger: The norms of all steps.
        best_weights: The weights of the best epoch; empty before the first epoch's end.
        recent: The weights of the last epochs, to be averaged.
    """

    values: Values
    variables: Arrays
    ledger: Arrays
    best_weights: Arrays
    recent: list[Arrays]

    def to_state(self) -> State:
        """What a checkpoint holds of it."""
        arrays = {f"variable/{name}": array for name, array in self.variables.items()}
        arrays |= {f"ledger/{name}": array for name, array in self.ledger.items()}
        for place, weights in enumerate([self.best_weights, *self.recent]):
            arrays |= {f"weights/{place}/{name}": array for name, array in weights.items()}
        return State(dataclasses.asdict(self.values), arrays)

    @classmethod
    def of(cls, state: State) -> "Snapshot":
        """The snapshot that a state was made of.

        Raises:
            KeyError: An array belongs to no part of a run, or is missing.
            TypeError: A value is of another type.
        """
        values = decode(Values, state.values)
        parts: dict[str, Arrays] = {"variable": {}, "ledger": {}, "weights": {}}
        for path, array in state.arrays.items():
            part, _, name = path.partition("/")
            parts[part][name] = array
        kept: dict[str, Arrays] = {}
        for path, array in parts["weights"].items():
            place, _, name = path.partition("/")
            kept.setdefault(place, {})[name] = array
        best = kept.pop("0", {})
        recent = [kept[str(place)] for place in range(1, 1 + len(kept))]
        return cls(values, parts["variable"], parts["ledger"], best, recent)

    def check(self, variables: Mapping[str, Any], weights: Mapping[str, Any], most_recent: int) -> None:
        """Refuses a snapshot of another run.

        Args:
            variables: The variables that the run has, as arrays by name.
            weights: Its network's weights, likewise.
            most_recent: How many epochs' weights it averages.

        Raises:
            ValueError: It is one.
        """
        values, now = self.values, self.values.under_way
        if _kinds(self.variables) != _kinds(variables):
            raise ValueError("the state is that of another network")
        if len(self.recent) > most_recent:
            raise ValueError(f"averaging needs no weights of {len(self.recent)} epochs")
        if not 0 <= values.ticks <= len(now.losses):
            raise ValueError(f"no table waits for {values.ticks} steps")
        done = len(values.history)
        if not min(done, 1) <= values.best_epoch <= done == now.number - 1:
            raise ValueError("its epochs are not consecutive")
        if not len(now.losses) == len(now.norms) == len(now.clipped):
            raise ValueError("its steps are not whole")
        wanted = _kinds(weights)
        if _kinds(self.best_weights) != (wanted if done else {}) or any(
            _kinds(each) != wanted for each in self.recent
        ):
            raise ValueError("the weights that it keeps are those of another network")


def _kinds(arrays: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (array.dtype, array.shape) for name, array in arrays.items()}
