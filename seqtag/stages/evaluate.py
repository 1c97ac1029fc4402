"""The evaluation stage: a model folder, or a file of predictions, and a gold file in; a score out."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.corpora import reading, tags
from seqtag.corpora.base import AUTO, Column, ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.evaluation import metrics, schemes, scoring, significance
from seqtag.evaluation.counts import BARE, Counts
from seqtag.evaluation.crosscheck import check_with_seqeval
from seqtag.evaluation.evaluation import Evaluation
from seqtag.evaluation.figures import Figures
from seqtag.evaluation.known import Known, learn
from seqtag.evaluation.labels import JointScore, LabelScore
from seqtag.evaluation.mistakes import only_in
from seqtag.evaluation.same_sentences import check_same_sentences
from seqtag.evaluation.schemes import tags_of
from seqtag.evaluation.scoring import Score
from seqtag.evaluation.significance import Significance
from seqtag.model_folder import layout
from seqtag.model_folder.members import reports_of
from seqtag.settings import registry
from seqtag.support.errors import ModelError, UsageError
from seqtag.support.quoting import reason
from seqtag.tasks import seen
from seqtag.tasks.use import EvaluationOrder, use_of

if TYPE_CHECKING:
    from seqtag.tasks.use import Evaluated

AnyPath = str | PathLike[str]


def evaluate_model(
    folder: AnyPath,
    path: AnyPath,
    *,
    scheme: str | None = "auto",
    options: ReadOptions = AUTO,
    crosscheck: bool = False,
    probabilities: bool = False,
    threads: int = 0,
    calibration: bool = False,
    precision: str = registry.FLOAT32,
    corpus: Any = None,
) -> Any:
    """Answers a gold file with a model and scores the answers, as the model's task does.

    Returns:
        An `Evaluation` of a tagger, an `Evaluated` of any other model.

    Args:
        folder: The model folder.
        path: The gold file.
        scheme: The gold file's tag scheme; "auto" or None for the model's, unless another fits the file better.
        options: How the gold file is read, where it is not as the training corpus was.
        crosscheck: Whether to score again with the seqeval package and fail if a digit differs.
        probabilities: Whether those of the predicted spans are wanted, which takes time.
        threads: How many threads tag side by side; 0 for as many as the process may use cores.
        calibration: Whether to say how far probabilities mean what they say, which takes time.
        precision: What the products of LSTMs are computed in: "float32" or "int8".
        corpus: What the file holds, as the task reads it, if that was read before.

    Raises:
        DataError: The gold file cannot be read, or holds a tag that its scheme does not have.
        ModelError: The model folder cannot be read.
        Error: The cross-check found a difference.
    """
    _, use = use_of(fspath(folder))
    order = EvaluationOrder(
        fspath(folder),
        fspath(path),
        scheme,
        options,
        crosscheck,
        probabilities,
        threads,
        calibration,
        precision,
        corpus,
    )
    return seen.marked(use.evaluate(order), Path(folder))


def evaluate_files(
    predicted_path: AnyPath,
    gold_path: AnyPath,
    *,
    scheme: str | None = "auto",
    options: ReadOptions = AUTO,
    predicted_column: Column | None = None,
    train_path: AnyPath | None = None,
    crosscheck: bool = False,
) -> Evaluation:
    """Score the tags of one file against those of another that holds the same sentences.

    The predicted tags are taken as they are: an ill-formed one is for the two modes of the score to judge.

    Args:
        predicted_path: The file of predictions: its tokens in the first column (CoNLL-U: FORM).
        gold_path: The gold file.
        scheme: The scheme of both; "auto" or None to detect it in the gold file.
        options: How the gold file is read; the predicted tags are spelt like its own.
        predicted_column: The predicted file's column of tags; None for the last (CoNLL-U: UPOS).
        train_path: The training corpus, to tell known words and entities from unseen ones; its format and its
            columns are the gold file's. None if it is not at hand.
        crosscheck: Whether to score again with the seqeval package and fail if a digit differs.

    Raises:
        DataError: A file cannot be read, the sentences differ, or a tag is not one of the scheme.
        Error: The cross-check found a difference.
    """
    corpus = reading.read_corpus(gold_path, options)
    options = options.spelt(corpus.spelling)
    own = ReadOptions(tag_column=predicted_column).as_given(tag_column="--predicted-column")
    alike = own.spelt(corpus.spelling)
    other = reading.read_corpus(predicted_path, alike)
    check_same_sentences(other, corpus)
    gold, predicted = tags_of(corpus), tags_of(other)
    found = tags.parse_scheme(scheme) if tags.is_named(scheme) else schemes.shared(gold, predicted)
    reading.check_tags(corpus, found)
    reading.check_tags(other, found)
    known = None
    if train_path is not None:
        train = reading.read_corpus(train_path, options)
        known = _learn(train, found)
    score = scoring.score(gold, predicted, found)
    if crosscheck:
        check_with_seqeval(gold, predicted, found, score)
    return Evaluation(
        score,
        found,
        corpus,
        predicted,
        predicted_path=fspath(predicted_path),
        known=known,
        findings=(*doubts(corpus, found, named=tags.is_named(scheme)), *other.findings),
    )


def _learn(train: Corpus, scheme: Scheme) -> Known:
    """What a training corpus holds, which may be written in another scheme than the gold file."""
    own = schemes.closest(tags_of(train), scheme) if scheme.is_spans else scheme
    reading.check_tags(train, own)
    return learn([sentence.tokens for sentence in train.sentences], tags_of(train), own)


@dataclass(frozen=True)
class Against:
    """Two models, or files of predictions, on the same gold file.

    Attributes:
        first: The evaluation of the first.
        second: That of the second.
        significance: The test of their difference.
    """

    first: "Evaluated"
    second: "Evaluated"
    significance: Significance

    def figures(self) -> list[Figures]:
        """The table of both: the main figure and, where types have one, their F1."""
        found = self.significance
        text, measure = found.measure.text, found.measure
        rows = []
        ours, theirs = _types(self.first.score), _types(self.second.score)
        nothing = Counts(0, 0, 0)
        for name in sorted({*ours, *theirs}):
            own, other = ours.get(name, nothing).f1, theirs.get(name, nothing).f1
            rows.append((name or BARE, f"{own:.4f}", f"{other:.4f}", f"{own - other:+.4f}"))
        difference = f"{found.difference:+.{measure.decimals}f}"
        totals = [(measure.title, text(found.first), text(found.second), difference)]
        only = only_in(self.first.mistakes, self.second.mistakes)
        others = only_in(self.second.mistakes, self.first.mistakes)
        remarks = [
            f"Errors: {sum(only):,} of the first alone, {sum(others):,} of the second alone, "
            f"{len(only) - sum(only):,} of both.",
            found.sentence,
        ]
        return [Figures(("F1" if rows else "", "first", "second", "difference"), rows, totals, remarks)]

    def to_json(self) -> dict[str, Any]:
        """The figures of the second, and the test."""
        return {**self.second.to_json(), "significance": self.significance.to_json()}


def _types(score: Any) -> Mapping[str, Counts]:
    """The counts of each type of tags or, where there are none, of each label."""
    if isinstance(score, JointScore):
        return score.tags.types
    return score.types if isinstance(score, Score | LabelScore) else {}


def against(first: "Evaluated", second: "Evaluated") -> Against:
    """Compares two evaluations on the same gold file.

    Raises:
        UsageError: Their scores are not of the same kind.
        DataError: They are not of the same sentences.
    """
    ours, theirs = first.score.measure, second.score.measure
    if type(first) is not type(second) or ours.title != theirs.title:
        raise UsageError(
            f"--against: expected a model of the same task. Received: scores of {ours.title} and of {theirs.title}"
        )
    own, other = first.per_sentence, second.per_sentence
    if own.figures.shape != other.figures.shape:
        raise UsageError(
            f"--against: {first.gold_file} has other sentences for the second model: {len(other.figures):,}, not "
            f"{len(own.figures):,}."
        )
    return Against(first, second, significance.compare(own, other))


@dataclass(frozen=True)
class TrainingRecord:
    """What a model folder says of the training of the model; of a merged model, of that of its first member.

    Attributes:
        history: What each epoch came to, as `report.json` has it.
        best_epoch: The epoch whose weights were kept.
        measure: The title of the score on dev.
        gradients: The norms of all steps; None if they are not known.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    measure: str
    gradients: Mapping[str, Any] | None


def trained(folder: AnyPath) -> TrainingRecord:
    """What a model folder says of the training of the model.

    Raises:
        ModelError: It cannot be read.
    """
    path = Path(folder)
    try:
        first = reports_of(layout.parsed((path / "report.json").read_bytes()))[0]
        measure = metrics.title_of(str(first["dev"]["metric"]))
        history = [dict(row) for row in first["history"]]
        return TrainingRecord(history, int(first["best_epoch"]), measure, first.get("gradients"))
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise ModelError(f"{path}: report.json is not what seqtag writes ({reason(problem)}).") from problem
