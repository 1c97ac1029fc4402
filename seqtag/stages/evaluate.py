"""Model folder, or a file of predictions, + gold file -> scores."""

import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, zip_longest
from os import PathLike, fspath
from time import perf_counter
from typing import TYPE_CHECKING, Any, TextIO

from seqtag.corpora import reading, tags
from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, Span
from seqtag.evaluation import scoring
from seqtag.evaluation.analysis import Analysis, analyse
from seqtag.evaluation.known import Known, learn, surface
from seqtag.evaluation.scoring import Score
from seqtag.support.errors import DataError, ModelError, UsageError

if TYPE_CHECKING:
    from seqtag.inference.tagger import Tagged, Tagger

Path = str | PathLike[str]
Column = int | str | None
Tags = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Evaluation:
    """A score and what it was made from.

    Attributes:
        score: The figures.
        scheme: How both columns of tags are written: the gold file's scheme.
        corpus: The gold file.
        predicted: The predicted tags, one tuple a sentence of the gold file.
        model: The model folder, as the user named it; None for a file of predictions.
        predicted_path: The file of predictions, as the user named it; None for a model.
        seconds: The time that tagging took, without the loading of the model; None for a file of predictions.
        known: What training held; None if that is not known.
        probabilities: The model's probability of each predicted span (plain tags: of each token's tag) by its
            start and end, one mapping a sentence; None if they were not asked for.
    """

    score: Score
    scheme: Scheme
    corpus: Corpus
    predicted: Tags
    model: str | None = None
    predicted_path: str | None = None
    seconds: float | None = None
    known: Known | None = None
    probabilities: tuple[Mapping[tuple[int, int], float], ...] | None = None

    @property
    def gold(self) -> Tags:
        """The tags of the gold file, one tuple a sentence."""
        return _tags(self.corpus)

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the model tagged; None for a file of predictions."""
        return self.score.tokens / self.seconds if self.seconds else None

    @cached_property
    def analysis(self) -> Analysis:
        """What kind of mistakes there are; worked out when it is first asked for."""
        tokens = [sentence.tokens for sentence in self.corpus.sentences]
        return analyse(self.gold, self.predicted, tokens, self.scheme, known=self.known)

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
        }


def evaluate_model(
    folder: Path,
    path: Path,
    *,
    scheme: str | None = "auto",
    format: str = "auto",
    token_column: Column = None,
    tag_column: Column = None,
    crosscheck: bool = False,
    probabilities: bool = False,
    threads: int = 0,
) -> Evaluation:
    """Tag the sentences of a gold file with a model and score the tags.

    Where the gold file is written in another scheme than the model's, the predicted tags are converted to the
    file's. Tags that training never saw can only be missed; the score lists them.

    Args:
        folder: The model folder.
        path: The gold file.
        scheme: The gold file's scheme; "auto" or None for the model's, unless another fits the file better.
        format: The gold file's format; "auto" for that of the training corpus, if one was named, or else the file's.
        token_column: The gold file's column of tokens.
        tag_column: The gold file's column of tags.
        crosscheck: Whether to score again with the seqeval package and fail if a digit differs.
        probabilities: Whether those of the predicted spans are wanted, which takes time.
        threads: How many threads tag side by side; 0 for as many as the process may use cores.

    Raises:
        DataError: The gold file cannot be read, or holds a tag that its scheme does not have.
        ModelError: The model folder cannot be read.
        UserError: The cross-check found a difference.
    """
    tagger, known = _load(folder, threads, tags_only=not probabilities)
    corpus = tagger.vocabulary.read_corpus(
        path, format=format, token_column=token_column, tag_column=tag_column
    )
    gold = _tags(corpus)
    gold_scheme = tags.parse_scheme(scheme) if tags.is_named(scheme) else _closest(gold, tagger.scheme)
    reading.check_tags(corpus, gold_scheme)

    started = perf_counter()
    tagged = list(tagger.tag(corpus.sentences, entities=probabilities))
    seconds = perf_counter() - started

    raw = tuple(tuple(sentence.tags) for sentence in tagged)
    predicted = _in_scheme(raw, tagger.scheme, gold_scheme)
    known_tags = _known_tags(tagger.tags, tagger.scheme, gold_scheme)
    score = scoring.score(gold, predicted, gold_scheme, known_tags=known_tags)
    if crosscheck:
        scoring.crosscheck(gold, predicted, gold_scheme, score)
    return Evaluation(
        score,
        gold_scheme,
        corpus,
        predicted,
        model=fspath(folder),
        seconds=seconds,
        known=known,
        probabilities=tuple(_probabilities(row, gold_scheme) for row in tagged) if probabilities else None,
    )


def _load(folder: Path, threads: int, *, tags_only: bool) -> "tuple[Tagger, Known]":
    """The tagger of a model folder, and what its training held."""
    # ONNX Runtime is loaded here and not above: whoever compares two files does not need it.
    from seqtag.inference.tagger import Tagger
    from seqtag.model_folder.folder import Folder
    from seqtag.model_folder.folder import load as load_folder

    def both(opened: Folder) -> tuple[Tagger, Any]:
        # The words are checked against a manifest that was read before the tagger was. If another model was
        # put there in between, they differ from it, and both are read anew.
        return Tagger.load(folder, threads, tags_only=tags_only), opened.read_json("known.json")

    tagger, value = load_folder(pathlib.Path(folder), both)
    try:
        return tagger, Known.from_json(value, spans=tagger.scheme.is_spans)
    except ValueError as problem:
        raise ModelError(
            f"{fspath(folder)}: known.json is not that of a seqtag model ({problem})."
        ) from problem


def _probabilities(tagged: "Tagged", scheme: Scheme) -> dict[tuple[int, int], float]:
    """By start and end, the probability of each span found or, where tags are plain, of each token's tag."""
    if scheme.is_spans:
        return {(entity.start, entity.end): entity.score for entity in tagged.entities}
    return {(place, place + 1): value for place, value in enumerate(tagged.probabilities)}


