"""A sentence as a language model predicts it: each token's probability, and what it depends on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.tasks.language.base import TextModel

END, UNKNOWN = "</s>", "<unk>"
LIKELY = 3  # words that are named


@dataclass(frozen=True)
class PredictedToken:
    """A token of a sentence.

    Attributes:
        token: The token; `</s>` for the end of the sentence.
        known: Whether it is in the vocabulary; the probability of another one is that of `<unk>`.
        probability: What the model gives it.
        rank: 1 where no word is more probable.
        likely: The most probable words with their probabilities.
        earlier: For each token before it, how much -log2 of its probability rises, in bits, when that one is hidden:
            above 0 where it speaks for the token.
    """

    token: str
    known: bool
    probability: float
    rank: int
    likely: tuple[tuple[str, float], ...]
    earlier: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for bits that are infinite."""
        return {
            "token": self.token,
            "known": self.known,
            "probability": self.probability,
            "rank": self.rank,
            "likely": [{"word": word, "probability": probability} for word, probability in self.likely],
            "earlier": [bits if math.isfinite(bits) else None for bits in self.earlier],
        }


def predictions(model: TextModel, tokens: Sequence[str]) -> list[PredictedToken]:
    """Each token of a sentence, its end among them, as the model predicts it from those before it.

    Args:
        model: The model; it gives probabilities, and reads forward.
        tokens: The sentence.
    """
    places = {word: place for place, word in enumerate(model.words)}
    unknown, end = places[UNKNOWN], places[END]
    _, unknowns = model.score([tokens])
    effects = hiding(model, tokens)
    found = []
    for at, is_unknown in enumerate(unknowns.tolist()):
        probabilities = model.continuation(tokens[:at])
        place = end if at == len(tokens) else unknown if is_unknown else places[tokens[at]]
        order = np.argsort(-probabilities, kind="stable")[:LIKELY].tolist()
        found.append(
            PredictedToken(
                token=END if at == len(tokens) else tokens[at],
                known=not is_unknown,
                probability=float(probabilities[place]),
                rank=1 + int((probabilities > probabilities[place]).sum()),
                likely=tuple((model.words[one], float(probabilities[one])) for one in order),
                earlier=tuple(effects[:at, at].tolist()),
            )
        )
    return found


def hiding(model: TextModel, tokens: Sequence[str]) -> NDArray[np.float64]:
    """How much -log2 of the probability of each token rises when an earlier one is `<unk>` instead, `(tokens, tokens +
    1)`: row of the hidden one, column of the predicted one; 0 where the hidden one does not stand before it.
    """
    size = len(tokens)
    hidden = [[*tokens[:at], UNKNOWN, *tokens[at + 1 :]] for at in range(size)]
    bits = model.score([tokens, *hidden])[0].reshape(size + 1, size + 1)
    with np.errstate(invalid="ignore"):
        risen = bits[1:] - bits[:1]
    risen[np.isnan(risen)] = 0.0  # impossible with the word and without it
    return np.triu(risen, 1)
