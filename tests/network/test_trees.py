"""Networks over trees: each against a recursion over the tree, in Keras and in ONNX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.vocabulary import fit_indexers
from seqtag.graph.build import Plan, build
from seqtag.graph.weights import Weights
from seqtag.network.build import Network
from seqtag.network.fit import Trainer
from seqtag.network.trees import TreeEncoder, tree_inputs
from seqtag.settings.merging import merge
from seqtag.support.errors import UsageError

Array = NDArray[Any]
KINDS = ("tree_lstm", "nary_tree_lstm", "recursive")
UNITS, DIM, SLOTS = 4, 3, 3
# A chain of five words, one word, a star, and a tree whose branches cross.
TREES = [(2, 3, 4, 5, 0), (0,), (3, 3, 0, 3, 3, 3, 3), (4, 1, 1, 0, 2, 4, 3)]
SENTENCES = [Sentence(tuple(f"w{at % 3}" for at in range(len(heads))), heads=heads) for heads in TREES]


# ------------------------------------------------------------------------------------------------------------
# The oracle: one node after the other


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def slot_of(child: int, heads: tuple[int, ...], slots: int) -> int:
    """Half of the slots, rounded down, for words to the left of the head; the nearest has the one in the middle."""
    head = heads[child] - 1
    nearer = [
        other for other, its in enumerate(heads) if its - 1 == head and abs(other - head) < abs(child - head)
    ]
    rank = sum((other < head) == (child < head) for other in nearer)
    return max(slots // 2 - 1 - rank, 0) if child < head else slots // 2 + min(rank, slots - slots // 2 - 1)


def child_sum(x: Array, read: list[tuple[int, Array, Array]], weights: list[Array]) -> tuple[Array, Array]:
    w, u, b = weights
    wi, wf, wc, wo = np.split(w, 4, axis=1)
    ui, uf, uc, uo = np.split(u, 4, axis=1)
    bi, bf, bc, bo = np.split(b, 4)
    before = sum((h for _, h, _ in read), np.zeros(UNITS))
    memory = sigmoid(x @ wi + before @ ui + bi) * np.tanh(x @ wc + before @ uc + bc)
    for _, h, c in read:
        memory = memory + sigmoid(x @ wf + h @ uf + bf) * c
    return sigmoid(x @ wo + before @ uo + bo) * np.tanh(memory), memory


def nary(x: Array, read: list[tuple[int, Array, Array]], weights: list[Array]) -> tuple[Array, Array]:
    w, u, b = weights
    wi, wf, wc, wo = np.split(w, 4, axis=1)
    bi, bf, bc, bo = np.split(b, 4)
    outputs, memories = np.zeros((SLOTS, UNITS)), np.zeros((SLOTS, UNITS))
    for slot, h, c in read:
        outputs[slot] += h
        memories[slot] += c
    sums = outputs.reshape(-1) @ u
    at = {"i": 0, "c": SLOTS + 1, "o": SLOTS + 2} | {slot: slot + 1 for slot in range(SLOTS)}
    part = {name: sums[place * UNITS : (place + 1) * UNITS] for name, place in at.items()}
    memory = sigmoid(x @ wi + part["i"] + bi) * np.tanh(x @ wc + part["c"] + bc)
    for slot in range(SLOTS):
        memory = memory + sigmoid(x @ wf + part[slot] + bf) * memories[slot]
    return sigmoid(x @ wo + part["o"] + bo) * np.tanh(memory), memory


def recursive(x: Array, read: list[tuple[int, Array, Array]], weights: list[Array]) -> tuple[Array, Array]:
    w, u, b = weights
    outputs = np.zeros((SLOTS, UNITS))
    for slot, h, _ in read:
        outputs[slot] += h
    output = np.tanh(x @ w + outputs.reshape(-1) @ u + b)
    return output, output


FORMULAS: dict[str, Callable[..., tuple[Array, Array]]] = {
    "tree_lstm": child_sum,
    "nary_tree_lstm": nary,
    "recursive": recursive,
}


def recursion(kind: str, way: str, x: Array, heads: tuple[int, ...], weights: list[Array]) -> Array:
    """The outputs of a sentence's words, `(time, units)`."""
    slots = 1 if kind == "tree_lstm" else SLOTS
    found: dict[int, tuple[Array, Array]] = {}

    def visit(word: int) -> tuple[Array, Array]:
        if word not in found:
            children = [child for child, head in enumerate(heads) if head == word + 1]
            if way == "up":
                read = [(slot_of(child, heads, slots), *visit(child)) for child in children]
            else:
                read = [(slot_of(word, heads, slots), *visit(heads[word] - 1))] if heads[word] else []
            found[word] = FORMULAS[kind](x[word], read, weights)
        return found[word]

    return np.array([visit(word)[0] for word in range(len(heads))])


