"""The weights of mixtures."""

import numpy as np
import pytest

from seqtag.support.errors import Error
from seqtag.tasks.language.interpolation import fit, interpolated

RANDOM = np.random.default_rng(7)
FIRST, SECOND = RANDOM.random((2, 200)) * 0.98 + 0.01


def bits_of(*probabilities: list[float] | np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return -np.log2(np.array(probabilities))


def test_no_other_weights_are_better() -> None:
    """Of two models, by brute force."""
    found = fit(bits_of(FIRST, SECOND))
    tried = np.linspace(0, 1, 10_001)
    bits = [-np.log2(weight * FIRST + (1 - weight) * SECOND).sum() for weight in tried]
    assert found.weights[0] == pytest.approx(tried[np.argmin(bits)], abs=1e-3)
    assert interpolated(bits_of(FIRST, SECOND), found.weights).sum() == pytest.approx(min(bits), rel=1e-6)
    assert sum(found.weights) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_more_weight_for_one_model_gains_nothing(seed: int) -> None:
    """Of four models: the log-likelihood is concave, so it is highest where no slope leads upwards."""
    probabilities = np.random.default_rng(seed).random((4, 30)) ** 3
    weights = np.array(fit(bits_of(*probabilities)).weights)
    assert (probabilities / (weights @ probabilities)).mean(axis=1).max() < 1 + 1e-6


def test_models_that_are_alike() -> None:
    """Rounds alone would move the weights by a few millionths each."""
    noise = RANDOM.normal(size=200)
    alike = FIRST * (1 + 0.02 * ((noise - noise.mean()) / noise.std() + 0.016))
    found = fit(bits_of(FIRST, alike))
    assert found.rounds < 20
    tried = np.linspace(0, 1, 10_001)
    bits = [-np.log2(weight * FIRST + (1 - weight) * alike).sum() for weight in tried]
    assert 0.1 < tried[np.argmin(bits)] < 0.3
    assert found.weights[0] == pytest.approx(tried[np.argmin(bits)], abs=1e-2)


def test_shares_of_a_text() -> None:
    """Where each token is possible under one model alone, its weight is the share of such tokens."""
    found = fit(bits_of([0.5, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.1]))
    assert found.weights == pytest.approx((0.75, 0.25))
    assert interpolated(bits_of([0.5, 0.0], [0.0, 0.1]), found.weights) == pytest.approx(
        bits_of([0.375, 0.025])[0]
    )


def test_improbable_and_impossible_tokens() -> None:
    """What is less probable than a float can say is possible; what no model finds possible is left out."""
    found = fit(np.array([[3000.0, 3000.0, 1.0, np.inf], [3001.0, 2990.0, 2.0, np.inf]]))
    assert found.weights == fit(np.array([[10.0, 10.0, 1.0], [11.0, 0.0, 2.0]])).weights
    mixed = interpolated(np.array([[3000.0, np.inf], [3000.0, np.inf]]), found.weights)
    assert mixed[0] == pytest.approx(3000)
    assert mixed[1] == np.inf
    with pytest.raises(Error, match="every token of the dev text has the probability 0"):
        fit(np.full((2, 3), np.inf))


def test_a_weight_of_zero() -> None:
    found = fit(bits_of([0.5, 0.5], [0.0, 0.0]))
    assert found.weights == (1.0, 0.0)
    assert interpolated(bits_of([0.5, 0.5], [0.0, 0.9]), found.weights).tolist() == [1.0, 1.0]
