"""All that lies between text and numbers in a model: what its parts know of words, its tags, its tokenizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.characters import without_places
from seqtag.corpora.conventions import FORMS, NONE, Conventions
from seqtag.corpora.sentence import Sentence, Words, as_sentence
from seqtag.corpora.tags import Scheme, split
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.features.indexers.lists import ListIndexer
from seqtag.features.indexers.mentions import MENTIONS, MentionIndexer
from seqtag.features.indexers.trees import TreeIndexer
from seqtag.features.tags import tag_inventory
from seqtag.features.word_lists import ListTable
from seqtag.settings import registry
from seqtag.support.quoting import CONTROLS

if TYPE_CHECKING:
    from seqtag.settings.config import Config, EncoderSettings


def fit_indexers(sentences: Sequence[Sentence], config: "Config", resources: Resources) -> dict[str, Indexer]:
    """An indexer for each embedding of the configuration, its tree and its mentions, learnt from training sentences
    alone.
    """
    fitted = {
        name: _indexer_class(name).fit(sentences, config, resources)
        for name in (*registry.EMBEDDINGS, *registry.ENCODER_INDEXERS)
    }
    return {name: indexer for name, indexer in fitted.items() if indexer is not None}


def _indexer_class(name: str) -> Any:
    if name in registry.ENCODER_INDEXERS:
        return registry.load(registry.ENCODER_INDEXERS, name)
    return registry.load(registry.EMBEDDINGS, name, "features")


@dataclass(frozen=True)
class Vocabulary:
    """All that lies between text and numbers in a model.

    Attributes:
        indexers: The half of each embedding that knows words, by name; those of a tree and of mentions.
        scheme: The corpus's tag scheme, in which tags are given to the user.
        train_scheme: The scheme that the network was trained in.
        tags: The network's tags by number, in the training scheme.
        tag_counts: The tags of the training file, in its own scheme, and how often each was seen.
        tokenizer: The tokenizer that fits the training corpus.
        drop_places: Whether tokens are a character and a digit, of which only the character is looked at.
        reading: How the training corpus was read, so that other files are read alike.
        conventions: How the training corpus writes what raw text writes otherwise.
        cuts_raw_text: Whether the tokenizer cuts raw text into tokens like those of the training corpus.
    """

    indexers: dict[str, Indexer]
    scheme: Scheme
    train_scheme: Scheme
    tags: tuple[str, ...]
    tag_counts: dict[str, int]
    tokenizer: Tokenizer
    drop_places: bool = False
    reading: ReadOptions = AUTO
    conventions: Conventions = NONE
    cuts_raw_text: bool = True

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """What each embedding's indexer says of its table, by the name of the embedding."""
        return {
            name: one.sizes for name, one in self.indexers.items() if name not in registry.ENCODER_INDEXERS
        }

    @property
    def lists(self) -> tuple[ListTable, ...]:
        """The entries of each word list; none without lists."""
        indexer = self.indexers.get("lists")
        return indexer.tables if isinstance(indexer, ListIndexer) else ()

    def fits(self, encoder: "EncoderSettings") -> bool:
        """Whether trees and mentions are looked up as an encoder of these settings reads them."""
        tree, mentions = self.indexers.get("tree"), self.indexers.get(MENTIONS)
        trees = tree.fits(encoder) if isinstance(tree, TreeIndexer) else not encoder.tree_passes
        if isinstance(mentions, MentionIndexer):
            return trees and mentions.fits(encoder)
        return trees and encoder.attention != MENTIONS

    def index_all(self, sentences: Sequence[Words]) -> list[dict[str, Any]]:
        """Each sentence as `index` gives it."""
        return self.index_seen([self.seen(words) for words in sentences])

    def index_seen(self, seen: Sequence[Sentence]) -> list[dict[str, Any]]:
        """As `index_all`, for sentences or parts of them as `seen` gives them."""
        for indexer in self.indexers.values():
            indexer.prime(seen)
        return [
            {name: indexer.index(sentence) for name, indexer in self.indexers.items()} for sentence in seen
        ]

    def seen(self, words: Words) -> Sentence:
        """The sentence as the network's parts look at it."""
        sentence = self.conventions.seen(as_sentence(words))
        return without_places(sentence) if self.drop_places else sentence

    def index(self, words: Words) -> dict[str, Any]:
        """The sentence as each indexer keeps it."""
        return self.index_all([words])[0]

    def keep(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Indexed sentences that are batched in every epoch, with all computed that is costly."""
        kept = [indexer.keep([row[name] for row in rows]) for name, indexer in self.indexers.items()]
        return [dict(zip(self.indexers, entries, strict=True)) for entries in zip(*kept, strict=True)]

    @property
    def context(self) -> int:
        """Tokens of neighbouring sentences that are looked at together; 0 for one sentence at a time."""
        mentions = self.indexers.get(MENTIONS)
        return mentions.context if isinstance(mentions, MentionIndexer) else 0

    def collate(
        self,
        rows: Sequence[dict[str, Any]],
        random: "np.random.Generator | None" = None,
        windows: Sequence[int] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch of indexed sentences, with their `lengths` `(batch,)`.

        Args:
            rows: The sentences.
            random: Given in training only.
            windows: How many sentences each window holds, see `corpora.windows`; one each if not given.
        """
        first = next(iter(self.indexers))
        lengths = np.array([len(row[first]) for row in rows], np.int32)
        inputs: dict[str, NDArray[Any]] = {"lengths": lengths}
        for name, indexer in self.indexers.items():
            own, time = [row[name] for row in rows], int(lengths.max())
            if isinstance(indexer, MentionIndexer):
                found = indexer.collate(own, time, random, windows)
            else:
                found = indexer.collate(own, time, random)
            inputs |= self._named(name, found)
        return inputs

    def _named(self, name: str, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The inputs of an indexer under the names that the network has for them."""
        return inputs

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        indexers = {name: indexer.to_json() for name, indexer in self.indexers.items()}
        usual = self.conventions == _usual(indexers)
        return {
            "scheme": self.scheme.to_json(),
            "train_scheme": self.train_scheme.to_json(),
            "tags": list(self.tags),
            "tag_counts": self.tag_counts,
            "tokenizer": self.tokenizer.to_json(),
            "drop_places": self.drop_places,
            **self.reading.to_json(),
            **({} if usual else {"conventions": self.conventions.to_json()}),
            **({} if self.cuts_raw_text else {"cuts_raw_text": False}),
            "indexers": indexers,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        """The vocabulary that `to_json` described; KeyError, TypeError or ValueError if it is none."""
        if not isinstance(values["indexers"], dict) or not values["indexers"]:
            raise ValueError("it looks nothing up")
        indexers = {
            name: _indexer_class(name).from_json(entry, resources)
            for name, entry in values["indexers"].items()
        }
        written = values.get("conventions")  # it came later
        vocabulary = cls(
            indexers=indexers,
            scheme=Scheme.from_json(values["scheme"]),
            train_scheme=Scheme.from_json(values["train_scheme"]),
            tags=tuple(values["tags"]),
            tag_counts=dict(values["tag_counts"]),
            tokenizer=Tokenizer.from_json(values["tokenizer"]),
            drop_places=bool(values["drop_places"]),
            reading=ReadOptions.from_json(values),
            conventions=_usual(values["indexers"]) if written is None else Conventions.from_json(written),
            cuts_raw_text=bool(values.get("cuts_raw_text", True)),
        )
        vocabulary._check()
        return vocabulary

    def _has_enough_tags(self) -> bool:
        return bool(self.tags)

    def _check(self) -> None:
        """Refuses with a ValueError what no training leaves."""
        spelling = self.reading.spelling
        written: list[Any] = [*self.tags, *self.tag_counts, *self.reading.extra_columns]
        written += [spelling.template, spelling.outside]
        if not self._has_enough_tags() or not all(isinstance(text, str) and text for text in written):
            raise ValueError("its tags or columns are not strings")
        "".join(written).encode()  # half a character is none
        if CONTROLS.search("".join(written)):
            raise ValueError("a tag or a column holds a control character")
        if self.scheme.is_spans != self.train_scheme.is_spans:
            raise ValueError("it was trained on spans and gives none, or the other way round")
        if self.tags != tag_inventory(self.tags, self.train_scheme):
            raise ValueError(f"its tags are not all those of {self.train_scheme.title} in their order")
        if not all(type(count) is int for count in self.tag_counts.values()):
            raise ValueError("the counts of its tags are not whole numbers")
        if self.scheme.is_spans:
            for tag in self.tag_counts:
                split(tag, self.scheme)
        if ("tree" in self.indexers) != self.reading.with_heads:
            raise ValueError("it reads trees and looks none up, or the other way round")
        columns = self.indexers.get("columns")
        if len(columns.sizes if columns else ()) != len(self.reading.feature_columns):
            raise ValueError("it does not know as many extra columns as it reads")
        numbers = self.indexers.get("numbers")
        if (numbers.sizes["columns"] if numbers else 0) != len(self.reading.numeric_columns):
            raise ValueError("it does not know as many numeric columns as it reads")


def _usual(indexers: Mapping[str, Any]) -> Conventions:
    """The conventions of a vocabulary that names none, by its indexers as plain values: words of ASCII are in every
    normal form, and text that is not ASCII is looked up in the usual one.
    """
    tables = [entry["table"]["values"] for entry in indexers.values() if "table" in entry]
    return Conventions(FORMS[0] if all("".join(table).isascii() for table in tables) else "")
