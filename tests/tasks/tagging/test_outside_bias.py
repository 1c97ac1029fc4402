"""The choice of a bias of O: on scores that are right, of spans that are easy, hard or few."""

import numpy as np
import pytest

from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation.scoring import score
from seqtag.inference.temperature import Scores
from seqtag.tasks.tagging.outside_bias import CANDIDATES, Rows, choose

TAGS = ("O", "S-A")


def value(gold: Rows, predicted: Rows) -> float:
    return score(gold, predicted, parse_scheme("BIOES")).main


def drawn(sentences: int, mean: float, spread: float, seed: int = 1) -> Scores:
    """Sentences of five words whose tags are drawn by the probabilities that their scores say."""
    random = np.random.default_rng(seed)
    odds = random.normal(mean, spread, (sentences, 5))
    tags = (random.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.int32)
    rows = [(np.stack([0 * own, own], 1).astype(np.float32), right) for own, right in zip(odds, tags)]  # noqa: B905
    return Scores(np.zeros(2), np.zeros((2, 2)), np.zeros(2), rows)


def test_spans_that_are_few_and_hard_ask_for_more_of_them() -> None:
    found = choose(drawn(1000, -2.0, 1.5), TAGS, value)
    assert found >= 0.5
    assert found in CANDIDATES


@pytest.mark.parametrize("spread", [8.0, 30.0])
def test_spans_that_are_easy_do_not(spread: float) -> None:
    assert choose(drawn(1000, 0.0, spread), TAGS, value) == 0.0


@pytest.mark.parametrize(("sentences", "chosen"), [({0}, False), ({*range(0, 110, 11)}, True)])
def test_a_gain_in_one_place_is_chance(sentences: set[int], chosen: bool) -> None:
    """Spans that are missed by little: all in one sentence, or one each in sentences from all over dev."""
    rows = []
    for number in range(220):
        missed = (-0.4,) * (10 // len(sentences)) if number in sentences else (5.0,)
        odds = np.array(missed)
        rows.append((np.stack([0 * odds, odds], 1).astype(np.float32), np.ones(len(odds), np.int32)))
    found = choose(Scores(np.zeros(2), np.zeros((2, 2)), np.zeros(2), rows), TAGS, value)
    assert found == (0.5 if chosen else 0.0)


def test_a_few_sentences_say_nothing() -> None:
    few, enough = drawn(199, -2.0, 1.5, seed=3), drawn(200, -2.0, 1.5, seed=3)
    assert (choose(few, TAGS, value), choose(enough, TAGS, value) > 0) == (0.0, True)
