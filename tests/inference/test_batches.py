"""Every sentence comes back once, in batches that keep to the token budget."""

from itertools import chain, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from seqtag.inference.batches import inference_order

LENGTHS = st.lists(st.integers(1, 60), max_size=300)


@given(LENGTHS, st.integers(1, 500))
@example([3, 3, 4], 12)
@example([7, 2, 900, 2], 20)
def test_inference_respects_the_budget(lengths: list[int], budget: int) -> None:
    order = list(inference_order(lengths, budget))
    assert sorted(chain.from_iterable(order)) == list(range(len(lengths)))
    for batch in order:
        assert len(batch) == 1 or len(batch) * max(lengths[number] for number in batch) <= budget
    sizes = [lengths[number] for number in chain.from_iterable(order)]
    assert sizes == sorted(sizes)


@given(LENGTHS, st.integers(1, 500))
def test_inference_wastes_no_batch(lengths: list[int], budget: int) -> None:
    order = list(inference_order(lengths, budget))
    for batch, following in pairwise(order):
        assert (len(batch) + 1) * lengths[following[0]] > budget


def test_inference_keeps_the_order_of_equal_lengths() -> None:
    assert list(inference_order([2, 1, 2, 1], 4)) == [[1, 3], [0, 2]]
