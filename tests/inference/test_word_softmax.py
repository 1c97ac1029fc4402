"""The output layer of a language model in NumPy; that it computes what Keras does, tests/network checks."""

import doctest

import numpy as np
import pytest

from seqtag.graph.weights import Weights
from seqtag.inference import word_softmax
from seqtag.inference.word_softmax import WordSoftmax

SIZES = (1, 2, 300)
WORDS = sum(SIZES)
RANDOM = np.random.default_rng(1)
ARRAYS = {
    "output/words": RANDOM.normal(size=(WORDS, 4)).astype(np.float32),
    "output/word_biases": RANDOM.normal(size=WORDS).astype(np.float32),
    "output/classes/kernel": RANDOM.normal(size=(4, 3)).astype(np.float32),
    "output/classes/bias": RANDOM.normal(size=3).astype(np.float32),
}
STATES = RANDOM.normal(size=(20, 4)).astype(np.float32)


def test_the_example() -> None:
    assert doctest.testmod(word_softmax).attempted
    assert not doctest.testmod(word_softmax).failed


@pytest.mark.parametrize("sizes", [SIZES, (WORDS,)])
def test_probabilities_sum_to_1_and_agree(sizes: tuple[int, ...]) -> None:
    layer = WordSoftmax.of_weights(Weights.of_arrays(ARRAYS), sizes, 4)
    logs = layer.distributions(STATES)
    np.testing.assert_allclose(np.exp(logs.astype(float)).sum(axis=1), 1, rtol=0, atol=1e-6)
    for word in range(WORDS):
        found = layer.log_probabilities(STATES, np.full(20, word))
        np.testing.assert_allclose(found, logs[:, word], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ARRAYS)
def test_weights_of_another_layer(name: str) -> None:
    missing = Weights.of_arrays({path: array for path, array in ARRAYS.items() if path != name})
    with pytest.raises(ValueError, match=f"the weight {name} is missing"):
        WordSoftmax.of_weights(missing, SIZES, 4)
    misshapen = Weights.of_arrays({**ARRAYS, name: ARRAYS[name][1:]})
    with pytest.raises(ValueError, match=f"the weight {name} has the shape"):
        WordSoftmax.of_weights(misshapen, SIZES, 4)
    with pytest.raises(ValueError, match="the weight output/projection/kernel is missing"):
        WordSoftmax.of_weights(Weights.of_arrays(ARRAYS), SIZES, 4, np.ones((WORDS, 5), np.float32))
