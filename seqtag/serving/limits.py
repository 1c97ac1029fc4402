"""What a request may hold."""

from dataclasses import dataclass

from seqtag.support.errors import UsageError

MOST_NBEST = 100


@dataclass(frozen=True)
class Limits:
    """What a request may hold, and how many sentences may wait.

    Attributes:
        body: Bytes of a request.
        sentences: Sentences of a request.
        characters: Characters of a sentence, times `nbest` where that is asked for; tokens count with a space between
            them.
        queue: Sentences that wait for a model. A request that finds no room is refused.
        batch: Sentences that are answered together.
        requests: Requests that are worked on at once, those included whose body is still coming.
        seconds: How long the body of a request may be in coming.
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
                "never find room; expected as many at least."
            )


USUAL = Limits()
