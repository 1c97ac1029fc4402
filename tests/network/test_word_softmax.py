"""Output layers of language models: against the formula in NumPy, their gradients against differences, sums of 1."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.weights import Weights
from seqtag.inference import word_softmax as numpy_softmax
from seqtag.network.heads.word_softmax import ClassSoftmax, FullSoftmax, Tied, word_softmax

Arrays = dict[str, NDArray[Any]]

UNITS = 4
SIZES = (1, 3, 1, 2, 6)
WORDS = sum(SIZES)
ROWS = (
    np.random.default_rng(3).permutation(WORDS) + 2
)  # a table of the input has padding and the unknown word first
KINDS = ("full", "classes", "one class", "tied", "tied full", "projected", "projected full")


def layer_of(kind: str) -> FullSoftmax:
    random = np.random.default_rng(7)
    tied = None
    if "tied" in kind or "projected" in kind:
        dim = UNITS if "tied" in kind else 3
        tied = Tied(keras.Variable(random.normal(size=(WORDS + 2, dim)).astype(np.float32)), ROWS)
    sizes = (WORDS,) if kind == "one class" else SIZES
    layer = FullSoftmax(WORDS, tied) if "full" in kind else ClassSoftmax(sizes, tied)
    layer.build((None, UNITS))
    layer.set_weights([random.normal(size=array.shape) for array in layer.get_weights()])
    return layer


def weights_of(layer: FullSoftmax) -> Arrays:
    """Each weight by its name, that of the input's table too."""
    found = {weight.path.removeprefix("output/"): weight.numpy().astype(float) for weight in layer.weights}
    return found if layer.tied is None else found | {"table": layer.tied.table.numpy().astype(float)}


def log_softmax(scores: Any) -> Any:
    top = scores.max(axis=-1, keepdims=True)
    return scores - top - np.log(np.exp(scores - top).sum(axis=-1, keepdims=True))


def formula(states: Any, weights: Arrays, sizes: Sequence[int]) -> Any:
    """The log-probability of each word, `(n, words)`, in float64."""
    projected = states @ weights["projection/kernel"] if "projection/kernel" in weights else states
    vectors = weights["table"][ROWS] if "table" in weights else weights["words"]
    scores = projected @ vectors.T + weights["word_biases"]
    if "classes/kernel" not in weights:
        return log_softmax(scores)
    classes = log_softmax(states @ weights["classes/kernel"] + weights["classes/bias"])
    ends = np.cumsum((0, *sizes))
    return np.concatenate(
        [classes[:, [c]] + log_softmax(scores[:, i:j]) for c, (i, j) in enumerate(pairwise(ends))], axis=1
    )


def batch(n: int, words: Sequence[int] = range(WORDS)) -> tuple[Any, Any]:
    random = np.random.default_rng(n)
    return random.normal(size=(n, UNITS)).astype(np.float32), random.choice(words, n).astype(np.int32)


def in_a_graph(function: Any, *more: Any) -> Any:
    states = tf.TensorSpec((None, UNITS), tf.float32)
    return tf.function(function, autograph=False, input_signature=[states, *more])


