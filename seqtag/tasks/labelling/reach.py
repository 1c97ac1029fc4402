"""Sentences of a corpus of labels on which gradients are measured."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, ReadOptions, Sentence, read_corpus
from seqtag.corpora.sentence import cut
from seqtag.features.labels import LabelVocabulary
from seqtag.settings import registry
from seqtag.support.errors import Error
from seqtag.tasks.labelling.job import ClassificationJob
from seqtag.tasks.tagging.restore import Stored
from seqtag.training import reach
from seqtag.training.reach import SENTENCES, LayerReach, measure, reachable

if TYPE_CHECKING:
    from seqtag.network.gradients import Followed


@dataclass(frozen=True)
class LabelSample:
    """Sentences to look at, all with more than `steps` words and a label that the model knows.

    Attributes:
        sentences: Those drawn, in the file's order.
        steps: How many steps to go back.
        long_enough: How many the corpus holds that could have been drawn.
        path: The file, for messages.
        vocabulary: The model's.
    """

    sentences: list[Sentence]
    steps: int
    long_enough: int
    path: str
    vocabulary: LabelVocabulary

    def __len__(self) -> int:
        return len(self.sentences)

    def measured(self, network: "Followed", random: np.random.Generator) -> list[LayerReach]:
        """Each layer and direction, measured at a word drawn in each sentence, of which there is at least one."""
        numbers = {label: number for number, label in enumerate(self.vocabulary.labels)}
        inputs = self.vocabulary.collate(self.vocabulary.index_all(self.sentences))
        first = np.array([numbers[sentence.labels[0]] for sentence in self.sentences], np.int32)
        targets = np.repeat(first[:, None], int(inputs["lengths"].max()), axis=1)
        return measure(network, inputs, targets, self.steps, random)


def sample(
    stored: Stored,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> LabelSample:
    """Draws at most `count` sentences of a corpus file; see `tasks.base.Draw`."""
    vocabulary: Any = stored.vocabulary
    given = vocabulary.reading.override(options)
    corpus = read_corpus(path, _without_tags(given, vocabulary))
    for finding in corpus.findings:
        report(finding)
    found = draw(corpus, vocabulary, stored.config.training.max_sentence_length, count, random, steps)
    if not found.sentences:
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
) -> LabelSample:
    """Draws at most `count` sentences that are long enough, cut at `longest` words."""
    known = {*vocabulary.labels}
    usable = []
    for sentence in corpus.sentences:
        if sentence.tokens and sentence.labels and sentence.labels[0] in known:
            piece = cut(sentence, 0, min(longest, len(sentence)))
            usable.append(replace(piece, tags=None, labels=sentence.labels))
    if steps is None:
        steps = reachable([len(sentence) for sentence in usable])
    long_enough = [sentence for sentence in usable if len(sentence) > steps]
    sentences = reach.drawn(long_enough, count, random)
    return LabelSample(sentences, steps, len(long_enough), corpus.path, vocabulary)


def rates(job: ClassificationJob) -> list[dict[str, Any]]:
    """How far gradients reach back in each layer and direction; see `tasks.tagging.reach.rates`."""
    if not registry.is_stateful(job.config.encoder.cell):
        return []
    random = np.random.default_rng(1)  # the same words with each seed of the run
    longest = job.config.training.max_sentence_length
    drawn = draw(job.corpora.dev, job.vocabulary, longest, SENTENCES, random)
    return reach.rates(drawn.measured(job.network, random)) if drawn.sentences else []
