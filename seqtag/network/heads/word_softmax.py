"""Output layers of a language model: the exact probability of a word, over all words at once or by its class first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tied:
    """Word vectors of the output that are rows of the input's table (Press and Wolf 2017, "Using the Output Embedding
    to Improve Language Models"). The table stays a weight of the layer that it comes from.

    Attributes:
        table: The Keras variable `(rows, dim)`.
        rows: The row of each word, `(words,)`.
    """

    table: Any
    rows: NDArray[np.integer[Any]]


class FullSoftmax(keras.layers.Layer):  # type: ignore[misc]
    """P(word | state), a softmax over the whole vocabulary: `softmax(W P h + b)`.

    The word vectors W are `(words, units)`. Tied ones can have another width `dim`; then P is a learnt projection,
    else there is none.

    Args:
        words: The size of the vocabulary.
        tied: The input's vectors in place of own ones.
        name: The layer's name.
    """

    def __init__(self, words: int, tied: Tied | None = None, name: str = "output") -> None:
        super().__init__(name=name)
        self.words = words
        self.tied = tied
        self.projection: Any = None

    def build(self, states_shape: Any, targets_shape: Any = None) -> None:
        """Makes the weights, for states `(n, units)`."""
        units = states_shape[-1]
        if self.tied is None:
            self.kernel = self.add_weight(shape=(self.words, units), name="words")
        elif self.tied.table.shape[1] != units:
            self.projection = keras.layers.Dense(self.tied.table.shape[1], use_bias=False, name="projection")
            self.projection.build(states_shape)
        self.bias = self.add_weight(shape=(self.words,), initializer="zeros", name="word_biases")
        self.built = True

    @property
    def vectors(self) -> Any:
        """The vectors of the words, `(words, dim)`."""
        if self.tied is None:
            return tf.convert_to_tensor(self.kernel)
        return tf.gather(tf.convert_to_tensor(self.tied.table), self.tied.rows)

    def projected(self, states: Any) -> Any:
        """The states in the width of the words' vectors, `(n, dim)`."""
        return states if self.projection is None else self.projection(states)

    def call(self, states: Any, targets: Any) -> Any:
        """The log-probability of one word for each state, `(n,)`.

        Args:
            states: `(n, units)`.
            targets: The words by number, `(n,)` int32.
        """
        return _log_softmax_at(_scores(self.projected(states), self.vectors, self.bias), targets)

    def distributions(self, states: Any) -> Any:
        """The log-probability of every word for each state, `(n, words)`."""
        return tf.nn.log_softmax(_scores(self.projected(states), self.vectors, self.bias))


class ClassSoftmax(FullSoftmax):
    """P(word | h) = P(class of the word | h) P(word | its class, h), a softmax over the classes and one over the words
    of a class (Goodman 2001, "Classes for Fast Maximum Entropy Training"): as exact as the full softmax, at the cost
    of one class.

    Words are numbered by class, so that each class is a range. The states of a batch are sorted by the class of their
    targets, and each class's states meet its words in one product. The vector of a word that is a class by itself is
    never asked for, and stays as it began. With one class, this is the full softmax.

    Args:
        sizes: How many words each class has, `(classes,)`.
        tied: The input's vectors in place of own ones.
        name: The layer's name.
    """

    def __init__(self, sizes: Sequence[int], tied: Tied | None = None, name: str = "output") -> None:
        super().__init__(sum(sizes), tied, name)
        self.sizes = tuple(sizes)
        self.starts = np.cumsum((0, *sizes[:-1])).astype(np.int32)
        self.class_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    def build(self, states_shape: Any, targets_shape: Any = None) -> None:
        super().build(states_shape)
        self.classes = keras.layers.Dense(len(self.sizes), name="classes")
        self.classes.build(states_shape)

    def call(self, states: Any, targets: Any) -> Any:
        classes = tf.gather(self.class_of, targets)
        order = tf.argsort(classes)
        counts = tf.math.bincount(classes, minlength=len(self.sizes), maxlength=len(self.sizes))
        within = _log_softmax_in_groups(
            tf.gather(self.projected(states), order),
            self.vectors,
            tf.convert_to_tensor(self.bias),
            tf.gather(targets - tf.gather(self.starts, classes), order),
            counts,
            self.sizes,
        )
        within = tf.gather(within, tf.math.invert_permutation(order))
        return _log_softmax_at(self.classes(states), classes) + within

    def distributions(self, states: Any) -> Any:
        classes = tf.nn.log_softmax(self.classes(states))  # (n, classes)
        scores = tf.split(_scores(self.projected(states), self.vectors, self.bias), self.sizes, axis=1)
        within = tf.concat([tf.nn.log_softmax(own) for own in scores], axis=1)
        return tf.gather(classes, self.class_of, axis=1) + within