# ------------------------------------------------------------------------------------------------------------
# The encoder alone


def tree_of(settings: Any, numbers: Any, time: int) -> dict[str, Any]:
    from seqtag.features.indexers.trees import TreeIndexer

    indexer = TreeIndexer(settings.tree_slots, settings.tree_passes)
    return indexer.collate([indexer.index(SENTENCES[number]) for number in numbers], time, None)


def shaken(layer: Any, scale: float = 0.8) -> list[Array]:
    random = np.random.default_rng(2)
    layer.set_weights([random.normal(0, scale, array.shape) for array in layer.get_weights()])
    return layer.get_weights()


@pytest.mark.parametrize("kind", KINDS)
def test_a_tree_is_its_formula(kind: str, encoder_settings: Any) -> None:
    """In both directions, the way down over what the way up gave; in a graph whose sizes are not known before."""
    settings = encoder_settings(tree=kind, tree_arity=SLOTS)
    encoder = TreeEncoder(settings, lambda features, training: features)
    encoder.build((None, None, DIM))
    weights = [shaken(part) for part in encoder.passes]
    x = np.random.default_rng(1).normal(0, 1, (len(TREES), 8, DIM)).astype(np.float32)
    needed = {name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in tree_inputs(settings).items()}
    run = tf.function(
        encoder.call, autograph=False, input_signature=[tf.TensorSpec((None, None, DIM), tf.float32), needed]
    )
    found = run(x, tree_of(settings, range(len(TREES)), 8)).numpy()
    assert found.shape == (len(TREES), 8, 2 * UNITS)
    for number, heads in enumerate(TREES):
        own = x[number, : len(heads)]
        up = recursion(kind, "up", own, heads, weights[0])
        down = recursion(kind, "down", np.concatenate([own, up], axis=1), heads, weights[1])
        np.testing.assert_allclose(found[number, : len(heads), :UNITS], up, rtol=0, atol=1e-5)
        np.testing.assert_allclose(found[number, : len(heads), UNITS:], down, rtol=0, atol=1e-5)
        assert not found[number, len(heads) :].any()
    # One sentence more or less in the batch, and padding, change nothing for the others.
    fewer = run(x[2:, :7], tree_of(settings, [2, 3], 7)).numpy()
    np.testing.assert_allclose(fewer, found[2:, :7], rtol=0, atol=1e-6)


def test_the_forget_gate_starts_open(encoder_settings: Any) -> None:
    for kind in KINDS[:2]:
        encoder = TreeEncoder(encoder_settings(tree=kind, forget_bias=2.0), None)
        encoder.build((None, None, DIM))
        assert encoder.passes[0].bias.numpy().tolist() == [0] * 4 + [2] * 4 + [0] * 8


