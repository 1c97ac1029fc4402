"""The weights of a linear interpolation, fitted on held-out text by expectation maximisation.

Jelinek and Mercer 1980. Where the models are alike, rounds move the weights hardly at all, so they are extrapolated.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.support.errors import Error

Doubles = NDArray[np.float64]
ROUNDS = 2000
ENOUGH = 1e-6  # no other weights make the perplexity smaller by more than this share of it


@dataclass(frozen=True)
class Interpolation:
    """The weights of models.

    Attributes:
        weights: One for each model; they sum to 1.
        rounds: After how many rounds of expectation maximisation.
    """

    weights: tuple[float, ...]
    rounds: int


def fit(bits: Doubles) -> Interpolation:
    """The weights with which models make a text most probable. Tokens that no model finds possible are left out.

    Args:
        bits: -log2 of the probability of each token under each model, shape (models, tokens).

    Raises:
        Error: No token is possible.

    >>> import numpy as np
    >>> fit(np.array([[1.0, 1.0], [2.0, np.inf]])).weights[0] > 0.99
    True
    """
    least = bits.min(axis=0)
    possible = np.isfinite(least)
    if not possible.any():
        raise Error(
            "every token of the dev text has the probability 0 under all models; expected other text."
        )
    # Of the best model's probability, so that those of all models do not underflow together.
    shares = np.exp2(least[possible] - bits[:, possible])
    weights = np.full(len(bits), 1 / len(bits))
    rounds = 0
    while rounds < ROUNDS:
        first, _, left = _round(weights, shares)
        rounds += 1
        if left < ENOUGH:
            break
        second, reached, _ = _round(first, shares)
        further = _extrapolated(weights, first, second)
        weights = second
        rounds += 1
        if further is not None:
            third, more, _ = _round(further, shares)
            weights = third if more >= reached else second
            rounds += 1
    return Interpolation(tuple((weights / weights.sum()).tolist()), rounds)


def _round(weights: Doubles, shares: Doubles) -> tuple[Doubles, float, float]:
    """Weights after a round of expectation maximisation, the mean log-probability before it, and a bound of how much
    that can grow: it is concave, so no more than along its steepest edge.
    """
    mixture = weights @ shares
    slopes = shares @ (1 / mixture) / shares.shape[1]
    return weights * slopes, float(np.log(mixture).mean()), float(slopes.max()) - 1


def _extrapolated(start: Doubles, first: Doubles, second: Doubles) -> Doubles | None:
    """Where many more rounds like two would lead (Varadhan and Roland 2008, scheme S3); None if to no weights."""
    step, turn = first - start, second - 2 * first + start
    if not turn.any():
        return None
    length = math.sqrt(float(step @ step) / float(turn @ turn))
    found = start + 2 * length * step + length**2 * turn
    return found / found.sum() if found.min() >= 0 else None


def interpolated(bits: Doubles, weights: tuple[float, ...]) -> Doubles:
    """-log2 of the probability of each token under the mixture of models.

    Args:
        bits: -log2 of the probability of each token under each model, shape (models, tokens).
        weights: The weight of each model.
    """
    with np.errstate(divide="ignore"):  # a weight may be 0
        logs = np.log2(np.array(weights))
    mixed: Doubles = -np.logaddexp2.reduce(logs[:, np.newaxis] - bits, axis=0)
    return mixed
