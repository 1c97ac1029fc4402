"""Sentences in batches of about equal length for inference."""

from collections.abc import Iterator, Sequence


def inference_order(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Batches of sentence numbers, shortest first, each of at most `token_budget` tokens with padding.

    A sentence longer than the budget is a batch of its own.
    """
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > token_budget:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
