"""The order of training: batches of about equal length, as a function of seed and epoch alone."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Batches whose sentences are sorted together: long enough for little padding, short enough to stay random.
POOL = 50


def training_order(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of sentence numbers: each sentence once, like lengths together, all in a random order.

    Args:
        lengths: Tokens of each sentence.
        batch_size: Sentences in a batch.
        seed: The run's seed.
        epoch: The epoch, from 1; the same (seed, epoch) gives the same batches, whatever came before.
    """
    return [batch.tolist() for batch in sorted_batches(np.asarray(lengths), batch_size, seed, epoch)]


def windowed_order(
    lengths: Sequence[int], windows: Sequence[int], batch_size: int, seed: int, epoch: int
) -> list[tuple[list[int], list[int]]]:
    """As `training_order`, of whole windows: the sentences of each batch, and how many each of its windows holds.

    Args:
        lengths: Tokens of each sentence.
        windows: How many sentences each window holds, one after the other.
        batch_size: Sentences in a batch, on average.
        seed: The run's seed.
        epoch: The epoch, from 1.
    """
    ends = list(accumulate(windows))
    starts = [end - size for end, size in zip(ends, windows, strict=True)]
    tokens = [sum(lengths[start:end]) for start, end in zip(starts, ends, strict=True)]
    together = max(1, round(batch_size * len(windows) / len(lengths)))
    return [
        (
            [one for number in batch for one in range(starts[number], ends[number])],
            [windows[n] for n in batch],
        )
        for batch in training_order(tokens, together, seed, epoch)
    ]


def sorted_batches(
    lengths: NDArray[np.integer[Any]], batch_size: int, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """As `training_order`, for millions of sentences: their lengths, and the numbers of each batch, as arrays."""
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    return [batches[number] for number in random.permutation(len(batches))]
