"""scoring against the seqeval package, scikit-learn, a conlleval of our own and frozen numbers."""

import json
import runpy
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seqeval.scheme
import sklearn.metrics  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as seqeval_lenient
from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_strict

from seqtag import __version__
from seqtag.corpora import tags
from seqtag.evaluation.counts import Average, Counts
from seqtag.evaluation.crosscheck import check_with_seqeval
from seqtag.evaluation.scoring import score

HERE = Path(__file__).parents[1]
GOLDEN = HERE / "golden"
ORACLE = runpy.run_path(str(HERE / "conlleval.py"))
STRICT = {
    "iob1": seqeval.scheme.IOB1,
    "bio": seqeval.scheme.IOB2,
    "bioes": seqeval.scheme.IOBES,
    "bmewo": seqeval.scheme.IOBES,
    "bilou": seqeval.scheme.BILOU,
}
TO_CANONICAL = {"bilou": str.maketrans("LU", "ES"), "bmewo": str.maketrans("MW", "IS")}
LABELS = ["PER", "LOC", "creative-work", "x"]
Columns = tuple[list[list[str]], list[list[str]]]


@st.composite
def columns(draw: st.DrawFn, scheme: str, labels: list[str] = LABELS) -> Columns:
    """Gold and predicted tags: random, so mostly ill-formed; each side has types of its own."""
    letters = tags.parse_scheme(scheme).letters.removesuffix("O")
    sides = []
    for _ in range(2):
        known = draw(st.lists(st.sampled_from(labels), unique=True))
        sides.append(st.sampled_from(["O", *(f"{letter}-{label}" for letter in letters for label in known)]))
    gold = draw(st.lists(st.lists(sides[0], max_size=8), min_size=1, max_size=4))
    agree = draw(st.booleans())
    predicted = [[tag if agree and draw(st.booleans()) else draw(sides[1]) for tag in row] for row in gold]
    return gold, predicted


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Columns]:
    scheme = draw(st.sampled_from(sorted(STRICT)))
    return scheme, draw(columns(scheme))


def canonical(column: list[list[str]], scheme: str) -> list[list[str]]:
    """The letters that seqeval's default mode knows; only the first character of a tag is a letter."""
    table = TO_CANONICAL.get(scheme, {})
    return [[tag[0].translate(table) + tag[1:] for tag in row] for row in column]


def per_type(types: dict[str, Counts]) -> list[tuple[float, float, float, int]]:
    return [(counts.precision, counts.recall, counts.f1, counts.gold) for counts in types.values()]


def theirs(function: Any, gold: Any, predicted: Any, average: str | None, **options: Any) -> Any:
    found = function(gold, predicted, average=average, zero_division=0, **options)
    return list(zip(*found, strict=True)) if average is None else found[:3]


def default_mode_is_seqevals_to_the_last_digit(case: tuple[str, Columns]) -> None:
    scheme, (gold, predicted) = case
    found = score(gold, predicted, tags.parse_scheme(scheme))
    sides = canonical(gold, scheme), canonical(predicted, scheme)
    assert per_type(found.types) == theirs(seqeval_lenient, *sides, None)
    assert (found.counts.precision, found.counts.recall, found.counts.f1) == theirs(
        seqeval_lenient, *sides, "micro"
    )
    assert tuple(found.weighted) == theirs(seqeval_lenient, *sides, "weighted")
    if found.types:  # seqeval has nan for the mean of nothing
        assert tuple(found.macro) == theirs(seqeval_lenient, *sides, "macro")
    if found.tokens:
        assert found.accuracy == accuracy_score(gold, predicted)


def strict_mode_is_seqevals_to_the_last_digit(case: tuple[str, Columns]) -> None:
    scheme, (gold, predicted) = case
    found = score(gold, predicted, tags.parse_scheme(scheme))
    if scheme != "bilou":  # its own letters are known in this mode
        gold, predicted = canonical(gold, scheme), canonical(predicted, scheme)
    options = {"scheme": STRICT[scheme]}
    assert found.strict is not None
    assert per_type(found.strict_types) == theirs(seqeval_strict, gold, predicted, None, **options)
    assert (found.strict.precision, found.strict.recall, found.strict.f1) == theirs(
        seqeval_strict, gold, predicted, "micro", **options
    )


