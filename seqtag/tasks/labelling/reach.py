"""Sentences of a corpus of labels on which gradients are measured."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from seqtag.corpora.base import AUTO
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, ReadOptions, Sentence, read_corpus
from seqtag.corpora.sentence import cut
from seqtag.features.labels import LabelVocabulary
from seqtag.support.errors import Error
from seqtag.tasks.labelling.job import ClassificationJob
from seqtag.tasks.labelling.reading import check_given
from seqtag.tasks.tagging.restore import Stored
from seqtag.training import reach
from seqtag.training.reach import GradientInputs, Sample


def sample(
    stored: Stored,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> Sample[Sentence]:
    """Draws at most `count` sentences of a corpus file; see `tasks.base.Draw`."""
    check_given(options, "classification")
    vocabulary: Any = stored.vocabulary
    given = vocabulary.reading.override(options)
    corpus = read_corpus(path, _without_tags(given, vocabulary))
    for finding in corpus.findings:
        report(finding)
    found = draw(corpus, vocabulary, stored.config.training.max_sentence_length, count, random, steps)
    if not found.examples:
        raise Error(
            f"{path}: no sentence with a label that the model knows has more than {found.steps} words."
        )
    return found


def _without_tags(options: ReadOptions, vocabulary: LabelVocabulary) -> ReadOptions:
    return replace(options, with_tags=False, tokenizer=vocabulary.tokenizer)


def draw(
    corpus: Corpus,
    vocabulary: LabelVocabulary,
    longest: int,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
) -> Sample[Sentence]:
    """Draws at most `count` sentences that are long enough, cut at `longest` words."""
    known = {*vocabulary.labels}
    usable = []
    for sentence in corpus.sentences:
        if sentence.tokens and sentence.labels and sentence.labels[0] in known:
            piece = cut(sentence, 0, min(longest, len(sentence)))
            usable.append(replace(piece, tags=None, labels=sentence.labels))
    return reach.draw(usable, len, partial(_collate, vocabulary), corpus.path, count, random, steps)


def _collate(vocabulary: LabelVocabulary, network: Any, sentences: list[Sentence]) -> GradientInputs:
    """The sentences and the first label of each, at each word."""
    numbers = {label: number for number, label in enumerate(vocabulary.labels)}
    inputs = vocabulary.collate(vocabulary.index_all(sentences))
    first = np.array([numbers[sentence.labels[0]] for sentence in sentences], np.int32)
    return GradientInputs(network, inputs, np.repeat(first[:, None], int(inputs["lengths"].max()), axis=1))


def rates(job: ClassificationJob) -> list[dict[str, Any]]:
    """How far gradients reach back in a trained network; see `training.reach.trained_rates`."""
    longest = job.config.training.max_sentence_length
    of_dev = partial(draw, job.corpora.dev, job.vocabulary, longest)
    return reach.trained_rates(job.config, job.network, of_dev)
