import numpy as np
import pytest

from seqtag.evaluation.counts import Counts
from seqtag.evaluation.thresholds import MINIMA, thresholds, thresholds_json, thresholds_table


def test_each_point_counts_what_is_left() -> None:
    random = np.random.default_rng(1)
    given, right = random.random(200).tolist(), (random.random(200) < 0.5).tolist()
    found = thresholds("entities", given, right, 150)
    assert [point.probability for point in found.points] == list(MINIMA)
    for point in found.points:
        left = [hit for value, hit in zip(given, right, strict=True) if value >= point.probability]
        assert point.counts == Counts(sum(left), len(left), 150)


def test_an_answer_at_the_minimum_stays() -> None:
    found = thresholds("tags", [0.5, 0.1], [True, True], 2)
    assert [point.counts.predicted for point in found.points] == [2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_as_a_table_and_as_json() -> None:
    found = thresholds("entities", [0.9, 0.2], [True, False], 4)
    table = thresholds_table(found)
    assert table.columns == ("minimum probability", "precision", "recall", "F1", "entities")
    assert table.rows[0] == ("0.00", "0.5000", "0.2500", "0.3333", "2")
    assert table.rows[3] == ("0.30", "1.0000", "0.2500", "0.4000", "1")
    assert thresholds_json([]) == {}
    point = thresholds_json([found])["thresholds"]["entities"][3]
    assert point == {
        "min_probability": 0.3, "precision": 1.0, "recall": 0.25, "f1": pytest.approx(0.4), "correct": 1,
        "predicted": 1, "gold": 4,
    }  # fmt: skip
