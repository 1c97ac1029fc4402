"""The chain against every sequence of tags, one by one; ONNX against both."""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.corpora.tags import parse_scheme
from seqtag.features.tags import legal_sequences
from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import FORBIDDEN, Chain, ChainWriter, penalties
from seqtag.network.heads import chain

TAGS = ("O", "B-X", "I-X", "B-Y")
LENGTHS = (4, 1, 2, 3)  # the batch is padded to one more than the longest
DRAWS = [(seed, constrained) for seed in range(10) for constrained in (False, True)]
JUNK = 30.0  # what stands at padding is larger than any score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """A chain with transitions as strong as emissions, and a padded batch."""

    chain: Chain
    scores: NDArray[np.float32]
    mask: NDArray[np.bool_]

    @property
    def lengths(self) -> NDArray[np.int32]:
        return self.mask.sum(axis=1, dtype=np.int32)


def draw(seed: int, constrained: bool, lengths: tuple[int, ...] = LENGTHS) -> Draw:
    random = np.random.default_rng(seed)
    count, time = len(TAGS), max(lengths) + 1
    arrays = [random.normal(0, 2, size) for size in ((count,), (count, count), (count,))]
    if constrained:
        legal = legal_sequences(TAGS, parse_scheme("bio"))
        assert legal is not None
        forbidden = penalties(Legal(*legal))
        added = (forbidden.start, forbidden.transitions, forbidden.end)
        arrays = [a + b for a, b in zip(arrays, added, strict=True)]
    mask = np.arange(time) < np.array(lengths)[:, None]
    scores = random.normal(0, 2, (len(lengths), time, count))
    scores[~mask] = random.normal(0, JUNK, scores[~mask].shape)
    return Draw(Chain(*(a.astype(np.float32) for a in arrays)), scores.astype(np.float32), mask)


def tensors(own: Chain) -> Chain:
    return Chain(tf.constant(own.start), tf.constant(own.transitions), tf.constant(own.end))


def score(own: Chain, scores: Floats, path: tuple[int, ...]) -> float:
    """A sequence's score, from the formula."""
    total = float(own.start[path[0]]) + float(own.end[path[-1]])
    total += sum(float(scores[t, tag]) for t, tag in enumerate(path))
    return total + sum(float(own.transitions[i, j]) for i, j in pairwise(path))


@dataclass(frozen=True)
class Truth:
    """What every sequence of one sentence adds up to."""

    paths: list[tuple[int, ...]]
    scores: Floats

    @property
    def partition(self) -> float:
        return float(np.logaddexp.reduce(self.scores))

    @property
    def best(self) -> list[int]:
        return list(self.paths[int(self.scores.argmax())])

    @property
    def marginals(self) -> Floats:
        found = np.zeros((len(self.paths[0]), len(TAGS)))
        for path, probability in zip(self.paths, np.exp(self.scores - self.partition), strict=True):
            found[range(len(path)), path] += probability
        return found


def truths(given: Draw) -> list[Truth]:
    found = []
    for scores, length in zip(given.scores, given.lengths, strict=True):
        paths = list(product(range(len(TAGS)), repeat=int(length)))
        found.append(Truth(paths, np.array([score(given.chain, scores, path) for path in paths])))
    return found


