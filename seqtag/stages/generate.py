"""The generating stage: sentences drawn from a language model."""

from collections.abc import Iterator
from pathlib import Path

from seqtag.tasks.language import sampling
from seqtag.tasks.language.base import load
from seqtag.tasks.language.sampling import Sampling


def generate(model: str | Path, count: int, settings: Sampling, prompt: str = "") -> Iterator[str]:
    """Sentences as lines of text.

    Args:
        model: The folder of a language model.
        count: How many.
        settings: How each token is drawn.
        prompt: What every sentence begins with.

    Raises:
        Error: The model cannot be read, or gives every word the probability 0.
    """
    loaded = load(model)
    for tokens in sampling.generate(loaded, count, settings, loaded.units.tokens(prompt)):
        yield loaded.units.text(tokens)
