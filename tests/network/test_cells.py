"""Cells against loops written from the papers' formulas, and against the graph of each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.cells.activations import ONNX_ACTIVATIONS
from seqtag.network.cells.activations import activation_of
from seqtag.network.cells.simplernn import SLOPES
from seqtag.settings import registry
from seqtag.settings.config import ACTIVATIONS, GATE_ACTIVATIONS, INITIALIZERS, UNGATED_ACTIVATIONS
from seqtag.support.errors import UsageError

Array = NDArray[Any]
Function = Callable[[Array], Array]

FUNCTIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "linear": lambda x: x,
}

RECURRENT = [name for name, part in registry.CELLS.items() if part.stateful]
LOCAL = [name for name in registry.CELLS if name not in RECURRENT]
UNGATED = ["simplernn", "jordan"]


def prelu(slope: Array) -> Function:
    """He et al. 2015: x where it is positive, a x where it is not, with a slope a for each unit."""
    return lambda x: np.where(x > 0, x, slope * x)


def elman(x: Array, weights: list[Array], f: Function, _: Function) -> Array:
    """Elman 1990: h_t = f(W x_t + U h_{t-1} + b)."""
    kernel, recurrent, bias = weights
    state, states = np.zeros(recurrent.shape[0]), []
    for word in x:
        state = f(word @ kernel + state @ recurrent + bias)
        states.append(state)
    return np.array(states)


def jordan(x: Array, weights: list[Array], f: Function, _: Function) -> Array:
    """Jordan 1986: h_t = f(W x_t + V o_{t-1} + b); o_t = f(U h_t + c)."""
    kernel, feedback, bias, output_kernel, output_bias = weights
    output, outputs = np.zeros(feedback.shape[0]), []
    for word in x:
        hidden = f(word @ kernel + output @ feedback + bias)
        output = f(hidden @ output_kernel + output_bias)
        outputs.append(output)
    return np.array(outputs)


def gers(x: Array, weights: list[Array], f: Function, gate: Function) -> Array:
    """Gers and Schmidhuber 2000: input and forget gate see the old memory, the output gate sees the new one."""
    (wi, wf, wc, wo), (ui, uf, uc, uo), (bi, bf, bc, bo) = (
        np.split(array, 4, axis=-1) for array in weights[:3]
    )
    pi, pf, po = weights[3]
    h, c, states = np.zeros(ui.shape[0]), np.zeros(ui.shape[0]), []
    for word in x:
        enter = gate(word @ wi + h @ ui + pi * c + bi)
        keep = gate(word @ wf + h @ uf + pf * c + bf)
        c = keep * c + enter * f(word @ wc + h @ uc + bc)
        h = gate(word @ wo + h @ uo + po * c + bo) * f(c)
        states.append(h)
    return np.array(states)


def greff(x: Array, weights: list[Array], f: Function, gate: Function) -> Array:
    """Greff et al. 2016: f_t = 1 - i_t; with peepholes, if there are any."""
    (wi, wc, wo), (ui, uc, uo), (bi, bc, bo) = (np.split(array, 3, axis=-1) for array in weights[:3])
    pi, po = weights[3] if weights[3:] else (0.0, 0.0)
    h, c, states = np.zeros(ui.shape[0]), np.zeros(ui.shape[0]), []
    for word in x:
        enter = gate(word @ wi + h @ ui + pi * c + bi)
        c = (1 - enter) * c + enter * f(word @ wc + h @ uc + bc)
        h = gate(word @ wo + h @ uo + po * c + bo) * f(c)
        states.append(h)
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


FORMULAS = {
    "simplernn": elman, "jordan": jordan, "gru": cho, "lstm": hochreiter,
    "peephole_lstm": gers, "cifg_lstm": greff, "peephole_cifg_lstm": greff,
}  # fmt: skip


def test_every_recurrent_cell_has_its_formula() -> None:
    assert FORMULAS.keys() == {*RECURRENT}


def new_layer(name: str, settings: Any, dim: int = 3) -> tuple[Any, Any]:
    """A cell, and a layer of it with random weights."""
    cell = registry.load(registry.CELLS, name)(settings)
    layer = cell.layer("layer")
    layer.build((None, None, dim))
    random = np.random.default_rng(4)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    return cell, layer


@pytest.mark.parametrize(
    ("activation", "gate"), [(None, None), ("softsign", "hard_sigmoid"), ("hard_tanh", "elu")]
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


@pytest.mark.parametrize("name", UNGATED)
def test_prelu_has_a_slope_for_each_unit(name: str, encoder_settings: Any) -> None:
    layer = registry.load(registry.CELLS, name)(encoder_settings(activation="prelu")).layer("a")
    layer.build((None, None, 3))
    assert [w.tolist() for w in layer.get_weights()[-1:]] == [[0.25] * 4]
    assert len({weight.path for weight in layer.trainable_weights}) == len(layer.trainable_weights)
    cell, layer = new_layer(name, encoder_settings(activation="prelu"))
    x = np.random.default_rng(1).normal(0, 1, (2, 7, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        outputs = cell.run(layer, x, True)
    for sentence, states in zip(x, outputs.numpy(), strict=True):
        if name == "simplernn":
            *weights, slope = layer.get_weights()
            wanted = elman(sentence, weights, prelu(slope), np.tanh)
        else:
            *weights, slope, output_slope = layer.get_weights()
            functions = [prelu(slope), prelu(output_slope)] * len(sentence)  # hidden and output layer in turn
            wanted = jordan(sentence, weights, lambda z, left=functions: left.pop(0)(z), np.tanh)
        np.testing.assert_allclose(states, wanted, rtol=1e-4, atol=1e-5)
    assert all(np.abs(g).max() > 1e-3 for g in tape.gradient(outputs, layer.trainable_weights))


@pytest.mark.parametrize(
    ("name", "activation"),
    [(name, activation) for name in RECURRENT for activation in (None, "softsign", "relu", "sigmoid")]
    + [
        ("simplernn", activation)
        for activation in sorted(SLOPES.keys() - {"tanh", "softsign", "relu", "sigmoid"})
    ],
)
def test_a_cells_own_way_is_its_keras_layer(name: str, activation: str | None, encoder_settings: Any) -> None:
    """Outputs, and the gradients of inputs and weights; with the cell's own activation in a graph of unknown sizes, one
    step included.
    """
    cell, layer = new_layer(name, encoder_settings(activation=activation))
    weights = [weight.value for weight in layer.trainable_variables]
    random = np.random.default_rng(9)

    def results(x: Any, upstream: Any, run: Callable[[Any], Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = run(x)
            total = tf.reduce_sum(outputs * upstream)
        return [outputs, *tape.gradient(total, [x, *weights])]

    def own_way(x: Any, upstream: Any) -> list[Any]:
        return results(x, upstream, lambda x: cell.run(layer, x, True))

    sizes = [(2, 6)]
    if activation is None:
        unknown = [tf.TensorSpec((None, None, size), tf.float32) for size in (3, 4)]
        own_way, sizes = (
            tf.function(own_way, autograph=False, input_signature=unknown),
            [(2, 6), (3, 1), (1, 9)],
        )
    for batch, time in sizes:
        x, upstream = (tf.constant(random.normal(0, 1, (batch, time, n)), tf.float32) for n in (3, 4))
        for found, wanted in zip(own_way(x, upstream), results(x, upstream, layer), strict=True):
            largest = max(1, np.abs(wanted).max())  # without a squashing activation states grow
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * largest)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_keras_and_numpy_mean_the_same_activation(activation: str) -> None:
    x = np.linspace(-4, 4, 33)
    found = activation_of(activation)(x.astype(np.float32))
    np.testing.assert_allclose(found, FUNCTIONS[activation](x), rtol=1e-5, atol=1e-6)


def test_every_activation_is_known_everywhere() -> None:
    assert {*FUNCTIONS} == {*GATE_ACTIVATIONS} == {*SLOPES}
    assert {*ACTIVATIONS} == {*FUNCTIONS, *UNGATED_ACTIVATIONS}
    assert {*ONNX_ACTIVATIONS} == {*ACTIVATIONS} - {"prelu", "maxout", "hard_tanh"}


@pytest.mark.parametrize("name", RECURRENT)
def test_settings_reach_the_layer(name: str, encoder_settings: Any) -> None:
    cell = registry.load(registry.CELLS, name)
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
    assert config["name"] == "b"
    assert config["return_sequences"]
    of_cell = config["cell"]["config"] if "cell" in config else config
    assert (of_cell["units"], of_cell["activation"]) == (5, "relu")
    assert of_cell["recurrent_dropout"] == 0.25
    assert of_cell["dropout"] == 0
    if made.gated:
        assert of_cell["recurrent_activation"] == "tanh"


@pytest.mark.parametrize("name", RECURRENT)
def test_a_layer_is_made_again_from_its_config(name: str, encoder_settings: Any) -> None:
    """As Keras's own wrappers do it."""
    for activation in (None, "prelu" if name in UNGATED else "relu"):
        settings = encoder_settings(
            activation=activation, forget_bias=2.5, update_bias=2.5, recurrent_initializer="zeros"
        )
        cell, layer = new_layer(name, settings)
        again = type(layer).from_config(layer.get_config())
        again.build((None, None, 3))
        fresh = cell.layer("fresh")
        fresh.build((None, None, 3))
        for one, two in zip(again.get_weights()[1:], fresh.get_weights()[1:], strict=True):
            if not one.any() or len(np.unique(one)) < 3:  # what is not drawn
                np.testing.assert_array_equal(one, two)
        again.set_weights(layer.get_weights())
        x = np.random.default_rng(2).normal(0, 1, (2, 4, 3)).astype(np.float32)
        np.testing.assert_array_equal(again(x), layer(x))


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_every_initializer_is_one(initializer: str, encoder_settings: Any) -> None:
    settings = encoder_settings(units=3, kernel_initializer=initializer, recurrent_initializer=initializer)
    layer = registry.load(registry.CELLS, "simplernn")(settings).layer("a")
    layer.build((None, None, 3))
    kernel, recurrent, _ = layer.get_weights()
    assert np.isfinite(kernel).all()
    assert np.isfinite(recurrent).all()


