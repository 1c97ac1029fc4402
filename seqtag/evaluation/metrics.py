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


def default(scheme: Scheme) -> str:
    """The metric, by its name in the registry, for a corpus of this scheme."""
    return "f1" if scheme.is_spans else "accuracy"


def find(name: str) -> Metric:
    """The metric of a name in the registry.

    Raises:
        UsageError: There is no such metric.
    """
    found: Metric = registry.load(registry.METRICS, name)
    return found
