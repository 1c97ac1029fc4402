"""The generating stage: sentences drawn from a language model."""

from collections.abc import Iterator
from pathlib import Path

from seqtag.tasks.language import sampling
from seqtag.tasks.language.base import given, load
from seqtag.tasks.language.sampling import Sampling


def generate(
    model: str | Path, count: int, settings: Sampling, prompt: str = "", label: str | None = None
) -> Iterator[str]:
    """Sentences as lines of text.

    Args:
        model: The folder of a language model.
        count: How many.
        settings: How each token is drawn.
        prompt: What every sentence begins with.
        label: The label of the sentences, of a model that is conditioned on labels.

    Raises:
        UsageError: The model has labels and there is none, or the reverse, or it has no such label.
        Error: The model cannot be read, or gives every word the probability 0.
    """
    loaded = given(load(model), label, model)
    for tokens in sampling.generate(loaded, count, settings, loaded.units.tokens(prompt)):
        yield loaded.units.text(tokens)
