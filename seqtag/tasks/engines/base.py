"""What an engine is to the stage that uses it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.work import Outcome, ShardJob


def nothing(workers: int) -> None:
    """Does nothing; unlike a lambda, it can be pickled."""


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs.

    Attributes:
        workers: How many workers there are; 0 for as many as there are cores.
        address: The cluster to run on; empty to start one on this machine.
        debug: Whether the engine may print.
        started: Called with the number of workers, once the engine has started.
    """

    workers: int = 0
    address: str = ""
    debug: bool = False
    started: Callable[[int], None] = nothing


class Engine(Protocol):
    """Runs workers."""

    def __call__(self, job: ShardJob, shards: Sequence[Shard], options: EngineOptions) -> Iterator[Outcome]:
        """The outcome of each shard as it comes, in any order; the engine ends with the iterator.

        Raises:
            Error: The engine cannot start, or has failed.
        """
        ...
