"""The run on train and dev: after dev has chosen the epochs, once more from the start for as many of them.

What depends on the dev score during training, as a rate that is lowered on a plateau does, goes by the scores of the
first run, epoch by epoch.
"""

import dataclasses
from typing import Any

from seqtag.support.errors import Diverged
from seqtag.support.interrupt import Stop
from seqtag.support.json_decoder import decode
from seqtag.training.checkpoint import FIRST, State
from seqtag.training.job import Job, SeedResult
from seqtag.training.run import Run


@dataclasses.dataclass(frozen=True)
class FirstRun:
    """What the run that chose the epochs came to.

    Attributes:
        result: Its result.
        facts: What `report.json` says of its data and its network.
    """

    result: SeedResult[Any]
    facts: dict[str, Any]

    @classmethod
    def of(cls, state: State, kind: type[SeedResult[Any]]) -> "FirstRun | None":
        """The first run of a checkpoint of the second one, with a result of this kind; None if it is not of one.

        Raises:
            KeyError: A value is missing.
            ValueError: A value is another one.
        """
        values = state.values.get(FIRST)
        return (
            None
            if values is None
            else cls(decode(kind, values["result"]), decode(dict[str, Any], values["facts"]))
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"result": dataclasses.asdict(self.result), "facts": self.facts}


class FinalRun(Run):
    """A run on train and dev.

    Args:
        job: What is trained: dev is a part of its training data.
        first: The run that chose the epochs.
        started: As for `Run`.
    """

    def __init__(self, job: Job, first: FirstRun, started: float | None = None) -> None:
        super().__init__(job, started)
        self.first = first

    @property
    def _finished(self) -> bool:
        return len(self.history) >= self.first.result.best_epoch

    def _gains(self) -> list[float]:
        """Those of the first run's epochs before the one under way."""
        epochs = self.first.result.history[: len(self.history)]
        return [self.measure.gain(epoch.dev_score or 0.0) for epoch in epochs]

    def _assess(self, stop: Stop) -> tuple[float | None, bool]:
        """Keeps the weights of the epoch, whatever they are worth: dev, which they have seen, cannot say it."""
        weights, self.recent = self._candidate(self.network.named_weights())
        self.best_epoch, self.best_weights = self.under_way.number, weights
        return None, False

    def _diverged(self, problem: Diverged) -> None:
        raise Diverged(f"in the run on train and dev, {problem} No model was written.")

    def state(self) -> State:
        """As of any run, with what the first one came to."""
        found = super().state()
        return State(found.values | {FIRST: self.first.to_json()}, found.arrays)

    def restore(self, state: State) -> None:
        """As of any run."""
        values = {name: value for name, value in state.values.items() if name != FIRST}
        super().restore(State(values, state.arrays))
