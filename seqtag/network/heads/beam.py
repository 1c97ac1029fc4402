"""Beam search over the tags of a sentence, for decoders whose step depends on all tags before it, in TensorFlow.

The decoder gives each tag a probability once the tags before it are chosen; a sequence's probability is the
product. The search goes from left to right and keeps the `beam` most probable beginnings (Sutskever et al. 2014,
"Sequence to Sequence Learning with Neural Networks"); with a beam of 1 it is greedy. Only beginnings from which a
legal end can still be reached are kept, so that each sequence that comes out is legal from its first tag to its last.

Totals are scaled so that the best one is 0: sums that grow with the sentence lose their last digits in float32.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from seqtag.graph.heads.beam import NEVER, Rules
from seqtag.network.heads.chain import time_first


def search(
    step: Callable[[Any, Any, Any], tuple[Any, Any]],
    state: Any,
    inputs: Any,
    mask: Any,
    rules: Rules,
    beam: int,
) -> tuple[Any, Any]:
    """The best legal sequences that the beam holds at the end of each sentence, best first.

    Args:
        step: From states `(batch, beam, units)`, previous tags `(batch, beam)` and the step's input `(batch, dim)` to
            new states and the log-probability of each tag, `(batch, beam, tags)`.
        state: The first state `(batch, units)`.
        inputs: The input of each step, `(time, batch, dim)`.
        mask: True on words, `(batch, time)`.
        rules: What the tag scheme allows.
        beam: How many sequences are kept.

    Returns:
        Tags `(batch, time, beam)` int32 and the probability of each, given those before it; zero at padding, and in
        the places of the beam for which there are no more legal sequences.
    """
    batch, time, tags = tf.shape(mask)[0], tf.shape(mask)[1], rules.tags
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    left = lengths - 1 - tf.range(time)[:, None]  # (time, batch): words of the sentence after this one
    enough = len(rules.ending) - 1

    def onward(before: tuple[Any, ...], now: tuple[Any, Any]) -> tuple[Any, ...]:
        states, previous, totals, *_ = before
        states, logs = step(states, previous, now[0])
        ending = tf.gather(rules.ending, tf.clip_by_value(now[1], 0, enough))  # (batch, tags)
        allowed = tf.gather(rules.following, previous) + ending[:, None]
        ways = tf.reshape(totals[:, :, None] + logs + allowed, [batch, beam * tags])
        totals, places = tf.math.top_k(ways, beam)
        slots = places // tags
        return (
            tf.gather(states, slots, batch_dims=1),
            places % tags,
            totals - totals[:, :1],
            slots,  # where in the beam of the word before each of these comes from
            tf.gather(tf.reshape(logs, [batch, beam * tags]), places, batch_dims=1),
        )

    numbers = tf.tile(tf.range(beam)[None], [batch, 1])  # (batch, beam)
    first = (
        tf.tile(state[:, None], [1, beam, 1]),
        tf.fill([batch, beam], tags),
        tf.where(numbers == 0, 0.0, NEVER),  # one beginning, not `beam` equal ones
        numbers,
        tf.zeros([batch, beam]),
    )
    _, chosen, totals, slots, logs = tf.scan(onward, (inputs, left), initializer=first)

    def back(after: tuple[Any, Any], now: tuple[Any, Any]) -> tuple[Any, Any]:
        slot, to_come = now
        here = tf.where(to_come[:, None] > 0, after[1], numbers)  # padding is not gone through
        return here, tf.gather(slot, here, batch_dims=1)

    paths, _ = tf.scan(back, (slots, left), initializer=(numbers, numbers), reverse=True)
    chosen = time_first(tf.gather(chosen, paths, batch_dims=2))  # (batch, time, beam)
    logs = time_first(tf.gather(logs, paths, batch_dims=2))
    exists = tf.gather(time_first(totals), lengths - 1, batch_dims=1) > NEVER / 2  # (batch, beam)
    there = mask[:, :, None] & exists[:, None]
    return tf.where(there, chosen, 0), tf.where(there, tf.exp(logs), 0.0)
