"""The softmax's loss, label smoothing and weights of tags included, against NumPy."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.network.heads.crf import CRFHead
from seqtag.network.heads.softmax import SoftmaxHead
from seqtag.settings.merging import merge
from seqtag.support.errors import UsageError

TAGS = 4
RANDOM = np.random.default_rng(3)
FEATURES = RANDOM.normal(size=(3, 5, 6)).astype(np.float32)
GOLD = RANDOM.integers(0, TAGS, (3, 5)).astype(np.int32)
LENGTHS = np.array([5, 1, 3])
MASK = np.arange(5) < LENGTHS[:, None]
FREQUENCIES = np.array([90, 9, 1, 0])  # the last tag is one that the scheme has and the file has not


def loss_of(head: SoftmaxHead, smoothing: float, weights: NDArray[Any]) -> float:
    """The mean over words, in double precision."""
    kernel, bias = (array.astype(float) for array in head.dense.get_weights())
    total = weight = 0.0
    for row, column in zip(*np.nonzero(MASK), strict=True):
        scores = FEATURES[row, column] @ kernel + bias
        logarithms = scores - np.log(np.exp(scores).sum())
        target = np.full(TAGS, smoothing / TAGS)
        target[GOLD[row, column]] += 1 - smoothing
        own = weights[GOLD[row, column]]
        total -= own * (target @ logarithms)
        weight += own
    return total / weight


def make(**settings: Any) -> SoftmaxHead:
    config = merge({path.replace("__", "."): (value, "test") for path, value in settings.items()})
    head = SoftmaxHead.from_config(config, TAGS, None, FREQUENCIES)
    head.dense.build(FEATURES.shape)
    weights = np.random.default_rng(5)  # the same for all: by chance two losses are nearly equal
    head.dense.set_weights([weights.normal(size=one.shape) for one in head.dense.get_weights()])
    return head


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_the_loss(smoothing: float, weighted: bool) -> None:
    head = make(
        training__label_smoothing=smoothing, training__class_weights="balanced" if weighted else "none"
    )
    weights = 1 / np.maximum(FREQUENCIES, 1) if weighted else np.ones(TAGS)
    found = float(head.loss(FEATURES, GOLD, MASK))
    assert found == pytest.approx(loss_of(head, smoothing, weights), rel=1e-5)
    others = [loss_of(head, smoothing, np.ones(TAGS)), loss_of(head, 0.0, weights)]
    assert (found != pytest.approx(others[0], rel=1e-3)) == weighted
    assert (found != pytest.approx(others[1], rel=1e-3)) == (smoothing > 0)


def test_balanced_weights_are_the_inverse_of_frequency_and_1_on_average() -> None:
    weights = make(training__class_weights="balanced").tag_weights
    assert weights is not None
    np.testing.assert_allclose(weights[:3] * FREQUENCIES[:3], 100 / 3, rtol=1e-6)  # each tag counts the same
    assert (weights * FREQUENCIES).sum() == pytest.approx(FREQUENCIES.sum())
    assert np.isfinite(weights).all()
    assert make().tag_weights is None


def test_what_stands_at_padding_counts_nothing() -> None:
    head = make(training__label_smoothing=0.2, training__class_weights="balanced")
    wild, other = FEATURES.copy(), GOLD.copy()
    wild[~MASK], other[~MASK] = 50.0, 2
    assert float(head.loss(wild, other, MASK)) == pytest.approx(float(head.loss(FEATURES, GOLD, MASK)))


@pytest.mark.parametrize(
    "settings",
    [{"training.label_smoothing": (0.1, "test")}, {"training.class_weights": ("balanced", "test")}],
)
def test_a_crf_refuses_what_other_heads_do(settings: dict[str, tuple[Any, str]]) -> None:
    name = next(iter(settings))
    with pytest.raises(UsageError, match=f"{name} is for the heads softmax and feedback"):
        CRFHead.from_config(merge(settings), 3, None)
