"""What a recurrent language model scores on a text."""

from dataclasses import dataclass
from typing import Any

from seqtag.evaluation.figures import Figures
from seqtag.evaluation.measure import Measure
from seqtag.evaluation.perplexity import Perplexity
from seqtag.training.job import SeedResult

PERPLEXITY = Measure("perplexity", lower_is_better=True, decimals=2)


@dataclass(frozen=True)
class LanguageScore:
    """How well a model predicts a text in each of its directions.

    Attributes:
        forward: Each token from those before it; None for a model that reads backward only.
        backward: Each token from those after it; None for a model that reads forward only.
        continuous: Whether the model carries its state from line to line.
    """

    forward: Perplexity | None
    backward: Perplexity | None = None
    continuous: bool = False

    @property
    def main(self) -> float:
        """The perplexity forward, or of the only direction."""
        found = self.forward or self.backward
        if found is None:
            raise ValueError("expected a score in one direction at least. Received: none")
        return found.perplexity

    @property
    def measure(self) -> Measure:
        """The perplexity: smaller is better."""
        return PERPLEXITY

    @property
    def signature(self) -> str:
        """How the score was made."""
        found = self.forward or self.backward or Perplexity()
        direction = ("forward" if self.forward else "backward") + "|continuous" * self.continuous
        return f"{direction}|tokens:{found.tokens}|sentences:{found.sentences}|unk:predicted|ends:predicted"

    def figures(self) -> list[Figures]:
        """A row for each direction."""
        rows = [
            (
                name,
                f"{one.perplexity:,.2f}",
                f"{one.cross_entropy:.4f}",
                f"{one.tokens:,}",
                f"{one.unknown_rate:.2%}",
            )
            for name, one in (("forward", self.forward), ("backward", self.backward))
            if one is not None
        ]
        return [Figures(("direction", "perplexity", "bits per token", "tokens", "unknown"), rows)]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found = {"forward": self.forward, "backward": self.backward}
        return {name: one.to_json() for name, one in found.items() if one is not None}


@dataclass(frozen=True)
class LanguageResult(SeedResult[LanguageScore]):
    """What training a language model with one seed came to; the types are what a checkpoint is read by."""

    dev: LanguageScore
    test: LanguageScore | None
