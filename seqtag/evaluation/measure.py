"""What models are compared by: the name of a figure, which values are better, and how they are written."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measure:
    """A figure by which models are compared.

    >>> perplexity = Measure("perplexity", lower_is_better=True, decimals=1)
    >>> perplexity.gain(90.0) > perplexity.gain(100.0) > perplexity.nothing
    True
    >>> perplexity.text(93.648)
    '93.6'

    Attributes:
        title: What tables and reports call it.
        lower_is_better: Whether a smaller value is the better one. Otherwise values are 0 or above, and 0 is that of a
            model that has learnt nothing.
        decimals: How many digits after the point are shown.
    """

    title: str
    lower_is_better: bool = field(default=False, kw_only=True)
    decimals: int = field(default=4, kw_only=True)

    @property
    def nothing(self) -> float:
        """The gain of a model that has learnt nothing; no gain is smaller."""
        return float("-inf") if self.lower_is_better else 0.0

    def gain(self, value: float) -> float:
        """The value, or where a smaller one is better its negative: the larger, the better."""
        return -value if self.lower_is_better else value

    def is_nothing(self, value: float) -> bool:
        """Whether a model that scores this has learnt nothing.

        >>> Measure("F1").is_nothing(0.0), Measure("perplexity", lower_is_better=True).is_nothing(1e9)
        (True, False)
        """
        return self.gain(value) <= self.nothing

    def text(self, value: float) -> str:
        """A value, or how far values are apart, as tables show it."""
        return f"{value:.{self.decimals}f}"
