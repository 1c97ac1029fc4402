"""What scores are calculated from sentence by sentence adds up to the scores."""

import numpy as np
import pytest

from seqtag.corpora import tags
from seqtag.evaluation.labels import ACCURACY, JOINT, score_joint, score_labels
from seqtag.evaluation.per_sentence import joint, of_labels, of_rows
from seqtag.evaluation.scoring import score

BIO, PLAIN = tags.parse_scheme("bio"), tags.parse_scheme("plain")
GOLD = [("B-A", "I-A", "O"), ("O",), ("B-B", "B-A", "O", "O")]
GIVEN = [("B-A", "O", "O"), ("B-A",), ("B-B", "B-A", "O", "B-B")]
LABELS, ANSWERS = [["x"], ["y"], ["x"]], [["x"], ["x"], ["x"]]


@pytest.mark.parametrize("scheme", [BIO, PLAIN])
def test_of_tags(scheme: tags.Scheme) -> None:
    whole = score(GOLD, GIVEN, scheme)
    found = of_rows(GOLD, GIVEN, scheme, whole.measure)
    assert found.score == pytest.approx(whole.main)
    assert len(found.figures) == 3
    part = of_rows(GOLD[1:], GIVEN[1:], scheme, whole.measure)
    assert part.score == pytest.approx(score(GOLD[1:], GIVEN[1:], scheme).main)
    np.testing.assert_array_equal(part.figures, found.figures[1:])


def test_of_labels_and_of_both() -> None:
    labels = score_labels(LABELS, ANSWERS, ["x", "y"])
    first = of_labels(LABELS, ANSWERS, ACCURACY)
    assert first.score == pytest.approx(labels.main)
    whole = score_joint(labels, score(GOLD, GIVEN, BIO), [], [])
    second = of_rows(GOLD, GIVEN, BIO, whole.tags.measure)
    assert joint(first, second, JOINT).score == pytest.approx(whole.main)


def test_nothing_scores_0() -> None:
    assert of_rows([], [], BIO, ACCURACY).score == 0.0
    assert of_rows([("O",)], [("O",)], BIO, ACCURACY).score == 0.0
