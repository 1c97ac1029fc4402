"""The prediction stage: raw or tokenised text in, answers out, as a stream."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TextIO

from seqtag.corpora.base import finish
from seqtag.support.lines import is_regular, shown
from seqtag.tasks.answers import write_answers
from seqtag.tasks.use import PredictionOrder, Predictor, use_of


def load(order: PredictionOrder) -> Predictor:
    """The model of a folder, for what `predict` is to write.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    _, use = use_of(order.model)
    return use.predictor(replace(order, output_format=order.output_format or next(iter(use.formats()))))


def predict(
    model: str | Predictor,
    paths: Sequence[str],
    stream: TextIO,
    *,
    keep: Callable[[Any], None] = lambda answer: None,
    **how: Any,
) -> int:
    """Answers files one after the other; each answer is written as soon as it is there.

    Args:
        model: The model folder, or what `load` made of it.
        paths: The files; "-" is standard input.
        stream: Where answers go.
        keep: Receives each answer that was written.
        how: What a `PredictionOrder` has beside the folder.

    Returns:
        How many tokens were read.

    Raises:
        Error: The model or a file cannot be read, or a token cannot be written; what came before is written.
    """
    predictor = load(PredictionOrder(model, **how)) if isinstance(model, str) else model
    writer = predictor.writer(stream)
    tokens = 0
    for path in paths:
        found = predictor.read(path)
        tokens += write_answers(
            predictor, found, writer, stream, keep=keep, name=shown(path), regular=is_regular(path)
        )
    finish(writer)
    return tokens
