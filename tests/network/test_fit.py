"""The training step: what clipping promises, against dense gradients in NumPy; same seed, same weights."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.adam import FusedAdam
from seqtag.network.build import Network
from seqtag.network.fit import Clipping, Trainer, summed
from seqtag.settings.config import TrainingSettings

KINDS = ("global_clipnorm", "clipnorm", "clipvalue")
OFF: dict[str, Any] = dict.fromkeys(KINDS)

SCALE = tf.Variable(1.0)  # of the loss, and so of the gradient


class Scaled(Network):
    """A network whose gradient can be made as large, or as broken, as a test wants it."""

    def loss_of(self, inputs: Any, tags: Any, training: bool = False) -> Any:
        return SCALE * super().loss_of(inputs, tags, training=training)


@pytest.fixture(autouse=True)
def _scale() -> Iterator[None]:
    SCALE.assign(1.0)
    yield
    SCALE.assign(1.0)


@pytest.fixture(scope="module")
def toy(make: Any) -> Any:
    return make(kind=Scaled, encoder__cell="dense", plain=True, head__name="softmax").shake(0.5)


@pytest.fixture(scope="module")
def trainers(toy: Any) -> Any:
    """A trainer for each rule, made once; SGD with rate 1, so that a step is the clipped gradient itself."""

    @cache
    def trainer(kind: str, bound: float | None, optimizer: str = "sgd") -> Trainer:
        settings = TrainingSettings(**(OFF | {"optimizer": optimizer, "learning_rate": 1.0, kind: bound}))
        return Trainer(toy.network, settings)

    return trainer


def dense_gradients(toy: Any, batch: Any) -> dict[str, NDArray[np.float64]]:
    """The gradient of each weight by name; rows of repeated words summed by NumPy."""
    variables = toy.network.trainable_variables
    with tf.GradientTape() as tape:
        loss = toy.network.loss_of(*batch)
    found = {}
    for variable, gradient in zip(variables, tape.gradient(loss, [v.value for v in variables]), strict=True):
        dense = np.zeros(variable.shape)
        if isinstance(gradient, tf.IndexedSlices):
            np.add.at(dense, gradient.indices.numpy(), gradient.values.numpy())
        else:
            dense[...] = gradient
        found[variable.path.partition("/")[2]] = dense
    return found


def norm_of(gradients: Any) -> float:
    return float(np.sqrt(sum((gradient**2).sum() for gradient in gradients.values())))


def step_of(toy: Any, trainer: Trainer, batch: Any) -> tuple[Any, dict[str, NDArray[np.float64]]]:
    """The step, and by how much it moved each weight downhill; the weights are put back."""
    before = toy.network.named_weights()
    step = trainer.step(*batch)
    after = toy.network.named_weights()
    toy.network.assign_weights(before)
    return step, {name: before[name].astype(float) - after[name] for name in before}


def assert_same(found: Any, wanted: Any) -> None:
    assert found.keys() == wanted.keys()
    for name in wanted:
        # The differences of weights of about 1 in single precision.
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4, atol=5e-7, err_msg=name)


@pytest.fixture(scope="module")
def batch(toy: Any) -> Any:
    """A batch in which words are repeated often."""
    inputs, tags = toy.batch([2, 4, 0, 4, 2, 4, 1])
    inputs["words"][0] = 3
    return inputs, tags


def test_the_batch_tells_summed_rows_from_unsummed(toy: Any, batch: Any) -> None:
    """The norm of the rows as they come is another one: what follows would notice."""
    variables = toy.network.trainable_variables
    with tf.GradientTape() as tape:
        loss = toy.network.loss_of(*batch)
    sparse = [g for g in tape.gradient(loss, [v.value for v in variables]) if isinstance(g, tf.IndexedSlices)]
    assert len(sparse) == 1
    unsummed = float(tf.norm(sparse[0].values))
    true = float(np.linalg.norm(dense_gradients(toy, batch)["word/table/embeddings"]))
    assert abs(unsummed / true - 1) > 0.1


def test_rows_of_a_repeated_word_are_summed() -> None:
    slices = tf.IndexedSlices(
        tf.constant([[1.0, 2], [3, 4], [5, 6]]), tf.constant([2, 0, 2]), tf.constant([4, 2])
    )
    assert summed(slices).numpy().tolist() == [[3, 4], [0, 0], [6, 8], [0, 0]]
    dense = tf.constant([1.0])
    assert summed(dense) is dense


@pytest.mark.parametrize("bound", [0, None])
@pytest.mark.parametrize("kind", KINDS)
def test_0_is_no_clipping(kind: str, bound: float | None) -> None:
    gradients = [tf.constant([1e6, -1e6]), tf.constant([3.0])]
    found, clipped = Clipping(TrainingSettings(**(OFF | {kind: bound})))(gradients, tf.constant(1e6))
    assert not bool(clipped)
    assert all(one is other for one, other in zip(found, gradients, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_one_gradient_above_the_bound_is_clipping(kind: str) -> None:
    clip = Clipping(TrainingSettings(**(OFF | {kind: 1.0})))
    for large, expected in ((5.0, True), (0.5, False)):
        gradients = [tf.constant([0.1]), tf.constant([large])]
        _, clipped = clip(gradients, tf.linalg.global_norm(gradients))
        assert bool(clipped) is expected


def test_a_step_without_clipping_is_the_gradient(toy: Any, batch: Any, trainers: Any) -> None:
    SCALE.assign(10.0)
    wanted = dense_gradients(toy, batch)
    step, moved = step_of(toy, trainers("global_clipnorm", 0), batch)
    assert not step.clipped
    assert step.gradient_norm == pytest.approx(norm_of(wanted), rel=1e-5)
    assert step.loss == pytest.approx(float(toy.network.loss_of(*batch)), rel=1e-5)
    assert_same(moved, wanted)


def test_global_clipnorm_rescales_all_gradients_together(toy: Any, batch: Any, trainers: Any) -> None:
    bound = 0.75
    for scale in (10.0, 0.1):
        SCALE.assign(scale)
        wanted = dense_gradients(toy, batch)
        norm = norm_of(wanted)
        step, moved = step_of(toy, trainers("global_clipnorm", bound), batch)
        assert step.gradient_norm == pytest.approx(norm, rel=1e-5)  # before clipping
        assert step.clipped == (norm > bound) == (scale == 10.0)
        assert norm_of(moved) == pytest.approx(min(norm, bound), rel=1e-5)
        assert_same(moved, {name: gradient * min(1, bound / norm) for name, gradient in wanted.items()})


def test_clipnorm_rescales_the_gradient_of_each_weight(toy: Any, batch: Any, trainers: Any) -> None:
    for scale, bound in ((10.0, 0.75), (0.1, 0.75)):
        SCALE.assign(scale)
        wanted = dense_gradients(toy, batch)
        norms = {name: float(np.linalg.norm(gradient)) for name, gradient in wanted.items()}
        step, moved = step_of(toy, trainers("clipnorm", bound), batch)
        assert step.gradient_norm == pytest.approx(norm_of(wanted), rel=1e-5)
        assert step.clipped == (max(norms.values()) > bound) == (scale == 10.0)
        assert any(norm > bound for norm in norms.values()) == (scale == 10.0)
        for name, norm in norms.items():
            assert np.linalg.norm(moved[name]) == pytest.approx(min(norm, bound), rel=1e-4)
        assert_same(moved, {name: wanted[name] * min(1, bound / norms[name]) for name in wanted})


def test_clipnorm_is_for_the_word_table_as_a_whole_with_its_rows_summed(
    toy: Any, batch: Any, trainers: Any
) -> None:
    """A bound that only the summed rows of the table pass, or only the unsummed ones."""
    name, bound = "word/table/embeddings", 0.75
    SCALE.assign(2 * bound / np.linalg.norm(dense_gradients(toy, batch)[name]))
    _, moved = step_of(toy, trainers("clipnorm", bound), batch)
    assert np.linalg.norm(moved[name]) == pytest.approx(bound, rel=1e-4)


def test_clipvalue_cuts_each_component(toy: Any, batch: Any, trainers: Any) -> None:
    bound = 0.05
    for scale in (10.0, 0.01):
        SCALE.assign(scale)
        wanted = dense_gradients(toy, batch)
        largest = max(np.abs(gradient).max() for gradient in wanted.values())
        step, moved = step_of(toy, trainers("clipvalue", bound), batch)
        assert step.gradient_norm == pytest.approx(norm_of(wanted), rel=1e-5)
        assert step.clipped == (largest > bound) == (scale == 10.0)
        assert_same(moved, {name: np.clip(gradient, -bound, bound) for name, gradient in wanted.items()})
        if step.clipped:
            found = [np.abs(array).max() for array in moved.values()]
            assert max(found) == pytest.approx(bound, rel=1e-4)
            assert sum((np.abs(array) < 0.9 * bound).sum() for array in moved.values()) > 10


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    ("kind", "bound"), [("global_clipnorm", 0.75), ("clipnorm", 0.75), ("clipvalue", 0.05)]
)
def test_a_clipped_step_has_the_norm_that_is_promised(
    kind: str, bound: float, optimizer: str, toy: Any, batch: Any, trainers: Any
) -> None:
    """Of each weight, before and after; Adam's tables are told by their rows, to the same end."""
    first = toy.network.named_weights()
    trainer = trainers(kind, bound, optimizer)
    assert bool(trainer.tables) == (optimizer == "adam")
    for scale in (10.0, 0.01):
        toy.network.assign_weights(first)
        SCALE.assign(scale)
        wanted = dense_gradients(toy, batch)
        assert trainer.names == [*wanted]
        step = trainer.step(*batch)
        norms = {name: float(np.linalg.norm(gradient)) for name, gradient in wanted.items()}
        np.testing.assert_allclose(step.norms, [*norms.values()], rtol=1e-4, atol=1e-8)
        total = norm_of(wanted)
        after = {
            "global_clipnorm": lambda name: norms[name] * min(1, bound / total),  # noqa: B023
            "clipnorm": lambda name: min(norms[name], bound),  # noqa: B023
            "clipvalue": lambda name: np.linalg.norm(np.clip(wanted[name], -bound, bound)),  # noqa: B023
        }[kind]
        np.testing.assert_allclose(step.clipped_norms, [after(name) for name in norms], rtol=1e-4, atol=1e-8)
        assert step.clipped == (scale == 10.0)
        if kind == "global_clipnorm":
            assert np.linalg.norm(step.clipped_norms) == pytest.approx(min(total, bound), rel=1e-5)
        trainer.settle()
    toy.network.assign_weights(first)


