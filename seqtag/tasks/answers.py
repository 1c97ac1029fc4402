"""Answers to what was read of a file, written in its order."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from seqtag.corpora.base import Unwritable, Writer
from seqtag.corpora.windows import whole
from seqtag.inference import stream as streams
from seqtag.support.errors import DataError
from seqtag.tasks.use import Predictor


def write_answers(
    predictor: Predictor,
    found: Iterator[Any],
    writer: Writer,
    stream: TextIO,
    *,
    name: str,
    regular: bool = True,
    keep: Callable[[Any], None] = lambda answer: None,
) -> int:
    """Writes an answer for each item of a file as soon as it is there.

    Args:
        predictor: What answers.
        found: What was read, as `Predictor.read` gives it.
        writer: Writes the answers.
        stream: Where they go; it is flushed after each chunk.
        name: The file, for messages.
        regular: Whether all of the file is there already. Of any other file, an item is answered before the next one
            has come.
        keep: Receives each answer that was written.

    Returns:
        How many tokens were read.

    Raises:
        Error: The file cannot be read, or a token cannot be written; what came before is written.
    """
    tokens = 0
    chunks = whole(streams.chunks(found) if regular else streams.as_they_come(found), predictor.context)
    for answers in _begun(chunks, predictor.begin, ahead=regular):
        for answer in answers:
            try:
                writer.write(answer)
            except Unwritable as problem:
                raise DataError(name, problem.line, str(problem)) from problem
            keep(answer)
            tokens += len(answer)
        stream.flush()
    return tokens


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
