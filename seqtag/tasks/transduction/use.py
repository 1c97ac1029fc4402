"""What a transducer is used for."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import Any, ClassVar, TextIO

from seqtag.corpora.base import AUTO, ReadOptions, Source, Unwritable, Writer
from seqtag.corpora.findings import Finding
from seqtag.corpora.pairs import BLANK, LONGEST, PairOptions, TextPair, read_pairs
from seqtag.corpora.records import JsonWriter
from seqtag.evaluation.calibration import Calibration
from seqtag.evaluation.mistakes import Mistake, WrongSentence
from seqtag.evaluation.significance import PerSentence
from seqtag.evaluation.thresholds import Thresholds
from seqtag.settings.transduction import FORMATS
from seqtag.support.errors import UsageError
from seqtag.support.lines import shown
from seqtag.support.quoting import CONTROLS, counted, printable, quoted
from seqtag.tasks.transduction import stored
from seqtag.tasks.transduction.alignment import align
from seqtag.tasks.transduction.model import Answer, TransducedText, TransducerModel
from seqtag.tasks.transduction.read import read_whole
from seqtag.tasks.transduction.score import TransductionScore, per_pair, score, with_overlap
from seqtag.tasks.transduction.vocabulary import SymbolVocabulary, cut
from seqtag.tasks.use import Abilities, EvaluationOrder, Given, PredictionOrder, Use

LONGEST_ALIGNED = 200  # characters of a source
TOGETHER = 512  # pairs that are answered at once


def options_of(vocabulary: SymbolVocabulary, path: str, given: ReadOptions = AUTO) -> PairOptions:
    """How a file of pairs is read: as the training file was, but where its name or an option says another format, with
    the usual columns of that one.

    Args:
        vocabulary: The model's.
        path: The file.
        given: What the user gave: `token_column` is that of the source and `tag_column` that of the target.

    Raises:
        UsageError: An option has no meaning for pairs.
    """
    own = vocabulary.options
    for name, option in given.given:
        if name not in ("format", "token_column", "tag_column"):
            raise UsageError(f"{option}: has no meaning for a model of task transduction, which reads pairs.")
    format = own.format
    if given.format != AUTO.format:
        if given.format not in FORMATS:
            raise UsageError(f"--format {given.format}: pairs are read as {' or '.join(FORMATS)}.")
        format = given.format
    if format != own.format:
        if own.features:
            raise UsageError(
                f"{shown(path)}: the model reads source features of {own.format} files; expected a file of that format."
            )
        own = PairOptions(format)
    if given.token_column is not None:
        own = replace(own, source=given.token_column)
    return own if given.tag_column is None else replace(own, target=given.tag_column)


@dataclass(frozen=True)
class PairEvaluation:
    """A score and what it was made from.

    Attributes:
        score: The figures.
        model: The model folder, as the user named it.
        path: The gold file, as messages name it.
        pairs: The pairs.
        answers: The answer to each.
        seconds: The time that the answers took, without the loading of the model.
        findings: What is odd about the file.
        cut: What the symbols of a target are.
        calibrations: Empty: the probabilities of targets are not looked at.
        thresholds: Likewise.
        analysis: None: it is of tags.
    """

    score: TransductionScore
    model: str
    path: str
    pairs: Sequence[TextPair]
    answers: Sequence[Answer]
    seconds: float
    findings: Sequence[Finding]
    cut: str
    calibrations: Sequence[Calibration] = ()
    thresholds: Sequence[Thresholds] = ()
    analysis: None = None

    @property
    def gold_file(self) -> str:
        """The gold file, as messages name it."""
        return self.path

    @property
    def sentences(self) -> Iterator[str]:
        """The source of each pair of the gold file."""
        return (pair.source for pair in self.pairs)

    @property
    def name(self) -> str:
        """The model folder, as the user named it."""
        return self.model

    @property
    def heading(self) -> str:
        """What was compared, in one line."""
        return f"{self.model} against {self.path}, {counted(len(self.pairs), 'pair')}"

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """All answers that are not exactly right."""
        return [
            Mistake(number, "target", pair.target, answer.best.text, answer.best.probability)
            for number, (pair, answer) in enumerate(zip(self.pairs, self.answers, strict=True))
            if cut(answer.best.text, self.cut) != cut(pair.target, self.cut)
        ]

    def shown(self, number: int) -> WrongSentence:
        """The source of a pair, by its number from 0, with its features."""
        pair = self.pairs[number]
        return WrongSentence((pair.source, *pair.features), line=pair.line or None)

    @property
    def per_sentence(self) -> PerSentence:
        """What the score is calculated from, pair by pair."""
        return per_pair(self.pairs, self.answers, self.cut, self.score.metric)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values, with the names of what was compared and the speed."""
        return {
            "task": "transduction",
            **self.score.to_json(),
            "gold_file": self.path,
            "model": self.model,
            "seconds": self.seconds,
            "pairs_per_second": len(self.pairs) / self.seconds if self.seconds else None,
        }

    def write_errors(self, stream: TextIO) -> None:
        """Writes a JSON object per line for each answer that is not exactly right."""
        for pair, answer in zip(self.pairs, self.answers, strict=True):
            best = answer.best
            if cut(best.text, self.cut) != cut(pair.target, self.cut):
                row = {
                    "line": pair.line,
                    "source": pair.source,
                    **({"features": list(pair.features)} if pair.features else {}),
                    "gold": pair.target,
                    "predicted": best.text,
                    "probability": round(best.probability, 4),
                }
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def write_columns(self, stream: TextIO) -> None:
        """Writes source TAB gold TAB predicted."""
        for pair, answer in zip(self.pairs, self.answers, strict=True):
            stream.write(f"{pair.source}\t{pair.target}\t{answer.best.text}\n")


