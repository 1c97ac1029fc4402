"""What a task is to the stages that train."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.findings import Level, Report, ignore
from seqtag.evaluation.measure import Measure
from seqtag.features.vectors import Vectors
from seqtag.model_folder.folder import Folder, load
from seqtag.model_folder.layout import Kind
from seqtag.settings import registry
from seqtag.settings.config import RunSettings
from seqtag.settings.merging import Layer, continued
from seqtag.settings.tasks import KEY, chosen, names, schema_for
from seqtag.support.errors import UsageError
from seqtag.tasks.explanation import ExplainOrder, Explanation
from seqtag.tasks.folders import task_of
from seqtag.training.job import Job, PlannedFinal, PlannedJob, SeedResult
from seqtag.training.reach import LayerReach

if TYPE_CHECKING:
    import numpy as np

    from seqtag.network.gradients import Followed

Data = TypeVar("Data")
BASE = "from"  # the role of a model folder to go on from


class StoredModel(Protocol):
    """What a model folder holds of its network."""

    @property
    def config(self) -> RunSettings:
        """The settings."""
        ...

    def network(self) -> "Followed":
        """Builds the network."""
        ...


class DrawnExamples(Protocol):
    """Examples of a file on which gradients are measured."""

    @property
    def path(self) -> str:
        """The file, for messages."""
        ...

    @property
    def steps(self) -> int:
        """How many steps to go back."""
        ...

    @property
    def long_enough(self) -> int:
        """How many examples the file holds that could have been drawn."""
        ...

    def __len__(self) -> int:
        """How many were drawn."""
        ...

    def measured(self, network: "Followed", random: "np.random.Generator") -> list[LayerReach]:
        """Each layer and direction, measured at a word drawn in each example."""
        ...


@dataclass(frozen=True)
class FinalData(Generic[Data]):
    """What was read, for a run that ends with one on train and dev.

    Attributes:
        first: For the run that chooses the epochs: without test, which only the final model is scored on.
        both: For the run after it: dev is a part of the training data.
        sentences: A digest of what the final run has seen, see `evaluation.trained_on`: of dev, and of both.
    """

    first: Data
    both: Data
    sentences: dict[str, str]


Held = TypeVar("Held", bound=StoredModel)
Drawable = TypeVar("Drawable", bound=StoredModel, contravariant=True)


class Draw(Protocol[Drawable]):
    """Draws examples of a file on which gradients are measured."""

    def __call__(
        self,
        stored: Drawable,
        path: str,
        count: int,
        random: "np.random.Generator",
        steps: int | None = None,
        options: ReadOptions = AUTO,
        report: Report = ignore,
    ) -> DrawnExamples:
        """At most `count` examples.

        Args:
            stored: The model.
            path: The file.
            count: How many.
            random: For the draw.
            steps: How many steps to go back; as the file's examples allow if not given.
            options: How the file is read.
            report: Receives what is odd about it.

        Raises:
            DataError: The file cannot be read.
            Error: No example is long enough.
        """
        ...


def figure_of(score: Mapping[str, Any]) -> tuple[str, float]:
    """The figure of a score that names it as its `metric`, and has it under this name or as `main`."""
    name = score["metric"]
    return name, score["main"] if "main" in score else score[name]


@dataclass(frozen=True)
class Task(Generic[Data, Held]):
    """A shape of job: how files become jobs, and jobs model folders.

    Attributes:
        kind: The kind of model folder that its runs end in, which says of a folder what task it is of.
        read: Reads and checks all files, so that nothing fails after training that could have failed before: from the
            settings, which are those of the task, and the files by their role, `train` and, where there are any, `dev`,
            `test` and, of a task that goes on from a model, `BASE`.
        fill_in: The settings with those decided that go by what was read.
        warnings: What is odd about what was read, one line each, the gravest first.
        vectors: The pretrained vectors that the network is going to read, if it reads some.
        digests: The sha256 of what training takes from each file, by its role.
        measure: The measure of a title, as the scores of jobs have it; None if none has.
        job: The job with the seed of the settings.
        result: What a seed comes to, as a checkpoint keeps it.
        check: Refuses, with a ValueError or a ModelError, files of a checkpoint that would be no model folder.
        rates: How far gradients reach back in each layer and direction of a trained job; see `training.reach`.
        settings: The settings of a model folder; raises a ModelError.
        stored: What a model folder holds of its network; raises a ModelError.
        sample: Draws examples of a file on which gradients are measured.
        final: What was read, as a run with `training.final` uses it; None for a task that has no such run.
        changeable: What the paths of the settings begin with in which a run may differ from the model that it continues
            from; empty for a task in which none does.
        figure: The figure by which models are compared, with its name, of a score in `report.json`.
        explain: Says what the answers of a model depend on; None for a task that has no pages of this kind.
        introduction: What is said of a run before its first epoch, a line each that begins with a word in seven
            columns; None for a task of which the command line knows what to say.
        next_steps: What can be done with a finished model, each with the command, in which `{model}` is the folder.
    """

    kind: Kind
    read: Callable[[Any, Mapping[str, Sequence[str]]], Data]
    fill_in: Callable[[Any, Data], Any]
    warnings: Callable[[Any, Data], list[tuple[Level, str]]]
    vectors: Callable[[Any, Data], Vectors | None]
    digests: Callable[[Data], dict[str, str]]
    measure: Callable[[str], Measure | None]
    job: Callable[[Any, Data, Vectors | None], Job]
    result: type[SeedResult[Any]]
    check: Callable[[Mapping[str, bytes], Vectors | None], None]
    rates: Callable[[Any], list[dict[str, Any]]]
    settings: Callable[[Folder], RunSettings]
    stored: Callable[[Folder], Held]
    sample: Draw[Held]
    final: Callable[[Data], FinalData[Data]] | None = None
    changeable: tuple[str, ...] = ()
    figure: Callable[[Mapping[str, Any]], tuple[str, float]] = figure_of
    explain: Callable[[ExplainOrder], Explanation] | None = None
    introduction: Callable[[Any], list[str]] | None = None
    next_steps: tuple[tuple[str, str], ...] = (
        ("score it", "seqtag evaluate {model} FILE"),
        ("use it", "seqtag predict {model} FILE"),
    )

    def planned(self, config: RunSettings, data: Data, vectors: Vectors | None) -> PlannedJob:
        """The job with the seed of the settings, to be made later.

        Raises:
            UsageError: The settings want a run on train and dev, which the task does not have.
        """
        seed, final = config.training.seed, None
        if config.training.final:
            if self.final is None:
                raise UsageError("training.final: this task has no run on train and dev.")
            parts = self.final(data)
            data = parts.first
            final = PlannedFinal(partial(self.job, config, parts.both, vectors), parts.sentences)
        return PlannedJob(seed, partial(self.job, config, data, vectors), self.result, final)


def find(name: str) -> Task[Any, Any]:
    """The task of a name in `registry.TASKS`.

    Raises:
        UsageError: There is no such task.
    """
    found: Task[Any, Any] = registry.load(registry.TASKS, name, "job")
    return found


def of_folder(path: Path) -> Task[Any, Any]:
    """The task whose runs end in folders like this one; for any other folder the first, which refuses to read it."""
    return find(task_of(path))


def to_continue(
    base: str, layers: Sequence[Layer], option: str | None
) -> tuple[str, list[dict[str, tuple[Any, str]]]]:
    """The task of a run that continues from a model, and the layers of settings without it; as `settings.tasks.chosen`,
    but the task of the model is the one that nobody has to name.

    Raises:
        UsageError: No run of this task continues from a model, or another task is named.
    """
    own = task_of(Path(base))
    if own not in names():
        raise UsageError(
            f"{base}: is a language model, whose training `seqtag lm train --kind rnn --from` continues."
        )
    if not find(own).changeable:
        able = ", ".join(name for name in names() if find(name).changeable)
        raise UsageError(
            f"{base}: is a model of task {own}; training continues from one of the tasks {able}."
        )
    task, rest = chosen([{KEY: (own, base)}, *layers], option)
    if task != own:
        raise UsageError(f"{base}: is a model of task {own}; this is task {task}.")
    return task, rest


def continued_settings(base: str, task: str, layers: Sequence[Layer]) -> Any:
    """The settings of a run that continues from a model, from those of the model and layers over them.

    Raises:
        ModelError: The model cannot be read.
        UsageError: A setting is unknown or out of bounds, or differs from that of the model and may not.
    """
    found = find(task)
    there: Any = load(Path(base), found.settings, found.kind)
    return continued(schema_for(task), there, base, found.changeable, layers)