@pytest.mark.parametrize("name", ["lstm", "peephole_lstm", "cifg_lstm", "peephole_cifg_lstm"])
def test_the_forget_gate_starts_open(name: str, encoder_settings: Any) -> None:
    cell = registry.load(registry.CELLS, name)
    for settings, bias in ((encoder_settings(), 1), (encoder_settings(forget_bias=2.5), 2.5)):
        layer = cell(settings).layer("a")
        layer.build((None, None, 3))
        # Coupled gates keep 1 - i: with the input gate's bias at -b they keep what a forget gate with b keeps.
        gates = [-bias, 0, 0] if "cifg" in name else [0, bias, 0, 0]
        assert layer.get_weights()[2].tolist() == np.repeat(gates, 4).tolist()
        assert not any(peepholes.any() for peepholes in layer.get_weights()[3:])


def test_the_update_gate_starts_at_its_bias(encoder_settings: Any) -> None:
    """What the two biases add up to; with 5 the state stays: a share of sigmoid(5) of it at each step."""
    for settings, bias in ((encoder_settings(), 0), (encoder_settings(update_bias=5.0), 5)):
        layer = registry.load(registry.CELLS, "gru")(settings).layer("a")
        layer.build((None, None, 3))
        assert layer.get_weights()[2].sum(axis=0).tolist() == np.repeat([bias, 0, 0], 4).tolist()
        states = layer(np.zeros((1, 2, 3), np.float32), initial_state=np.ones((1, 4), np.float32))
        kernel = layer.get_weights()[1].sum(axis=0)
        kept = 1 / (1 + np.exp(-kernel[:4] - bias))
        reset = 1 / (1 + np.exp(-kernel[4:8]))
        expected = kept + (1 - kept) * np.tanh(reset * kernel[8:])
        np.testing.assert_allclose(states[0, 0], expected, atol=1e-6)


