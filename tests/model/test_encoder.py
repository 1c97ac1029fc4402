"""Directions, layers and dropout of the encoder."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.model.encoder import Encoder, variational_dropout

Array = NDArray[Any]

LENGTHS = np.array([1, 5, 3], np.int32)
X = np.random.default_rng(8).normal(0, 1, (3, 6, 2)).astype(np.float32)


def states(x: Array, weights: list[Array]) -> Array:
    """The forward formula of the plain recurrent network (Elman 1990) over one sentence."""
    kernel, recurrent, bias = weights
    state, found = np.zeros(len(recurrent)), []
    for word in x:
        state = np.tanh(word @ kernel + state @ recurrent + bias)
        found.append(state)
    return np.array(found)


def built(settings: Any, x: Array = X) -> Encoder:
    encoder = Encoder(settings)
    encoder(x, LENGTHS)
    random = np.random.default_rng(6)
    for layers in encoder.stack:
        for layer in layers:
            layer.set_weights([random.normal(0, 0.7, weight.shape) for weight in layer.get_weights()])
    return encoder


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_encoder_is_the_formula_run_both_ways(
    layers: int, bidirectional: bool, encoder_settings: Any
) -> None:
    encoder = built(encoder_settings(cell="simplernn", layers=layers, bidirectional=bidirectional))
    found = encoder(X, LENGTHS).numpy()
    assert found.shape == (3, 6, 8 if bidirectional else 4)
    for sentence, length in enumerate(LENGTHS):
        wanted = X[sentence, :length]
        for forward, *backward in encoder.stack:
            ways = [states(wanted, forward.get_weights())]
            ways += [states(wanted[::-1], layer.get_weights())[::-1] for layer in backward]
            wanted = np.concatenate(ways, axis=-1)
        np.testing.assert_allclose(found[sentence, :length], wanted, rtol=1e-4, atol=1e-5)


def test_the_directions_have_weights_of_their_own(encoder_settings: Any) -> None:
    encoder = Encoder(encoder_settings(cell="simplernn", layers=2))
    encoder(X, LENGTHS)
    kernels = [layer.get_weights()[0] for layers in encoder.stack for layer in layers]
    assert [kernel.shape for kernel in kernels] == [(2, 4), (2, 4), (8, 4), (8, 4)]
    assert (kernels[0] != kernels[1]).any()
    assert (kernels[2] != kernels[3]).any()


# ------------------------------------------------------------------------------------------------------------
# Dropout


def test_dropout_drops_the_same_at_each_step() -> None:
    rate = 0.25
    dropout = variational_dropout(rate, "dropout")
    x = np.ones((40, 6, 50), np.float32)
    found = dropout(x, training=True).numpy()
    assert (found == found[:, :1]).all()
    np.testing.assert_allclose(np.unique(found), [0, 1 / (1 - rate)], rtol=1e-6)
    assert abs((found[:, 0] == 0).mean() - rate) < 0.05
    assert len(np.unique(found[:, 0], axis=0)) == 40  # each sentence has a mask of its own
    assert (dropout(x, training=True).numpy() != found).any()
    np.testing.assert_array_equal(dropout(x, training=False), x)


def test_the_encoder_drops_its_outputs_in_training_alone(encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="simplernn", units=20, dropout=0.5))
    lengths = np.array([6, 6, 6], np.int32)
    calm = encoder(X, lengths).numpy()
    np.testing.assert_array_equal(calm, encoder(X, lengths, training=False))
    found = encoder(X, lengths, training=True).numpy()
    dropped = found == 0
    assert (dropped == dropped[:, :1]).all()  # a component is dropped at all steps of a sentence or at none
    assert 0.3 < dropped[:, 0].mean() < 0.7
    np.testing.assert_allclose(found[~dropped], 2 * calm[~dropped], rtol=1e-5)


def test_every_layer_has_its_dropout(encoder_settings: Any) -> None:
    encoder = Encoder(encoder_settings(layers=3, dropout=0.3))
    assert [layer.rate for layer in encoder.dropouts] == [0.3] * 3
    assert len({id(layer) for layer in encoder.dropouts}) == 3
    encoder = built(encoder_settings(cell="simplernn", layers=2, dropout=0.5))
    encoder.dropouts[1].rate = 0.0
    assert (encoder(X, LENGTHS, training=True).numpy() != encoder(X, LENGTHS).numpy()).any()


def test_recurrent_dropout_is_the_same_at_each_step(encoder_settings: Any) -> None:
    """An impulse that the identity carries on: each component survives all steps or none."""
    units, rate = 30, 0.5
    encoder = Encoder(
        encoder_settings(
            cell="simplernn", units=units, activation="linear", recurrent_initializer="identity",
            kernel_initializer="identity", recurrent_dropout=rate, bidirectional=False,
        )
    )  # fmt: skip
    x = np.zeros((4, 5, units), np.float32)
    x[:, 0] = 1
    lengths = np.full(4, 5, np.int32)
    np.testing.assert_allclose(encoder(x, lengths), 1)
    found = encoder(x, lengths, training=True).numpy()
    alive = found[:, 1] != 0
    assert 0.3 < alive.mean() < 0.7
    for step in range(5):
        np.testing.assert_allclose(found[:, step][alive], (1 / (1 - rate)) ** step, rtol=1e-5)
        assert step == 0 or not found[:, step][~alive].any()
