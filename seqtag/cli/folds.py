"""`seqtag train --folds K`: a model for each fold of a cross-validation, and what all of them score."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqtag.cli import results
from seqtag.cli.stderr import stderr
from seqtag.settings import registry
from seqtag.settings.tasks import USUAL
from seqtag.stages import split
from seqtag.support.errors import Error
from seqtag.support.quoting import counted, json_text, printable
from seqtag.tasks import base as tasks
from seqtag.training.seed import spread

TrainFold = Callable[[str, str, Path], None]
SUMMARY = "folds.json"
LONGEST = 20  # characters of a title that is repeated above columns


def cross_validate(
    train: str,
    folds: int,
    output: Path,
    config: Any,
    run: TrainFold,
    *,
    task: str = USUAL,
    resume: bool,
    quiet: bool,
) -> None:
    """Trains on all folds but one, scores on that one, and so for each; then says how the scores spread.

    Args:
        train: The corpus.
        folds: How many folds.
        output: The folder for the files of the folds, the models, "1" and so on, and `folds.json`.
        config: The settings of the task.
        run: Trains on a file, scores on another one and writes a model folder.
        task: The task.
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
    if (output / "manifest.json").exists():
        raise Error(f"{output}: is a model folder, which takes no other files. Choose another -o.")
    output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for number in range(1, folds + 1):
        files = [_written(part, output, train) for part in parts[2 * number - 2 : 2 * number]]
        model = output / str(number)
        if not quiet:
            print(f"fold {number} of {folds}: {printable(str(model))}", file=stderr(), flush=True)
        if not (resume and (model / "manifest.json").exists()):
            try:
                run(files[0], files[1], model)
            except BaseException:
                if rows:
                    kept = f"{counted(len(rows), 'model')} kept; the same command with --resume trains the others"
                    print(f"seqtag: {kept}", file=stderr(), flush=True)
                raise
        rows.append({"model": str(number), **_scores(model, task)})
    summary = {"folds": rows} | {
        name: dict(zip(("mean", "standard_deviation"), spread([row[name] for row in rows]), strict=True))
        for name in ("dev", "test")
    }
    with results.written(str(output / SUMMARY)) as stream:
        stream.write(json_text(summary, indent=2) + "\n")
    if not quiet:
        _show(summary, output)


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
