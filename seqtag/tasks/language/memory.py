"""The memory of a language model: its perplexity when only the last words of the context are visible."""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from seqtag.corpora.views import View
from seqtag.evaluation.perplexity import power
from seqtag.tasks.language.base import TextModel

VISIBLE = (0, 1, 2, 4, 8, 16, 32)
TOGETHER = 1 << 10  # tokens that are looked at together


@dataclass(frozen=True)
class Glimpse:
    """How well tokens are predicted from the last words before them.

    Attributes:
        visible: How many are visible, the start of the sentence counted like a word; None for all.
        bits: The sum of -log2 of the probabilities.
        tokens: How many tokens were predicted.
        shortened: How many of them have more before them than is visible.
    """

    visible: int | None
    bits: float
    tokens: int
    shortened: int

    @property
    def perplexity(self) -> float:
        """2 to the power of the bits per token; infinite if one is impossible."""
        return power(self.bits / self.tokens)

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for a perplexity that is infinite."""
        perplexity = self.perplexity if math.isfinite(self.perplexity) else None
        return {"visible": self.visible, "perplexity": perplexity, "shortened": self.shortened}


class PlaceSample:
    """Some tokens of a text of any length, each as likely as any other.

    Args:
        count: How many tokens are drawn at most.
        seed: Of the draw.

    Attributes:
        tokens: How many tokens the text has so far, with the ends of its sentences.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.tokens = 0
        self._count = count
        self._random = np.random.default_rng(seed)
        # The tokens with the smallest of random keys; the heap's first entry has the largest of them.
        self._kept: list[tuple[float, int, int, Sequence[str]]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def through(self, sentences: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """Passes sentences on and draws from them."""
        for number, sentence in enumerate(sentences):
            keys = self._random.random(len(sentence) + 1)
            for place in self._near(keys):
                entry = (-float(keys[place]), -number, place, sentence)
                if len(self._kept) < self._count:
                    heapq.heappush(self._kept, entry)
                else:
                    heapq.heappushpop(self._kept, entry)
            self.tokens += len(keys)
            yield sentence

    def _near(self, keys: Any) -> list[int]:
        """The places of keys that may be among the smallest."""
        if len(self._kept) < self._count:
            return list(range(len(keys)))
        found: list[int] = np.flatnonzero(keys < -self._kept[0][0]).tolist()
        return found

    @property
    def places(self) -> list[tuple[Sequence[str], int]]:
        """The sentences and the place in each, in the order of the text."""
        ordered = sorted(self._kept, key=lambda entry: (-entry[1], entry[2]))
        return [(sentence, place) for _, _, place, sentence in ordered]


def memory(model: TextModel, places: Sequence[tuple[Sequence[str], int]]) -> list[Glimpse]:
    """The perplexity of the same tokens for each number of visible words of `VISIBLE`, and last where all are visible.

    Args:
        model: The model; it gives probabilities, and reads forward.
        places: Sentences and the place of a token in each, those of a sentence together; at least one.
    """
    found = []
    for visible in VISIBLE:
        bits = 0.0
        for begin in range(0, len(places), TOGETHER):
            views = [View.of(*place, visible) for place in places[begin : begin + TOGETHER]]
            bits += float(model.score_views(views).sum())
        shortened = sum(place + 1 > visible for _, place in places)
        found.append(Glimpse(visible, bits, len(places), shortened))
    return [*found, Glimpse(None, _whole(model, places), len(places), 0)]


def _whole(model: TextModel, places: Sequence[tuple[Sequence[str], int]]) -> float:
    """The bits where all is visible; each sentence is read once, however many of its tokens are wanted."""
    bits = 0.0
    # By identity: equal sentences may differ in their labels.
    for _, group in groupby(places, key=lambda place: id(place[0])):
        of_one = list(group)
        scores, _ = model.score([of_one[0][0]])
        bits += float(scores[[place for _, place in of_one]].sum())
    return bits
