"""Adam for tables of which a batch reads a few rows: the others are brought up to date when they are read."""

import math
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

CAPACITY = 4096  # steps after which all rows are brought up to date, so that the sums below stay short


@dataclass(frozen=True)
class BatchRows:
    """The rows of a table that a batch reads, up to date.

    Attributes:
        ids: Their numbers, each once, `(rows,)`.
        places: For each place of the batch, which of `ids` stands there, `(places,)`.
        values: The weights, `(rows, dim)`.
        momentum: Adam's first moment, `(rows, dim)`.
        velocity: Adam's second moment, `(rows, dim)`.
        average: The moving average of the weights, `(rows, dim)`; None without one.
    """

    ids: Any
    places: Any
    values: Any
    momentum: Any
    velocity: Any
    average: Any


class Clock:
    """What one step does to a row without a gradient, as sums over the steps since any earlier step.

    Adam (Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization") goes on moving a weight after its last
    gradient: with moments m and v then, step j later moves it by `rate_j (beta_1 / sqrt(beta_2))^j m / sqrt(v)`. The
    sum over the steps that were left out depends on the step at which they began and on nothing of the row, so it
    is kept for every beginning: `moved[s]`. Likewise what these moves come to in a moving average, `drifted[s]`,
    and the average's decay, `decays`, as a logarithm.

    Args:
        optimizer: Keras's Adam, which trains the other weights and counts the steps.
    """

    def __init__(self, optimizer: keras.optimizers.Adam) -> None:
        self.optimizer = optimizer
        self.now = tf.Variable(0, trainable=False, dtype=tf.int32)
        self.moved = tf.Variable(tf.zeros(CAPACITY + 1), trainable=False)
        self.drifted = tf.Variable(tf.zeros(CAPACITY + 1), trainable=False)
        self.decays = tf.Variable(tf.zeros(CAPACITY + 1), trainable=False)
        self.ratio = optimizer.beta_1 / math.sqrt(optimizer.beta_2)

    @property
    def variables(self) -> dict[str, Any]:
        """What the clock remembers, by name."""
        return {"now": self.now, "moved": self.moved, "drifted": self.drifted, "decays": self.decays}

    @property
    def rate(self) -> Any:
        """The learning rate of the step under way, Adam's corrections of the first steps in it."""
        step = tf.cast(self.optimizer.iterations.value + 1, tf.float32)
        first, second = (1 - tf.pow(beta, step) for beta in (self.optimizer.beta_1, self.optimizer.beta_2))
        return self.optimizer.learning_rate.value * tf.sqrt(second) / first

    def tick(self, rate: Any, decay: Any) -> None:
        """Counts a step with this rate, after which an average has this decay."""
        began = tf.range(CAPACITY + 1)
        passed = self.now + 1 - began
        moved = self.moved + rate * tf.where(
            passed > 0, tf.pow(self.ratio, tf.cast(tf.maximum(passed, 0), tf.float32)), 0.0
        )
        self.drifted.assign(self.drifted * decay + moved * (1 - decay))
        self.moved.assign(moved)
        self.decays.assign(tf.where(passed <= 0, self.decays[self.now] + tf.math.log(decay), self.decays))
        self.now.assign_add(1)

    def reset(self) -> None:
        """Begins anew; every row must be up to date."""
        for sums in (self.moved, self.drifted, self.decays):
            sums.assign(tf.zeros_like(sums))
        self.now.assign(0)