def test_adam_in_one_operation_is_that_of_keras() -> None:
    optimizers = [keras.optimizers.Adam(learning_rate=0.1) for _ in range(2)]
    own, other = (keras.Variable(np.linspace(-1, 1, 6).reshape(2, 3), dtype="float32") for _ in optimizers)
    fused = FusedAdam(own, optimizers[0])
    for step in range(3):
        gradient = tf.constant(np.sin(np.arange(6) * (step + 1)).reshape(2, 3), tf.float32)
        fused.apply(gradient)
        optimizers[0].iterations.assign_add(1)
        optimizers[1].apply([gradient], [other])
    np.testing.assert_allclose(own, other, rtol=1e-5)
    assert np.abs(np.array(own) - np.linspace(-1, 1, 6).reshape(2, 3)).max() > 0.1


def test_adam_counts_each_step_once(toy: Any, batch: Any) -> None:
    first = toy.network.named_weights()
    trainer = Trainer(toy.network, TrainingSettings(**(OFF | {"optimizer": "adam"})))
    for _ in range(3):
        trainer.step(*batch)
    assert int(trainer.optimizer.iterations) == 3
    trainer.settle()
    toy.network.assign_weights(first)


@pytest.mark.parametrize("scale", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("kind", "bound", "optimizer"),
    [("global_clipnorm", 0, "sgd"), ("global_clipnorm", 0.75, "adam"), ("clipvalue", 0.05, "sgd")],
)
def test_a_gradient_that_is_not_finite_leaves_everything_as_it_was(
    kind: str, bound: float, optimizer: str, scale: float, toy: Any, batch: Any, trainers: Any
) -> None:
    trainer = trainers(kind, bound, optimizer)
    before = toy.network.named_weights()
    state = [np.array(variable) for variable in trainer.optimizer.variables]
    SCALE.assign(scale)
    step = trainer.step(*batch)
    assert not np.isfinite(step.gradient_norm)
    assert not np.isfinite(step.loss)
    after = toy.network.named_weights()
    assert all((before[name] == after[name]).all() for name in before)
    for old, variable in zip(state, trainer.optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, variable)
    SCALE.assign(1.0)
    assert np.isfinite(trainer.step(*batch).gradient_norm)  # and training may go on
    assert any((before[name] != array).any() for name, array in toy.network.named_weights().items())
    trainer.settle()
    toy.network.assign_weights(before)