def test_without_peepholes_and_coupling_the_variant_is_keras_lstm(encoder_settings: Any) -> None:
    """Dropout of the states included: the same seed draws the same masks, one for each gate."""
    import keras

    from seqtag.network.cells.lstm import VariantCell

    x = np.random.default_rng(3).normal(0, 1, (3, 6, 2)).astype(np.float32)
    kinds = keras.layers.LSTMCell, VariantCell
    layers = [
        keras.layers.RNN(kind(4, recurrent_dropout=0.5, seed=5), return_sequences=True) for kind in kinds
    ]
    for layer in layers:
        layer.build((None, None, 2))
    layers[1].set_weights(layers[0].get_weights())
    for training in (True, True, False):
        one, two = (layer(x, training=training).numpy() for layer in layers)
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    assert np.abs(layers[0](x, training=True).numpy() - one).max() > 0.01


@pytest.mark.parametrize("name", RECURRENT)
def test_states_are_dropped_in_training_alone(name: str, encoder_settings: Any) -> None:
    calm, layer = new_layer(name, encoder_settings(units=12))
    wild = registry.load(registry.CELLS, name)(encoder_settings(units=12, recurrent_dropout=0.5))
    dropping = wild.layer("dropping")
    dropping.build((None, None, 3))
    dropping.set_weights(layer.get_weights())
    x = np.random.default_rng(2).normal(0, 1, (2, 4, 3)).astype(np.float32)
    wanted = calm.run(layer, x, True).numpy()
    np.testing.assert_allclose(wild.run(dropping, x, False), wanted, rtol=1e-4, atol=1e-5)
    found = wild.run(dropping, x, True).numpy()
    np.testing.assert_allclose(found[:, 0], wanted[:, 0], rtol=1e-4, atol=1e-5)  # there is no state yet
    assert np.abs(found - wanted)[:, 1:].max() > 0.05


