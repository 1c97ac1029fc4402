"""Sentences drawn from a language model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.support.errors import Error, UsageError
from seqtag.support.quoting import quoted
from seqtag.tasks.language.base import BatchModel, TextModel

END, UNKNOWN = "</s>", "<unk>"
LONGEST = 1000  # tokens after which a sentence that does not end is cut
TOGETHER = 32  # sentences that are drawn side by side from a model that is quicker so ...
ROOM = 1 << 22  # ... if their probabilities, of all words, are no more than so many


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn.

    Attributes:
        temperature: Probabilities are raised to the power of 1 / temperature; 0 takes the most probable token.
        top_k: Only so many of the most probable tokens are drawn from; 0 for all.
        top_p: Only the most probable tokens that together have this probability are drawn from.
        seed: The seed of the random numbers.
        longest: How many tokens a sentence has at most.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 42
    longest: int = LONGEST

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UsageError(
                f"temperature: expected a number of at least 0. Received: {quoted(self.temperature)}"
            )
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p: expected a number above 0 and up to 1. Received: {quoted(self.top_p)}")


def generate(
    model: TextModel, count: int, sampling: Sampling, prompt: Sequence[str] = ()
) -> Iterator[list[str]]:
    """Sentences that begin with the prompt, without `<unk>`, each until it ends.

    Raises:
        Error: After some words the model gives every word the probability 0.
    """
    if isinstance(model, BatchModel):
        yield from _side_by_side(model, count, sampling, prompt)
        return
    random = np.random.default_rng(sampling.seed)
    unknown, end = model.words.index(UNKNOWN), model.words.index(END)
    for _ in range(count):
        tokens = list(prompt)
        while len(tokens) < sampling.longest:
            probabilities = model.continuation(tokens)
            probabilities[unknown] = 0.0
            drawn = _drawn(probabilities, tokens, sampling, random)
            if drawn == end:
                break
            tokens.append(model.words[drawn])
        yield tokens


def _side_by_side(
    model: BatchModel, count: int, sampling: Sampling, prompt: Sequence[str]
) -> Iterator[list[str]]:
    """As `generate`. Each sentence has random numbers of its own, whatever is drawn beside it."""
    unknown, end = model.words.index(UNKNOWN), model.words.index(END)
    group = max(1, min(TOGETHER, ROOM // len(model.words)))
    for first in range(0, count, group):
        numbers = range(first, min(first + group, count))
        randoms = [np.random.default_rng((sampling.seed, number)) for number in numbers]
        sentences = [list(prompt) for _ in numbers]
        going = [at for at in range(len(numbers)) if len(prompt) < sampling.longest]
        while going:
            rows = model.continuations([sentences[at] for at in going])
            rows[:, unknown] = 0.0
            still = []
            for at, probabilities in zip(going, rows, strict=True):
                drawn = _drawn(probabilities, sentences[at], sampling, randoms[at])
                if drawn != end:
                    sentences[at].append(model.words[drawn])
                    if len(sentences[at]) < sampling.longest:
                        still.append(at)
            going = still
        yield from sentences


def _drawn(
    probabilities: NDArray[np.float64], tokens: Sequence[str], sampling: Sampling, random: np.random.Generator
) -> int:
    """The place of the word after some tokens; Error if there is none."""
    if not probabilities.any():
        raise Error(f"after {' '.join(tokens[-5:])!r} every word has the probability 0.")
    return draw(probabilities, sampling, random)


def draw(probabilities: NDArray[np.float64], sampling: Sampling, random: np.random.Generator) -> int:
    """The place of one, at random; probabilities need not sum to 1.

    >>> import numpy as np
    >>> draw(np.array([0.1, 0.6, 0.3]), Sampling(top_k=1), np.random.default_rng(1))
    1
    """
    if sampling.temperature == 0:
        return int(probabilities.argmax())
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities) / sampling.temperature
    chances = np.exp(logs - logs.max())
    if not sampling.top_k and sampling.top_p == 1:
        return _one(chances, random)
    order = np.argsort(-chances, kind="stable")[: sampling.top_k or None]
    sums = np.cumsum(chances[order])
    stop = int(np.searchsorted(sums, sampling.top_p * sums[-1])) + 1  # the one that reaches it is in
    return int(order[_one(chances[order[:stop]], random)])


def _one(chances: NDArray[np.float64], random: np.random.Generator) -> int:
    """A place, drawn in proportion to the chances."""
    sums = np.cumsum(chances)
    return int(np.searchsorted(sums[:-1], random.random() * sums[-1], side="right"))
