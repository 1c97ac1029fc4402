"""Training sentences as numbers: the rows of the indexers, tags, and the words that a language model predicts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtag.corpora import windows
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, allowed, convert
from seqtag.features.indexers.base import DIGITS, Ids, ValueTable
from seqtag.features.vocabulary import Vocabulary
from seqtag.settings.config import Config
from seqtag.support.errors import UsageError
from seqtag.tasks.tagging.prepare import can_predict, tokens_of
from seqtag.tasks.tagging.splits import Corpora

TOGETHER = 1024  # sentences that are looked up at once


@dataclass(frozen=True)
class Example:
    """A training sentence, or a piece of one, as numbers: what each indexer keeps of it, its tags `(time,)`, and its
    words `(time,)` as a language model predicts them; the number of the sentence, and that of its document.
    """

    rows: dict[str, Any]
    tags: Ids
    words: Ids
    sentence: int = 0
    document: int = 0


def predicted_words(config: Config, corpora: Corpora, vocabulary: Vocabulary) -> ValueTable | None:
    """The words that a language model beside the tags predicts: the most frequent ones of the training file, in lower
    case and with digits as 0; None without such a model.

    Raises:
        UsageError: The encoder has no state that could predict a word.
    """
    settings = config.language_model
    if not settings.weight:
        return None
    if not can_predict(config):
        encoder = config.encoder
        layers = "" if encoder.layers else ", encoder.layers 0"
        raise UsageError(
            f"language_model.weight {settings.weight} takes a recurrent cell. Received: encoder.cell "
            f"{encoder.cell}{layers}"
        )
    counts = Counter(map(_predicted, tokens_of(corpora.train, vocabulary)))
    return ValueTable(ValueTable.fit(counts).values[: settings.words], 0)


def _predicted(token: str) -> str:
    return token.lower().translate(DIGITS)


def make_examples(
    config: Config, corpora: Corpora, vocabulary: Vocabulary, words: ValueTable | None = None
) -> tuple[list[Example], int]:
    """The training sentences as numbers, the longest ones in pieces, and how many were cut so.

    `words` is the table of words to predict, if there is one.
    """
    numbers = {tag: number for number, tag in enumerate(vocabulary.tags)}
    examples, windowed = [], 0
    documents = windows.documents(corpora.train.sentences)
    for number, (sentence, rows) in enumerate(kept_rows(corpora.train.sentences, vocabulary)):
        tags = convert(sentence.tags or (), corpora.scheme, vocabulary.train_scheme)
        seen = vocabulary.seen(sentence)
        targets = words.index(map(_predicted, seen.tokens)) if words else np.zeros(len(sentence), np.int32)
        ends = piece_ends(tags, vocabulary.train_scheme, config.training.max_sentence_length)
        windowed += len(ends) > 1
        for start, end in zip([0, *ends], ends, strict=False):
            # A span longer than a piece is cut: its second part must begin as a span does.
            piece = convert(tags[start:end], vocabulary.train_scheme, vocabulary.train_scheme)
            ids = np.array([numbers[tag] for tag in piece], np.int32)
            pieces = {name: row[start:end] for name, row in rows.items()}
            examples.append(Example(pieces, ids, targets[start:end], number, documents[number]))
    return examples, windowed


def kept_rows(
    sentences: Sequence[Sentence], vocabulary: Vocabulary
) -> Iterator[tuple[Sentence, dict[str, Any]]]:
    """Each sentence with what the indexers keep of it, some sentences at a time."""
    for start in range(0, len(sentences), TOGETHER):
        some = sentences[start : start + TOGETHER]
        yield from zip(some, vocabulary.keep(vocabulary.index_all(some)), strict=True)


def piece_ends(tags: Sequence[str], scheme: Scheme, longest: int) -> list[int]:
    """Where the pieces of a sentence end: between spans wherever a piece holds such a place."""
    ends = []
    start = 0
    while len(tags) - start > longest:
        end = start + longest
        while end > start and not (allowed(tags[end - 1], None, scheme) and allowed(None, tags[end], scheme)):
            end -= 1
        start = end if end > start else start + longest
        ends.append(start)
    return [*ends, len(tags)]
