"""Entity scores as the seqeval package defines them, token accuracy, and a signature on every score.

A span counts as found if its start, end and type are right. Two ways to read spans from tags stand side by
side: the lenient one of conlleval (Tjong Kim Sang and Buchholz 2000; seqeval's default), in which an I- after
O opens a span, and seqeval's strict one, in which only what is well-formed in the scheme counts.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from operator import eq, ne
from typing import Any

from seqtag import __version__
from seqtag.corpora import tags
from seqtag.corpora.sentence import Rows
from seqtag.corpora.tags import Scheme, Span
from seqtag.evaluation import metrics
from seqtag.evaluation.counts import Average, Counts, average, by_name, total

SEQEVAL = "1.2.2"
"""The version of seqeval whose figures these are."""


@dataclass(frozen=True)
class Score:
    """All figures of one comparison of predicted with gold tags.

    Attributes:
        spans: Whether spans were compared; False for plain tags, whose types are the tags themselves.
        counts: Over all types (micro), lenient.
        accuracy: Share of tokens whose tag is right.
        types: Per entity type, or per tag for plain tags; all that occur in gold or predicted. The type of tags without
            one is "".
        macro: Mean over the types.
        weighted: Mean over the types, weighted by their number in gold.
        strict: Like counts, in strict mode; None for plain tags.
        strict_types: Like types, in strict mode; empty for plain tags.
        disagreements: Spans that only one of the two modes finds, in gold and predicted together.
        sentences: Number of sentences.
        tokens: Number of tokens.
        unseen_tags: How often gold holds each tag that training never saw; empty if that is not known.
        unseen_types: How many spans of gold have each type that training never saw; empty for plain tags.
        signature: How the score was made, in one line.
        metric: The name in `registry.METRICS` of the figure by which models are compared.
    """

    spans: bool
    counts: Counts
    accuracy: float
    types: dict[str, Counts]
    macro: Average
    weighted: Average
    strict: Counts | None
    strict_types: dict[str, Counts]
    disagreements: int
    sentences: int
    tokens: int
    unseen_tags: dict[str, int]
    unseen_types: dict[str, int]
    signature: str
    metric: str

    @property
    def precision(self) -> float:
        """Share of the predicted spans (plain tags: of the tags) that is right, over all types, lenient."""
        return self.counts.precision

    @property
    def recall(self) -> float:
        """Share of the gold spans (plain tags: of the tags) that was found, over all types, lenient."""
        return self.counts.recall

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return self.counts.f1

    @property
    def main(self) -> float:
        """The figure by which models are compared."""
        return self.measure.value(self)

    @property
    def measure(self) -> metrics.Metric:
        """What the figure by which models are compared is."""
        return metrics.find(self.metric)

    def to_json(self) -> dict[str, Any]:
        """The score as plain values for `json.dump`; ratios from 0 to 1, strict ones None for plain tags."""
        strict = self.strict
        return {
            **self.counts.ratios(),
            "accuracy": self.accuracy,
            "strict_precision": strict.precision if strict else None,
            "strict_recall": strict.recall if strict else None,
            "strict_f1": strict.f1 if strict else None,
            "metric": self.metric,
            "main": self.main,
            "spans": self.spans,
            "counts": asdict(self.counts),
            "strict_counts": asdict(strict) if strict else None,
            "types": _types_json(self.types),
            "strict_types": _types_json(self.strict_types),
            "macro": self.macro._asdict(),
            "weighted": self.weighted._asdict(),
            "disagreements": self.disagreements,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "unseen_tags": self.unseen_tags,
            "unseen_types": self.unseen_types,
            "signature": self.signature,
        }


def score(
    gold: Rows,
    predicted: Rows,
    scheme: Scheme,
    *,
    known_tags: Collection[str] | None = None,
    metric: str = "auto",
) -> Score:
    """Compare predicted with gold tags, both written in `scheme`.

    Args:
        gold: The right tags, one sequence per sentence.
        predicted: As many sequences of the same lengths.
        scheme: How both are written.
        known_tags: The tags that training saw, in the same scheme; None if that is not known.
        metric: The name in `registry.METRICS` of the figure by which models are compared; `auto` goes by the scheme.

    Raises:
        ValueError: The two differ in shape, or a tag does not belong to the scheme.
    """
    if len(gold) != len(predicted) or any(map(ne, map(len, gold), map(len, predicted))):
        raise ValueError("gold and predicted tags differ in the number of sentences or tokens")
    tokens = sum(map(len, gold))
    hits = sum(sum(map(eq, *pair)) for pair in zip(gold, predicted, strict=True))
    if scheme.is_spans:
        lenient, strict, disagreements = _count_spans(gold, predicted, scheme)
    else:
        lenient, strict, disagreements = _count_tags(gold, predicted), {}, 0
    counts = total(lenient.values())
    unseen_tags, unseen_types = _unseen(gold, scheme, known_tags, lenient)
    return Score(
        spans=scheme.is_spans,
        counts=counts,
        accuracy=hits / tokens if tokens else 0.0,
        types=lenient,
        macro=average(lenient),
        weighted=average(lenient, by_support=True),
        strict=total(strict.values()) if scheme.is_spans else None,
        strict_types=strict,
        disagreements=disagreements,
        sentences=len(gold),
        tokens=tokens,
        unseen_tags=unseen_tags,
        unseen_types=unseen_types,
        signature=_signature(scheme, len(gold), tokens, counts.gold),
        metric=metrics.chosen(metric, scheme),
    )


def _count_spans(
    gold: Rows, predicted: Rows, scheme: Scheme
) -> tuple[dict[str, Counts], dict[str, Counts], int]:
    """Counts by type, lenient and strict, and the number of spans that only one mode finds."""
    lenient, strict, disagreements = _Tally(), _Tally(), 0
    for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
        gold_spans, predicted_spans = tags.spans(gold_tags, scheme), tags.spans(predicted_tags, scheme)
        lenient.add(gold_spans, predicted_spans)
        gold_strict, predicted_strict = (
            tags.strict_spans(gold_tags, scheme),
            tags.strict_spans(predicted_tags, scheme),
        )
        strict.add(gold_strict, predicted_strict)
        disagreements += len(set(gold_spans) ^ set(gold_strict))
        disagreements += len(set(predicted_spans) ^ set(predicted_strict))
    return lenient.counts(), strict.counts(), disagreements


class _Tally:
    """The labels of the spans met so far, counted in one go at the end."""

    def __init__(self) -> None:
        self.correct: list[str] = []
        self.predicted: list[str] = []
        self.gold: list[str] = []

    def add(self, gold: list[Span], predicted: list[Span]) -> None:
        self.gold += [span.label for span in gold]
        self.predicted += [span.label for span in predicted]
        if gold and predicted:
            self.correct += [span.label for span in set(gold).intersection(predicted)]

    def counts(self) -> dict[str, Counts]:
        return by_name(Counter(self.correct), Counter(self.predicted), Counter(self.gold))


def _count_tags(gold: Rows, predicted: Rows) -> dict[str, Counts]:
    gold_tags, predicted_tags = list(chain.from_iterable(gold)), list(chain.from_iterable(predicted))
    correct = Counter(tag for tag, other in zip(gold_tags, predicted_tags, strict=True) if tag == other)
    return by_name(correct, Counter(predicted_tags), Counter(gold_tags))


def _unseen(
    gold: Rows, scheme: Scheme, known_tags: Collection[str] | None, types: Mapping[str, Counts]
) -> tuple[dict[str, int], dict[str, int]]:
    """The tags and the entity types in gold that are not among those known, most frequent first."""
    if known_tags is None:
        return {}, {}
    known = set(known_tags)
    unseen_tags = {tag: n for tag, n in Counter(chain.from_iterable(gold)).most_common() if tag not in known}
    if not scheme.is_spans:
        return unseen_tags, {}
    labels = {tags.split(tag, scheme)[1] for tag in known if tag != "O"}
    unseen = {label: counts.gold for label, counts in types.items() if label not in labels and counts.gold}
    return unseen_tags, dict(sorted(unseen.items(), key=lambda item: -item[1]))


def _signature(scheme: Scheme, sentences: int, tokens: int, gold: int) -> str:
    made = "spans:exact|mode:conlleval" if scheme.is_spans else "tags:exact"
    counted = f"sentences:{sentences}|tokens:{tokens}|gold:{gold}"
    # Of other letters (BILOU, BMES, BMEWO) seqeval's lenient mode takes some for I.
    written = "" if set(scheme.letters) <= set("BIESO") else "-in-IOBES"
    return f"{made}|scheme:{scheme.name}|{counted}|as:seqeval-{SEQEVAL}{written}|seqtag:{__version__}"


def _types_json(types: Mapping[str, Counts]) -> dict[str, dict[str, float]]:
    return {
        name: {**counts.ratios(), "support": counts.gold, "predicted": counts.predicted}
        for name, counts in types.items()
    }
