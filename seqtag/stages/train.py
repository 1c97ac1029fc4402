"""The training stage: corpus files and settings in, model folder out."""

import dataclasses
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from seqtag.evaluation import metrics
from seqtag.evaluation.measure import Measure
from seqtag.features.vectors import Vectors
from seqtag.model_folder import folder, layout, replacing
from seqtag.model_folder.card import with_card
from seqtag.model_folder.claims import claimed
from seqtag.settings.config import RunSettings
from seqtag.settings.merging import foreign
from seqtag.settings.schema import check_value
from seqtag.support.errors import Diverged, Error, Finished, ModelError, UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.support.json_decoder import decode
from seqtag.support.quoting import counted, printable
from seqtag.tasks import base as tasks
from seqtag.tasks.base import BASE, Task
from seqtag.training.checkpoint import VECTORS, Checkpoint, Identity, Seeds, State
from seqtag.training.events import Epoch, Listener, Note, Start
from seqtag.training.job import AnyScore, SeedResult
from seqtag.training.report import report, seeds_report
from seqtag.training.seed import Saving, Trained, train_seed

SEEDS = ".seeds"  # ends the name of the folder of the models of all seeds

Read = TypeVar("Read", bound=Start, covariant=True)


@dataclass(frozen=True)
class TrainingResult(Generic[Read, AnyScore]):
    """What training came to.

    Attributes:
        path: The model folder.
        prepared: What was read.
        best: The seed whose model was kept: the best on dev.
        seeds: All seeds, in order.
        seconds: Everything.
        every_seed: The folder with the models of all seeds; None if only the best was kept.
    """

    path: Path
    prepared: Read = field(repr=False)  # whole corpora
    best: SeedResult[AnyScore] = field(repr=False)
    seeds: list[SeedResult[AnyScore]] = field(repr=False)
    seconds: float
    every_seed: Path | None = None

    @property
    def dev(self) -> AnyScore:
        """The kept model's score on dev."""
        return self.best.dev

    @property
    def test(self) -> AnyScore | None:
        """Its score on test, if there is a test file."""
        return self.best.test

    @property
    def history(self) -> list[Epoch]:
        """The epochs of its run."""
        return self.best.history