def test_a_gradient_is_that_of_the_formula(encoder_settings: Any) -> None:
    """Against differences of the loss, for each weight of each kind."""
    x = np.random.default_rng(1).normal(0, 1, (len(TREES), 7, DIM)).astype(np.float32)
    for kind in KINDS:
        settings = encoder_settings(tree=kind, tree_arity=2)
        encoder = TreeEncoder(settings, lambda features, training: features)
        encoder.build((None, None, DIM))
        for part in encoder.passes:
            shaken(part, 0.5)
        tree = tree_of(settings, range(len(TREES)), 7)
        loss = tf.function(lambda: tf.reduce_sum(encoder.call(x, tree) ** 2), autograph=False)  # noqa: B023
        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, [weight.value for weight in encoder.trainable_variables])
        random = np.random.default_rng(4)
        for weight, gradient in zip(encoder.trainable_variables, gradients, strict=True):
            assert isinstance(gradient, tf.Tensor)
            way, own = random.normal(0, 1, weight.shape).astype(np.float32), weight.numpy()
            ends = []
            for step in (1e-2, -1e-2):
                weight.assign(own + step * way)
                ends.append(float(loss()))
            weight.assign(own)
            slope = (ends[0] - ends[1]) / 2e-2
            assert float(tf.reduce_sum(gradient * way)) == pytest.approx(slope, rel=2e-2, abs=2e-2)


def test_recurrent_dropout_hides_what_is_handed_on(encoder_settings: Any) -> None:
    """With everything hidden each word stands alone; a mask is one for all words of a sentence."""
    for kind in KINDS:
        settings = encoder_settings(tree=kind, tree_direction="up", recurrent_dropout=0.5, units=30)
        encoder = TreeEncoder(settings, lambda features, training: features)
        encoder.build((None, None, DIM))
        shaken(encoder)
        x = np.ones((4, 7, DIM), np.float32)
        tree = tree_of(settings, range(4), 7)
        calm, wild = (encoder.call(x, tree, training=training).numpy() for training in (False, True))
        assert np.abs(wild - calm)[2, 2].max() > 1e-3  # the root of the star
        np.testing.assert_allclose(wild[2, [0, 1, 3]], calm[2, [0, 1, 3]], rtol=1e-5)  # leaves read nothing
        np.testing.assert_array_equal(encoder.call(x, tree, training=False), calm)


@pytest.mark.parametrize("name", ["prelu", "rrelu", "maxout"])
def test_some_activations_are_for_no_tree(name: str, encoder_settings: Any) -> None:
    with pytest.raises(UsageError, match=rf"{name} is for cells without gates.*encoder\.tree recursive"):
        TreeEncoder(encoder_settings(tree="recursive", activation=name, cell="dense"), None)


# ------------------------------------------------------------------------------------------------------------
# In a network


@dataclass(frozen=True)
class Toy:
    network: Network
    indexers: dict[str, Any]
    plan: Plan

    def batch(self, numbers: Any, extra: int = 0) -> dict[str, Any]:
        chosen = [SENTENCES[number] for number in numbers]
        time = max(map(len, chosen)) + extra
        inputs: dict[str, Any] = {"lengths": np.array(list(map(len, chosen)), np.int32)}
        for indexer in self.indexers.values():
            inputs |= indexer.collate([indexer.index(one) for one in chosen], time, None)
        return inputs

    def session(self) -> Any:
        model = build(self.plan, Weights.of_arrays(self.network.named_weights()))
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def made(scale: float = 0.7, **encoder: Any) -> Toy:
    chosen = {"embeddings.word.dim": 3, "embeddings.shape.dim": 0, "embeddings.characters.encoder": "none"}
    chosen |= {"embeddings.dropout": 0, "encoder.dropout": 0, "language_model.weight": 0, "encoder.units": 4}
    chosen |= {"embeddings.bigrams.enabled": "no", "head.name": "softmax"}
    chosen |= {f"encoder.{name}": value for name, value in encoder.items()}
    config = merge({path: (value, "test") for path, value in chosen.items()})
    indexers = fit_indexers(SENTENCES, config, Resources())
    plan = Plan(config, {name: one.sizes for name, one in indexers.items() if name != "tree"}, 3, None)
    network = Network(plan)
    random = np.random.default_rng(3)
    if scale:
        arrays = {
            name: random.normal(0, scale, array.shape) for name, array in network.named_weights().items()
        }
        network.assign_weights(arrays)
    return Toy(network, indexers, plan)