def evaluate_files(
    predicted_path: Path,
    gold_path: Path,
    *,
    scheme: str | None = "auto",
    format: str = "auto",
    token_column: Column = None,
    tag_column: Column = None,
    predicted_column: Column = None,
    train_path: Path | None = None,
    crosscheck: bool = False,
) -> Evaluation:
    """Score the tags of one file against those of another that holds the same sentences.

    The predicted tags are taken as they are: an ill-formed one is for the two modes of the score to judge.

    Args:
        predicted_path: The file of predictions: its tokens in the first column (CoNLL-U: FORM).
        gold_path: The gold file.
        scheme: The scheme of both; "auto" or None to detect it in the gold file.
        format: The gold file's format.
        token_column: The gold file's column of tokens.
        tag_column: The gold file's column of tags.
        predicted_column: The predicted file's column of tags; None for the last (CoNLL-U: UPOS).
        train_path: The training corpus, to tell known words and entities from unseen ones; its format and its
            columns are the gold file's. None if it is not at hand.
        crosscheck: Whether to score again with the seqeval package and fail if a digit differs.

    Raises:
        DataError: A file cannot be read, the sentences differ, or a tag is not one of the scheme.
        UserError: The cross-check found a difference.
    """
    corpus = reading.read_corpus(gold_path, format=format, token_column=token_column, tag_column=tag_column)
    other = reading.read_corpus(predicted_path, tag_column=predicted_column)
    _check_same_sentences(other, corpus)
    gold, predicted = _tags(corpus), _tags(other)
    found = tags.parse_scheme(scheme) if tags.is_named(scheme) else _shared_scheme(gold, predicted)
    reading.check_tags(corpus, found)
    reading.check_tags(other, found)
    known = None
    if train_path is not None:
        train = reading.read_corpus(
            train_path, format=format, token_column=token_column, tag_column=tag_column
        )
        known = _learn(train, found)
    score = scoring.score(gold, predicted, found)
    if crosscheck:
        scoring.crosscheck(gold, predicted, found, score)
    return Evaluation(score, found, corpus, predicted, predicted_path=fspath(predicted_path), known=known)


def _learn(train: Corpus, scheme: Scheme) -> Known:
    """What a training corpus holds, which may be written in another scheme than the gold file."""
    own = _closest(_tags(train), scheme) if scheme.is_spans else scheme
    reading.check_tags(train, own)
    return learn([sentence.tokens for sentence in train.sentences], _tags(train), own)


def write_columns(evaluation: Evaluation, stream: TextIO) -> None:
    """Write token TAB gold TAB predicted and a blank line after each sentence, as conlleval reads it."""
    for sentence, row in zip(evaluation.corpus.sentences, evaluation.predicted, strict=True):
        for columns in zip(sentence.tokens, sentence.tags or (), row, strict=True):
            stream.write("\t".join(columns) + "\n")
        stream.write("\n")


def write_errors(evaluation: Evaluation, stream: TextIO) -> None:
    """Write one JSON object a line for each wrong span or, where tags are plain, for each wrong token.

    `start` and `end` are tokens of the sentence, from 0, and `end` is the one after the last; sentences and
    lines count from 1. The line is that of the gold span's first token, or of the predicted one's if there is
    no gold span.
    """
    probabilities = evaluation.probabilities
    for wrong in evaluation.analysis.wrong:
        sentence = evaluation.corpus.sentences[wrong.sentence]
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


