"""The prediction stage: raw or tokenised text in, answers out, as a stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TextIO

from seqtag.corpora.base import Unwritable, Writer, finish
from seqtag.corpora.windows import whole
from seqtag.inference import stream as streams
from seqtag.support.errors import DataError
from seqtag.support.lines import is_regular, shown
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
        regular = is_regular(path)
        chunks = whole(streams.chunks(found) if regular else streams.as_they_come(found), predictor.context)
        for answers in _begun(chunks, predictor.begin, ahead=regular):
            for answer in answers:
                _write(writer, answer, path)
                keep(answer)
                tokens += len(answer)
            stream.flush()
    finish(writer)
    return tokens


def _write(writer: Writer, document: Any, path: str) -> None:
    try:
        writer.write(document)
    except Unwritable as problem:
        raise DataError(shown(path), problem.line, str(problem)) from problem


def _begun(
    chunks: Iterable[list[Any]], begin: Callable[[list[Any]], Iterator[Any]], *, ahead: bool
) -> Iterator[Iterator[Any]]:
    """Each chunk's answers to come; with `ahead`, the work on the next chunk begins before these are asked for. What
    came before an error comes out before it.
    """
    held: Iterator[Any] | None = None
    try:
        for chunk in chunks:
            now = begin(chunk)
            if held is not None:
                yield held
            held = now
            if not ahead:
                yield held
                held = None
    except DataError:
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held
