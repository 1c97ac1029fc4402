"""A linear chain over the tags of a sentence: best path, marginals and their sum, in TensorFlow.

A chain gives each sequence of tags y_1 ... y_n the score

    start[y_1] + sum_t scores[t, y_t] + sum_t transitions[y_t, y_t+1] + end[y_n].

With learnt transitions this is a CRF (Lafferty et al. 2001, "Conditional Random Fields"); with transitions
that are 0 or forbidden it is a softmax whose decoder keeps to the tag scheme. Shapes: scores `(batch, time,
tags)`, start and end `(tags,)`, transitions `(tags, tags)`, where `transitions[i, j]` is the score of tag j
right after tag i.

Everything that stands at padding is computed and never used: `inner[b, t]` says that word t of sentence b
has a word after it, and all recursions start from a sentence's own last word.

Marginals and the best path scale each step's row so that its largest entry is 0: sums that grow with the
sentence lose their last digits in float32 (for 500 words, the fourth digit of a probability).
"""

from typing import Any

import tensorflow as tf

from seqtag.graph.heads.chain import TINY, Chain


def time_first(array: Any) -> Any:
    """`(time, batch, ...)` from `(batch, time, ...)`, and back."""
    return tf.transpose(array, [1, 0, *range(2, array.shape.rank)])


def _inner(mask: Any) -> Any:
    """`(time, batch)`: whether a word has a word after it."""
    following = tf.concat([mask[:, 1:], tf.zeros_like(mask[:, :1])], axis=1)
    return time_first(following)


def _log_product(values: Any, weights: Any) -> Any:
    """log(exp(values) @ weights), `(batch, tags)`, without overflow."""
    largest = tf.stop_gradient(tf.reduce_max(values, axis=-1, keepdims=True))  # (batch, 1)
    return tf.math.log(tf.maximum(tf.exp(values - largest) @ weights, TINY)) + largest


def _scaled(ways: Any) -> Any:
    """`(batch, tags)` with the largest entry of each row at 0."""
    return ways - tf.reduce_max(ways, axis=-1, keepdims=True)


def forward(chain: Chain, scores: Any, scaled: bool = False) -> Any:
    """`(time, batch, tags)`: entry [t, b, j] sums all ways to arrive at tag j of word t, its own score left
    out.
    """
    scale = _scaled if scaled else tf.identity
    weights = tf.exp(chain.transitions)
    scores = time_first(scores)
    first = tf.broadcast_to(chain.start, tf.shape(scores[0]))
    # One step more than is needed: in a graph, tf.scan fails over no steps, as sentences of one word have it.
    later = tf.scan(
        lambda arrived, now: scale(_log_product(arrived + now, weights)), scores, initializer=first
    )
    return tf.concat([first[None], later[:-1]], axis=0)


def backward(chain: Chain, scores: Any, mask: Any) -> Any:
    """`(time, batch, tags)`: entry [t, b, i] sums all ways to go on from tag i of word t to the end;
    scaled.
    """
    weights = tf.exp(tf.transpose(chain.transitions))
    scores = time_first(scores)
    last = tf.broadcast_to(chain.end, tf.shape(scores[0]))

    def step(ahead: Any, now: tuple[Any, Any]) -> Any:
        following, inner = now
        return tf.where(inner[:, None], _scaled(_log_product(ahead + following, weights)), last)

    # Word t looks at the scores of word t + 1; the last one looks at none, whatever stands there.
    following = tf.concat([scores[1:], scores[:1]], axis=0)
    return tf.scan(step, (following, _inner(mask)), initializer=last, reverse=True)


