"""Which predicted span answers which gold span: hand-made cases, and the rule played out word for word."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.tags import Span
from seqtag.evaluation.matching import Match, match_spans

Ends = tuple[int, int, str]


@st.composite
def rows(draw: st.DrawFn) -> list[Span]:
    """Spans in order that do not overlap each other; they may touch."""
    cuts = sorted(draw(st.sets(st.integers(0, 14), max_size=10)))
    found = [Span(a, b, draw(st.sampled_from("AB"))) for a, b in pairwise(cuts)]
    return [span for span in found if draw(st.booleans())]


def kinds(gold: list[Ends], predicted: list[Ends]) -> list[tuple[str, Ends | None, Ends | None]]:
    found = match_spans([Span(*ends) for ends in gold], [Span(*ends) for ends in predicted])
    return [(match.kind, match.gold, match.predicted) for match in found]


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        ((1, 3, "A"), (1, 3, "A"), "correct"),
        ((1, 3, "A"), (1, 2, "A"), "boundary"),
        ((1, 3, "A"), (0, 2, "A"), "boundary"),
        ((1, 3, "A"), (0, 5, "A"), "boundary"),
        ((1, 3, "A"), (1, 3, "B"), "type"),
        ((1, 3, "A"), (2, 3, "B"), "boundary_and_type"),
        ((1, 3, "A"), (2, 4, "B"), "boundary_and_type"),
    ],
)
def test_classes_of_overlapping_spans(gold: Ends, predicted: Ends, kind: str) -> None:
    assert kinds([gold], [predicted]) == [(kind, gold, predicted)]


def test_spans_that_only_touch_do_not_answer_each_other() -> None:
    gold, predicted = (1, 3, "A"), (3, 4, "A")
    assert kinds([gold], [predicted]) == [("missed", gold, None), ("spurious", None, predicted)]
    assert kinds([predicted], [gold]) == [("spurious", None, gold), ("missed", predicted, None)]


def test_one_side_alone() -> None:
    span = (1, 3, "A")
    assert kinds([span], []) == [("missed", span, None)]
    assert kinds([], [span]) == [("spurious", None, span)]
    assert kinds([], []) == []


def test_the_larger_overlap_wins_whatever_the_label() -> None:
    small, large, over = (0, 1, "A"), (1, 3, "B"), (0, 3, "A")
    assert kinds([small, large], [over]) == [("missed", small, None), ("boundary_and_type", large, over)]
    assert kinds([over], [small, large]) == [("boundary_and_type", over, large), ("spurious", None, small)]


def test_of_equal_overlaps_the_same_label_wins() -> None:
    left, right, over = (0, 1, "B"), (1, 2, "A"), (0, 2, "A")
    assert kinds([left, right], [over]) == [("missed", left, None), ("boundary", right, over)]


def test_of_equal_overlaps_and_labels_the_left_one_wins() -> None:
    left, right, over = (0, 1, "A"), (1, 2, "A"), (0, 2, "A")
    assert kinds([left, right], [over]) == [("boundary", left, over), ("missed", right, None)]
    left, right = (0, 1, "B"), (1, 2, "B")
    assert kinds([left, right], [over]) == [("boundary_and_type", left, over), ("missed", right, None)]


def test_a_chain_of_overlaps_is_one_to_one() -> None:
    gold = [(0, 4, "A"), (4, 6, "A")]
    predicted = [(0, 1, "A"), (1, 5, "A"), (5, 7, "A")]
    assert kinds(gold, predicted) == [
        ("boundary", gold[0], predicted[1]),
        ("spurious", None, predicted[0]),
        ("boundary", gold[1], predicted[2]),
    ]


def test_leftovers_say_whether_they_overlap() -> None:
    left, right, over, far = Span(0, 1, "A"), Span(1, 2, "A"), Span(0, 2, "A"), Span(5, 6, "A")
    assert match_spans([left, right, far], [over]) == [
        Match(left, over, False),
        Match(right, None, True),
        Match(far, None, False),
    ]
    assert match_spans([over], [left, right, far]) == [
        Match(over, left, False),
        Match(None, right, True),
        Match(None, far, False),
    ]


def tokens_of(span: Span) -> set[int]:
    return set(range(span.start, span.end))


def played_out(gold: list[Span], predicted: list[Span]) -> set[tuple[Span, Span]]:
    """The rule of `match_spans`, step by step: the best of all pairs, until there is none."""
    taken: set[tuple[Span, Span]] = set()
    while True:
        pairs = [
            (-len(tokens_of(ours) & tokens_of(theirs)), ours.label != theirs.label, ours, theirs)
            for ours in gold
            for theirs in predicted
            if tokens_of(ours) & tokens_of(theirs)
            and not any(ours == pair[0] or theirs == pair[1] for pair in taken)
        ]
        if not pairs:
            return taken
        taken.add(min(pairs)[2:])


@given(rows(), rows())
def test_the_rule_played_out(gold: list[Span], predicted: list[Span]) -> None:
    found = match_spans(gold, predicted)
    expected = played_out(gold, predicted)
    assert {(match.gold, match.predicted) for match in found if match.gold and match.predicted} == expected


@given(rows(), rows())
def test_every_span_is_in_one_match(gold: list[Span], predicted: list[Span]) -> None:
    found = match_spans(gold, predicted)
    assert sorted(match.gold for match in found if match.gold) == gold
    assert sorted(match.predicted for match in found if match.predicted) == predicted
    assert {match.gold for match in found if match.kind == "correct"} == set(gold) & set(predicted)
    starts = [(match.gold or match.predicted or Span(-1, 0, "")).start for match in found]
    assert starts == sorted(starts)
    for match in found:
        if match.gold is None or match.predicted is None:
            span = match.gold or match.predicted
            others = predicted if match.gold else gold
            assert match.overlapped == any(tokens_of(span) & tokens_of(other) for other in others)
        else:
            assert tokens_of(match.gold) & tokens_of(match.predicted)
            assert not match.overlapped


@given(rows(), rows())
def test_swapping_the_sides_swaps_missed_and_spurious(gold: list[Span], predicted: list[Span]) -> None:
    swapped = {Match(theirs, ours, flag) for ours, theirs, flag in match_spans(gold, predicted)}
    assert set(match_spans(predicted, gold)) == swapped
