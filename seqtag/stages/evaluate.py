"""The evaluation stage: a model folder, or a file of predictions, and a gold file in; a score out."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from seqtag.corpora import reading, tags
from seqtag.corpora.base import AUTO, Column, ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.evaluation import schemes, scoring
from seqtag.evaluation.crosscheck import check_with_seqeval
from seqtag.evaluation.evaluation import Evaluation
from seqtag.evaluation.known import Known, learn
from seqtag.evaluation.same_sentences import check_same_sentences
from seqtag.evaluation.schemes import tags_of
from seqtag.settings import registry
from seqtag.tasks import seen
from seqtag.tasks.use import EvaluationOrder, use_of

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
