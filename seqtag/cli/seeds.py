"""`seqtag train --seeds N --workers M`: seeds that are trained side by side, and the best of them as the model."""

from pathlib import Path
from typing import Any

from seqtag.cli.side_by_side import ModelRun, is_of, show_scores, silent, trained
from seqtag.cli.stderr import stderr
from seqtag.stages.train import SEEDS, best_of_seeds, check_seeds, seeded
from seqtag.support.pool import Pool
from seqtag.support.quoting import counted, printable


def train_seeds(
    files: tuple[str, str, str | None],
    output: Path,
    config: Any,
    pool: Pool,
    *,
    task: str,
    base: str | None,
    seeds: int,
    keep_seeds: bool,
    force: bool,
    resume: bool,
    quiet: bool,
) -> None:
    """Trains a model with each seed, each in the folder `OUTPUT.seeds`, and puts the best on dev at `OUTPUT`.

    Args:
        files: The files to train on, to choose by and, if there is one, to score on.
        output: The model folder.
        config: The settings.
        pool: Processes that train, see `side_by_side.worker`.
        task: The task.
        base: The model from which training continues, if there is one.
        seeds: How many seeds, from that of the settings on.
        keep_seeds: Whether the models of all seeds are kept.
        force: Whether models that are there may be replaced.
        resume: Whether seeds that are trained already count, and those that were stopped go on.
        quiet: Whether to print errors only.

    Raises:
        Error: A model cannot be trained, or something else lies where one is to be.
    """
    place = output.with_name(output.name + SEEDS)
    first = config.training.seed
    runs = [
        ModelRun(seed, seeded(config, seed), *files, place / str(seed))
        for seed in range(first, first + seeds)
    ]
    places = [run.model for run in runs]
    # A command that was killed after its last write has left the model; any other model is refused.
    finished = resume and any(is_of(output, task, run.config, base) for run in runs)
    check_seeds(output, places, task, force=force, finished=finished, resume=resume)
    place.mkdir(exist_ok=True)
    done = [run for run in runs if resume and is_of(run.model, task, run.config, base)]
    say = silent if quiet else _say
    for run in done:
        say(run, "is trained")
    try:
        for run in trained([run for run in runs if run not in done], pool, say):
            done.append(run)
    except BaseException:
        kept = f"{counted(len(done), 'finished model')} and the checkpoints of the others are in {place}"
        print(f"seqtag: {kept}; the same command with --resume goes on", file=stderr(), flush=True)
        raise
    summary = best_of_seeds(output, places, task, keep=keep_seeds)
    if not quiet:
        rows = [
            {"model": str(seed), "best_epoch": epoch, "metric": summary["metric"]}
            for seed, epoch in zip(summary["seeds"], summary["best_epochs"], strict=True)
        ]
        for part in ("dev", "test"):
            for row, score in zip(rows, summary.get(part, {"scores": []})["scores"], strict=False):
                row[part] = score
        show_scores("seed", {**summary, "seeds": rows})
        print(f"model of seed {summary['best']} written to {printable(str(output))}", flush=True)


def _say(run: ModelRun, what: str) -> None:
    """Prints which seed is trained, and how it goes."""
    print(f"seed {run.number}: {what or printable(str(run.model))}", file=stderr(), flush=True)
