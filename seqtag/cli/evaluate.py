"""`seqtag evaluate`: how good are the tags of a model, or of a file of predictions?"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

from seqtag.cli import common, parameters, results
from seqtag.cli.reading import with_reading
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.quoting import json_text, printable

if TYPE_CHECKING:
    from seqtag.corpora.base import ReadOptions
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
      seqtag evaluate model/ test.conll --analysis --errors errors.jsonl
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
    json_path, errors, output = (path and results.place(path) for path in (json_path, errors, output))
    outputs = {"--json": json_path, "--errors": errors, "--output": output}
    _check_distinct(outputs, analysis)
    results.check_outputs(outputs.values(), [gold, predicted or model, *([train] if train else [])])

    common.check_name("--precision", precision, registry.PRECISIONS)
    # The stage costs NumPy and, for a model, ONNX Runtime: nothing that `--help` should wait for.
    from seqtag.cli.stderr import steps
    from seqtag.cli.warnings import warn
    from seqtag.stages import evaluate as stage

    if predicted is None:
        given = {"--scheme": scheme != "auto", "--analysis": analysis, "--crosscheck": crosscheck}
        given |= {
            "--calibration": calibration,
            "--errors": errors is not None,
            "--output": output is not None,
        }
        given |= {"--precision": precision is not None}
        given |= {"--label-key": options.label_key is not None}
        _check_task(model, given)
        with steps() as step:
            step(f"answering {printable(gold)} ...")
            evaluation = stage.evaluate_model(
                model,
                gold,
                scheme=scheme,
                options=options,
                crosscheck=crosscheck,
                probabilities=errors is not None,
                threads=threads or 0,
                calibration=calibration,
                precision=precision or registry.FLOAT32,
            )
    else:
        evaluation = stage.evaluate_files(
            predicted,
            gold,
            scheme=scheme,
            options=options,
            predicted_column=predicted_column,
            train_path=train,
            crosscheck=crosscheck,
        )
    warn(evaluation.findings)
    writers = {
        json_path: _dumper(evaluation),
        errors: evaluation.write_errors,
        output: evaluation.write_columns,
    }
    for path in results.stdout_last(writers):
        _write(path, writers[path])
    if STDOUT not in outputs.values():
        _show(evaluation, crosscheck, analysis)


def _check_task(model: str, given: dict[str, bool]) -> None:
    """Refuses options of which the model's task makes no use."""
    from seqtag.tasks.use import check_options, use_of

    task, use = use_of(model)
    check_options("evaluate", task, given, use.scores_with)


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


def _dumper(evaluation: "Evaluated") -> Callable[[TextIO], None]:
    """What writes all figures as JSON."""

    def dump(stream: TextIO) -> None:
        stream.write(json_text(evaluation.to_json(), indent=2) + "\n")

    return dump


def _show(evaluation: "Evaluated", crosschecked: bool, analysis: bool) -> None:

    from seqtag.cli.tables import make_console, print_figures, print_line, print_score, print_tables
    from seqtag.evaluation.calibration import reliability_table
    from seqtag.evaluation.evaluation import Evaluation

    console = make_console()
    print_line(evaluation.heading, console)
    if not isinstance(evaluation, Evaluation):
        print_figures(evaluation.score, console)
        print_tables(map(reliability_table, evaluation.calibrations), console)
        return
    if evaluation.seconds is not None and evaluation.tokens_per_second is not None:
        speed = f"{evaluation.tokens_per_second:,.0f} tokens/s"
        also = ", with probabilities" if evaluation.probabilities is not None else ""
        tokens = f"{evaluation.score.tokens:,} tokens"
        console.print(f"Tagged {tokens} in {evaluation.seconds:.2f} s: {speed}{also}.")
    if crosschecked:
        console.print("Cross-check passed: the seqeval package finds the same figures.")
    print_score(evaluation.score, console)
    print_tables(map(reliability_table, evaluation.calibrations), console)
    if analysis:
        from seqtag.cli.analysis_tables import print_analysis

        print_analysis(evaluation.analysis, console)
