"""Cells without biases, and peepholes on some gates: the cell with zeros in their place, in Keras and in the graph."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from seqtag.graph.build import build
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.support.errors import UsageError

RECURRENT = [name for name, part in registry.CELLS.items() if part.stateful]
X = np.random.default_rng(1).normal(0, 1, (3, 6, 2)).astype(np.float32)
LENGTHS = np.array([6, 2, 5], np.int32)


def new_layer(name: str, settings: Any) -> tuple[Any, Any]:
    cell = registry.load(registry.CELLS, name)(settings)
    (layer,) = cell.layers(1)[:1]
    layer.build((None, None, 2))
    return cell, layer


def filled(layer: Any, other: Any) -> None:
    """Gives both layers random weights, the same but for what one of them lacks, which is 0 in the other."""
    random = np.random.default_rng(4)
    few = {weight.path.split("/", 1)[1]: weight for weight in layer.weights}
    for weight in other.weights:
        path = weight.path.split("/", 1)[1]
        values = random.normal(0, 0.8, weight.shape)
        if path in few:
            few[path].assign(values)
        weight.assign(values if path in few else np.zeros(weight.shape))


@pytest.mark.parametrize("name", registry.CELLS)
def test_a_cell_without_biases_is_one_whose_biases_are_0(name: str, encoder_settings: Any) -> None:
    cell, layer = new_layer(name, encoder_settings(cell=name, use_bias=False))
    usual, other = new_layer(name, encoder_settings(cell=name))
    filled(layer, other)
    lacking = len(other.weights) - len(layer.weights)
    assert lacking == (2 if name == "jordan" else 1)
    assert not any("bias" in weight.path for weight in layer.weights)
    for training in (False, True):
        found = cell.directions([layer], X, LENGTHS, training)[0]
        np.testing.assert_allclose(found, usual.directions([other], X, LENGTHS, training)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "settings"),
    [*((name, {"use_bias": False}) for name in RECURRENT), ("peephole_lstm", {"peepholes": "forget"})],
)
def test_a_cells_own_way_is_its_keras_layer(name: str, settings: Any, encoder_settings: Any) -> None:
    """Outputs and gradients."""
    cell, layer = new_layer(name, encoder_settings(**settings))
    random = np.random.default_rng(4)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    assert cell.unrolls
    upstream, weights = random.normal(0, 1, (3, 6, 4)), [weight.value for weight in layer.trainable_variables]
    results = []
    for run in (lambda: cell.run(layer, tf.constant(X), True), lambda: layer(X)):
        with tf.GradientTape() as tape:
            outputs = run()
            total = tf.reduce_sum(outputs * upstream)
        results.append([outputs, *tape.gradient(total, weights)])
    for own, keras_own in zip(*results, strict=True):
        np.testing.assert_allclose(own, keras_own, rtol=1e-4, atol=1e-5)


CHOSEN = [
    ("peephole_lstm", "forget", "f"), ("peephole_lstm", "output, input", "io"), ("peephole_cifg_lstm", "output", "o"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "peepholes", "letters"), CHOSEN)
def test_a_gate_without_a_peephole_is_one_whose_weights_are_0(
    name: str, peepholes: str, letters: str, encoder_settings: Any
) -> None:
    cell, layer = new_layer(name, encoder_settings(cell=name, peepholes=peepholes))
    usual, other = new_layer(name, encoder_settings(cell=name))
    assert cell.peeping == letters
    random = np.random.default_rng(4)
    *shared, few = [random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()]
    assert len(few) == len(letters)
    every = np.zeros((len(usual.peeping), few.shape[1]))
    for letter, row in zip(letters, few, strict=True):
        every[usual.peeping.index(letter)] = row
    layer.set_weights([*shared, few])
    other.set_weights([*shared, every])
    found, wanted = (
        one.directions([part], X, LENGTHS, False)[0] for one, part in ((cell, layer), (usual, other))
    )
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    other.set_weights([*shared, np.ones_like(every)])
    assert np.abs(found - usual.directions([other], X, LENGTHS, False)[0]).max() > 0.01


@pytest.mark.parametrize("name", ["simplernn", "jordan", "dense", "cnn"])
def test_rrelu_draws_slopes_in_training_alone(name: str, encoder_settings: Any) -> None:
    """Xu et al. 2015; otherwise it has their mean. What it draws comes from a stream that can be set back."""
    settings = encoder_settings(cell=name, activation="rrelu", units=40)
    cell, layer = new_layer(name, settings)
    random = np.random.default_rng(4)
    layer.set_weights(
        [random.normal(0, 0.8 / (1 + index), weight.shape) for index, weight in enumerate(layer.weights)]
    )

    def run(training: bool) -> Any:
        return np.asarray(cell.directions([layer], X[:, :1], np.ones(3, np.int32), training)[0])

    calm = run(False)
    np.testing.assert_array_equal(calm, run(False))
    streams = [one for one in layer.variables if one.path not in {weight.path for weight in layer.weights}]
    before = [one.numpy() for one in streams]
    first = run(True)
    assert (first != run(True)).any()
    for one, value in zip(streams, before, strict=True):
        one.assign(value)
    np.testing.assert_array_equal(first, run(True))
    if name != "jordan":  # whose hidden layer has it, too
        np.testing.assert_allclose(first[calm > 0], calm[calm > 0], rtol=1e-5)
        slopes = first[calm < 0] / calm[calm < 0] * 11 / 48
        assert 1 / 8 <= slopes.min() < 0.16
        assert 0.3 < slopes.max() <= 1 / 3 + 1e-6


@pytest.mark.parametrize("name", ["simplernn", "dense", "cnn"])
def test_maxout_is_the_largest_of_its_pieces(name: str, encoder_settings: Any) -> None:
    """Goodfellow et al. 2013: against a linear cell for each piece."""
    cell, layer = new_layer(name, encoder_settings(cell=name, activation="maxout", maxout_pieces=3))
    random = np.random.default_rng(4)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.weights])
    pieces = []
    ones = np.ones(3, np.int32)
    for number in range(3):
        linear, part = new_layer(name, encoder_settings(cell=name, activation="linear"))
        part.set_weights([np.split(weight, 3, axis=-1)[number] for weight in layer.get_weights()])
        pieces.append(linear.directions([part], X[:, :1], ones, False)[0])
    found = cell.directions([layer], X[:, :1], ones, True)[0]
    np.testing.assert_allclose(found, np.max(pieces, axis=0), rtol=1e-5, atol=1e-6)
    assert layer(X).shape[-1] == 4


OPTIONS = [
    *((name, {"encoder__use_bias": False}) for name in registry.CELLS),
    ("lstm", {"encoder__use_bias": False, "encoder__activation": "hard_tanh"}),  # by a loop
    ("gru", {"encoder__use_bias": False, "encoder__activation": "hard_tanh"}),
    *((name, {"encoder__peepholes": peepholes}) for name, peepholes, _ in CHOSEN),
    ("peephole_lstm", {"encoder__peepholes": "forget,output", "encoder__activation": "hard_tanh"}),
]


@pytest.mark.parametrize(("name", "settings"), OPTIONS)
def test_the_graph_is_the_keras_network(
    name: str, settings: Any, make: Any, inside: Any, run_onnx: Any
) -> None:
    toy = make(plain=True, head__name="softmax", encoder__cell=name, **settings).shake()
    inputs, rows = toy.batch([0, 1, 5])
    tags, probabilities = (array.numpy() for array in toy.network.decode(inputs))
    best, scores = run_onnx(toy.export(), inputs)
    mask = inside(inputs, rows)
    np.testing.assert_allclose(scores[mask], probabilities[mask], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(best[mask], tags[mask])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"cell": "lstm", "peepholes": "input"},
            "encoder.peepholes is for peephole_lstm .* Received: .* lstm",
        ),
        (
            {"cell": "dense", "peepholes": "input"},
            "encoder.peepholes is for peephole_lstm .* Received: .* dense",
        ),
        (
            {"cell": "peephole_lstm", "peepholes": "inptu"},
            "names 'inptu'; expected all, or some of input, forget, out",
        ),
        (
            {"cell": "peephole_cifg_lstm", "peepholes": "forget"},
            "names 'forget'; expected .* of input, output",
        ),
        ({"cell": "peephole_lstm", "peepholes": ""}, "names ''; expected all"),
    ],
)
def test_gates_that_do_not_exist_are_refused(
    settings: Any, problem: str, encoder_settings: Any, make: Any
) -> None:
    with pytest.raises(UsageError, match=problem):
        registry.load(registry.CELLS, settings["cell"])(encoder_settings(**settings))
    toy = make()
    plan = replace(toy.plan, config=replace(toy.config, encoder=encoder_settings(**settings)))
    with pytest.raises(UsageError, match=problem):
        build(plan, Weights.of_arrays(toy.network.named_weights()))


def test_models_that_do_not_use_them_are_stored_as_before() -> None:
    assert not {"use_bias", "peepholes", "normalization", "maxout_pieces", "shortcut_span"} & {
        *Config().portable()["encoder"]
    }