OPTIONS: list[dict[str, Any]] = [
    {"tree": "tree_lstm", "layers": 0},
    {
        "tree": "tree_lstm",
        "tree_direction": "up",
        "cell": "gru",
        "activation": "hard_tanh",
        "attention": "self",
    },
    {"tree": "nary_tree_lstm", "layers": 0, "tree_direction": "down", "recurrent_activation": "hard_sigmoid"},
    {"tree": "nary_tree_lstm", "tree_arity": 3, "cell": "simplernn", "residual": "residual"},
    {"tree": "recursive", "layers": 0, "tree_arity": 1, "activation": "relu", "use_bias": False},
    {"tree": "recursive", "tree_direction": "down", "cell": "dense"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_a_tree_in_a_network(options: dict[str, Any]) -> None:
    """Padding changes nothing, a sentence of one word is one, and ONNX says what Keras says."""
    toy = made(**options)
    assert {name for name in toy.network.inputs_needed if name.startswith("tree_")} == {
        name for name in toy.batch([0]) if name.startswith("tree_")
    }
    signature = {name: tf.TensorSpec(one.shape, one.dtype) for name, one in toy.network.inputs_needed.items()}
    decode = tf.function(toy.network.decode, autograph=False, input_signature=[signature])
    session = toy.session()
    wanted = decode(toy.batch(range(4)))[1].numpy()
    assert np.std(wanted[2][:7]) > 1e-3
    for numbers, extra in ((range(4), 0), ([2, 3], 3), ([1], 0), ([3], 1)):
        inputs = toy.batch(numbers, extra)
        for found in (decode(inputs), session.run(["tags", "probabilities"], inputs)):
            for place, number in enumerate(numbers):
                n = len(TREES[number])
                np.testing.assert_allclose(found[1][place][:n], wanted[number][:n], rtol=0, atol=1e-5)


def test_a_deep_tree() -> None:
    """A level for each word of a sentence of five hundred."""
    deep = Sentence(("w0",) * 500, heads=(*range(2, 501), 0))
    toy = made(0.3, tree="tree_lstm", tree_direction="up", layers=0)
    inputs: dict[str, Any] = {"lengths": np.array([500], np.int32)}
    for indexer in toy.indexers.values():
        inputs |= indexer.collate([indexer.index(deep)], 500, None)
    assert len(inputs["tree_up_levels"]) == 500
    (found,) = toy.session().run(["probabilities"], inputs)
    decode = tf.function(toy.network.decode, autograph=False, reduce_retracing=True)
    np.testing.assert_allclose(found, decode(inputs)[1], rtol=0, atol=1e-5)


def test_training_learns_and_repeats_itself() -> None:
    """The word depends on the one two steps up; the same seed gives the same weights."""
    tags = np.zeros((4, 7), np.int32)
    for number, heads in enumerate(TREES):
        for word, head in enumerate(heads):
            tags[number, word] = 0 if head == 0 else 1 + (heads[head - 1] == 0)
    results = []
    for _ in range(2):
        tf.keras.utils.set_random_seed(5)
        toy = made(0, tree="nary_tree_lstm", layers=0, units=8, recurrent_dropout=0.1, tree_direction="down")
        trainer = Trainer(toy.network, toy.plan.config.training)
        losses = [trainer.step(toy.batch(range(4)), tags, 0.03).loss for _ in range(30)]
        trainer.settle()
        results.append(toy.network.named_weights())
        assert losses[-1] < losses[0] * 0.8
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name])
    assert [name for name in trainer.names if "tree" in name] == [
        f"encoder/tree/tree_down/{name}" for name in ("kernel", "recurrent_kernel", "bias")
    ]
