"""Training with one seed, and the scores of what comes of it."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seqtag.evaluation.trained_on import BOTH, TRAIN, marked
from seqtag.network import runtime
from seqtag.support.errors import Diverged, Error, UsageError
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import counted
from seqtag.training.checkpoint import Checkpoint, State
from seqtag.training.events import Listener, Note, Resumed
from seqtag.training.final import FinalRun, FirstRun
from seqtag.training.job import Final, Job, PlannedFinal, PlannedJob, Scored, SeedResult
from seqtag.training.run import Run

_TURN = threading.Lock()  # of the thread that trains
_THREAD = threading.local()  # .trains: whether it is this one


@dataclass(frozen=True)
class Saving:
    """Where the state of a run is kept, and where it goes on from.

    Attributes:
        checkpoint: The checkpoint, written after each epoch; None for none.
        every: Steps between two checkpoints within an epoch; 0 for none.
        state: The state to go on from, if there is one.
    """

    checkpoint: Checkpoint | None
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
    """Trains with one seed, and scores the best epoch on dev and, where there is one, on test; a run on train and dev
    follows if it is planned, and then its model is scored on test. It waits until no other thread trains.

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
        session = _Session(planned, listener, stop, saving or Saving(None), debug)
        first = session.first()
        if first is None:
            trained = session.choose()
            if planned.final is None or trained.result.stopped:
                return trained
            first = FirstRun(
                replace(trained.result, dev=marked(trained.result.dev, TRAIN)), trained.job.facts()
            )
            del trained  # two networks take twice the memory
            epochs = counted(first.result.best_epoch, "epoch")
            listener(Note(f"training again on train and dev, from the start, for {epochs}"))
            return session.finish(planned.final, first)
        return session.finish(planned.final, first, resumed=True)


@dataclass(frozen=True)
class _Session:
    """The runs of a seed: one that chooses the epochs and, if that is planned, one on train and dev.

    Attributes:
        planned: What is trained.
        listener: Receives the events.
        stop: Asked whether to stop.
        saving: Where the state is kept.
        debug: Whether TensorFlow may print.
    """

    planned: PlannedJob
    listener: Listener
    stop: Stop
    saving: Saving
    debug: bool

    def first(self) -> FirstRun | None:
        """What the first run came to, where the state to go on from is one of the second."""
        checkpoint, state = self.saving.checkpoint, self.saving.state
        if checkpoint is None or state is None:
            return None
        with checkpoint.trusted():
            return FirstRun.of(state, self.planned.result)

    def choose(self) -> Trained:
        """The run that chooses the epochs."""
        started = time.perf_counter()
        runtime.start(self.planned.seed, debug=self.debug)
        job = self.planned.make()
        run = Run(job, started)
        self.listener(job.prepared)
        self._fit(run, self.saving.state)
        try:
            weights, fitted = job.calibrated(run.best_weights)
            dev, test = job.score(weights)
        except Error:
            if run.stopped:
                raise Diverged(f"{run.stopped} No model was written.") from None
            raise
        if (before := job.prepared.before) is not None:
            self._compare(before, dev)
        result = self.planned.result(
            seed=self.planned.seed,
            history=run.history,
            best_epoch=run.best_epoch,
            dev=dev,
            test=test,
            seconds=run.seconds,
            gradients=run.ledger.gradients(),
            stopped=run.stopped,
            fitted=fitted,
        )
        return Trained(job, weights, result)

    def _compare(self, before: float, dev: Scored) -> None:
        """Says so if no epoch is better on dev than the model from which training continued."""
        measure = dev.measure
        if measure.gain(dev.main) <= measure.gain(before):
            was, now = measure.text(before), measure.text(dev.main)
            self.listener(
                Note(
                    f"no epoch is better on dev than the model that training continued from: {measure.title} {now}, "
                    f"before {was}",
                    "warning",
                )
            )

    def finish(self, planned: PlannedFinal | None, first: FirstRun, *, resumed: bool = False) -> Trained:
        """The run on train and dev."""
        if planned is None:
            raise ValueError("the state is that of a run on train and dev, which is not planned")
        started = time.perf_counter()
        runtime.start(self.planned.seed, debug=self.debug)
        job = planned.make()
        run = FinalRun(job, first, started)
        if resumed:
            self.listener(job.prepared)
        self._fit(run, self.saving.state if resumed else None)
        weights, _ = job.calibrated(run.best_weights, first.result.fitted)
        _, test = job.score(weights)
        result = replace(
            first.result,
            test=test and marked(test, BOTH),
            seconds=first.result.seconds + run.seconds,
            final=Final([epoch.loss for epoch in run.history], planned.sentences, first.facts),
        )
        return Trained(job, weights, result)

    def _fit(self, run: Run, state: State | None) -> None:
        """Trains a run to its end, from the state if there is one."""
        checkpoint = self.saving.checkpoint
        if checkpoint is None:
            run.fit(self.listener, self.stop)
        else:
            if state is not None:
                with checkpoint.trusted():
                    run.restore(state)
                self.listener(Note(f"resumed {state.place}"))
                self.listener(Resumed(tuple(run.history)))
            run.fit(self.listener, self.stop, checkpoint.save, self.saving.every)
        self.stop.check()


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
