"""Gradients back through the words, against formulas where there are some and against one big Jacobian elsewhere."""

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqtag.network import gradients
from seqtag.network.build import mask_of
from seqtag.network.gradients import Trace, activations, gates, kernels, profile, traces, walk
from seqtag.settings import registry
from seqtag.training.reach import Fit, gate_of, kernel_of

UNITS, TIME, SENTENCES, STEPS = 5, 12, 3, 8
RECURRENT = [name for name, part in registry.CELLS.items() if part.stateful]


def traced(cell: Any, inputs: Any) -> Trace:
    """The cell on these inputs, with random errors from above."""
    states = walk(cell, tf.constant(inputs, tf.float32))
    errors = np.random.default_rng(7).normal(size=states[0].shape).astype(np.float32)
    return Trace(1, "forward", cell, tf.constant(inputs, tf.float32), states, tf.constant(errors))


def elman(activation: str, recurrent: Any, units: int = UNITS, features: int = 3) -> Any:
    cell = keras.layers.SimpleRNNCell(units, activation=activation)
    cell.build((None, features))
    random = np.random.default_rng(2)
    cell.set_weights([random.normal(size=(features, units)), recurrent, random.normal(size=units) / 3])
    return cell


def made(name: str, settings: Any, features: int = 3) -> Any:
    """A cell of the table, with random weights."""
    layer = registry.load(registry.CELLS, name)(settings(cell=name, units=UNITS)).layer("x")
    layer.build((None, None, features))
    random = np.random.default_rng(3)
    layer.cell.set_weights([random.normal(size=w.shape) * 0.7 for w in layer.cell.get_weights()])
    return layer.cell


@pytest.fixture
def inputs() -> Any:
    return np.random.default_rng(1).normal(size=(SENTENCES, TIME, 3))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


PLACES = np.array([8, 11, 9])


class TestByFormula:
    def test_linear(self, inputs: Any, random: Any) -> None:
        """h_t = h_{t-1} V diag(lambda) V^-1 + ...: k steps back it is V diag(lambda^k) V^-1."""
        vectors = np.random.default_rng(4).normal(size=(UNITS, UNITS))
        values = np.array([0.95, -0.8, 0.5, 0.3, -0.1])
        power = [vectors @ np.diag(values**k) @ np.linalg.inv(vectors) for k in range(STEPS + 1)]
        trace = traced(elman("linear", power[1]), inputs)
        found = profile(trace, PLACES, STEPS, random)
        wanted = [np.linalg.norm(one) / math.sqrt(UNITS) for one in power]
        np.testing.assert_allclose(found.jacobians, [wanted] * SENTENCES, rtol=1e-4)
        errors = trace.errors.numpy()[np.arange(SENTENCES), PLACES]
        wanted = [np.linalg.norm(errors @ one.T, axis=1) for one in power]
        np.testing.assert_allclose(found.errors, np.transpose(wanted), rtol=1e-4)

    @pytest.mark.parametrize("scale", [1e-4, 1e4])
    def test_nothing_underflows_or_overflows(self, inputs: Any, random: Any, scale: float) -> None:
        trace = traced(elman("linear", scale * np.eye(UNITS)), inputs * 1e-30)
        trace = replace(trace, errors=tf.ones_like(trace.errors))
        found = profile(trace, np.array([11] * SENTENCES), 11, random)
        wanted = scale ** np.arange(12.0)
        np.testing.assert_allclose(found.jacobians[0], wanted, rtol=1e-4)
        np.testing.assert_allclose(found.errors[0], wanted * math.sqrt(UNITS), rtol=1e-4)
        assert Fit.of(found.jacobians[0].tolist()).rate == pytest.approx(scale, rel=1e-4)

    @pytest.mark.parametrize("size", [0.6, 1.5, 4.0])
    def test_tanh_keeps_the_bound(self, inputs: Any, random: Any, size: float) -> None:
        """Pascanu et al. (2013): at most (largest singular value x largest slope)^k."""
        recurrent = np.random.default_rng(4).normal(size=(UNITS, UNITS))
        recurrent *= size / np.linalg.norm(recurrent, 2)
        trace = traced(elman("tanh", recurrent), inputs)
        found = profile(trace, PLACES, STEPS, random)
        slope = (1 - trace.states[0].numpy() ** 2).max()
        bound = (kernel_of(recurrent).largest * slope) ** np.arange(STEPS + 1) * (1 + 1e-5)
        assert (found.jacobians <= bound).all()
        assert (found.errors <= bound * found.errors[:, :1]).all()
        assert (found.jacobians > 0).all()
        linear = profile(traced(elman("linear", recurrent), inputs), PLACES, STEPS, random)
        assert (found.jacobians[:, 1:] < linear.jacobians[:, 1:]).all(), "and the slopes count"

    def test_the_irnn_starts_with_rate_1(self, encoder_settings: Any, random: Any) -> None:
        """Le, Jaitly and Hinton (2015): identity and relu; as long as the units are on, nothing is lost."""
        settings = encoder_settings(cell="simplernn", activation="relu", recurrent_initializer="identity")
        layer = registry.load(registry.CELLS, "simplernn")(settings).layer("x")
        layer.build((None, None, 3))
        kernel, *rest = layer.cell.get_weights()
        layer.cell.set_weights([np.abs(kernel), *rest])
        trace = traced(layer.cell, np.abs(np.random.default_rng(1).normal(size=(SENTENCES, TIME, 3))) + 0.1)
        found = profile(trace, PLACES, STEPS, random)
        np.testing.assert_allclose(found.jacobians, 1.0, atol=1e-6)
        np.testing.assert_allclose(found.errors / found.errors[:, :1], 1.0, atol=1e-6)
        fit = Fit.of(found.jacobians.mean(axis=0).tolist())
        assert fit.rate == pytest.approx(1, abs=1e-6)
        assert fit.verdict == "steady"
        (own,) = kernels(layer.cell).values()
        assert kernel_of(own).radius == kernel_of(own).largest == 1

    def test_relu_units_that_are_off_pass_nothing(self, random: Any) -> None:
        trace = traced(elman("relu", np.eye(UNITS)), np.full((SENTENCES, TIME, 3), 0.0))
        on = trace.states[0].numpy()[0, -1] > 0
        assert 0 < on.sum() < UNITS
        found = profile(trace, PLACES, STEPS, random)
        np.testing.assert_allclose(found.jacobians[:, 1:], math.sqrt(on.mean()), rtol=1e-5)


