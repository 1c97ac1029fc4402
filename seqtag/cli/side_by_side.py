"""Models that are trained side by side by one `seqtag train`: folds, and seeds."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtag.evaluation.measure import Measure
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import MANIFEST
from seqtag.settings.config import RunSettings
from seqtag.support.errors import ModelError
from seqtag.support.interrupt import Stop, listening
from seqtag.support.pool import Pool, Talk, Work
from seqtag.tasks import base as tasks
from seqtag.training.events import Epoch, Event, Note, Start

LONGEST = 20  # characters of a title that is repeated above columns


@dataclass(frozen=True)
class ModelRun:
    """A model to be trained.

    Attributes:
        number: Which one; for seeds, the seed.
        config: The settings.
        train: The training file.
        dev: The development file, if there is one.
        test: The file to score on, if there is one.
        model: The model folder.
    """

    number: int
    config: RunSettings
    train: str
    dev: str | None
    test: str | None
    model: Path

    @property
    def is_trained(self) -> bool:
        """Whether its model is there."""
        return (self.model / MANIFEST).exists()


Say = Callable[[ModelRun, str], None]


def silent(run: ModelRun, what: str) -> None:
    """Prints nothing."""


def worker(task: str, how: Mapping[str, Any], *, debug: bool) -> Work:
    """What a process of a `Pool` does with a `ModelRun`: it tells what is known of each epoch in words.

    Args:
        task: The task.
        how: Further arguments of `stages.train.train`.
        debug: Whether TensorFlow may print.
    """
    from seqtag.stages.train import train

    def work(run: ModelRun, talk: Talk) -> None:
        measure = Measure("")

        def listener(event: Event) -> None:
            nonlocal measure
            if isinstance(event, Start):
                measure = event.measure
            elif isinstance(event, Note):
                talk(f"{event.level}: {event.text}")
            elif isinstance(event, Epoch):
                known = ""
                if event.dev_score is not None:
                    known = f"dev {measure.title} {measure.text(event.dev_score)}"
                talk(f"epoch {event.number}  loss {event.loss:.4f}  {known}{' *' if event.best else ''}")

        train(
            run.config, run.train, run.dev, run.test, run.model,
            task=task, debug=debug, listener=listener, **how,
        )  # fmt: skip

    return work


def trained(left: Sequence[ModelRun], pool: Pool, say: Say) -> Iterator[ModelRun]:
    """Trains models in processes; gives each one that is done. The first that fails ends the others.

    Args:
        left: The models.
        pool: Processes that do what `worker` gives.
        say: Receives each model that begins, with an empty text, and what is told of it.
    """
    runs = {run.number: run for run in left}
    waiting = iter(left)

    def take() -> tuple[int, ModelRun] | None:
        if run := next(waiting, None):
            say(run, "")
            return run.number, run
        return None

    with listening(Stop()), pool:
        for ended in pool.work(take, lambda number, what: say(runs[number], what)):
            if isinstance(ended.result, Exception):
                raise ended.result
            yield runs[ended.number]


def is_of(model: Path, task: str, config: RunSettings, base: str | None = None) -> bool:
    """Whether the model that is there, if there is one, has these settings and continued from this model."""
    kind = tasks.find(task).kind
    digest = None if base is None else Folder(Path(base), kind).digest
    try:
        opened = Folder(model, kind)
        continued = opened.read_json("report.json").get("from", {}).get("sha256")
        return continued == digest and bool(config.made(tasks.find(task).settings(opened)))
    except ModelError:
        return False


def scores_of(model: Path, task: str) -> dict[str, Any]:
    """What a model scored, of its `report.json`: the metric, the best epoch, dev, and test if there is a score."""
    report = json.loads((model / "report.json").read_text(encoding="utf-8"))
    figure = tasks.find(task).figure
    metric, dev = figure(report["dev"])
    test = {"test": figure(report["test"])[1]} if report["test"] else {}
    return {"metric": metric, "best_epoch": report["best_epoch"], "dev": dev, **test}


def show_scores(what: str, summary: Mapping[str, Any]) -> None:
    """The scores of models as a table on stdout.

    Args:
        what: What a model is, as in "fold".
        summary: Under the plural of `what` a row for each, and under `dev` and perhaps `test` their `mean` and
            `standard_deviation`.
    """
    from seqtag.cli.tables import make_console, make_table
    from seqtag.evaluation import metrics

    rows = summary[f"{what}s"]
    name = rows[0]["metric"]
    title = metrics.title_of(name)
    short = title if len(title) <= LONGEST else ""
    parts = [part for part in ("dev", "test") if part in summary]
    table = make_table(what, *(f"{part} {short}".strip() for part in parts), "best epoch")
    for row in rows:
        table.add_row(row["model"], *(f"{row[part]:.4f}" for part in parts), str(row["best_epoch"]))
    table.add_section()
    for name, key in (("mean", "mean"), ("standard deviation", "standard_deviation")):
        table.add_row(name, *(f"{summary[part][key]:.4f}" for part in parts), "")
    console = make_console()
    console.print(table)
    if not short:
        console.print(f"{' and '.join(parts)}: {title}")
    sys.stdout.flush()