def evaluate(order: EvaluationOrder) -> PairEvaluation:
    """Answers the sources of a gold file with a model and scores the answers.

    Raises:
        DataError: The gold file cannot be read.
        ModelError: The model folder cannot be read.
    """
    model = stored.load(order.model, order.threads)
    findings: list[Finding] = []
    options = options_of(model.vocabulary, order.gold, order.options)
    pairs = order.corpus or read_whole(order.gold, options, findings.append)
    started = perf_counter()
    answers = [
        answer
        for start in range(0, len(pairs), TOGETHER)
        for answer in model.answers(pairs[start : start + TOGETHER])
    ]
    seconds = perf_counter() - started
    found = score(pairs, answers, model.vocabulary, model.config.decoding.metric, model.how)
    found = with_overlap(found, pairs, answers, model.vocabulary)
    how = model.vocabulary.target_cut
    return PairEvaluation(found, order.model, shown(order.gold), pairs, answers, seconds, findings, how)


class TsvAnswers:
    """Writes each source, a tab and its best target."""

    probabilities: ClassVar[bool] = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = printable if stream.isatty() else str

    def write(self, document: Any) -> None:
        """Writes the answer to a source; a blank line for a blank one.

        Raises:
            Unwritable: The source holds a tab.
        """
        pair: TextPair = document.pair
        if "\t" in pair.source:
            raise Unwritable(pair.line or None, "the source holds a tab; use --format jsonl")
        row = "\t".join(map(self._safe, (pair.source, document.best.text)))
        self._stream.write(f"{row}\n" if pair.source.strip(BLANK) else "\n")


class JsonAnswers(JsonWriter):
    """Writes a JSON object for each source, with all targets that were found and their probabilities."""

    def write(self, document: Any) -> None:
        """Writes the answer to a source."""
        pair, best = document.pair, document.best
        row: dict[str, Any] = {"source": pair.source}
        if pair.features:
            row["features"] = list(pair.features)
        row |= _described(best) | {"nbest": [_described(one) for one in document.found]}
        self.put(row)


def _described(found: TransducedText) -> dict[str, Any]:
    """A target as JSON has it."""
    complete = {} if found.complete else {"complete": False}
    return {"target": found.text, "probability": round(found.probability, 4), **complete}


WRITERS: dict[str, type[Any]] = {"tsv": TsvAnswers, "jsonl": JsonAnswers}


