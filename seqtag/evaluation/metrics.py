"""The figures by which models are compared, one entry each in `seqtag.settings.registry.METRICS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtag.corpora.tags import Scheme
from seqtag.evaluation.measure import Measure
from seqtag.settings import registry

if TYPE_CHECKING:
    from seqtag.evaluation.scoring import Score


@dataclass(frozen=True)
class Metric(Measure):
    """A figure of a score of tags.

    Attributes:
        value: Its value, from 0 to 1.
    """

    value: Callable[["Score"], float]

    @property
    def measure(self) -> Measure:
        """The metric without `value`, which need not be a function that can be pickled."""
        return Measure(self.title, lower_is_better=self.lower_is_better, decimals=self.decimals)


F1 = Metric("F1", lambda score: score.counts.f1)
ACCURACY = Metric("accuracy", lambda score: score.accuracy)


def chosen(setting: str, scheme: Scheme) -> str:
    """The name in the registry of the metric that `training.metric` means for a corpus of this scheme."""
    if setting != "auto":
        return setting
    return "f1" if scheme.is_spans else "accuracy"


def title_of(name: str) -> str:
    """The title of the figure that `report.json` has under this name, a metric or the figure of another task."""
    return find(name).title if registry.knows(registry.METRICS, name) else name.replace("_", " ")


def titled(title: str) -> Metric | None:
    """The metric, built in or of another package, with this title; None if there is none."""
    for names in (
        registry.METRICS,
        registry.known(registry.METRICS),
    ):  # nothing else is imported for the built-in ones
        for name in names:
            if (metric := find(name)).title == title:
                return metric
    return None


def find(name: str) -> Metric:
    """The metric of a name in the registry.

    Raises:
        UsageError: There is no such metric.
    """
    found: Metric = registry.load(registry.METRICS, name)
    return found
