"""Words and tags as numbers, and back.

An indexer is the half of an embedding that knows words: it learns its table from the training sentences,
turns a sentence into an array, and a batch of such arrays into the network's inputs. It is stored with the
model.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from seqtag import parts
from seqtag.config import Config, Word
from seqtag.data.sentence import Sentence
from seqtag.tags import Scheme, allowed, split
from seqtag.text import Tokenizer

PADDING = 0
UNKNOWN = 1
RESERVED = 2  # rows of a word table that belong to no word: padding and the unknown word

Ids = NDArray[np.int32]
Words = (
    Sequence[str] | Sentence
)  # a sentence to tag: its tokens, or with the extra columns that some models read


def as_sentence(words: Words) -> Sentence:
    """The words as a `Sentence`."""
    return words if isinstance(words, Sentence) else Sentence(tuple(words))


def cut(words: Words, start: int, end: int) -> Sentence:
    """The sentence from one token up to, not including, another."""
    sentence = as_sentence(words)
    if start == 0 and end == len(sentence):
        return sentence
    columns = tuple(column[start:end] for column in sentence.columns)
    return Sentence(sentence.tokens[start:end], columns=columns)


class Indexer(Protocol):
    """What each part that reads tokens offers."""

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: Config) -> Self | None:
        """The indexer with its table learnt from training sentences alone; None if the configuration has no
        such part.
        """
        ...

    @property
    def sizes(self) -> dict[str, int]:
        """What the network must know to build its half of the part."""
        ...

    def index(self, sentence: Sentence) -> Any:
        """The sentence as this part keeps it until it is batched: one entry a token, which can be sliced."""
        ...

    def collate(
        self, rows: Sequence[Any], time: int, random: np.random.Generator | None
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch: arrays that start with `(batch, time)`; `random` only in
        training.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the model folder."""
        ...

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The indexer that `to_json` described."""
        ...


def pad(rows: Sequence[Ids], time: int) -> Ids:
    """Rows of unequal length as one array `(batch, time)`, padded on the right."""
    padded = np.full((len(rows), time), PADDING, np.int32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


_DIGITS = {ord(digit): "0" for digit in "123456789"}


class WordIndexer:
    """Words of the training file by falling frequency; a word is looked up as it is, then in lower case.

    Args:
        words: The words of rows 2, 3, ...; row 0 is padding, row 1 the unknown word.
        first_singleton: The row from which on all words were seen once.
        unknown_rate: Chance in training that a word seen once is shown as unknown.
        normalize_digits: Whether digits are read as 0.
    """

    def __init__(
        self, words: Sequence[str], first_singleton: int, unknown_rate: float, normalize_digits: bool
    ) -> None:
        self.words = tuple(words)
        self.first_singleton = first_singleton
        self.unknown_rate = unknown_rate
        self.normalize_digits = normalize_digits
        self._ids = {word: number for number, word in enumerate(self.words, start=RESERVED)}

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: Config) -> Self | None:
        settings: Word = config.embeddings.word
        if settings.dim == 0:
            return None
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence.tokens)
        if settings.normalize_digits:
            normal: Counter[str] = Counter()
            for word, count in counts.items():
                normal[word.translate(_DIGITS)] += count
            counts = normal
        kept = [word for word, count in counts.items() if count >= settings.min_count]
        kept.sort(key=lambda word: (-counts[word], word))
        frequent = sum(counts[word] > 1 for word in kept)
        return cls(kept, RESERVED + frequent, settings.unknown_rate, settings.normalize_digits)

    @property
    def sizes(self) -> dict[str, int]:
        return {"rows": RESERVED + len(self.words)}

    def index(self, sentence: Sentence) -> Ids:
        ids = self._ids
        return np.array([ids.get(token) or self._look_up(token) for token in sentence.tokens], np.int32)

    def _look_up(self, token: str) -> int:
        if self.normalize_digits:
            token = token.translate(_DIGITS)
        return self._ids.get(token) or self._ids.get(token.lower()) or UNKNOWN

    def unknown(self, tokens: Iterable[str]) -> int:
        """How many of the tokens are unknown words."""
        return sum(self._look_up(token) == UNKNOWN for token in tokens)

    def collate(self, rows: Sequence[Ids], time: int, random: np.random.Generator | None) -> dict[str, Ids]:
        words = pad(rows, time)
        if random is not None and self.unknown_rate > 0:
            hidden = (words >= self.first_singleton) & (random.random(words.shape) < self.unknown_rate)
            words[hidden] = UNKNOWN
        return {"words": words}

    def to_json(self) -> dict[str, Any]:
        return {
            "words": list(self.words),
            "first_singleton": self.first_singleton,
            "unknown_rate": self.unknown_rate,
            "normalize_digits": self.normalize_digits,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(
            values["words"], values["first_singleton"], values["unknown_rate"], values["normalize_digits"]
        )


def fit_indexers(sentences: Sequence[Sentence], config: Config) -> dict[str, Indexer]:
    """An indexer for each embedding of the configuration, learnt from training sentences alone."""
    fitted = {name: parts.load(parts.INDEXERS, name).fit(sentences, config) for name in parts.INDEXERS}
    return {name: indexer for name, indexer in fitted.items() if indexer is not None}


def index(indexers: dict[str, Indexer], words: Words) -> dict[str, Any]:
    """The sentence as each indexer keeps it."""
    sentence = as_sentence(words)
    return {name: indexer.index(sentence) for name, indexer in indexers.items()}


def collate(
    indexers: dict[str, Indexer],
    sentences: Sequence[dict[str, Any]],
    random: np.random.Generator | None = None,
) -> dict[str, NDArray[Any]]:
    """The network's inputs for a batch of indexed sentences, with their `lengths` `(batch,)`."""
    first = next(iter(indexers))
    lengths = np.array([len(sentence[first]) for sentence in sentences], np.int32)
    inputs: dict[str, NDArray[Any]] = {"lengths": lengths}
    for name, indexer in indexers.items():
        inputs |= indexer.collate([sentence[name] for sentence in sentences], int(lengths.max()), random)
    return inputs


