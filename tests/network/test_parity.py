"""The Keras network and its graph: the same tags but for ties, the same probabilities, for each cell and head."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.tasks.tagging.parity import PARITY, TIE, Difference, compare

SENTENCES = 10_000  # of each cell and head, with --slow
EXTRAS: list[dict[str, Any]] = [
    {},
    {"encoder__attention": "self", "encoder__attention_heads": 2},
    {"encoder__attention": "mentions"},
    {"encoder__residual": "residual", "encoder__layers": 2},
    {"encoder__residual": "highway", "encoder__layers": 2, "encoder__merge_mode": "sum"},
    {"encoder__merge_mode": "mul"},
    {"encoder__merge_mode": "ave"},
    {"encoder__bidirectional": False},
]
PAIRS = list(product(registry.CELLS, registry.HEADS))


class TestCompare:
    """Two sentences of three and two words; tags 0 and 1."""

    tags = np.array([[0, 1, 0], [1, 1, 0]])
    probabilities = np.array([[0.9, 0.5, 0.8], [0.7, 0.6, 0.0]])
    lengths = np.array([3, 2])

    def compared(self, others: Any, gaps: Any = 0.0, logs: Any = None, searched: bool = False) -> Any:
        def of(tags: Any) -> Any:
            return logs[0] if np.array_equal(tags, self.tags) else logs[1]

        exported = (np.array(others), self.probabilities + gaps)
        return compare((self.tags, self.probabilities), exported, self.lengths, of, searched=searched)

    def test_equal(self) -> None:
        assert self.compared(self.tags) == compare(
            (self.tags, self.probabilities),
            (self.tags, self.probabilities),
            self.lengths,
            None,
            searched=True,
        )
        assert self.compared(self.tags).holds

    def test_padding_is_not_looked_at(self) -> None:
        assert self.compared([[0, 1, 0], [1, 1, 1]], [[0, 0, 0], [0, 0, 0.5]]).holds

    def test_a_probability(self) -> None:
        found = self.compared(self.tags, [[0, 2 * PARITY, 0], [0, 0, 0]])
        assert not found.holds
        assert found.gap == pytest.approx(2 * PARITY)
        assert not self.compared(self.tags, float("nan")).holds

    @pytest.mark.parametrize("searched", [False, True])
    @pytest.mark.parametrize("gap", [0.0, TIE / 2, 2 * TIE])
    def test_other_tags_are_right_if_they_are_as_good(self, gap: float, searched: bool) -> None:
        """However sure the network is of each, and whichever half of 1 their probability is on."""
        logs = np.full((2, 3), -0.1), np.full((2, 3), -0.1)
        logs[1][0, 1] -= gap
        found = self.compared([[0, 0, 0], [1, 1, 0]], logs=logs, searched=searched)
        assert found.holds == (gap <= TIE)
        assert (found.tied, found.wrong) == ((1, 0) if gap <= TIE else (0, 1))

    def test_a_search_may_part_at_a_tie(self) -> None:
        """And then go on to what is worse; a chain's best path may not."""
        logs = np.full((2, 3), -0.1), np.array([[-0.1, -0.1, -5.0], [-0.1, -0.1, -0.1]])
        others = [[0, 0, 1], [1, 1, 0]]
        assert self.compared(others, logs=logs, searched=True).holds
        assert not self.compared(others, logs=logs, searched=False).holds

    def test_the_probabilities_of_a_search_hang_on_the_tags_before(self) -> None:
        logs = np.full((2, 3), -0.1), np.full((2, 3), -0.1)
        others, gaps = [[0, 0, 0], [1, 1, 0]], [[0, 0, 0.1], [0, 0, 0]]
        assert self.compared(others, gaps, logs, searched=True).holds
        assert not self.compared(others, gaps, logs, searched=False).holds


@pytest.mark.parametrize(
    ("gap", "wrong", "noise", "within"),
    [
        (5e-5, 0, [(1e-5, 0)], True),
        (5e-5, 0, [(4e-6, 0)], False),  # more than ten times what roundings make
        (5e-6, 0, [(9e-7, 0)], False),  # a network that is not chaotic
        (5e-5, 20, [(1e-5, 2)], True),
        (5e-5, 21, [(1e-5, 2)], False),  # tags that roundings do not change
        (5e-5, 1, [(1e-5, 0)], False),
        (5e-5, 20, [(1e-5, 0), (1e-6, 2)], True),  # the larger of two
        (math.nan, 0, [(1e-5, 0)], False),
    ],
)
def test_differences_of_the_size_of_roundings(
    gap: float, wrong: int, noise: list[tuple[float, int]], within: bool
) -> None:
    """In probabilities and in tags."""
    found = Difference(gap, tied=0, wrong=wrong)
    assert found.within([Difference(one, tied=0, wrong=words) for one, words in noise]) == within


