"""All that lies between text and numbers in a recurrent language model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.labelled import LabelledTokens
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import END, START, SYMBOLS, UNKNOWN, bordered
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.corpora.units import Units
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.features.indexers.columns import ColumnIndexer
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.quoting import CONTROLS, quoted

if TYPE_CHECKING:
    from seqtag.settings.language import LanguageConfig

MOST = 2**53  # of a count: as exact in a float
_SEPARATOR = re.compile(r"[ \t\r\n]")

LABEL = "columns"  # the embedding that reads the label, as the only extra column

Targets = NDArray[np.int32]


def units_of(config: "LanguageConfig") -> Units:
    """What the tokens are."""
    return Units(config.text.unit, Tokenizer(config.text.tokenizer))


@dataclass(frozen=True)
class WordVocabulary:
    """The words that a recurrent language model predicts, and what its embeddings know of those that it reads.

    A sentence is read and predicted between two borders, both `</s>`. Words spelt like a symbol are `<unk>`. Any other
    word is read as it is spelt, whether it is among those that are predicted or not. In a model that is conditioned on
    labels, each token, the borders among them, is read with the label of its sentence.

    Attributes:
        words: The words that are predicted, by class; `</s>` and `<unk>` are among them, `<s>` is not.
        sizes: How many words each class has; one class for a full softmax.
        indexers: The half of each embedding that knows words, by name.
        counts: How often each word is in the training text; empty if nobody knows.
        label: The label of sentences that come without one; None for none.

    Raises:
        ValueError: Words, sizes and counts are not those of a language model.

    Example:
        >>> vocabulary = WordVocabulary(("</s>", "Ana", "<unk>"), (1, 2), {})
        >>> vocabulary.targets(["Ana", "ran"]).tolist()
        [0, 1, 2, 0]
    """

    words: tuple[str, ...]
    sizes: tuple[int, ...]
    indexers: Mapping[str, Indexer]
    counts: tuple[int, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        "".join(self.words).encode()  # half a character raises a ValueError
        if "" in self.words or any(map(_SEPARATOR.search, self.words)):
            raise ValueError("a word is empty or holds a space")
        if len({*self.words}) != len(self.words):
            raise ValueError("a word stands there twice")
        if END not in self.words or UNKNOWN not in self.words or START in self.words:
            raise ValueError(f"{END} or {UNKNOWN} is not among the words, or {START} is")
        if sum(self.sizes) != len(self.words):
            raise ValueError(f"its classes have {quoted(sum(self.sizes))} words; there are {len(self.words)}")
        if min(self.sizes) < 1:
            raise ValueError("one of its classes is empty")
        if self.counts and len(self.counts) != len(self.words):
            raise ValueError(f"it counts {len(self.counts)} words; there are {len(self.words)}")
        if not all(0 <= count <= MOST for count in self.counts):
            raise ValueError("one of its counts is negative or too large")

    @property
    def size(self) -> int:
        """How many words are predicted beside `</s>` and `<unk>`."""
        return len(self.words) - 2

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each word that a text can hold."""
        numbers = {word: number for number, word in enumerate(self.words)}
        return numbers | dict.fromkeys(SYMBOLS, numbers[UNKNOWN])

    @cached_property
    def frequencies(self) -> NDArray[np.float64] | None:
        """The share of each word in the training text, none of them 0, `(words,)`; None if nobody knows."""
        if not self.counts:
            return None
        counts = np.array(self.counts, np.float64) + 1
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares

    @cached_property
    def end(self) -> int:
        """The number of the border."""
        return self.words.index(END)

    @cached_property
    def unknown(self) -> int:
        """The number of the unknown word."""
        return self.words.index(UNKNOWN)

    @property
    def sizes_of_indexers(self) -> dict[str, dict[str, int]]:
        """What the network must know of each embedding's table."""
        return {name: indexer.sizes for name, indexer in self.indexers.items()}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels on which the model is conditioned, sorted; empty for a model of text alone."""
        indexer = self.indexers.get(LABEL)
        return tuple(sorted(indexer.tables[0].values)) if isinstance(indexer, ColumnIndexer) else ()

    def label_rows(self, labels: Sequence[str]) -> Targets:
        """The row of each label in the table of labels, `(labels,)`; that of the unknown label for any other."""
        rows: Targets = self.indexers[LABEL].index(Sentence(tuple(labels), columns=(tuple(labels),)))
        return rows[:, 0]

    def seen(self, tokens: Sequence[str]) -> Sentence:
        """A sentence as the network reads it, with its borders and, at each token, its label if the model has labels.

        Raises:
            UsageError: The model has labels, and the sentence has none.
        """
        sentence = bordered(tokens)
        if not self.labels:
            return sentence
        label = tokens.label if isinstance(tokens, LabelledTokens) else self.label
        if label is None:
            known = ", ".join(self.labels)
            raise UsageError(f"the model is conditioned on a label; expected one of {known}. Received: none")
        return replace(sentence, columns=((label,) * len(sentence),))

    def index_all(self, sentences: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
        """Each sentence, given without borders, as the indexers keep it, with them."""
        return self.index_seen([self.seen(tokens) for tokens in sentences])

    def index_seen(self, seen: Sequence[Sentence]) -> list[dict[str, Any]]:
        """As `index_all`, for sentences or parts of them as `seen` gives them."""
        for indexer in self.indexers.values():
            indexer.prime(seen)
        return [
            {name: indexer.index(sentence) for name, indexer in self.indexers.items()} for sentence in seen
        ]

    def collate(
        self, rows: Sequence[Mapping[str, Any]], random: "np.random.Generator | None" = None
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch of indexed sentences, with their `lengths` `(batch,)`.

        Args:
            rows: The sentences as `index_all` gives them.
            random: Hides words that were seen once, in training.
        """
        first = next(iter(self.indexers))
        lengths = np.array([len(row[first]) for row in rows], np.int32)
        inputs: dict[str, NDArray[Any]] = {"lengths": lengths}
        for name, indexer in self.indexers.items():
            inputs |= indexer.collate([row[name] for row in rows], int(lengths.max()), random)
        return inputs

    def targets(self, tokens: Sequence[str]) -> Targets:
        """The number of each token among the words that are predicted, borders included, `(tokens + 2,)`."""
        numbers, unknown, end = self.numbers, self.unknown, self.end
        return np.array([end, *(numbers.get(token, unknown) for token in tokens), end], np.int32)

    def tied_rows(self) -> Targets:
        """The row of each predicted word in the table of the embedding `word`, `(words,)`."""
        rows: Targets = self.indexers["word"].index(Sentence(self.words))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "words": list(self.words),
            "sizes": list(self.sizes),
            **({"counts": list(self.counts)} if self.counts else {}),
            "indexers": {name: indexer.to_json() for name, indexer in self.indexers.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], resources: Resources) -> Self:
        """The vocabulary that `to_json` described.

        Raises:
            KeyError: A part of it is missing.
            TypeError: A part of it is something else.
            ValueError: It is none.
            Error: A part of it is.
        """
        if {*values} - {"counts"} != {"words", "sizes", "indexers"}:
            raise ValueError("expected words, sizes and indexers")
        words, sizes, indexers = values["words"], values["sizes"], values["indexers"]
        counts = values.get("counts", [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("its words are not a list of strings")
        if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
            raise ValueError("the sizes of its classes are not a list of whole numbers")
        if not isinstance(counts, list) or not all(type(count) is int for count in counts):
            raise ValueError("the counts of its words are not a list of whole numbers")
        if not isinstance(indexers, dict) or not indexers:
            raise ValueError("it looks nothing up")
        if "numbers" in indexers:
            raise ValueError("it reads columns of numbers, which a text does not have")
        read = {
            name: registry.load(registry.EMBEDDINGS, name, "features").from_json(entry, resources)
            for name, entry in indexers.items()
        }
        if LABEL in read:
            _check_labels(read[LABEL])
        return cls(tuple(words), tuple(sizes), read, tuple(counts))


def _check_labels(indexer: Indexer) -> None:
    """ValueError if an indexer is not that of labels."""
    if not isinstance(indexer, ColumnIndexer) or len(indexer.tables) != 1:
        raise ValueError("it reads extra columns, of which a text has no more than one, its label")
    labels = indexer.tables[0].values
    if not labels or not all(labels) or any(map(CONTROLS.search, labels)):
        raise ValueError("it has no labels, or one is empty or holds a control character")
