"""How well entities and words are tagged by how often the training corpus held them."""

from collections.abc import Iterable, Mapping
from typing import Any

from seqtag.evaluation.familiarity import Groups, Hits

LIMITS = (0, 1, 4, 9, 49)
"""The largest count of each bucket but the last."""

NAMES = ("0", "1", "2-4", "5-9", "10-49", "50+")


def by_frequency(seen: Iterable[tuple[int, bool]]) -> dict[str, Hits]:
    """The share that is right by the number of times in training; buckets that hold nothing are left out.

    Args:
        seen: For each entity or word of the gold file how often training held it, and whether it was found.

    Example:
        >>> by_frequency([(0, False), (3, True), (4, True)])
        {'0': Hits(correct=0, total=1), '2-4': Hits(correct=2, total=2)}
    """
    groups = Groups()
    for count, right in seen:
        groups.add(NAMES[sum(count > limit for limit in LIMITS)], right)
    found = {name: groups[name] for name in NAMES}
    return {name: hits for name, hits in found.items() if hits.total}


def frequency_json(found: Mapping[str, Hits] | None, share: str) -> dict[str, Any] | None:
    """The buckets as plain values, with their share under this name; None if counts are not known."""
    if found is None:
        return None
    return {
        name: {"correct": hits.correct, "total": hits.total, share: hits.share}
        for name, hits in found.items()
    }
