"""Scores of labels of whole sentences."""

from dataclasses import asdict

import pytest

from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation.labels import JointScore, LabelScore, score_joint, score_labels
from seqtag.evaluation.scoring import score
from seqtag.support.json_decoder import decode

GOLD = [("X",), ("X",), ("Y",), ("Z",)]
GIVEN = [("X",), ("Y",), ("Y",), ("X",)]


def test_one_label_a_sentence() -> None:
    found = score_labels(GOLD, GIVEN, ["X", "Y"])
    assert (found.accuracy, found.right, found.sentences) == (0.5, 2, 4)
    assert (found.types["X"].precision, found.types["X"].recall) == (0.5, 0.5)
    assert (found.types["Y"].precision, found.types["Y"].recall) == (0.5, 1.0)
    assert found.confusion == {"X": {"X": 1, "Y": 1}, "Y": {"Y": 1}, "Z": {"X": 1}}
    assert found.unseen == {"Z": 1}
    values = found.to_json()
    assert values["label_accuracy"] == values["main"] == 0.5
    assert values["micro"]["f1"] == 0.5
    assert values["macro"]["recall"] == pytest.approx((0.5 + 1 + 0) / 3)
    (table,) = found.figures()
    assert "Confused most: X as Y (1), Z as X (1)." in table.remarks
    assert found.signature.startswith("labels:one|sentences:4|classes:3|seqtag:")
    assert decode(LabelScore, asdict(found)) == found


def test_several_labels_are_right_as_a_set() -> None:
    found = score_labels([("X", "Y"), ("Y",)], [("Y", "X"), ("X", "Y")], ["X", "Y"], several=True)
    assert found.accuracy == 0.5
    assert (found.types["X"].predicted, found.types["X"].gold) == (2, 1)


def test_everything_right_counts_tags_and_labels() -> None:
    tags = [("B-A", "O"), ("O", "O"), ("O", "O"), ("O", "O")]
    other = [("B-A", "O"), ("O", "O"), ("B-A", "O"), ("O", "O")]
    labels = score_labels(GOLD, GIVEN, ["X", "Y"])
    scheme = parse_scheme("bio")
    pairs = [
        [(row, frozenset(one)) for row, one in zip(*both, strict=True)]
        for both in ((tags, GOLD), (other, GIVEN))
    ]
    found = score_joint(labels, score(tags, other, scheme), *pairs)
    assert found.right == 1
    values = found.to_json()
    assert (values["all_right"], values["label_accuracy"]) == (0.25, 0.5)
    assert values["f1"] == pytest.approx(2 / 3)
    assert values["main"] == found.main == pytest.approx((0.5 + 2 / 3) / 2)
    assert "all_right:tags+labels|labels:one|" in found.signature
    assert decode(JointScore, asdict(found)) == found
