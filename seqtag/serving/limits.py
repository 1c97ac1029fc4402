"""Limits on requests."""

from dataclasses import dataclass

from seqtag.support.errors import UsageError

MOST_NBEST = 100


@dataclass(frozen=True)
class Limits:
    """Limits on a request, and on the requests that are handled at once.

    Attributes:
        body: Bytes of a request.
        sentences: Sentences of a request.
        characters: Characters of a sentence, times `nbest` where that is asked for; tokens count with a space between
            them.
        queue: Sentences that may wait for a model; a request that does not fit is refused.
        batch: Sentences that are answered together.
        requests: Requests in progress, including those whose body is still arriving.
        seconds: How long the body of a request may take to arrive.
    """

    body: int = 1 << 20
    sentences: int = 256
    characters: int = 10_000
    queue: int = 1024
    batch: int = 64
    requests: int = 2048
    seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.sentences > self.queue:
            raise UsageError(
                f"--queue {self.queue}: a request may have {self.sentences} sentences (--max-sentences), which would "
                "never fit; expected at least as many."
            )


USUAL = Limits()
