"""The temperature by which a model's scores are divided, so that its probabilities mean what they say.

Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): one number, which minimises the
negative log-likelihood of the right answers on data that training has not seen. To divide all scores of a sentence's
sequences of tags by one number leaves their order as it is, so no answer changes, only its probability.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.graph.heads.chain import FORBIDDEN

Floats = NDArray[np.float64]
LOWEST, HIGHEST = (
    0.5,
    10.0,
)  # temperatures; a network that has hardly learnt asks for a lower one, and would be too sure
DIGITS = 2  # of a temperature: more make no difference
PRECISION = 0.002  # of its logarithm
GOLDEN = (math.sqrt(5) - 1) / 2
SMALLEST = 1e-7  # probability of a label that is told from 0
POSSIBLE = FORBIDDEN / 2  # the score of a sequence that the tag scheme allows is greater
TOGETHER = 128  # sentences
STEPS = 2**20  # from tag to tag, of all sentences that are searched together: more do not fit into a cache


def fit(loss: Callable[[float], float]) -> float:
    """The temperature at which a loss is smallest.

    Args:
        loss: The negative log-likelihood of all right answers at a temperature. Its logarithm is taken to be normally
            distributed about 0 (standard deviation 0.5), so that the temperature stays near 1 where there are few
            answers, or all are right.
    """

    def at(logarithm: float) -> float:
        return loss(math.exp(logarithm)) + 2 * logarithm**2

    low, high = math.log(LOWEST), math.log(HIGHEST)
    first, second = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    of_first, of_second = at(first), at(second)
    while high - low > PRECISION:  # golden-section search
        if of_first <= of_second:
            high, second, of_second = second, first, of_first
            first = high - GOLDEN * (high - low)
            of_first = at(first)
        else:
            low, first, of_first = first, second, of_second
            second = low + GOLDEN * (high - low)
            of_second = at(second)
    return round(math.exp((low + high) / 2), DIGITS)


def of_labels(probabilities: Floats, right: NDArray[np.bool_], *, several: bool) -> float:
    """The temperature of labels of sentences.

    Args:
        probabilities: The probability of each label of each sentence, `(sentences, labels)`.
        right: Which labels are right, likewise.
        several: Whether a sentence may have several: then each label has a sigmoid of its own, else all have a softmax.
    """
    known = right.any(axis=1) | several
    given, wanted = probabilities[known].clip(SMALLEST, 1 - SMALLEST), right[known]
    scores = np.log(given) - np.log1p(-given) if several else np.log(given)

    def loss(temperature: float) -> float:
        scaled = scores / temperature
        if several:
            return float(np.logaddexp(0, np.where(wanted, -scaled, scaled)).sum())
        return float(np.logaddexp.reduce(scaled, axis=1).sum() - scaled[wanted].sum())

    return fit(loss)


@dataclass(frozen=True)
class Scores:
    """What a model makes of sentences: the scores of their tags, and the right ones.

    Attributes:
        start: Score of a tag as the first one, `(tags,)`.
        transitions: Entry [i, j] is the score of tag j right after tag i, `(tags, tags)`.
        end: Score of a tag as the last one, `(tags,)`.
        sentences: For each sentence the score of each tag of each word by itself, `(time, tags)`, and the numbers of
            the right tags `(time,)`.
    """

    start: Floats
    transitions: Floats
    end: Floats
    sentences: Sequence[tuple[NDArray[np.float32], NDArray[np.int32]]]

    def divided(self, temperature: float) -> "Scores":
        """All scores, divided by a temperature."""
        start, transitions, end = (array / temperature for array in (self.start, self.transitions, self.end))
        sentences = [(scores / np.float32(temperature), tags) for scores, tags in self.sentences]
        return Scores(start, transitions, end, sentences)

    def temperature(self) -> float:
        """The temperature that fits."""
        return fit(self.loss)

    def best(self, bias: Floats) -> list[NDArray[np.int64]]:
        """The numbers of the best tags of each sentence, `(time,)`, by a search that adds a bias to the score of each
        tag, `(tags,)` (Viterbi).
        """
        found: dict[int, NDArray[np.int64]] = {}
        for numbers, scores, _, lengths in self._batches(max(1, STEPS // len(self.start) ** 2)):
            arrived = self.start + scores[:, 0] + bias
            here = [arrived]
            for place in range(1, scores.shape[1]):
                ways = arrived[:, :, None] + self.transitions  # (batch, from, to)
                arrived = ways.max(axis=1) + scores[:, place] + bias
                here.append(arrived)
            rows = np.arange(len(numbers))
            path = np.zeros(scores.shape[:2], np.int64)
            for place in reversed(range(scores.shape[1])):
                ends = lengths == place + 1
                following = path[rows, min(place + 1, scores.shape[1] - 1)]
                onward = np.where(ends[:, None], self.end, self.transitions[:, following].T)
                path[:, place] = (here[place] + onward).argmax(axis=1)
            found |= {number: path[row, : lengths[row]] for row, number in enumerate(numbers)}
        return [found[number] for number in range(len(self.sentences))]

    def loss(self, temperature: float) -> float:
        """The negative log-likelihood of the right tags of all sentences, with all scores divided; sentences whose
        right tags the scheme does not allow are left out.
        """
        total = 0.0
        for _, scores, tags, lengths in self._batches():
            right = self._right(scores, tags, lengths)
            losses = self._log_sums(scores, lengths, temperature) - right / temperature
            total += float(losses[right > POSSIBLE].sum())
        return total

    def _batches(
        self, most: int = TOGETHER
    ) -> Iterator[tuple[list[int], Floats, NDArray[np.int32], NDArray[np.int64]]]:
        """Sentences of about the same length, `most` of them at most: their numbers, scores, right tags and lengths."""
        order = sorted(range(len(self.sentences)), key=lambda number: len(self.sentences[number][1]))
        size = min(most, TOGETHER)
        for first in range(0, len(order), size):
            numbers = order[first : first + size]
            rows = [self.sentences[number] for number in numbers]
            lengths = np.array([len(tags) for _, tags in rows])
            scores = np.zeros((len(rows), lengths.max(), len(self.start)))
            right = np.zeros(scores.shape[:2], np.int32)
            for place, (own, tags) in enumerate(rows):
                scores[place, : len(tags)], right[place, : len(tags)] = own, tags
            yield numbers, scores, right, lengths

    def _right(self, scores: Floats, tags: NDArray[np.int32], lengths: NDArray[np.int64]) -> Floats:
        """The score of the right tags of each sentence, `(batch,)`."""
        places = np.arange(scores.shape[1])
        words = places < lengths[:, None]
        own = np.take_along_axis(scores, tags[:, :, None], axis=2)[:, :, 0]
        steps = self.transitions[tags[:, :-1], tags[:, 1:]]
        last = np.take_along_axis(tags, lengths[:, None] - 1, axis=1)[:, 0]
        found: Floats = (own * words).sum(1) + (steps * words[:, 1:]).sum(1)
        return found + self.start[tags[:, 0]] + self.end[last]

    def _log_sums(self, scores: Floats, lengths: NDArray[np.int64], temperature: float) -> Floats:
        """The logarithm of the sum over all sequences of tags of each sentence, `(batch,)`."""
        weights = np.exp(self.transitions / temperature)
        arrived = (self.start + scores[:, 0]) / temperature
        sums = np.zeros(len(scores))
        for place in range(scores.shape[1]):
            if place:
                largest = arrived.max(axis=1, keepdims=True)
                with np.errstate(divide="ignore"):  # where every way is forbidden
                    arrived = (
                        np.log(np.exp(arrived - largest) @ weights) + largest + scores[:, place] / temperature
                    )
            ends = lengths == place + 1
            sums[ends] = np.logaddexp.reduce(arrived[ends] + self.end / temperature, axis=1)
        return sums
