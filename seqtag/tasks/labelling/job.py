"""A job with one seed that learns labels of sentences, alone or beside the tags of their tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora import windows
from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import cut
from seqtag.evaluation.labels import ACCURACY, JOINT, JointScore, LabelScore, score_joint, score_labels
from seqtag.evaluation.scoring import score
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.vectors import coverage
from seqtag.features.labels import LabelVocabulary
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.labels import LABELS, LabelTagger
from seqtag.inference.tagger import SentenceTagger
from seqtag.inference.temperature import Scores, of_labels
from seqtag.model_folder import layout
from seqtag.settings.labelled import JointConfig
from seqtag.support.errors import Diverged, Error
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import one_line
from seqtag.tasks.labelling import data
from seqtag.tasks.tagging import agreement, prepare
from seqtag.tasks.tagging.carry import check_labels
from seqtag.tasks.tagging.continued import Continued
from seqtag.tasks.tagging.examples import Example, kept_rows
from seqtag.tasks.tagging.lists import ListFound, lists_report
from seqtag.tasks.tagging.parity import MARGIN, PARITY, ROUNDING
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.splits import Corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training.events import Start
from seqtag.training.job import Batch, SeedResult

COMPARED, WORDS = 200, 500  # sentences on which the export is compared, and words of each


@dataclass(frozen=True)
class LabelStart(Start):
    """What was read, before training starts.

    Attributes:
        config: The settings.
        train: The training corpus, without what was held out.
        dev: The development corpus.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        labels: The labels.
        multiple: Whether a sentence may have several.
        unseen: Labels of dev that training never saw, with their counts.
        tags: Number of tags; 0 where there are none.
        windowed: Training sentences that are learnt in pieces.
        unknown_rate: Share of dev's tokens that are unknown words.
        inputs: The parts of the network's input, by name.
        vocabulary: Distinct words of the training corpus.
        coverage: How many of these have a pretrained vector, by how it was found; empty without vectors.
        lists: The word lists that are read.
        base: What the network has of the model from which training continues; None without one.
    """

    config: JointConfig
    train: Corpus
    dev: Corpus
    held_out: int | None
    labels: tuple[str, ...]
    multiple: bool
    unseen: dict[str, int]
    tags: int
    windowed: int
    unknown_rate: float
    inputs: tuple[str, ...]
    vocabulary: int
    coverage: dict[str, int]
    lists: tuple[ListFound, ...] = ()
    base: Continued | None = None


@dataclass(frozen=True)
class ClassificationResult(SeedResult[LabelScore]):
    """What training a classifier with one seed came to; the types are what a checkpoint is read by."""

    dev: LabelScore
    test: LabelScore | None


@dataclass(frozen=True)
class JointResult(SeedResult[JointScore]):
    """What training tags and labels with one seed came to; the types are what a checkpoint is read by."""

    dev: JointScore
    test: JointScore | None


class JointJob(TaggerJob):
    """What a run trains and scores; see `TaggerJob`.

    Args:
        config: The settings; its seed is this run's.
        corpora: What to train and to score on.
        vectors: Pretrained vectors, if the network reads some.

    Raises:
        Error: The network has no input, or words, labels or network are more than a model folder can hold.
    """

    config: JointConfig
    vocabulary: LabelVocabulary

    def __init__(self, config: JointConfig, corpora: Corpora, vectors: Vectors | None) -> None:
        super().__init__(config, corpora, vectors)
        numbers = {label: number for number, label in enumerate(self.vocabulary.labels)}
        self.right = np.zeros((len(corpora.train.sentences), len(numbers)), np.float32)
        for row, sentence in zip(self.right, corpora.train.sentences, strict=True):
            row[[numbers[label] for label in sentence.labels]] = 1

    def _fit(self, resources: Resources) -> Vocabulary:
        labels, multiple = data.labels_of(self.corpora)
        if self.corpora.base is not None:
            labels, multiple = self._with_former(labels, self.corpora.base.vocabulary, multiple=multiple)
        if len(labels) < 2:
            raise Error(
                f"{self.corpora.train.path}: all sentences have the label {labels[0]!r}; expected two at least."
            )
        found = super()._fit(resources)
        reading = replace(found.reading, label_key=self.config.data.label_key)
        return LabelVocabulary.of(found, labels, multiple=multiple, reading=reading)

    def _with_former(
        self, labels: Sequence[str], former: Vocabulary, *, multiple: bool
    ) -> tuple[tuple[str, ...], bool]:
        """The labels with those of the model from which training continues, and whether a sentence may have several.

        Raises:
            Error: The model gives one label, and a sentence has several.
        """
        if not isinstance(former, LabelVocabulary):
            raise TypeError("the vocabulary of a model that labels sentences has labels")
        if multiple and not former.multiple:
            raise Error(
                f"{self.corpora.train.path}: a sentence has several labels; expected one, as in the model from which "
                "training continues."
            )
        config = self.config
        found = tuple(sorted({*labels, *former.labels}))
        check_labels(found, former.labels, config.label.feeds_tags, config.head.name)
        return found, former.multiple

    def _prepared(self, windowed: int) -> Any:
        corpora, vocabulary = self.corpora, self.vocabulary
        words = set(prepare.tokens_of(corpora.train, vocabulary))
        return LabelStart(
            config=self.config,
            measure=JOINT if vocabulary.tags else ACCURACY,
            parameters=self.network.parameters,
            train=corpora.train,
            dev=corpora.dev,
            held_out=corpora.held_out,
            labels=vocabulary.labels,
            multiple=vocabulary.multiple,
            unseen=data.unseen(corpora, vocabulary.labels),
            tags=len(vocabulary.tags),
            windowed=windowed,
            unknown_rate=prepare.unknown_rate(corpora, vocabulary),
            inputs=tuple(vocabulary.indexers),
            vocabulary=len(words),
            coverage=coverage(self.vectors, words) if self.vectors else {},
            lists=self._lists(),
            base=self.continued,
            before=self.continued.before if self.continued else None,
        )

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """As those of a tagger, with the labels of each sentence, `right_labels` `(batch, labels)`."""
        for batch in super().batches(epoch, done):
            rows = [self.examples[number].sentence for number in batch.examples]
            yield batch._replace(inputs=batch.inputs | {"right_labels": self.right[rows]})

    def _potentials(self) -> dict[str, Sequence[str]]:
        found = super()._potentials()
        if self.config.label.feeds_tags == "none":  # tags that read probabilities would change with these
            found = {"labels": ("label/scores/kernel", "label/scores/bias"), **found}
        return found

    def _temperatures(self, scores: Scores | None) -> dict[str, float]:
        found = super()._temperatures(scores)
        if "labels" not in self._potentials():
            return found
        names, sentences = self.vocabulary.labels, self._calibrating()
        answers = self.model(tags_only=True).tag(sentences)
        given = np.array([[one.label_probabilities[name] for name in names] for one in answers])
        right = np.array([[name in one.labels for name in names] for one in sentences])
        return {"labels": of_labels(given, right, several=self.vocabulary.multiple), **found}

    def _exported(self) -> SentenceTagger:
        return self.model()

    def model(self, *, tags_only: bool = False) -> LabelTagger:
        """The network as it is now, as those will use it who predict."""
        weights = self.network.named_weights()
        return LabelTagger.in_memory(self.config, self.vocabulary, weights, tags_only=tags_only)

    def _scored_before(self, stored: Stored) -> Any:
        vocabulary: Any = stored.vocabulary
        config: Any = stored.config
        model = LabelTagger.in_memory(config, vocabulary, stored.weights.take_all(), tags_only=True)
        return self._scored(model, self.corpora.dev)

    def score_dev(self, stop: Stop) -> float:
        """The score on dev that counts, of the network as it is now.

        Raises:
            Interrupted: `stop` has been asked to.
        """
        return float(self._scored(self.model(tags_only=True), self.corpora.dev, stop).main)

    def score(self, weights: dict[str, NDArray[Any]]) -> Any:
        """What these weights, which are the network's from now on, score on dev and, where there is one, on test.

        Raises:
            Diverged: The weights are not finite.
            Error: Export and network do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(weights)
        model, corpora = self.model(), self.corpora
        self._check_export(model)
        dev = self._scored(model, corpora.dev)
        return dev, self._scored(model, corpora.test) if corpora.test else None

    def _scored(self, model: LabelTagger, corpus: Corpus, stop: Stop | None = None) -> Any:
        return scored(model, corpus, self.config.training.metric, stop)[0]

    def _check_export(self, model: LabelTagger) -> None:
        """Compares what the network and its export make of some sentences of dev."""
        sentences = [cut(sentence, 0, WORDS) for sentence in self.corpora.dev.sentences[:COMPARED]]
        if model.has_tags:
            agreement.check(self.network, model, sentences)
        inputs = self.vocabulary.collate(self.vocabulary.index_all(sentences))
        own = np.asarray(self.network.label(inputs))
        if not np.isfinite(own).all():
            raise Diverged(
                "training ended with weights that are not finite; no model was written. Lower the learning rate."
            )
        gap = float(np.abs(model.decode(sentences, [LABELS])[LABELS] - own).max())
        noise = [
            np.abs(np.asarray(self.network.label(inputs, scale)) - own)
            for scale in (1 - ROUNDING, 1 + ROUNDING)
        ]
        if not gap <= max(PARITY, MARGIN * max(float(one.max()) for one in noise)):
            raise Error(
                f"the exported network differs from the trained one (by {gap:.1e} in the probability of a label); no "
                "model was written. Please report this."
            )

    def facts(self) -> dict[str, Any]:
        """What `report.json` says of the data and the network."""
        start: LabelStart = self.prepared  # type: ignore[assignment]
        return {
            "data": {
                name: {"sentences": len(corpus.sentences), "tokens": corpus.tokens}
                for name, corpus in self.corpora.by_role.items()
            },
            "held_out": start.held_out is not None,
            "held_out_seed": start.held_out,
            "labels": len(start.labels),
            "unknown_rate": start.unknown_rate,
            "parameters": start.parameters,
            "vocabulary": start.vocabulary,
            "coverage": start.coverage,
            **lists_report(start.lists),
            **({"from": self.continued.to_json()} if self.continued else {}),
        }