class DeferredAdam:
    """Adam, and a moving average of the weights, on one table.

    It comes to what Keras's Adam does with the whole table at each step (but for Adam's epsilon, which it takes as
    it was when the row was last read), at the cost of the rows that the batch reads.

    Args:
        variable: The table, a Keras variable `(rows, dim)`.
        source: Name of the input whose numbers are rows of it.
        clock: The sums over steps, common to all tables.
        averaged: Whether there is a moving average.
    """

    def __init__(self, variable: Any, source: str, clock: Clock, *, averaged: bool) -> None:
        self.variable = variable
        self.source = source
        self.clock = clock
        zeros = tf.zeros_like(variable.value)
        self.momentum = tf.Variable(zeros, trainable=False)
        self.velocity = tf.Variable(zeros, trainable=False)
        self.average = tf.Variable(variable.value, trainable=False) if averaged else None
        self.last = tf.Variable(tf.zeros(zeros.shape[0], tf.int32), trainable=False)

    @property
    def variables(self) -> dict[str, Any]:
        """What the table remembers beside its weights, by name."""
        found = {"momentum": self.momentum, "velocity": self.velocity, "last": self.last}
        return found if self.average is None else found | {"average": self.average}

    def read(self, ids: Any) -> BatchRows:
        """Brings the rows of a batch up to date, so that the network reads them as they are now."""
        unique, places = tf.unique(tf.reshape(ids, [-1]))
        rows = self._current(unique, places)
        self.variable.value.scatter_update(tf.IndexedSlices(rows.values, unique))
        return rows

    def _current(self, ids: Any, places: Any) -> BatchRows:
        clock, optimizer = self.clock, self.clock.optimizer
        since = tf.gather(self.last, ids)
        passed = tf.cast(clock.now - since, tf.float32)[:, None]
        values, momentum, velocity = (
            tf.gather(table, ids) for table in (self.variable.value, self.momentum, self.velocity)
        )
        move = momentum / (tf.sqrt(velocity) + optimizer.epsilon)
        average = None
        if self.average is not None:
            kept = tf.exp(clock.decays[clock.now] - tf.gather(clock.decays, since))[:, None]
            drifted = tf.gather(clock.drifted, since)[:, None]
            average = tf.gather(self.average, ids) * kept + values * (1 - kept) - move * drifted
        return BatchRows(
            ids,
            places,
            values - move * tf.gather(clock.moved, since)[:, None],
            momentum * tf.pow(optimizer.beta_1, passed),
            velocity * tf.pow(optimizer.beta_2, passed),
            average,
        )

    @staticmethod
    def summed(gradient: Any, rows: BatchRows) -> Any:
        """The gradient of each row that the batch reads, `(rows, dim)`, from that of each place."""
        return tf.math.unsorted_segment_sum(gradient.values, rows.places, tf.shape(rows.ids)[0])

    def apply(self, gradient: Any, rows: BatchRows, rate: Any, decay: Any) -> None:
        """One step of Adam on these rows, `gradient` `(rows, dim)`; the clock ticks after it."""
        optimizer = self.clock.optimizer
        momentum = rows.momentum + (gradient - rows.momentum) * (1 - optimizer.beta_1)
        velocity = rows.velocity + (tf.square(gradient) - rows.velocity) * (1 - optimizer.beta_2)
        values = rows.values - rate * momentum / (tf.sqrt(velocity) + optimizer.epsilon)
        average = None if rows.average is None else rows.average * decay + values * (1 - decay)
        new = replace(rows, values=values, momentum=momentum, velocity=velocity, average=average)
        self.write(new, self.clock.now + 1)

    def write(self, rows: BatchRows, step: Any) -> None:
        """Puts the rows back, up to date as of this step."""
        tables = [
            (self.variable.value, rows.values),
            (self.momentum, rows.momentum),
            (self.velocity, rows.velocity),
            (self.last, tf.fill(tf.shape(rows.ids), step)),
        ]
        if self.average is not None:
            tables.append((self.average, rows.average))
        for table, new in tables:
            table.scatter_update(tf.IndexedSlices(new, rows.ids))

    def settle(self) -> None:
        """Brings every row up to date; the clock must be reset after all tables are."""
        every = tf.range(tf.shape(self.last)[0])
        rows = self._current(every, every)
        self.variable.value.assign(rows.values)
        self.momentum.assign(rows.momentum)
        self.velocity.assign(rows.velocity)
        if self.average is not None:
            self.average.assign(rows.average)
        self.last.assign(tf.zeros_like(self.last))