class PairPredictor:
    """A transducer that is ready to answer files; see `seqtag.tasks.use.Predictor`.

    Args:
        model: The model.
        order: What is wanted.

    Raises:
        UsageError: The model cannot give so many targets.
    """

    context = 0
    reads_sources = False

    def __init__(self, model: TransducerModel, order: PredictionOrder) -> None:
        model.check_nbest(order.nbest)
        self._model = model
        self._order = order
        self._cut = 0

    def writer(self, stream: TextIO) -> Writer:
        """Writes answers."""
        found: Writer = WRITERS[self._order.output_format](stream)
        return found

    def format_of(self, source: Source) -> str:
        """None: its files are no corpora."""
        return ""

    def read(self, path: str | Source, format: str | None = None) -> Iterator[TextPair]:
        """The sources of a file, one at a time: a source per line, or columns like those of the training file."""
        if isinstance(path, Source):
            raise TypeError(f"a transducer reads files by their names. Received: a source of {path.name}")
        vocabulary = self._model.vocabulary
        options = replace(options_of(vocabulary, path), with_target=False)
        return read_pairs(path, options, self._order.report)

    @property
    def abilities(self) -> Abilities:
        """What its answers hold."""
        features = tuple(map(str, self._model.vocabulary.options.features))
        return Abilities(most=self._model.search.beam, features=features, aligned=self._model.session.attends)

    def with_nbest(self, nbest: int) -> "PairPredictor":
        """The same model, giving so many targets."""
        return PairPredictor(self._model, replace(self._order, nbest=nbest))

    def item(self, given: Given) -> TextPair:
        """The source that a text is."""
        if given.text is None:
            raise UsageError("tokens: a transducer reads texts; expected text.")
        if CONTROLS.search(given.text):
            raise UsageError("text: holds a control character, such as a tab or a line feed.")
        return _pair(given.text, given.features, self._model.vocabulary)

    def align(self, answer: Answer) -> dict[str, Any]:
        """Where the attention was on the source while the best target was written."""
        if not self._model.session.attends:
            raise UsageError("alignment: the decoder of this model has no attention.")
        if len(answer.pair) > LONGEST_ALIGNED:
            raise UsageError(
                f"alignment: expected a source of at most {LONGEST_ALIGNED} characters. Received: {len(answer.pair):,}"
            )
        return align(self._model, answer.pair, answer.best.text).to_json()

    def begin(self, chunk: Sequence[TextPair]) -> Iterator[Answer]:
        """An answer for each source, in order."""
        for answer in self._model.answers(chunk, max(self._order.nbest, 1)):
            if not answer.best.complete:
                self._tell(answer)
            yield answer

    def _tell(self, answer: Answer) -> None:
        """Says of the first target that was cut at the length limit that it was."""
        self._cut += 1
        if self._cut == 1:
            problem = (
                f"the target of {quoted(answer.pair.source)} was cut at the length limit "
                "(decoding.max_length_factor), as further ones may be; `--format jsonl` marks each"
            )
            self._order.report(Finding("warning", "length-limit", shown(self._order.model), None, problem))


def predictor(order: PredictionOrder) -> PairPredictor:
    """The transducer of a model folder.

    Raises:
        Error: The model cannot be read, or cannot give so many targets.
    """
    return PairPredictor(stored.load(order.model, order.threads), order)


class Transducer:
    """A transducer, for use from Python: what `seqtag.load` gives of the folder of one.

    Example:
        >>> transducer = seqtag.load("pronunciations")  # doctest: +SKIP
        >>> transducer.transduce(["fotel"])  # doctest: +SKIP
        ['f o t ɛ l']

    Args:
        model: The model folder.
        threads: Batches that are searched side by side; 0 for as many as the process may use cores.
    """

    def __init__(self, model: str, threads: int = 0) -> None:
        self._model = stored.load(model, threads)

    def transduce(self, sources: Sequence[str | Sequence[str]]) -> list[str]:
        """The best target of each source: a text or, for a model that reads source features, a text and its features.

        Raises:
            UsageError: A source is too long, or has too many or too few features.
        """
        return [answer.best.text for answer in self.answers(sources)]

    def answers(self, sources: Sequence[str | Sequence[str]], nbest: int = 1) -> list[Answer]:
        """The best targets of each source with their probabilities, at most `nbest`.

        Raises:
            UsageError: A source is too long or has too many or too few features, or the beam is narrower than `nbest`.
        """
        self._model.check_nbest(nbest)
        pairs = []
        for source in sources:
            text, *features = [source] if isinstance(source, str) else source
            pairs.append(_pair(text, features, self._model.vocabulary))
        return self._model.answers(pairs, nbest)


def _pair(text: str, features: Sequence[str], vocabulary: SymbolVocabulary) -> TextPair:
    """A source and its features to answer; UsageError if it is too long, or has too many or too few."""
    wanted = len(vocabulary.options.features)
    if len(features) != wanted:
        raise UsageError(f"expected a source with {counted(wanted, 'feature')}. Received: {len(features)}")
    if len(text) > LONGEST:
        raise UsageError(f"expected a source of at most {LONGEST:,} characters. Received: {len(text):,}")
    return TextPair(text, features=tuple(features))


USE = Use(
    evaluate=evaluate,
    predictor=predictor,
    formats=lambda: tuple(WRITERS),
    networks=stored.networks,
    scores_with=frozenset({"--errors", "--output"}),
    predicts_with=frozenset({"--nbest"}),
    load=Transducer,
)