@pytest.mark.parametrize("name", RECURRENT)
def test_every_cell_against_one_big_jacobian(
    name: str, encoder_settings: Any, inputs: Any, random: Any
) -> None:
    trace = traced(made(name, encoder_settings), inputs)
    assert profile(trace, PLACES, 0, random).jacobians.tolist() == [[pytest.approx(1)]] * SENTENCES
    found = profile(trace, PLACES, 3, random)
    sizes = [UNITS] * len(trace.states)
    for number, place in enumerate(PLACES):
        for k in (1, 3):
            start = np.concatenate([state[number, place - k] for state in trace.states])[None]
            joined = tf.constant(start)
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(joined)
                states: Any = tf.split(joined, sizes, axis=1)
                for at in range(place - k + 1, place + 1):
                    _, states = trace.cell(trace.inputs[number : number + 1, at], states)
                    states = states if isinstance(states, list | tuple) else [states]
                after = tf.concat(states, axis=1)
            # Row by row: the vectorised way would make a graph for each of these few numbers.
            jacobian = tape.jacobian(after, joined, experimental_use_pfor=False).numpy()[0, :, 0]
            np.testing.assert_allclose(
                after[0], np.concatenate([s[number, place] for s in trace.states]), atol=1e-5
            )
            wanted = np.linalg.norm(jacobian) / math.sqrt(sum(sizes))
            assert found.jacobians[number, k] == pytest.approx(wanted, rel=1e-3)
            error = trace.errors.numpy()[number, place] @ jacobian[:UNITS]
            assert found.errors[number, k] == pytest.approx(np.linalg.norm(error), rel=1e-3)


