"""The mentions of each word in a document as numbers: which places of a batch hold the same word."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Ids, Indexer, Resources
from seqtag.support.lookup import Lookup

if TYPE_CHECKING:
    from seqtag.settings.config import EncoderSettings, RunSettings

MENTIONS = "mentions"  # the attention that reads them
COMMON, FEW = 500, 10  # a common word is more than one token in COMMON, and occurs more than FEW times

Words = NDArray[np.object_]


class MentionIndexer(Indexer):
    """Words in lower case. Common words, such as *the*, and what holds no letter or digit are no mentions.

    Args:
        common: The common words of the training file, in lower case.
        context: Tokens of neighbouring sentences whose mentions are looked at together; 0 for one sentence at a time.
    """

    def __init__(self, common: Sequence[str], context: int) -> None:
        self.common = frozenset(common)
        self.context = context
        self._mentions = Lookup(self._mention)

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], config: "RunSettings", resources: Resources) -> Self | None:
        if config.encoder.attention != MENTIONS:
            return None
        counts = Counter(token.lower() for sentence in sentences for token in sentence.tokens)
        most = max(FEW, counts.total() // COMMON)
        return cls([word for word, count in counts.items() if count > most], config.encoder.context)

    def fits(self, settings: "EncoderSettings") -> bool:
        """Whether it makes what a network of these settings reads."""
        return settings.attention == MENTIONS and settings.context == self.context

    @property
    def sizes(self) -> dict[str, int]:
        return {}

    def index(self, sentence: Sentence) -> Words:
        """The words `(time,)`; empty where one is no mention."""
        found = np.empty(len(sentence), object)
        found[:] = list(map(self._mentions.__getitem__, sentence.tokens))
        return found

    def _mention(self, token: str) -> str:
        word = token.lower()
        return "" if word in self.common or not any(map(str.isalnum, word)) else word

    def collate(
        self,
        rows: Sequence[Words],
        time: int,
        random: "np.random.Generator | None",
        windows: Sequence[int] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """`mentions` `(batch, time)`: the number of each word that stands at least twice in its window, from 1 on
        through the batch; 0 for all others.

        Args:
            rows: The sentences, as `index` gives them.
            time: The length of the longest.
            random: Not used.
            windows: How many sentences each window holds, one after the other; one each if not given.
        """
        numbers: Ids = np.zeros((len(rows), time), np.int32)
        count = start = 0
        for size in windows or [1] * len(rows):
            some = range(start, start + size)
            start += size
            found = Counter(chain.from_iterable(rows[row] for row in some))
            known: dict[str, int] = {}
            for word, times in found.items():
                if word and times > 1:
                    count += 1
                    known[word] = count
            for row in some if known else ():
                numbers[row, : len(rows[row])] = [known.get(word, 0) for word in rows[row]]
        return {"mentions": numbers}

    def to_json(self) -> dict[str, Any]:
        return {"common": sorted(self.common), "context": self.context}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        common, context = values["common"], values["context"]
        if not isinstance(common, list) or not all(isinstance(word, str) for word in common):
            raise ValueError("its common words are not a list of texts")
        if type(context) is not int or context < 0:
            raise ValueError("its context is not a number of tokens")
        return cls(common, context)
