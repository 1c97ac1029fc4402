"""The order of the combinations of a comparison."""

from seqtag.evaluation.measure import Measure
from seqtag.training.ranking import MIXED, Combination, rank
from seqtag.training.rows import Row

F1 = Measure("F1")
PERPLEXITY = Measure("perplexity", lower_is_better=True)


def combination(cell: str, measure: Measure | None, *scores: float) -> Combination:
    title = measure.title if measure else None
    rows = [Row("", {"cell": cell}, seed, "", {}, metric=title, dev=dev) for seed, dev in enumerate(scores)]
    return Combination({"cell": cell}, tuple(rows), measure)


def test_the_better_mean_is_first() -> None:
    def order(measure: Measure) -> list[object]:
        made = [
            combination("failed", None),
            combination("middle", measure, 4.0, 2.0),
            combination("most", measure, 5.0),
            combination("least", measure, 1.0, 2.0),
        ]
        found = rank(made, ("cell",))
        assert (found.metric, found.is_mixed) == (measure.title, False)
        return [one.choice["cell"] for one in found.combinations]

    assert order(F1) == ["most", "middle", "least", "failed"]
    assert order(PERPLEXITY) == ["least", "middle", "most", "failed"]


def test_two_measures_are_not_mixed_up() -> None:
    found = rank([combination("a", PERPLEXITY, 90.0), combination("b", F1, 0.5)], ("cell",))
    assert (found.metric, found.is_mixed) == (MIXED, True)
    assert [one.choice["cell"] for one in found.combinations] == ["b", "a"]


def test_without_a_score() -> None:
    found = rank([combination("a", None)], ("cell",))
    assert (found.metric, found.is_mixed) == (MIXED, False)
