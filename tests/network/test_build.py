"""The network as a whole: its inputs, its weights by name, its dropout, its ONNX file."""

from itertools import cycle, islice
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf

from seqtag.network.build import mask_of
from seqtag.network.fit import Trainer
from seqtag.settings import registry

# Each head and each encoder of characters once: neither knows of the other.
PARTS = list(
    islice(
        zip(cycle(registry.HEADS), cycle(registry.CHARACTER_ENCODERS), strict=False),
        max(len(registry.HEADS), len(registry.CHARACTER_ENCODERS)),
    )
)
EVERY = ("word", "vectors", "characters", "shape", "bigrams", "bigram_vectors", "columns", "lm")

SIMPLE = {"encoder__cell": "simplernn", "head__name": "softmax", "plain": True}


@pytest.fixture(scope="module")
def toy(make: Any) -> Any:
    return make(encoder__layers=2).shake()


def test_a_mask_is_true_on_words() -> None:
    features = tf.zeros((3, 4, 2))
    wanted = [[True, False, False, False], [True] * 4, [True, True, False, False]]
    assert mask_of(tf.constant([1, 4, 2]), features).numpy().tolist() == wanted


def test_the_network_says_what_it_reads(toy: Any) -> None:
    needed = toy.network.inputs_needed
    assert list(needed) == ["lengths", "words"]
    for name, array in toy.batch()[0].items():
        assert array.dtype == needed[name].dtype
        assert array.ndim == len(needed[name].shape)
        assert all(size in (None, found) for size, found in zip(needed[name].shape, array.shape, strict=True))


@pytest.mark.parametrize(("head", "characters"), PARTS)
def test_every_weight_has_a_name_of_its_own(head: str, characters: str, make: Any) -> None:
    settings = {"embeddings__characters__encoder": characters, "encoder__layers": 2, "encoder__dropout": 0.5}
    network = make(EVERY, head__name=head, **settings).network
    names = network.named_weights()
    assert len(names) == len(network.tagger_weights)
    assert sum(array.size for array in names.values()) == sum(
        int(np.prod(weight.shape)) for weight in network.trainable_variables
    )
    assert all(array.dtype == np.float32 for array in names.values())
    again = make(EVERY, head__name=head, **settings).network
    assert list(again.named_weights()) == list(names)  # whatever was built before in this process


def test_weights_go_out_and_in(toy: Any, make: Any) -> None:
    inputs, _ = toy.batch()
    weights = toy.network.named_weights()
    other = make(encoder__layers=2)
    assert (other.network(inputs).numpy() != toy.network(inputs).numpy()).any()
    other.network.assign_weights(weights)
    for one, two in zip(other.network.decode(inputs), toy.network.decode(inputs), strict=True):
        np.testing.assert_array_equal(one, two)
    assert other.export() == toy.export()


def test_weights_are_copies(make: Any) -> None:
    """The best epoch's weights are kept while training goes on."""
    toy = make()
    kept = toy.network.named_weights()
    before = {name: array.copy() for name, array in kept.items()}
    toy.shake()
    assert all((kept[name] == before[name]).all() for name in kept)


def test_a_weight_that_is_missing_or_of_another_shape_is_no_weight(make: Any) -> None:
    network = make().network
    weights = network.named_weights()
    name = next(iter(weights))
    with pytest.raises(ValueError, match="shape"):
        network.assign_weights(weights | {name: weights[name][:-1]})
    del weights[name]
    with pytest.raises(KeyError):
        network.assign_weights(weights)


def test_words_start_in_their_bounds(make: Any) -> None:
    """Lample et al. 2016: uniform in +-sqrt(3 / dim)."""
    table = make(embeddings__word__dim=48).network.named_weights()["word/table/embeddings"]
    assert table.shape[1] == 48
    assert 0.24 < np.abs(table).max() <= 0.25
    assert abs(table.var() - 1 / 48) < 0.004


def test_vectors_that_are_not_trained_stay(make: Any) -> None:
    toy = make(**SIMPLE, embeddings__word__trainable=False)
    before = toy.network.named_weights()
    Trainer(toy.network, toy.config.training).step(*toy.batch())
    after = toy.network.named_weights()
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert changed == before.keys() - {"word/table/embeddings"}


@pytest.mark.parametrize("path", ["embeddings__dropout", "encoder__dropout", "encoder__recurrent_dropout"])
def test_dropout_acts_in_training_and_never_in_decoding(path: str, make: Any) -> None:
    toy = make(**SIMPLE, **{path: 0.5}).shake()
    inputs, tags = toy.batch()
    network = toy.network
    losses = {float(network.loss_of(inputs, tags, training=True)) for _ in range(4)}
    assert len(losses) > 1
    assert len({float(network.loss_of(inputs, tags)) for _ in range(2)}) == 1
    plain = make(**SIMPLE).shake()
    plain.network.assign_weights(network.named_weights())
    for one, two in zip(network.decode(inputs), plain.network.decode(inputs), strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)
    assert toy.export() == plain.export()


def test_dropout_of_the_vectors_is_the_same_at_each_word(make: Any) -> None:
    network = make(embeddings__word__dim=40, embeddings__dropout=0.5).network
    seen = []
    inner = network.encoder.call
    network.encoder.call = lambda vectors, *rest, **more: (
        seen.append(vectors.numpy()),
        inner(vectors, *rest, **more),
    )[1]
    words = np.full((3, 4), 2, np.int32)
    network({"words": words, "lengths": np.full(3, 4, np.int32)}, training=True)
    assert (seen[0] == seen[0][:, :1]).all()
    assert 0.3 < (seen[0] == 0).mean() < 0.7


def test_the_onnx_file_is_plain(toy: Any) -> None:
    exported = toy.export()
    assert exported == toy.export()
    model = onnx.load_from_string(exported)
    assert [entry.name for entry in model.graph.input] == ["lengths", "words"]
    assert [entry.name for entry in model.graph.output][:2] == ["tags", "probabilities"]
    assert {node.domain for node in model.graph.node} == {""}
    sizes = [dimension.dim_param for dimension in model.graph.input[1].type.tensor_type.shape.dim]
    assert sizes == ["batch", "time"]
