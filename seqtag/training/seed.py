"""Training with one seed, and the scores of what comes of it."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from seqtag.evaluation.scoring import Score
from seqtag.features.vectors import Vectors
from seqtag.network import runtime
from seqtag.settings.config import Config
from seqtag.support.errors import Diverged, Error, UsageError
from seqtag.support.interrupt import Stop
from seqtag.training.checkpoint import Checkpoint, State
from seqtag.training.events import Epoch, Listener, Note
from seqtag.training.ledger import Gradients
from seqtag.training.run import Run
from seqtag.training.splits import Corpora
from seqtag.training.tagging import Tagging, score_corpus

_TURN = threading.Lock()  # of the thread that trains
_THREAD = threading.local()  # .trains: whether it is this one


@dataclass(frozen=True)
class SeedResult:
    """What training with one seed came to.

    Attributes:
        seed: The seed.
        history: Each epoch.
        best_epoch: The epoch whose weights were kept.
        dev: Their score on dev.
        test: Their score on test, if there is a test file.
        seconds: The whole run.
        gradients: What its gradients were like.
        stopped: Why training stopped before its end, if numbers were not finite; empty otherwise.
    """

    seed: int
    history: list[Epoch]
    best_epoch: int
    dev: Score
    test: Score | None
    seconds: float
    gradients: Gradients | None = None
    stopped: str = ""


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
        task: What was trained; its network has the weights of the best epoch.
        weights: These weights.
        result: What the run came to.
    """

    task: Tagging
    weights: dict[str, Any]
    result: SeedResult


def train_seed(
    config: Config,
    corpora: Corpora,
    vectors: Vectors | None,
    *,
    listener: Listener = lambda event: None,
    stop: Stop | None = None,
    saving: Saving | None = None,
    debug: bool = False,
) -> Trained:
    """Trains with one seed, and scores the best epoch on dev and, where there is one, on test. It waits until no other
    thread trains.

    Args:
        config: The settings, with those filled in that go by the corpus; their seed is the run's.
        corpora: What to train and to score on.
        vectors: Pretrained vectors, if the network reads some.
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
        runtime.start(config.training.seed, debug=debug)
        started = time.perf_counter()
        task = Tagging(config, corpora, vectors)
        run = Run(task, started)
        listener(task.prepared)
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
            tagger = task.best_tagger(run.best_weights)
        except Error:
            if run.stopped:
                raise Diverged(f"{run.stopped} No model was written.") from None
            raise
        scored = partial(score_corpus, tagger, scheme=corpora.scheme, metric=config.training.metric)
        result = SeedResult(
            seed=config.training.seed,
            history=run.history,
            best_epoch=run.best_epoch,
            dev=scored(corpora.dev),
            test=scored(corpora.test) if corpora.test else None,
            seconds=run.seconds,
            gradients=run.ledger.gradients(),
            stopped=run.stopped,
        )
        return Trained(task, run.best_weights, result)


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
