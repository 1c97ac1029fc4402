"""`seqtag tune`: a search for the settings that score best on dev."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.cli import parameters
from seqtag.cli.comparison_tables import named
from seqtag.cli.results import check_made, written, written_bytes
from seqtag.cli.stderr import say, stderr, steps
from seqtag.settings.merging import EXCLUSIVE
from seqtag.settings.tasks import KEY, USUAL
from seqtag.support.errors import Error, UsageError
from seqtag.support.quoting import counted, quoted

if TYPE_CHECKING:
    from seqtag.stages.tune import TrialEnded, Tuned, TuningPlan

TABLE, BEST, REPORT, MODEL = "table.md", "best.yaml", "report.html", "model"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def tune(
    train: parameters.ComparedTrainFile,
    dev: parameters.ComparedDevFile,
    output: parameters.StudyOutput,
    test: parameters.ComparedTestFile = None,
    space: parameters.SpaceFile = None,
    task: parameters.ComparedTask = None,
    trials: parameters.Trials = 20,
    duration: parameters.SearchTime = None,
    sampler: parameters.Sampler = "tpe",
    pruner: parameters.Pruner = "halving",
    best: parameters.Best = 3,
    seeds: parameters.FinalSeeds = 3,
    workers: parameters.TrialWorkers = 1,
    storage: parameters.Storage = None,
    config: parameters.SharedConfigFile = None,
    assignments: parameters.SharedAssignments = None,
    with_model: parameters.WithModel = True,
    quiet: parameters.QuietRuns = False,
) -> None:
    r"""Search for the settings that score best on dev.

    The first trial has the settings as they are given. Trials that promise
    little end early. The best ones are trained with further seeds, and the
    best on average wins: FOLDER/best.yaml has its settings for `seqtag train`.

    The same command continues an interrupted search; more --trials extend it.
    With --storage, commands on several machines share the trials.

    Examples:
      seqtag tune --train train.conll --dev dev.conll --trials 30 -o study
      seqtag init-config --space space.yaml
      seqtag tune --train train.conll --dev dev.conll --space space.yaml \
        --time 2h --workers 2 -o study
    """
    from seqtag.settings.config_files import parse_assignments, read
    from seqtag.settings.tasks import chosen, schema_for

    name, layers = chosen([read(config) if config else {}, parse_assignments(assignments or [])], task)
    search = _search(space, schema_for(name), name, trials, duration, best, seeds, sampler, pruner)
    paths = {"train": train, "dev": dev} | ({"test": test} if test else {})
    inputs = [*paths.values(), *([space] if space else [])]
    tuned = _tuned(layers, search, paths, inputs, output, name, workers, storage, quiet=quiet)
    if tuned.config is None:
        raise Error(
            f"no trial has a score: {'; '.join(sorted({one.row.error or '' for one in tuned.trials}))}"
        )
    _write(tuned, layers, paths, output, name)
    if with_model:
        _train_best(tuned, paths, output / MODEL, name, quiet=quiet)
    _show(tuned, output, with_model=with_model)


def _search(
    space: str | None,
    schema: Any,
    task: str,
    trials: int,
    duration: str | None,
    best: int,
    seeds: int,
    sampler: str,
    pruner: str,
) -> "TuningPlan":
    """How to search, with the values of all options checked."""
    from seqtag.settings.space import default, parse_space, read_space
    from seqtag.stages.tune import TuningPlan
    from seqtag.tasks.study import PRUNERS, SAMPLERS

    for option, value, names in (("--sampler", sampler, SAMPLERS), ("--pruner", pruner, PRUNERS)):
        if value not in names:
            raise UsageError(f"{option} is {quoted(value)}; expected {', '.join(names)}.")
    found = (
        read_space(space, schema) if space else parse_space(default(task), f"default space of {task}", schema)
    )
    return TuningPlan(found, trials, seconds_of(duration), best, seeds, sampler, pruner)


def seconds_of(duration: str | None) -> float | None:
    """The seconds of a text such as 90m, 1h30m or 45 (seconds).

    Raises:
        UsageError: It is not such a text.
    """
    if duration is None:
        return None
    parts = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s?)?", duration.strip())
    if not duration.strip() or parts is None:
        raise UsageError(f"--time is {quoted(duration)}; expected a time such as 2h, 90m or 1h30m.")
    return float(sum(int(part or 0) * UNITS[unit] for part, unit in zip(parts.groups(), "dhms", strict=True)))


def _tuned(
    layers: Sequence[Any],
    search: "TuningPlan",
    paths: dict[str, str],
    inputs: Sequence[str],
    output: Path,
    task: str,
    workers: int,
    storage: str | None,
    *,
    quiet: bool,
) -> "Tuned":
    """Runs the search, and shows how it goes."""
    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Stop, resumable

    stop = Stop()
    kept = f"Finished trials are kept in {output}; the same command goes on with the others."
    with resumable(stop, kept), steps() as step:
        from seqtag.stages.tune import STUDY
        from seqtag.stages.tune import tune as stage

        check_made(output, (TABLE, BEST, REPORT), STUDY, "search", inputs, folders=(MODEL,))
        if not quiet:
            step("reading the corpus and starting the workers ...")
        return stage(
            layers,
            search,
            paths,
            output,
            task=task,
            workers=workers,
            storage=storage,
            debug=wants_debug(),
            listener=_silent if quiet else partial(_say, step),
            say=lambda text: say(f"seqtag: {text}"),
            stop=stop,
        )


def _silent(event: "TrialEnded") -> None:
    """Prints nothing."""


def _say(step: Callable[[str], None], event: "TrialEnded") -> None:
    """Prints a line for a trial, and shows that others go on."""
    from seqtag.support.quoting import printable
    from seqtag.tasks.study import OWN

    row, role = event.row, event.trial.role
    what = f"trial {event.trial.number}  "
    if role == OWN:
        what += "settings as given  "
    what += f"{named(event.trial.choice)}  " * bool(event.trial.choice)
    what += f"seed {row.seed}  " * (event.trial.seed is not None)
    if row.dev is None or event.measure is None:
        what += printable(row.error or "")
    else:
        what += f"dev {row.metric} {event.measure.text(row.dev)}  epoch {row.best_epoch} of {row.epochs}  "
        what += f"{row.seconds:.1f} s"
    say(what + ("" if event.repeated else "  (already done)"))
    step("training further trials ...")


def _write(tuned: "Tuned", layers: Sequence[Any], paths: dict[str, str], output: Path, task: str) -> None:
    """Writes the table, the best settings and the report."""
    from seqtag.cli.comparison_tables import markdown
    from seqtag.cli.tuning_report import page

    with written_bytes(str(output / TABLE)) as stream:
        stream.write(markdown(tuned.comparison, paths).encode("utf-8", "backslashreplace"))
    with written(str(output / BEST)) as text:
        text.write(best_settings(tuned, layers, paths, task))
    with written(str(output / REPORT)) as text:
        text.write(page(tuned, paths))


def best_settings(tuned: "Tuned", layers: Sequence[Any], paths: dict[str, str], task: str) -> str:
    """The settings as given with the values of the best trial, as YAML for `seqtag train -c`."""
    import yaml

    import seqtag
    from seqtag.tasks.study import FINAL

    values: dict[str, Any] = {}
    for layer in [*({path: value for path, (value, _) in one.items()} for one in layers), tuned.choice]:
        for group in EXCLUSIVE:
            if any(layer.get(path) is not None for path in group):
                values = {path: value for path, value in values.items() if path not in group}
        values |= layer
    tree: dict[str, Any] = {} if task == USUAL else {KEY: task}
    for path, value in values.items():
        *sections, last = path.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    best = tuned.comparison.combinations[0]
    score = ""
    if tuned.measure and best.dev:
        mean, deviation = map(tuned.measure.text, best.dev)
        spread = f" +- {deviation}" * (len(best.rows) > 1)
        score = f": dev {tuned.measure.title} {mean}{spread} ({counted(len(best.rows), 'seed')})"
    trials = counted(sum(result.trial.role != FINAL for result in tuned.trials), "trial")
    head = f"# Best of {trials} of seqtag {seqtag.__version__}{score}.\n"
    head += "".join(f"# {role}: {ascii(path)[1:-1]}\n" for role, path in paths.items())
    return head + (yaml.safe_dump(tree, sort_keys=False, allow_unicode=True) if tree else "{}\n")


def _train_best(tuned: "Tuned", paths: dict[str, str], model: Path, task: str, *, quiet: bool) -> None:
    """Trains the model of the best settings with the seed that scored best on dev, unless it is there."""
    from seqtag.cli.side_by_side import is_of
    from seqtag.cli.train import train_model

    best = tuned.comparison.combinations[0]
    seed = max((row for row in best.rows if row.dev is not None), key=_gain_of(tuned)).seed
    config = replace(tuned.config, training=replace(tuned.config.training, seed=seed))
    if is_of(model, task, config):
        return
    if not quiet:
        print(f"seqtag: training the model of the best settings, with seed {seed}", file=stderr(), flush=True)
    train_model(task, config, paths["train"], paths["dev"], paths.get("test"), model, quiet=quiet, force=True)


def _gain_of(tuned: "Tuned") -> Any:
    measure = tuned.measure
    return lambda row: measure.gain(row.dev) if measure else 0.0


def _show(tuned: "Tuned", output: Path, *, with_model: bool) -> None:
    """Prints the table of the best trials, and what was written."""
    from seqtag.cli.comparison_tables import show

    show(tuned.comparison)
    print(f"\nsettings in {output / BEST}, table in {output / TABLE}, report in {output / REPORT}", end="")
    print(f", model in {output / MODEL}" if with_model else "")
    sys.stdout.flush()
