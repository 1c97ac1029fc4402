"""The trials of a search for settings, as Optuna keeps them in a journal file or a database.

One command asks for trials and tells how they end; its processes only train. A journal belongs to one command. A
database is shared by any number of them: each says from time to time that its trials are alive, and the trials of one
that has died are run again by another.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.settings.space import Choices, Range, Space, Value
from seqtag.support.json_decoder import decode
from seqtag.tasks import study_storage
from seqtag.tasks.study_storage import StudyStorage
from seqtag.training.rows import Row

if TYPE_CHECKING:
    import optuna

# What a trial is for. Those without a role are drawn by the sampler.
OWN, GRID, FINAL, AGAIN = "own", "grid", "final", "again"
ROLE, CHOICE, SEED, ROW = "role", "choice", "seed", "row"  # attributes of a trial
SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("halving", "median", "hyperband", "none")


@dataclass(frozen=True)
class Trial:
    """A trial that is to be run.

    Attributes:
        number: The study's number of it, from 0.
        choice: The values that it has for the settings that are varied.
        role: What it is for: `own` (the settings as they were given), `grid`, `final` (a further seed of one of the
            best), `again` (in place of one whose command died) or, drawn by the sampler, None.
        seed: Its seed; None for that of the settings.
    """

    number: int
    choice: dict[str, Value]
    role: str | None
    seed: int | None


@dataclass(frozen=True)
class TrialResult:
    """A trial that has ended.

    Attributes:
        trial: The trial.
        row: Its row.
        gain: The gain of its score; None where it has none.
        pruned: Whether it was ended early.
        gains: The gain after each epoch, by epoch.
    """

    trial: Trial
    row: Row
    gain: float | None
    pruned: bool
    gains: dict[int, float]


class Study:
    """The trials of a search. A context manager, which closes connections to a database.

    Args:
        name: Equal for searches that share their trials.
        space: The settings that are varied.
        storage: A journal file that no other process uses, or the URL of a database.
        sampler: One of `SAMPLERS`.
        pruner: One of `PRUNERS`.
        seed: The seed of the sampler; without effect on a database, where commands must not draw the same.
        say: Receives what a user should know.
        check: Called while a database is away; it may raise.

    Raises:
        Error: The storage cannot be used.
    """

    def __init__(
        self,
        name: str,
        space: Space,
        storage: Path | str,
        *,
        sampler: str = "tpe",
        pruner: str = "halving",
        seed: int = 0,
        say: Callable[[str], None] = lambda text: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._say = say
        self._sampler = sampler
        self._seed = seed
        self._running: dict[int, optuna.Trial] = {}
        self._empty: dict[int, float] = {}  # trials elsewhere without values, and since when
        self._alive = time.monotonic()  # when the trials last gave a sign of life
        self._storage = StudyStorage(storage, say, check)
        self._study = self._storage.kept(
            lambda: optuna.create_study(
                study_name=name,
                storage=self._storage.open(self._again),
                direction="maximize",
                pruner=pruner_of(pruner),
                load_if_exists=True,
            )
        )
        self._storage.patience = study_storage.PATIENCE
        if not self._storage.is_shared:
            for trial in self._trials():
                if trial.state.name == "RUNNING":  # of a command that was killed
                    self._fail(trial)

    def __enter__(self) -> "Study":
        return self

    def __exit__(self, *problem: object) -> None:
        self._storage.close()

    def plan(self, wanted: Iterable[tuple[str, Mapping[str, Value], int | None]]) -> None:
        """Puts trials with a given role, choice and seed in the queue, those that are not in the study yet."""
        there = {_identity(trial) for trial in self._trials() if _is_live(trial)}
        for role, choice, seed in wanted:
            attributes = {ROLE: role, CHOICE: dict(choice), SEED: seed}
            if _identity_of(attributes) not in there:
                self._storage.kept(lambda attributes=attributes: self._queue(attributes))  # type: ignore[misc]

    def ask(self, most: int) -> Trial | None:
        """The next trial; None if there is none now.

        Args:
            most: How many trials there are in all, further seeds not counted; more are drawn until then.
        """
        self.keep_alive()
        trials = self._trials()
        waiting = any(trial.state.name == "WAITING" for trial in trials)
        if not waiting and sum(map(_counts, trials)) >= most:
            return None
        asked = self._storage.kept(
            partial(self._drawn, None if self._storage.is_shared else self._seed + len(trials))
        )
        self._running[asked.number] = asked
        self._record(asked)
        trial = self._storage.kept(lambda: self._chosen(asked))
        if self._is_surplus(asked, most):
            self._tell(asked.number, "FAIL")
            return self.ask(most)
        return trial

    def report(self, number: int, epoch: int, gain: float) -> bool:
        """Takes the gain of a trial after an epoch; returns whether it should go on."""
        trial = self._running[number]
        with suppress(_gone()):
            self._storage.kept(lambda: trial.report(gain, epoch))
            if trial.user_attrs.get(ROLE) in (None, AGAIN):
                return not self._storage.kept(trial.should_prune)
        return True

    def end(self, number: int, row: Row, gain: float | None, *, pruned: bool = False) -> bool:
        """Takes how a trial has ended; returns whether that counts, which it does not where another command took it
        for dead.
        """
        trial = self._running[number]
        with suppress(_gone()):
            self._storage.kept(lambda: trial.set_user_attr(ROW, asdict(row)))
            state = "PRUNED" if pruned else "FAIL" if gain is None else "COMPLETE"
            self._tell(number, state, gain)
            return True
        del self._running[number]
        return False

    def release(self) -> None:
        """Puts the trials under way back into the queue, for the next command that continues the study.

        Raises:
            Error: The storage cannot be used now.
        """
        self._storage.patience = 0.0
        for trial in self._trials():
            if trial.number in self._running and trial.state.name == "RUNNING":
                self._fail(trial)
        self._running.clear()

    def keep_alive(self) -> None:
        """Gives a sign of life, if it is time to, and puts trials of commands that died into the queue again."""
        if self._storage.is_shared and time.monotonic() - self._alive >= study_storage.HEARTBEAT:
            self._alive = time.monotonic()
            for trial in self._running.values():
                self._record(trial)
            self._storage.kept(self._fail_stale)

    def unfinished(self) -> int:
        """How many trials are waiting or under way, here or elsewhere."""
        return sum(trial.state.name in ("WAITING", "RUNNING") for trial in self._trials())

    def results(self) -> list[TrialResult]:
        """The trials that have ended, by number."""
        found = []
        for trial in self._trials():
            if trial.state.is_finished() and ROW in trial.user_attrs and _is_live(trial):
                row = decode(Row, trial.user_attrs[ROW])
                complete = trial.state.name == "COMPLETE"
                gain = trial.value if complete else None
                pruned = trial.state.name == "PRUNED"
                found.append(TrialResult(_trial(trial), row, gain, pruned, dict(trial.intermediate_values)))
        return found

    def importances(self) -> dict[str, float]:
        """How much of the score goes by each setting, the largest first (Watanabe et al. 2023, PED-ANOVA); empty if
        there are too few trials to say.
        """
        from optuna.importance import get_param_importances

        complete = [trial for trial in self._trials() if trial.state.name == "COMPLETE" and trial.params]
        if len({trial.value for trial in complete}) < 4:
            return {}
        return dict(self._storage.kept(lambda: get_param_importances(self._study)))

    def _drawn(self, seed: int | None) -> "optuna.Trial":
        self._study.sampler = _sampler(self._sampler, seed)
        return self._study.ask()

    def _chosen(self, asked: "optuna.Trial") -> Trial:
        """The trial with the values that the sampler gives it, or that it was queued with."""
        queued = asked.user_attrs.get(CHOICE)
        if queued is None or self._space.holds(queued):  # not settings as given that could not be drawn
            choice: dict[str, Value] = {}
            for dimension in self._space.dimensions:
                if dimension.is_varied(choice):
                    choice[dimension.path] = _suggested(asked, dimension.path, dimension.values)
            asked.set_user_attr(CHOICE, choice)
        return _trial(asked)

    def _queue(self, attributes: Mapping[str, Any]) -> None:
        params = attributes[CHOICE] if self._space.holds(attributes[CHOICE]) else {}
        self._study.enqueue_trial(dict(params), user_attrs=dict(attributes))

    def _fail(self, trial: "optuna.trial.FrozenTrial") -> None:
        """Ends a trial that nobody runs any more, and queues it again."""
        import optuna

        with suppress(_gone()):
            self._storage.kept(lambda: self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL))
            self._again(self._study, trial)

    def _again(self, study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        """Queues a trial again that was not finished, unless no values had been drawn for it."""
        attributes = {ROLE: AGAIN, SEED: None} | trial.user_attrs
        attributes.pop(ROW, None)
        if CHOICE in attributes and not _has_failed(trial):
            self._storage.kept(lambda: self._queue(attributes))
            self._say(f"trial {trial.number} was not finished; it goes back into the queue")

    def _is_surplus(self, asked: "optuna.Trial", most: int) -> bool:
        """Whether another command had the same trial, or the last one, at the same time."""
        if asked.user_attrs.get(ROLE) == AGAIN:
            return False
        before = [trial for trial in self._trials() if trial.number < asked.number and _is_live(trial)]
        role = asked.user_attrs.get(ROLE)
        if role in (OWN, GRID, FINAL):
            return _identity_of(asked.user_attrs) in map(_identity, before)
        return sum(map(_counts, before)) >= most

    def _tell(self, number: int, state: str, gain: float | None = None) -> None:
        import optuna

        trial = self._running[number]
        value = gain if state == "COMPLETE" else None
        wanted = optuna.trial.TrialState[state]
        told = self._storage.kept(lambda: self._study.tell(trial, value, state=wanted, skip_if_finished=True))
        if told.state != wanted:
            raise _gone()(f"trial {number} has ended elsewhere")
        del self._running[number]

    def _trials(self) -> list["optuna.trial.FrozenTrial"]:
        return self._storage.kept(lambda: self._study.get_trials(deepcopy=False))

    def _record(self, trial: "optuna.Trial") -> None:
        if self._storage.is_shared:
            self._storage.kept(lambda: self._study._storage.record_heartbeat(trial._trial_id))  # type: ignore[attr-defined]

    def _fail_stale(self) -> None:
        """Ends trials of commands that died. One that was lost between being made and being known to its command, as by
        a database that went away just then, has no sign of life that could be missed, and no values.
        """
        import optuna

        optuna.storages.fail_stale_trials(self._study)
        now = time.monotonic()
        empty = {
            trial.number: trial
            for trial in self._trials()
            if trial.state.name == "RUNNING"
            and trial.number not in self._running
            and not trial.params
            and trial.user_attrs.get(ROLE) != OWN
        }
        self._empty = {number: self._empty.get(number, now) for number in empty}
        for number, since in self._empty.items():
            if now - since > study_storage.GRACE:
                self._fail(empty[number])


def _sampler(name: str, seed: int | None) -> "optuna.samplers.BaseSampler":
    """What draws the values of one trial; a sampler with the same seed would draw the same ones for another trial, as
    after a restart.
    """
    import optuna

    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, group=True, n_startup_trials=8)
    return optuna.samplers.RandomSampler(seed=seed)  # a grid is queued, not drawn


def pruner_of(name: str) -> "optuna.pruners.BasePruner":
    """What ends trials early: one of `PRUNERS`."""
    import optuna

    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3)
    if name == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=2, reduction_factor=3)
    return optuna.pruners.NopPruner()


def _suggested(trial: "optuna.Trial", path: str, values: Choices | Range) -> Value:
    """The value that the sampler chooses for a setting."""
    if isinstance(values, Choices):
        return trial.suggest_categorical(path, values.values)
    if values.whole:
        low, high, step = int(values.low), int(values.high), int(values.step or 1)
        return trial.suggest_int(path, low, high, step=step, log=values.log)
    return values.plain(trial.suggest_float(path, values.low, values.high, step=values.step, log=values.log))


def _trial(trial: "optuna.Trial | optuna.trial.FrozenTrial") -> Trial:
    attributes = trial.user_attrs
    return Trial(trial.number, dict(attributes[CHOICE]), attributes.get(ROLE), attributes.get(SEED))


def _is_live(trial: "optuna.trial.FrozenTrial") -> bool:
    """Whether a trial counts for something; one that ended as failed, but whose run did not fail, was given up or was
    not needed.
    """
    return trial.state.name != "FAIL" or _has_failed(trial)


def _has_failed(trial: "optuna.trial.FrozenTrial") -> bool:
    """Whether its run has failed. A command that was killed may have left the row of a run, and the trial open."""
    return bool(trial.user_attrs.get(ROW, {}).get("error"))


def _counts(trial: "optuna.trial.FrozenTrial") -> bool:
    return _is_live(trial) and trial.user_attrs.get(ROLE) != FINAL


def _identity(trial: "optuna.trial.FrozenTrial") -> Any:
    return _identity_of(trial.user_attrs)


def _identity_of(attributes: Mapping[str, Any]) -> Any:
    if attributes.get(ROLE) == OWN:
        return OWN
    choice = sorted(attributes.get(CHOICE, {}).items())
    return repr((attributes.get(ROLE), choice, attributes.get(SEED)))


def _gone() -> type[Exception]:
    """What Optuna raises where another command has ended a trial."""
    from optuna.exceptions import UpdateFinishedTrialError

    return UpdateFinishedTrialError
