"""A recurrent language model at work: what it says of sentences, without TensorFlow."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import START
from seqtag.corpora.units import Units
from seqtag.corpora.views import View
from seqtag.inference.language_model import StateReader
from seqtag.inference.word_softmax import WordSoftmax
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import counted
from seqtag.tasks.language.recurrent.views import score_views
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary

FORWARD, BACKWARD = "forward", "backward"
TITLES = {(FORWARD,): "forward", (BACKWARD,): "backward", (FORWARD, BACKWARD): "both directions"}

Doubles = NDArray[np.float64]
Score = Callable[[Sequence[Sequence[str]]], tuple[Doubles, NDArray[np.bool_]]]


@dataclass(frozen=True)
class RecurrentModel:
    """A recurrent language model. It fulfils `seqtag.tasks.language.base.TextModel`.

    Attributes:
        units: What its tokens are.
        vocabulary: The words that it predicts, and what it knows of those that it reads.
        softmax: Its output layer, that of all directions.
        directions: The directions that it has: "forward", "backward" or both, in this order.
        network: Gives the serialised ONNX model whose only output is the states of a direction.
        layers: What lies below the output layer, in words.
        continuous: Whether it carries its state from sentence to sentence of a text.
        closed: Whether only the most frequent words of the training text are in the vocabulary.
        threads: Batches that are read side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.
        label_key: The key under which its corpus had the labels of sentences; empty for a model without labels.
    """

    units: Units
    vocabulary: WordVocabulary
    softmax: WordSoftmax
    directions: tuple[str, ...]
    network: Callable[[str], bytes]
    layers: str
    continuous: bool = False
    closed: bool = True
    threads: int = 0
    name: str = "the model"
    label_key: str = ""

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its vocabulary; the first word, `<s>`, is never predicted."""
        return (START, *self.vocabulary.words)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels on which it is conditioned; empty for a model of text alone."""
        return self.vocabulary.labels

    @property
    def label(self) -> str | None:
        """The label of sentences that come without one; None for none."""
        return self.vocabulary.label

    def given(self, label: str) -> "RecurrentModel":
        """The model for sentences of one of its labels, which need not say theirs."""
        return replace(self, vocabulary=replace(self.vocabulary, label=label))

    @property
    def not_probabilities(self) -> str:
        """Always empty: its scores are probabilities."""
        return ""

    @property
    def description(self) -> str:
        """What it is, in one line."""
        words = counted(self.vocabulary.size, "word" if self.units.are_words else "character")
        classes = len(self.vocabulary.sizes)
        output = f"{words} in {classes:,} classes" if classes > 1 else words
        reads = TITLES[self.directions] + (" from line to line" if self.continuous else "")
        labels = f", conditioned on {counted(len(self.labels), 'label')}" * bool(self.labels)
        return f"{self.layers}, {reads}, {output}{labels}"

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[Doubles, NDArray[np.bool_]]:
        """-log2 of the probability of each token given all before it, and whether it is unknown; the end of each
        sentence follows its tokens. Of a model that has only the other direction, as `score_backward`. Each
        sentence is read by itself; `scorer` is for a text.

        Raises:
            ModelError: A probability is not finite.
        """
        return self.score_in(self.directions[0], sentences)

    def scorer(self, direction: str | None = None) -> Score:
        """A function that does what `score` does, or `score_in` with this direction, for the parts of one text in
        order: the state of a continuous model goes on from sentence to sentence, and from part to part.
        """
        if self.continuous:
            return TextScorer(self, self._reader(direction or FORWARD)).score
        return partial(self.score_in, direction or self.directions[0])

    def score_backward(self, sentences: Sequence[Sequence[str]]) -> tuple[Doubles, NDArray[np.bool_]]:
        """As `score`, but of each token given all after it; the beginning of each sentence follows its tokens.

        Raises:
            Error: The model does not have this direction.
            ModelError: A probability is not finite.
        """
        return self.score_in(BACKWARD, sentences)

    def continuation(self, tokens: Sequence[str]) -> Doubles:
        """The probability of each word of `words` after the start of a sentence and these tokens.

        Raises:
            Error: The model reads backward only.
        """
        found: Doubles = self.continuations([tokens])[0]
        return found

    def continuations(self, beginnings: Sequence[Sequence[str]]) -> Doubles:
        """As `continuation`, for several beginnings at once, `(beginnings, words)`."""
        return _spread(self._logs(beginnings, FORWARD))

    def gap(self, left: Sequence[str], right: Sequence[str]) -> Doubles:
        """The probability of each word of `words` between these tokens, those before and those after it; 0 for the
        ends of a sentence.

        With the sides taken as independent given the word it is, by Bayes' rule, in proportion to
        P(word | left) P(word | right) / P(word). Without the last factor, which takes the frequency of the word into
        account once too often, the true word was far less probable; it is left out where frequencies are not known.

        Raises:
            Error: The model has one direction only.
            ModelError: A probability is not finite.
        """
        frequencies = self.vocabulary.frequencies
        logs = np.zeros(len(self.vocabulary.words)) if frequencies is None else -np.log(frequencies)
        for direction, known in ((FORWARD, left), (BACKWARD, right)):
            logs += self._logs([known], direction)[0]
        logs[self.vocabulary.end] = -np.inf
        found = np.exp(logs - logs.max())
        return np.concatenate([[0.0], found / found.sum()])

    def score_views(self, views: Sequence[View]) -> Doubles:
        """-log2 of the probability of the token of each view after what is visible there.

        Raises:
            Error: The model reads backward only.
        """
        return score_views(views, self.vocabulary, self._reader(FORWARD), self.softmax)

    def _logs(self, known: Sequence[Sequence[str]], direction: str) -> NDArray[np.float32]:
        """The logarithm of the probability of each predicted word next to the words of each list, `(lists, words)`."""
        seen = [self.vocabulary.seen(tokens) for tokens in known]
        # The state next to the word that is missing: after all words, or before them. What is beyond does not count.
        places = [len(tokens) if direction == FORWARD else 1 for tokens in known]
        states = self._reader(direction).one(seen, places)
        with np.errstate(over="ignore", invalid="ignore"):
            logs = self.softmax.distributions(states)
        if np.isnan(logs).any():
            raise ModelError(f"{self.name}: the network gave probabilities that are not finite.")
        return logs

    def score_in(
        self, direction: str, sentences: Sequence[Sequence[str]]
    ) -> tuple[Doubles, NDArray[np.bool_]]:
        """As `score` or `score_backward`."""
        targets = [self.vocabulary.targets(tokens) for tokens in sentences]
        if not targets:
            return np.zeros(0), np.zeros(0, np.bool_)
        words = np.concatenate(targets)
        ends = np.cumsum([len(one) for one in targets])
        borders = np.zeros((2, len(words)), np.bool_)
        borders[0, ends - [len(one) for one in targets]] = borders[1, ends - 1] = True
        first, last = borders
        logs = np.zeros(len(words))

        def use(places: NDArray[np.int64], states: NDArray[np.float32]) -> None:
            known = ~(last if direction == FORWARD else first)[places]
            predicted = places[known] + (1 if direction == FORWARD else -1)
            with np.errstate(over="ignore", invalid="ignore"):
                logs[predicted] = self.softmax.log_probabilities(states[known], words[predicted])

        self._reader(direction).read([self.vocabulary.seen(tokens) for tokens in sentences], use)
        self.check_finite(logs)
        if direction == BACKWARD:  # the first border stands where forward has the last one
            logs[last] = logs[first]
        return logs[~first] / -math.log(2), words[~first] == self.vocabulary.unknown

    def check_finite(self, logs: Doubles) -> None:
        """Refuses probabilities that are not finite.

        Raises:
            ModelError: One is not.
        """
        if not np.isfinite(logs).all():
            raise ModelError(f"{self.name}: the network gave probabilities that are not finite.")

    def _reader(self, direction: str) -> StateReader:
        if direction not in self.directions:
            raise Error(
                f"{self.name}: the language model reads {self.directions[0]} only; expected one with the direction "
                f"{direction}."
            )
        return self._forward if direction == FORWARD else self._backward

    @cached_property
    def _forward(self) -> StateReader:
        return StateReader(self.network(FORWARD), self.vocabulary, self.threads, name=self.name)

    @cached_property
    def _backward(self) -> StateReader:
        return StateReader(self.network(BACKWARD), self.vocabulary, self.threads, name=self.name)


class TextScorer:
    """Scores a text part by part with a continuous model.

    Args:
        model: The model.
        reader: The states of its direction.
    """

    def __init__(self, model: RecurrentModel, reader: StateReader) -> None:
        self.model = model
        self.reader = reader
        self.state: NDArray[np.float32] | None = None

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[Doubles, NDArray[np.bool_]]:
        """As `RecurrentModel.score`, of the next sentences of the text, which follow each other."""
        vocabulary = self.model.vocabulary
        if not sentences:
            return np.zeros(0), np.zeros(0, np.bool_)
        # The border after a sentence is the one before the next: it is predicted here, and read with what follows.
        read = Sentence(tuple(token for tokens in sentences for token in vocabulary.seen(tokens).tokens[:-1]))
        words = np.concatenate([vocabulary.targets(tokens)[1:] for tokens in sentences])
        logs = np.zeros(len(words))

        def use(places: NDArray[np.int64], states: NDArray[np.float32]) -> None:
            with np.errstate(over="ignore", invalid="ignore"):
                logs[places] = self.model.softmax.log_probabilities(states, words[places])

        self.state = self.reader.follow(read, self.state, use)
        self.model.check_finite(logs)
        return logs / -math.log(2), words == vocabulary.unknown


def _spread(logs: NDArray[np.float32]) -> Doubles:
    """Probabilities from logarithms `(n, words)`, with one of 0 for `<s>` before them."""
    found = np.zeros((len(logs), logs.shape[1] + 1))
    np.exp(logs, out=found[:, 1:], dtype=np.float64)
    return found
