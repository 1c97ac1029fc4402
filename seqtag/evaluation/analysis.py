"""What kind of mistakes predicted tags hold: classes of wrong spans, confusions, and where they gather.

Spans are read as `scoring` reads them (lenient, as conlleval does), so the sums of the tables here are
its counts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from seqtag.corpora import tags
from seqtag.corpora.sentence import Rows
from seqtag.corpora.tags import Scheme, Span
from seqtag.evaluation.counts import Counts
from seqtag.evaluation.familiarity import Familiarity, Groups, Hits, Words, familiarity_of, groups_json
from seqtag.evaluation.frequency import by_frequency, frequency_json
from seqtag.evaluation.known import Known, surface
from seqtag.evaluation.lengths import Bucket, entity_lengths, sentence_lengths
from seqtag.evaluation.matching import Match, match_spans


@dataclass(frozen=True)
class Wrong:
    """A mistake: the number of its sentence, from 0, and the match."""

    sentence: int
    match: Match


@dataclass(frozen=True)
class Classes:
    """How many spans fell in each class.

    Attributes:
        correct: Both ends and label are right.
        boundary: The label is right, an end is not.
        type: Both ends are right, the label is not.
        boundary_and_type: The spans overlap; neither label nor ends agree.
        missed: Gold spans without a predicted partner.
        spurious: Predicted spans without a gold partner.
        missed_overlapped: Those missed of which a predicted span with another partner covers a token.
        spurious_overlapped: Those spurious that cover a token of a gold span with another partner.
    """

    correct: int = 0
    boundary: int = 0
    type: int = 0
    boundary_and_type: int = 0
    missed: int = 0
    spurious: int = 0
    missed_overlapped: int = 0
    spurious_overlapped: int = 0

    @property
    def matched(self) -> int:
        """The spans that have a partner."""
        return self.correct + self.boundary + self.type + self.boundary_and_type

    @property
    def gold(self) -> int:
        """The gold spans."""
        return self.matched + self.missed

    @property
    def predicted(self) -> int:
        """The predicted spans."""
        return self.matched + self.spurious

    @property
    def wrong(self) -> int:
        """The matches that are not correct."""
        return self.matched - self.correct + self.missed + self.spurious


@dataclass(frozen=True)
class Analysis:
    """The mistakes of one comparison of predicted with gold tags.

    Attributes:
        spans: Whether spans were compared; False for plain tags.
        classes: All spans by class; None for plain tags.
        gold_types: Per entity type its gold spans; none of them is spurious.
        predicted_types: Likewise its predicted spans; none of them is missed.
        confusion: How many matches have this gold and this predicted type; None stands for no span. For plain
            tags, how many tokens have this gold and this predicted tag.
        entities: Known entities against unseen ones; None for plain tags, or if training is not known.
        words: Known words against unseen ones; None for spans, or if training is not known.
        entity_lengths: Counts by the number of tokens of a span, each span in the bucket of its own length.
        sentence_lengths: Counts by the number of tokens of a sentence.
        wrong: All mistakes, in the order of the text.
        frequency: The share of gold entities (plain tags: of tokens) that is right, by how often training held the
            entity with the same type (plain tags: the word); None if that is not known.
    """

    spans: bool
    classes: Classes | None
    gold_types: dict[str, Classes]
    predicted_types: dict[str, Classes]
    confusion: dict[tuple[str | None, str | None], int]
    entities: Familiarity | None
    words: Words | None
    entity_lengths: dict[str, Counts]
    sentence_lengths: dict[str, Bucket]
    wrong: tuple[Wrong, ...]
    frequency: dict[str, Hits] | None = None

    @property
    def confusions(self) -> list[tuple[str | None, str | None, int]]:
        """The cells of the confusion table that hold mistakes, most frequent first."""
        return [cell for cell in self._cells() if cell[0] != cell[1]]

    def _cells(self) -> list[tuple[str | None, str | None, int]]:
        """All cells that are not empty: mistakes first, then by frequency, then by name."""
        cells = [(gold, predicted, count) for (gold, predicted), count in self.confusion.items()]
        return sorted(cells, key=lambda cell: (cell[0] == cell[1], -cell[2], cell[0] or "", cell[1] or ""))

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values; the mistakes themselves are left out."""
        types = self.gold_types.keys() | self.predicted_types.keys()
        return {
            "classes": asdict(self.classes) if self.classes else None,
            "types": {
                name: {
                    "gold": _without(self.gold_types.get(name, Classes()), "spurious"),
                    "predicted": _without(self.predicted_types.get(name, Classes()), "missed"),
                }
                for name in sorted(types)
            },
            "confusion": [
                {"gold": gold, "predicted": predicted, "count": count}
                for gold, predicted, count in self._cells()
            ],
            "known_entities": groups_json(self.entities, "recall"),
            "known_words": groups_json(self.words, "accuracy"),
            "frequency": frequency_json(self.frequency, "recall" if self.spans else "accuracy"),
            "entity_lengths": {
                name: {**counts.ratios(), **asdict(counts)} for name, counts in self.entity_lengths.items()
            },
            "sentence_lengths": {
                name: {"sentences": bucket.sentences, **bucket.counts.ratios(), **asdict(bucket.counts)}
                for name, bucket in self.sentence_lengths.items()
            },
        }


