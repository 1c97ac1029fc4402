"""The network of a word language model: no state sees the word that it predicts, and all words sum to 1."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.build import weight_name
from seqtag.network.language_model import LanguageNetwork
from seqtag.settings import registry
from seqtag.support.errors import UsageError

CLASSES = (1, 3, 2, 5)
WORDS = sum(CLASSES)
EMBEDDINGS = ("word", "characters", "shape", "vectors")


def network_of(make: Any, embeddings: Any = EMBEDDINGS, **settings: Any) -> Any:
    """A toy whose network is a language model, with large random weights."""
    arguments = {
        name: settings.pop(name)
        for name in ("classes", "directions", "tied_rows", "streams")
        if name in settings
    }

    def kind(plan: Any) -> LanguageNetwork:
        return LanguageNetwork(plan.config, plan.sizes, **({"classes": CLASSES} | arguments))

    toy = make(embeddings, kind=kind, plain=True, **settings)
    random = np.random.default_rng(3)
    for weight in toy.network.weights:
        if weight.dtype == "float32":
            weight.assign(random.normal(0, 0.6, weight.shape))
    return toy


def batch(toy: Any, extra: int = 0) -> tuple[Any, NDArray[Any]]:
    """The sentences of the toy corpus of two words or more, their first and last words as borders."""
    inputs, tags = toy.batch([0, 2, 4, 5], extra)
    return inputs, np.random.default_rng(1).integers(0, WORDS, (len(tags), 20))[:, : tags.shape[1]].astype(
        np.int32
    )


def with_another_word(inputs: Any, place: int) -> Any:
    """The batch with another word at a place of each sentence, the one that stands at the next place of the first."""
    shape = inputs["words"].shape
    changed = {}
    for name, array in inputs.items():
        changed[name] = array.copy()
        if array.shape[:2] == shape:
            other = array[1, place + 1 : place + 2]
            assert (other != array[1, place]).any() or name in ("shapes",)
            changed[name][1, place] = other[0]
    return changed


def logs_of(network: Any) -> Any:
    signature = {name: tf.TensorSpec(e.shape, e.dtype) for name, e in network.inputs_needed.items()}
    targets = tf.TensorSpec((None, None), tf.int32)
    graph = tf.function(network.log_probabilities, autograph=False, input_signature=[signature, targets])
    return lambda inputs, targets: graph(inputs, targets).numpy()


@pytest.fixture(scope="module")
def both(make: Any) -> tuple[Any, Any]:
    """A toy of both directions and all embeddings whose weights nobody changes, and its logarithms."""
    toy = network_of(make)
    return toy, logs_of(toy.network)


@pytest.mark.parametrize(
    ("cell", "embeddings"),
    [(next(iter(registry.CELLS)), EMBEDDINGS), *((c, ("word",)) for c in registry.CELLS)],
)
def test_no_direction_sees_the_word_that_it_predicts(cell: str, embeddings: Any, make: Any) -> None:
    network = network_of(make, embeddings, encoder__cell=cell, encoder__layers=2)
    logs = logs_of(network.network)
    inputs, targets = batch(network)
    before = logs(inputs, targets)
    for place in (1, 3, 6):
        forward, backward = np.abs(logs(with_another_word(inputs, place), targets) - before)[:, 1]
        assert not forward[: place + 1].any()
        assert forward[place + 1] > 1e-5
        assert not backward[place:].any()
        assert backward[place - 1] > 1e-5


def test_every_word_of_the_context_counts(both: Any) -> None:
    """The first word changes what the last one's probability is, and the last word the first one's."""
    network, logs = both
    inputs, targets = batch(network)
    before = logs(inputs, targets)
    last = inputs["lengths"][1] - 1
    assert np.abs(logs(with_another_word(inputs, 0), targets) - before)[0, 1, last] > 1e-6
    swapped = {n: a[:, ::-1] if a.shape == targets.shape else a for n, a in inputs.items()}
    assert np.abs(logs(swapped, targets) - before)[1, 1, 0] > 1e-6


@pytest.mark.parametrize("classes", [CLASSES, (WORDS,)])
def test_all_words_sum_to_1(classes: Any, make: Any, both: Any) -> None:
    network, logs = both
    if classes != CLASSES:
        network = network_of(make, ("word",), classes=classes)
        logs = logs_of(network.network)
    inputs, targets = batch(network)
    total = sum(np.exp(logs(inputs, np.full_like(targets, word)).astype(float)) for word in range(WORDS))
    inside = np.arange(targets.shape[1]) < inputs["lengths"][:, None]
    first, last = (
        np.arange(targets.shape[1]) == 0,
        np.arange(targets.shape[1]) == inputs["lengths"][:, None] - 1,
    )
    for found, asked in zip(total, (inside & ~first, inside & ~last), strict=True):
        np.testing.assert_allclose(found[asked], 1, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(found[~asked], WORDS)  # a logarithm of 0 each


def test_padding_and_neighbours_change_nothing(both: Any) -> None:
    network, logs = both
    inputs, targets = batch(network)
    wider, more = batch(network, 4)
    found = logs(wider, more)
    np.testing.assert_allclose(found[:, :, :-4], logs(inputs, targets), rtol=1e-5, atol=1e-6)
    assert not found[:, :, -4:].any()
    alone, _ = network.batch([4])
    time = int(alone["lengths"][0])
    np.testing.assert_allclose(
        logs(alone, targets[2:3, :time])[:, 0], logs(inputs, targets)[:, 2, :time], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_one_direction_is_its_share_of_both(direction: str, make: Any, both: Any) -> None:
    whole, logs = both
    toy = network_of(make, directions=(direction,))
    arrays = {weight_name(weight): weight.numpy() for weight in whole.network.weights}
    assert len(arrays) == len(whole.network.weights)
    for weight in toy.network.weights:
        weight.assign(arrays[weight_name(weight)])
    inputs, targets = batch(toy)
    found, wanted = logs_of(toy.network)(inputs, targets), logs(inputs, targets)
    number = ("forward", "backward").index(direction)
    np.testing.assert_allclose(found[0], wanted[number], rtol=1e-5, atol=1e-6)


def test_the_loss_is_the_mean_of_both_directions(both: Any) -> None:
    toy, logs = both
    inputs, targets = batch(toy)
    wanted = -logs(inputs, targets).sum() / (2 * (inputs["lengths"] - 1).sum())
    assert float(toy.network.loss_of(inputs, targets)) == pytest.approx(wanted, rel=1e-5)


def test_tied_vectors_learn_from_both_ends(make: Any) -> None:
    rows = np.arange(2, 2 + WORDS)
    toy = network_of(make, embeddings=("word",), tied_rows=rows)
    network = toy.network
    paths = [weight_name(weight) for weight in network.weights]
    assert "output/words" not in paths
    assert "output/projection/kernel" in paths  # states of 4 units, vectors of 5
    assert len(paths) == len(set(paths))
    inputs, targets = batch(toy)
    (table,) = (weight for weight in network.weights if weight.shape[1:] == (5,) and "word" in weight.path)

    def gradient(targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = network.loss_of(inputs, targets)
        return tf.convert_to_tensor(tape.gradient(loss, table.value)).numpy()

    unread = np.setdiff1d(rows, inputs["words"])
    assert np.abs(gradient(targets)[unread]).max() > 1e-6
    assert np.abs(gradient(targets)[inputs["words"][0, 0]]).max() > 1e-6


def test_dropout_acts_in_training_alone(make: Any) -> None:
    toy = network_of(make, encoder__dropout=0.5, embeddings__dropout=0.5)
    inputs, targets = batch(toy)
    calm = [float(toy.network.loss_of(inputs, targets)) for _ in range(2)]
    wild = [float(toy.network.loss_of(inputs, targets, training=True)) for _ in range(2)]
    assert len({*calm, *wild}) == 3


def test_a_language_model_learns(make: Any) -> None:
    """A corpus by heart: each word but the first follows from those before it."""
    toy = make(("word",), kind=lambda plan: LanguageNetwork(plan.config, plan.sizes, CLASSES), plain=True)
    inputs, _ = toy.batch([0, 4])
    targets = (inputs["words"] % WORDS).astype(np.int32)
    variables = [weight.value for weight in toy.network.trainable_weights]
    signature = {name: tf.TensorSpec(e.shape, e.dtype) for name, e in toy.network.inputs_needed.items()}

    def step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = toy.network.loss_of(inputs, targets, training=True)
        for variable, slope in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.5 * tf.convert_to_tensor(slope))
        return loss

    graph = tf.function(
        step, autograph=False, input_signature=[signature, tf.TensorSpec((None, None), tf.int32)]
    )
    losses = [float(graph(inputs, targets)) for _ in range(400)]
    assert losses[0] > 2
    assert losses[-1] < 0.5


@pytest.mark.parametrize("name", ["bigrams", "bigram_vectors"])
def test_parts_that_see_the_next_word(name: str, make: Any) -> None:
    with pytest.raises(UsageError, match=rf"cannot use embeddings\.{name}: they show it the next word"):
        network_of(make, embeddings=("word", name))


def test_attention_sees_all_words(make: Any) -> None:
    with pytest.raises(UsageError, match=r"cannot use encoder\.attention self: it shows it all words"):
        network_of(make, encoder__attention="self")


def streams_of(make: Any, **settings: Any) -> tuple[Any, Any, Any]:
    """A network that carries its state through two texts, and the texts as one batch of equally long sentences."""
    toy = network_of(make, directions=("forward",), streams=2, **settings)
    for state in toy.network.carried:
        state.assign(np.ones(state.shape))
    inputs, targets = toy.batch([2, 2])
    inputs = {
        name: np.concatenate([array[:1], array[1:, ::-1]]) if array.shape == targets.shape else array
        for name, array in inputs.items()
    }
    return toy, inputs, np.random.default_rng(1).integers(0, WORDS, targets.shape).astype(np.int32)


def part_of(inputs: Any, targets: Any, start: int, stop: int) -> tuple[Any, Any]:
    """The tokens from one place to another as training gives them: the last one is predicted, but not read."""
    part = {n: a[:, start : stop + 1] if a.shape == targets.shape else a for n, a in inputs.items()}
    last = min(stop + 1, targets.shape[1])
    return part | {
        "lengths": np.full(2, last - start, np.int32),
        "fresh": np.full(2, not start, np.int32),
    }, targets[:, start : stop + 1]


@pytest.mark.parametrize("cell", [name for name, part in registry.CELLS.items() if part.stateful])
def test_what_is_read_in_parts_is_what_is_read_at_once(cell: str, make: Any) -> None:
    """Twice, since an epoch begins with states of zeros."""
    toy, inputs, targets = streams_of(
        make, embeddings=("word",), encoder__cell=cell, encoder__layers=2, encoder__residual="highway"
    )
    logs = toy.network.log_probabilities(inputs, targets).numpy()[0]
    for _ in range(2):
        for start, stop in ((0, 3), (3, 4), (4, 8)):
            loss = toy.network.loss_of(*part_of(inputs, targets, start, stop), training=True)
            assert float(loss) == pytest.approx(-logs[:, start + 1 : stop + 1].mean(), rel=1e-4)


def test_no_gradient_goes_back_into_the_part_before(make: Any) -> None:
    toy, inputs, targets = streams_of(make, embeddings=("word",))
    (table,) = (weight for weight in toy.network.weights if weight.path.endswith("table/embeddings"))
    found = []
    for start, stop in ((0, 3), (3, 8)):
        part, words = part_of(inputs, targets, start, stop)
        with tf.GradientTape() as tape:
            loss = toy.network.loss_of(part, words, training=True)
        rows = tf.convert_to_tensor(tape.gradient(loss, table.value)).numpy()
        found.append({*np.flatnonzero(np.abs(rows).max(axis=1)).tolist()})
        assert found[-1] == {*part["words"][:, : words.shape[1] - 1].ravel().tolist()}
    assert found[0] - found[1]


def test_a_state_that_is_carried_is_no_weight(make: Any) -> None:
    toy, inputs, targets = streams_of(make, encoder__layers=2)
    network = toy.network
    assert not [name for name in network.named_weights() if "carried" in name]
    carried = [weight for weight in network.variables if "carried" in weight.path]
    assert [weight.shape for weight in carried] == [(2, 4)] * 4
    assert not {id(weight) for weight in carried} & {id(weight) for weight in network.trainable_variables}
    before = [weight.numpy() for weight in carried]
    network.log_probabilities(inputs, targets)
    assert all((weight.numpy() == old).all() for weight, old in zip(carried, before, strict=True))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, r"reading\.continuous carries the state forward only, and reading\.direction is both"),
        (
            {"directions": ("backward",)},
            r"and reading\.direction is backward; expected .*--direction forward",
        ),
        (
            {"directions": ("forward",), "encoder__cell": "cnn"},
            r"encoder\.cell cnn has none; expected one of .*lstm",
        ),
    ],
)
def test_a_state_that_cannot_be_carried(settings: Any, problem: str, make: Any) -> None:
    with pytest.raises(UsageError, match=problem):
        network_of(make, embeddings=("word",), streams=2, **settings)