def log_partition(chain: Chain, scores: Any, mask: Any) -> Any:
    """`(batch,)`: the logarithm of the sum over all sequences of exp(score).

    Its gradient is written out, as the marginals that it is: two plain loops instead of one that is recorded
    step by step and then gone through backwards.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def partition(start: Any, transitions: Any, end: Any, scores: Any) -> tuple[Any, Any]:
        own = Chain(start, transitions, end)
        here = forward(own, scores) + time_first(scores)  # (time, batch, tags)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        at_end = tf.gather(time_first(here + end), lengths - 1, batch_dims=1)  # (batch, tags)
        total = tf.reduce_logsumexp(at_end, axis=-1)

        def gradient(upstream: Any) -> tuple[Any, Any, Any, Any]:
            # Both ways are known but for a factor at each word, so each word's probabilities are made to sum
            # to 1.
            onward = backward(own, scores, mask)  # (time, batch, tags)
            present = tf.cast(time_first(mask), scores.dtype) * upstream  # (time, batch)
            single = tf.nn.softmax(here + onward) * present[:, :, None]
            following = (time_first(scores) + onward)[1:]  # (time - 1, batch, tags)
            left = tf.exp(here[:-1] - tf.reduce_max(here[:-1], axis=-1, keepdims=True))
            right = tf.exp(following - tf.reduce_max(following, axis=-1, keepdims=True))
            weights = tf.exp(transitions)
            sums = tf.reduce_sum(tf.tensordot(left, weights, 1) * right, axis=-1)  # (time - 1, batch)
            share = present[1:] / tf.maximum(sums, TINY)
            pairs = tf.einsum("tbi,tbj->ij", left, right * share[:, :, None])
            last = tf.reduce_sum(tf.nn.softmax(at_end) * upstream[:, None], axis=0)
            return tf.reduce_sum(single[0], axis=0), pairs * weights, last, time_first(single)

        return total, gradient

    return partition(chain.start, chain.transitions, chain.end, scores)


def path_score(chain: Chain, scores: Any, tags: Any, mask: Any) -> Any:
    """`(batch,)`: the score of one sequence of tags a sentence, `(batch, time)`."""
    weights = tf.cast(mask, scores.dtype)
    own = tf.gather(scores, tags, batch_dims=2)  # (batch, time)
    steps = tf.gather_nd(
        chain.transitions, tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1)
    )  # (batch, time - 1)
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    last = tf.gather(tags, lengths - 1, batch_dims=1)
    return (
        tf.gather(chain.start, tags[:, 0])
        + tf.reduce_sum(own * weights, axis=1)
        + tf.reduce_sum(steps * weights[:, 1:], axis=1)
        + tf.gather(chain.end, last)
    )


def path_logs(chain: Chain, scores: Any, tags: Any, mask: Any) -> Any:
    """`(batch, time)`: what each word adds to the score of one sequence of tags a sentence, `(batch, time)`."""
    own = tf.gather(scores, tags, batch_dims=2)
    steps = tf.gather_nd(chain.transitions, tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1))
    arriving = tf.concat([tf.gather(chain.start, tags[:, :1]), steps], axis=1)
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    last = tf.one_hot(lengths - 1, tf.shape(tags)[1], dtype=own.dtype)
    return own + arriving + last * tf.gather(chain.end, tags)


def marginals(chain: Chain, scores: Any, mask: Any) -> Any:
    """`(batch, time, tags)`: the probability of each tag of each word under the whole chain."""
    total = time_first(forward(chain, scores, scaled=True) + backward(chain, scores, mask)) + scores
    return tf.nn.softmax(total)  # in each row, exp(total) is in the ratio of the probabilities


def best_path(chain: Chain, scores: Any, mask: Any) -> Any:
    """`(batch, time)` int32: the sequence with the highest score (Viterbi)."""
    scores = time_first(scores)
    first = tf.broadcast_to(chain.start, tf.shape(scores[0]))

    def onward(state: tuple[Any, Any, Any], now: Any) -> tuple[Any, Any, Any]:
        here = state[0] + now  # (batch, tags)
        ways = here[:, :, None] + chain.transitions  # (batch, from, to)
        # pointers[b, j]: the tag of this word on the best way to tag j of the next one
        pointers = tf.argmax(ways, axis=1, output_type=tf.int32)
        return (
            _scaled(tf.reduce_max(ways, axis=1)),
            pointers,
            tf.argmax(here + chain.end, axis=-1, output_type=tf.int32),
        )

    zeros = tf.zeros(tf.shape(scores[0]), tf.int32)
    _, pointers, best_last = tf.scan(onward, scores, initializer=(first, zeros, zeros[:, 0]))

    def back(tag: Any, now: tuple[Any, Any, Any]) -> Any:
        pointer, last, inner = now
        return tf.where(inner, tf.gather(pointer, tag, batch_dims=1), last)

    return time_first(
        tf.scan(back, (pointers, best_last, _inner(mask)), initializer=zeros[:, 0], reverse=True)
    )
