"""Training with one seed, and the scores of what comes of it."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seqtag.network import runtime
from seqtag.support.errors import Diverged, Error, UsageError
from seqtag.support.interrupt import Stop
from seqtag.training.checkpoint import Checkpoint, State
from seqtag.training.events import Listener, Note
from seqtag.training.job import Job, PlannedJob, SeedResult
from seqtag.training.run import Run

_TURN = threading.Lock()  # of the thread that trains
_THREAD = threading.local()  # .trains: whether it is this one


@dataclass(frozen=True)
class Saving:
    """Where the state of a run is kept, and where it goes on from.

    Attributes:
        checkpoint: The checkpoint, written after each epoch.
        every: Steps between two checkpoints within an epoch; 0 for none.
        state: The state to go on from, if there is one.
    """

    checkpoint: Checkpoint
    every: int = 0
    state: State | None = None


@dataclass(frozen=True)
class Trained:
    """A run that is over.

    Attributes:
        job: What was trained; its network has the weights of the best epoch.
        weights: These weights, as the model keeps them.
        result: What the run came to.
    """

    job: Job
    weights: dict[str, Any]
    result: SeedResult[Any]


def train_seed(
    planned: PlannedJob,
    *,
    listener: Listener = lambda event: None,
    stop: Stop | None = None,
    saving: Saving | None = None,
    debug: bool = False,
) -> Trained:
    """Trains with one seed, and scores the best epoch on dev and, where there is one, on test. It waits until no other
    thread trains.

    Args:
        planned: What is trained.
        listener: Receives what was prepared, each step and each epoch.
        stop: Asked whether to stop.
        saving: Where the state is kept; nowhere if None.
        debug: Whether TensorFlow may print.

    Raises:
        Diverged: Numbers were not finite before there was an epoch to keep.
        Error: The network cannot be built, or its export differs from it.
        UsageError: The listener of a training has called this.
        Interrupted: `stop` was asked to.
    """
    stop = stop or Stop()
    with _turn(listener):
        runtime.start(planned.seed, debug=debug)
        started = time.perf_counter()
        job = planned.make()
        run = Run(job, started)
        listener(job.prepared)
        if saving is None:
            run.fit(listener, stop)
        else:
            if saving.state is not None:
                with saving.checkpoint.trusted():
                    run.restore(saving.state)
                listener(Note(f"resumed {saving.state.place}"))
            run.fit(listener, stop, saving.checkpoint.save, saving.every)
        stop.check()
        try:
            weights, temperatures = job.calibrated(run.best_weights)
            dev, test = job.score(weights)
        except Error:
            if run.stopped:
                raise Diverged(f"{run.stopped} No model was written.") from None
            raise
        result = planned.result(
            seed=planned.seed,
            history=run.history,
            best_epoch=run.best_epoch,
            dev=dev,
            test=test,
            seconds=run.seconds,
            gradients=run.ledger.gradients(),
            stopped=run.stopped,
            temperatures=temperatures,
        )
        return Trained(job, weights, result)


@contextlib.contextmanager
def _turn(listener: Listener) -> Iterator[None]:
    """Within, no other thread of the process trains: all share the random state of TensorFlow, Keras and NumPy.

    Raises:
        UsageError: This thread is in the middle of a training.
    """
    if getattr(_THREAD, "trains", False):
        raise UsageError("training cannot begin within another training, as in its on_event.")
    if _TURN.locked():
        listener(Note("waiting for another training of this process to end"))
    with _TURN:
        _THREAD.trains = True
        try:
            yield
        finally:
            _THREAD.trains = False


def spread(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; the latter is 0 for one score."""
    return statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0
