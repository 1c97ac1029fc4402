"""The training of a recurrent language model with one seed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import END, START, SYMBOLS, UNK
from seqtag.evaluation.perplexity import Perplexity
from seqtag.features.indexers.base import pad
from seqtag.features.indexers.vectors import coverage
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.model_folder import layout
from seqtag.settings.language import LanguageConfig
from seqtag.support.errors import Diverged, Error, ModelError
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import one_line, printable
from seqtag.tasks.language.base import batches, by_sentence, vocabulary_facts
from seqtag.tasks.language.recurrent import prepare, stored
from seqtag.tasks.language.recurrent.model import RecurrentModel
from seqtag.tasks.language.recurrent.pieces import Pieces
from seqtag.tasks.language.recurrent.score import PERPLEXITY, LanguageScore
from seqtag.tasks.language.recurrent.streams import Streams
from seqtag.tasks.language.recurrent.texts import LanguageTexts
from seqtag.training.events import Start
from seqtag.training.job import Batch, Fitted

SHOWN, SHOWN_WORDS = 3, 6  # so much of a batch is named when training fails on it
COMPARED, FEW = 200, 40  # sentences on which the export is compared, and words of each
CLOSE = 2e-3  # in the logarithm of a probability


@dataclass(frozen=True)
class LanguageStart(Start):
    """What was read, before training starts.

    Attributes:
        sentences: Sentences of the training text.
        tokens: Their tokens.
        kinds: How many different ones.
        unknown: How many of the tokens are not predicted as themselves.
        dev_sentences: Sentences of dev.
        held_out: Whether dev is a part of the training files.
        words: How many words are predicted beside `</s>` and `<unk>`.
        classes: In how many classes they are.
        cut: How many more pieces there are than sentences, the longest of which are split.
        inputs: The parts of the network's input, by name.
        coverage: How many of the words have a pretrained vector, by how it was found; empty without vectors.
        labels: The labels on which the model is conditioned; empty for a model of text alone.
        unseen: Labels of dev that training never saw, each with the number of its sentences.
    """

    config: LanguageConfig
    sentences: int
    tokens: int
    kinds: int
    unknown: int
    dev_sentences: int
    held_out: bool
    words: int
    classes: int
    cut: int
    inputs: tuple[str, ...]
    coverage: dict[str, int]
    labels: tuple[str, ...] = ()
    unseen: dict[str, int] = field(default_factory=dict)


class LanguageJob:
    """What a run trains and scores.

    Args:
        config: The settings; its seed is this run's.
        texts: What to train and to score on.
        vectors: Pretrained vectors, if the network reads some.

    Raises:
        Error: The network has no input, or is more than a model folder can hold.
    """

    def __init__(self, config: LanguageConfig, texts: LanguageTexts, vectors: Vectors | None) -> None:
        self.config = config
        self.texts = texts
        self.vectors = vectors
        base = texts.base
        self.vocabulary = base.vocabulary if base else prepare.learn(config, texts, vectors)
        self.pieces = self._pieces()
        streams = self.pieces.count if isinstance(self.pieces, Streams) else 0
        # The settings are this run's: dropout may be another than that of the model which is trained on.
        self.network: Any = (
            replace(base, config=config).network(streams)
            if base
            else stored.network_of(config, self.vocabulary, streams)
        )
        try:
            layout.check_size("weights.safetensors", self.network.size)
        except ValueError as problem:
            raise Error(f"the network is too large for a model folder: {one_line(problem)}.") from problem
        self.prepared = self._prepared()

    def _pieces(self) -> Pieces | Streams:
        """The training text, cut as the network is to read it."""
        config, text = self.config, self.texts.train
        if config.reading.continuous:
            return Streams(text, self.vocabulary, config.training.batch_size, config.reading.bptt)
        texts, longest = self.texts, config.training.max_sentence_length
        if texts.label_of is None:
            return Pieces(text, self.vocabulary, longest)
        rows = self.vocabulary.label_rows(texts.labels)
        return Pieces(text, self.vocabulary, longest, rows[texts.label_of])

    def _prepared(self) -> LanguageStart:
        text = self.texts.train
        words, known = text.words[len(SYMBOLS) :], {*self.vocabulary.words}
        counts = zip(words, self.texts.counts[len(SYMBOLS) :].tolist(), strict=True)
        return LanguageStart(
            config=self.config,
            measure=PERPLEXITY,
            parameters=self.network.parameters,
            sentences=text.sentences,
            tokens=text.tokens,
            kinds=text.kinds,
            unknown=int(self.texts.counts[UNK]) + sum(count for word, count in counts if word not in known),
            dev_sentences=len(self.texts.dev),
            held_out=self.texts.held_out,
            words=self.vocabulary.size,
            classes=len(self.vocabulary.sizes),
            cut=self.pieces.cut,
            inputs=tuple(self.vocabulary.indexers),
            coverage=coverage(self.vectors, words[: len(self.vocabulary.words)]) if self.vectors else {},
            labels=self.vocabulary.labels,
            unseen=self.texts.unseen,
        )

    @property
    def tokens(self) -> int:
        """How many tokens an epoch has, the borders of sentences among them."""
        return self.pieces.tokens

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; what is random in them is a function of seed, epoch and step."""
        training = self.config.training
        order = self.pieces.order(training.batch_size, training.seed, epoch)
        for step, found in enumerate(order[done:], start=done + 1):  # step 0 would draw as the order did
            numbers = found.tolist()
            random = np.random.default_rng([training.seed, epoch, step])
            yield Batch(numbers, *self.pieces.batch(numbers, random))

    def describe(self, numbers: list[int]) -> str:
        """How the sentences of a batch begin, in words."""
        shown = []
        for number in numbers[:SHOWN]:
            words = self.pieces.words(number)[1 : SHOWN_WORDS + 1]
            shown.append(f'"{printable(" ".join(words))} ..."')
        more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
        return f"The sentences of the step: {', '.join(shown)}{more}."

    def score_dev(self, stop: Stop) -> float:
        """The perplexity on dev, of the network as it is now.

        Raises:
            Diverged: It is not a finite number.
            Interrupted: `stop` has been asked to.
        """
        model = self.model()
        found = score(model, self.texts.dev, model.directions[:1], stop).main
        if not math.isfinite(found):
            raise Diverged(f"the perplexity on dev is {found}. Lower the learning rate.")
        return found

    def model(self) -> RecurrentModel:
        """The network as it is now, as those will use it who score.

        Raises:
            Diverged: Its weights are not finite.
        """
        weights = self.network.named_weights()
        if not all(np.isfinite(array).all() for array in weights.values()):
            raise Diverged(
                "training ended with weights that are not finite; no model was written. Lower the learning rate."
            )
        return stored.model_of(self.config, self.vocabulary, Weights.of_arrays(weights), name="the network")

    def calibrated(
        self, weights: dict[str, Any], fitted: Fitted | None = None
    ) -> tuple[dict[str, Any], Fitted]:
        """The same weights: the score of a language model is made of its probabilities as they are."""
        return weights, Fitted()

    def score(self, weights: dict[str, NDArray[Any]]) -> tuple[LanguageScore, LanguageScore | None]:
        """What these weights, which are the network's from now on, score on dev and, where there is one, on test.

        Raises:
            Diverged: The weights are not finite.
            Error: Export and network do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(weights)
        model = self.model()
        self._check_export(model)
        dev = score(model, self.texts.dev)
        return dev, score(model, self.texts.test) if self.texts.test else None

    def _check_export(self, model: RecurrentModel) -> None:
        """Compares what the network and its export make of some sentences of dev."""
        sentences = [sentence[:FEW] for sentence in self.texts.dev[:COMPARED]]
        seen = [self.vocabulary.seen(sentence) for sentence in sentences]
        numbers = [self.vocabulary.targets(sentence) for sentence in sentences]
        if model.continuous:  # one long sentence, with one border between two of them
            seen = [Sentence(tuple(chain([END], *(one.tokens[1:] for one in seen))))]
            numbers = [np.concatenate([numbers[0][:1], *(one[1:] for one in numbers)])]
        inputs = self.vocabulary.collate(self.vocabulary.index_seen(seen))
        targets = pad(numbers, int(inputs["lengths"].max()))
        logs = np.asarray(self.network.log_probabilities(inputs, targets), np.float64)
        for own, direction in zip(logs, model.directions, strict=True):
            found = model.scorer(direction)(sentences)[0]
            gap = abs(found.sum() * math.log(2) + own.sum()) / len(found)
            if not gap <= CLOSE:
                raise Error(
                    f"the exported network differs from the trained one (by {gap:.1e} in the mean logarithm of a "
                    "probability); no model was written. Please report this."
                )

    def facts(self) -> dict[str, Any]:
        """What `report.json` says of the data and the network."""
        start = self.prepared
        return {
            "data": {
                "train": {"sentences": start.sentences, "tokens": start.tokens, "kinds": start.kinds},
                "dev": {"sentences": start.dev_sentences},
            },
            "held_out": start.held_out,
            "unknown": start.unknown,
            "parameters": start.parameters,
            "vocabulary": vocabulary_facts((START, *self.vocabulary.words), closed=True),
            "classes": start.classes,
            "coverage": start.coverage,
            **({"labels": self.texts.label_counts, "unseen_labels": start.unseen} if start.labels else {}),
        }

    def files(self, weights: dict[str, NDArray[Any]], report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        return stored.files(self.config, self.vocabulary, weights, report, self.vectors)


def score(
    model: RecurrentModel,
    sentences: Sequence[Sequence[str]],
    directions: Sequence[str] | None = None,
    stop: Stop | None = None,
) -> LanguageScore:
    """How well a model predicts the sentences of a text, in all its directions or in some.

    Raises:
        Diverged: A probability is not finite.
        Interrupted: `stop` has been asked to.
    """
    found = {}
    for direction in directions or model.directions:
        total, scorer = Perplexity(), model.scorer(direction)
        for batch in batches(sentences):
            try:
                scores = scorer(batch)
                total += reduce(add, by_sentence(model.units, batch, *scores))
            except ModelError as problem:
                raise Diverged(f"{problem} Lower the learning rate.") from problem
            if stop is not None:
                stop.check()
        found[direction] = total
    return LanguageScore(found.get("forward"), found.get("backward"), model.continuous)