def counts_are_conllevals(case: tuple[str, Columns]) -> None:
    scheme, (gold, predicted) = case
    found = score(gold, predicted, tags.parse_scheme(scheme))
    lines: list[str] = []
    for pair in zip(canonical(gold, scheme), canonical(predicted, scheme), strict=True):
        lines += [f"token {there} {here}" for there, here in zip(*pair, strict=True)] + [""]
    oracle = ORACLE["conlleval"](lines)
    assert {name: counts.gold for name, counts in found.types.items() if counts.gold} == oracle.gold
    assert {
        name: counts.predicted for name, counts in found.types.items() if counts.predicted
    } == oracle.predicted
    assert {name: counts.correct for name, counts in found.types.items() if counts.correct} == oracle.correct
    assert (found.tokens, found.accuracy) == (
        oracle.tokens,
        oracle.right_tokens / oracle.tokens if oracle.tokens else 0.0,
    )


def test_frozen_report() -> None:
    text = (GOLDEN / "conlleval.conll").read_text(encoding="utf-8")
    expected = (GOLDEN / "conlleval.txt").read_text(encoding="utf-8")
    assert ORACLE["report"](ORACLE["conlleval"](text.split("\n"))) == expected
    gold, predicted = (
        [[row.split("\t")[column] for row in block.split("\n")] for block in text.strip().split("\n\n")]
        for column in (1, 2)
    )
    found = score(gold, predicted, tags.parse_scheme("bio"))
    assert found.counts == Counts(correct=7, predicted=14, gold=14)
    assert found.types == {
        "EVENT": Counts(0, 1, 0),
        "LOC": Counts(2, 3, 5),
        "MISC": Counts(1, 1, 1),
        "ORG": Counts(1, 5, 4),
        "PER": Counts(3, 4, 4),
    }
    assert list(found.types) == sorted(found.types)
    assert found.accuracy == 27 / 36
    assert (found.sentences, found.tokens) == (8, 36)
    # Strict: gold loses I-PER I-PER; predicted loses Okafor, Ruiz and Bank of Turku, which begin with I.
    assert found.strict == Counts(correct=4, predicted=11, gold=13)
    assert found.disagreements == 4
    assert found.macro.f1 == pytest.approx((0 + 0.5 + 1 + 2 / 9 + 0.75) / 5)
    assert found.weighted.f1 == pytest.approx((0.5 * 5 + 1 + 2 / 9 * 4 + 0.75 * 4) / 14)


def disagreements_are_the_spans_of_one_mode_only(case: tuple[str, Columns]) -> None:
    name, (gold, predicted) = case
    scheme = tags.parse_scheme(name)
    rows = [*gold, *predicted]
    lenient = {(number, *span) for number, row in enumerate(rows) for span in tags.spans(row, scheme)}
    strict = {(number, *span) for number, row in enumerate(rows) for span in tags.strict_spans(row, scheme)}
    expected = len(lenient - strict) + len(strict - lenient)
    assert score(gold, predicted, scheme).disagreements == expected


@given(cases())
@example(("bio", ([["O"]], [["O"]])))
@example(("bio", ([["B-PER", "O"]], [["O", "B-LOC"]])))
@example(("iob1", ([["I-PER", "B-PER"], ["I-PER"]], [["I-PER", "I-PER"], ["I-PER"]])))
@example(("iob1", ([["I-PER", "B-LOC"]], [["I-PER", "I-LOC"]])))
@example(("bioes", ([["B-PER", "E-PER"]], [["B-PER", "I-PER"]])))
@example(("iob1", ([["O", "B-PER", "I-PER"]], [["O", "O", "O"]])))  # one span in each mode, not the same
@example(("iob1", ([["O", "O", "O"]], [["O", "B-PER", "I-PER"]])))
def test_scores_are_those_of_seqeval_and_conlleval(case: tuple[str, Columns]) -> None:
    """Each case is put to all of them, as most of the time is its making."""
    default_mode_is_seqevals_to_the_last_digit(case)
    strict_mode_is_seqevals_to_the_last_digit(case)
    counts_are_conllevals(case)
    disagreements_are_the_spans_of_one_mode_only(case)


@given(columns("bio"))
def test_plain_tags_are_scored_as_scikit_learn_does(case: Columns) -> None:
    gold, predicted = case
    found = score(gold, predicted, tags.parse_scheme("plain"))
    assert (found.spans, found.strict, found.strict_types, found.disagreements) == (False, None, {}, 0)
    assert found.main == found.accuracy == found.counts.precision == found.counts.recall
    sides = list(chain(*gold)), list(chain(*predicted))
    if not found.tokens:
        assert found.types == {}
        return
    names = sorted({*sides[0], *sides[1]})
    assert list(found.types) == names
    table = sklearn.metrics.precision_recall_fscore_support(*sides, labels=names, zero_division=0)
    np.testing.assert_allclose(per_type(found.types), np.transpose(table), rtol=1e-12)
    for average, ours in (("macro", found.macro), ("weighted", found.weighted)):
        expected = sklearn.metrics.precision_recall_fscore_support(*sides, average=average, zero_division=0)[
            :3
        ]
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
    assert found.accuracy == sklearn.metrics.accuracy_score(*sides)


