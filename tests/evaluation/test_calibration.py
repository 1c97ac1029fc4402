"""How far probabilities mean what they say: bins, error, Brier score."""

import numpy as np
import pytest

from seqtag.evaluation.calibration import calibration, calibrations_json, reliability_table


def test_the_error_is_the_mean_distance_over_the_answers() -> None:
    found = calibration("tags", [0.95, 0.95, 0.95, 0.95, 0.35], [True, True, True, False, False])
    assert found.error == pytest.approx((4 * 0.2 + 0.35) / 5)
    assert found.brier == pytest.approx((3 * 0.05**2 + 0.95**2 + 0.35**2) / 5)
    assert {entry.low: entry.count for entry in found.bins if entry.count} == {0.3: 1, 0.9: 4}
    last = found.bins[-1]
    assert (last.probability, last.right) == (pytest.approx(0.95), 0.75)


def test_certainty_is_in_the_last_bin_and_a_border_in_the_upper_one() -> None:
    found = calibration("tags", [1.0, 0.5, 0.0], [True, True, False])
    assert [entry.count for entry in found.bins] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert found.error == pytest.approx(0.5 / 3)


def test_answers_that_are_right_as_often_as_they_say_have_no_error() -> None:
    random = np.random.default_rng(1)
    given = random.uniform(size=50_000)
    found = calibration("tags", given.tolist(), (random.uniform(size=given.size) < given).tolist())
    assert found.error < 0.01
    assert found.brier == pytest.approx(1 / 6, abs=0.01)


def test_no_answers_have_no_error() -> None:
    found = calibration("entities", [], [])
    assert (found.count, found.error, found.brier) == (0, 0.0, 0.0)
    assert reliability_table(found).rows == []


def test_each_answer_has_one_probability() -> None:
    with pytest.raises(ValueError, match="Received: 1 and 2"):
        calibration("tags", [0.5], [True, False])


def test_as_json_and_as_a_table() -> None:
    found = calibration("tags", [0.95, 0.9], [True, False])
    written = calibrations_json([found])["calibration"]["tags"]
    assert written["expected_calibration_error"] == pytest.approx(0.425)
    assert len(written["bins"]) == 10
    assert calibrations_json([]) == {}
    assert reliability_table(found).rows == [("0.9 to 1.0", "0.9250", "0.5000", "2")]
