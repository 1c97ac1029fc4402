"""`seqtag train --folds K`: a model for each fold of a cross-validation, and what all of them score."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from seqtag.cli import results
from seqtag.cli.side_by_side import ModelRun, scores_of, show_scores, silent, trained
from seqtag.cli.stderr import stderr
from seqtag.model_folder.layout import MANIFEST
from seqtag.settings.tasks import USUAL
from seqtag.stages import split
from seqtag.support.errors import Error
from seqtag.support.pool import Pool
from seqtag.support.quoting import counted, json_text, printable
from seqtag.training.seed import spread

TrainFold = Callable[[str, str, Path], None]
SUMMARY = "folds.json"


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
        pool: Processes that do the same side by side, see `side_by_side.worker`; None to train the folds one by one.
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
        plans.append(ModelRun(number, config, files[0], None, files[1], output / str(number)))
    done = [fold for fold in plans if resume and fold.is_trained]
    left = [fold for fold in plans if fold not in done]
    say = silent if quiet else partial(_say, folds)
    for fold in done:
        say(fold, "")
    try:
        if pool is not None:
            for fold in trained(left, pool, say):
                done.append(fold)
        else:
            for fold in left:
                say(fold, "")
                run(fold.train, str(fold.test), fold.model)
                done.append(fold)
    except BaseException:
        if done:
            kept = f"{counted(len(done), 'model')} kept; the same command with --resume trains the others"
            print(f"seqtag: {kept}", file=stderr(), flush=True)
        raise
    rows = [{"model": str(fold.number), **scores_of(fold.model, task)} for fold in plans]
    summary = {"folds": rows} | {
        name: dict(zip(("mean", "standard_deviation"), spread([row[name] for row in rows]), strict=True))
        for name in ("dev", "test")
    }
    with results.written(str(output / SUMMARY)) as stream:
        stream.write(json_text(summary, indent=2) + "\n")
    if not quiet:
        _show(summary, output)


def _say(folds: int, fold: ModelRun, what: str) -> None:
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


def _show(summary: dict[str, Any], output: Path) -> None:
    show_scores("fold", summary)
    print(f"models and {SUMMARY} in {printable(str(output))}", flush=True)
