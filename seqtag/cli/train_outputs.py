"""What `seqtag train` writes beside the model, for people to look at: a page, a plot, events for TensorBoard."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.cli import plots, results
from seqtag.cli.stderr import steps
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.stages.train import TrainingResult
    from seqtag.training.events import Event


@dataclass(frozen=True)
class TrainOutputs:
    """What is written.

    Attributes:
        report: The page with curves, scores and errors; None for none.
        plot: The plot of the curves; None for none.
        tensorboard: The folder for TensorBoard's events; None for none.
    """

    report: str | None = None
    plot: str | None = None
    tensorboard: Path | None = None

    @property
    def any(self) -> bool:
        """Whether anything is."""
        return any(given is not None for given in (self.report, self.plot, self.tensorboard))

    def check(
        self, task: str, output: Path, inputs: Sequence[str | None], *, resume: bool, force: bool
    ) -> None:
        """Refuses before the work what could not be written after it.

        Args:
            task: What is trained.
            output: The model folder.
            inputs: The files that are read.
            resume: Whether the run goes on from a checkpoint, so that its events may be there.
            force: Whether events of another run may be removed.

        Raises:
            UsageError: A path is an input or inside the model folder, two are the same, or the task has no page.
            Error: A path cannot be written.
        """
        if not self.any:
            return
        given = {"--report": self.report, "--plot": self.plot}
        if results.STDOUT in given.values():
            raise UsageError("--report and --plot write to files; stdout is for the scores.")
        results.check_outputs(given.values(), [*filter(None, inputs), str(output)])
        if self.report is not None and not registry.TASKS[task].use:
            raise UsageError(f"--report: seqtag evaluate does not score models of task {task}.")
        if self.plot is not None:
            if not plots.is_plot(self.plot):
                endings = " or ".join(plots.PLOTS)
                raise UsageError(f"--plot {self.plot}: expected an ending in {endings}.")
            if self.report is not None and os.path.realpath(self.plot) == os.path.realpath(self.report):
                raise UsageError(f"--report and --plot both write to {self.plot}.")
            plots.check_installed()
        if self.tensorboard is not None:
            if self.tensorboard.resolve().is_relative_to(output.resolve()):
                raise UsageError(f"--tensorboard {self.tensorboard}: is inside the model folder.")
            from seqtag.training.tensorboard import check_place

            check_place(self.tensorboard, resume=resume, force=force)

    @contextlib.contextmanager
    def listening(
        self, listener: "Callable[[Event], None]", *, seeds: int
    ) -> "Iterator[Callable[[Event], None]]":
        """A listener that passes all events on, and writes those of epochs for TensorBoard."""
        if self.tensorboard is None:
            yield listener
            return
        from seqtag.training.tensorboard import EventFiles

        written = EventFiles(self.tensorboard, each=seeds > 1)

        def both(event: "Event") -> None:
            listener(event)
            written(event)

        with contextlib.closing(written):
            yield both

    def write(self, result: "TrainingResult[Any, Any]", dev: str | None) -> None:
        """Writes page and plot of a run that is over.

        Args:
            result: What training came to.
            dev: The development file; None where a part of the training file was held out.
        """
        if self.plot is not None:
            from seqtag.cli.curves_plot import drawn

            curves = {f"seed {one.seed}": one.history for one in result.seeds}
            plots.write(drawn(curves, result.prepared.measure.title), self.plot)
        if self.report is not None:
            self._write_page(self.report, result, dev)

    def _write_page(self, path: str, result: "TrainingResult[Any, Any]", dev: str | None) -> None:
        from seqtag.cli.report import page
        from seqtag.stages.evaluate import evaluate_model, trained
        from seqtag.stages.info import info
        from seqtag.tasks.use import use_of

        _, use = use_of(str(result.path))
        with steps() as step:
            step("scoring dev for the report ...")
            evaluation = evaluate_model(
                result.path,
                dev or "dev, held out of the training file",
                calibration="--calibration" in use.scores_with,
                corpus=result.prepared.dev,
            )
        with results.written(path) as stream:
            stream.write(page(evaluation, info(str(result.path)), trained(result.path), training_first=True))


NO_OUTPUTS = TrainOutputs()
