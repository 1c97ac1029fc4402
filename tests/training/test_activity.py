"""What units do: by hand, on three words and four units."""

import numpy as np
import pytest

from seqtag.training.activity import BOUNDS, RECTIFIERS, Activity

WORDS = np.array([[0.0, -1.0, 2.0, 0.0], [0.0, 0.5, 4.0, -0.5], [0.0, 0.5, 6.0, -1.0]])


@pytest.mark.parametrize("activation", RECTIFIERS)
def test_a_rectifier_never_fires_where_it_is_never_above_0(activation: str) -> None:
    found = Activity.of(WORDS, WORDS, activation)
    assert (found.idle, found.saturated) == (0.5, 0)  # the first and the last unit


@pytest.mark.parametrize(
    ("activation", "values", "idle", "saturated"),
    [
        ("tanh", [[0.95, -0.95], [-0.91, 0.0]], 0.5, 3 / 4),
        ("tanh", [[0.89, -0.89], [0.89, 0.0]], 0, 0),
        ("sigmoid", [[0.04, 0.06], [0.96, 0.94]], 0.5, 0.5),
        ("linear", [[9.0, 0.0], [9.0, 0.0]], 0, 0),
        ("maxout", [[-9.0, 0.0], [-9.0, 0.0]], 0, 0),
    ],
)
def test_a_bounded_one_is_saturated_near_a_bound(
    activation: str, values: list[list[float]], idle: float, saturated: float
) -> None:
    array = np.array(values, np.float32)
    found = Activity.of(array, array, activation)
    assert (found.idle, found.saturated) == (idle, saturated)


def test_the_shift_is_that_of_each_unit() -> None:
    """Those above and below 0 do not cancel out; what the activation gave is not looked at."""
    outputs = np.array([[1.0, -3.0], [3.0, -3.0]])
    found = Activity.of(outputs, np.zeros((2, 2)), "tanh")
    assert (found.mean, found.shift, found.deviation) == (-0.5, 2.5, 0.5)


def test_each_activation_has_a_kind() -> None:
    from seqtag.settings.config import ACTIVATIONS

    assert {*ACTIVATIONS} - {*RECTIFIERS, *BOUNDS} <= {"linear", "maxout"}
