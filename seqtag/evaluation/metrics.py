"""The figures by which models are compared, one entry each in `seqtag.settings.registry.METRICS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtag.corpora.tags import Scheme
from seqtag.settings import registry

if TYPE_CHECKING:
    from seqtag.evaluation.scoring import Score


@dataclass(frozen=True)
class Metric:
    """A figure of a score; the larger, the better.

    Attributes:
        title: What tables and reports call it.
        value: Its value, from 0 to 1.
    """

    title: str
    value: Callable[["Score"], float]


F1 = Metric("F1", lambda score: score.counts.f1)
ACCURACY = Metric("accuracy", lambda score: score.accuracy)


def chosen(setting: str, scheme: Scheme) -> str:
    """The name in the registry of the metric that `training.metric` means for a corpus of this scheme."""
    if setting != "auto":
        return setting
    return "f1" if scheme.is_spans else "accuracy"


def is_title(text: str) -> bool:
    """Whether a metric, built in or of another package, has this title."""
    return any(find(name).title == text for name in registry.METRICS) or any(
        find(name).title == text for name in registry.known(registry.METRICS)
    )


def find(name: str) -> Metric:
    """The metric of a name in the registry.

    Raises:
        UsageError: There is no such metric.
    """
    found: Metric = registry.load(registry.METRICS, name)
    return found