@dataclass
class Training:
    """A training from its first seed to its last.

    Attributes:
        config: The settings, those that go by the corpus filled in.
        task: The shape of the job.
        data: What was read.
        vectors: The pretrained vectors, if there are any.
        checkpoint: Where the state is kept.
        every: Steps between two checkpoints within an epoch; 0 for none.
        stop: Whether the job has been asked to stop.
        listener: Receives all events.
        kept: The folder for the models of all seeds, each in a folder of its number; None to keep the best alone.
        results: What each finished seed came to.
        files: The model folder of the best of them.
        prepared: What was read, as the seed that was trained last saw it.
        stopped: Why the job ended before its last seed, if numbers were not finite.
    """

    config: RunSettings
    task: Task[Any, Any]
    data: Any
    vectors: Vectors | None
    checkpoint: Checkpoint
    every: int
    stop: Stop
    listener: Listener
    kept: Path | None = None
    results: list[SeedResult[Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    prepared: Start | None = None
    stopped: str = ""

    @property
    def best(self) -> SeedResult[Any]:
        """The best on dev, of equal ones the first."""
        return max(self.results, key=lambda result: result.dev.measure.gain(result.dev.main))

    def resume(self) -> State:
        """Takes over what the finished seeds of the checkpoint came to; returns where the next one stands."""
        state = self.checkpoint.read()
        seeds = self.checkpoint.seeds
        with self.checkpoint.trusted():
            self.results = decode(list[self.task.result], seeds.results)  # type: ignore[name-defined]
            if seeds.files:
                self.task.check(seeds.files, self.vectors)
        if seeds.files:
            self.files = seeds.files | ({VECTORS: self.vectors.packed()} if self.vectors else {})
        return state

    def train(self, seeds: int, state: State | None, *, debug: bool) -> None:
        """Trains with the seeds that are not finished, the first of them from the state, if there is one.

        Raises:
            Diverged: The first seed came to nothing.
        """
        first = self.config.training.seed
        for seed in range(first + len(self.results), first + seeds):
            if seeds > 1:
                self.listener(Note(f"training with seed {seed}, {seed - first + 1} of {seeds}"))
            try:
                trained = train_seed(
                    self.task.planned(seeded(self.config, seed), self.data, self.vectors),
                    listener=self.listener,
                    stop=self.stop,
                    saving=Saving(self.checkpoint, self.every, state),
                    debug=debug,
                )
            except Diverged as problem:
                if not self.results:
                    raise
                self.stopped = str(problem)
                break
            self._add(trained)
            if self.stopped:
                break
            state = None
        if not self.results:
            raise ValueError(f"at least one seed is needed. Received: seeds={seeds}")
        if seeds > 1:
            whole = layout.parsed(self.files["report.json"]) | {"seeds": self._seeds_report()}
            self.files["report.json"] = layout.dump_json(whole)

    def _seeds_report(self) -> dict[str, Any]:
        """What `report.json` holds of all seeds."""
        return seeds_report(
            [result.seed for result in self.results],
            [result.best_epoch for result in self.results],
            [result.dev.main for result in self.results],
            [result.test.main for result in self.results if result.test],
        )

    def _add(self, trained: Trained) -> None:
        """Takes a seed that is finished."""
        job, result = trained.job, trained.result
        self.results.append(result)
        self.prepared, self.stopped = job.prepared, result.stopped
        if self.best is result or self.kept:
            content = self.checkpoint.identity.content if self.checkpoint.identity else {}
            files = job.files(trained.weights, report(job, result) | {"content": content})
            files = with_card(files, self.task.kind)
            if self.best is result:
                self.files = files
            if self.kept:
                self._keep(self.kept / str(result.seed), files)
        kept = {name: content for name, content in self.files.items() if name != VECTORS}
        self.checkpoint.seeds = Seeds([asdict(each) for each in self.results], kept)

    def _keep(self, place: Path, files: dict[str, bytes]) -> None:
        """Writes the model of a seed, unless a run that was resumed has written it before."""
        if not folder.holds(place, files, self.task.kind):
            replacing.write(place, files, self.task.kind, plugins=self.checkpoint.plugins)


def train(
    config: RunSettings,
    train_path: str | Sequence[str],
    dev_path: str | Sequence[str] | None,
    test_path: str | Sequence[str] | None,
    output: Path,
    *,
    task: str = "tagging",
    base: str | None = None,
    seeds: int = 1,
    keep_seeds: bool = False,
    force: bool = False,
    resume: bool = False,
    checkpoint_steps: int = 0,
    debug: bool = False,
    listener: Listener = lambda event: None,
    stop: Stop | None = None,
) -> TrainingResult[Any, Any]:
    """Trains a model, keeps the epoch that scores best on dev and writes it as a model folder.

    Args:
        config: The settings.
        train_path: The training file, or files where the task reads several.
        dev_path: The development file; a seeded part of the training file is held out if there is none.
        test_path: A file that is scored once, by the model that was kept.
        output: The model folder.
        task: The name of what is trained in `registry.TASKS`.
        base: A model folder to go on from, where the task does; its settings are those given, but for the training.
        seeds: How many runs, with the seed of the settings and those after it; the best on dev is kept.
        keep_seeds: Whether to keep the models of all seeds as well, in the folder `OUTPUT.seeds`.
        force: Whether a model there may be replaced, and without `resume` the checkpoint of a run that was stopped.
        resume: Whether to go on from the checkpoint, if there is one.
        checkpoint_steps: A checkpoint is written after each epoch, and after so many steps within one; 0 for none.
        debug: Whether TensorFlow may print.
        listener: Receives what was prepared, each step and each epoch.
        stop: Asked whether to stop.

    Raises:
        Finished: `resume` is given, and the run has ended.
        Error: A file cannot be read right, the output cannot be written, or training ran into numbers that are not
            finite; in the last case the best epoch before that is written all the same, if there is one.
        Interrupted: The run was asked to stop.
    """
    started = time.perf_counter()
    found, stop = tasks.find(task), stop or Stop()
    if base is not None and not found.changeable:
        raise UsageError(f"no training of task {task} continues from a model.")
    first = config.training.seed
    check_value("training.seed", first + seeds - 1, f"--seeds {seeds}")
    every_seed = output.with_name(output.name + SEEDS) if keep_seeds else None
    checkpoint = Checkpoint(output, found.kind)
    with claimed(output) as held:
        if held:
            replacing.tidy(checkpoint.path)
        resumes = resume and checkpoint.exists
        # A run that was killed after its last write has left both its model and its checkpoint; one that has ended,
        # its model alone, which is compared with this run once the files are read.
        ended = resume and not resumes and not force and layout.format_of(output) == found.kind.format
        replacing.check_target(output, force=force or resumes or ended, kind=found.kind)
        if every_seed:
            places = [every_seed / str(first + number) for number in range(seeds)]
            _check_seeds(places, found, force or resumes or ended)
        fresh = resume and not resumes and not ended
        for note in _notes(checkpoint, held=held, resume=resume, fresh=fresh, force=force):
            listener(Note(note))
        try:
            paths = {"train": train_path, "dev": dev_path, "test": test_path, BASE: base}
            data = found.read(config, {role: _listed(path) for role, path in paths.items() if path})
            for level, text in found.warnings(config, data):
                listener(Note(text, level))
            config = found.fill_in(config, data)
            vectors = found.vectors(config, data)
            checkpoint.identity = Identity.of(config, seeds, found.digests(data), vectors, keep_seeds)
            checkpoint.plugins = foreign(config)
            training = Training(
                config, found, data, vectors, checkpoint, checkpoint_steps, stop, listener, every_seed
            )
            if (resumes or ended) and not force:
                _check_resumed(checkpoint, found, config, seeds, ended=ended)
            state = training.resume() if resumes else None
            training.train(seeds, state, debug=debug)
            with stop.held():
                if problem := checkpoint.finish(training.files, force=force):
                    listener(Note(problem))
        except Diverged:
            if problem := checkpoint.remove():  # a run that is resumed would come to the same
                listener(Note(problem))
            raise
        except Interrupted as signal:
            going_on = f" {checkpoint.kept}: run the same command with --resume to continue."
            words = "interrupted" + going_on * bool(checkpoint.kept)
            raise Interrupted(signal.number, words) from None
        finally:
            if every_seed:
                with suppress(OSError):  # it holds models, or is gone
                    every_seed.rmdir()
    _warn_of_nothing(training.best, listener)
    return _result(training, output, seeds, time.perf_counter() - started)


def _result(training: Training, output: Path, seeds: int, seconds: float) -> TrainingResult[Any, Any]:
    """What a training came to whose model is written.

    Raises:
        Error: It ended before its last seed.
    """
    best = training.best
    if training.stopped or training.prepared is None:
        kept = f"epoch {best.best_epoch}" + f" of seed {best.seed}" * (seeds > 1)
        raise Error(f"{training.stopped} The best model so far, that of {kept}, is in {output}.")
    prepared = dataclasses.replace(training.prepared, config=seeded(training.config, best.seed))
    return TrainingResult(output, prepared, best, training.results, seconds, training.kept)


def _listed(path: str | Sequence[str]) -> Sequence[str]:
    return [path] if isinstance(path, str) else path


def _is_of(output: Path, task: Task[Any, Any], config: RunSettings, seeds: int) -> bool:
    """Whether the model in place, if there is one, has the settings of this run."""
    try:
        there = task.settings(folder.Folder(output, task.kind))
    except ModelError:
        return False
    first = config.training.seed
    seed = there.training.seed
    return first <= seed < first + seeds and seeded(config, seed).made(there)


def _check_resumed(
    checkpoint: Checkpoint, task: Task[Any, Any], config: RunSettings, seeds: int, *, ended: bool
) -> None:
    """Refuses a place where the model of another run is.

    Raises:
        Finished: It is that of this run, which has `ended`: there is no checkpoint.
        Error: It is that of another one.
    """
    output = checkpoint.target
    same = _is_of(output, task, config, seeds)
    if ended and same and checkpoint.identity and _content(output, task) == checkpoint.identity.content:
        raise Finished(f"{output}: this run has ended; there is nothing to resume.")
    if ended or not same:
        replacing.check_target(output, force=False, kind=task.kind)


def _content(output: Path, task: Task[Any, Any]) -> Any:
    """The digests of what the model in place was trained on; None where its report does not say."""
    return folder.Folder(output, task.kind).read_json("report.json").get("content")


def _warn_of_nothing(result: SeedResult[Any], listener: Listener) -> None:
    """Says that a model has learnt nothing, and what helps."""
    measure = result.dev.measure
    if not measure.is_nothing(result.dev.main):
        return
    epochs = counted(len(result.history), "epoch")
    steps = f"{counted(result.gradients.steps, 'step')} in {epochs}" if result.gradients else epochs
    listener(
        Note(
            f"the model has learnt nothing: its {measure.title} on dev is {measure.text(result.dev.main)} after "
            f"{steps}. More epochs (--epochs), smaller batches (--batch-size) or more sentences give it more steps.",
            "warning",
        )
    )


def best_of_seeds(output: Path, models: Sequence[Path], task: str, *, keep: bool) -> dict[str, Any]:
    """Puts the best of models that differ only in their seed in place, as `train` with these seeds would.

    Args:
        output: The model folder.
        models: The models, by seed.
        task: The name of what was trained.
        keep: Whether they are kept.

    Returns:
        What `report.json` holds of the seeds, the `metric`, and which seed is the `best`.
    """
    found = tasks.find(task)
    folders = [folder.Folder(model, found.kind) for model in models]
    reports = [opened.read_json("report.json") for opened in folders]
    metric = found.figure(reports[0]["dev"])[0]
    measure = found.measure(metrics.title_of(metric)) or Measure(metric)
    scores = {part: [found.figure(one[part])[1] for one in reports if one[part]] for part in ("dev", "test")}
    summary = seeds_report(
        [one["seed"] for one in reports],
        [one["best_epoch"] for one in reports],
        scores["dev"],
        scores["test"],
    )
    best = max(range(len(models)), key=lambda place: measure.gain(scores["dev"][place]))
    files = {name: folders[best].read(name) for name in folders[best].files}
    files["report.json"] = layout.dump_json(reports[best] | {"seeds": summary})
    with claimed(output):
        replacing.write(output, files, found.kind, plugins=folders[best].plugins)
    if not keep:
        for model in models:
            replacing.remove(model, found.kind)
        models[0].parent.rmdir()
    return {**summary, "metric": metric, "best": reports[best]["seed"]}


def check_seeds(
    output: Path, places: Sequence[Path], task: str, *, force: bool, finished: bool, resume: bool
) -> None:
    """Refuses places of the models of all seeds, and of the best of them, that are taken.

    Args:
        output: The place of the best.
        places: The places of all.
        task: The name of what is trained.
        force: Whether models that are there may be replaced.
        finished: Whether the model at `output` is that of this run.
        resume: Whether the models at `places` may be those of this run; each is checked before it is trained.

    Raises:
        Error: They are taken.
    """
    found = tasks.find(task)
    replacing.check_target(output, force=force or finished, kind=found.kind)
    _check_seeds(places, found, force or resume)


def _check_seeds(places: Sequence[Path], task: Task[Any, Any], force: bool) -> None:
    """Refuses places of the models of all seeds that are taken, or among others, which would be merged with them.

    Raises:
        Error: They are.
    """
    folder_of_all = places[0].parent
    if folder_of_all.is_dir():
        there = sorted(entry.name for entry in folder_of_all.iterdir() if not entry.name.startswith("."))
        if foreign := [name for name in there if name not in [place.name for place in places]]:
            problem = f"already exists and holds {printable(foreign[0])}, which is not a model of these seeds"
            raise Error(f"{folder_of_all}: {problem}. Move it elsewhere.")
    for place in places:
        replacing.check_target(place, force=force, kind=task.kind)
        replacing.tidy(place)


def _notes(checkpoint: Checkpoint, *, held: bool, resume: bool, fresh: bool, force: bool) -> list[str]:
    """What a user should know before training; `fresh` is a run that was to be resumed and has to begin.

    Raises:
        Error: A checkpoint is there, and nobody has said what shall become of it.
    """
    notes = []
    checkpoint.check_place()
    if not resume and (note := checkpoint.check_free(force=force)):
        notes.append(note)
    if fresh:
        notes.append(f"no checkpoint {checkpoint.path}: training starts from the beginning")
    if not held:
        notes.append(
            "no locks on this file system: a second run that writes to the same place is not noticed"
        )
    return notes


def seeded(config: Any, seed: int) -> Any:
    """The settings with another seed."""
    return dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
