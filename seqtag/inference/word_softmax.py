"""The output layer of a language model in NumPy: what `seqtag.network.heads.word_softmax` computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.graph.weights import Weights

STATES = 256  # that meet all words at once: enough for a fast product, few enough for little memory

Floats = NDArray[np.float32]
Numbers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class WordSoftmax:
    """P(word | state) over all words at once, or P(class | state) P(word | class, state).

    Attributes:
        vectors: The vector of each word, `(words, dim)`; words stand by class.
        biases: Of each word, `(words,)`.
        sizes: How many words each class has; one class for a full softmax.
        classes: Kernel `(units, classes)` and biases `(classes,)`; None for a full softmax.
        projection: Of the states to the vectors' width, `(units, dim)`; None if they have it.
    """

    vectors: Floats
    biases: Floats
    sizes: tuple[int, ...]
    classes: tuple[Floats, Floats] | None = None
    projection: Floats | None = None

    @classmethod
    def of_weights(
        cls, weights: Weights, sizes: Sequence[int], units: int, tied: Floats | None = None
    ) -> Self:
        """The layer that was trained, by the paths and shapes of its weights.

        Args:
            weights: Those of the network.
            sizes: How many words each class has, `(classes,)`.
            units: Width of the states.
            tied: The vectors of the words, `(words, dim)`, if they are the input's.

        Raises:
            ValueError: A weight is missing, or has another shape.
        """
        words, count = sum(sizes), len(sizes)
        vectors = weights.take("output/words", (words, units)) if tied is None else tied
        biases = weights.take("output/word_biases", (words,))
        classes = projection = None
        if count > 1:
            kernel = weights.take("output/classes/kernel", (units, count))
            classes = kernel, weights.take("output/classes/bias", (count,))
        if vectors.shape[1] != units:
            projection = weights.take("output/projection/kernel", (units, vectors.shape[1]))
        return cls(vectors, biases, tuple(sizes), classes, projection)

    @cached_property
    def starts(self) -> Numbers:
        """The first word of each class, `(classes,)`."""
        return np.cumsum((0, *self.sizes[:-1]))

    @cached_property
    def class_of(self) -> Numbers:
        """The class of each word, `(words,)`."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def log_probabilities(self, states: Floats, targets: Numbers) -> Floats:
        """The natural logarithm of the probability of one word for each state, `(n,)`.

        Args:
            states: `(n, units)`.
            targets: The words by number, `(n,)`.

        Example:
            >>> layer = WordSoftmax(np.float32([[0], [1]]), np.float32([0, 0]), (2,))
            >>> layer.log_probabilities(np.float32([[0], [5]]), np.array([1, 0])).round(3).tolist()
            [-0.6930000185966492, -5.006999969482422]
        """
        projected = self._projected(states)
        if self.classes is None:
            return _log_softmax_at(projected, self.vectors, self.biases, targets)
        classes = self.class_of[targets]
        kernel, biases = self.classes
        logs = _log_softmax_at(states, kernel.T, biases, classes)
        order = np.argsort(classes, kind="stable")
        ends = np.cumsum(np.bincount(classes, minlength=len(self.sizes)))
        for number in np.unique(classes):
            own = order[ends[number - 1] if number else 0 : ends[number]]
            words = slice(self.starts[number], self.starts[number] + self.sizes[number])
            places = targets[own] - words.start
            logs[own] += _log_softmax_at(projected[own], self.vectors[words], self.biases[words], places)
        return logs

    def distributions(self, states: Floats) -> Floats:
        """The natural logarithm of the probability of every word for each state, `(n, words)`."""
        scores = self._projected(states) @ self.vectors.T + self.biases
        if self.classes is None:
            return _log_softmax(scores)
        scores -= np.maximum.reduceat(scores, self.starts, axis=1)[:, self.class_of]
        sums = np.add.reduceat(np.exp(scores), self.starts, axis=1)  # (n, classes)
        kernel, biases = self.classes
        scores += (_log_softmax(states @ kernel + biases) - np.log(sums))[:, self.class_of]
        return scores

    def _projected(self, states: Floats) -> Floats:
        return states if self.projection is None else states @ self.projection


def _log_softmax_at(states: Floats, vectors: Floats, biases: Floats, targets: Numbers) -> Floats:
    """The logarithm of the softmax over the vectors' scores at the targets, `(n,)`, some states at a time."""
    logs = np.empty(len(states), np.float32)
    for begin in range(0, len(states), STATES):
        part = slice(begin, begin + STATES)
        scores = states[part] @ vectors.T
        scores += biases
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[np.arange(len(scores)), targets[part]]
        logs[part] = own - np.log(np.exp(scores, out=scores).sum(axis=1))
    return logs


def _log_softmax(scores: Floats) -> Floats:
    """The logarithm of the softmax of each row, `(n, words)`; the scores are overwritten."""
    scores -= scores.max(axis=1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return scores
