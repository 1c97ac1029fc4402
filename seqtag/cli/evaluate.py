"""`seqtag evaluate`: how good are the tags of a model, or of a file of predictions?"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from seqtag.cli import common, parameters, results
from seqtag.cli.reading import with_reading
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.quoting import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.corpora.base import ReadOptions
    from seqtag.stages.evaluate import Against
    from seqtag.tasks.use import Evaluated

STDIN, STDOUT = common.STDIN, results.STDOUT


@with_reading(
    format=parameters.GoldFormat,
    token_column=parameters.GoldTokenColumn,
    tag_column=parameters.GoldTagColumn,
    skip_rows=parameters.GoldSkipRows,
    label_key=parameters.GoldLabelKey,
)
def evaluate(
    first: parameters.ModelOrGold,
    second: parameters.GoldFile = None,
    predicted: parameters.Predicted = None,
    scheme: parameters.GoldScheme = "auto",
    predicted_column: parameters.PredictedColumn = None,
    *,
    options: "ReadOptions",
    train: parameters.KnownFrom = None,
    analysis: parameters.ShowAnalysis = False,
    calibration: parameters.ShowCalibration = False,
    crosscheck: parameters.Crosscheck = False,
    against: parameters.AgainstModel = None,
    report: parameters.ReportOutput = None,
    json_path: parameters.JsonOutput = None,
    errors: parameters.ErrorsOutput = None,
    precision: common.Precision = None,
    threads: common.Threads = None,
    output: parameters.ColumnsOutput = None,
) -> None:
    """Score a model on a gold file, or a file of predictions against it.

    The table of tags shows precision, recall and F1 as the conlleval script and
    seqeval define them; --json always includes the figures of --analysis. Labels
    of sentences and the targets of a transducer have tables of their own.

    Examples:
      seqtag evaluate model/ test.conll
      seqtag evaluate model/ test.conll --report report.html
      seqtag evaluate model/ test.conll --against other/
      seqtag evaluate --predicted tagged.conll test.conll
    """
    if predicted is None:
        model, gold = _model_and_gold(first, second, train, predicted_column)
    else:
        model, gold = "", _gold_of_predictions(first, second, predicted, train, threads, precision)
        if calibration:
            raise UsageError("--calibration needs a model; it cannot be combined with --predicted.")
        if options.label_key is not None:
            raise UsageError("--label-key needs a model; it cannot be combined with --predicted.")
    outputs = {"--report": report, "--json": json_path, "--errors": errors, "--output": output}
    outputs = {option: path and results.place(path) for option, path in outputs.items()}
    _check_distinct(outputs, analysis)
    results.check_outputs(outputs.values(), [gold, predicted or model, *filter(None, (train, against))])
    common.check_name("--precision", precision, registry.PRECISIONS)
    # The stage costs NumPy and, for a model, ONNX Runtime: nothing that `--help` should wait for.
    from seqtag.cli.stderr import steps
    from seqtag.cli.warnings import warn
    from seqtag.stages import evaluate as stage

    given = {
        "--scheme": scheme != "auto",
        "--analysis": analysis,
        "--crosscheck": crosscheck,
        "--calibration": calibration,
        "--errors": errors is not None,
        "--output": output is not None,
        "--precision": precision is not None,
        "--label-key": options.label_key is not None,
    }
    shared: dict[str, Any] = {"options": options, "crosscheck": crosscheck}
    of_files: dict[str, Any] = {"predicted_column": predicted_column, "train_path": train}
    of_models: dict[str, Any] = {"probabilities": errors is not None, "threads": threads or 0}
    of_models |= {"precision": precision or registry.FLOAT32}

    def scored(model: str, predicted: str | None, scheme: str) -> "Evaluated":
        """The evaluation of a model, or of a file of predictions."""
        if predicted is not None:
            return stage.evaluate_files(predicted, gold, scheme=scheme, **shared, **of_files)
        use = _check_task(model, given)
        asked = calibration or (report is not None and "--calibration" in use)
        how = shared | of_models | {"calibration": asked}
        found: Evaluated = stage.evaluate_model(model, gold, scheme=scheme, **how)
        return found

    with steps() as step:
        step(f"answering {printable(gold)} ...")
        evaluation = scored(model, predicted, scheme)
        compared = _compared(evaluation, against, scored) if against else None
    warn(evaluation.findings)

    writers = {
        "--report": _reporter(evaluation, None if predicted is not None else model, compared),
        "--json": _dumper(evaluation, compared),
        "--errors": evaluation.write_errors,
        "--output": evaluation.write_columns,
    }
    writing = {path: writers[option] for option, path in outputs.items() if path}
    for path in results.stdout_last(writing):
        _write(path, writing[path])
    if STDOUT not in writing:
        _show(evaluation, compared, crosschecked=crosscheck, analysis=analysis, calibration=calibration)


def _reporter(
    evaluation: "Evaluated", model: str | None, compared: "Against | None"
) -> Callable[[TextIO], None]:
    """What writes the page of a model, or of a file of predictions."""

    def write(stream: TextIO) -> None:
        from seqtag.cli.report import page

        if model is None:
            stream.write(page(evaluation, against=compared))
            return
        from seqtag.stages.evaluate import trained
        from seqtag.stages.info import info

        stream.write(page(evaluation, info(model), trained(model), compared))

    return write


def _compared(
    evaluation: "Evaluated", against: str, scored: "Callable[[str, str | None, str], Evaluated]"
) -> "Against":
    """The evaluation beside that of another model folder, or of another file of predictions.

    Args:
        evaluation: The evaluation.
        against: The other folder or file.
        scored: Evaluates a folder or a file, by the tag scheme.
    """
    from seqtag.evaluation.evaluation import Evaluation
    from seqtag.stages.evaluate import against as stage

    # The gold file is read as it was for the first, so that both are scored on the same entities.
    scheme = evaluation.scheme.name if isinstance(evaluation, Evaluation) else "auto"
    other = scored(against, None, scheme) if os.path.isdir(against) else scored("", against, scheme)
    return stage(evaluation, other)


def _check_task(model: str, given: dict[str, bool]) -> frozenset[str]:
    """Refuses options of which the model's task makes no use; returns those of which it does."""
    from seqtag.tasks.use import check_options, use_of

    task, use = use_of(model)
    check_options("evaluate", task, given, use.scores_with)
    return use.scores_with


