"""The contract of the parts: every cell with every head, and every embedding.

Padding changes nothing, a graph with unknown sizes computes what eager code does, gradients included, sentences of
one word are sentences, a tiny corpus is learnt, and the graph is the network. A new line in `seqtag.settings.registry`
is tested here without a new line of test. Without --slow, one of each pair of cell and head is the first of its table;
`test_parity` has all pairs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.build import mask_of
from seqtag.network.fit import Trainer, summed
from seqtag.settings import registry

FIRST_CELL, FIRST_HEAD = next(iter(registry.CELLS)), next(iter(registry.HEADS))
CASES: dict[str, dict[str, Any]] = {
    f"{cell}-{head}": {"encoder__cell": cell, "head__name": head}
    for cell in registry.CELLS
    for head in registry.HEADS
}
SLOW = {
    name
    for name, pair in CASES.items()
    if pair["encoder__cell"] != FIRST_CELL and pair["head__name"] != FIRST_HEAD
}
for _name in list(registry.HEADS)[1:]:  # the first has each embedding so
    CASES[f"{_name}-plain"] = {"plain": True, "encoder__cell": FIRST_CELL, "head__name": _name}
SIMPLE = {"plain": True, "encoder__cell": FIRST_CELL, "head__name": FIRST_HEAD}
for _name in list(registry.EMBEDDINGS)[1:]:  # all others have the first
    CASES[f"embedding-{_name}"] = {"embeddings": [_name], **SIMPLE}
for _name in list(registry.CHARACTER_ENCODERS)[1:]:  # the first is what the default takes
    CASES[f"characters-{_name}"] = {
        "embeddings": ["characters"], "embeddings__characters__encoder": _name, **SIMPLE,
    }  # fmt: skip
CASES["feedback-attention"] = {"head__name": "feedback", "head__attention": True, "encoder__cell": FIRST_CELL}
CASES["options"] = {
    "encoder__cell": "cifg_lstm", "encoder__layers": 2, "encoder__merge_mode": "sum", "encoder__residual": "highway",
    "encoder__attention": "self", "encoder__attention_heads": 2,
}  # fmt: skip
CASES["all-embeddings"] = {"embeddings": list(registry.EMBEDDINGS), **SIMPLE, "plain": False}
TRAINED = [*(f"{FIRST_CELL}-{head}" for head in registry.HEADS), "all-embeddings"]

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@dataclass(frozen=True)
class Results:
    """All that a network makes of a batch; features at padding are left out, as nobody may read them."""

    features: NDArray[Any]  # (words, dim)
    loss: float
    tags: NDArray[Any]  # (batch, time)
    probabilities: NDArray[Any]  # (batch, time)
    gradients: list[NDArray[Any]]  # of each weight

    def assert_close(self, other: "Results") -> None:
        np.testing.assert_allclose(self.features, other.features, **CLOSE)
        np.testing.assert_allclose(self.loss, other.loss, **CLOSE)
        np.testing.assert_array_equal(self.tags, other.tags)
        np.testing.assert_allclose(self.probabilities, other.probabilities, **CLOSE)
        for one, two in zip(self.gradients, other.gradients, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5 * max(1, np.abs(two).max()))


@dataclass(frozen=True)
class Case:
    name: str
    toy: Any
    learn: Callable[..., Any]  # features, loss and gradients of a batch of any size, in a graph
    decode: Callable[..., Any]  # tags and probabilities of features and mask, likewise
    first_weights: dict[str, Any]
    plain: bool
    mask: Callable[..., Any]

    def results(self, batch: Any, *, eager: bool = False) -> Results:
        network, mask = self.toy.network, self.mask(*batch)
        features, loss, gradients = learn(network, *batch) if eager else self.learn(*batch)
        tags, probabilities = (network.head.decode if eager else self.decode)(features, mask)
        return Results(
            features.numpy()[mask],
            float(loss),
            tags.numpy(),
            probabilities.numpy(),
            [gradient.numpy() for gradient in gradients],
        )

    @cached_property
    def eager(self) -> Results:
        """Of the whole corpus."""
        return self.results(self.toy.batch(), eager=True)


def learn(network: Any, inputs: Any, tags: Any) -> Any:
    """Features, loss, and the gradient of each weight."""
    with tf.GradientTape() as tape:
        features = network(inputs, training=False)
        loss = network.head.loss(features, tags, mask_of(inputs["lengths"], features))
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    return features, loss, [summed(gradient) for gradient in gradients]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES],
)
def case(request: pytest.FixtureRequest, make: Any, inside: Any) -> Case:
    keras.utils.set_random_seed(1)  # whatever was built before: the first weights are the same
    toy = make(**CASES[request.param])
    first = toy.network.named_weights()
    toy.shake()
    network = toy.network
    inputs = {name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in network.inputs_needed.items()}
    features = tf.TensorSpec((None, None, network(network.one_word).shape[-1]), tf.float32)
    return Case(
        name=request.param,
        toy=toy,
        learn=tf.function(
            lambda inputs, tags: learn(network, inputs, tags),
            autograph=False,
            input_signature=[inputs, tf.TensorSpec((None, None), tf.int32)],
        ),
        decode=tf.function(
            network.head.decode,
            autograph=False,
            input_signature=[features, tf.TensorSpec((None, None), tf.bool)],
        ),
        first_weights=first,
        plain=CASES[request.param].get("plain", False),
        mask=inside,
    )


def test_a_graph_of_unknown_sizes_is_eager_code(case: Case) -> None:
    case.results(case.toy.batch()).assert_close(case.eager)
    word = case.toy.batch([1])
    case.results(word).assert_close(case.results(word, eager=True))
    assert len(case.eager.gradients) == len(case.toy.network.trainable_variables)
    assert all(gradient.any() for gradient in case.eager.gradients)


def test_a_sentence_alone_is_the_sentence_in_a_batch(case: Case) -> None:
    inputs, tags = batch = case.toy.batch()
    together = case.results(batch)
    ends = np.cumsum(inputs["lengths"])
    alone = [case.results(case.toy.batch([number])) for number in range(len(ends))]
    for number, (length, end) in enumerate(zip(inputs["lengths"], ends, strict=True)):
        np.testing.assert_allclose(alone[number].features, together.features[end - length : end], **CLOSE)
        np.testing.assert_array_equal(alone[number].tags[0], together.tags[number, :length])
        np.testing.assert_allclose(
            alone[number].probabilities[0], together.probabilities[number, :length], **CLOSE
        )
    shares = inputs["lengths"] / ends[-1]  # the loss is the mean over words
    mean = sum(share * one.loss for share, one in zip(shares, alone, strict=True))
    gradients = [
        sum(map(np.multiply, shares, each)) for each in zip(*(one.gradients for one in alone), strict=True)
    ]
    replace(together, loss=mean, gradients=gradients).assert_close(together)
    assert len(set(together.tags[case.mask(inputs, tags)].tolist())) > 1  # else equal tags would say nothing
    assert together.features.std() > 0.05


def test_more_padding_changes_nothing(case: Case) -> None:
    narrow, wide = case.results(case.toy.batch()), case.results(case.toy.batch(extra=4))
    time = narrow.tags.shape[1]
    assert not wide.tags[:, time:].any()
    assert not wide.probabilities[:, time:].any()
    narrow.assert_close(replace(wide, tags=wide.tags[:, :time], probabilities=wide.probabilities[:, :time]))


def test_what_stands_at_padding_changes_nothing(case: Case) -> None:
    for extra in (0, 2):
        batch = case.toy.batch(extra=extra)
        changed = case.toy.garbage(*batch)
        assert any((changed[0][name] != array).any() for name, array in batch[0].items())
        assert (changed[1] != batch[1]).any()
        case.results(batch).assert_close(case.results(changed))


def test_features_at_padding_change_nothing(case: Case) -> None:
    inputs, tags = case.toy.batch()
    network = case.toy.network
    features = network(inputs).numpy()
    mask = case.mask(inputs, tags)
    wild = np.where(mask[..., None], features, 1e3 * np.random.default_rng(2).normal(size=features.shape))
    wild = wild.astype(np.float32)
    found_tags, probabilities = case.decode(wild, mask)
    np.testing.assert_array_equal(case.eager.tags, found_tags)
    np.testing.assert_allclose(case.eager.probabilities, probabilities, **CLOSE)
    np.testing.assert_allclose(case.eager.loss, network.head.loss(wild, tags, mask), **CLOSE)


def test_tags_and_probabilities_are_such(case: Case, legal: Any) -> None:
    inputs, tags = case.toy.batch(extra=1)
    found = case.results((inputs, tags))
    mask = case.mask(inputs, tags)
    assert found.tags.shape == found.probabilities.shape == mask.shape
    assert found.tags.dtype == np.int32
    assert not found.tags[~mask].any()
    assert not found.probabilities[~mask].any()
    assert (found.probabilities[mask] > 0).all()
    assert (found.probabilities[mask] < 1 + 1e-5).all()
    if not case.plain:
        for row, length in zip(found.tags, inputs["lengths"], strict=True):
            path = row[:length]
            assert legal.start[path[0]]
            assert legal.end[path[-1]]
            assert legal.transitions[path[:-1], path[1:]].all()


def test_the_exported_network_is_the_network(case: Case, run_onnx: Any) -> None:
    exported = case.toy.export()
    for numbers, extra in ((range(6), 0), (range(6), 3), ([1, 3], 0), ([1], 0), ([2], 1)):
        inputs, tags = case.toy.batch(numbers, extra)
        found = case.results((inputs, tags))
        best, probabilities = run_onnx(exported, inputs)
        mask = case.mask(inputs, tags)
        np.testing.assert_array_equal(best[mask], found.tags[mask])
        np.testing.assert_allclose(probabilities[mask], found.probabilities[mask], rtol=0, atol=1e-5)


def descend(case: Case, batch: Any) -> Iterator[float]:
    """The losses of 31 steps of Adam (Kingma and Ba 2015), by the gradients of the graph."""
    variables = case.toy.network.trainable_variables
    means, squares = [0.0] * len(variables), [0.0] * len(variables)
    for step in range(1, 32):
        _, loss, gradients = case.learn(*batch)
        yield float(loss)
        rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        for number, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):
            means[number] = 0.9 * means[number] + 0.1 * gradient.numpy()
            squares[number] = 0.999 * squares[number] + 0.001 * gradient.numpy() ** 2
            variable.assign(variable.numpy() - rate * means[number] / (np.sqrt(squares[number]) + 1e-7))


def train(case: Case, batch: Any) -> Iterator[float]:
    """The losses of 61 steps as training makes them, of which the first is looked at."""
    network = case.toy.network
    trainer = Trainer(network, case.toy.config.training)
    assert len(trainer.tables) == len(network.lookups)
    *_, gradients = case.learn(*batch)
    before = [variable.numpy() for variable in network.trainable_variables]
    yield trainer.step(*batch).loss
    trainer.settle()
    for variable, old, gradient in zip(network.trainable_variables, before, gradients, strict=True):
        large = (
            np.abs(gradient) > 1e-4
        )  # Adam's first step is the learning rate, whatever the gradient's size
        moved = (old - variable.numpy())[large]
        np.testing.assert_allclose(moved, 0.05 * np.sign(gradient)[large], rtol=0.1)
    for _ in range(60):
        yield trainer.step(*batch).loss
    trainer.settle()


def test_a_tiny_corpus_is_learnt(case: Case) -> None:
    """By the training step with each head and with all tables of embeddings, else by the same gradients without it."""
    case.toy.network.assign_weights(case.first_weights)
    inputs, tags = batch = case.toy.batch()
    losses = [*(train if case.name in TRAINED else descend)(case, batch)]
    mask = case.mask(inputs, tags)
    right = (case.results(batch).tags[mask] == tags[mask]).mean()
    # A dense cell sees no neighbour, and some words have more tags than one.
    share, least = (1 / 2, 0.7) if case.toy.config.encoder.cell == "dense" else (1 / 4, 0.9)
    assert losses[-1] < losses[0] * share
    assert right > least
