"""Spans of characters become spans of tokens; what does not fit is refused or told of, as an option says."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtag.corpora.alignment import IN_PIECES, CharSpan, align, check_places
from seqtag.corpora.document import offsets
from seqtag.corpora.tags import Span
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings.registry import MISALIGNED

TEXT = " Eva Holm  left\nRome."
WORDS = ["Eva", "Holm", "left", "Rome", "."]


@pytest.mark.parametrize(
    ("spans", "widened", "dropped", "problems"),
    [
        ([(1, 9, "PER"), (16, 20, "LOC")], [(0, 2, "PER"), (3, 4, "LOC")], None, []),
        ([(16, 20, "LOC"), (1, 9, "PER"), (16, 20, "LOC")], [(0, 2, "PER"), (3, 4, "LOC")], None, []),
        ([(0, 11, "PER")], [(0, 2, "PER")], None, []),  # white space at its ends does not count
        ([(2, 9, "PER")], [(0, 2, "PER")], [], ["cut-span"]),
        ([(1, 8, "PER")], [(0, 2, "PER")], [], ["cut-span"]),
        ([(2, 3, "PER")], [(0, 1, "PER")], [], ["cut-span"]),
        ([(9, 11, "PER")], [], [], ["empty-span"]),
        ([(3, 3, "PER")], [], [], ["empty-span"]),
        ([(1, 4, "A"), (1, 9, "B")], [(0, 2, "B")], None, ["overlapping-spans"]),
        ([(1, 9, "A"), (1, 9, "B")], [(0, 2, "A")], None, ["overlapping-spans"]),
        ([(1, 9, "A"), (5, 20, "A")], [(1, 4, "A")], None, ["overlapping-spans"]),
        ([(1, 20, "A", IN_PIECES)], [(0, 4, "A")], [], ["discontinuous-span"]),
        ([(1, 7, "A"), (5, 15, "B")], [(0, 2, "A")], [(1, 3, "B")], ["cut-span"]),
    ],
)
def test_spans_of_characters(
    spans: list[tuple[int, int, str]],
    widened: list[tuple[int, int, str]],
    dropped: list[tuple[int, int, str]] | None,
    problems: list[str],
) -> None:
    given_spans = [CharSpan(*span) for span in spans]
    found, _ = align(TEXT, WORDS, given_spans, "widen")
    assert found == widened
    found, told = align(TEXT, WORDS, given_spans, "drop")
    assert found == (widened if dropped is None else dropped)
    assert [one.code for one in told] == problems


@pytest.mark.parametrize("span", [(-1, 3), (22, 22), (0, 22)])
def test_a_span_beyond_the_text(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie in the text of 21 characters"):
        align(TEXT, WORDS, [CharSpan(*span, "A")], "drop")


@settings(derandomize=True, deadline=None)
@given(
    st.text(st.sampled_from("ab .\n'-\u00e9\U0001f600"), max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from("AB")), max_size=5),
    st.sampled_from(MISALIGNED),
)
def test_each_span_is_there_or_told_of(text: str, drawn: list[tuple[int, int, str]], misaligned: str) -> None:
    spans = {CharSpan(min(a, b, len(text)), min(max(a, b), len(text)), label) for a, b, label in drawn}
    words = Tokenizer().words(text)
    places = offsets(text, words)
    found, problems = align(text, words, spans, misaligned)
    assert found == sorted(found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    exact = {
        span
        for span in spans
        for one in found
        if text[places[one.start][0] : places[one.end - 1][1]] == text[span.start : span.end].strip()
        and one.label == span.label
    }
    told = {" ".join(problem.message.split()[:4]) for problem in problems}
    for span in spans - exact:
        assert f"the span {span.start}-{span.end} {span.label!r}" in told
    if not problems:
        assert len(found) <= len(spans)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", "A", "B"])), max_size=8),
    st.sampled_from([" ", "  ", "\n"]),
)
def test_spans_of_tokens_come_back(pieces: list[tuple[int, str]], space: str) -> None:
    words = [f"w{number}" for number in range(sum(length for length, _ in pieces))]
    text = space.join(words)
    spans, at = [], 0
    for length, label in pieces:
        if label:
            spans.append(Span(at, at + length, label))
        at += length
    places = offsets(text, words)
    given_spans = [CharSpan(places[one.start][0], places[one.end - 1][1], one.label) for one in spans]
    assert align(text, words, given_spans[::-1], "error") == (spans, [])


def test_tokens_and_text_must_agree() -> None:
    check_places(TEXT, WORDS, [None] * 5)
    check_places("a  b", ["a", "b"], [(0, 1), (3, 4)])
    for words, problem in (
        (["Eva", "Holm", "left", "."], "has 'Rome' before token 4"),
        (WORDS[:4], "has '.' after the last token"),
        ([*WORDS, "x"], "token 6, 'x', does not occur"),
    ):
        with pytest.raises(ValueError, match=problem):
            check_places(TEXT, words)
