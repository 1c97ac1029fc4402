"""How a model of labels is scored on a gold file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import eq
from time import perf_counter
from typing import Any, TextIO

import seqtag
from seqtag.corpora import reading
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import spans
from seqtag.evaluation import per_sentence
from seqtag.evaluation.analysis import Analysis, analyse
from seqtag.evaluation.calibration import Calibration, calibration, calibrations_json
from seqtag.evaluation.labels import JointScore, LabelScore
from seqtag.evaluation.mistakes import Mark, Mistake, WrongSentence, marks, of_tags
from seqtag.evaluation.significance import PerSentence
from seqtag.evaluation.thresholds import Thresholds, thresholds, thresholds_json
from seqtag.inference.labels import LabelTagger
from seqtag.model_folder.layout import Kind
from seqtag.settings import registry
from seqtag.tasks.labelling.job import scored
from seqtag.tasks.labelling.reading import check, check_given
from seqtag.tasks.use import EvaluationOrder


@dataclass(frozen=True)
class LabelEvaluation:
    """A score and what it was made from.

    Attributes:
        task: The task of the model.
        score: The figures.
        corpus: The gold file.
        answers: An answer for each of its sentences.
        model: The model folder, as the user named it.
        seconds: The time that answering took, without the loading of the model.
        findings: What is odd about the file.
        calibrations: How far the probabilities of the labels and, of a joint model, of the tags mean what they say;
            empty if that was not asked for.
    """

    task: str
    score: LabelScore | JointScore
    corpus: Corpus
    answers: Sequence[Document]
    model: str
    seconds: float
    findings: tuple[Finding, ...]
    calibrations: tuple[Calibration, ...] = ()

    @property
    def gold_file(self) -> str:
        """The gold file, as messages name it."""
        return self.corpus.path

    @property
    def sentences(self) -> Iterator[tuple[str, ...]]:
        """The tokens of each sentence of the gold file."""
        return (sentence.tokens for sentence in self.corpus.sentences)

    @property
    def name(self) -> str:
        """The model folder, as the user named it."""
        return self.model

    @property
    def heading(self) -> str:
        """What was compared, in one line."""
        speed = len(self.answers) / self.seconds if self.seconds else 0.0
        return f"{self.model} against {self.corpus.path}, {speed:,.0f} sentences/s"

    @cached_property
    def analysis(self) -> Analysis | None:
        """What kind of mistakes there are in the tags of a joint model; None for a model of labels alone."""
        if not isinstance(self.score, JointScore):
            return None
        gold, predicted = self._tags
        return analyse(gold, predicted, [*self.sentences], self.answers[0].scheme)

    @cached_property
    def _tags(self) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
        """The right and the predicted tags of a joint model."""
        gold = [tuple(sentence.tags or ()) for sentence in self.corpus.sentences]
        return gold, [tuple(answer.tags) for answer in self.answers]

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """All wrong answers: the labels and, of a joint model, the tags."""
        found = [
            Mistake(
                number,
                "label",
                " ".join(sentence.labels),
                " ".join(answer.labels),
                answer.label_probabilities.get(answer.label or ""),
            )
            for number, (sentence, answer) in enumerate(zip(self.corpus.sentences, self.answers, strict=True))
            if {*sentence.labels} != {*answer.labels}
        ]
        if self.analysis is None:
            return found
        known = [_known(answer) for answer in self.answers]
        return found + of_tags(self.analysis.wrong, known, spans=self.answers[0].scheme.is_spans)

    def shown(self, number: int) -> WrongSentence:
        """A sentence, by its number from 0, with its entities or, where tags are plain, with what is wrong of them."""
        sentence, answer = self.corpus.sentences[number], self.answers[number]
        line = sentence.lines[0] if sentence.lines else None
        gold, predicted = sentence.tags or (), answer.tags
        if self.analysis is None:
            return WrongSentence(sentence.tokens, line=line)
        if answer.scheme.is_spans:
            found = marks(spans(predicted, answer.scheme), _known(answer))
            return WrongSentence(sentence.tokens, marks(spans(gold, answer.scheme)), found, line)
        wrong = [place for place, tag in enumerate(gold) if tag != predicted[place]]
        ours, theirs = (
            tuple(Mark(place, place + 1, row[place]) for place in wrong) for row in (gold, predicted)
        )
        return WrongSentence(sentence.tokens, ours, theirs, line)

    @property
    def per_sentence(self) -> PerSentence:
        """What the score is calculated from, sentence by sentence."""
        gold = [sentence.labels for sentence in self.corpus.sentences]
        given = [answer.labels for answer in self.answers]
        score = self.score
        if not isinstance(score, JointScore):
            return per_sentence.of_labels(gold, given, score.measure)
        labels = per_sentence.of_labels(gold, given, score.labels.measure)
        tags = per_sentence.of_rows(*self._tags, self.answers[0].scheme, score.tags.measure.measure)
        return per_sentence.joint(labels, tags, score.measure)

    @cached_property
    def thresholds(self) -> tuple[Thresholds, ...]:
        """Precision and recall of the labels by minimum probability; empty if calibration was not asked for."""
        if not self.calibrations:
            return ()
        given = [
            (answer.label_probabilities[label], label in sentence.labels)
            for sentence, answer in zip(self.corpus.sentences, self.answers, strict=True)
            for label in answer.labels
        ]
        gold = sum(len(sentence.labels) for sentence in self.corpus.sentences)
        return (thresholds("labels", [value for value, _ in given], [right for _, right in given], gold),)

    def to_json(self) -> dict[str, Any]:
        """All figures as plain values."""
        return {
            "task": self.task,
            **self.score.to_json(),
            "gold_file": self.corpus.path,
            "model": self.model,
            "seconds": self.seconds,
            "sentences_per_second": len(self.answers) / self.seconds if self.seconds else None,
            "seqtag": seqtag.__version__,
            **calibrations_json(self.calibrations),
            **thresholds_json(self.thresholds),
        }

    def write_errors(self, stream: TextIO) -> None:
        """Writes a JSON object per line for each sentence with wrong labels or, of a joint model, wrong tags; sentences
        and lines count from 1.
        """
        pairs = zip(self.corpus.sentences, self.answers, strict=True)
        for number, (sentence, answer) in enumerate(pairs, 1):
            row = {
                "sentence": number,
                "line": sentence.lines[0] if sentence.lines else None,
                "gold": list(sentence.labels),
                "predicted": list(answer.labels),
                "probability": round(answer.label_probabilities.get(answer.label or "", 0.0), 4),
                "text": answer.text,
            }
            right = {*sentence.labels} == {*answer.labels}
            if isinstance(self.score, JointScore):
                tags = {"gold_tags": list(sentence.tags or ()), "predicted_tags": list(answer.tags)}
                right = right and tags["gold_tags"] == tags["predicted_tags"]
                row |= {"tokens": list(sentence.tokens), **tags}
            if not right:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def write_columns(self, stream: TextIO) -> None:
        """Writes for each sentence the right and the given label and the text, tab-separated, with spaces between
        several labels.
        """
        for sentence, answer in zip(self.corpus.sentences, self.answers, strict=True):
            text = answer.text.replace("\t", " ").replace("\n", " ")
            stream.write("\t".join((" ".join(sentence.labels), " ".join(answer.labels), text)) + "\n")


def _known(answer: Document) -> dict[tuple[int, int], float]:
    """The probabilities of the entities by start and end or, where tags are plain, of each tag."""
    if answer.scheme.is_spans:
        pairs = zip(answer.spans, answer.span_probabilities, strict=True)
        return {(span.start, span.end): value for span, value in pairs}
    return {(place, place + 1): value for place, value in enumerate(answer.probabilities)}


def evaluate(task: str, kind: Kind, order: EvaluationOrder) -> LabelEvaluation:
    """Answers the sentences of a gold file and scores the answers.

    Raises:
        UsageError: An option of tags was given, and the model reads none.
        DataError: The gold file cannot be read, a sentence has no label, or a tag is not one of the scheme.
        ModelError: The model folder cannot be read.
    """
    model = LabelTagger.load(
        order.model,
        order.threads,
        tags_only=not order.calibration,
        kind=kind,
        int8=order.precision == registry.INT8,
    )
    if not model.has_tags:
        check_given(order.options, task)
    vocabulary = model.vocabulary
    own = replace(vocabulary.reading, tokenizer=vocabulary.tokenizer, with_tags=model.has_tags)
    options = own.override(order.options)
    corpus = order.corpus or reading.read_corpus(order.gold, options)
    check(corpus, options.label_key or "")
    if model.has_tags:
        reading.check_tags(corpus, model.scheme)
    started = perf_counter()
    found, answers = scored(model, corpus)
    seconds = perf_counter() - started
    calibrations = _calibrations(corpus, answers, tags=model.has_tags) if order.calibration else ()
    return LabelEvaluation(task, found, corpus, answers, order.model, seconds, corpus.findings, calibrations)


def _calibrations(corpus: Corpus, answers: Sequence[Document], *, tags: bool) -> tuple[Calibration, ...]:
    """That of the labels that were given and, if there are some, of the tags."""
    labels: list[tuple[float, bool]] = []
    words: list[tuple[float, bool]] = []
    for sentence, answer in zip(corpus.sentences, answers, strict=True):
        labels += [(answer.label_probabilities[label], label in sentence.labels) for label in answer.labels]
        right = map(eq, answer.tags, sentence.tags or ())
        words += zip(answer.probabilities, right, strict=True) if tags else ()
    found = {"labels": labels, "tags": words} if tags else {"labels": labels}
    return tuple(
        calibration(name, [value for value, _ in pairs], [right for _, right in pairs])
        for name, pairs in found.items()
    )
