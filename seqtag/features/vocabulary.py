"""All that lies between text and numbers in a model: what its parts know of words, its tags, its tokenizer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.conllu import FIELDS
from seqtag.corpora.reading import Corpus, read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, allowed, follows, split
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.settings import registry
from seqtag.support.quoting import CONTROLS

if TYPE_CHECKING:
    from seqtag.settings.config import Config

# A character, or what an encoding left of it, and the number of its place in the word.
PLACE = re.compile(r"(.|\ufffd+)[0-9]{1,3}", re.DOTALL)

MOST_DIGITS = 9  # of a column's number

# A sentence to tag: its tokens, or with the extra columns that some models read.
Words = Sequence[str] | Sentence


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


def have_places(sentences: Iterable[Sentence]) -> bool:
    """Whether tokens are a character and a number for its place in the word, as in the Weibo corpus (科0 技1): nearly
    all of them, since real files hold a few broken characters.
    """
    tokens = [token for sentence in sentences for token in sentence.tokens]
    placed = sum(PLACE.fullmatch(token) is not None for token in tokens)
    return placed > 0.99 * len(tokens) and any(ord(token[0]) >= 0x2E80 for token in tokens)


def without_places(sentence: Sentence) -> Sentence:
    """The sentence with the place taken from each token that is a character and a number."""
    found = ((token, PLACE.fullmatch(token)) for token in sentence.tokens)
    tokens = tuple(match[1] if match else token for token, match in found)
    return Sentence(tokens, sentence.tags, sentence.lines, sentence.columns)


def fit_indexers(sentences: Sequence[Sentence], config: "Config", resources: Resources) -> dict[str, Indexer]:
    """An indexer for each embedding of the configuration, learnt from training sentences alone."""
    fitted = {
        name: registry.load(registry.EMBEDDINGS, name, "features").fit(sentences, config, resources)
        for name in registry.EMBEDDINGS
    }
    return {name: indexer for name, indexer in fitted.items() if indexer is not None}


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
        drop_places: Whether tokens are a character and a digit, of which only the character is looked at.
        format: The corpus's format as the user named it, so that other files are read alike.
        token_column: Its column of tokens, likewise.
        tag_column: The corpus's column of tags.
        feature_columns: The extra columns that the model reads.
    """

    indexers: dict[str, Indexer]
    scheme: Scheme
    train_scheme: Scheme
    tags: tuple[str, ...]
    tag_counts: dict[str, int]
    tokenizer: Tokenizer
    drop_places: bool = False
    format: str = "auto"
    token_column: int | str | None = None
    tag_column: int | str | None = None
    feature_columns: tuple[str, ...] = ()

    def read_corpus(
        self,
        path: str | PathLike[str],
        *,
        format: str = "auto",
        token_column: int | str | None = None,
        tag_column: int | str | None = None,
    ) -> Corpus:
        """A corpus with tags, read as the training corpus was where nothing else is said.

        Raises:
            DataError: It cannot be read.
            UsageError: The format or the columns make no sense.
        """
        return read_corpus(
            path,
            format=self.format if format == "auto" else format,
            token_column=self.token_column if token_column is None else token_column,
            tag_column=self.tag_column if tag_column is None else tag_column,
            feature_columns=self.feature_columns,
        )

    def index_all(self, sentences: Sequence[Words]) -> list[dict[str, Any]]:
        """Each sentence as `index` gives it."""
        seen = [self._seen(words) for words in sentences]
        for indexer in self.indexers.values():
            indexer.prime(seen)
        return [
            {name: indexer.index(sentence) for name, indexer in self.indexers.items()} for sentence in seen
        ]

    def _seen(self, words: Words) -> Sentence:
        """The sentence as the network's parts look at it."""
        sentence = as_sentence(words)
        return without_places(sentence) if self.drop_places else sentence

    def index(self, words: Words) -> dict[str, Any]:
        """The sentence as each indexer keeps it."""
        return self.index_all([words])[0]

    def collate(
        self, rows: Sequence[dict[str, Any]], random: "np.random.Generator | None" = None
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch of indexed sentences, with their `lengths` `(batch,)`."""
        first = next(iter(self.indexers))
        lengths = np.array([len(row[first]) for row in rows], np.int32)
        inputs: dict[str, NDArray[Any]] = {"lengths": lengths}
        for name, indexer in self.indexers.items():
            inputs |= indexer.collate([row[name] for row in rows], int(lengths.max()), random)
        return inputs

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "scheme": self.scheme.to_json(),
            "train_scheme": self.train_scheme.to_json(),
            "tags": list(self.tags),
            "tag_counts": self.tag_counts,
            "tokenizer": self.tokenizer.to_json(),
            "drop_places": self.drop_places,
            "format": self.format,
            "token_column": self.token_column,
            "tag_column": self.tag_column,
            "feature_columns": list(self.feature_columns),
            "indexers": {name: indexer.to_json() for name, indexer in self.indexers.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        """The vocabulary that `to_json` described; KeyError, TypeError or ValueError if it is none."""
        if not isinstance(values["indexers"], dict) or not values["indexers"]:
            raise ValueError("it looks nothing up")
        vocabulary = cls(
            indexers={
                name: registry.load(registry.EMBEDDINGS, name, "features").from_json(entry, resources)
                for name, entry in values["indexers"].items()
            },
            scheme=Scheme.from_json(values["scheme"]),
            train_scheme=Scheme.from_json(values["train_scheme"]),
            tags=tuple(values["tags"]),
            tag_counts=dict(values["tag_counts"]),
            tokenizer=Tokenizer.from_json(values["tokenizer"]),
            drop_places=bool(values["drop_places"]),
            format=values.get("format", "auto"),  # it came later
            token_column=values["token_column"],
            tag_column=values["tag_column"],
            feature_columns=tuple(values["feature_columns"]),
        )
        vocabulary._check()
        return vocabulary

    def _check(self) -> None:
        """Refuses with a ValueError what no training leaves."""
        written = [*self.tags, *self.tag_counts, *self.feature_columns]
        texts: list[Any] = list(written)  # as a file has them, they may be anything
        if not self.tags or not all(isinstance(text, str) and text for text in texts):
            raise ValueError("its tags or columns are no texts")
        "".join(written).encode()  # half a character is none
        if CONTROLS.search("".join(written)):
            raise ValueError("a tag or a column holds a control character")
        if self.scheme.is_spans != self.train_scheme.is_spans:
            raise ValueError("it was trained on spans and gives none, or the other way round")
        if self.tags != tag_inventory(self.tags, self.train_scheme):
            raise ValueError(f"its tags are not all those of {self.train_scheme.title} in their order")
        if not all(type(count) is int for count in self.tag_counts.values()):
            raise ValueError("the counts of its tags are no whole numbers")
        if self.scheme.is_spans:
            for tag in self.tag_counts:
                split(tag, self.scheme)
        if not all(map(_is_column, (self.token_column, self.tag_column))):
            raise ValueError("its columns are neither numbers nor names")
        if self.format != "auto" and not registry.knows(registry.READERS, self.format):
            raise ValueError("its corpus was of no format that is known here")
        columns = self.indexers.get("columns")
        if len(columns.sizes if columns else ()) != len(self.feature_columns):
            raise ValueError("it does not know as many extra columns as it reads")


def _is_column(column: Any) -> bool:
    """Whether some reader knows such a column."""
    if isinstance(column, str) and column.lower() in FIELDS:
        return True
    if type(column) not in (int, str) or len(str(column)[:10]) > MOST_DIGITS:
        return column is None
    try:
        return int(column) != 0
    except ValueError:
        return False


def legal_sequences(
    tags: Sequence[str], scheme: Scheme
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which tags may start a sentence `(tags,)`, follow each other `(tags, tags)` and end it; None if all
    may.
    """
    if not scheme.is_spans:
        return None
    parsed = [split(tag, scheme) for tag in tags]
    letters, letter = np.unique([letter for letter, _ in parsed], return_inverse=True)
    _, label = np.unique([label for _, label in parsed], return_inverse=True)
    same, other = (
        np.array([[follows(one, two, scheme, same_label=equal) for two in letters] for one in letters])
        for equal in (True, False)
    )
    pairs = letter[:, None], letter
    return (
        np.array([allowed(None, tag, scheme) for tag in tags]),
        np.where(label[:, None] == label, same[pairs], other[pairs]),
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