def test_nothing_is_dropped(inputs: Any, random: Any) -> None:
    weights = elman("tanh", np.eye(UNITS)).get_weights()
    found = []
    for rate in (0.0, 0.5):
        cell = keras.layers.SimpleRNNCell(UNITS, recurrent_dropout=rate, dropout=rate)
        cell.build((None, 3))
        cell.set_weights(weights)
        trace = traced(cell, inputs)
        found.append((trace.states[0].numpy(), profile(trace, PLACES, STEPS, random).jacobians))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_many_numbers_are_probed_in_some_directions(
    inputs: Any, random: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = traced(elman("tanh", np.random.default_rng(4).normal(size=(40, 40)) / 8, units=40), inputs)
    exact = profile(trace, PLACES, STEPS, random)
    monkeypatch.setattr(gradients, "PROBES", 30)
    monkeypatch.setattr(gradients, "ROWS", 40)  # and a sentence at a time
    found = profile(trace, PLACES, STEPS, random)
    np.testing.assert_allclose(found.jacobians[:, 0], 1, rtol=1e-5)
    np.testing.assert_allclose(found.jacobians, exact.jacobians, rtol=0.2)
    assert (found.jacobians[:, 1:] != exact.jacobians[:, 1:]).all()
    np.testing.assert_allclose(found.errors, exact.errors, rtol=1e-4)


class TestTraces:
    def test_the_error_of_a_word_carried_back(self, make: Any, random: Any) -> None:
        """d L_t / d h_{t-k} itself: zeros are added to a state, and the loss of one later word is asked."""
        toy = make(encoder__cell="simplernn", encoder__bidirectional=False, plain=True, head__name="softmax")
        inputs, tags = toy.shake(0.6).batch([2])  # 9 words
        (trace,) = traces(toy.network, inputs, tags)
        place, steps = 7, 5
        found = profile(trace, np.array([place]), steps, random)
        features = trace.inputs
        for k in range(steps + 1):
            nothing = tf.zeros((1, toy.network.encoder.cell.width))
            with tf.GradientTape() as tape:
                tape.watch(nothing)
                state = tf.zeros_like(nothing)
                for at in range(place + 1):
                    _, (state,) = trace.cell(features[:, at], [state])
                    state = state + nothing if at == place - k else state
                scores = toy.network.head.scores(state[:, None])[0, 0]
                loss = -tf.nn.log_softmax(scores)[tags[0, place]] / len(tags[0])
            wanted = float(tf.norm(tape.gradient(loss, nothing)))
            assert found.errors[0, k] == pytest.approx(wanted, rel=1e-3)

    @pytest.mark.parametrize(
        "settings",
        [
            {"encoder__cell": "lstm"},
            {"encoder__cell": "gru", "encoder__merge_mode": "ave", "encoder__residual": "residual"},
            {"encoder__cell": "jordan", "encoder__attention": "self", "encoder__residual": "highway"},
        ],
    )
    def test_two_layers_of_two_directions(self, make: Any, settings: dict[str, Any]) -> None:
        """Outputs, and errors from above, are those of the network as it is trained and used."""
        toy = make(encoder__layers=2, **settings).shake(0.5)
        network, encoder = toy.network, toy.network.encoder
        inputs, tags = toy.batch([2, 1, 4])
        lengths = inputs["lengths"]
        found = traces(network, inputs, tags)
        assert [(one.layer, one.direction) for one in found] == [
            (layer, direction) for layer in (1, 2) for direction in ("forward", "backward")
        ]
        features = network.vectors(inputs)
        outputs = []
        with tf.GradientTape() as tape:
            for layers, shortcut in zip(encoder.stack, encoder.shortcuts, strict=True):
                output = encoder.cell.apply(layers, features, lengths, False)
                tape.watch(output)
                outputs.append(output)
                features = shortcut(features, output) if shortcut else output
            if encoder.attention:
                features = encoder.attention(features, lengths)
            loss = network.head.loss(features, tags, mask_of(lengths, features))
        own = tape.gradient(loss, outputs)
        assert float(loss) == pytest.approx(float(network.loss_of(inputs, tags)), rel=1e-5)
        inside = mask_of(lengths, features).numpy()
        mean = settings.get("encoder__merge_mode") == "ave"
        for layer in (0, 1):
            pair = found[2 * layer : 2 * layer + 2]
            turned = [pair[0], *(replace(one, **flipped(one, lengths)) for one in pair[1:])]
            for name, whole in (("states", outputs[layer]), ("errors", own[layer])):
                both = [one.states[0] if name == "states" else one.errors for one in turned]
                if not mean:
                    got = np.concatenate(both, axis=2)
                else:  # half of the error goes to each direction
                    got = (both[0] + both[1]).numpy() / (2 if name == "states" else 1)
                np.testing.assert_allclose(got[inside], whole.numpy()[inside], atol=2e-6, rtol=1e-4)


def flipped(trace: Trace, lengths: Any) -> dict[str, Any]:
    """States and errors in the order of the words."""
    turn = [tf.reverse_sequence(a, lengths, seq_axis=1) for a in (*trace.states, trace.errors)]
    return {"states": turn[:-1], "errors": turn[-1]}


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


class TestGates:
    @pytest.mark.parametrize("name", ["lstm", "peephole_lstm", "cifg_lstm", "peephole_cifg_lstm"])
    def test_lstm(self, name: str, encoder_settings: Any, inputs: Any) -> None:
        """With these gates and a candidate worked out here, memory and output come out."""
        trace = traced(made(name, encoder_settings), inputs)
        outputs, memory = (state.numpy() for state in trace.states)
        found = gates(trace)
        assert {*found} == {"input", "forget", "output"}
        weights = [np.split(w, w.shape[-1] // UNITS, axis=-1)[-2] for w in trace.cell.get_weights()[:3]]
        kernel, recurrent, bias = weights
        candidate = np.tanh(inputs[:, 1:] @ kernel + outputs[:, :-1] @ recurrent + bias)
        new = found["forget"][:, 1:] * memory[:, :-1] + found["input"][:, 1:] * candidate
        np.testing.assert_allclose(new, memory[:, 1:], atol=1e-5)
        np.testing.assert_allclose(found["output"] * np.tanh(memory), outputs, atol=1e-5)

    def test_gru(self, encoder_settings: Any, inputs: Any) -> None:
        trace = traced(made("gru", encoder_settings), inputs)
        (outputs,) = (state.numpy() for state in trace.states)
        found = gates(trace)
        assert {*found} == {"update", "reset"}
        kernel, recurrent, bias = (np.split(w, 3, axis=-1)[2] for w in trace.cell.get_weights())
        past = found["reset"][:, 1:] * (outputs[:, :-1] @ recurrent + bias[1])
        candidate = np.tanh(inputs[:, 1:] @ kernel + bias[0] + past)
        keep = found["update"][:, 1:]
        np.testing.assert_allclose(keep * outputs[:, :-1] + (1 - keep) * candidate, outputs[:, 1:], atol=1e-5)

    def test_there_are_none(self, inputs: Any) -> None:
        assert gates(traced(elman("tanh", np.eye(UNITS)), inputs)) == {}

    def test_figures(self) -> None:
        gate = gate_of(np.array([0.05, 0.5, 0.5, 0.95, 0.1, 0.9]), True)
        assert (gate.closed, gate.open) == (pytest.approx(1 / 6), pytest.approx(1 / 6))
        assert gate.saturated == pytest.approx(1 / 3)
        assert gate.half_life == pytest.approx(1), "a mean of one half"
        assert gate_of(np.array([0.9]), True).half_life == pytest.approx(math.log(0.5) / math.log(0.9))
        assert gate_of(np.array([0.9]), False).half_life is None
        assert gate_of(np.array([1.0]), True).half_life is None


class TestKernels:
    def test_figures(self) -> None:
        nilpotent = kernel_of(np.array([[0.0, 2.0], [0.0, 0.0]]))
        assert (nilpotent.radius, nilpotent.largest) == (0, 2)
        turn = kernel_of(0.5 * np.array([[0.6, -0.8], [0.8, 0.6]]))
        assert (turn.radius, turn.largest) == (pytest.approx(0.5), pytest.approx(0.5))

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("simplernn", ["recurrent"]),
            ("jordan", ["feedback", "output", "both"]),
            ("lstm", ["input", "forget", "candidate", "output"]),
            ("cifg_lstm", ["input", "candidate", "output"]),
            ("gru", ["update", "reset", "candidate"]),
        ],
    )
    def test_by_gate(self, name: str, wanted: list[str], encoder_settings: Any) -> None:
        cell = made(name, encoder_settings)
        found = kernels(cell)
        assert [*found] == wanted
        first = cell.get_weights()[1][:, :UNITS]
        np.testing.assert_array_equal(found[wanted[0]], first)
        assert all(matrix.shape == (UNITS, UNITS) for matrix in found.values())
        if name == "jordan":
            np.testing.assert_allclose(found["both"], first @ cell.get_weights()[3], rtol=1e-5)


class TestFit:
    @pytest.mark.parametrize(
        ("rate", "verdict"), [(0.5, "vanishing"), (0.92, "vanishing"), (0.95, "steady"), (1.2, "exploding")]
    )
    def test_a_power(self, rate: float, verdict: str) -> None:
        fit = Fit.of([1.0, *(0.3 * rate**k for k in range(1, 7))])
        assert fit.rate == pytest.approx(rate)
        assert fit.verdict == verdict
        # 0.3 rate^k = 0.01, however far beyond what was measured.
        wanted = math.ceil(math.log(0.01 / 0.3) / math.log(rate)) if rate < 1 else None
        assert fit.memory == wanted

    def test_the_first_steps_count_for_memory_as_they_were(self) -> None:
        assert Fit.of([2.0, 0.5, 0.02, 0.1, 0.01]).memory == 2

    def test_nothing_comes_back(self) -> None:
        assert Fit.of([1.0, 0.0, 0.0, 0.0]) == Fit(0.0, 1)
        assert Fit.of([1.0, 0.0, 0.0, 0.0]).verdict == "vanishing"


def test_what_the_activation_gives() -> None:
    """Of an LSTM it is in the output behind a gate, of other cells it is the output."""
    inputs = np.random.default_rng(2).normal(size=(SENTENCES, TIME, 3))
    outputs, activated = activations(traced(elman("relu", np.eye(UNITS)), inputs))
    assert outputs is activated
    trace = traced(keras.layers.LSTMCell(UNITS), inputs)
    outputs, activated = activations(trace)
    np.testing.assert_array_equal(outputs, trace.states[0])
    np.testing.assert_allclose(activated, np.tanh(trace.states[1]), rtol=1e-5)
    np.testing.assert_allclose(outputs, gates(trace)["output"] * activated, rtol=1e-4)