def word_softmax(sizes: Sequence[int], tied: Tied | None = None) -> FullSoftmax:
    """The output layer for words in classes of these sizes; one class is the full softmax."""
    return ClassSoftmax(sizes, tied) if len(sizes) > 1 else FullSoftmax(sizes[0], tied)


def _scores(states: Any, vectors: Any, biases: Any) -> Any:
    """The score of each word for each state before any normalisation, `(n, words)`."""
    return tf.matmul(states, vectors, transpose_b=True) + biases


def _log_softmax_at(scores: Any, targets: Any) -> Any:
    """The logarithm of the softmax of `(n, words)` at the targets, `(n,)` both."""
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=scores)


def _log_softmax_in_groups(
    states: Any, vectors: Any, biases: Any, targets: Any, counts: Any, sizes: Sequence[int]
) -> Any:
    """As `_log_softmax_at`, `(n,)`, where the states of each group meet the words of that group alone.

    A loop over the groups, and its gradient another one: laid out side by side, hundreds of groups would take a minute
    to become a graph, and they would run no faster.

    Args:
        states: By group, `(n, dim)`.
        vectors: By group, `(words, dim)`.
        biases: By group, `(words,)`.
        targets: Which of its group's words each state is asked for, `(n,)` int32.
        counts: How many states each group has, `(groups,)` int32.
        sizes: How many words each group has.
    """
    ends = np.cumsum(sizes).astype(np.int32)
    starts, groups, (words, dim) = ends - sizes, len(sizes), vectors.shape

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(states: Any, vectors: Any, biases: Any) -> Any:
        last = tf.cumsum(counts)
        states_of, words_of = _slices(last - counts, last), _slices(tf.constant(starts), tf.constant(ends))

        def forward(group: Any, logs: Any, errors: Any) -> tuple[Any, ...]:
            own, those = states_of(group), words_of(group)
            # For a few states and many words, in this order the product takes half the time.
            scores = tf.transpose(tf.matmul(vectors[those], states[own], transpose_b=True)) + biases[those]
            loss, error = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=scores, labels=targets[own])
            return group + 1, logs.write(group, -loss), errors.write(group, -error)

        _, logs, errors = _loop(groups, forward, [None], [None, None])

        def gradient(upstream: Any) -> tuple[Any, ...]:
            weights = tf.convert_to_tensor(upstream)[:, None]

            def backward(group: Any, *arrays: Any) -> tuple[Any, ...]:
                own = states_of(group)
                error = errors.read(group) * weights[own]  # (states, words) of the group
                found = (
                    tf.matmul(error, vectors[words_of(group)]),
                    tf.matmul(error, states[own], transpose_a=True),
                    tf.reduce_sum(error, axis=0),
                )
                return group + 1, *(
                    array.write(group, value) for array, value in zip(arrays, found, strict=True)
                )

            _, *arrays = _loop(groups, backward, [None, dim], [None, dim], [None])
            shapes = ([None, dim], [words, dim], [words])
            return tuple(
                tf.ensure_shape(array.concat(), shape) for array, shape in zip(arrays, shapes, strict=True)
            )

        return tf.ensure_shape(logs.concat(), [None]), gradient

    return run(states, vectors, biases)


def _slices(starts: Any, ends: Any) -> Any:
    """A function that gives the slice of a group."""
    return lambda group: slice(starts[group], ends[group])


def _loop(groups: int, body: Any, *shapes: Sequence[int | None]) -> Any:
    """Runs a body over the groups that fills arrays with elements of these shapes, one for each group."""
    arrays = [
        tf.TensorArray(tf.float32, size=groups, infer_shape=False, element_shape=shape) for shape in shapes
    ]
    return tf.while_loop(
        lambda group, *_: group < groups, body, (tf.constant(0), *arrays), parallel_iterations=1
    )
