"""Scores of labels of whole sentences, alone or beside those of tags."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from seqtag import __version__
from seqtag.evaluation.counts import Counts, average, by_name, total
from seqtag.evaluation.figures import Figures
from seqtag.evaluation.measure import Measure
from seqtag.evaluation.scoring import Score
from seqtag.evaluation.trained_on import mark

ACCURACY = Measure("label accuracy")
JOINT = Measure("mean of tags and labels")
MOST_CONFUSED = 10  # pairs that are shown


@dataclass(frozen=True)
class LabelScore:
    """How right the labels of sentences are.

    Attributes:
        sentences: Number of sentences.
        right: Those of which the labels are exactly the right ones.
        types: Each label's counts.
        confusion: For each right label how often each label was given; empty where sentences have several.
        unseen: How often gold holds each label that training never saw.
        several: Whether a sentence may have several labels.
        trained_on: See `trained_on.marked`.
    """

    sentences: int
    right: int
    types: dict[str, Counts]
    confusion: dict[str, dict[str, int]]
    unseen: dict[str, int]
    several: bool
    trained_on: str = ""

    @property
    def accuracy(self) -> float:
        """The share of the sentences whose labels are exactly the right ones."""
        return self.right / self.sentences if self.sentences else 0.0

    @property
    def main(self) -> float:
        """The figure by which models are compared: the accuracy."""
        return self.accuracy

    @property
    def measure(self) -> Measure:
        """What this figure is."""
        return ACCURACY

    @property
    def signature(self) -> str:
        """How the score was made, in one line."""
        each = "several" if self.several else "one"
        return (
            f"labels:{each}|sentences:{self.sentences}|classes:{len(self.types)}|seqtag:{__version__}"
            + mark(self.trained_on)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; rates from 0 to 1."""
        return {
            "label_accuracy": self.accuracy,
            "main": self.main,
            "metric": "label_accuracy",
            "sentences": self.sentences,
            "micro": total(self.types.values()).ratios(),
            "macro": average(self.types)._asdict(),
            "labels": {name: counts.ratios() | asdict(counts) for name, counts in self.types.items()},
            "confusion": self.confusion,
            "unseen_labels": self.unseen,
            "signature": self.signature,
        }

    def figures(self) -> list[Figures]:
        """The table of labels, and what was taken for what."""
        rows = [(name, *_ratios(counts), f"{counts.gold:,}") for name, counts in self.types.items()]
        micro, macro = total(self.types.values()), average(self.types)
        totals = [("micro average", *_ratios(micro), f"{micro.gold:,}")]
        totals += [("macro average", *_ratios(macro), f"{micro.gold:,}")]
        remarks = [f"Label accuracy {self.accuracy:.4f} ({self.right:,} of {self.sentences:,} sentences)."]
        pairs = Counter(
            {
                (gold, given): count
                for gold, row in self.confusion.items()
                for given, count in row.items()
                if gold != given
            }
        )
        confused = [
            f"{gold} as {given} ({count:,})" for (gold, given), count in pairs.most_common(MOST_CONFUSED)
        ]
        remarks += [f"Confused most: {', '.join(confused)}."] if confused else []
        if self.unseen:
            listed = ", ".join(f"{name} ({count:,})" for name, count in self.unseen.items())
            remarks.append(f"Labels never seen in training: {listed}.")
        return [Figures(("label", "precision", "recall", "F1", "support"), rows, totals, remarks)]


def _ratios(values: Any) -> tuple[str, str, str]:
    return f"{values.precision:.4f}", f"{values.recall:.4f}", f"{values.f1:.4f}"


def score_labels(
    gold: Sequence[Collection[str]],
    predicted: Sequence[Collection[str]],
    known: Collection[str],
    *,
    several: bool = False,
) -> LabelScore:
    """The score of the labels of each sentence.

    Args:
        gold: The right labels.
        predicted: The labels that were given.
        known: The labels of the training file.
        several: Whether a sentence may have several.
    """
    correct: Counter[str] = Counter()
    given: Counter[str] = Counter()
    there: Counter[str] = Counter()
    confusion: dict[str, Counter[str]] = {}
    right = 0
    for first, second in zip(gold, predicted, strict=True):
        there.update({*first})
        given.update({*second})
        correct.update({*first} & {*second})
        right += {*first} == {*second}
        if len(first) == 1 and len(second) == 1:
            (one,), (other,) = first, second
            confusion.setdefault(one, Counter())[other] += 1
    table = {name: dict(sorted(row.items())) for name, row in sorted(confusion.items())}
    unseen = {name: count for name, count in sorted(there.items()) if name not in {*known}}
    return LabelScore(len(gold), right, by_name(correct, given, there), table, unseen, several)


@dataclass(frozen=True)
class JointScore:
    """How right tags and labels are.

    Attributes:
        labels: The labels.
        tags: The tags.
        right: Sentences in which all tags and all labels are right.
        trained_on: See `trained_on.marked`.
    """

    labels: LabelScore
    tags: Score
    right: int
    trained_on: str = ""

    @property
    def all_right(self) -> float:
        """The share of the sentences in which everything is right."""
        return self.right / self.labels.sentences if self.labels.sentences else 0.0

    @property
    def main(self) -> float:
        """The figure by which models are compared: the mean of the label accuracy and the figure of the tags."""
        return (self.labels.main + self.tags.main) / 2

    @property
    def measure(self) -> Measure:
        """What this figure is."""
        return JOINT

    @property
    def signature(self) -> str:
        """How the score was made, in one line."""
        return (
            f"all_right:tags+labels|{self.labels.signature.rpartition('|')[0]}|{self.tags.signature}"
            + mark(self.trained_on)
        )

    def to_json(self) -> dict[str, Any]:
        """The figures of the tags as a tagger's score has them, those of the labels under `sentence_labels`."""
        return {
            **self.tags.to_json(),
            "label_accuracy": self.labels.accuracy,
            "all_right": self.all_right,
            "metric": "mean_of_tags_and_labels",
            "main": self.main,
            "sentence_labels": self.labels.to_json(),
            "signature": self.signature,
        }

    def figures(self) -> list[Figures]:
        """The tables of the tags and of the labels."""
        tags, name = self.tags, "type" if self.tags.spans else "tag"
        rows = [(kind or "_", *_ratios(counts), f"{counts.gold:,}") for kind, counts in tags.types.items()]
        totals = [("micro average", *_ratios(tags.counts), f"{tags.counts.gold:,}")]
        table = Figures((name, "precision", "recall", "F1", "support"), rows, totals)
        last = f"Everything right in {self.all_right:.4f} of the sentences ({self.right:,})."
        (labels,) = self.labels.figures()
        return [
            table,
            Figures(labels.columns, labels.rows, labels.totals, (*labels.remarks, last)),
        ]


def score_joint(labels: LabelScore, tags: Score, gold: Sequence[Any], predicted: Sequence[Any]) -> JointScore:
    """The score of both; `gold` and `predicted` are for each sentence its tags and its set of labels."""
    right = sum(first == second for first, second in zip(gold, predicted, strict=True))
    return JointScore(labels, tags, right)
