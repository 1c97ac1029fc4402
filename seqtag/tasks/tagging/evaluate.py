"""How a tagger is scored on a gold file."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from seqtag.corpora import reading, tags
from seqtag.corpora.document import Document
from seqtag.corpora.doubts import doubts
from seqtag.corpora.tags import Scheme
from seqtag.evaluation import schemes, scoring
from seqtag.evaluation.crosscheck import check_with_seqeval
from seqtag.evaluation.evaluation import Evaluation
from seqtag.evaluation.known import Known
from seqtag.evaluation.schemes import tags_of
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import folder
from seqtag.model_folder.stored import read_known
from seqtag.settings import registry
from seqtag.tasks.use import EvaluationOrder


def evaluate(order: EvaluationOrder) -> Evaluation:
    """Tags the sentences of a gold file with a model and scores the tags.

    Where the gold file is written in another scheme than the model's, the predicted tags are converted to the
    file's. Tags that training never saw can only be missed; the score lists them.

    Raises:
        DataError: The gold file cannot be read, or holds a tag that its scheme does not have.
        ModelError: The model folder cannot be read.
        Error: The cross-check found a difference.
    """
    scheme, probabilities = order.scheme, order.probabilities or order.calibration
    tagger, known = _load(
        Path(order.model), order.threads, tags_only=not probabilities, int8=order.precision == registry.INT8
    )
    own = replace(tagger.vocabulary.reading, tokenizer=tagger.vocabulary.tokenizer)
    corpus = order.corpus or reading.read_corpus(order.gold, own.override(order.options))
    gold = tags_of(corpus)
    gold_scheme = tags.parse_scheme(scheme) if tags.is_named(scheme) else schemes.closest(gold, tagger.scheme)
    reading.check_tags(corpus, gold_scheme)

    started = perf_counter()
    tagged = list(tagger.tag(corpus.sentences, entities=probabilities))
    seconds = perf_counter() - started

    raw = tuple(tuple(sentence.tags) for sentence in tagged)
    predicted = schemes.in_scheme(raw, tagger.scheme, gold_scheme)
    known_tags = schemes.known_tags(tagger.tags, tagger.scheme, gold_scheme)
    score = scoring.score(gold, predicted, gold_scheme, known_tags=known_tags)
    if order.crosscheck:
        check_with_seqeval(gold, predicted, gold_scheme, score)
    return Evaluation(
        score,
        gold_scheme,
        corpus,
        predicted,
        model=order.model,
        seconds=seconds,
        known=known,
        probabilities=tuple(_probabilities(row, gold_scheme) for row in tagged) if probabilities else None,
        tag_probabilities=tuple(row.probabilities for row in tagged) if order.calibration else None,
        findings=tuple(doubts(corpus, gold_scheme, named=tags.is_named(scheme))),
    )


def _load(path: Path, threads: int, *, tags_only: bool, int8: bool) -> tuple[SentenceTagger, Known]:
    """The tagger of a model folder, and what its training held."""

    def read(opened: folder.Folder) -> tuple[SentenceTagger, Known]:
        tagger = SentenceTagger.of(opened, threads, tags_only=tags_only, int8=int8)
        return tagger, read_known(opened, spans=tagger.scheme.is_spans)

    return folder.load(path, read)


def _probabilities(tagged: Document, scheme: Scheme) -> dict[tuple[int, int], float]:
    """By start and end, the probability of each span found or, where tags are plain, of each token's tag."""
    if scheme.is_spans:
        found = zip(tagged.spans, tagged.span_probabilities, strict=True)
        return {(span.start, span.end): probability for span, probability in found}
    return {(place, place + 1): value for place, value in enumerate(tagged.probabilities)}
