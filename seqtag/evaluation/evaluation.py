"""A score and what it was made from, and how it is written to files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TextIO

from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import Rows, Sentence
from seqtag.corpora.tags import Scheme, Span, spans
from seqtag.evaluation.analysis import Analysis, analyse
from seqtag.evaluation.calibration import Calibration, calibration, calibrations_json
from seqtag.evaluation.known import Known, surface
from seqtag.evaluation.mistakes import Mistake, WrongSentence, marks, of_tags
from seqtag.evaluation.per_sentence import of_rows
from seqtag.evaluation.schemes import tags_of
from seqtag.evaluation.scoring import Score
from seqtag.evaluation.significance import PerSentence
from seqtag.evaluation.thresholds import Thresholds, thresholds, thresholds_json


@dataclass(frozen=True)
class Evaluation:
    """A score and what it was made from.

    Attributes:
        score: The figures.
        scheme: How both columns of tags are written: the gold file's scheme.
        corpus: The gold file.
        predicted: The predicted tags, one tuple per sentence of the gold file.
        model: The model folder, as the user named it; None for a file of predictions.
        predicted_path: The file of predictions, as the user named it; None for a model.
        seconds: The time that tagging took, without the loading of the model; None for a file of predictions.
        known: What training held; None if that is not known.
        probabilities: The model's probability of each predicted span (plain tags: of each token's tag) by its
            start and end, one mapping per sentence; None if they were not asked for.
        tag_probabilities: That of each token's tag, one sequence per sentence; None if calibration was not asked for.
        findings: What is odd about the files.
    """

    score: Score
    scheme: Scheme
    corpus: Corpus
    predicted: Rows
    model: str | None = None
    predicted_path: str | None = None
    seconds: float | None = None
    known: Known | None = None
    probabilities: tuple[Mapping[tuple[int, int], float], ...] | None = None
    tag_probabilities: tuple[Sequence[float], ...] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def gold(self) -> Rows:
        """The tags of the gold file, one tuple per sentence."""
        return tags_of(self.corpus)

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the model tagged; None for a file of predictions."""
        return self.score.tokens / self.seconds if self.seconds else None

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
        """The model folder or the file of predictions, as the user named it."""
        return self.model if self.model is not None else self.predicted_path or ""

    @property
    def heading(self) -> str:
        """What was compared, in one line."""
        return f"{self.name} against {self.corpus.path}, tags: {self.scheme.title}"

    @cached_property
    def analysis(self) -> Analysis:
        """What kind of mistakes there are; worked out when it is first asked for."""
        tokens = [sentence.tokens for sentence in self.corpus.sentences]
        return analyse(self.gold, self.predicted, tokens, self.scheme, known=self.known)

    @cached_property
    def calibrations(self) -> tuple[Calibration, ...]:
        """How far the probabilities of the tags and, for spans, of the entities mean what they say; empty if that was
        not asked for.
        """
        if self.tag_probabilities is None or self.probabilities is None:
            return ()
        found = calibration("tags", *self._tags(self.tag_probabilities))
        if not self.scheme.is_spans:
            return (found,)
        return (found, calibration("entities", *self._entities(self.probabilities)))

    @cached_property
    def thresholds(self) -> tuple[Thresholds, ...]:
        """Precision and recall of the entities, or of plain tags, by minimum probability; empty if their probabilities
        were not asked for.
        """
        if self.probabilities is None:
            return ()
        gold = self.score.counts.gold
        if self.scheme.is_spans:
            return (thresholds("entities", *self._entities(self.probabilities), gold),)
        rows = [[row[place, place + 1] for place in range(len(row))] for row in self.probabilities]
        return (thresholds("tags", *self._tags(rows), gold),)

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """All wrong answers, in the order of the text."""
        return of_tags(self.analysis.wrong, self.probabilities, spans=self.scheme.is_spans)

    def shown(self, number: int) -> WrongSentence:
        """A sentence, by its number from 0, with its entities or, where tags are plain, with what is wrong of them."""
        sentence, gold, predicted = self.corpus.sentences[number], self.gold[number], self.predicted[number]
        known = self.probabilities[number] if self.probabilities else None
        line = sentence.lines[0] if sentence.lines else None
        if self.scheme.is_spans:
            ours, theirs = spans(gold, self.scheme), spans(predicted, self.scheme)
        else:
            wrong = [place for place, tag in enumerate(gold) if tag != predicted[place]]
            ours, theirs = (
                [Span(place, place + 1, row[place]) for place in wrong] for row in (gold, predicted)
            )
        return WrongSentence(sentence.tokens, marks(ours), marks(theirs, known), line)

    @property
    def per_sentence(self) -> PerSentence:
        """What the score is calculated from, sentence by sentence."""
        return of_rows(self.gold, self.predicted, self.scheme, self.score.measure.measure)

    def _tags(self, given: Sequence[Sequence[float]]) -> tuple[list[float], list[bool]]:
        """The probability of each tag, and whether it is right."""
        right = [
            own == other
            for rows in zip(self.gold, self.predicted, strict=True)
            for own, other in zip(*rows, strict=True)
        ]
        return [value for row in given for value in row], right

    def _entities(self, given: Sequence[Mapping[tuple[int, int], float]]) -> tuple[list[float], list[bool]]:
        """The probability of each entity of the answer, and whether its start, end and type are right."""
        probabilities: list[float] = []
        right: list[bool] = []
        for known, gold, predicted in zip(given, self.gold, self.predicted, strict=True):
            wanted = {*spans(gold, self.scheme)}
            for span in spans(predicted, self.scheme):
                if (value := known.get((span.start, span.end))) is not None:
                    probabilities.append(value)
                    right.append(span in wanted)
        return probabilities, right

    def to_json(self) -> dict[str, Any]:
        """The score as plain values, with the names of what was compared, the speed and the analysis."""
        return {
            **self.score.to_json(),
            "gold_file": self.corpus.path,
            "model": self.model,
            "predicted_file": self.predicted_path,
            "scheme": self.scheme.to_json(),
            "seconds": self.seconds,
            "tokens_per_second": self.tokens_per_second,
            "analysis": self.analysis.to_json(),
            **calibrations_json(self.calibrations),
            **thresholds_json(self.thresholds),
        }

    def write_columns(self, stream: TextIO) -> None:
        """Writes token TAB gold TAB predicted and a blank line after each sentence, as `conlleval -d` reads it."""
        write = self.corpus.spelling.write
        for sentence, row in zip(self.corpus.sentences, self.predicted, strict=True):
            for columns in zip(sentence.tokens, write(sentence.tags or ()), write(row), strict=True):
                stream.write("\t".join(columns) + "\n")
            stream.write("\n")

    def write_errors(self, stream: TextIO) -> None:
        """Writes one JSON object per line for each wrong span or, where tags are plain, for each wrong token.

        `start` and `end` are tokens of the sentence, from 0, and `end` is the one after the last; sentences and
        lines count from 1. The line is that of the gold span's first token, or of the predicted one's if there is
        no gold span.
        """
        probabilities = self.probabilities
        for wrong in self.analysis.wrong:
            sentence = self.corpus.sentences[wrong.sentence]
            gold, predicted = wrong.match.gold, wrong.match.predicted
            first = gold or predicted
            row = {
                "sentence": wrong.sentence + 1,
                "line": sentence.lines[first.start] if first else None,
                "class": wrong.match.kind,
                "overlapped": wrong.match.overlapped,
                "gold": _span_json(gold, sentence),
                "predicted": _span_json(
                    predicted, sentence, probabilities[wrong.sentence] if probabilities else None
                ),
                "tokens": sentence.tokens,
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _span_json(
    span: Span | None, sentence: Sentence, probabilities: Mapping[tuple[int, int], float] | None = None
) -> dict[str, Any] | None:
    """A span and its text and, where probabilities are known, its own; None if it has none."""
    if span is None:
        return None
    written = {**span._asdict(), "text": surface(sentence.tokens, span)}
    if probabilities is None:
        return written
    value = probabilities.get((span.start, span.end))
    return {**written, "probability": None if value is None else round(value, 4)}