def test_many_types_are_averaged_in_the_same_order_of_additions() -> None:
    names = [f"type{number:03}" for number in range(300)]
    gold = [[f"B-{name}" for name in names[: number + 3]] for number in range(0, 297, 7)]
    predicted = [["O" if position % 3 == 0 else tag for position, tag in enumerate(row)] for row in gold]
    predicted[-1][::5] = ["B-type000"] * len(predicted[-1][::5])
    found = score(gold, predicted, tags.parse_scheme("bio"))
    assert tuple(found.macro) == theirs(seqeval_lenient, gold, predicted, "macro")
    assert tuple(found.weighted) == theirs(seqeval_lenient, gold, predicted, "weighted")


@pytest.mark.parametrize("rows", [[], [[]], [["O", "O"], ["O"]]])
@pytest.mark.parametrize("scheme", ["bio", "bioes", "plain"])
def test_nothing_to_find(rows: list[list[str]], scheme: str) -> None:
    found = score(rows, rows, tags.parse_scheme(scheme))
    assert found.sentences == len(rows)
    assert found.tokens == sum(map(len, rows))
    if scheme != "plain" or not found.tokens:
        assert found.counts == Counts(0, 0, 0)
        assert found.counts.f1 == 0.0
        assert found.macro == found.weighted == Average(0.0, 0.0, 0.0)
    assert found.accuracy == (1.0 if found.tokens else 0.0)
    json.dumps(found.to_json(), allow_nan=False)
    check_with_seqeval(rows, rows, tags.parse_scheme(scheme), found)


def test_types_of_one_side_only() -> None:
    scheme = tags.parse_scheme("bio")
    found = score([["B-PER", "O"]], [["O", "B-LOC"]], scheme)
    assert found.types == {"LOC": Counts(0, 1, 0), "PER": Counts(0, 0, 1)}
    assert found.macro == found.weighted == Average(0.0, 0.0, 0.0)
    only_predicted = score([["O", "O"]], [["O", "B-LOC"]], scheme)
    assert only_predicted.types == {"LOC": Counts(0, 1, 0)}
    assert only_predicted.weighted == Average(0.0, 0.0, 0.0)


def test_bare_letters_are_one_type_without_a_name() -> None:
    gold, predicted = [["B", "I", "O", "B"]], [["B", "I", "O", "O"]]
    found = score(gold, predicted, tags.parse_scheme("bio"), known_tags=["B", "I", "O"])
    assert found.types == {"": Counts(1, 1, 2)}
    assert found.unseen_types == {}
    assert list(found.to_json()["types"]) == list(found.to_json()["strict_types"]) == [""]
    check_with_seqeval(gold, predicted, tags.parse_scheme("bio"), found)


def test_a_type_named_underscore_is_not_the_type_without_a_name() -> None:
    gold, predicted = [["B", "O"]], [["B-_", "O"]]
    found = score(gold, predicted, tags.parse_scheme("bio"))
    assert found.types == {"": Counts(0, 0, 1), "_": Counts(0, 1, 0)}
    check_with_seqeval(gold, predicted, tags.parse_scheme("bio"), found)


class TestUnseen:
    scheme = tags.parse_scheme("bio")
    gold = (("B-PER", "I-PER", "O", "B-NEW"), ("B-NEW", "I-NEW", "B-LOC"))

    def test_tags_and_types_with_counts(self) -> None:
        found = score(self.gold, self.gold, self.scheme, known_tags=["O", "B-PER", "B-LOC", "I-LOC"])
        assert found.unseen_tags == {"B-NEW": 2, "I-PER": 1, "I-NEW": 1}
        assert next(iter(found.unseen_tags)) == "B-NEW", "the most frequent first"
        assert found.unseen_types == {"NEW": 2}, "PER is known by its B, if not by its I"

    def test_without_known_tags_nothing_is_claimed(self) -> None:
        found = score(self.gold, self.gold, self.scheme)
        assert (found.unseen_tags, found.unseen_types) == ({}, {})

    def test_predicted_tags_are_not_counted(self) -> None:
        found = score([["O"]], [["B-PER"]], self.scheme, known_tags=["O"])
        assert (found.unseen_tags, found.unseen_types) == ({}, {})

    def test_a_label_is_not_known_by_its_lack_in_o(self) -> None:
        found = score([["B", "O"]], [["B", "O"]], self.scheme, known_tags=["O", "B-PER"])
        assert found.unseen_types == {"": 1}

    def test_plain_tags_have_no_types_beside_themselves(self) -> None:
        found = score([["NN", "JJ"]], [["NN", "NN"]], tags.parse_scheme("plain"), known_tags=["NN"])
        assert (found.unseen_tags, found.unseen_types) == ({"JJ": 1}, {})


