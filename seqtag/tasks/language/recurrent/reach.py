"""Sentences of a text on which the gradients of a recurrent language model are measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.findings import Report, ignore
from seqtag.features.indexers.base import pad
from seqtag.settings import registry
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.lines import shown
from seqtag.tasks.language.recurrent.stored import StoredLanguage
from seqtag.tasks.language.recurrent.texts import numbered
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary
from seqtag.training import reach
from seqtag.training.reach import SENTENCES, LayerReach

if TYPE_CHECKING:
    from seqtag.network.gradients import Followed
    from seqtag.tasks.language.recurrent.job import LanguageJob

MOST_SENTENCES = 20_000  # of a file, among which some are drawn


@dataclass(frozen=True)
class TextSample:
    """Sentences to look at.

    Attributes:
        sentences: Those drawn, in the file's order.
        steps: How many steps to go back. A sentence has as many words at least: its first border is a token as well.
        long_enough: How many the file holds that could have been drawn.
        path: The file, for messages.
        vocabulary: The model's.
    """

    sentences: list[Sequence[str]]
    steps: int
    long_enough: int
    path: str
    vocabulary: WordVocabulary

    def __len__(self) -> int:
        return len(self.sentences)

    def measured(self, network: "Followed", random: np.random.Generator) -> list[LayerReach]:
        """Each layer and direction, measured at a token drawn in each sentence, of which there is at least one."""
        inputs = self.vocabulary.collate(self.vocabulary.index_all(self.sentences))
        lengths = inputs["lengths"]
        targets = pad([self.vocabulary.targets(tokens) for tokens in self.sentences], int(lengths.max()))
        # The state of the last token that a direction reads, a border, predicts nothing.
        return reach.measure(network, inputs, targets, self.steps, random, ends=lengths - 1)


def sample(
    stored: StoredLanguage,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> TextSample:
    """Draws at most `count` of the first 20,000 sentences of a file.

    Args:
        stored: The model.
        path: A text, a sentence a line, or a corpus, of which the tokens are taken.
        count: How many.
        random: For the draw.
        steps: How many steps to go back; up to 30, as the file's sentences allow, if not given.
        options: The format of the file; no other option has a meaning for a text.
        report: Receives what is odd about it.

    Raises:
        UsageError: Another option is given.
        DataError: The file cannot be read, or has no words.
        Error: No sentence is long enough.
    """
    for name, option in options.given:
        if name != "format":
            raise UsageError(f"{option}: has no meaning for a language model, which reads tokens alone.")
    config, vocabulary = stored.config, stored.vocabulary
    format = None if options.format == AUTO.format else options.format
    read = numbered(path, config, format, report)
    first = list(islice((tokens for _, tokens in read), MOST_SENTENCES))
    if not first:
        raise DataError(shown(path), None, "holds no words; expected text, a sentence a line")
    found = draw(first, path, vocabulary, config.training.max_sentence_length, count, random, steps)
    if not found.sentences:
        longest = max(map(len, first))
        raise Error(
            f"{path}: no sentence has {found.steps} words or more; the longest has {longest}."
            + f" Try --steps {longest}." * (longest > 1)
        )
    return found


def draw(
    texts: Iterable[Sequence[str]],
    path: str,
    vocabulary: WordVocabulary,
    longest: int,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
) -> TextSample:
    """Draws at most `count` sentences that are long enough.

    Args:
        texts: The tokens of each sentence.
        path: Where they are from, for messages.
        vocabulary: The model's.
        longest: Sentences are cut at so many tokens.
        count: How many.
        random: For the draw.
        steps: How many steps to go back; up to 30, as the sentences allow, if not given.
    """
    usable = [tokens[:longest] for tokens in texts]
    if steps is None:
        steps = reach.reachable([len(tokens) + 1 for tokens in usable])
    long_enough = [tokens for tokens in usable if len(tokens) >= steps]
    chosen = reach.drawn(long_enough, count, random)
    return TextSample(chosen, steps, len(long_enough), path, vocabulary)


def rates(job: "LanguageJob") -> list[dict[str, Any]]:
    """How far gradients reach back in each layer and direction of a trained network, on some sentences of dev; see
    `training.reach.rates`. Nothing where no layer has a state, or dev holds no sentence that is long enough.
    """
    if not registry.is_stateful(job.config.encoder.cell):
        return []
    random = np.random.default_rng(1)  # the same words with each seed of the run
    longest = job.config.training.max_sentence_length
    drawn = draw(job.texts.dev, "dev", job.vocabulary, longest, SENTENCES, random)
    return reach.rates(drawn.measured(job.network, random)) if drawn.sentences else []