def test_a_step_trains_with_dropout(make: Any) -> None:
    toy = make(encoder__cell="dense", plain=True, head__name="softmax", embeddings__dropout=0.5)
    trainer = Trainer(toy.network, TrainingSettings(optimizer="sgd", learning_rate=1e-30))
    assert len({trainer.step(*toy.batch()).loss for _ in range(4)}) > 1


def test_a_step_compiles_once_for_all_sizes(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the making of a graph calls the loss; the graph runs without it."""
    made = []
    loss_of = Scaled.loss_of

    def counted(network: Any, *given: Any, **more: Any) -> Any:
        made.append(network)
        return loss_of(network, *given, **more)

    monkeypatch.setattr(Scaled, "loss_of", counted)
    trainer = Trainer(toy.network, TrainingSettings(**(OFF | {"optimizer": "sgd"})))
    before = toy.network.named_weights()
    for numbers in ([1], [0, 1, 2], range(6)):
        trainer.step(*toy.batch(numbers))
    assert len(made) == 1
    toy.network.assign_weights(before)


# ------------------------------------------------------------------------------------------------------------
# The moving average of the weights


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_the_moving_average(decay: float, toy: Any, batch: Any) -> None:
    """Against NumPy, over steps before and after its memory has grown to `decay`."""
    settings = OFF | {"optimizer": "sgd", "learning_rate": 0.5, "averaging": "ema", "averaging_decay": decay}
    trainer = Trainer(toy.network, TrainingSettings(**settings))
    first = toy.network.named_weights()
    wanted = {name: array.astype(float) for name, array in first.items()}
    kept: list[dict[str, NDArray[Any]]] = []
    for number in range(1, 6):
        trainer.step(*batch)
        weights = toy.network.named_weights()
        memory = min(decay, (1 + number) / (10 + number))
        wanted = {name: memory * wanted[name] + (1 - memory) * weights[name] for name in wanted}
        kept.append(trainer.averaged())
        assert_same(kept[-1], wanted)
        for name, array in toy.network.named_weights().items():  # to ask for it changes nothing
            np.testing.assert_array_equal(array, weights[name])
    moved = max(np.abs(kept[-1][name] - weights[name]).max() for name in weights)
    assert (moved > 1e-3) == (decay > 0)
    assert any((kept[0][name] != kept[1][name]).any() for name in kept[0]), "copies, not views"
    toy.network.assign_weights(first)


def test_a_gradient_that_is_not_finite_leaves_the_average_as_it_was(toy: Any, batch: Any) -> None:
    trainer = Trainer(toy.network, TrainingSettings(optimizer="sgd", averaging="ema"))
    first = toy.network.named_weights()
    trainer.step(*batch)
    before = trainer.averaged()
    SCALE.assign(float("nan"))
    trainer.step(*batch)
    after = trainer.averaged()
    assert all((before[name] == after[name]).all() for name in before)
    assert float(trainer.steps) == 1
    toy.network.assign_weights(first)


# ------------------------------------------------------------------------------------------------------------
# The same seed, the same weights
