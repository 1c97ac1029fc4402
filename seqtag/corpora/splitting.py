"""Parts of a corpus that share no sentence and have each type of entity in proportion.

Groups that must stay together are dealt out one after the other, those with the rarest type first, each to the part
that lacks most of that type (Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of Multi-Label Data").
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from random import Random

SENTENCES = ""
"""The type that each sentence counts as, so that parts are in proportion in their sizes, too."""


def grouped(keys: Iterable[Iterable[Hashable]]) -> list[list[int]]:
    """The numbers of things in groups: two things with a key in common are in one group, and so are theirs.

    >>> grouped([["a"], ["b"], ["a", "c"], ["c"]])
    [[0, 2, 3], [1]]
    """
    parent: list[int] = []
    owner: dict[Hashable, int] = {}

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for number, own in enumerate(keys):
        parent.append(number)
        for key in own:
            first, second = sorted((root(owner.setdefault(key, number)), root(number)))
            parent[second] = first
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(parent)):
        groups[root(number)].append(number)
    return list(groups.values())


def dealt(contents: Sequence[Counter[str]], shares: Sequence[float], seed: int) -> list[int]:
    """The part of each group, so that each part has about its share of everything.

    Args:
        contents: What each group holds: how many sentences, as `SENTENCES`, and how many entities of each type.
        shares: The share of each part; they sum to 1.
        seed: Decides among equals.
    """
    totals: Counter[str] = sum(contents, Counter())
    lacking = [{name: share * count for name, count in totals.items()} for share in shares]
    random = Random(seed)
    order = list(range(len(contents)))
    random.shuffle(order)
    rarest = [min(content, key=lambda name: (totals[name], name)) for content in contents]
    order.sort(key=lambda number: (totals[rarest[number]], rarest[number], -contents[number][SENTENCES]))
    parts = [0] * len(contents)
    for number in order:
        first = rarest[number]
        # With equal shares of a rare type left over, the part that lacks most sentences takes it.
        part = max(
            range(len(shares)),
            key=lambda one: (lacking[one][first], lacking[one][SENTENCES], random.random()),
        )
        parts[number] = part
        for name, count in contents[number].items():
            lacking[part][name] -= count
    return parts