@dataclass(frozen=True)
class Vocabulary:
    """All that lies between text and numbers in a model.

    Attributes:
        indexers: The half of each embedding that knows words, by name.
        scheme: The corpus's tag scheme, in which tags are given to the user.
        train_scheme: The scheme that the network was trained in.
        tags: The network's tags by number, in the training scheme.
        tag_counts: The tags of the training file, in its own scheme, and how often each was seen.
        tokenizer: The tokenizer that fits the training corpus.
    """

    indexers: dict[str, Indexer]
    scheme: Scheme
    train_scheme: Scheme
    tags: tuple[str, ...]
    tag_counts: dict[str, int]
    tokenizer: Tokenizer

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "scheme": self.scheme.to_json(),
            "train_scheme": self.train_scheme.to_json(),
            "tags": list(self.tags),
            "tag_counts": self.tag_counts,
            "tokenizer": self.tokenizer.to_json(),
            "indexers": {name: indexer.to_json() for name, indexer in self.indexers.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The vocabulary that `to_json` described; KeyError, TypeError or ValueError if it is none."""
        return cls(
            indexers={
                name: parts.load(parts.INDEXERS, name).from_json(entry)
                for name, entry in values["indexers"].items()
            },
            scheme=Scheme.from_json(values["scheme"]),
            train_scheme=Scheme.from_json(values["train_scheme"]),
            tags=tuple(values["tags"]),
            tag_counts=dict(values["tag_counts"]),
            tokenizer=Tokenizer.from_json(values["tokenizer"]),
        )


def legal_sequences(
    tags: Sequence[str], scheme: Scheme
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which tags may start a sentence `(tags,)`, follow each other `(tags, tags)` and end it; None if all
    may.
    """
    if not scheme.is_spans:
        return None
    return (
        np.array([allowed(None, tag, scheme) for tag in tags]),
        np.array([[allowed(first, second, scheme) for second in tags] for first in tags]),
        np.array([allowed(tag, None, scheme) for tag in tags]),
    )


def tag_inventory(seen: Iterable[str], scheme: Scheme) -> tuple[str, ...]:
    """The network's tags: for spans O and every letter with every label seen, for plain tags the tags seen;
    sorted.
    """
    if not scheme.is_spans:
        return tuple(sorted(set(seen)))
    labels = sorted({split(tag, scheme)[1] for tag in seen if tag != "O"})
    letters = scheme.letters[:-1]  # the last one is O
    return ("O", *(f"{letter}-{label}" if label else letter for label in labels for letter in letters))
