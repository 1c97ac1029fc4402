"""What the units of a trained layer do: which never fire, how many are saturated, how far from 0 they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECTIFIERS = ("relu", "elu", "leaky_relu", "prelu", "rrelu")
BOUNDS = {
    "tanh": (-1, 1), "softsign": (-1, 1), "hard_tanh": (-1, 1), "sigmoid": (0, 1), "hard_sigmoid": (0, 1),
}  # fmt: skip
NEAR = 0.05  # of the range of an activation: a value so near to a bound is saturated


@dataclass(frozen=True)
class Activity:
    """The units of a layer and direction, on all words looked at.

    Attributes:
        activation: The name of the activation.
        idle: The share of units that never fire: with a rectifier those that are above 0 at no word, with a bounded
            activation those that are saturated at every word.
        saturated: The share of values near a bound of the activation; 0 where it has none.
        mean: The mean of all outputs.
        shift: The mean shift: how far the mean of a unit is from 0, in the mean over the units. It acts as a bias on
            what comes next (Clevert et al. 2016, "Fast and Accurate Deep Network Learning by Exponential Linear
            Units").
        deviation: The standard deviation of a unit's outputs, in the mean over the units.
    """

    activation: str
    idle: float
    saturated: float
    mean: float
    shift: float
    deviation: float

    @classmethod
    def of(cls, outputs: NDArray[Any], activated: NDArray[Any], activation: str) -> "Activity":
        """The figures of a layer.

        Args:
            outputs: What it gives at each word, `(words, units)`.
            activated: What its activation gives, likewise: of an LSTM that of the memory.
            activation: The name of the activation.
        """
        outputs = outputs.astype(np.float64)
        idle: NDArray[Any] = np.zeros(outputs.shape[1], bool)
        near: NDArray[Any] = np.zeros(activated.shape, bool)
        if activation in RECTIFIERS:
            idle = np.all(activated <= 0, axis=0)
        elif activation in BOUNDS:
            low, high = BOUNDS[activation]
            margin = NEAR * (high - low)
            near = (activated < low + margin) | (activated > high - margin)
            idle = np.all(near, axis=0)
        return cls(
            activation,
            float(idle.mean()),
            float(near.mean()),
            float(outputs.mean()),
            float(np.abs(outputs.mean(axis=0)).mean()),
            float(outputs.std(axis=0).mean()),
        )
