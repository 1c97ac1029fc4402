"""Sentences of a text on which the gradients of a recurrent language model are measured."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.findings import Report, ignore
from seqtag.features.indexers.base import pad
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.lines import shown
from seqtag.tasks.language.recurrent.stored import StoredLanguage
from seqtag.tasks.language.recurrent.texts import numbered
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary
from seqtag.training import reach
from seqtag.training.reach import GradientInputs, Sample

if TYPE_CHECKING:
    from seqtag.tasks.language.recurrent.job import LanguageJob

MOST_SENTENCES = 20_000  # of a file, among which some are drawn


def sample(
    stored: StoredLanguage,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> Sample[Sequence[str]]:
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
    read = numbered(path, config, format, report, "as the training text has them")
    first = list(islice((tokens for _, tokens in read), MOST_SENTENCES))
    if not first:
        raise DataError(shown(path), None, "holds no words; expected text, a sentence a line")
    found = draw(first, path, vocabulary, config.training.max_sentence_length, count, random, steps)
    if not found.examples:
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
) -> Sample[Sequence[str]]:
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
    collate = partial(_collate, vocabulary)
    return reach.draw(usable, lambda tokens: len(tokens) + 1, collate, path, count, random, steps)


def _collate(vocabulary: WordVocabulary, network: Any, sentences: list[Sequence[str]]) -> GradientInputs:
    """The sentences between borders, and their words."""
    inputs = vocabulary.collate(vocabulary.index_all(sentences))
    lengths = inputs["lengths"]
    targets = pad([vocabulary.targets(tokens) for tokens in sentences], int(lengths.max()))
    # The state of the last token that a direction reads, a border, predicts nothing.
    return GradientInputs(network, inputs, targets, lengths - 1)


def rates(job: "LanguageJob") -> list[dict[str, Any]]:
    """How far gradients reach back in a trained network; see `training.reach.trained_rates`."""
    longest = job.config.training.max_sentence_length
    of_dev = partial(draw, job.texts.dev, "dev", job.vocabulary, longest)
    return reach.trained_rates(job.config, job.network, of_dev)
