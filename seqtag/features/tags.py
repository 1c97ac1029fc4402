"""The tags of a network by number, and which of them may follow each other."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.tags import Scheme, allowed, follows, split


def tag_inventory(seen: Iterable[str], scheme: Scheme) -> tuple[str, ...]:
    """The network's tags: for spans O and every letter with every label seen, for plain tags the tags seen;
    sorted.
    """
    if not scheme.is_spans:
        return tuple(sorted(set(seen)))
    labels = sorted({split(tag, scheme)[1] for tag in seen if tag != "O"})
    letters = scheme.letters[:-1]  # the last one is O
    return ("O", *(f"{letter}-{label}" if label else letter for label in labels for letter in letters))


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
