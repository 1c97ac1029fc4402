"""Sentences of a tagged corpus on which gradients are measured."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, ReadOptions, Sentence, check_tags, read_corpus
from seqtag.corpora.sentence import cut
from seqtag.corpora.tags import convert
from seqtag.features.indexers.base import pad
from seqtag.features.vocabulary import Vocabulary
from seqtag.settings import registry
from seqtag.support.errors import Error
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training import reach
from seqtag.training.reach import SENTENCES, LayerReach, measure, reachable

if TYPE_CHECKING:
    from seqtag.network.gradients import Followed


@dataclass(frozen=True)
class Sample:
    """Sentences to look at.

    Attributes:
        sentences: Those drawn, in the file's order, with tags of the training scheme; all have more than `steps` words.
        steps: How many steps to go back.
        long_enough: How many the corpus holds that could have been drawn.
        longest: The words of its longest sentence with tags that the model knows, or 0.
        path: The file, for messages.
        vocabulary: The model's.
    """

    sentences: list[Sentence]
    steps: int
    long_enough: int
    longest: int
    path: str
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.sentences)

    def measured(self, network: "Followed", random: np.random.Generator) -> list[LayerReach]:
        """Each layer and direction, measured at a word drawn in each sentence, of which there is at least one."""
        numbers = {tag: number for number, tag in enumerate(self.vocabulary.tags)}
        inputs = self.vocabulary.collate(self.vocabulary.index_all(self.sentences))
        rows = [
            np.array([numbers[tag] for tag in sentence.tags or ()], np.int32) for sentence in self.sentences
        ]
        return measure(network, inputs, pad(rows, int(inputs["lengths"].max())), self.steps, random)


def sample(
    stored: Stored,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> Sample:
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
    if not found.sentences:
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
) -> Sample:
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
    if steps is None:
        steps = reachable([len(sentence) for sentence in usable])
    long_enough = [sentence for sentence in usable if len(sentence) > steps]
    most = max((len(sentence) for sentence in usable), default=0)
    sentences = reach.drawn(long_enough, count, random)
    return Sample(sentences, steps, len(long_enough), most, corpus.path, vocabulary)


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
    """How far gradients reach back in each layer and direction of a trained network, on some sentences of dev.

    Returns:
        `layer`, `direction`, `rate`, `memory` and `verdict` of each; nothing where no layer has a state, or dev holds
        no sentence that is long enough.
    """
    if not registry.is_stateful(job.config.encoder.cell) or not job.config.encoder.layers:
        return []
    random = np.random.default_rng(1)  # the same words with each seed of the run
    longest = job.config.training.max_sentence_length
    drawn = draw(job.corpora.dev, job.vocabulary, longest, SENTENCES, random)
    return reach.rates(drawn.measured(job.network, random)) if drawn.sentences else []
