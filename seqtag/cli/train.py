"""`seqtag train`: corpus files in, model folder out."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.cli import parameters
from seqtag.cli.settings import with_settings
from seqtag.cli.train_outputs import NO_OUTPUTS, TrainOutputs
from seqtag.settings.merging import Layer, merge_into
from seqtag.settings.tasks import chosen, chosen_options, names, schema_for
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.settings.config import RunSettings


def trained(
    train: parameters.TrainFile,
    output: parameters.ModelOutput,
    task: parameters.TaskName = None,
    dev: parameters.DevFile = None,
    test: parameters.TestFile = None,
    base: parameters.BaseModel = None,
    config: parameters.ConfigFile = None,
    assignments: parameters.Assignments = None,
    seeds: parameters.Seeds = 1,
    keep_seeds: parameters.KeepSeeds = False,
    folds: parameters.Folds = None,
    workers: parameters.FoldWorkers = 1,
    force: parameters.Force = False,
    resume: parameters.Resume = False,
    checkpoint_steps: parameters.CheckpointSteps = 0,
    report: parameters.TrainingReport = None,
    plot: parameters.TrainingPlot = None,
    tensorboard: parameters.TensorBoard = None,
    quiet: parameters.Quiet = False,
    **given: Any,
) -> None:
    """Train a model on a corpus and keep the epoch that scores best on dev.

    By default a tagger is trained; --task names what else can be: labels of
    sentences, tags and labels, text for a label, or another sequence.

    Options override --set, --set overrides the settings file, the file
    overrides the defaults.

    A run that is stopped or killed leaves MODEL.checkpoint beside the model;
    the same command with --resume continues from there and ends with the same
    bytes.

    Examples:
      seqtag train --train train.conll --dev dev.conll -o model
      seqtag train -c config.yaml --train train.conll -o model --cell gru
      seqtag train --task transduction --train words.tsv -o model
      seqtag train --from model --train more.conll --dev dev.conll -o adapted
    """
    from seqtag.settings.config_files import parse_assignments, read

    layers: list[Layer] = [read(config) if config else {}, parse_assignments(assignments or [])]
    name, resolved = _settings(layers, task, given, base)

    if keep_seeds and seeds < 2:
        raise UsageError("--keep-seeds needs --seeds with 2 seeds or more.")
    how: dict[str, Any] = {
        "base": base,
        "force": force,
        "resume": resume,
        "checkpoint_steps": checkpoint_steps,
    }
    outputs = TrainOutputs(report, plot, tensorboard)
    if outputs.any and (folds is not None or workers > 1):
        raise UsageError(
            "--report, --plot and --tensorboard show one run; they cannot be combined with "
            "--folds or --workers."
        )
    outputs.check(name, output, [train, dev, test], resume=resume, force=force)
    if folds is not None:
        if dev is not None or test is not None:
            raise UsageError(
                "--folds makes the files to score on itself; it cannot be combined with --dev or --test."
            )
        how |= {"seeds": seeds, "keep_seeds": keep_seeds}
        _train_folds(name, resolved, train, output, folds, workers, quiet=quiet, **how)
    elif workers > 1:
        if seeds < 2:
            raise UsageError("--workers trains seeds or folds side by side; it needs --seeds or --folds.")
        if dev is None:
            raise UsageError(
                "--seeds with --workers needs --dev: without it, each seed would hold out other sentences."
            )
        files = (train, dev, test)
        _train_seeds(name, resolved, files, output, seeds, workers, keep_seeds=keep_seeds, quiet=quiet, **how)
    else:
        how |= {"seeds": seeds, "keep_seeds": keep_seeds}
        train_model(name, resolved, train, dev, test, output, quiet=quiet, outputs=outputs, **how)


def _settings(
    layers: Sequence[Layer], task: str | None, given: Mapping[str, Any], base: str | None
) -> tuple[str, Any]:
    """The task and the settings, over the defaults or over those of a model to continue from."""
    if base is None:
        name, rest = chosen(layers, task)
        return name, merge_into(schema_for(name), *rest, chosen_options(given, name))
    from seqtag.tasks import base as tasks

    name, rest = tasks.to_continue(base, layers, task)
    return name, tasks.continued_settings(base, name, [*rest, chosen_options(given, name)])


def _train_folds(
    task: str,
    config: "RunSettings",
    train: str,
    output: Path,
    folds: int,
    workers: int,
    *,
    quiet: bool,
    **how: Any,
) -> None:
    """Trains a model for each fold; `how` are further arguments of the stage."""
    from seqtag.cli import wants_debug
    from seqtag.cli.folds import cross_validate
    from seqtag.cli.side_by_side import worker
    from seqtag.support.pool import Pool

    def run(fold: str, held: str, model: Path) -> None:
        train_model(task, config, fold, None, held, model, quiet=quiet, **how)

    make = partial(worker, task, how, debug=wants_debug())
    pool = Pool(make, min(workers, folds)) if workers > 1 else None
    resume = how["resume"]
    cross_validate(train, folds, output, config, run, task=task, pool=pool, resume=resume, quiet=quiet)


def _train_seeds(
    task: str,
    config: "RunSettings",
    files: tuple[str, str, str | None],
    output: Path,
    seeds: int,
    workers: int,
    *,
    keep_seeds: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Trains seeds side by side; `how` are further arguments of the stage."""
    from seqtag.cli import wants_debug
    from seqtag.cli.seeds import train_seeds
    from seqtag.cli.side_by_side import worker
    from seqtag.support.pool import Pool

    pool = Pool(partial(worker, task, how, debug=wants_debug()), min(workers, seeds))
    train_seeds(
        files,
        output,
        config,
        pool,
        task=task,
        base=how["base"],
        seeds=seeds,
        keep_seeds=keep_seeds,
        force=how["force"],
        resume=how["resume"],
        quiet=quiet,
    )


def train_model(
    task: str,
    config: "RunSettings",
    train: str,
    dev: str | None,
    test: str | None,
    output: Path,
    *,
    quiet: bool,
    outputs: TrainOutputs = NO_OUTPUTS,
    **how: Any,
) -> None:
    """Trains one model and shows how; `how` are further arguments of the stage."""
    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Stop, listening

    stop = Stop()
    with listening(stop):
        from seqtag.cli import summary
        from seqtag.cli.display import display
        from seqtag.stages.train import train as stage
        from seqtag.tasks import base as tasks

        found = tasks.find(task)
        introduction = found.introduction
        figures = partial(summary.summary_of_figures, steps=found.next_steps)
        told = summary.summary if introduction is None else figures
        with (
            display(introduction or summary.introduction, told, quiet=quiet) as show,
            outputs.listening(show.event, seeds=how.get("seeds", 1)) as listener,
        ):
            result = stage(
                config,
                train,
                dev,
                test,
                output,
                task=task,
                debug=wants_debug(),
                listener=listener,
                stop=stop,
                **how,
            )
            show.finish(result)
        sys.stdout.flush()
        outputs.write(result, dev)


command = with_settings(trained, names())
