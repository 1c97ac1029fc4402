"""Entities and n-best lists against every sequence of tags, one by one."""

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.corpora.tags import Scheme, Span, allowed, parse_scheme, spans
from seqtag.inference.lattice import Beam, Lattice, TagChain, joins, labels

SCHEMES = ("bio", "iob1", "bioes", "bilou", "bmewo")
FORBIDDEN = -1e4
Floats = NDArray[np.float64]


def inventory(scheme: Scheme) -> tuple[str, ...]:
    names = ("X", "Y") if len(scheme.letters) == 3 else ("X",)
    return ("O", *(f"{letter}-{label}" for label in names for letter in scheme.letters[:-1]))


class Case:
    """A sentence's scores, the lattice made from them, and every sequence that is legal, with its probability."""

    def __init__(self, name: str, seed: int, length: int) -> None:
        self.scheme = parse_scheme(name)
        self.tags = inventory(self.scheme)
        random, count = np.random.default_rng([seed, length]), len(self.tags)
        legal = [
            np.array([allowed(None, tag, self.scheme) for tag in self.tags]),
            np.array([[allowed(a, b, self.scheme) for b in self.tags] for a in self.tags]),
            np.array([allowed(tag, None, self.scheme) for tag in self.tags]),
        ]
        chain = [np.where(ok, random.normal(0, 2, ok.shape), FORBIDDEN) for ok in legal]
        scores = random.normal(0, 2, (length, count))
        self.chain = TagChain(
            *chain, joins(self.tags, self.scheme), labels(self.tags, self.scheme), np.zeros(len(self.tags))
        )
        forward, backward = ways(self.chain, scores)
        # A constant a row may be missing, as it is in what the network gives.
        forward += random.normal(0, 50, (length, 1))
        backward += random.normal(0, 50, (length, 1))
        self.lattice = Lattice(self.chain, scores, forward, backward)
        self.paths = [path for path in product(range(count), repeat=length) if self.is_legal(path)]
        weights = np.array([score(self.chain, scores, path) for path in self.paths])
        self.probabilities = np.exp(weights - np.logaddexp.reduce(weights))

    def is_legal(self, path: tuple[int, ...]) -> bool:
        names = [None, *(self.tags[tag] for tag in path), None]
        return all(allowed(a, b, self.scheme) for a, b in pairwise(names))

    def spans(self, path: tuple[int, ...]) -> list[Span]:
        return spans([self.tags[tag] for tag in path], self.scheme)


def score(chain: TagChain, scores: Floats, path: tuple[int, ...]) -> float:
    total = chain.start[path[0]] + chain.end[path[-1]] + sum(scores[t, tag] for t, tag in enumerate(path))
    return float(total + sum(chain.transitions[i, j] for i, j in pairwise(path)))


def ways(chain: TagChain, scores: Floats) -> tuple[Floats, Floats]:
    forward, backward = [chain.start], [chain.end]
    for now in scores[:-1]:
        forward.append(np.logaddexp.reduce((forward[-1] + now)[:, None] + chain.transitions, axis=0))
    for now in scores[:0:-1]:
        backward.append(np.logaddexp.reduce(chain.transitions + now + backward[-1], axis=1))
    return np.array(forward), np.array(backward[::-1])


def _cases() -> Iterator[tuple[str, int, int]]:
    for name in SCHEMES:
        for length in (1, 2, 3, 4):
            for seed in range(4 if length < 4 else 2):
                yield name, seed, length


CASES = list(_cases())


@pytest.mark.parametrize(("name", "seed", "length"), CASES)
def test_the_probability_of_every_span(name: str, seed: int, length: int) -> None:
    """Wherever it starts and ends; in IOB1 a span counts whether its first tag is I or B."""
    case = Case(name, seed, length)
    expected: dict[Span, float] = {}
    for path, probability in zip(case.paths, case.probabilities, strict=True):
        for span in case.spans(path):
            expected[span] = expected.get(span, 0.0) + float(probability)
    assert {(span.start, span.end) for span in expected} == {
        (start, end) for start in range(length) for end in range(start + 1, length + 1)
    }
    for span, probability in expected.items():
        assert case.lattice.span_probability(span) == pytest.approx(probability, abs=1e-9)


def test_a_span_that_cannot_be_has_no_probability() -> None:
    case = Case("bio", 0, 3)
    assert case.lattice.span_probability(Span(0, 2, "Z")) == 0.0


@pytest.mark.parametrize(("name", "seed", "length"), CASES)
def test_the_best_sequences(name: str, seed: int, length: int) -> None:
    case = Case(name, seed, length)
    order = np.argsort(-case.probabilities)
    for count in (1, 2, 5, len(case.paths), len(case.paths) + 7):
        found = case.lattice.best(count)
        assert [tuple(sequence.tags) for sequence in found] == [case.paths[i] for i in order[:count]]
        assert [sequence.probability for sequence in found] == pytest.approx(
            case.probabilities[order[:count]].tolist(), abs=1e-9
        )


@pytest.mark.parametrize(("name", "seed", "length"), CASES)
def test_a_bias_chooses_other_sequences_and_leaves_their_probabilities(
    name: str, seed: int, length: int
) -> None:
    case = Case(name, seed, length)
    case.chain.bias[:] = np.random.default_rng(seed).normal(0, 3, len(case.tags))
    preferred = np.log(case.probabilities) + [case.chain.bias[list(path)].sum() for path in case.paths]
    order = np.argsort(-preferred)[:5]
    found = case.lattice.best(5)
    assert [tuple(sequence.tags) for sequence in found] == [case.paths[i] for i in order]
    assert [sequence.probability for sequence in found] == pytest.approx(
        case.probabilities[order].tolist(), abs=1e-9
    )


