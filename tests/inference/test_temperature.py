"""The temperature of scores, against brute force and scores of a known temperature."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest

from seqtag.graph.heads.chain import FORBIDDEN
from seqtag.inference.temperature import Scores, fit, of_labels

RANDOM = np.random.default_rng(3)


def drawn(words: int, tags: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return RANDOM.normal(size=(words, tags)).astype(np.float32), RANDOM.integers(tags, size=words).astype(
        np.int32
    )


def scores(sentences: list[tuple[np.ndarray, np.ndarray]], tags: int = 3) -> Scores:
    chain = RANDOM.normal(size=tags), RANDOM.normal(size=(tags, tags)), RANDOM.normal(size=tags)
    return Scores(*chain, sentences)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_loss_is_that_of_all_sequences_counted_one_by_one(temperature: float) -> None:
    found = scores([drawn(words) for words in (1, 4, 2, 3)])

    def score(own: np.ndarray, path: tuple[int, ...]) -> float:
        steps = sum(found.transitions[pair] for pair in itertools.pairwise(path))
        words = sum(row[tag] for row, tag in zip(own, path, strict=True))
        return float(found.start[path[0]] + steps + words + found.end[path[-1]]) / temperature

    expected = 0.0
    for own, right in found.sentences:
        every = [score(own, path) for path in itertools.product(range(3), repeat=len(own))]
        expected += np.logaddexp.reduce(every) - score(own, tuple(right.tolist()))
    assert found.loss(temperature) == pytest.approx(expected)


def total(found: Scores, own: np.ndarray, path: tuple[int, ...]) -> float:
    steps = sum(found.transitions[pair] for pair in itertools.pairwise(path))
    words = sum(row[tag] for row, tag in zip(own, path, strict=True))
    return float(found.start[path[0]] + steps + words + found.end[path[-1]])


def test_the_best_tags_are_those_of_all_sequences_compared_one_by_one() -> None:
    found, bias = scores([drawn(words) for words in (1, 4, 2, 5, 3, 1)]), np.array([-1.5, 0.0, 0.5])
    others = 0
    for (own, _), best in zip(found.sentences, found.best(bias), strict=True):
        every = itertools.product(range(3), repeat=len(own))
        expected = max(every, key=lambda path: total(found, own + bias, path))
        assert tuple(best.tolist()) == expected
        others += expected != max(
            itertools.product(range(3), repeat=len(own)),
            key=lambda path: total(found, own, path),
        )
    assert others


def test_a_search_among_many_tags_takes_little_memory() -> None:
    chance, tags = np.random.default_rng(4), 300
    start, end = chance.normal(size=(2, tags))
    sentences = [(chance.normal(size=(2, tags)).astype(np.float32), np.zeros(2, np.int32)) for _ in range(40)]
    found = Scores(start, chance.normal(size=(tags, tags)), end, sentences)
    tracemalloc.start()
    best = found.best(np.zeros(tags))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20e6  # all steps of all sentences at once take 29 MB
    for (own, _), path in zip(sentences, best, strict=True):
        ways = (start + own[0])[:, None] + found.transitions + own[1] + end
        assert tuple(path) == np.unravel_index(ways.argmax(), ways.shape)


def test_all_scores_are_divided() -> None:
    found = scores([drawn(words) for words in (1, 4)])
    for (own, tags), (less, same) in zip(found.sentences, found.divided(4.0).sentences, strict=True):
        path = tuple(tags.tolist())
        assert total(found.divided(4.0), less, path) == pytest.approx(total(found, own, path) / 4, rel=1e-5)
        assert same is tags


def test_a_sentence_whose_right_tags_are_forbidden_is_left_out() -> None:
    legal, illegal = (np.zeros((2, 2), np.float32),) * 2
    transitions = np.array([[0.0, FORBIDDEN], [0.0, 0.0]])
    both = [(legal, np.array([1, 0], np.int32)), (illegal, np.array([0, 1], np.int32))]
    found = Scores(np.zeros(2), transitions, np.zeros(2), both)
    assert found.loss(1.0) == pytest.approx(math.log(3))


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_scores_that_are_too_large_by_a_factor_are_divided_by_it(temperature: float) -> None:
    own = RANDOM.normal(size=(4000, 1, 3)) * 2
    right = (own[:, 0] + RANDOM.gumbel(size=(4000, 3))).argmax(1)
    sentences = [(row * temperature, np.array([tag], np.int32)) for row, tag in zip(own, right, strict=True)]
    nothing = np.zeros(3), np.zeros((3, 3)), np.zeros(3)
    assert Scores(*nothing, sentences).temperature() == pytest.approx(temperature, rel=0.07)


def test_where_dev_says_little_it_stays_near_one() -> None:
    sure = [(np.array([[9.0, 0.0]], np.float32), np.array([0], np.int32))] * 3
    nothing = np.zeros(2), np.zeros((2, 2)), np.zeros(2)
    assert Scores(*nothing, sure).temperature() == pytest.approx(1.0, abs=0.02)
    assert Scores(*nothing, []).temperature() == 1.0


def test_the_smallest_loss_is_found() -> None:
    assert fit(lambda temperature: 1e6 * math.log(temperature / 2.5) ** 2) == 2.5
    assert fit(lambda temperature: 1e6 * temperature) == 0.5


@pytest.mark.parametrize("several", [False, True])
def test_labels(several: bool) -> None:
    own = RANDOM.normal(size=(6000, 4)) * 2
    if several:
        right = RANDOM.uniform(size=own.shape) < 1 / (1 + np.exp(-own))
        given = 1 / (1 + np.exp(-2 * own))
    else:
        right = np.eye(4, dtype=bool)[(own + RANDOM.gumbel(size=own.shape)).argmax(1)]
        given = np.exp(2 * own) / np.exp(2 * own).sum(1, keepdims=True)
    assert of_labels(given, right, several=several) == pytest.approx(2.0, rel=0.07)


def test_a_label_that_training_never_saw_is_left_out() -> None:
    given = np.array([[0.9, 0.1], [0.4, 0.6]])
    wanted = np.array([[True, False], [False, False]])
    assert of_labels(given, wanted, several=False) == of_labels(given[:1], wanted[:1], several=False)
