"""Words drawn from a distribution."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from seqtag.tasks.language.sampling import Sampling, draw

CHANCES = np.array([0.1, 0.4, 0.0, 0.2, 0.3])


def shares(**settings: Any) -> dict[int, float]:
    """How often each place is drawn."""
    random = np.random.default_rng(1)
    found = Counter(draw(CHANCES.copy(), Sampling(**settings), random) for _ in range(20_000))
    return {place: count / 20_000 for place, count in found.items()}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {0: 0.1, 1: 0.4, 3: 0.2, 4: 0.3}),
        ({"temperature": 0.5}, {0: 0.01 / 0.3, 1: 0.16 / 0.3, 3: 0.04 / 0.3, 4: 0.09 / 0.3}),
        ({"temperature": 0}, {1: 1.0}),
        ({"top_k": 2}, {1: 4 / 7, 4: 3 / 7}),
        ({"top_k": 100}, {0: 0.1, 1: 0.4, 3: 0.2, 4: 0.3}),
        ({"top_p": 0.6}, {1: 4 / 7, 4: 3 / 7}),
        ({"top_p": 0.39}, {1: 1.0}),
        ({"top_k": 3, "top_p": 0.5}, {1: 4 / 7, 4: 3 / 7}),  # of the three, 4/9 and 7/9
        ({"temperature": 1e-3}, {1: 1.0}),
    ],
)
def test_shares(settings: dict[str, Any], expected: dict[int, float]) -> None:
    found = shares(**settings)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=0.015)


def test_scores_need_not_sum_to_one() -> None:
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    for settings in (Sampling(), Sampling(top_p=0.7), Sampling(top_k=2)):
        drawn = [draw(CHANCES * 5, settings, first) for _ in range(50)]
        assert drawn == [draw(CHANCES, settings, second) for _ in range(50)]
