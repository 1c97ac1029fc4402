"""Adam on the rows that a batch reads, against Keras's Adam on the whole table at every step."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network import fit
from seqtag.network.build import Network
from seqtag.network.deferred import Clock, DeferredAdam
from seqtag.network.fit import Trainer
from seqtag.settings.config import TrainingSettings

ROWS, DIM = 40, 4


class Both:
    """The same table trained row by row and whole, with a moving average of each."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        first = self.random.normal(size=(ROWS, DIM)).astype(np.float32)
        layer = keras.layers.Embedding(ROWS, DIM, embeddings_initializer="zeros")
        layer.build((None,))
        layer.embeddings.assign(first)
        self.whole = keras.Variable(first)
        self.reference = keras.optimizers.Adam()
        self.reference.build([self.whole])
        self.optimizer = keras.optimizers.Adam()
        self.other = keras.Variable(np.zeros(1, np.float32))
        self.optimizer.build([self.other])
        self.clock = Clock(self.optimizer)
        self.table = DeferredAdam(layer.embeddings, "words", self.clock, averaged=True)
        self.average = first.astype(float)

        self._graph = tf.function(self._in_graph, autograph=False)

    def step(self, ids: NDArray[Any], rate: float, decay: float) -> float:
        """Trains both; returns how far the rows that are read lie apart before the step."""
        self.reference.learning_rate = self.optimizer.learning_rate = rate
        gradient = self.random.normal(size=(ids.size, DIM)).astype(np.float32) * 1e-2
        dense = np.zeros((ROWS, DIM), np.float32)
        np.add.at(dense, ids.ravel(), gradient)
        gap = self._graph(*map(tf.constant, (ids, gradient, dense, np.float32(decay))))
        self.average = self.average * decay + self.whole.numpy() * (1 - decay)
        return float(gap)

    def _in_graph(self, ids: Any, gradient: Any, dense: Any, decay: Any) -> Any:
        rows = self.table.read(ids)
        apart = tf.gather(self.table.variable.value, ids) - tf.gather(self.whole.value, ids)
        summed = self.table.summed(tf.IndexedSlices(gradient, tf.reshape(ids, [-1])), rows)
        now = self.clock.rate
        self.table.apply(summed, rows, now, decay)
        self.clock.tick(now, decay)
        self.optimizer.apply([tf.zeros(1)], [self.other])
        self.reference.apply([dense], [self.whole])
        return tf.reduce_max(tf.abs(apart))


def test_a_table_moves_as_with_keras() -> None:
    """Rows read often, rarely, and not for 200 steps; a rate and a decay that change with the steps."""
    both = Both()
    first = both.whole.numpy()
    for step in range(1, 301):
        high = ROWS if step < 10 or step > 210 else 8
        ids = both.random.integers(0, high, (2, 3))
        gap = both.step(ids, 0.01 * (1 + np.sin(step / 10) ** 2), min(0.99, (1 + step) / (10 + step)))
        assert gap < 1e-5, step
    assert np.abs(both.whole.numpy() - first).max() > 0.1, "the table has moved"
    both.table.settle()
    both.clock.reset()
    np.testing.assert_allclose(both.table.variable.numpy(), both.whole.numpy(), atol=1e-5)
    np.testing.assert_allclose(both.table.average.numpy(), both.average, atol=1e-5)
    for step in range(20):  # and on from there
        assert both.step(both.random.integers(0, ROWS, (2, 3)), 0.01, 0.9) < 1e-5, step


# ------------------------------------------------------------------------------------------------------------
# In the training step

SCALE = tf.Variable(1.0)


class Scaled(Network):
    """A network whose gradient can be broken."""

    def loss_of(self, inputs: Any, tags: Any, training: bool = False) -> Any:
        return SCALE * super().loss_of(inputs, tags, training=training)


@pytest.fixture(autouse=True)
def _scale() -> Iterator[None]:
    SCALE.assign(1.0)
    yield
    SCALE.assign(1.0)


@pytest.mark.parametrize(
    ("averaging", "clip"), [("ema", {}), ("none", {"global_clipnorm": None, "clipnorm": 0.01})]
)
def test_the_step_is_that_of_adam_on_all_weights(
    averaging: str, clip: dict[str, Any], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = make(kind=Scaled, encoder__cell="dense", plain=True, head__name="softmax").shake(0.5)
    settings = TrainingSettings(learning_rate=0.05, averaging=averaging, averaging_decay=0.8, **clip)
    first = toy.network.named_weights()
    monkeypatch.setattr(fit, "CAPACITY", 5)
    found = {}
    for deferred in (True, False):
        if not deferred:
            monkeypatch.setattr(Network, "lookups", {})
        toy.network.assign_weights(first)
        trainer = Trainer(toy.network, settings)
        assert bool(trainer.tables) == deferred
        steps = []
        for number in range(12):
            SCALE.assign(float("inf") if number in (3, 7) else 1.0)  # leaves the weights as they are
            step = trainer.step(*toy.batch([number % 5, (number + 1) % 3]), 0.05 / (1 + number))
            steps.append((step.loss, step.gradient_norm))
        trainer.settle()
        found[deferred] = steps, toy.network.named_weights(), trainer.averaged()
    toy.network.assign_weights(first)
    np.testing.assert_allclose(found[True][0], found[False][0], rtol=1e-4)
    for kind in (1, 2):
        for name, array in found[False][kind].items():
            np.testing.assert_allclose(found[True][kind][name], array, atol=2e-5, err_msg=name)
    table = found[True][1]["word/table/embeddings"]
    assert np.abs(table - first["word/table/embeddings"]).max() > 0.01
    assert (averaging == "ema") == (np.abs(table - found[True][2]["word/table/embeddings"]).max() > 1e-4)