def batches(toy: Any, count: int, seed: int) -> Iterator[tuple[dict[str, Any], Any]]:
    """Sentences of random words, known and unknown, of one word and of many, with padding."""
    from seqtag.corpora.sentence import Sentence

    random = np.random.default_rng(seed)
    table = toy.indexers["word"].table.values
    while count > 0:
        rows = min(count, 250)
        lengths = np.where(random.random(rows) < 0.2, 1, random.integers(1, 14, rows))
        sentences = [
            Sentence(
                tuple(
                    str(random.choice(table)) if random.random() < 0.7 else f"u{random.integers(99)}"
                    for _ in range(n)
                )
            )
            for n in lengths.tolist()
        ]
        time = int(lengths.max()) + int(random.integers(1, 3))
        inputs: dict[str, Any] = {"lengths": lengths.astype(np.int32)}
        for indexer in toy.indexers.values():
            inputs |= indexer.collate([indexer.index(sentence) for sentence in sentences], time, None)
        yield inputs, sentences
        count -= rows


def agree(toy: Any, run_onnx: Any, count: int, seed: int = 1, other: Any = None) -> tuple[float, int]:
    """The largest gap, and how many sentences were tied; between a network and its graph, or that of another one."""
    exported = (other or toy).export()
    gap, tied = 0.0, 0
    for inputs, _ in batches(toy, count, seed):
        found = compare(
            toy.network.decode(inputs),
            run_onnx(exported, inputs),
            inputs["lengths"],
            lambda tags, inputs=inputs: toy.network.logs(inputs, tags),
            searched=toy.network.head.searches,
        )
        assert found.holds, found
        gap, tied = max(gap, found.gap), tied + found.tied
    return gap, tied


@pytest.mark.parametrize("head", registry.HEADS)
@pytest.mark.parametrize("plain", [False, True])
def test_what_words_add_is_the_score(head: str, plain: bool, make: Any) -> None:
    """Over all sequences, the exponentials of the scores are in the ratio of the probabilities."""
    toy = make(head__name=head, plain=plain).shake(0.5)
    inputs, tags = toy.batch([1, 3])  # sentences of one word
    every = range(9)
    scores = np.array([np.asarray(toy.network.logs(inputs, np.full_like(tags, tag)))[:, 0] for tag in every])
    best, probabilities = (np.asarray(array)[:, 0] for array in toy.network.decode(inputs))
    weights = np.exp(scores - scores.max(axis=0))
    if head != "feedback":  # its probabilities are not shared out again among what is legal
        weights /= weights.sum(axis=0)
    else:
        weights = np.exp(scores)
    assert (scores.argmax(axis=0) == best).all() or head != "crf"
    np.testing.assert_allclose(weights[best, [0, 1]], probabilities, atol=1e-5)


@pytest.mark.parametrize(("cell", "head"), PAIRS)
def test_each_cell_and_head(cell: str, head: str, make: Any, run_onnx: Any) -> None:
    number = PAIRS.index((cell, head))
    extra = EXTRAS[number % len(EXTRAS)]
    if not registry.CELLS[cell].stateful:
        extra = {key: value for key, value in extra.items() if key == "encoder__attention"}
    toy = make(("word", "characters"), encoder__cell=cell, head__name=head, **extra).shake(0.6)
    agree(toy, run_onnx, 40, seed=number)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "head"), PAIRS)
def test_each_cell_and_head_at_length(cell: str, head: str, make: Any, run_onnx: Any) -> None:
    extras = EXTRAS[:2] if not registry.CELLS[cell].stateful else EXTRAS
    for number, extra in enumerate(extras):
        toy = make(("word", "characters"), encoder__cell=cell, head__name=head, **extra).shake(
            0.6, seed=number
        )
        gap, tied = agree(toy, run_onnx, -(-SENTENCES // len(extras)), seed=number)
        print(f"{cell} {head} {extra}: gap {gap:.1e}, tied {tied}")


@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize("bias", [-2.0, 3.0])
def test_a_bias_of_the_outside_tag(head: str, bias: float, make: Any, run_onnx: Any) -> None:
    toy = make(head__name=head, head__outside_bias=bias).shake(0.6)
    agree(toy, run_onnx, 60)
    counts = []
    for own in (bias, 0.0):
        toy.network.head.outside_bias = own
        (inputs, _), *_ = batches(toy, 60, seed=2)
        tags, _ = (np.asarray(array) for array in toy.network.decode(inputs))
        words = np.arange(tags.shape[1]) < inputs["lengths"][:, None]
        counts.append(int((tags[words] == 0).sum()))
    assert (counts[0] - counts[1]) * bias < 0


@pytest.mark.parametrize(
    ("settings", "received"),
    [({"head__name": "feedback"}, "feedback$"), ({"plain": True}, "softmax over plain tags$")],
)
def test_what_has_no_such_search_refuses_a_bias(settings: Any, received: str, make: Any) -> None:
    with pytest.raises(UsageError, match=f"head.outside_bias is for tags of spans .* Received: {received}"):
        make(head__outside_bias=1.0, **settings)


def test_ties_are_not_hidden(make: Any, run_onnx: Any) -> None:
    """Another network's graph is found out."""
    toy, other = make(("word", "characters")).shake(0.6), make(("word", "characters")).shake(0.6, seed=4)
    with pytest.raises(AssertionError):
        agree(toy, run_onnx, 20, other=other)