class ClassificationJob(JointJob):
    """As `JointJob`, without tags."""

    def _check_readable(self, resources: Resources) -> None:
        content = layout.dump_json(self.vocabulary.to_json())
        try:
            layout.check_size("vocab.json", len(content))
            LabelVocabulary.from_json(layout.parsed(content), resources)
        except (KeyError, TypeError, ValueError) as problem:
            path = self.corpora.train.path
            raise Error(
                f"{path}: no model folder can hold its words and labels: {one_line(problem)}."
            ) from problem

    def _examples(self, words: Any) -> tuple[list[Example], int]:
        """The training sentences as numbers, the longest ones in pieces, and how many were cut so."""
        longest = self.config.training.max_sentence_length
        examples, windowed = [], 0
        documents = windows.documents(self.corpora.train.sentences)
        for number, (sentence, rows) in enumerate(kept_rows(self.corpora.train.sentences, self.vocabulary)):
            windowed += len(sentence) > longest
            for start in range(0, len(sentence), longest):
                end = min(start + longest, len(sentence))
                nothing = np.zeros(end - start, np.int32)
                pieces = {name: row[start:end] for name, row in rows.items()}
                examples.append(Example(pieces, nothing, nothing, number, documents[number]))
        return examples, windowed

    def files(self, weights: dict[str, NDArray[Any]], report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        files = super().files(weights, report)
        del files["known.json"]  # which only an evaluation of tags needs
        return files


def scored(
    model: LabelTagger, corpus: Corpus, metric: str = "auto", stop: Stop | None = None
) -> tuple[LabelScore | JointScore, Sequence[Any]]:
    """The model's score on a corpus that is written as its training corpus was, and its answers.

    Args:
        model: The model.
        corpus: The corpus; each sentence has a label.
        metric: The setting of that name.
        stop: Asked whether to stop.

    Raises:
        Interrupted: `stop` has been asked to.
    """
    answers = []
    for answer in model.tag(corpus.sentences):
        answers.append(answer)
        if stop is not None:
            stop.check()
    gold = [sentence.labels for sentence in corpus.sentences]
    given = [answer.labels for answer in answers]
    vocabulary = model.vocabulary
    labels = score_labels(gold, given, vocabulary.labels, several=vocabulary.multiple)
    if not model.has_tags:
        return labels, answers
    right = [tuple(sentence.tags or ()) for sentence in corpus.sentences]
    predicted = [tuple(answer.tags) for answer in answers]
    tags = score(right, predicted, model.scheme, known_tags=model.tags, metric=metric)
    pairs = [
        list(zip(rows, map(frozenset, column), strict=True))
        for rows, column in ((right, gold), (predicted, given))
    ]
    return score_joint(labels, tags, *pairs), answers
