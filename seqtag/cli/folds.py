"""`seqtag train --folds K`: a model for each fold of a cross-validation, and what all of them score."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.cli import results
from seqtag.cli.stderr import stderr
from seqtag.evaluation.measure import Measure
from seqtag.model_folder.layout import MANIFEST
from seqtag.settings import registry
from seqtag.settings.tasks import USUAL
from seqtag.stages import split
from seqtag.support.errors import Error
from seqtag.support.interrupt import Stop, listening
from seqtag.support.pool import Pool, Talk, Work
from seqtag.support.quoting import counted, json_text, printable
from seqtag.tasks import base as tasks
from seqtag.training.events import Epoch, Event, Note, Start
from seqtag.training.seed import spread

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings

TrainFold = Callable[[str, str, Path], None]
SUMMARY = "folds.json"
LONGEST = 20  # characters of a title that is repeated above columns


@dataclass(frozen=True)
class Fold:
    """A model to be trained.

    Attributes:
        number: Which one, from 1.
        train: The file of all other folds.
        held: The file of this one.
        model: The model folder.
    """

    number: int
    train: str
    held: str
    model: Path

    @property
    def is_trained(self) -> bool:
        """Whether its model is there."""
        return (self.model / MANIFEST).exists()


def cross_validate(
    train: str,
    folds: int,
    output: Path,
    config: Any,
    run: TrainFold,
    *,
    task: str = USUAL,
    pool: Pool | None = None,
    resume: bool,
    quiet: bool,
) -> None:
    """Trains on all folds but one, scores on that one, and so for each; then says how the scores spread.

    Args:
        train: The corpus.
        folds: How many folds.
        output: The folder for the files of the folds, the models, "1" and so on, and `folds.json`.
        config: The settings of the task.
        run: Trains on a file, scores on another one and writes a model folder, and shows how it goes.
        task: The task.
        pool: Processes that do the same side by side, see `worker`; None to train the folds one by one.
        resume: Whether models that are there already count.
        quiet: Whether to print errors only.

    Raises:
        Error: The corpus cannot be divided, or something else lies where the folds are to be.
    """
    how = split.How(seed=config.training.seed, config=config, task=task)
    parts = split.folds(train, folds, how)
    if min(part.sentences for part in parts[::2]) < 2:
        raise Error(
            f"{train}: too few {parts[0].what}s for {folds} folds: with one left to train on, none is left for dev."
        )
    if (output / MANIFEST).exists():
        raise Error(f"{output}: is a model folder, which takes no other files. Choose another -o.")
    output.mkdir(parents=True, exist_ok=True)
    plans = []
    for number in range(1, folds + 1):
        files = [_written(part, output, train) for part in parts[2 * number - 2 : 2 * number]]
        plans.append(Fold(number, files[0], files[1], output / str(number)))
    done = [fold for fold in plans if resume and fold.is_trained]
    left = [fold for fold in plans if fold not in done]
    say = _silent if quiet else partial(_say, folds)
    for fold in done:
        say(fold, "")
    try:
        if pool is not None:
            for fold in _side_by_side(left, pool, say):
                done.append(fold)
        else:
            for fold in left:
                say(fold, "")
                run(fold.train, fold.held, fold.model)
                done.append(fold)
    except BaseException:
        if done:
            kept = f"{counted(len(done), 'model')} kept; the same command with --resume trains the others"
            print(f"seqtag: {kept}", file=stderr(), flush=True)
        raise
    rows = [{"model": str(fold.number), **_scores(fold.model, task)} for fold in plans]
    summary = {"folds": rows} | {
        name: dict(zip(("mean", "standard_deviation"), spread([row[name] for row in rows]), strict=True))
        for name in ("dev", "test")
    }
    with results.written(str(output / SUMMARY)) as stream:
        stream.write(json_text(summary, indent=2) + "\n")
    if not quiet:
        _show(summary, output)


def worker(task: str, config: "RunSettings", how: Mapping[str, Any], *, debug: bool) -> Work:
    """What a process of a `Pool` does with folds: it tells what is known of each epoch in words.

    Args:
        task: The task.
        config: The settings.
        how: Further arguments of `stages.train.train`.
        debug: Whether TensorFlow may print.
    """
    from seqtag.stages.train import train

    def work(fold: Fold, talk: Talk) -> None:
        measure = Measure("")

        def listener(event: Event) -> None:
            nonlocal measure
            if isinstance(event, Start):
                measure = event.measure
            elif isinstance(event, Note):
                talk(f"{event.level}: {event.text}")
            elif isinstance(event, Epoch):
                known = (
                    f"dev {measure.title} {measure.text(event.dev_score)}"
                    if event.dev_score is not None
                    else ""
                )
                talk(f"epoch {event.number}  loss {event.loss:.4f}  {known}{' *' if event.best else ''}")

        train(
            config, fold.train, None, fold.held, fold.model, task=task, debug=debug, listener=listener, **how
        )

    return work


def _side_by_side(left: Sequence[Fold], pool: Pool, say: Callable[[Fold, str], None]) -> Iterator[Fold]:
    """Trains folds in processes; gives each one that is done. The first that fails ends the others."""
    folds = {fold.number: fold for fold in left}
    waiting = iter(left)

    def take() -> tuple[int, Fold] | None:
        if fold := next(waiting, None):
            say(fold, "")
            return fold.number, fold
        return None

    with listening(Stop()), pool:
        for ended in pool.work(take, lambda number, what: say(folds[number], what)):
            if isinstance(ended.result, Exception):
                raise ended.result
            yield folds[ended.number]


def _silent(fold: Fold, what: str) -> None:
    """Prints nothing."""


def _say(folds: int, fold: Fold, what: str) -> None:
    """Prints which fold is trained, and how it goes."""
    line = what or printable(str(fold.model))
    print(f"fold {fold.number} of {folds}: {line}", file=stderr(), flush=True)


def _written(part: split.SplitPart, output: Path, train: str) -> str:
    """The file of a part; one that is there and holds something else is not ours."""
    path = output / f"{part.name}{split.suffix(train)}"
    if path.exists():
        from seqtag.support.lines import content

        if content(path) == part.text.encode():
            return str(path)
        raise Error(f"{path}: already exists and holds other sentences. Choose another -o.")
    with results.written(str(path)) as stream:
        stream.write(part.text)
    return str(path)


def _scores(model: Path, task: str) -> dict[str, Any]:
    report = json.loads((model / "report.json").read_text(encoding="utf-8"))
    figure = tasks.find(task).figure
    (_, dev), (metric, test) = (figure(report[name]) for name in ("dev", "test"))
    return {"metric": metric, "best_epoch": report["best_epoch"], "dev": dev, "test": test}


def _show(summary: dict[str, Any], output: Path) -> None:
    from rich.console import Console

    from seqtag.cli.tables import make_table
    from seqtag.evaluation import metrics

    rows = summary["folds"]
    name = rows[0]["metric"]
    title = metrics.find(name).title if registry.knows(registry.METRICS, name) else name.replace("_", " ")
    short = title if len(title) <= LONGEST else ""
    table = make_table("fold", f"dev {short}".strip(), f"test {short}".strip(), "best epoch")
    for row in rows:
        table.add_row(row["model"], f"{row['dev']:.4f}", f"{row['test']:.4f}", str(row["best_epoch"]))
    table.add_section()
    for name, key in (("mean", "mean"), ("standard deviation", "standard_deviation")):
        table.add_row(name, f"{summary['dev'][key]:.4f}", f"{summary['test'][key]:.4f}", "")
    console = Console(highlight=False)
    console.print(table)
    if not short:
        console.print(f"dev and test: {title}")
    console.print(f"models and {SUMMARY} in {printable(str(output))}", markup=False, soft_wrap=True)
    sys.stdout.flush()
