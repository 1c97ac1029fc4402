"""Gold and predicted spans of a sentence, paired: which answers which, and what is wrong about the answer."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from seqtag.corpora.tags import Span

Kind = Literal["correct", "boundary", "type", "boundary_and_type", "missed", "spurious"]


class Match(NamedTuple):
    """A gold span and the predicted span that answers it; one of the two may be missing.

    Attributes:
        gold: The gold span; None if the predicted one answers none.
        predicted: The predicted span; None if the gold one has no answer.
        overlapped: Whether a span without partner shares tokens with one that has another partner.
    """

    gold: Span | None
    predicted: Span | None
    overlapped: bool = False

    @property
    def kind(self) -> Kind:
        """The one class that the match belongs to."""
        if self.gold is None:
            return "spurious"
        if self.predicted is None:
            return "missed"
        same_ends = self.gold[:2] == self.predicted[:2]
        if self.gold.label == self.predicted.label:
            return "correct" if same_ends else "boundary"
        return "type" if same_ends else "boundary_and_type"


def match_spans(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Match]:
    """Pair the spans of one sentence, so that each belongs to exactly one match, in the order of the text.

    The rule: of all pairs that share a token, the one that shares most is taken, then the next one of which
    both are still free, and so on. Of pairs that share equally many, one with equal labels comes first, then
    the one that stands further left. A span without partner is missed (gold) or spurious (predicted),
    even if it overlaps a span that has another partner: a predicted span over two gold spans answers one of
    them, and the other is missed.

    The spans of either side are in order and do not overlap each other, as `tags.spans` gives them. A span
    with the right ends therefore always finds its partner, and exchanging the two sides exchanges missed and
    spurious and changes nothing else.
    """
    pairs = _overlaps(gold, predicted)
    free_gold, free_predicted = set(gold), set(predicted)
    found = []
    # The sort is stable, and the pairs come from left to right: no two of overlapping pairs can cross.
    for _, ours, theirs in sorted(pairs, key=lambda pair: (-pair[0], pair[1].label != pair[2].label)):
        if ours in free_gold and theirs in free_predicted:
            free_gold.remove(ours)
            free_predicted.remove(theirs)
            found.append(Match(ours, theirs))
    overlapped_gold = {ours for _, ours, _ in pairs}
    overlapped_predicted = {theirs for _, _, theirs in pairs}
    found += [Match(span, None, span in overlapped_gold) for span in gold if span in free_gold]
    found += [Match(None, span, span in overlapped_predicted) for span in predicted if span in free_predicted]
    return sorted(found, key=lambda match: (match.gold or match.predicted or (0,))[0])


def _overlaps(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[int, Span, Span]]:
    """All pairs that share tokens, from left to right, and how many they share."""
    pairs = []
    first = second = 0
    while first < len(gold) and second < len(predicted):
        ours, theirs = gold[first], predicted[second]
        shared = min(ours.end, theirs.end) - max(ours.start, theirs.start)
        if shared > 0:
            pairs.append((shared, ours, theirs))
        if ours.end <= theirs.end:
            first += 1
        else:
            second += 1
    return pairs