@pytest.mark.parametrize("name", UNGATED)
def test_the_identity_is_one(name: str, encoder_settings: Any) -> None:
    """Le, Jaitly and Hinton 2015: without input and bias, relu units hold their state as it is."""
    settings = encoder_settings(activation="relu", recurrent_initializer="identity")
    cell = registry.load(registry.CELLS, name)(settings)
    layer = cell.layer("a")
    layer.build((None, None, 3))
    np.testing.assert_array_equal(layer.get_weights()[1], np.eye(4))
    assert not layer.get_weights()[2].any()
    if name == "simplernn":
        x = np.zeros((1, 30, 3), np.float32)
        x[:, 0] = [1, -2, 3]
        kernel = np.arange(-6, 6, dtype=np.float32).reshape(3, 4)
        layer.set_weights([kernel, *layer.get_weights()[1:]])
        states = cell.run(layer, x, False).numpy()
        assert states[0, 0].tolist() == np.maximum([1, -2, 3] @ kernel, 0).tolist() != [0, 0, 0, 0]
        np.testing.assert_array_equal(states[0], np.repeat(states[:, 0], 30, axis=0))


def test_what_a_cell_cannot_do_is_refused(encoder_settings: Any) -> None:
    for name in [name for name in RECURRENT if name not in UNGATED]:
        for activation in UNGATED_ACTIVATIONS:
            with pytest.raises(
                UsageError, match=f"{activation} is for cells without gates .*Received: {name}"
            ):
                registry.load(registry.CELLS, name)(encoder_settings(cell=name, activation=activation))
    with pytest.raises(UsageError, match=r"maxout is for simplernn, dense and cnn\. Received: jordan"):
        registry.load(registry.CELLS, "jordan")(encoder_settings(cell="jordan", activation="maxout"))
    for name in LOCAL:
        with pytest.raises(UsageError, match=f"recurrent_dropout .*Received: encoder.cell {name}"):
            registry.load(registry.CELLS, name)(encoder_settings(cell=name, recurrent_dropout=0.1))
    with pytest.raises(UsageError, match=r"encoder.width is 4; expected an odd number"):
        registry.load(registry.CELLS, "cnn")(encoder_settings(width=4))
    with pytest.raises(UsageError, match=r"dilation 4 with 9 layers makes a gap of 65,536 words"):
        registry.load(registry.CELLS, "cnn")(encoder_settings(dilation=4, layers=9))


# ------------------------------------------------------------------------------------------------------------
# Cells without a state


