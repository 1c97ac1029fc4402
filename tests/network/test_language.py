"""The language model beside the tags: its loss against NumPy, what each direction sees, and that no tagger keeps it."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network import language
from seqtag.network.build import Network
from seqtag.network.fit import Trainer
from seqtag.network.language import END, NeighbourLoss
from seqtag.settings.config import LanguageModelSettings

WORDS = 7
RANDOM = np.random.default_rng(4)
LENGTHS = np.array([4, 1, 2], np.int32)
MASK = np.arange(4) < LENGTHS[:, None]
IDS = (RANDOM.integers(1, WORDS, (3, 4)) * MASK).astype(np.int32)
STATES = RANDOM.normal(size=(2, 3, 4, 5)).astype(np.float32)


def shaken(directions: int, weight: float = 0.3, classes: tuple[int, ...] = (WORDS,)) -> NeighbourLoss:
    model = NeighbourLoss(LanguageModelSettings(weight=weight, units=3), classes, directions)
    model.build((None, None, 5))
    model.set_weights([RANDOM.normal(size=array.shape) for array in model.get_weights()])
    return model


def neighbour(sentence: int, place: int, step: int) -> int:
    """The word after (step 1) or before (step -1) a place; the end beyond the sentence."""
    at = place + step
    return int(IDS[sentence, at]) if 0 <= at < LENGTHS[sentence] else END


@pytest.mark.parametrize("directions", [1, 2])
def test_the_loss_is_the_formula(directions: int) -> None:
    model = shaken(directions)
    wanted = 0.0
    for number, step in list(enumerate([1, -1]))[:directions]:
        (kernel, bias), (words, word_bias) = (
            [array.astype(float) for array in layer.get_weights()]
            for layer in (model.hidden[number], model.predicted[number])
        )
        losses = []
        for sentence, place in zip(*np.nonzero(MASK), strict=True):
            scores = np.tanh(STATES[number, sentence, place] @ kernel + bias) @ words + word_bias
            losses.append(np.log(np.exp(scores).sum()) - scores[neighbour(sentence, place, step)])
        wanted += np.mean(losses)
    found = float(model.loss(list(STATES[:directions]), IDS, MASK))
    assert found == pytest.approx(0.3 * wanted, rel=1e-5)


def test_words_in_classes() -> None:
    """The probability of the word in its class times that of the class, in both directions."""
    model = shaken(2, classes=(2, 1, WORDS - 3))
    assert len({weight.path for weight in model.weights}) == len(model.weights) == 2 * (2 + 4)
    wanted = 0.0
    for number, step in enumerate([1, -1]):
        kernel, bias = (array.astype(float) for array in model.hidden[number].get_weights())
        losses = []
        for sentence, place in zip(*np.nonzero(MASK), strict=True):
            seen = np.tanh(STATES[number, sentence, place] @ kernel + bias)[None].astype(np.float32)
            logs = np.asarray(model.predicted[number].distributions(seen))[0]
            assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)
            losses.append(-logs[neighbour(sentence, place, step)])
        wanted += np.mean(losses)
    assert float(model.loss(list(STATES), IDS, MASK)) == pytest.approx(0.3 * wanted, rel=1e-5)


def test_what_stands_at_padding_counts_nothing() -> None:
    model = shaken(2)
    other = STATES.copy()
    other[:, ~MASK] = 1e3
    assert float(model.loss(list(other), IDS, MASK)) == float(model.loss(list(STATES), IDS, MASK))
    wider = [np.pad(states, ((0, 0), (0, 2), (0, 0))) for states in STATES]
    padded = [np.pad(array, ((0, 0), (0, 2))) for array in (IDS, MASK)]
    assert float(model.loss(wider, *padded)) == pytest.approx(float(model.loss(list(STATES), IDS, MASK)))


@pytest.mark.parametrize("places", [7, 6, 4, 3, 1])
def test_of_many_words_some_predict(places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "PLACES", places)
    model = shaken(2)
    step = {7: 1, 6: 2, 4: 2, 3: 3, 1: 7}[places]
    asked = np.zeros_like(MASK)
    asked[tuple(np.argwhere(MASK)[::step].T)] = True
    assert asked.sum() <= places
    found = float(model.loss(list(STATES), IDS, MASK))
    monkeypatch.undo()
    assert found == pytest.approx(float(model.loss(list(STATES), IDS, asked)), rel=1e-6)


SIMPLE = {"encoder__cell": "simplernn", "head__name": "softmax", "plain": True}


def model_of(make: Any, **settings: Any) -> Any:
    """A toy whose network has a language model, and a batch with the words that it predicts."""

    class Speaking(Network):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, classes=(WORDS,))

    toy = make(kind=Speaking, encoder__layers=2, language_model__weight=0.3, **settings)
    inputs, tags = toy.batch()
    inside = np.arange(tags.shape[1]) < inputs["lengths"][:, None]
    words = (np.random.default_rng(2).integers(1, WORDS, tags.shape) * inside).astype(np.int32)
    return toy, inputs | {"predicted_words": words}, tags


@pytest.mark.parametrize(
    ("cell", "mode"),
    [("lstm", "concat"), ("gru", "concat"), ("simplernn", "concat"), ("simplernn", "mul"), ("jordan", "mul")],
)
def test_no_direction_sees_the_word_that_it_predicts(make: Any, cell: str, mode: str) -> None:
    toy, inputs, _ = model_of(make, **SIMPLE | {"encoder__cell": cell}, encoder__merge_mode=mode)
    toy.shake()
    longest = int(np.argmax(inputs["lengths"]))
    vectors = toy.network.vectors(inputs)

    def states(vectors: Any) -> NDArray[Any]:
        return np.array(toy.network.encoder.read(vectors, inputs["lengths"])[1])

    before = states(vectors)
    assert before.shape == (2, *vectors.shape[:2], 4)
    changed = tf.tensor_scatter_nd_add(vectors, [[longest, 3]], [tf.ones(vectors.shape[-1])])
    differs = (before != states(changed)).any(axis=-1)[:, longest, : inputs["lengths"][longest]]
    assert not differs[0, :3].any()  # the forward states before the changed word
    assert differs[0, 3:].any()
    assert not differs[1, 4:].any()  # the backward states after it
    assert differs[1, :4].any()


def test_it_is_part_of_training_and_of_nothing_else(make: Any) -> None:
    toy, inputs, tags = model_of(make)
    plain = make(encoder__layers=2)
    assert toy.network.language_model is not None
    assert plain.network.language_model is None
    assert plain.network.targets_needed == {}
    assert list(toy.network.named_weights()) == list(plain.network.named_weights())
    assert toy.network.parameters == plain.network.parameters
    toy.shake()
    plain.network.assign_weights(toy.network.named_weights())
    assert toy.export() == plain.export()
    alone = float(plain.network.loss_of(inputs, tags, training=True))
    assert float(toy.network.loss_of(inputs, tags)) == pytest.approx(alone, rel=1e-6)
    vectors = toy.network.vectors(inputs)
    _, states = toy.network.encoder.read(vectors, inputs["lengths"])
    mask = np.arange(tags.shape[1]) < inputs["lengths"][:, None]
    added = float(toy.network.language_model.loss(states, inputs["predicted_words"], mask))
    assert float(toy.network.loss_of(inputs, tags, training=True)) == pytest.approx(alone + added, rel=1e-5)


def test_training_learns_it_and_averages_the_tagger_alone(make: Any) -> None:
    toy, inputs, tags = model_of(make, **SIMPLE)
    trainer = Trainer(toy.network, toy.config.training)
    mask = np.arange(tags.shape[1]) < inputs["lengths"][:, None]

    def loss() -> float:
        _, states = toy.network.encoder.read(toy.network.vectors(inputs), inputs["lengths"])
        return float(toy.network.language_model.loss(states, inputs["predicted_words"], mask))

    first = loss()
    for _ in range(30):
        trainer.step(inputs, tags)
    assert loss() < 0.7 * first
    assert trainer.averaged().keys() == toy.network.named_weights().keys()
    assert any(name.startswith("language_model/") for name in trainer.names)  # the ledger shows its gradients


def test_the_cross_entropy_and_its_gradient_are_those_of_tensorflow() -> None:
    states, kernel, bias = (
        RANDOM.normal(size=size).astype(np.float32) for size in ((9, 3), (3, WORDS), WORDS)
    )
    targets = RANDOM.integers(0, WORDS, 9).astype(np.int32)

    def plain(states: Any, kernel: Any, bias: Any, targets: Any) -> Any:
        scores = states @ kernel + bias
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=scores))

    found = []
    for function in (plain, language.mean_cross_entropy):
        watched = [tf.constant(array) for array in (states, kernel, bias)]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            loss = 3 * function(*watched, targets)
        found.append([loss, *tape.gradient(loss, watched)])
    for wanted, own in zip(*found, strict=True):
        np.testing.assert_allclose(own, wanted, rtol=1e-5, atol=1e-6)


def test_a_word_that_seems_impossible_costs_a_finite_loss() -> None:
    loss = language.mean_cross_entropy(tf.ones((1, 1)), tf.constant([[0.0, 500.0]]), tf.zeros(2), [0])
    assert 60 < float(loss) < 500