def _model_and_gold(
    first: str, second: str | None, train: str | None, predicted_column: str | None
) -> tuple[str, str]:
    """The model folder and the gold file."""
    if train is not None:
        raise UsageError("--train needs --predicted; a model records what it was trained on.")
    if second is None:
        raise UsageError(f"Expected MODEL and GOLD, or --predicted FILE and GOLD. Received: {first}")
    if predicted_column is not None:
        raise UsageError("--predicted-column needs --predicted.")
    return first, second


def _gold_of_predictions(
    first: str,
    second: str | None,
    predicted: str,
    train: str | None,
    threads: int | None,
    precision: str | None,
) -> str:
    """The gold file that predictions are scored against."""
    if second is not None:
        raise UsageError(f"With --predicted, expected the gold file alone. Received: {first} {second}")
    if [first, predicted, train].count(STDIN) > 1:
        raise UsageError("Only one of the files can come from stdin.")
    if threads is not None:
        raise UsageError("--threads needs a model; it cannot be combined with --predicted.")
    if precision is not None:
        raise UsageError("--precision needs a model; it cannot be combined with --predicted.")
    return first


def _check_distinct(outputs: Mapping[str, str | None], analysis: bool) -> None:
    """Refuse two outputs in one place; stdout is one, which the tables need."""
    taken: dict[str, tuple[str, str]] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        other, place = taken.setdefault(path if path == STDOUT else os.path.realpath(path), (option, path))
        if other != option:
            raise UsageError(f"{other} and {option} both write to {place}.")
    if analysis and STDOUT in taken:
        option, _ = taken[STDOUT]
        raise UsageError(f"--analysis prints tables to stdout; it cannot be combined with {option} -.")


def _write(path: str, write: Callable[[TextIO], None]) -> None:
    if path == STDOUT:
        write(sys.stdout)
        return
    with results.written(path) as stream:
        write(stream)


def _dumper(evaluation: "Evaluated", compared: "Against | None") -> Callable[[TextIO], None]:
    """What writes all figures as JSON."""

    def dump(stream: TextIO) -> None:
        found = evaluation.to_json() | ({"against": compared.to_json()} if compared else {})
        stream.write(json_text(found, indent=2) + "\n")

    return dump


def _show(
    evaluation: "Evaluated",
    compared: "Against | None",
    *,
    crosschecked: bool,
    analysis: bool,
    calibration: bool,
) -> None:
    from seqtag.cli.tables import make_console, print_figures, print_line, print_score, print_tables
    from seqtag.evaluation.calibration import reliability_table
    from seqtag.evaluation.evaluation import Evaluation
    from seqtag.evaluation.thresholds import thresholds_table

    console = make_console()
    print_line(evaluation.heading, console)
    probable = [
        *map(reliability_table, evaluation.calibrations),
        *map(thresholds_table, evaluation.thresholds),
    ] * calibration  # --report alone asks for them too
    if not isinstance(evaluation, Evaluation):
        print_figures(evaluation.score, console)
        print_tables(probable, console)
        _show_against(compared, console)
        return
    if evaluation.seconds is not None and evaluation.tokens_per_second is not None:
        speed = f"{evaluation.tokens_per_second:,.0f} tokens/s"
        also = ", with probabilities" if evaluation.probabilities is not None else ""
        tokens = f"{evaluation.score.tokens:,} tokens"
        console.print(f"Tagged {tokens} in {evaluation.seconds:.2f} s: {speed}{also}.")
    if crosschecked:
        console.print("Cross-check passed: the seqeval package finds the same figures.")
    print_score(evaluation.score, console)
    print_tables(probable, console)
    if analysis:
        from seqtag.cli.analysis_tables import print_analysis

        print_analysis(evaluation.analysis, console)
    _show_against(compared, console)


def _show_against(compared: "Against | None", console: "Console") -> None:
    """Prints both models side by side, and whether their difference can be chance."""
    if compared is None:
        return
    from seqtag.cli.tables import print_line, print_tables

    console.print()
    print_line(f"compared with {compared.second.name}", console)
    print_tables(compared.figures(), console)
    console.print(compared.second.score.signature, markup=False, highlight=False, soft_wrap=True)
