"""Windows of a document: neighbouring sentences that a model looks at together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

from seqtag.corpora.sentence import Sentence, Words
from seqtag.support.errors import DataError

# The sentences of a window are padded to the longest, so a long one among many short ones takes memory.
PADDED = 16

Item = TypeVar("Item", bound=Words)


def documents(sentences: Iterable[Words]) -> list[int]:
    """The number of the document that each sentence belongs to; a file without marks is one document.

    Example:
        >>> documents([Sentence(("A",)), Sentence(("B",), starts_document=True), Sentence(("C",))])
        [0, 1, 1]
    """
    return list(accumulate(int(isinstance(one, Sentence) and one.starts_document) for one in sentences))


def windows(lengths: Sequence[int], numbers: Sequence[int], context: int) -> list[int]:
    """How many sentences each window holds, one after the other: as many of a document as have `context` tokens at
    most, and `PADDED` times as many with padding, but at least one. One without tokens takes nothing.

    Args:
        lengths: The tokens of each sentence.
        numbers: The number of its document.
        context: Tokens of a window.

    Example:
        >>> windows([3, 4, 2, 9, 1], [0, 0, 0, 0, 1], 7)
        [2, 1, 1, 1]
    """
    sizes: list[int] = []
    tokens, longest, rows, last = context + 1, 0, 0, None
    for length, number in zip(lengths, numbers, strict=True):
        longest, more = max(longest, length), length > 0
        over = tokens + length > context or longest * (rows + more) > PADDED * context
        if over or number != last:
            sizes.append(0)
            tokens, longest, rows, last = 0, length, 0, number
        sizes[-1] += 1
        rows += more
        tokens += length
    return sizes


def whole(chunks: Iterable[list[Item]], context: int) -> Iterator[list[Item]]:
    """Chunks that end where a window does, so that answers do not depend on where the given ones end: the last window
    of a chunk waits for the next one. What came before an error comes out before it.

    Args:
        chunks: The sentences of a file, or texts of several, in chunks.
        context: Tokens of a window; 0 for none, which leaves the chunks as they are.
    """
    if not context:
        yield from chunks
        return
    held: list[Item] = []
    try:
        for chunk in chunks:
            held += chunk
            last = windows(list(map(len, held)), documents(held), context)[-1]
            if last < len(held):
                yield held[:-last]
                held = held[-last:]
    except DataError:
        if held:
            yield held
        raise
    if held:
        yield held
