"""Counts by the length of spans and of sentences."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seqtag.evaluation.counts import Counts, total
from seqtag.evaluation.matching import Match

ENTITY_LENGTHS = (1, 2, 3, 5, 8)
"""The longest entity of each bucket but the last, in tokens."""

SENTENCE_LENGTHS = (10, 20, 40, 80)
"""The longest sentence of each bucket but the last, in tokens."""


@dataclass(frozen=True)
class Bucket:
    """The sentences of similar length and the counts of what stands in them."""

    sentences: int
    counts: Counts


def entity_lengths(matches: Iterable[Match]) -> dict[str, Counts]:
    """Counts by the number of tokens of a span, each span in the bucket of its own length."""
    correct: Counter[int] = Counter()
    predicted: Counter[int] = Counter()
    gold: Counter[int] = Counter()
    for match in matches:
        if match.gold is not None:
            bucket = _bucket(match.gold.end - match.gold.start, ENTITY_LENGTHS)
            gold[bucket] += 1
            correct[bucket] += match.kind == "correct"
        if match.predicted is not None:
            predicted[_bucket(match.predicted.end - match.predicted.start, ENTITY_LENGTHS)] += 1
    return {
        _bucket_name(bucket, ENTITY_LENGTHS): Counts(correct[bucket], predicted[bucket], gold[bucket])
        for bucket in sorted(gold.keys() | predicted.keys())
    }


def sentence_lengths(sentences: Sequence[Sequence[str]], counts: Sequence[Counts]) -> dict[str, Bucket]:
    """Counts by the number of tokens of a sentence; `counts` are those of each sentence."""
    buckets: dict[int, list[Counts]] = {}
    for tokens, of_sentence in zip(sentences, counts, strict=True):
        buckets.setdefault(_bucket(len(tokens), SENTENCE_LENGTHS), []).append(of_sentence)
    return {
        _bucket_name(bucket, SENTENCE_LENGTHS): Bucket(
            len(buckets[bucket]),
            total(buckets[bucket]),
        )
        for bucket in sorted(buckets)
    }


def _bucket(length: int, limits: Sequence[int]) -> int:
    """The first bucket that such a length fits in; the last one takes the rest."""
    return sum(length > limit for limit in limits)


def _bucket_name(bucket: int, limits: Sequence[int]) -> str:
    first = limits[bucket - 1] + 1 if bucket else 1
    if bucket == len(limits):
        return f"{first}+"
    return str(first) if first == limits[bucket] else f"{first}-{limits[bucket]}"
