"""The test of a difference against all exchanges that there are."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.evaluation.measure import Measure
from seqtag.evaluation.significance import PerSentence, compare

Figures = NDArray[np.float64]


def f1(sums: Figures) -> Figures:
    """F1 of sums of correct, predicted and gold spans."""
    whole = sums[..., 1] + sums[..., 2]
    return np.where(whole > 0, 2 * sums[..., 0] / np.where(whole > 0, whole, 1), 0.0)


def of(figures: Figures) -> PerSentence:
    return PerSentence(Measure("F1"), figures, f1)


def drawn(sentences: int, seed: int) -> tuple[Figures, Figures]:
    """The counts of two models, of which the first finds more."""
    random = np.random.default_rng(seed)
    gold = random.integers(0, 4, sentences)
    found = []
    for rate in (0.9, 0.5):
        correct = random.binomial(gold, rate)
        found.append(np.stack([correct, correct + random.integers(0, 2, sentences), gold], 1).astype(float))
    return found[0], found[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_p_value_is_the_share_of_all_exchanges(seed: int) -> None:
    first, second = drawn(9, seed)
    wanted = abs(f1(first.sum(0)) - f1(second.sum(0))) - 1e-12
    hits = 0
    for chosen in itertools.product([False, True], repeat=9):
        swapped = np.array(chosen)[:, None]
        ours, theirs = np.where(swapped, second, first), np.where(swapped, first, second)
        hits += abs(f1(ours.sum(0)) - f1(theirs.sum(0))) >= wanted
    rounds = 40_000
    found = compare(of(first), of(second), rounds=rounds)
    share = hits / 2**9
    assert abs(found.p_value - share) < 4 * np.sqrt(share * (1 - share) / rounds) + 2 / rounds
    assert found.first == pytest.approx(f1(first.sum(0)))
    assert found.difference == pytest.approx(f1(first.sum(0)) - f1(second.sum(0)))


def test_the_interval_is_that_of_sentences_drawn_one_by_one() -> None:
    first, second = drawn(40, 7)
    random = np.random.default_rng(3)
    differences = []
    for _ in range(20_000):
        rows = random.integers(0, 40, 40)
        differences.append(f1(first[rows].sum(0)) - f1(second[rows].sum(0)))
    low, high = np.quantile(differences, [0.025, 0.975])
    found = compare(of(first), of(second), rounds=20_000)
    assert found.low == pytest.approx(low, abs=0.005)
    assert found.high == pytest.approx(high, abs=0.005)
    assert found.low < found.difference < found.high


def test_equal_models_do_not_differ() -> None:
    first, _ = drawn(30, 1)
    found = compare(of(first), of(first))
    assert (found.p_value, found.difference, found.low, found.high) == (1.0, 0.0, 0.0, 0.0)
    assert not found.is_significant


def test_the_p_value_is_never_0_and_the_seed_decides() -> None:
    first, second = drawn(500, 1)
    found = compare(of(first), of(second), rounds=999)
    assert found.p_value == 1 / 1000
    assert found == compare(of(first), of(second), rounds=999)
    assert found != compare(of(first), of(second), rounds=999, seed=2)


def test_many_different_sentences_are_drawn_in_groups() -> None:
    first, second = drawn(3000, 1)
    first[:, 2] = second[:, 2] = np.arange(3000)  # no two are alike
    found = compare(of(first), of(second), rounds=1000)
    assert found.sentences == 3000
    assert found.low < found.difference < found.high


def test_other_sentences_are_refused() -> None:
    first, second = drawn(10, 1)
    with pytest.raises(ValueError, match=r"\(10, 3\) and \(9, 3\)"):
        compare(of(first), of(second[:9]))


def test_the_result_in_words_says_which_test_it_is() -> None:
    first, second = drawn(200, 1)
    found = compare(of(first), of(second))
    assert "approximate randomisation over 200 sentences, 10,000 rounds, seed 1" in found.sentence
    assert "p = 0.0001: significant at 0.05" in found.sentence
    assert found.to_json()["measure"] == "F1"
    assert found.to_json()["difference"] == found.difference
