"""The contract of the parts: every cell with every head, and every embedding.

Padding changes nothing, a graph with unknown sizes computes what eager code does, sentences of one word are
sentences, a tiny corpus is learnt, and the graph is the network. A new line in `seqtag.settings.registry` is
tested here without a new line of test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.build import mask_of
from seqtag.network.fit import Trainer
from seqtag.settings import registry

FIRST_CELL, FIRST_HEAD = next(iter(registry.CELLS)), next(iter(registry.HEADS))
CASES: dict[str, dict[str, Any]] = {
    f"{cell}-{head}": {"encoder__cell": cell, "head__name": head}
    for cell in registry.CELLS
    for head in registry.HEADS
}
for _name in registry.HEADS:
    CASES[f"{_name}-plain"] = {"plain": True, "encoder__cell": FIRST_CELL, "head__name": _name}
for _name in registry.EMBEDDINGS:
    CASES[f"embedding-{_name}"] = {"embeddings": [_name], "encoder__cell": FIRST_CELL}
for _name in list(registry.CHARACTER_ENCODERS)[1:]:  # the first is what the default takes
    CASES[f"characters-{_name}"] = {
        "embeddings": ["characters"], "embeddings__characters__encoder": _name, "encoder__cell": FIRST_CELL,
    }  # fmt: skip
CASES["feedback-attention"] = {"head__name": "feedback", "head__attention": True, "encoder__cell": FIRST_CELL}
CASES["options"] = {
    "encoder__cell": "cifg_lstm", "encoder__layers": 2, "encoder__merge_mode": "sum", "encoder__residual": "highway",
    "encoder__attention": "self", "encoder__attention_heads": 2,
}  # fmt: skip
CASES["all-embeddings"] = {"embeddings": list(registry.EMBEDDINGS), "encoder__cell": FIRST_CELL}

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@dataclass(frozen=True)
class Results:
    """All that a network makes of a batch; features at padding are left out, as nobody may read them."""

    features: NDArray[Any]  # (words, dim)
    loss: float
    tags: NDArray[Any]  # (batch, time)
    probabilities: NDArray[Any]  # (batch, time)

    def assert_close(self, other: "Results") -> None:
        np.testing.assert_allclose(self.features, other.features, **CLOSE)
        np.testing.assert_allclose(self.loss, other.loss, **CLOSE)
        np.testing.assert_array_equal(self.tags, other.tags)
        np.testing.assert_allclose(self.probabilities, other.probabilities, **CLOSE)


@dataclass(frozen=True)
class Case:
    toy: Any
    graph: Callable[..., Any]  # all results, for a batch of any size
    trainer: Trainer
    first_weights: dict[str, Any]
    plain: bool
    mask: Callable[..., Any]

    def results(self, batch: Any, *, eager: bool = False) -> Results:
        found = compute(self.toy.network, *batch) if eager else self.graph(*batch)
        features, loss, tags, probabilities = (array.numpy() for array in found)
        return Results(features[self.mask(*batch)], float(loss), tags, probabilities)


def compute(network: Any, inputs: Any, tags: Any) -> Any:
    """Features, loss, tags and probabilities."""
    features = network(inputs, training=False)
    loss = network.head.loss(features, tags, mask_of(inputs["lengths"], features))
    return features, loss, *network.decode(inputs)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, make: Any, inside: Any) -> Case:
    keras.utils.set_random_seed(1)  # whatever was built before: the first weights are the same
    toy = make(**CASES[request.param])
    first = toy.network.named_weights()
    toy.shake()
    signature = [
        {name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in toy.network.inputs_needed.items()},
        tf.TensorSpec((None, None), tf.int32),
    ]
    plain = "plain" in CASES[request.param]
    return Case(
        toy=toy,
        graph=tf.function(lambda inputs, tags: compute(toy.network, inputs, tags), input_signature=signature),
        trainer=Trainer(toy.network, toy.config.training),
        first_weights=first,
        plain=plain,
        mask=inside,
    )


@pytest.fixture
def trained(case: Case, request: pytest.FixtureRequest) -> Case:
    """The case, unless both its cell and its head are others than the first: what a training step does with padding is
    a matter of each by itself, and compiling the steps of all pairs takes a minute.
    """
    chosen = CASES[request.node.callspec.params["case"]]
    firsts = chosen["encoder__cell"] == FIRST_CELL, chosen.get("head__name", FIRST_HEAD) == FIRST_HEAD
    if not any(firsts) and not request.config.getoption("--slow"):
        pytest.skip("slow: run with --slow")
    return case


def test_a_graph_of_unknown_sizes_is_eager_code(case: Case) -> None:
    for numbers in (range(6), [1, 3], [1], [2]):
        batch = case.toy.batch(numbers)
        case.results(batch).assert_close(case.results(batch, eager=True))


def test_a_sentence_alone_is_the_sentence_in_a_batch(case: Case) -> None:
    inputs, tags = batch = case.toy.batch()
    together = case.results(batch)
    ends = np.cumsum(inputs["lengths"])
    losses = 0.0
    for number, (length, end) in enumerate(zip(inputs["lengths"], ends, strict=True)):
        alone = case.results(case.toy.batch([number]))
        np.testing.assert_allclose(alone.features, together.features[end - length : end], **CLOSE)
        np.testing.assert_array_equal(alone.tags[0], together.tags[number, :length])
        np.testing.assert_allclose(alone.probabilities[0], together.probabilities[number, :length], **CLOSE)
        losses += alone.loss * length
    np.testing.assert_allclose(together.loss, losses / ends[-1], **CLOSE)  # the mean over words
    assert len(set(together.tags[case.mask(inputs, tags)].tolist())) > 1  # else equal tags would say nothing
    assert together.features.std() > 0.05


def test_more_padding_changes_nothing(case: Case) -> None:
    narrow, wide = case.results(case.toy.batch()), case.results(case.toy.batch(extra=4))
    time = narrow.tags.shape[1]
    assert not wide.tags[:, time:].any()
    assert not wide.probabilities[:, time:].any()
    narrow.assert_close(Results(wide.features, wide.loss, wide.tags[:, :time], wide.probabilities[:, :time]))


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
    calm_tags, calm_probabilities = network.head.decode(features, mask)
    wild_tags, wild_probabilities = network.head.decode(wild, mask)
    np.testing.assert_array_equal(calm_tags, wild_tags)
    np.testing.assert_allclose(calm_probabilities, wild_probabilities, **CLOSE)
    np.testing.assert_allclose(
        network.head.loss(features, tags, mask), network.head.loss(wild, tags, mask), **CLOSE
    )


def test_what_stands_at_padding_changes_no_gradient(trained: Case) -> None:
    weights = trained.toy.network.named_weights()
    batch = trained.toy.batch()
    calm = trained.trainer.step(*batch)
    trained.toy.network.assign_weights(weights)
    wild = trained.trainer.step(*trained.toy.garbage(*batch))
    trained.toy.network.assign_weights(weights)
    assert calm.gradient_norm == pytest.approx(wild.gradient_norm, rel=1e-4)
    assert calm.loss == pytest.approx(wild.loss, rel=1e-4)


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


def test_a_tiny_corpus_is_learnt(trained: Case) -> None:
    trained.toy.network.assign_weights(trained.first_weights)
    inputs, tags = batch = trained.toy.batch()
    first = trained.trainer.step(*batch).loss
    for _ in range(60):
        last = trained.trainer.step(*batch).loss
    mask = trained.mask(inputs, tags)
    right = (trained.results(batch).tags[mask] == tags[mask]).mean()
    if (
        trained.toy.config.encoder.cell == "dense"
    ):  # it sees no neighbour, and some words have more tags than one
        assert last < first / 2
        assert right > 0.7
    else:
        assert last < first / 4
        assert right > 0.9
