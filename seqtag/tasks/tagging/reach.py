"""Sentences of a tagged corpus on which gradients are measured."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from seqtag.corpora.base import AUTO
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, ReadOptions, Sentence, check_tags, read_corpus
from seqtag.corpora.sentence import cut
from seqtag.corpora.tags import convert
from seqtag.features.indexers.base import pad
from seqtag.features.vocabulary import Vocabulary
from seqtag.support.errors import Error
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.tagger_job import TaggerJob
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
    """Draws at most `count` sentences of a corpus file.

    Args:
        stored: The model.
        path: A corpus file in the model's tag scheme.
        count: How many.
        random: For the draw.
        steps: How many steps to go back; up to 30, as the file's sentences allow, if not given.
        options: How the file is read, where it is not as the training corpus was.
        report: Receives what is odd about it.

    Raises:
        DataError: The file cannot be read, or holds a tag that the scheme does not have.
        Error: No sentence is long enough.
    """
    vocabulary = stored.vocabulary
    corpus = read_corpus(path, vocabulary.reading.override(options))
    check_tags(corpus, vocabulary.scheme)
    for finding in corpus.findings:
        report(finding)
    found = draw(corpus, vocabulary, stored.config.training.max_sentence_length, count, random, steps)
    if not found.examples:
        longest = found.longest
        raise Error(
            f"{path}: no sentence with tags that the model knows has more than {found.steps} words; the longest has "
            f"{longest}." + f" Try --steps {longest - 1}." * (longest > 2)
        )
    return found


def draw(
    corpus: Corpus,
    vocabulary: Vocabulary,
    longest: int,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
) -> Sample[Sentence]:
    """Draws at most `count` sentences that are long enough.

    Args:
        corpus: In the model's tag scheme.
        vocabulary: The model's.
        longest: Sentences are cut at so many words.
        count: How many.
        random: For the draw.
        steps: How many steps to go back; up to 30, as the corpus's sentences allow, if not given.
    """
    usable = _usable(corpus, vocabulary, longest)
    return reach.draw(usable, len, partial(_collate, vocabulary), corpus.path, count, random, steps)


def _collate(vocabulary: Vocabulary, network: Any, sentences: list[Sentence]) -> GradientInputs:
    """The sentences and their tags, in the training scheme."""
    numbers = {tag: number for number, tag in enumerate(vocabulary.tags)}
    inputs = vocabulary.collate(vocabulary.index_all(sentences))
    rows = [np.array([numbers[tag] for tag in sentence.tags or ()], np.int32) for sentence in sentences]
    return GradientInputs(network, inputs, pad(rows, int(inputs["lengths"].max())))


def _usable(corpus: Corpus, vocabulary: Vocabulary, longest: int) -> list[Sentence]:
    """The sentences with tags of the training scheme, cut at `longest` words; without those whose tags the model does
    not know.
    """
    known = set(vocabulary.tags)
    found = []
    for sentence in corpus.sentences:
        tags = convert((sentence.tags or ())[:longest], vocabulary.scheme, vocabulary.train_scheme)
        if known.issuperset(tags):
            piece = cut(sentence, 0, min(longest, len(sentence)))
            found.append(replace(piece, tags=tuple(tags)))
    return found


def rates(job: TaggerJob) -> list[dict[str, Any]]:
    """How far gradients reach back in a trained network; see `training.reach.trained_rates`."""
    longest = job.config.training.max_sentence_length
    of_dev = partial(draw, job.corpora.dev, job.vocabulary, longest)
    return reach.trained_rates(job.config, job.network, of_dev)
