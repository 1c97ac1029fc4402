"""Edit distances against the definition, and as a distance."""

import itertools
from functools import cache

import pytest

from seqtag.evaluation.edit_distance import edit_distance


@cache
def defined(left: str, right: str) -> int:
    if not left or not right:
        return len(left) + len(right)
    same = defined(left[1:], right[1:]) + (left[0] != right[0])
    return min(same, defined(left[1:], right) + 1, defined(left, right[1:]) + 1)


def test_edits_are_as_few_as_they_can_be() -> None:
    words = ["".join(word) for size in range(5) for word in itertools.product("ab", repeat=size)]
    for left, right in itertools.product(words, words):
        assert edit_distance(left, right) == defined(left, right)


@pytest.mark.parametrize(("left", "right", "edits"), [
    ("intention", "execution", 5), ("", "abc", 3), ("abc", "", 3), (["bː", "a"], ["b", "ː", "a"], 2),
])  # fmt: skip
def test_known_distances(left: str, right: str, edits: int) -> None:
    assert edit_distance(left, right) == edits