@pytest.mark.parametrize("name", SCHEMES)
def test_forbidden_sequences_never_appear(name: str) -> None:
    """Asked for more sequences than are legal, the lattice gives all of these and no other."""
    case = Case(name, 9, 3)
    found = case.lattice.best(len(case.tags) ** 3)
    assert sorted(tuple(sequence.tags) for sequence in found) == case.paths
    assert sum(sequence.probability for sequence in found) == pytest.approx(1.0)


def test_without_a_chain_each_token_stands_alone() -> None:
    tags, scheme = ("A", "B", "C"), parse_scheme("plain")
    scores = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]))
    chain = TagChain(
        np.zeros(3), np.zeros((3, 3)), np.zeros(3), joins(tags, scheme), labels(tags, scheme), np.zeros(3)
    )
    lattice = Lattice(chain, scores, np.zeros_like(scores), np.zeros_like(scores))
    found = lattice.best(3)
    assert [sequence.tags for sequence in found] == [[0, 1], [1, 1], [0, 2]]
    assert [sequence.probability for sequence in found] == pytest.approx([0.3, 0.18, 0.15])


def test_a_long_sentence_neither_overflows_nor_vanishes() -> None:
    case = Case("bio", 0, 1)
    scores = np.random.default_rng(0).normal(0, 20, (2000, len(case.tags)))
    lattice = Lattice(case.chain, scores, *ways(case.chain, scores))
    (best,) = lattice.best(1)
    assert len(best.tags) == 2000
    assert 0 < best.probability < 1
    for span in spans([case.tags[tag] for tag in best.tags], case.scheme)[:50]:
        assert 0 < lattice.span_probability(span) <= 1
    assert 0 <= lattice.span_probability(Span(0, 2000, "X")) < 1e-9


def test_a_long_span_that_is_sure() -> None:
    """However small the product of the factors between its tags."""
    tags, scheme = ("O", "B-X", "I-X"), parse_scheme("bio")
    scores = np.zeros((2000, 3))
    scores[0, 1] = scores[1:, 2] = 30.0
    chain = TagChain(
        np.zeros(3),
        np.full((3, 3), -3.0),
        np.zeros(3),
        joins(tags, scheme),
        labels(tags, scheme),
        np.zeros(3),
    )
    lattice = Lattice(chain, scores, *ways(chain, scores))
    assert lattice.span_probability(Span(0, 2000, "X")) == pytest.approx(1.0)


def test_the_best_sequences_are_there_although_each_is_hardly_probable() -> None:
    """So many ways through 3,000 words that no single one has a probability that a float holds."""
    tags, scheme = ("A", "B", "C"), parse_scheme("plain")
    scores = np.random.default_rng(0).normal(0, 0.01, (3000, 3))
    chain = TagChain(
        np.zeros(3), np.zeros((3, 3)), np.zeros(3), joins(tags, scheme), labels(tags, scheme), np.zeros(3)
    )
    found = Lattice(chain, scores, np.zeros_like(scores), np.zeros_like(scores)).best(3)
    assert len({tuple(sequence.tags) for sequence in found}) == 3
    assert [sequence.probability for sequence in found] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        ("bio", "B-X", "I-X", True),
        ("bio", "B-X", "B-X", False),
        ("bio", "I-X", "I-Y", False),
        ("bio", "O", "I-X", False),
        ("bio", "O", "O", False),
        ("iob1", "I-X", "I-X", True),
        ("iob1", "I-X", "B-X", False),
        ("iob1", "B-X", "I-X", True),
        ("bioes", "B-X", "E-X", True),
        ("bioes", "I-X", "I-X", True),
        ("bioes", "E-X", "B-X", False),
        ("bioes", "S-X", "S-X", False),
        ("bilou", "B-X", "L-X", True),
        ("bilou", "U-X", "U-X", False),
        ("bio", "B", "I", True),
        ("bio", "B-a-b", "I-a-b", True),
    ],
)
def test_joins(name: str, first: str, second: str, expected: bool) -> None:
    assert joins((first, second), parse_scheme(name))[0, 1] == expected


def test_labels() -> None:
    assert labels(("O", "B-X", "I-a-b", "B"), parse_scheme("bio")) == (None, "X", "a-b", "")
    assert labels(("O", "B-X"), parse_scheme("plain")) == (None, None)


# ------------------------------------------------------------------------------------------------------------
# What a beam search kept


def test_a_beam() -> None:
    tags = np.array([[0, 0, 2, 0], [1, 1, 1, 0]])
    probabilities = np.array([[0.5, 0.5, 0.3, 0.0], [0.8, 0.9, 0.1, 0.0]], np.float32)
    tags[:, 1] = [0, 2]
    known = Beam(tags, probabilities)
    assert known.span_probability(Span(0, 1, "X")) == pytest.approx(0.5)
    assert known.span_probability(Span(0, 2, "X")) == pytest.approx(0.4)
    found = known.best(3)
    assert [sequence.tags for sequence in found] == [[0, 1], [0, 2], [2, 1]]
    assert [sequence.probability for sequence in found] == pytest.approx([0.4, 0.45, 0.03])
    assert known.best(1) == found[:1]
    assert known.best(4) == found, "the fourth is not there"


def test_a_beam_of_a_long_sentence_has_a_best_sequence() -> None:
    """Though its probability is too small for a number; and no sequence comes twice."""
    tags = np.zeros((5000, 3), int)
    tags[0] = [0, 0, 1]
    found = Beam(tags, np.full((5000, 3), 0.5, np.float32)).best(3)
    assert [(sequence.tags[0], sequence.probability) for sequence in found] == [(0, 0.0), (1, 0.0)]
