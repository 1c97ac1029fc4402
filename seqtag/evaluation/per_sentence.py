"""What scores of tags and labels are calculated from, sentence by sentence, for the test of a difference."""

from collections.abc import Collection, Sequence

import numpy as np

from seqtag.corpora.sentence import Rows
from seqtag.corpora.tags import Scheme, spans
from seqtag.evaluation.measure import Measure
from seqtag.evaluation.significance import PerSentence, Sums


def f1(sums: Sums) -> Sums:
    """F1 of the sums of correct, predicted and gold, `(..., 3)`."""
    whole = sums[..., 1] + sums[..., 2]
    return 2 * sums[..., 0] / np.maximum(whole, 1)


def share(sums: Sums) -> Sums:
    """The share of correct ones of the sums of correct and all, `(..., 2)`."""
    return sums[..., 0] / np.maximum(sums[..., 1], 1)


def of_rows(gold: Rows, predicted: Rows, scheme: Scheme, measure: Measure) -> PerSentence:
    """The counts of spans for F1, and of plain tags for their accuracy.

    Args:
        gold: The right tags, one sequence per sentence.
        predicted: As many sequences of the same lengths.
        scheme: How both are written.
        measure: What the score is.
    """
    if not scheme.is_spans:
        rows = [
            (sum(own == other for own, other in zip(*pair, strict=True)), len(pair[0]))
            for pair in zip(gold, predicted, strict=True)
        ]
        return PerSentence(measure, np.array(rows, np.float64).reshape(-1, 2), share)
    counts = []
    for ours, theirs in zip(gold, predicted, strict=True):
        right, given = spans(ours, scheme), spans(theirs, scheme)
        counts.append((len({*right} & {*given}), len(given), len(right)))
    return PerSentence(measure, np.array(counts, np.float64).reshape(-1, 3), f1)


def of_labels(
    gold: Sequence[Collection[str]], predicted: Sequence[Collection[str]], measure: Measure
) -> PerSentence:
    """Whether all labels of a sentence are right, for their accuracy."""
    rows = [({*own} == {*other}, 1) for own, other in zip(gold, predicted, strict=True)]
    return PerSentence(measure, np.array(rows, np.float64).reshape(-1, 2), share)


def joint(labels: PerSentence, tags: PerSentence, measure: Measure) -> PerSentence:
    """Both, for the mean of their scores."""
    first = labels.figures.shape[1]

    def value(sums: Sums) -> Sums:
        return (labels.value(sums[..., :first]) + tags.value(sums[..., first:])) / 2

    return PerSentence(measure, np.hstack([labels.figures, tags.figures]), value)
