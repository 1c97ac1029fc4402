"""One run with one seed: epochs, dev scores, the best weights, and a snapshot between any two steps."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from seqtag.support.errors import Diverged
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.training.checkpoint import State
from seqtag.training.events import Epoch, Listener, Progress
from seqtag.training.job import Batch, Job
from seqtag.training.ledger import Ledger
from seqtag.training.schedules import learning_rate
from seqtag.training.snapshot import Arrays, Snapshot, UnderWay, Values


class Run:
    """The state of a training run.

    Args:
        job: What is trained, and how it is scored.
        started: When the run began by `time.perf_counter`; now, if None.
    """

    def __init__(self, job: Job, started: float | None = None) -> None:
        from seqtag.network.fit import Trainer

        self._started = time.perf_counter() if started is None else started
        self.job = job
        self.network = job.network
        self.settings = job.config.training
        self.measure = job.prepared.measure
        self.trainer = Trainer(self.network, self.settings)
        self.ledger = Ledger(self.trainer.names)
        self.stopped = ""
        self.history: list[Epoch] = []
        self.under_way = UnderWay(1)
        self.recent: deque[Arrays] = deque(maxlen=self.settings.averaging_epochs)
        self.best_epoch = 0
        self.best_weights: Arrays = {}

    def fit(
        self,
        listener: Listener,
        stop: Stop | None = None,
        keep: Callable[[State], None] = lambda state: None,
        every: int = 0,
    ) -> list[Epoch]:
        """Trains until the epochs or the patience are used up, or until a loss or a gradient is not finite: then
        `stopped` says what happened.

        Args:
            listener: Receives each step and each epoch.
            stop: Asked after each step, and while dev is scored, whether to end here.
            keep: Takes the state after each epoch, and where the run is stopped.
            every: Takes it after so many steps of an epoch as well; 0 for none.

        Raises:
            Diverged: This happened in the first epoch, so that there is nothing to keep.
            Interrupted: `stop` was asked to; `keep` has the state.
        """
        stop = stop or Stop()

        def stepped(steps: int) -> None:
            if every and steps % every == 0:
                keep(self.state())
            stop.check()

        if not self._finished:
            self.trainer.trace()  # nothing is lost so far, so a signal need not wait for it
        with stop.held():
            while not self._finished:
                try:
                    epoch = self._epoch(listener, stepped, stop)
                except Diverged as problem:
                    self._diverged(problem)
                    break
                except Interrupted:
                    keep(self.state())
                    raise
                self.history.append(epoch)
                self.under_way = UnderWay(epoch.number + 1)
                keep(self.state())  # the listener may fail
                listener(epoch)
        return self.history

    @property
    def seconds(self) -> float:
        """How long the run has taken so far, without the time before it was resumed."""
        return time.perf_counter() - self._started

    @property
    def _finished(self) -> bool:
        """Whether the epochs or the patience are used up."""
        done, patience = len(self.history), self.settings.patience
        # To have learnt nothing is no start: many a tagger finds its first entity only after some epochs.
        begun = self._best_gain > self.measure.nothing
        waited = done - self.best_epoch if patience and begun else -1
        return done >= self.settings.epochs or waited >= patience

    @property
    def _best_gain(self) -> float:
        """The gain of the best epoch; less than any other before there is one."""
        if not self.best_epoch:
            return float("-inf")
        return self._gains()[self.best_epoch - 1]

    def _gains(self) -> list[float]:
        """The gain of each epoch that is done, by which schedules go."""
        return [self.measure.gain(epoch.dev_score) for epoch in self.history if epoch.dev_score is not None]

    def _diverged(self, problem: Diverged) -> None:
        """Takes note of a loss or a gradient that is not finite; raises it if there is nothing to keep."""
        if not self.history:
            raise problem
        self.stopped = str(problem)

    def state(self) -> State:
        """Everything that the rest of the run depends on and that settings and corpora do not give."""
        values = Values(self.under_way, self.history, self.best_epoch, self.trainer.ticks, self.seconds)
        snapshot = Snapshot(
            values, self._variables(), self.ledger.arrays(), self.best_weights, list(self.recent)
        )
        return snapshot.to_state()

    def restore(self, state: State) -> None:
        """Goes on from a state that a run of the same settings and corpora gave.

        Raises:
            ValueError: The state is of another network; like a KeyError or a TypeError, which come of a state that is
                none, it leaves the run unfit for use.
        """
        snapshot = Snapshot.of(state)
        snapshot.check(self._variables(), self.network.named_weights(), self.settings.averaging_epochs)
        for name, variable in self.trainer.variables.items():
            variable.assign(snapshot.variables[name])
        self.ledger.take(snapshot.ledger)
        self.best_weights = snapshot.best_weights
        self.recent.extend(snapshot.recent)
        values = snapshot.values
        self.trainer.ticks = values.ticks
        self.best_epoch, self.history, self.under_way = values.best_epoch, values.history, values.under_way
        self._started = time.perf_counter() - values.seconds

    def _variables(self) -> Arrays:
        return {name: variable.numpy() for name, variable in self.trainer.variables.items()}

    def _epoch(self, listener: Listener, stepped: Callable[[int], None], stop: Stop) -> Epoch:
        """Trains the epoch that is under way to its end; `stepped` receives the number of each step."""
        now = self.under_way
        started = time.perf_counter() - now.seconds
        self._train(started, listener, stepped)
        self.trainer.settle()
        rate = learning_rate(self.settings, now.number - 1, self._gains())
        trained = now.seconds = time.perf_counter() - started
        dev_score, best = self._assess(stop)
        return Epoch(
            number=now.number,
            loss=float(np.mean(now.losses)),
            dev_score=dev_score,
            gradient_norm=float(np.mean(now.norms)),
            clipped=float(np.mean(now.clipped)),
            tokens_per_second=now.tokens / trained,
            seconds=time.perf_counter() - started,
            best=best,
            learning_rate=rate,
        )

    def _train(self, started: float, listener: Listener, stepped: Callable[[int], None]) -> None:
        """The steps that the epoch under way, begun at `started`, still lacks."""
        now, of_tokens = self.under_way, self.job.tokens
        gains = self._gains()
        total = sum(now.losses)
        for batch in self.job.batches(now.number, len(now.losses)):
            progress = now.number - 1 + now.tokens / of_tokens
            self.network.progress(progress)
            self._step(batch, learning_rate(self.settings, progress, gains))
            now.seconds = time.perf_counter() - started
            total += now.losses[-1]
            listener(Progress(now.number, now.tokens, of_tokens, total / len(now.losses)))
            stepped(len(now.losses))

    def _step(self, batch: Batch, rate: float) -> None:
        """Takes a step of the epoch under way.

        Raises:
            Diverged: Its loss or its gradient is not finite.
        """
        now = self.under_way
        step = self.trainer.step(batch.inputs, batch.targets, rate)
        if not (np.isfinite(step.loss) and np.isfinite(step.gradient_norm)):
            raise Diverged(
                f"training stopped in epoch {now.number}, step {len(now.losses) + 1}: loss {step.loss}, gradient "
                f"norm {step.gradient_norm}. {self.ledger.culprit(step.norms)} {self.job.describe(batch.examples)} "
                "Lower the learning rate or set a smaller clipping norm."
            )
        self.ledger.add(step.gradient_norm, step.clipped, step.norms, step.clipped_norms)
        now.losses.append(step.loss)
        now.norms.append(step.gradient_norm)
        now.clipped.append(step.clipped)
        now.tokens += int(batch.inputs["lengths"].sum())

    def _assess(self, stop: Stop) -> tuple[float | None, bool]:
        """The dev score of the epoch under way, if it has one, and whether it is the best so far; keeps its weights if
        so.

        Raises:
            Interrupted: `stop` was asked to; all is as it was before.
        """
        dev_score, candidate = self._score_dev(stop)
        gain, best_gain = self.measure.gain(dev_score), self._best_gain
        # Of epochs that all found nothing the last one has learnt the most.
        best = gain > best_gain or gain == best_gain == self.measure.nothing
        if best:
            self.best_epoch, self.best_weights = self.under_way.number, candidate
        return dev_score, best

    def _candidate(self, weights: Arrays) -> tuple[Arrays, deque[Arrays]]:
        """The weights that the epoch under way comes to, the network's own, which are given, or an average as the
        settings say; and those of the last epochs with its own.
        """
        candidate, recent = weights, self.recent.copy()
        if self.settings.averaging == "ema":
            candidate = self.trainer.averaged()
        elif self.settings.averaging == "swa":
            recent.append(weights)
            candidate = {name: np.mean([past[name] for past in recent], axis=0) for name in weights}
        return candidate, recent

    def _score_dev(self, stop: Stop) -> tuple[float, Arrays]:
        """The dev score, and the weights that have it.

        Raises:
            Interrupted: `stop` was asked to; all is as it was before.
        """
        weights: dict[str, Any] = self.network.named_weights()
        candidate, recent = self._candidate(weights)
        self.network.assign_weights(candidate)
        try:
            score = self.job.score_dev(stop)
        finally:
            self.network.assign_weights(weights)
        self.recent = recent
        return score, candidate