def analyse(
    gold: Rows, predicted: Rows, sentences: Rows, scheme: Scheme, *, known: Known | None = None
) -> Analysis:
    """Sort the mistakes of predicted tags.

    Args:
        gold: The right tags, one sequence per sentence.
        predicted: As many sequences of the same lengths, in the same scheme.
        sentences: The tokens.
        scheme: How the tags are written.
        known: What training held; None if that is not known.

    Raises:
        ValueError: The three differ in shape, or a tag does not belong to the scheme.
    """
    shapes = [[len(row) for row in rows] for rows in (gold, predicted, sentences)]
    if not shapes[0] == shapes[1] == shapes[2]:
        raise ValueError("tokens, gold and predicted tags differ in the number of sentences or tokens")
    if scheme.is_spans:
        return _of_spans(gold, predicted, sentences, scheme, known)
    return _of_tags(gold, predicted, sentences, known)


def _of_spans(gold: Rows, predicted: Rows, sentences: Rows, scheme: Scheme, known: Known | None) -> Analysis:
    matches = [
        match_spans(tags.spans(ours, scheme), tags.spans(theirs, scheme))
        for ours, theirs in zip(gold, predicted, strict=True)
    ]
    familiarity = None
    if known is not None and known.entities is not None:
        familiarity = familiarity_of(matches, sentences, known.words, known.entities)
    flat = [match for row in matches for match in row]
    frequency = None
    if known is not None and (counts := known.entity_counts) is not None:
        frequency = by_frequency(
            (counts.get(span.label, {}).get(surface(tokens, span), 0), match.kind == "correct")
            for tokens, row in zip(sentences, matches, strict=True)
            for match in row
            if (span := match.gold) is not None
        )
    return Analysis(
        spans=True,
        classes=_classes(flat),
        gold_types=_by_type((match.gold, match) for match in flat),
        predicted_types=_by_type((match.predicted, match) for match in flat),
        confusion=dict(Counter((_label(match.gold), _label(match.predicted)) for match in flat)),
        entities=familiarity,
        words=None,
        entity_lengths=entity_lengths(flat),
        sentence_lengths=sentence_lengths(sentences, [_count(row) for row in matches]),
        wrong=_wrong(matches),
        frequency=frequency,
    )


def _of_tags(gold: Rows, predicted: Rows, sentences: Rows, known: Known | None) -> Analysis:
    confusion: Counter[tuple[str | None, str | None]] = Counter()
    wrong, counts = [], []
    groups = Groups()
    for number, columns in enumerate(zip(sentences, gold, predicted, strict=True)):
        confusion.update(zip(*columns[1:], strict=True))
        hits = 0
        for place, (token, ours, theirs) in enumerate(zip(*columns, strict=True)):
            hits += ours == theirs
            if known is not None:
                groups.add("known" if token in known.words else "unseen", ours == theirs)
            if ours != theirs:
                match = Match(Span(place, place + 1, ours), Span(place, place + 1, theirs))
                wrong.append(Wrong(number, match))
        counts.append(Counts(hits, len(columns[0]), len(columns[0])))
    frequency = None
    if known is not None and (seen := known.word_counts) is not None:
        frequency = by_frequency(
            (seen.get(token, 0), ours == theirs)
            for columns in zip(sentences, gold, predicted, strict=True)
            for token, ours, theirs in zip(*columns, strict=True)
        )
    return Analysis(
        spans=False,
        classes=None,
        gold_types={},
        predicted_types={},
        confusion=dict(confusion),
        entities=None,
        words=None if known is None else Words(groups["known"], groups["unseen"]),
        entity_lengths={},
        sentence_lengths=sentence_lengths(sentences, counts),
        wrong=tuple(wrong),
        frequency=frequency,
    )


def _classes(matches: Iterable[Match]) -> Classes:
    counter: Counter[str] = Counter()
    for match in matches:
        counter[match.kind] += 1
        if match.overlapped:
            counter[f"{match.kind}_overlapped"] += 1
    return Classes(**counter)


def _by_type(matches: Iterable[tuple[Span | None, Match]]) -> dict[str, Classes]:
    """The classes of the matches by the label of the span that comes with each, sorted by name."""
    types: dict[str, list[Match]] = {}
    for span, match in matches:
        if span is not None:
            types.setdefault(span.label, []).append(match)
    return {name: _classes(types[name]) for name in sorted(types)}


def _label(span: Span | None) -> str | None:
    return None if span is None else span.label


def _count(matches: Sequence[Match]) -> Counts:
    return Counts(
        correct=sum(match.kind == "correct" for match in matches),
        predicted=sum(match.predicted is not None for match in matches),
        gold=sum(match.gold is not None for match in matches),
    )


def _wrong(matches: Sequence[Sequence[Match]]) -> tuple[Wrong, ...]:
    return tuple(
        Wrong(number, match) for number, row in enumerate(matches) for match in row if match.kind != "correct"
    )


def _without(classes: Classes, kind: str) -> dict[str, int]:
    """The classes that the spans of one side can fall in."""
    return {name: count for name, count in asdict(classes).items() if not name.startswith(kind)}
