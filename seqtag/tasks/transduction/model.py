"""A transducer at work: sources in, targets out, without TensorFlow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.pairs import BLANK, TextPair
from seqtag.features.indexers.base import UNKNOWN
from seqtag.graph.transducer import TransducerGraphs, TransducerPlan
from seqtag.graph.weights import Weights
from seqtag.inference.transducer import Hypothesis, Search, TransducerSession
from seqtag.support.errors import UsageError
from seqtag.tasks.transduction.vocabulary import SymbolVocabulary

if TYPE_CHECKING:
    from seqtag.settings.transduction import TransductionConfig

KEPT = 100_000  # answers that are remembered: texts repeat their words


@dataclass(frozen=True)
class TransducedText:
    """A target that was found.

    Attributes:
        text: The target.
        probability: The probability that the model gives it, its end included.
        complete: Whether it came to its end before the length limit did.
    """

    text: str
    probability: float
    complete: bool = True


@dataclass(frozen=True)
class Answer:
    """What was found for a source.

    Attributes:
        pair: The source.
        found: The targets, best first; one at least.
    """

    pair: TextPair
    found: tuple[TransducedText, ...]

    @property
    def best(self) -> TransducedText:
        """The best target."""
        return self.found[0]

    def __len__(self) -> int:
        return len(self.pair)


EMPTY = (TransducedText("", 1.0),)


def plan_of(config: "TransductionConfig", vocabulary: SymbolVocabulary) -> TransducerPlan:
    """What the network of these settings and symbols is made of."""
    return TransducerPlan(config, vocabulary.sources.rows, vocabulary.targets.rows, vocabulary.copied)


class TransducerModel:
    """A transducer that is ready to answer.

    Args:
        config: The settings.
        vocabulary: The symbols.
        weights: The network's.
        threads: Batches that are searched side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.

    Raises:
        ValueError: The weights are not those of the settings and the vocabulary, or not finite.
        Error: The settings contradict each other, or ONNX Runtime refuses the network.
    """

    def __init__(
        self,
        config: "TransductionConfig",
        vocabulary: SymbolVocabulary,
        weights: Weights,
        *,
        threads: int = 0,
        name: str = "the model",
    ) -> None:
        self.config = config
        self.vocabulary = vocabulary
        graphs = TransducerGraphs(plan_of(config, vocabulary), weights)
        weights.check_finite()
        self.session = TransducerSession(graphs.reader(), graphs.step(), threads=threads, name=name)
        self._known: dict[tuple[str, tuple[str, ...], int], tuple[TransducedText, ...]] = {}

    @cached_property
    def search(self) -> Search:
        """How targets are searched for."""
        settings = self.config.decoding
        return Search(settings.beam, settings.length_penalty, settings.max_length_factor)

    @property
    def how(self) -> str:
        """How targets are searched for, in a few words."""
        search = self.search
        return f"beam:{search.beam}|penalty:{search.penalty:g}|factor:{search.factor:g}"

    def check_nbest(self, nbest: int) -> None:
        """Raises UsageError if the beam is narrower than the targets that are wanted."""
        if nbest > self.search.beam:
            raise UsageError(
                f"--nbest {nbest}: the model's beam has {self.search.beam}; expected as many at most. A wider one is "
                "set in training: decoding.beam."
            )

    def answers(self, pairs: Sequence[TextPair], nbest: int = 1) -> list[Answer]:
        """The best targets of each source, at most `nbest`; for a blank one a blank one. What was answered before is
        remembered.

        Raises:
            ModelError: The network fails, or a probability is not finite.
        """
        keys = [(pair.source, pair.features, nbest) for pair in pairs]
        # Looked up once: another thread may forget all of them meanwhile.
        known = {key: answer for key in keys if (answer := self._known.get(key)) is not None}
        fresh = {
            key: pair
            for key, pair in zip(keys, pairs, strict=True)
            if key not in known and pair.source.strip(BLANK)
        }
        found = dict(zip(fresh, self._transduced(list(fresh.values()), nbest), strict=True))
        known |= found
        answers = [Answer(pair, known.get(key, EMPTY)) for key, pair in zip(keys, pairs, strict=True)]
        if len(self._known) + len(found) > KEPT:
            self._known.clear()
        if len(found) <= KEPT:
            self._known |= found
        return answers

    def _transduced(self, pairs: Sequence[TextPair], nbest: int) -> list[tuple[TransducedText, ...]]:
        if not pairs:
            return []
        sources = [self.vocabulary.source(pair) for pair in pairs]
        searched = self.session.search(sources, self.search, nbest)
        lacking = [
            (number, one) for number, found in enumerate(searched) for one in found if UNKNOWN in one.symbols
        ]
        instead = dict(zip(lacking, self._instead(pairs, lacking), strict=True))
        answers = []
        for number, found in enumerate(searched):
            texts: dict[str, TransducedText] = {}
            # The same text may come again, with an unknown symbol for one that the source has.
            for one in found:
                text = self.vocabulary.text(one.symbols, instead.get((number, one), ()))
                texts.setdefault(text, TransducedText(text, exp(one.log_probability), one.complete))
            answers.append((*texts.values(),))
        return answers

    def _instead(
        self, pairs: Sequence[TextPair], lacking: Sequence[tuple[int, Hypothesis]]
    ) -> Iterable[list[str]]:
        """For each unknown symbol of some targets, the symbol of the source that the attention is on most (Luong et al.
        2015, "Addressing the Rare Word Problem in Neural Machine Translation").
        """
        if not lacking or not self.session.attends:
            return [[] for _ in lacking]
        looks = self.alignment([pairs[number] for number, _ in lacking], [one.symbols for _, one in lacking])
        found = []
        for (number, one), weights in zip(lacking, looks, strict=True):
            read, _ = self.vocabulary.symbols(pairs[number])
            can = np.array([bool(symbol) and not symbol.startswith("\t") for symbol in read])
            steps = [step for step, symbol in enumerate(one.symbols) if symbol == UNKNOWN]
            best = np.where(can, weights[steps], -1).argmax(axis=1)
            found.append([read[place] for place in best])
        return found

    def alignment(
        self, pairs: Sequence[TextPair], targets: Sequence[Sequence[int]]
    ) -> list[NDArray[np.float32]]:
        """Where the attention was when each symbol of known targets was written, the end last: for each pair `(target
        symbols + 1, what the encoder reads)`. The decoder has an attention.
        """
        found = []
        for pair, target in zip(pairs, targets, strict=True):
            _, looks = self.session.follow([self.vocabulary.source(pair)], [np.array(target, np.int32)])
            if looks is None:
                raise ValueError("expected a decoder with an attention")
            found.append(looks[0])
        return found

    def log_probabilities(self, pairs: Sequence[TextPair]) -> NDArray[np.float32]:
        """The log-probability of each symbol of the pairs' targets, `(pairs, time)`, zero after the end."""
        sources = [self.vocabulary.source(pair) for pair in pairs]
        logs, _ = self.session.follow(sources, [self.vocabulary.target(pair) for pair in pairs])
        return logs
