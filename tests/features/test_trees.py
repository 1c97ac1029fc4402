"""The trees of a batch as levels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence, cut
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.trees import TreeIndexer, slots_of
from seqtag.support.errors import Error


def sentence(*heads: int) -> Sentence:
    return Sentence(("w",) * len(heads), heads=heads)


def collated(*trees: Sequence[int], slots: int = 1, time: int = 0) -> dict[str, list[Any]]:
    indexer = TreeIndexer(slots, ("up", "down"))
    rows = [indexer.index(sentence(*heads)) for heads in trees]
    found = indexer.collate(rows, time or max(map(len, trees)), None)
    assert {array.dtype for array in found.values()} == {np.dtype(np.int32)}
    return {name: array.tolist() for name, array in found.items()}


def test_levels_of_two_trees() -> None:
    """The root of the first is word 2, with words 1 and 4, which has word 3; the other sentence is one word."""
    assert collated((2, 0, 4, 2), (0,), time=5) == {
        "tree_up_nodes": [0, 2, 5, 3, 1],  # places in a batch whose sentences take five each
        "tree_up_levels": [[3, 1], [1, 1], [1, 2]],
        "tree_up_neighbours": [[0], [0], [0], [2], [1], [4]],  # 3 reads its word, the root reads 1 and 4
        "tree_down_nodes": [1, 5, 0, 3, 2],
        "tree_down_levels": [[2, 1], [2, 1], [1, 1]],
        "tree_down_neighbours": [[0], [0], [1], [1], [4]],
    }


def test_each_child_has_its_slot() -> None:
    found = collated((3, 3, 0, 3, 3, 3), slots=3)
    assert found["tree_up_levels"] == [[5, 1], [1, 2]]
    # Of three slots the first is for both words to the left, the second for the next to the right, the third for the
    # others.
    assert found["tree_up_neighbours"][5:] == [[1, 3, 4], [2, 0, 5]]
    assert found["tree_down_neighbours"] == [[0, 0, 0], *[[1, 0, 0]] * 2, [0, 1, 0], *[[0, 0, 1]] * 2]


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (1, [0, 0, 0, 0, 0, 0, 0, 0]),
        (2, [0, 0, 0, 0, 1, 1, 1, 1]),
        (4, [0, 0, 1, 0, 2, 3, 3, 3]),
        (16, [5, 6, 7, 0, 8, 9, 10, 11]),
    ],
)
def test_slots_go_by_side_and_distance(slots: int, expected: list[int]) -> None:
    """The root stands between three and four children."""
    parents = np.array([3, 3, 3, -1, 3, 3, 3, 3])
    assert slots_of(parents, slots).tolist() == expected


def test_a_level_reads_only_levels_before_it() -> None:
    """Random trees: every node is computed once, after all that it reads, which are its children or its parent."""
    random = np.random.default_rng(3)
    for _ in range(20):
        trees = []
        for size in random.integers(1, 12, 4):
            order = random.permutation(size)
            heads = np.zeros(size, int)
            heads[order[1:]] = [order[random.integers(0, at)] + 1 for at in range(1, size)]
            trees.append(heads.tolist())
        for slots in (1, 2, 3):
            found = collated(*trees, slots=slots, time=12)
            words = {number * 12 + at for number, heads in enumerate(trees) for at in range(len(heads))}
            for way in ("up", "down"):
                nodes, rows = found[f"tree_{way}_nodes"], iter(found[f"tree_{way}_neighbours"])
                assert sorted(nodes) == sorted(words)
                done = 0
                for count, most in found[f"tree_{way}_levels"]:
                    for node in nodes[done : done + count]:
                        read = [number for _ in range(most) for number in next(rows) if number]
                        assert all(number <= done for number in read)
                        sentence, at = divmod(node, 12)
                        heads = trees[sentence]
                        wanted = [child for child, head in enumerate(heads) if head == at + 1]
                        if way == "down":
                            wanted = [heads[at] - 1] if heads[at] else []
                        assert sorted(nodes[number - 1] for number in read) == [
                            sentence * 12 + one for one in wanted
                        ]
                    done += count
                assert next(rows, None) is None


def test_part_of_a_sentence_is_part_of_its_tree() -> None:
    """Words whose head is left out are roots."""
    whole = sentence(2, 0, 4, 2, 4, 5)
    part = cut(whole, 2, 6)
    assert part.heads == (2, 0, 2, 3)
    indexer = TreeIndexer(1, ("up",))
    row = indexer.index(whole)
    assert row.tolist() == [1, 0, 1, -2, -1, -1]
    one, other = (indexer.collate([rows], 4, None) for rows in (row[2:6], indexer.index(part)))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (None, "the dependency tree of each sentence, and a sentence has none"),
        ((2, 3, 0), "not the numbers of its tokens"),
        ((3, 0), "not the numbers of its tokens"),
        ((-1, 0), "not the numbers of its tokens"),
        ((2, 1), "form a cycle"),
        ((1, 0), "form a cycle"),
    ],
)
def test_heads_that_are_no_tree(heads: tuple[int, ...] | None, message: str) -> None:
    indexer = TreeIndexer(1, ("up",))
    with pytest.raises(Error, match=message):
        indexer.collate([indexer.index(Sentence(("a", "b"), heads=heads))], 2, None)


def test_the_settings_decide() -> None:
    from seqtag.settings.merging import merge

    def made(**settings: Any) -> TreeIndexer | None:
        chosen = {f"encoder.{name}": (value, "test") for name, value in settings.items()}
        return TreeIndexer.fit([], merge(chosen), Resources())

    assert made() is None
    sum_of_children, by_side = (
        made(tree="tree_lstm", tree_arity=5),
        made(tree="recursive", tree_direction="up"),
    )
    assert sum_of_children is not None
    assert by_side is not None
    assert sum_of_children.to_json() == {"slots": 1, "passes": ["up", "down"]}
    assert by_side.to_json() == {"slots": 2, "passes": ["up"]}
    assert TreeIndexer.from_json(by_side.to_json(), Resources()).to_json() == by_side.to_json()


@pytest.mark.parametrize(
    "values", [{"slots": 0, "passes": ["up"]}, {"slots": 17, "passes": ["up"]}, {"slots": 1, "passes": []}]
)
def test_a_damaged_entry(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="seqtag does not know"):
        TreeIndexer.from_json(values, Resources())
