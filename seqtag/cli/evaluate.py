"""`seqtag evaluate`: how good are the tags of a model, or of a file of predictions?"""

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seqtag.errors import UsageError, UserError

if TYPE_CHECKING:
    from seqtag.evaluate import Evaluation

STDIN = STDOUT = "-"


def evaluate(
    first: Annotated[
        str, typer.Argument(metavar="MODEL", help="Model folder; with --predicted, the gold file (GOLD).")
    ],
    second: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Gold file; none with --predicted.", show_default=False),
    ] = None,
    predicted: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Score the tags in this file (its last column) and load no model."),
    ] = None,
    scheme: Annotated[
        str, typer.Option(help="Tag scheme of the gold file: auto, iob1, bio, bioes, bmes, bilou, plain.")
    ] = "auto",
    format: Annotated[str, typer.Option(help="Format of the gold file: auto, conll, conllu.")] = "auto",
    token_column: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Gold file's column of tokens: from 1, or a CoNLL-U field."),
    ] = None,
    tag_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Gold file's column of tags: from 1, negative from the end, or a field."
        ),
    ] = None,
    predicted_column: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of tags in the --predicted file, if not the last."),
    ] = None,
    crosscheck: Annotated[
        bool,
        typer.Option("--crosscheck", help="Score again with the seqeval package; fail if a digit differs."),
    ] = False,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="OUT", help="Write the figures as JSON; - writes them alone to stdout."
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write token, gold and predicted tag, with tabs: conlleval's input."
        ),
    ] = None,
) -> None:
    """Score a model on a gold file, or a file of predictions against it.

    The table shows precision, recall and F1 as the conlleval script and seqeval define them.

    Examples:
      seqtag evaluate model/ test.conll
      seqtag evaluate --predicted tagged.conll test.conll
    """
    model, gold = _inputs(first, second, predicted)
    if predicted is None and predicted_column is not None:
        raise UsageError(
            "--predicted-column says where the tags of the --predicted file stand. Received no --predicted."
        )
    _check_outputs([json_path, output], inputs=[gold, predicted or model])

    # The stage costs NumPy and, for a model, ONNX Runtime: nothing that `--help` should wait for.
    from seqtag import evaluate as stage

    if predicted is None:
        evaluation = stage.evaluate_model(
            model,
            gold,
            scheme=scheme,
            format=format,
            token_column=token_column,
            tag_column=tag_column,
            crosscheck=crosscheck,
        )
    else:
        evaluation = stage.evaluate_files(
            predicted,
            gold,
            scheme=scheme,
            format=format,
            token_column=token_column,
            tag_column=tag_column,
            predicted_column=predicted_column,
            crosscheck=crosscheck,
        )
    if json_path is not None:
        _write(json_path, lambda stream: _dump(evaluation, stream))
    if output is not None:
        _write(output, lambda stream: stage.write_columns(evaluation, stream))
    if STDOUT not in (json_path, output):
        _show(evaluation, crosscheck)


def _inputs(first: str, second: str | None, predicted: str | None) -> tuple[str, str]:
    """The model folder ("" if predictions are given) and the gold file."""
    if predicted is None:
        if second is None:
            raise UsageError(f"Expected MODEL and FILE, or --predicted FILE and GOLD. Received: {first}")
        return first, second
    if second is not None:
        raise UsageError(f"With --predicted, expected the gold file alone. Received: {first} {second}")
    if first == predicted == STDIN:
        raise UsageError("Only one of the two files can come from stdin.")
    return "", first


def _check_outputs(outputs: list[str | None], inputs: list[str]) -> None:
    """Refuse before the work what could not be written after it, or would overwrite what is read."""
    given = [path for path in outputs if path is not None]
    if len(given) != len({path if path == STDOUT else os.path.realpath(path) for path in given}):
        raise UsageError(f"--json and --output both write to {given[0]}.")
    for path in given:
        if path == STDOUT:
            continue
        for other in inputs:
            if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
                raise UsageError(f"{path}: this is read; expected another file to write to.")
            if os.path.realpath(path).startswith(os.path.join(os.path.realpath(other), "")):
                raise UsageError(
                    f"{path}: a model folder with another file in it is refused; expected a file elsewhere."
                )
        if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or "."):
            what = "is a folder" if os.path.isdir(path) else "has no folder to stand in"
            raise UserError(f"{path}: {what}; expected a file to write to")


def _write(path: str, write: Callable[[TextIO], None]) -> None:
    if path == STDOUT:
        write(sys.stdout)
        return
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        write(stream)


def _dump(evaluation: "Evaluation", stream: TextIO) -> None:
    json.dump(evaluation.to_json(), stream, ensure_ascii=False, indent=2)
    stream.write("\n")


def _show(evaluation: "Evaluation", crosschecked: bool) -> None:
    from rich.console import Console

    from seqtag.cli.tables import print_score

    console = Console(highlight=False)
    source = evaluation.model if evaluation.model is not None else evaluation.predicted_path
    heading = f"{source} against {evaluation.corpus.path}, tags: {evaluation.scheme.title}"
    console.print(heading, markup=False, soft_wrap=True)
    if evaluation.seconds is not None and evaluation.tokens_per_second is not None:
        speed = f"{evaluation.tokens_per_second:,.0f} tokens/s"
        console.print(f"Tagged {evaluation.score.tokens:,} tokens in {evaluation.seconds:.2f} s: {speed}.")
    if crosschecked:
        console.print("Cross-check passed: the seqeval package finds the same figures.")
    print_score(evaluation.score, console)