def window(x: Array, kernel: Array, bias: Array, f: Function, gap: int, both_sides: bool) -> Array:
    """Each word's output from the words at its window's places, zeros beyond the sentence."""
    first = -(len(kernel) // 2) if both_sides else 1 - len(kernel)
    outputs = []
    for place in range(len(x)):
        total = bias.copy()
        for number, weights in enumerate(kernel):
            seen = place + (first + number) * gap
            if 0 <= seen < len(x):
                total = total + x[seen] @ weights
        outputs.append(f(total))
    return np.array(outputs)


@pytest.mark.parametrize("activation", [None, "relu", "prelu"])
@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "dense"}, {"cell": "dense", "layers": 2, "bidirectional": False}, {"cell": "cnn"},
        {"cell": "cnn", "bidirectional": False, "layers": 2}, {"cell": "cnn", "layers": 3, "dilation": 2},
        {"cell": "cnn", "layers": 2, "dilation": 3, "bidirectional": False, "width": 5},
        {"cell": "cnn", "width": 1},
    ],
)  # fmt: skip
def test_a_local_cell_is_its_formula(settings: Any, activation: str | None, encoder_settings: Any) -> None:
    from seqtag.network.encoder import Encoder

    settings = encoder_settings(activation=activation, **settings)
    encoder = Encoder(settings)
    random = np.random.default_rng(5)
    x = random.normal(0, 1, (3, 9, 2)).astype(np.float32)
    lengths = np.array([9, 1, 5], np.int32)
    encoder.build(x.shape)
    for (layer,) in encoder.stack:
        layer.set_weights([random.normal(0, 0.7, weight.shape) for weight in layer.get_weights()])
    found = tf.function(encoder, autograph=False, input_signature=[
        tf.TensorSpec((None, None, 2), tf.float32), tf.TensorSpec((None,), tf.int32),
    ])(x, lengths).numpy()  # fmt: skip
    assert found.shape == (3, 9, 4)
    for sentence, length in enumerate(lengths):
        states = x[sentence, :length]
        for number, (layer,) in enumerate(encoder.stack):
            kernel, bias, *slope = layer.get_weights()
            f = prelu(slope[0].reshape(-1)) if slope else FUNCTIONS[activation or "tanh"]
            kernel = kernel if settings.cell == "cnn" else kernel[None]
            states = window(states, kernel, bias, f, settings.dilation**number, settings.bidirectional)
        np.testing.assert_allclose(found[sentence, :length], states, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------
# Export


def agrees(toy: Any, inside: Any, run_onnx: Any) -> None:
    inputs, batch_tags = toy.batch([0, 1, 5])  # no long ones, as loops outside of a graph are slow
    tags, probabilities = (array.numpy() for array in toy.network.decode(inputs))
    best, scores = run_onnx(toy.export(), inputs)
    mask = inside(inputs, batch_tags)
    np.testing.assert_allclose(scores[mask], probabilities[mask], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(best[mask], tags[mask])
    assert probabilities[mask].std() > 1e-4


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("name", registry.CELLS)
def test_export_of_directions_and_layers(
    name: str, bidirectional: bool, layers: int, make: Any, inside: Any, run_onnx: Any
) -> None:
    toy = make(
        plain=True, head__name="softmax", encoder__cell=name, encoder__layers=layers,
        encoder__bidirectional=bidirectional,
    )  # fmt: skip
    agrees(toy.shake(), inside, run_onnx)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (name, number)
        for name in registry.CELLS
        for number, activation in enumerate(ACTIVATIONS)
        if activation not in UNGATED_ACTIVATIONS or name in (*UNGATED, *LOCAL)
        if (activation, name) != ("maxout", "jordan")
    ],
)
def test_export_of_activations(name: str, number: int, make: Any, inside: Any, run_onnx: Any) -> None:
    """Each activation once as that of the state and once as that of the gates, beside another one."""
    gate = GATE_ACTIVATIONS[(number + 5) % len(GATE_ACTIVATIONS)]
    toy = make(
        plain=True, head__name="softmax", encoder__cell=name, encoder__units=3,
        encoder__activation=ACTIVATIONS[number], encoder__recurrent_activation=gate,
    )  # fmt: skip
    agrees(toy.shake(0.4), inside, run_onnx)


@pytest.mark.parametrize(
    ("name", "activation"),
    [(name, activation) for name in RECURRENT for activation in (None, "hard_tanh")]
    + [(name, "prelu") for name in UNGATED],
)
def test_a_state_that_is_carried_on(name: str, activation: str | None, encoder_settings: Any) -> None:
    """Outputs and last states from given first ones, and all gradients, as Keras's layer has them; in parts, one step
    among them, as at once.
    """
    cell, layer = new_layer(name, encoder_settings(activation=activation))
    random = np.random.default_rng(6)
    x, upstream, *states = (
        tf.constant(random.normal(0, 1, shape), tf.float32)
        for shape in ((2, 6, 3), (2, 6, 4), *[(2, 4)] * (2 * cell.memories))
    )
    first, onward = states[: cell.memories], states[cell.memories :]
    weights = [weight.value for weight in layer.trainable_variables]

    def keras_layer(x: Any, first: Any) -> tuple[Any, list[Any]]:
        layer.return_state = True
        outputs, *last = layer(x, initial_state=list(first))
        layer.return_state = False
        return outputs, last

    def in_parts(x: Any, first: Any) -> tuple[Any, list[Any]]:
        early, between = cell.carry(layer, x[:, :2], first, True)
        middle, between = cell.carry(layer, x[:, 2:3], between, True)
        late, last = cell.carry(layer, x[:, 3:], between, True)
        return tf.concat([early, middle, late], axis=1), last

    def results(run: Callable[[Any, Any], tuple[Any, list[Any]]]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([x, *first])
            outputs, last = run(x, first)
            total = tf.reduce_sum(outputs * upstream)
            total += tf.add_n([tf.reduce_sum(a * b) for a, b in zip(last, onward, strict=True)])
        return [outputs, *last, *tape.gradient(total, [x, *first, *weights])]

    wanted = results(keras_layer)
    for run in (lambda x, first: cell.carry(layer, x, first, True), in_parts):
        for found, each in zip(results(run), wanted, strict=True):
            np.testing.assert_allclose(found, each, rtol=1e-4, atol=1e-5 * max(1, np.abs(each).max()))