@pytest.mark.parametrize("kind", KINDS)
def test_the_layer_is_its_formula(kind: str) -> None:
    """In one graph for batches of all sizes, with classes that no target has, from none to many states."""
    layer = layer_of(kind)
    call = in_a_graph(layer, tf.TensorSpec((None,), tf.int32))
    every = in_a_graph(layer.distributions)
    sizes = getattr(layer, "sizes", (WORDS,))
    for states, targets in (batch(50), batch(1), batch(3, [0]), batch(9, [4, 8, 9]), batch(0)):
        wanted = formula(states.astype(float), weights_of(layer), sizes)
        np.testing.assert_allclose(every(states), wanted, rtol=1e-5, atol=1e-5)
        own = wanted[np.arange(len(targets)), targets]
        np.testing.assert_allclose(call(states, targets), own, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_words_sum_to_1(kind: str) -> None:
    layer = layer_of(kind)
    states = 3 * batch(20)[0]
    logs = layer.distributions(states).numpy().astype(float)
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=0, atol=1e-6)
    each = [layer(states, np.full(20, word, np.int32)).numpy().astype(float) for word in range(WORDS)]
    np.testing.assert_allclose(np.exp(each).sum(axis=0), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_differences_of_the_formula(kind: str) -> None:
    layer = layer_of(kind)
    sizes = getattr(layer, "sizes", (WORDS,))
    states, targets = batch(12, [0, 1, 3, 4, 7, 8, 12])  # the class of 5 and 6 is not asked for
    shares = np.random.default_rng(5).normal(size=12)
    variables = {weight.path.removeprefix("output/"): weight for weight in layer.weights}
    if layer.tied is not None:
        variables["table"] = layer.tied.table

    def gradients(states: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(states)
            loss = tf.reduce_sum(layer(states, targets) * shares.astype(np.float32))
        found = tape.gradient(loss, {"states": states} | {n: v.value for n, v in variables.items()})
        return {name: tf.convert_to_tensor(gradient) for name, gradient in found.items()}

    found = in_a_graph(gradients, tf.TensorSpec((None,), tf.int32))(states, targets)
    arrays = weights_of(layer) | {"states": states.astype(float)}
    assert found.keys() == arrays.keys()

    def loss() -> float:
        logs = formula(arrays["states"], arrays, sizes)
        return float(logs[np.arange(12), targets] @ shares)

    for name, array in arrays.items():
        wanted = np.empty_like(array)
        for place in np.ndindex(array.shape):
            before = array[place]
            array[place] = before + 1e-5
            above = loss()
            array[place] = before - 1e-5
            wanted[place] = (above - loss()) / 2e-5
            array[place] = before
        assert (np.abs(wanted).max() > 1e-2) == (len(sizes) > 1 or not name.startswith("classes"))
        np.testing.assert_allclose(found[name], wanted, rtol=1e-3, atol=2e-5, err_msg=name)


def test_one_class_is_the_full_softmax() -> None:
    one, full = layer_of("one class"), word_softmax([WORDS])
    assert type(full) is FullSoftmax
    assert type(word_softmax(SIZES)) is ClassSoftmax
    full.build((None, UNITS))
    full.set_weights(one.get_weights()[:2])
    states, targets = batch(30)
    np.testing.assert_allclose(one(states, targets), full(states, targets), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one.distributions(states), full.distributions(states), rtol=1e-6, atol=1e-6)


def test_tied_vectors_are_a_weight_of_the_input_alone() -> None:
    for kind, names in (("tied", []), ("projected", ["projection/kernel"])):
        layer = layer_of(kind)
        assert layer.tied is not None
        paths = [weight.path.removeprefix("output/") for weight in layer.weights]
        assert sorted(paths) == sorted(["word_biases", "classes/kernel", "classes/bias", *names])
        states, targets = batch(10)
        before = layer(states, targets).numpy()
        layer.tied.table.assign(2 * layer.tied.table)
        assert np.abs(layer(states, targets).numpy() - before).max() > 0.1


def test_large_scores_give_finite_logarithms() -> None:
    for kind in KINDS:
        logs = layer_of(kind).distributions(np.full((1, UNITS), 1e4, np.float32)).numpy()
        assert np.isfinite(logs).all()


def test_training_learns_a_distribution() -> None:
    """With one state, the probabilities become the relative frequencies of the words, whatever the classes."""
    layer = ClassSoftmax(SIZES)
    layer.build((None, UNITS))
    counts = np.arange(1, WORDS + 1)
    targets = np.repeat(np.arange(WORDS, dtype=np.int32), counts)
    states = np.ones((len(targets), UNITS), np.float32)

    def step(states: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(layer(states, targets))
        for weight, gradient in zip(layer.weights, tape.gradient(loss, layer.weights), strict=True):
            weight.assign_sub(gradient)
        return loss

    step = in_a_graph(step, tf.TensorSpec((None,), tf.int32))
    for _ in range(300):
        step(states, targets)
    found = np.exp(layer.distributions(states[:1]).numpy()[0])
    np.testing.assert_allclose(found, counts / counts.sum(), rtol=0, atol=2e-3)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "one class"])
@pytest.mark.parametrize("at_once", [numpy_softmax.STATES, 3])
def test_numpy_computes_the_same(kind: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the weights of a file, in few pieces and in many."""
    monkeypatch.setattr(numpy_softmax, "STATES", at_once)
    layer = layer_of(kind)
    weights = Weights.of_arrays({weight.path: weight.numpy() for weight in layer.weights})
    tied = None if layer.tied is None else layer.tied.table.numpy()[ROWS]
    own = numpy_softmax.WordSoftmax.of_weights(weights, getattr(layer, "sizes", (WORDS,)), UNITS, tied)
    weights.check_all()
    for states, targets in (batch(50), batch(1), batch(7, [0, 12]), batch(0)):
        for scale, tolerance in ((1, 1e-5), (1000, 2e-3)):  # the digits that float32 has for such scores
            many = (scale * states, targets)
            found, wanted = own.log_probabilities(*many), layer(*many).numpy()
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=tolerance)
            found, wanted = own.distributions(many[0]), layer.distributions(many[0]).numpy()
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=tolerance)
