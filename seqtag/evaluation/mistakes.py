"""Wrong answers of any task, as reports show them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from seqtag.corpora.tags import Span
from seqtag.evaluation.analysis import Wrong


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        sentence: The number of its sentence (of a transducer: of its pair), from 0.
        kind: A class of `matching.Match`, or `tag`, `label` or `target`.
        gold: The right label, tag or target; None where nothing is right.
        predicted: What was predicted; None where nothing was.
        probability: The probability of what was predicted; None if it is not known or nothing was.
        gold_span: The tokens that the right label belongs to; None if there is none, or it belongs to the sentence.
        predicted_span: Likewise of what was predicted.
    """

    sentence: int
    kind: str
    gold: str | None
    predicted: str | None
    probability: float | None = None
    gold_span: Span | None = None
    predicted_span: Span | None = None

    @property
    def place(self) -> Hashable:
        """What was to be answered; of a spurious span, what should not have been answered."""
        if self.gold_span is not None:
            return (self.sentence, "gold", self.gold_span)
        return (self.sentence, self.kind, self.predicted_span)

    @property
    def places(self) -> tuple[Hashable, ...]:
        """All that is wrong with it: the place, and for a span that answers another one also that it is there."""
        if self.gold_span is None or self.predicted_span is None:
            return (self.place,)
        return (self.place, (self.sentence, "spurious", self.predicted_span))


@dataclass(frozen=True)
class Mark:
    """A label on tokens of a sentence, from `start` to before `end`, with its probability if that is known."""

    start: int
    end: int
    label: str
    probability: float | None = None


@dataclass(frozen=True)
class WrongSentence:
    """A sentence with wrong answers, as reports show it.

    Attributes:
        tokens: Its tokens; of a transducer the source alone.
        gold: What is right of its tokens.
        predicted: What was predicted.
        line: Its line in the gold file, from 1; None if it has none.
    """

    tokens: Sequence[str]
    gold: Sequence[Mark] = ()
    predicted: Sequence[Mark] = ()
    line: int | None = None


def of_tags(
    wrong: Sequence[Wrong], probabilities: Sequence[Mapping[tuple[int, int], float]] | None, *, spans: bool
) -> list[Mistake]:
    """The mistakes of an analysis.

    Args:
        wrong: The mistakes.
        probabilities: See `Evaluation.probabilities`.
        spans: Whether spans were compared, and not plain tags.
    """
    found = []
    for one in wrong:
        gold, predicted = one.match.gold, one.match.predicted
        probability = None
        if probabilities is not None and predicted is not None:
            probability = probabilities[one.sentence].get((predicted.start, predicted.end))
        kind = one.match.kind if spans else "tag"
        right, given = gold and gold.label, predicted and predicted.label
        found.append(Mistake(one.sentence, kind, right, given, probability, gold, predicted))
    return found


def marks(
    spans: Sequence[Span], probabilities: Mapping[tuple[int, int], float] | None = None
) -> tuple[Mark, ...]:
    """Spans as marks."""
    known = probabilities or {}
    return tuple(Mark(*span, known.get((span.start, span.end))) for span in spans)


def only_in(ours: Sequence[Mistake], theirs: Sequence[Mistake]) -> list[bool]:
    """Of each of our mistakes, whether another model answers right there."""
    wrong = {place for mistake in theirs for place in mistake.places}
    return [mistake.place not in wrong for mistake in ours]
