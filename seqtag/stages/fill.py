"""The filling stage: words for the gaps of a text."""

from pathlib import Path

from seqtag.support.errors import Error
from seqtag.tasks.language import filling
from seqtag.tasks.language.base import given, load, two_way
from seqtag.tasks.language.filling import Filling


def fill(model: str | Path, text: str, count: int, label: str | None = None) -> list[Filling]:
    """The words for each gap of a text, in order.

    Args:
        model: The folder of a language model of both directions.
        text: A sentence in which each gap is written as three underscores or more.
        count: How many words are wanted for each.
        label: The label of the text, of a model that is conditioned on labels.

    Raises:
        Error: The model cannot be read or has one direction only, or the text has no gap.
    """
    loaded = given(load(model), label, model)
    both = two_way(loaded)
    if both is None:
        raise Error(f"{model}: {filling.one_direction(loaded)}.")
    return list(filling.fill(both, text, count))