def _tags(corpus: Corpus) -> Tags:
    return tuple(sentence.tags or () for sentence in corpus.sentences)


def _fits(column: Iterable[Sequence[str]], scheme: Scheme) -> bool:
    """Whether the scheme has all these tags, wherever they stand."""
    if not scheme.is_spans:
        return True
    try:
        for tag in set(chain.from_iterable(column)):
            tags.split(tag, scheme)
    except ValueError:
        return False
    return True


def _closest(gold: Tags, own: Scheme) -> Scheme:
    """The scheme of a gold file that a model is scored on: the model's own unless another fits better.

    The letters alone do not tell: those of BIO are legal in BIOES and those of IOB1 in BIO, where they would
    read as ill-formed throughout.
    """
    found = tags.detect(gold)
    if not _fits(gold, own):
        return found
    if found == own or not found.is_spans:
        return own
    return found if _count_problems(gold, found) < _count_problems(gold, own) else own


def _count_problems(column: Tags, scheme: Scheme) -> int:
    return sum(len(tags.problems(row, scheme)) for row in column)


def _shared_scheme(gold: Tags, predicted: Tags) -> Scheme:
    """The scheme of two files: the gold file's; the predictions only settle what it leaves open."""
    found = tags.detect(gold)
    joint = tags.detect(chain(gold, predicted))
    open_scheme = {tag for row in gold for tag in row} <= {"O"}
    open_spelling = joint.name == found.name and _fits(gold, joint)
    return joint if open_scheme or open_spelling else found


def _in_scheme(raw: Tags, source: Scheme, target: Scheme) -> Tags:
    """A model's tags as the gold file would write them."""
    if source == target:
        return raw
    if source.is_spans:
        return tuple(tuple(tags.convert(row, source, target)) for row in raw)
    if not _fits(raw, target):
        illegal = next(tag for row in raw for tag in row if not _fits([[tag]], target))
        raise UsageError(
            f"The model predicts plain tags such as {illegal!r}, which are not {target.title} tags; "
            f"expected {target.expected}. Score them as plain tags: --scheme plain."
        )
    return raw


def _known_tags(known: Sequence[str], source: Scheme, target: Scheme) -> set[str]:
    """The tags that count as known in the gold file's scheme; if it is another, all those of a known type."""
    if source == target or not target.is_spans:
        return set(known)
    if not source.is_spans:
        return {tag for tag in known if _fits([[tag]], target)}
    pieces = [tags.split(tag, source) for tag in known]
    written = {"O"} if any(letter == "O" for letter, _ in pieces) else set()
    for label in {label for letter, label in pieces if letter != "O"}:
        # Long, short and adjacent spans bring out every letter of every scheme.
        written.update(tags.from_spans([Span(0, 3, label), Span(3, 4, label), Span(4, 6, label)], 6, target))
    return written


def _check_same_sentences(predicted: Corpus, gold: Corpus) -> None:
    """DataError at the first place where the two files do not hold the same tokens in the same sentences."""
    for ours, theirs in zip_longest(predicted.sentences, gold.sentences):
        if ours is None:
            line, problem = _last_line(predicted), f"the file ends here, but {_goes_on(gold, theirs, 0)}"
        elif theirs is None:
            end = f"{gold.path}:{_last_line(gold)}"
            line, problem = (
                ours.lines[0],
                f"{ours.tokens[0]!r} begins a sentence, but the gold file ends at {end}",
            )
        elif ours.tokens != theirs.tokens:
            line, problem = _difference(ours, theirs, gold)
        else:
            continue
        raise DataError(predicted.path, line, f"{problem}; both files must hold the same sentences")


def _difference(ours: Sentence, theirs: Sentence, gold: Corpus) -> tuple[int, str]:
    """The line and what is wrong there, for two sentences of different tokens."""
    for index, (here, there) in enumerate(zip(ours.tokens, theirs.tokens, strict=False)):
        if here != there:
            return ours.lines[
                index
            ], f"the token is {here!r}, but {there!r} at {gold.path}:{theirs.lines[index]}"
    if len(ours) < len(theirs):
        return ours.lines[-1], f"the sentence ends here, but {_goes_on(gold, theirs, len(ours))}"
    end = f"{gold.path}:{theirs.lines[-1]}"
    return ours.lines[
        len(theirs)
    ], f"the sentence goes on with {ours.tokens[len(theirs)]!r}, but ends at {end}"


def _goes_on(gold: Corpus, sentence: Sentence, index: int) -> str:
    return f"{gold.path}:{sentence.lines[index]} goes on with {sentence.tokens[index]!r}"


def _last_line(corpus: Corpus) -> int:
    return corpus.sentences[-1].lines[-1]
