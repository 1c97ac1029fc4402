"""Words for the gaps of a text, by what stands on both sides of each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtag.support.errors import UsageError
from seqtag.support.quoting import quoted
from seqtag.tasks.language.base import TextModel, TwoWayModel
from seqtag.tasks.language.sampling import UNKNOWN

GAP = "___"
_GAP = re.compile("_{3,}")
_MARK = "\0"  # stands for a gap where characters are the tokens; no text holds it


@dataclass(frozen=True)
class Filling:
    """What may stand in a gap.

    Attributes:
        place: The number of the gap's token, from 0.
        words: The most probable words, the best first.
        probabilities: Of each, among all words of the vocabulary and the unknown one.
    """

    place: int
    words: tuple[str, ...]
    probabilities: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        pairs = zip(self.words, self.probabilities, strict=True)
        return {
            "token": self.place,
            "words": [{"word": word, "probability": probability} for word, probability in pairs],
        }


def fill(model: TwoWayModel, text: str, count: int) -> Iterator[Filling]:
    """The words for each gap, in order. Each gap is filled by itself; in its context the others are unknown words, and
    the unknown word itself is no answer.

    Args:
        model: The model.
        text: A sentence in which each gap is written as three underscores or more.
        count: How many words are wanted.

    Raises:
        UsageError: There is no gap.
        Error: The model has one direction only.
    """
    tokens = gapped(model, text)
    places = [at for at, token in enumerate(tokens) if token is None]
    if not places:
        raise UsageError(f"the text has no gap; expected {GAP} in it. Received: {quoted(text)}")
    known = [UNKNOWN if token is None else token for token in tokens]
    unknown = model.words.index(UNKNOWN)
    for place in places:
        chances = model.gap(known[:place], known[place + 1 :])
        chances[unknown] = 0.0
        best = np.argsort(-chances, kind="stable")[:count]
        best = best[chances[best] > 0]
        yield Filling(place, tuple(model.words[at] for at in best), tuple(chances[best].tolist()))


def one_direction(model: TextModel) -> str:
    """Why a model cannot fill gaps, for a message."""
    return f"a gap needs a recurrent model that reads in both directions; this is: {model.description}"


def gapped(model: TwoWayModel, text: str) -> Sequence[str | None]:
    """The tokens of a text, None for each gap, however the tokenizer would cut one."""
    if not model.units.are_words:
        return [None if token == _MARK else token for token in model.units.tokens(_GAP.sub(_MARK, text))]
    first, *rest = (model.units.tokens(part) for part in _GAP.split(text))
    tokens: list[str | None] = [*first]
    for part in rest:
        tokens += [None, *part]
    return tokens
