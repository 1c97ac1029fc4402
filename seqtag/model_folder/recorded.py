"""What the `report.json` of a model folder records of data and scores, for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqtag.evaluation import metrics

PRIVACY = (
    "a model folder holds the words of its training text; share it only with people who may read that text"
)


@dataclass(frozen=True)
class RecordedScore:
    """A score that a model folder records.

    Attributes:
        corpus: What was scored, "dev" or "test".
        measure: The title of the figure, such as "F1".
        value: The figure.
        signature: How it was computed; empty where the folder does not say.
    """

    corpus: str
    measure: str
    value: float
    signature: str


def data_of(report: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """The counts of each corpus."""
    given = report.get("data") or {role: report[role] for role in ("train", "dev") if report.get(role)}
    return {
        role: {noun: count for noun, count in counts.items() if type(count) is int}
        for role, counts in given.items()
    }


def scores_of(report: Mapping[str, Any]) -> list[RecordedScore]:
    """The scores on dev and test."""
    found = []
    for corpus in ("dev", "test"):
        score = report.get(corpus) or {}
        name = score.get("metric", "f1" if score.get("spans") else "accuracy" if "main" in score else "")
        value = score.get("main", score.get(name))
        if name and isinstance(value, float):
            found.append(RecordedScore(corpus, metrics.title_of(name), value, score.get("signature", "")))
    return found