@pytest.mark.filterwarnings("ignore:.* seems not to be NE tag")
@pytest.mark.parametrize("name", tags.SCHEMES)
def test_a_signature_says_where_the_figures_are_those_of_other_letters(name: str) -> None:
    """seqeval itself, given the tags as they are, agrees where the signature has no more than its version."""
    scheme = tags.parse_scheme(name)
    gold = [f"{letter}-X" for letter in reversed(scheme.letters[:-1])] * 2 if scheme.is_spans else ["A", "B"]
    ours = [(span.label, span.start, span.end - 1) for span in tags.spans(gold, scheme)]
    literal = not scheme.is_spans or get_entities(gold) == ours
    signature = score([gold], [gold], scheme).signature
    assert f"|as:seqeval-1.2.2{'' if literal else '-in-IOBES'}|" in signature
    assert literal is (name not in ("bmes", "bmewo", "bilou", "biluo"))


def test_signatures() -> None:
    gold = [["B-PER", "I-PER", "O"], ["O"]]
    spans = score(gold, gold, tags.parse_scheme("bio")).signature
    assert spans == (
        "spans:exact|mode:conlleval|scheme:bio|sentences:2|tokens:4|gold:1|"
        f"as:seqeval-1.2.2|seqtag:{__version__}"
    )
    plain = score(gold, gold, tags.parse_scheme("plain")).signature
    assert plain == (
        f"tags:exact|scheme:plain|sentences:2|tokens:4|gold:4|as:seqeval-1.2.2|seqtag:{__version__}"
    )


def test_json() -> None:
    scheme = tags.parse_scheme("bio")
    found = score(
        [["B-PER", "I-PER", "O", "B-LOC"]],
        [["B-PER", "I-PER", "O", "I-LOC"]],
        scheme,
        known_tags=["O", "B-PER"],
    )
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (written["precision"], written["recall"], written["f1"]) == (1.0, 1.0, 1.0)
    assert (written["strict_precision"], written["strict_recall"]) == (1.0, 0.5)
    assert written["strict_f1"] == 2 / 3
    assert written["accuracy"] == 0.75
    assert (written["metric"], written["main"]) == ("f1", 1.0)
    assert written["types"]["LOC"] == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "support": 1,
        "predicted": 1,
    }
    assert written["macro"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert written["counts"] == {"correct": 2, "predicted": 2, "gold": 2}
    assert written["strict_counts"] == {"correct": 1, "predicted": 1, "gold": 2}
    assert written["disagreements"] == 1
    assert written["unseen_tags"] == {"I-PER": 1, "B-LOC": 1}
    assert written["unseen_types"] == {"LOC": 1}
    assert written["signature"] == found.signature
    plain = score([["NN"]], [["JJ"]], tags.parse_scheme("plain")).to_json()
    missed = score([["B-PER", "B-PER"]], [["O", "B-PER"]], scheme).to_json()["types"]["PER"]
    assert missed == {"precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 2, "predicted": 1}
    assert plain["strict_f1"] is plain["strict_precision"] is plain["strict_counts"] is None
    assert (plain["metric"], plain["main"]) == ("accuracy", 0.0)


@pytest.mark.parametrize(
    ("gold", "predicted"), [([["O"]], []), ([["O"]], [["O", "O"]]), ([["O"], ["O"]], [["O", "O"], []])]
)
def test_columns_of_different_shape_are_no_score(gold: list[list[str]], predicted: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="number of sentences or tokens"):
        score(gold, predicted, tags.parse_scheme("bio"))


def test_a_tag_of_no_scheme_is_no_score() -> None:
    with pytest.raises(ValueError, match="e-PER"):
        score([["O"]], [["e-PER"]], tags.parse_scheme("bio"))


def test_a_tag_of_another_scheme_is_ill_formed() -> None:
    found = score([["B-PER", "O"]], [["S-PER", "O"]], tags.parse_scheme("bio"))
    assert (found.counts.correct, found.strict and found.strict.predicted) == (1, 0)


def test_importing_is_cheap() -> None:
    slow = {"seqeval", "sklearn", "numpy", "rich", "tensorflow"}
    code = f"import sys, seqtag.evaluation.scoring; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