@pytest.mark.parametrize(("seed", "constrained"), DRAWS)
def test_partition(seed: int, constrained: bool) -> None:
    given = draw(seed, constrained)
    found = chain.log_partition(tensors(given.chain), tf.constant(given.scores), tf.constant(given.mask))
    assert found.numpy() == pytest.approx([truth.partition for truth in truths(given)], abs=1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_path_score(seed: int) -> None:
    given = draw(seed, False)
    tags = np.random.default_rng(seed).integers(0, len(TAGS), given.mask.shape).astype(np.int32)
    found = chain.path_score(tensors(given.chain), given.scores, tags, tf.constant(given.mask)).numpy()
    for row, length in enumerate(given.lengths):
        path = tuple(tags[row, :length])
        assert found[row] == pytest.approx(score(given.chain, given.scores[row], path), abs=1e-4)


@pytest.mark.parametrize(("seed", "constrained"), DRAWS)
def test_marginals(seed: int, constrained: bool) -> None:
    given = draw(seed, constrained)
    found = chain.marginals(tensors(given.chain), tf.constant(given.scores), tf.constant(given.mask)).numpy()
    for row, truth in enumerate(truths(given)):
        np.testing.assert_allclose(found[row, : given.lengths[row]], truth.marginals, atol=1e-6)


@pytest.mark.parametrize(("seed", "constrained"), DRAWS)
def test_best_path(seed: int, constrained: bool) -> None:
    given = draw(seed, constrained)
    found = chain.best_path(tensors(given.chain), tf.constant(given.scores), tf.constant(given.mask)).numpy()
    assert found.dtype == np.int32
    for row, truth in enumerate(truths(given)):
        assert found[row, : given.lengths[row]].tolist() == truth.best


@pytest.mark.parametrize("seed", range(3))
def test_what_is_forbidden_never_happens(seed: int) -> None:
    """However much the scores speak for it."""
    given = draw(seed, True)
    scores = given.scores.copy()
    scores[:, :, TAGS.index("I-X")] += 20
    own = tensors(given.chain)
    best = chain.best_path(own, tf.constant(scores), tf.constant(given.mask)).numpy()
    probabilities = chain.marginals(own, tf.constant(scores), tf.constant(given.mask)).numpy()
    for row, length in enumerate(given.lengths):
        names = ["O", *(TAGS[tag] for tag in best[row, :length])]
        assert all(before.endswith("-X") for before, now in pairwise(names) if now == "I-X")
    assert probabilities[:, 0, TAGS.index("I-X")].max() < 1e-20


@pytest.mark.parametrize(("seed", "constrained"), DRAWS)
def test_the_gradient_of_the_partition_is_the_marginals(seed: int, constrained: bool) -> None:
    given = draw(seed, constrained)
    scores = tf.constant(given.scores)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        total = chain.log_partition(tensors(given.chain), scores, tf.constant(given.mask))
    gradient = tape.gradient(total, scores).numpy()
    expected = (
        chain.marginals(tensors(given.chain), scores, tf.constant(given.mask)).numpy() * given.mask[..., None]
    )
    np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_the_gradient_reaches_the_chain() -> None:
    """By finite differences: each of start, transitions and end moves the partition as its gradient says."""
    given = draw(0, False)
    own = tensors(given.chain)
    with tf.GradientTape() as tape:
        tape.watch([own.start, own.transitions, own.end])
        total = tf.reduce_sum(chain.log_partition(own, tf.constant(given.scores), tf.constant(given.mask)))
    gradients = tape.gradient(total, [own.start, own.transitions, own.end])
    small = 1e-3
    for name, gradient in zip(("start", "transitions", "end"), gradients, strict=True):
        for place in np.ndindex(*gradient.shape):
            sums = []
            for step in (small, -small):
                arrays = {key: array.astype(np.float64) for key, array in vars(given.chain).items()}
                arrays[name][place] += step
                moved = Draw(Chain(**arrays), given.scores, given.mask)
                sums.append(sum(truth.partition for truth in truths(moved)))
            assert gradient.numpy()[place] == pytest.approx((sums[0] - sums[1]) / (2 * small), abs=1e-3)


def test_in_a_graph_of_unknown_shape() -> None:
    signature = [tf.TensorSpec((None, None, len(TAGS))), tf.TensorSpec((None, None), tf.bool)]
    own = tensors(draw(0, False).chain)

    @tf.function(autograph=False, input_signature=signature)
    def all_of_it(scores: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch(scores)
            total = chain.log_partition(own, scores, mask)
        gradient = tape.gradient(total, scores)
        return total, gradient, chain.marginals(own, scores, mask), chain.best_path(own, scores, mask)

    for lengths in (LENGTHS, (1,), (1, 1), (2,)):
        drawn = draw(0, False, lengths)
        for pad in (0, 1):  # the longest sentence fills the batch, or nothing does
            time = max(lengths) + pad
            given = Draw(drawn.chain, drawn.scores[:, :time], drawn.mask[:, :time])
            total, gradient, marginals, best = (
                array.numpy() for array in all_of_it(given.scores, given.mask)
            )
            for row, truth in enumerate(truths(given)):
                length = lengths[row]
                assert total[row] == pytest.approx(truth.partition, abs=1e-4)
                np.testing.assert_allclose(gradient[row, :length], truth.marginals, atol=1e-5)
                np.testing.assert_allclose(marginals[row, :length], truth.marginals, atol=1e-6)
                assert best[row, :length].tolist() == truth.best


def session(own: Chain) -> onnxruntime.InferenceSession:
    """The recursions of the graph alone: scores and lengths in, best path and ways out."""
    graph = Graph()
    scores = graph.input("scores", "float32", ("batch", "time", len(TAGS)))
    writer = ChainWriter(graph, own, scores, graph.input("lengths", "int32", ("batch",)))
    graph.output(writer.best_path(), outputs.TAGS)
    for output, ways in zip((outputs.FORWARD, outputs.BACKWARD), writer.ways(), strict=True):
        graph.output(ways, output, tags=len(TAGS))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph.finish(), options, providers=["CPUExecutionProvider"])


def normal(ways: Floats) -> Floats:
    """Logarithms of probabilities: of each row only the differences count."""
    return np.asarray(ways - np.logaddexp.reduce(ways, axis=-1, keepdims=True))


@pytest.mark.parametrize(("seed", "constrained"), DRAWS)
def test_the_chain_of_the_graph(seed: int, constrained: bool) -> None:
    given = draw(seed, constrained)
    best, forward, backward = session(given.chain).run(
        None, {"scores": given.scores, "lengths": given.lengths}
    )
    own = tensors(given.chain)
    keras_best = chain.best_path(own, tf.constant(given.scores), tf.constant(given.mask)).numpy()
    keras_marginals = chain.marginals(own, tf.constant(given.scores), tf.constant(given.mask)).numpy()
    marginals = np.exp(normal(forward + backward + given.scores))
    for row, truth in enumerate(truths(given)):
        length = given.lengths[row]
        assert best[row, :length].tolist() == truth.best == keras_best[row, :length].tolist()
        np.testing.assert_allclose(marginals[row, :length], truth.marginals, atol=1e-6)
        np.testing.assert_allclose(marginals[row, :length], keras_marginals[row, :length], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_ways_to_arrive_and_to_go_on(seed: int) -> None:
    """Each by itself, in ONNX and TensorFlow: a row of one and a row of the other are not made up for."""
    given = draw(seed, False, (4,))
    scores = given.scores[:, :4]
    _, forward, backward = session(given.chain).run(None, {"scores": scores, "lengths": given.lengths})
    own, mask = tensors(given.chain), given.mask[:, :4]
    mine = [
        ways.numpy()[:, 0]
        for ways in (chain.forward(own, tf.constant(scores)), chain.backward(own, tf.constant(scores), mask))
    ]
    start, transitions, end = given.chain.start, given.chain.transitions, given.chain.end
    for word in range(4):
        arriving, going = np.full(len(TAGS), -np.inf), np.full(len(TAGS), -np.inf)
        for tag in range(len(TAGS)):
            for path in product(range(len(TAGS)), repeat=word):
                steps = [*path, tag]
                total = start[steps[0]] + sum(scores[0, t, j] for t, j in enumerate(path))
                total += sum(transitions[i, j] for i, j in pairwise(steps))
                arriving[tag] = np.logaddexp(arriving[tag], total)
            for path in product(range(len(TAGS)), repeat=3 - word):
                steps = [tag, *path]
                total = end[steps[-1]] + sum(scores[0, t, j] for t, j in enumerate(path, word + 1))
                total += sum(transitions[i, j] for i, j in pairwise(steps))
                going[tag] = np.logaddexp(going[tag], total)
        np.testing.assert_allclose(mine[0][word], arriving, atol=1e-4)
        np.testing.assert_allclose(normal(mine[1][word]), normal(going), atol=1e-4)
        np.testing.assert_allclose(normal(forward[0, word]), normal(arriving), atol=1e-4)
        np.testing.assert_allclose(normal(backward[0, word]), normal(going), atol=1e-4)


def test_one_word_is_a_batch() -> None:
    given = draw(5, False, (1,))
    scores = given.scores[:, :1]
    best, forward, backward = session(given.chain).run(None, {"scores": scores, "lengths": given.lengths})
    (truth,) = truths(given)
    assert best.tolist() == [truth.best]
    np.testing.assert_allclose(np.exp(normal(forward + backward + scores))[0], truth.marginals, atol=1e-6)


def test_a_long_sentence_keeps_its_digits() -> None:
    """A sum over 3000 words passes 10,000, where float32 has three digits left behind the point."""
    random = np.random.default_rng(0)
    own = draw(0, False).chain
    scores = random.normal(0, 3, (1, 3000, len(TAGS))).astype(np.float32) + np.float32(5)
    lengths = np.array([3000], np.int32)
    mask = np.ones((1, 3000), bool)
    exact, transitions = scores[0].astype(np.float64), own.transitions.astype(np.float64)
    arrived, ahead = [own.start.astype(np.float64)], [own.end.astype(np.float64)]
    for word in range(2999):
        arrived.append(np.logaddexp.reduce((arrived[-1] + exact[word])[:, None] + transitions, axis=0))
        ahead.append(np.logaddexp.reduce(transitions + ahead[-1] + exact[2999 - word], axis=1))
    expected = np.exp(normal(np.array(arrived) + np.array(ahead[::-1]) + exact))
    mine, path = (
        tf.function(lambda scores, of=function: of(tensors(own), scores, tf.constant(mask)))(scores).numpy()
        for function in (chain.marginals, chain.best_path)
    )
    best, forward, backward = session(own).run(None, {"scores": scores, "lengths": lengths})
    np.testing.assert_allclose(mine[0], expected, atol=1e-5)
    np.testing.assert_allclose(np.exp(normal(forward + backward + scores))[0], expected, atol=1e-5)
    assert best.tolist() == path.tolist()


def test_penalties() -> None:
    legal = Legal(np.array([True, False]), np.array([[True, False], [True, True]]), np.array([False, True]))
    found = penalties(legal)
    assert found.start.tolist() == [0.0, FORBIDDEN]
    assert found.transitions.tolist() == [[0.0, FORBIDDEN], [0.0, 0.0]]
    assert found.end.tolist() == [FORBIDDEN, 0.0]
    assert all(array.dtype == np.float32 for array in (found.start, found.transitions, found.end))
