"""What training has of the model that it continues from, as it is said and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqtag.corpora.tags import types
from seqtag.evaluation.measure import Measure
from seqtag.features.indexers.base import RESERVED
from seqtag.features.labels import LabelVocabulary
from seqtag.features.vocabulary import Vocabulary
from seqtag.tasks.tagging.carry import Carried

LEARNT = ("word", "vectors", "bigrams", "characters", "columns")  # embeddings whose tables grow with a corpus
WORDS = ("word", "vectors")
MOST = 12  # names that are listed


@dataclass(frozen=True)
class Names:
    """Tags or labels.

    Attributes:
        kept: Those of the model.
        new: Those that it does not have.
    """

    kept: tuple[str, ...]
    new: tuple[str, ...]

    @classmethod
    def of(cls, former: Sequence[str], now: Sequence[str]) -> "Names":
        """Those of a model, and those that now hold."""
        return cls(tuple(former), tuple(name for name in now if name not in former))

    def described(self, what: str) -> str:
        """In words."""
        listed = [
            f"{_listed(names)} {how}" for names, how in ((self.kept, "kept"), (self.new, "new")) if names
        ]
        return f"{what} {', '.join(listed)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(name or "_" for name in names[:MOST]) + more


@dataclass(frozen=True)
class Continued:
    """What training has of the model that it continues from.

    Attributes:
        path: The folder, for messages.
        digest: The sha256 of its manifest.
        rows: Of each table of an embedding, how many entries are the model's, and how many are new.
        tags: The types of spans, or the tags where they are plain.
        labels: The labels of sentences.
        weights: The weights.
        before: What the model scores on dev.
        measure: The measure of this score.
    """

    path: str
    digest: str
    rows: Mapping[str, tuple[int, int]]
    tags: Names
    labels: Names
    weights: Carried
    before: float
    measure: Measure

    def to_json(self) -> dict[str, Any]:
        """What `report.json` holds of it; a path is not part of that."""
        found: dict[str, Any] = {"sha256": self.digest}
        found["tables"] = {name: {"kept": kept, "new": new} for name, (kept, new) in self.rows.items()}
        for what, names in (("tags", self.tags), ("labels", self.labels)):
            if names.kept:
                found[what] = {"kept": list(names.kept), "new": list(names.new)}
        weights = self.weights
        found["weights"] = {"kept": weights.kept, "grown": weights.grown, "new": weights.new}
        found["dev"] = {"measure": self.measure.title, "score": self.before}
        return found

    def described(self) -> list[str]:
        """What is said of it before the first epoch."""
        words = next((self.rows[name] for name in WORDS if name in self.rows), None)
        parts = [f"{words[0]:,} words kept, {words[1]:,} new"] if words else []
        parts += [
            names.described(what)
            for what, names in (("tags", self.tags), ("labels", self.labels))
            if names.kept
        ]
        weights = self.weights
        grown = f", {weights.grown} with new rows" * bool(weights.grown)
        parts.append(f"{weights.kept} of {weights.kept + weights.new} weights kept{grown}")
        score = f"{self.measure.title} {self.measure.text(self.before)}"
        return [f"from   {self.path}: {'; '.join(parts)}", f"before dev {score}"]


def compare(former: Vocabulary, now: Vocabulary) -> dict[str, Any]:
    """The `rows`, `tags` and `labels` of `Continued`, of a model's vocabulary and one that extends it."""
    rows = {}
    for name in LEARNT:
        if name in now.indexers:
            before, after = (_entries(one.indexers[name].sizes) for one in (former, now))
            rows[name] = before, after - before
    labels = Names((), ())
    if isinstance(former, LabelVocabulary) and isinstance(now, LabelVocabulary):
        labels = Names.of(former.labels, now.labels)
    scheme = former.train_scheme
    tags = Names.of(types(former.tags, scheme), types(now.tags, scheme))
    return {"rows": rows, "tags": tags, "labels": labels}


def _entries(sizes: Mapping[str, int]) -> int:
    """The entries of all tables of an embedding."""
    return sum(max(size - RESERVED, 0) for key, size in sizes.items() if key.startswith("rows"))
