"""Every sentence comes back once; the order is a function of seed and epoch."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.training import batches
from seqtag.training.batches import training_order, windowed_order

LENGTHS = st.lists(st.integers(1, 60), max_size=300)
SEEDS = st.integers(0, 2**31 - 1)
EPOCHS = st.integers(1, 1000)


def flat(order: Sequence[Sequence[int]]) -> list[int]:
    return [number for batch in order for number in batch]


@given(LENGTHS, st.integers(1, 40), SEEDS, EPOCHS)
def test_training_takes_each_sentence_once(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    order = training_order(lengths, size, seed, epoch)
    assert sorted(flat(order)) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in order)
    assert all(type(number) is int for number in flat(order))


@given(st.integers(0, 300), st.integers(1, 40), SEEDS, EPOCHS)
def test_training_fills_its_batches(count: int, size: int, seed: int, epoch: int) -> None:
    assert len(training_order([1] * count, size, seed, epoch)) == -(-count // size)


@given(LENGTHS, st.integers(1, 40), SEEDS, EPOCHS)
def test_training_order_is_a_function_of_seed_and_epoch(
    lengths: list[int], size: int, seed: int, epoch: int
) -> None:
    first = training_order(lengths, size, seed, epoch)
    training_order(lengths, size, seed + 1, epoch + 1)
    assert training_order(lengths, size, seed, epoch) == first


@pytest.mark.parametrize(("seed", "epoch"), [(1, 2), (2, 1), (1, 3), (42, 1)])
def test_another_seed_or_epoch_is_another_order(seed: int, epoch: int) -> None:
    lengths = [1 + number % 7 for number in range(100)]
    one, other = training_order(lengths, 8, 1, 1), training_order(lengths, 8, seed, epoch)
    assert one != other
    assert {frozenset(batch) for batch in one} != {frozenset(batch) for batch in other}


def test_a_batch_holds_sentences_of_about_equal_length() -> None:
    """In a corpus that fits in one pool, batches cut the sentences by length: only the ties are random."""
    lengths = [1 + number * 37 % 101 for number in range(400)]
    order = training_order(lengths, 10, 5, 1)
    spans = sorted((min(lengths[n] for n in batch), max(lengths[n] for n in batch)) for batch in order)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert [min(lengths[n] for n in batch) for batch in order] != [low for low, _ in spans]


def test_sentences_of_other_pools_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more sentences than a pool holds, the same lengths stand in several batches, at random."""
    monkeypatch.setattr(batches, "POOL", 2)
    lengths = list(range(1, 101))
    order = training_order(lengths, 5, 5, 1)
    assert sorted(flat(order)) == list(range(100))
    assert len(order) == 20
    assert max(max(batch) - min(batch) for batch in order) > 20


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 40), SEEDS, EPOCHS)
def test_a_window_stays_in_one_batch(windows: list[int], size: int, seed: int, epoch: int) -> None:
    """And batches have as many sentences as without windows, on average."""
    lengths = [1 + number % 13 for number in range(sum(windows))]
    order = windowed_order(lengths, windows, size, seed, epoch)
    assert sorted(flat([numbers for numbers, _ in order])) == list(range(len(lengths)))
    starts = {sum(windows[:at]): one for at, one in enumerate(windows)}
    for numbers, sizes in order:
        at = 0
        for one in sizes:
            assert numbers[at : at + one] == list(range(numbers[at], numbers[at] + one))
            assert starts[numbers[at]] == one
            at += one
        assert at == len(numbers)
    assert len(order) == -(-len(windows) // max(1, round(size * len(windows) / len(lengths))))


@given(LENGTHS, st.integers(1, 40), SEEDS, EPOCHS)
def test_windows_of_one_sentence_are_no_windows(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    if lengths:
        order = windowed_order(lengths, [1] * len(lengths), size, seed, epoch)
        assert [numbers for numbers, _ in order] == training_order(lengths, size, seed, epoch)
        assert all(sizes == [1] * len(numbers) for numbers, sizes in order)
