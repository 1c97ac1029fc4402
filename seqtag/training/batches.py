"""The order of training: batches of about equal length, as a function of seed and epoch alone."""

from collections.abc import Sequence

import numpy as np

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
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[list[int]] = []
    for start in range(0, len(order), POOL * batch_size):
        pool = sorted(order[start : start + POOL * batch_size].tolist(), key=lambda number: lengths[number])
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    return [batches[number] for number in random.permutation(len(batches))]
