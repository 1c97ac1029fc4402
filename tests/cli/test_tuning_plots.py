"""The axes of the plots of `seqtag tune`."""

import pytest

from seqtag.cli.tuning_plots import MARKS, _scale


def test_an_axis_of_logarithms() -> None:
    marks, height = _scale([0.001, 0.1, 0.01], log=True)
    assert marks == [(0.0, "0.001"), (pytest.approx(0.5), "0.01"), (1.0, "0.1")]
    assert height(0.01) == pytest.approx(0.5)
    marks, height = _scale([10.0**-number for number in range(MARKS + 1)], log=True)
    assert marks == [(0.0, "1e-08"), (0.25, "1e-06"), (0.5, "0.0001"), (0.75, "0.01"), (1.0, "1")]


@pytest.mark.parametrize(("values", "log"), [([0.0, 1.0, 4.0], True), ([0.0, 1.0, 4.0], False)])
def test_an_even_axis(values: list[float], log: bool) -> None:
    """Also where settings as given have a value without a logarithm."""
    marks, height = _scale(values, log=log)
    assert [place for place, _ in marks] == [0.0, 0.25, 1.0]
    assert height(2.0) == 0.5


def test_an_axis_of_names_and_one_of_one_value() -> None:
    assert _scale(["lstm", None, "gru"], log=False)[1](None) == 0.5
    assert _scale([3.0, 3.0], log=True)[1](3.0) == 0.0
