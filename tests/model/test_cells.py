"""Cells against loops written from the papers' formulas, and against the ONNX operator that each exports."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag import parts
from seqtag.config import ACTIVATIONS, INITIALIZERS
from seqtag.model.cells.base import ONNX_ACTIVATIONS

Array = NDArray[Any]
Function = Callable[[Array], Array]

FUNCTIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "linear": lambda x: x,
}


def elman(x: Array, weights: list[Array], f: Function, _: Function) -> Array:
    """Elman 1990: h_t = f(W x_t + U h_{t-1} + b)."""
    kernel, recurrent, bias = weights
    state, states = np.zeros(recurrent.shape[0]), []
    for word in x:
        state = f(word @ kernel + state @ recurrent + bias)
        states.append(state)
    return np.array(states)


def hochreiter(x: Array, weights: list[Array], f: Function, gate: Function) -> Array:
    """Hochreiter 1997, Gers et al. 2000: c_t = keep c_{t-1} + enter f(...); h_t = leave f(c_t)."""
    (wi, wf, wc, wo), (ui, uf, uc, uo), (bi, bf, bc, bo) = (np.split(array, 4, axis=-1) for array in weights)
    h, c, states = np.zeros(ui.shape[0]), np.zeros(ui.shape[0]), []
    for word in x:
        enter = gate(word @ wi + h @ ui + bi)
        keep = gate(word @ wf + h @ uf + bf)
        leave = gate(word @ wo + h @ uo + bo)
        c = keep * c + enter * f(word @ wc + h @ uc + bc)
        h = leave * f(c)
        states.append(h)
    return np.array(states)


def cho(x: Array, weights: list[Array], f: Function, gate: Function) -> Array:
    """Cho et al. 2014, reset after the product: h_t = z h_{t-1} + (1 - z) f(W x + r (U h + b))."""
    kernel, recurrent, (bias, recurrent_bias) = weights
    (wz, wr, wh), (uz, ur, uh) = np.split(kernel, 3, axis=-1), np.split(recurrent, 3, axis=-1)
    (bz, br, bh), (cz, cr, ch) = np.split(bias, 3), np.split(recurrent_bias, 3)
    h, states = np.zeros(uz.shape[0]), []
    for word in x:
        update = gate(word @ wz + bz + h @ uz + cz)
        reset = gate(word @ wr + br + h @ ur + cr)
        h = update * h + (1 - update) * f(word @ wh + bh + reset * (h @ uh + ch))
        states.append(h)
    return np.array(states)


FORMULAS = {"simplernn": elman, "lstm": hochreiter, "gru": cho}


def new_layer(name: str, settings: Any, dim: int = 3) -> tuple[Any, Any]:
    """A cell, and a layer of it with random weights."""
    cell = parts.load(parts.CELLS, name)(settings)
    layer = cell.layer("layer")
    layer.build((None, None, dim))
    random = np.random.default_rng(4)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    return cell, layer


@pytest.mark.parametrize(
    ("activation", "gate"), [(None, None), ("softsign", "hard_sigmoid"), ("elu", "tanh")]
)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_cell_is_its_formula(
    name: str, activation: str | None, gate: str | None, encoder_settings: Any
) -> None:
    cell, layer = new_layer(name, encoder_settings(activation=activation, recurrent_activation=gate))
    x = np.random.default_rng(1).normal(0, 1, (2, 7, 3))
    found = cell.run(layer, x.astype(np.float32), False).numpy()
    f, g = FUNCTIONS[activation or "tanh"], FUNCTIONS[gate or "sigmoid"]
    for sentence, states in zip(x, found, strict=True):
        wanted = FORMULAS[name](sentence, layer.get_weights(), f, g)
        np.testing.assert_allclose(states, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", [None, "softsign", "relu", "sigmoid"])
@pytest.mark.parametrize("name", parts.CELLS)
def test_a_cells_own_way_is_its_keras_layer(name: str, activation: str | None, encoder_settings: Any) -> None:
    """Outputs, and the gradients of inputs and weights, in a graph of unknown sizes; one step included."""
    cell, layer = new_layer(name, encoder_settings(activation=activation))
    weights = [weight.value for weight in layer.trainable_variables]
    random = np.random.default_rng(9)

    def results(x: Any, upstream: Any, run: Callable[[Any], Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = run(x)
            total = tf.reduce_sum(outputs * upstream)
        return [outputs, *tape.gradient(total, [x, *weights])]

    unknown = [tf.TensorSpec((None, None, size), tf.float32) for size in (3, 4)]
    graph = tf.function(
        lambda x, upstream: results(x, upstream, lambda x: cell.run(layer, x, True)), input_signature=unknown
    )
    for batch, time in ((2, 6), (3, 1), (1, 9)):
        x, upstream = (tf.constant(random.normal(0, 1, (batch, time, n)), tf.float32) for n in (3, 4))
        for found, wanted in zip(graph(x, upstream), results(x, upstream, layer), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_keras_and_numpy_mean_the_same_activation(activation: str) -> None:
    import keras

    x = np.linspace(-4, 4, 33)
    found = keras.activations.get(activation)(x.astype(np.float32))
    np.testing.assert_allclose(found, FUNCTIONS[activation](x), rtol=1e-5, atol=1e-6)


def test_every_activation_has_an_onnx_operator() -> None:
    assert set(ONNX_ACTIVATIONS) == set(ACTIVATIONS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", parts.CELLS)
def test_settings_reach_the_layer(name: str, encoder_settings: Any) -> None:
    cell = parts.load(parts.CELLS, name)
    zeros = cell(encoder_settings(kernel_initializer="zeros")).layer("a")
    zeros.build((None, None, 3))
    assert not zeros.get_weights()[0].any()
    assert zeros.get_weights()[1].any()
    zeros = cell(encoder_settings(recurrent_initializer="zeros")).layer("a")
    zeros.build((None, None, 3))
    assert zeros.get_weights()[0].any()
    assert not zeros.get_weights()[1].any()
    made = cell(
        encoder_settings(units=5, recurrent_dropout=0.25, activation="relu", recurrent_activation="tanh")
    )
    config = made.layer("b").get_config()
    assert (config["units"], config["activation"], config["name"]) == (5, "relu", "b")
    assert config["recurrent_dropout"] == 0.25
    assert config["dropout"] == 0
    assert config["return_sequences"]
    if made.gated:
        assert config["recurrent_activation"] == "tanh"


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_every_initializer_is_one(initializer: str, encoder_settings: Any) -> None:
    settings = encoder_settings(units=3, kernel_initializer=initializer, recurrent_initializer=initializer)
    layer = parts.load(parts.CELLS, "simplernn")(settings).layer("a")
    layer.build((None, None, 3))
    kernel, recurrent, _ = layer.get_weights()
    assert np.isfinite(kernel).all()
    assert np.isfinite(recurrent).all()


def test_the_forget_gate_starts_open(encoder_settings: Any) -> None:
    layer = parts.load(parts.CELLS, "lstm")(encoder_settings()).layer("a")
    layer.build((None, None, 3))
    assert layer.get_weights()[2].tolist() == [0] * 4 + [1] * 4 + [0] * 8


# ------------------------------------------------------------------------------------------------------------
# Export


def agrees(toy: Any, inside: Any, run_onnx: Any) -> None:
    inputs, batch_tags = toy.batch()
    tags, probabilities = (array.numpy() for array in toy.network.decode(inputs))
    best, scores = run_onnx(toy.network.export(), inputs)
    mask = inside(inputs, batch_tags)
    np.testing.assert_allclose(scores[mask], probabilities[mask], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(best[mask], tags[mask])
    assert probabilities[mask].std() > 1e-4


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("name", parts.CELLS)
def test_export_of_directions_and_layers(
    name: str, bidirectional: bool, layers: int, make: Any, inside: Any, run_onnx: Any
) -> None:
    toy = make(
        plain=True, head__name="softmax", encoder__cell=name, encoder__layers=layers,
        encoder__bidirectional=bidirectional,
    )  # fmt: skip
    agrees(toy.shake(), inside, run_onnx)


@pytest.mark.parametrize("number", range(len(ACTIVATIONS)))
@pytest.mark.parametrize("name", parts.CELLS)
def test_export_of_activations(name: str, number: int, make: Any, inside: Any, run_onnx: Any) -> None:
    """Each activation once as that of the state and once as that of the gates, beside another one."""
    toy = make(
        plain=True, head__name="softmax", encoder__cell=name, encoder__units=3,
        encoder__activation=ACTIVATIONS[number], encoder__recurrent_activation=ACTIVATIONS[number - 4],
    )  # fmt: skip
    agrees(toy.shake(0.3), inside, run_onnx)
