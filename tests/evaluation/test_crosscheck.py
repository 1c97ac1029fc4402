"""The cross-check with the seqeval package: it agrees with every score, and finds every wrong figure."""

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora import tags
from seqtag.evaluation.counts import Average, Counts
from seqtag.evaluation.crosscheck import check_with_seqeval
from seqtag.evaluation.scoring import Score, score
from seqtag.support.errors import Error

LABELS = ["PER", "LOC", "creative-work", "x"]
Columns = tuple[list[list[str]], list[list[str]]]


@st.composite
def columns(draw: st.DrawFn, scheme: str, labels: list[str] = LABELS) -> Columns:
    """Gold and predicted tags at random, so mostly ill-formed."""
    letters = tags.parse_scheme(scheme).letters.removesuffix("O") + draw(st.sampled_from(["", "SLM"]))
    tag = st.sampled_from(["O", *(f"{letter}-{label}" for letter in letters for label in labels)])
    pairs = draw(st.lists(st.lists(st.tuples(tag, tag), max_size=8), min_size=1, max_size=4))
    return [[gold for gold, _ in row] for row in pairs], [
        [predicted for _, predicted in row] for row in pairs
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Columns]:
    scheme = draw(st.sampled_from(["iob1", "bio", "ioe1", "ioe2", "bioes", "bmewo", "bilou"]))
    return scheme, draw(columns(scheme))


class TestCrosscheck:
    scheme = tags.parse_scheme("bio")
    gold = (("B-PER", "I-PER", "O", "B-LOC"), ("B-ORG", "O", "I-ORG"))
    predicted = (("B-PER", "I-PER", "O", "I-LOC"), ("B-ORG", "B-PER", "O"))

    @given(cases())
    def test_agrees(self, case: tuple[str, Columns]) -> None:
        name, (gold, predicted) = case
        scheme = tags.parse_scheme(name)
        check_with_seqeval(gold, predicted, scheme, score(gold, predicted, scheme))

    @given(columns("bio"))
    def test_agrees_for_plain_tags(self, case: Columns) -> None:
        scheme = tags.parse_scheme("plain")
        check_with_seqeval(*case, scheme, score(*case, scheme))

    @given(columns("bilou", ["-x", "x", "x-", "--", "_", "O"]))
    def test_agrees_where_types_look_like_punctuation(self, case: Columns) -> None:
        scheme = tags.parse_scheme("bilou")
        check_with_seqeval(*case, scheme, score(*case, scheme))

    @pytest.mark.parametrize(
        ("field", "value", "named"),
        [
            ("accuracy", 0.5, "the accuracy"),
            ("counts", Counts(2, 4, 4), "the micro precision"),
            ("macro", Average(1.0, 1.0, 1.0), "the macro precision"),
            ("weighted", Average(1.0, 0.0, 0.0), "the weighted precision"),
            ("types", {"PER": Counts(1, 2, 1), "LOC": Counts(1, 1, 1)}, "the number of types"),
            ("strict", Counts(2, 2, 3), "the micro strict precision"),
        ],
    )
    def test_finds_a_wrong_figure(self, field: str, value: object, named: str) -> None:
        right = score(self.gold, self.predicted, self.scheme)
        check_with_seqeval(self.gold, self.predicted, self.scheme, right)
        wrong = dataclasses.replace(right, **{field: value})  # type: ignore[arg-type]
        with pytest.raises(Error, match=named):
            check_with_seqeval(self.gold, self.predicted, self.scheme, wrong)

    @pytest.mark.parametrize("field", ["types", "strict_types"])
    @pytest.mark.parametrize("wrong", [Counts(0, 2, 1), Counts(1, 1, 1), Counts(1, 2, 2)])
    def test_finds_a_wrong_figure_of_a_type(self, field: str, wrong: Counts) -> None:
        right = score(self.gold, self.predicted, self.scheme)
        assert getattr(right, field)["PER"] == Counts(1, 2, 1)
        types: Any = {**getattr(right, field), "PER": wrong}
        changed = dataclasses.replace(right, **{field: types})
        with pytest.raises(Error, match="of PER is"):
            check_with_seqeval(self.gold, self.predicted, self.scheme, changed)

    def test_the_last_digit_counts(self) -> None:
        right = score(self.gold, self.predicted, self.scheme)
        off = dataclasses.replace(right, accuracy=float(np.nextafter(right.accuracy, 1)))
        with pytest.raises(Error, match="accuracy"):
            check_with_seqeval(self.gold, self.predicted, self.scheme, off)

    def test_says_that_seqeval_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "seqeval.metrics.v1", None)
        right: Score = score(self.gold, self.predicted, self.scheme)
        with pytest.raises(Error, match="needs the package seqeval"):
            check_with_seqeval(self.gold, self.predicted, self.scheme, right)
