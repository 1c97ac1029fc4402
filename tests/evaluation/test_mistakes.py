from seqtag.corpora.tags import Span
from seqtag.evaluation.analysis import Wrong
from seqtag.evaluation.matching import Match
from seqtag.evaluation.mistakes import Mistake, of_tags, only_in

A, B = Span(0, 2, "A"), Span(1, 2, "B")


def spans(*pairs: tuple[Span | None, Span | None]) -> list[Mistake]:
    return of_tags([Wrong(0, Match(*pair)) for pair in pairs], None, spans=True)


def test_mistakes_have_the_probability_of_what_was_predicted() -> None:
    wrong = [Wrong(1, Match(A, B)), Wrong(1, Match(A, None))]
    found = of_tags(wrong, [{}, {(1, 2): 0.25}], spans=True)
    assert found == [
        Mistake(1, "boundary_and_type", "A", "B", 0.25, A, B),
        Mistake(1, "missed", "A", None, None, A, None),
    ]
    assert of_tags(wrong[:1], [{}, {(1, 2): 0.25}], spans=False)[0].kind == "tag"


def test_another_model_is_right_where_it_has_no_mistake_about_the_same_span() -> None:
    missed, confused, spurious = spans((A, None)), spans((A, B)), spans((None, B))
    assert only_in(missed, []) == [True]
    assert only_in(missed, confused) == only_in(confused, missed) == [False]  # both lack A
    assert only_in(spurious, confused) == [False]  # both predict B
    assert only_in(spurious, missed) == [True]
    assert only_in(missed, spurious) == [True]


def test_mistakes_of_other_sentences_and_of_labels_are_others() -> None:
    ours, theirs = Mistake(0, "label", "x", "y"), Mistake(1, "label", "x", "y")
    assert only_in([ours], [theirs]) == [True]
    assert only_in([ours], [Mistake(0, "label", "x", "z")]) == [False]
    assert only_in([ours], spans((None, B))) == [True]
