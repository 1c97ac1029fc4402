"""Whether the exported network is the trained one: two decodings of a batch compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARITY = 1e-5  # how far two probabilities may differ
ROUNDING = 2.0**-22  # a few roundings of a float32, as a share of it
MARGIN = 10  # how many times the difference that roundings make may be found
TIE = 1e-3  # two sequences whose scores, as logarithms, are no further apart are equally good


@dataclass(frozen=True)
class Difference:
    """How far two decodings of a batch are apart.

    Attributes:
        gap: The largest difference between two probabilities of the same tag.
        tied: Sentences in which two equally good sequences were found.
        wrong: Words whose tags differ without being tied.
    """

    gap: float
    tied: int
    wrong: int

    @property
    def holds(self) -> bool:
        """Whether both are one network; false where a probability is NaN."""
        return self.gap <= PARITY and not self.wrong

    def within(self, noise: "Sequence[Difference]") -> bool:
        """Whether the differences are of the size that roundings make in the trained network itself. They grow along a
        sentence where the recurrent weights are chaotic, until no two computations agree.
        """
        gap = max(one.gap for one in noise)
        wrong = max(one.wrong for one in noise)
        return gap > PARITY / MARGIN and self.gap <= MARGIN * gap and self.wrong <= MARGIN * wrong


def compare(
    trained: tuple[Any, Any],
    exported: tuple[Any, Any],
    lengths: NDArray[np.integer[Any]],
    logs: Callable[[NDArray[np.int32]], Any],
    *,
    searched: bool,
) -> Difference:
    """Compares two decodings, each tags and probabilities `(batch, time)`.

    Where two sequences are tied, rounding may decide for either. So where tags differ, the trained network is asked
    what it makes of both: tied are sentences whose sequences have the same score. A search, which drops what is worse
    at the time, may also part at a tie and never come back: there it is enough that both are tied where they part.

    Args:
        trained: What the Keras network found.
        exported: What the exported network found.
        lengths: The sentences' lengths, `(batch,)`.
        logs: The trained network's share of each word in the score of tags, `(batch, time)` both.
        searched: Whether the tags are from a search.
    """
    (tags, probabilities), (others, other_probabilities) = (
        (np.asarray(first), np.asarray(second, np.float64)) for first, second in (trained, exported)
    )
    words = np.arange(tags.shape[1]) < lengths[:, None]
    differ = (tags != others) & words
    odd = differ.any(axis=1)
    wrong = tied = 0
    if odd.any():
        both = [
            np.where(words, np.asarray(logs(array.astype(np.int32)), np.float64), 0)
            for array in (tags, others)
        ]
        for row in np.flatnonzero(odd).tolist():
            first, second = (array[row] for array in both)
            at = int(differ[row].argmax())
            tie = abs(first.sum() - second.sum()) <= TIE
            if tie or (searched and abs(first[at] - second[at]) <= TIE):
                tied += 1
            else:
                wrong += int(differ[row].sum())
    # A search gives each tag's probability after the tags before it: another sequence has others.
    compared = words & ~(odd[:, None] if searched else differ)
    gaps = np.abs(probabilities - other_probabilities)[compared]
    return Difference(float(gaps.max(initial=0.0)), tied, wrong)
