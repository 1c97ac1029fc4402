"""The norms of all gradients of a run, kept step by step, and what they come to in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = (5, 25, 50, 75, 95)  # percent, beside the largest value


@dataclass(frozen=True)
class Norms:
    """How a norm was spread over the steps.

    Attributes:
        mean: Its mean.
        quantiles: Its quantiles by name, such as `5%`, and the largest value, `max`.
    """

    mean: float
    quantiles: dict[str, float]

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Norms":
        """The norms of all steps, `(steps,)`."""
        found = np.quantile(values.astype(np.float64), [number / 100 for number in QUANTILES])
        names = (f"{number}%" for number in QUANTILES)
        quantiles = dict(zip(names, found.tolist(), strict=True)) | {"max": float(values.max())}
        return cls(float(values.mean(dtype=np.float64)), quantiles)

    def to_json(self) -> dict[str, float]:
        """The figures in one table."""
        return {"mean": self.mean, **self.quantiles}


@dataclass(frozen=True)
class Gradients:
    """What the gradients of a run were like.

    Attributes:
        steps: How many there were.
        clipped: The share of the steps in which clipping acted.
        norm: The true global norm before clipping.
        norm_after: The same after clipping.
        weights: Of each weight by name its norm before and after clipping.
    """

    steps: int
    clipped: float
    norm: Norms
    norm_after: Norms
    weights: dict[str, tuple[Norms, Norms]]

    @property
    def threshold(self) -> float:
        """A norm to clip at, to two digits: the average one, from which Pascanu et al. (2013, "On the difficulty of
        training recurrent neural networks") advise to start; they found half to ten times of it to work.
        """
        return float(f"{self.norm.mean:.2g}")

    def to_json(self) -> dict[str, Any]:
        """What `report.json` holds."""
        return {
            "steps": self.steps,
            "clipped": self.clipped,
            "suggested_global_clipnorm": self.threshold,
            "norm": self.norm.to_json(),
            "norm_after": self.norm_after.to_json(),
            "weights": {
                name: {"before": before.to_json(), "after": after.to_json()}
                for name, (before, after) in self.weights.items()
            },
        }


@dataclass
class Ledger:
    """Takes the norms of each step.

    Attributes:
        names: The weights' names, in the order of the norms.
    """

    names: Sequence[str]
    _norms: list[float] = field(default_factory=list)
    _clipped: list[bool] = field(default_factory=list)
    _before: list[NDArray[Any]] = field(default_factory=list)
    _after: list[NDArray[Any]] = field(default_factory=list)

    def add(self, norm: float, clipped: bool, before: NDArray[Any], after: NDArray[Any]) -> None:
        """Takes a step: the global norm, whether the clip acted, and each weight's norm before and after it,
        `(weights,)`; all of them finite.
        """
        self._norms.append(norm)
        self._clipped.append(clipped)
        self._before.append(before)
        self._after.append(after)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it holds, a row a step."""
        shape = (len(self._norms), len(self.names))
        return {
            "norms": np.array(self._norms, np.float64),
            "clipped": np.array(self._clipped, np.bool_),
            "before": np.array(self._before, np.float32).reshape(shape),
            "after": np.array(self._after, np.float32).reshape(shape),
        }

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Holds what `arrays` of another ledger gave, and nothing else.

        Raises:
            ValueError: They are not what it gave.
        """
        steps, names = len(arrays["norms"]), len(self.names)
        wanted = {"norms": (steps,), "clipped": (steps,), "before": (steps, names), "after": (steps, names)}
        if {name: array.shape for name, array in arrays.items()} != wanted:
            raise ValueError("norms are missing, or are those of other weights")
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("a norm is not finite")
        self._norms = arrays["norms"].tolist()
        self._clipped = arrays["clipped"].tolist()
        self._before, self._after = list(arrays["before"]), list(arrays["after"])

    def gradients(self) -> Gradients | None:
        """What all steps came to; None if there was none."""
        if not self._norms:
            return None
        before, after = (np.stack(rows).astype(np.float64) for rows in (self._before, self._after))
        return Gradients(
            steps=len(self._norms),
            clipped=float(np.mean(self._clipped)),
            norm=Norms.of(np.array(self._norms)),
            norm_after=Norms.of(np.sqrt((after**2).sum(axis=1))),
            weights={
                name: (Norms.of(before[:, at]), Norms.of(after[:, at])) for at, name in enumerate(self.names)
            },
        )

    def culprit(self, norms: NDArray[Any]) -> str:
        """Where a gradient went wrong, in words: the first weight, as the gradient comes from the loss, whose norm is
        not finite, or the one with the largest norm.

        Args:
            norms: The norms of the step's gradients before clipping, `(weights,)`.
        """
        wrong = ~np.isfinite(norms)
        if not wrong.any():
            at = int(np.argmax(norms))
            return f"The largest gradient is that of {self.names[at]}: norm {norms[at]:.3g}."
        if not wrong.all():
            at = int(np.flatnonzero(wrong)[-1])  # the weights stand from the input to the loss
            return (
                f"From the loss downwards, the gradient of {self.names[at]} is the first that is not finite."
            )
        found = "No gradient is finite"
        if self._before:
            at = int(np.argmax(self._before[-1]))
            largest = f"{self.names[at]}, norm {self._before[-1][at]:.3g}"
            return f"{found}, from {self.names[-1]} on; one step before, the largest was that of {largest}."
        return f"{found}, from {self.names[-1]} on."
