"""The words of a language model in classes."""

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.features import word_classes
from seqtag.features.word_classes import WordClasses, equal_mass, equal_size, read, square_root
from seqtag.support.errors import DataError, UsageError

WORDS = ("<unk>", "</s>", "the", "of", "to")


def zipf(words: int) -> Any:
    return (1e9 / np.arange(1, words + 1)).astype(np.int64)


def masses(classes: WordClasses, counts: Any) -> Any:
    """The share of each class in all words."""
    starts = np.cumsum([0, *classes.sizes[:-1]])
    return np.add.reduceat(np.asarray(counts)[classes.order], starts) / np.sum(counts)


def test_the_examples() -> None:
    assert doctest.testmod(word_classes).attempted
    assert not doctest.testmod(word_classes).failed


@given(st.data(), st.lists(st.integers(0, 1000), min_size=1, max_size=60))
def test_a_division_is_one(data: Any, counts: list[int]) -> None:
    """As many classes as asked for, none of them empty, each word once, the frequent ones first, ties in order."""
    number = data.draw(st.integers(1, len(counts)))
    for divide in (equal_mass, equal_size):
        classes = divide(counts, number)
        assert len(classes.sizes) == number
        assert min(classes.sizes) >= 1
        assert sum(classes.sizes) == len(counts)
        assert classes.order.tolist() == sorted(range(len(counts)), key=lambda word: (-counts[word], word))
        assert classes.order[classes.places].tolist() == list(range(len(counts)))
        assert divide(np.array(counts), number).sizes == classes.sizes


def test_classes_of_equal_mass() -> None:
    counts = zipf(10000)
    random = np.random.default_rng(1).permutation(10000)
    classes = equal_mass(counts[random], 100)
    found = masses(classes, counts[random])
    assert all(np.argsort(-found[:10]) == np.arange(10))  # of one word each
    assert np.ptp(found[50:]) < 0.0005
    for number, words in enumerate(classes.sizes[:-1]):  # the last word of a class is the one that fills it
        share = found[number:].sum() / (100 - number)
        last = counts[sum(classes.sizes[: number + 1]) - 1] / counts.sum()
        assert found[number] - last < share <= found[number]
        assert words == 1 or found[number] < 2 * share
    # The words that are scored for a word, beside the classes, are fewer than with classes of equal size.
    both = (equal_mass(counts, 100), equal_size(counts, 100))
    mass, size = (float(np.dot(masses(divided, counts), divided.sizes)) for divided in both)
    assert mass < 75 < size == pytest.approx(100)


def test_a_class_is_full_when_it_reaches_its_share() -> None:
    assert equal_mass([3, 3, 3, 3], 2).sizes == (2, 2)
    assert equal_mass([3, 3, 3, 3, 3], 2).sizes == (3, 2)
    assert equal_mass([90, 4, 3, 2, 1], 3).sizes == (1, 2, 2)  # 5 of the 10 that are left
    assert equal_mass([0, 0, 9], 3).sizes == (1, 1, 1)


def test_classes_of_equal_size() -> None:
    assert equal_size([1] * 10, 4).sizes == (3, 3, 2, 2)


@pytest.mark.parametrize(("words", "root"), [(1, 1), (2, 2), (4, 2), (5, 3), (10000, 100), (10001, 101)])
def test_the_square_root(words: int, root: int) -> None:
    assert square_root(words) == root


@pytest.mark.parametrize("divide", [equal_mass, equal_size])
@pytest.mark.parametrize("number", [0, -1, 4])
def test_more_classes_than_words(divide: Any, number: int) -> None:
    with pytest.raises(
        UsageError, match=rf"3 words cannot be divided into {number} classes; expected 1 to 3"
    ):
        divide([5, 2, 1], number)


def test_a_file_of_classes(tmp_path: Path) -> None:
    path = tmp_path / "classes"
    path.write_text("to\tparticle\n<unk>\tother\n</s>\tother\r\nof\tparticle\nthe\tarticle\n")
    classes = read(path, WORDS)
    assert [WORDS[number] for number in classes.order] == ["of", "to", "<unk>", "</s>", "the"]
    assert classes.sizes == (2, 2, 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("the\ta\nof a\n", r"classes:2: is 'of a'; expected a word, a tab and a class"),
        ("the\t\n", r"classes:1: is 'the\\t'; expected a word, a tab and a class"),
        ("\ta\n", r"classes:1: is '\\ta'; expected"),
        ("the\ta\t3\n", r"classes:1: is 'the\\ta\\t3'; expected"),
        ("the\ta\n\nof\ta\n", r"classes:2: is ''; expected"),
        ("the\ta\nThe\ta\n", r"classes:2: the vocabulary has no word 'The'"),
        ("the\ta\nof\ta\nthe\tb\n", r"classes:3: the word 'the' has a class already, in line 1"),
        (
            "the\ta\nof\ta\n",
            r"classes: has no class for 3 of 5 words of the vocabulary, first '<unk>'; expected",
        ),
        ("", r"classes: has no class for 5 of 5 words of the vocabulary, first '<unk>'"),
    ],
)
def test_files_of_no_classes(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "classes").write_text(text)
    with pytest.raises(DataError, match=problem):
        read(tmp_path / "classes", WORDS)
