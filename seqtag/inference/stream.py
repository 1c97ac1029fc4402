"""A stream of sentences in chunks, in bounded memory: large ones from a file, whatever has arrived from a pipe."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator

from seqtag.corpora.sentence import Sentence
from seqtag.inference.tagger import CHUNK
from seqtag.support.errors import DataError

READ_AHEAD = CHUNK  # sentences that a pipe's reader may be ahead of the tagger
# Tokens at which a chunk ends before it has `CHUNK` sentences: a line may be a whole document.
CHUNK_TOKENS = 1 << 17


def chunks(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """All sentences in chunks of about one size; what came before an error comes out before it."""
    chunk: list[Sentence] = []
    tokens = 0
    try:
        for sentence in sentences:
            chunk.append(sentence)
            tokens += len(sentence)
            if len(chunk) == CHUNK or tokens >= CHUNK_TOKENS:
                yield chunk
                chunk, tokens = [], 0
    except DataError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def as_they_come(sentences: Iterator[Sentence]) -> Iterator[list[Sentence]]:
    """Chunks of what has arrived by now: a pipe's first line is answered before its second is there."""
    arrived = _Arrived()

    def fetch() -> None:
        end: BaseException | None = None
        try:
            for sentence in sentences:
                if not arrived.put(sentence):
                    return
        except BaseException as problem:  # handed over whole to the thread that can report it
            end = problem
        arrived.end(end)

    threading.Thread(target=fetch, daemon=True).start()
    try:
        while chunk := arrived.chunk():
            yield chunk
    finally:
        arrived.stop()


class _Arrived:
    """What a pipe's reader has read and the tagger has not asked for yet, bounded in sentences and in tokens."""

    def __init__(self) -> None:
        self._sentences: deque[Sentence] = deque()
        self._tokens = 0
        self._ended = False
        self._problem: BaseException | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def put(self, sentence: Sentence) -> bool:
        """Waits until there is room; False if nobody asks any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or (len(self._sentences) < READ_AHEAD and self._tokens < CHUNK_TOKENS)
            )
            self._sentences.append(sentence)
            self._tokens += len(sentence)
            self._changed.notify_all()
            return not self._stopped

    def end(self, problem: BaseException | None) -> None:
        """Nothing more will come, because of the problem if there is one."""
        with self._changed:
            self._ended, self._problem = True, problem
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody will ask any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def chunk(self) -> list[Sentence]:
        """All that is there, at least one as soon as there is one; none at the end, unless that was a problem."""
        with self._changed:
            self._changed.wait_for(lambda: self._sentences or self._ended)
            found = list(self._sentences)
            self._sentences.clear()
            self._tokens = 0
            self._changed.notify_all()
            if not found and self._problem is not None:
                raise self._problem
            return found
