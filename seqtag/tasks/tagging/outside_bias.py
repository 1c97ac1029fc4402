"""The choice of `head.outside_bias` on dev: whether a tagger of spans should find more of them than is most probable.

The F1 of a tagger whose probabilities are right is greatest where it takes all spans of a probability above half of
that F1 (Lipton, Elkan and Narayanaswamy 2014, "Thresholding Classifiers to Maximize F1 Score"): above 0.25 where F1 is
0.5, and above 0.45 where it is 0.9. The search for the best tags, which takes about those above 0.5, comes nearer to
that when it takes something off the score of O.
"""

from collections.abc import Callable, Sequence

import numpy as np

from seqtag.graph.heads.chain import decoding_bias
from seqtag.inference.temperature import Scores

CANDIDATES = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_GAIN = 0.005  # by which a candidate must be better than 0 ...
LEAST_SENTENCES = 200  # of dev; fewer choose by chance
PARTS = 10  # ... whichever of so many parts of dev is left out: no few sentences decide

Tags = list[str]
Rows = Sequence[Tags]


def choose(scores: Scores, tags: Sequence[str], value: Callable[[Rows, Rows], float]) -> float:
    """The candidate with the best value, if it is clearly better than 0; else 0.

    Args:
        scores: The scores of the tags of sentences, and the right ones.
        tags: The network's tags.
        value: What right and predicted tags are worth, the greater the better.
    """
    if len(scores.sentences) < LEAST_SENTENCES:
        return 0.0
    gold = _named([right.tolist() for _, right in scores.sentences], tags)
    predicted = [_named(_found(scores, candidate), tags) for candidate in CANDIDATES]
    values = [value(gold, rows) for rows in predicted]
    best = max(range(len(CANDIDATES)), key=lambda number: values[number])

    def gain(part: int) -> float:
        """By how much the best one is better, without this part of dev."""
        kept = [number for number in range(len(gold)) if number % PARTS != part]
        new, old = (value(_at(gold, kept), _at(predicted[which], kept)) for which in (best, 0))
        return new - old

    is_clear = all(gain(part) >= LEAST_GAIN for part in range(PARTS))
    return CANDIDATES[best] if is_clear else 0.0


def _found(scores: Scores, candidate: float) -> list[list[int]]:
    bias = decoding_bias(len(scores.start), candidate).astype(np.float64)
    return [path.tolist() for path in scores.best(bias)]


def _named(rows: Sequence[Sequence[int]], tags: Sequence[str]) -> list[Tags]:
    return [[tags[number] for number in row] for row in rows]


def _at(rows: Rows, numbers: Sequence[int]) -> Rows:
    return [rows[number] for number in numbers]
