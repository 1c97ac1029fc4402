"""`seqtag predict`: a model at work on raw text."""

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common, results
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.corpora.running_text import Splitting


def predict(
    model: common.Model,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Text, one sentence per line, or a corpus; stdin if none or -."),
    ] = None,
    output_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"Output format: {common.described('writer')}. \\[default: conll]",
            show_default=False,
        ),
    ] = None,
    input_format: common.InputFormat = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Tokenizer for raw text: {', '.join(registry.TOKENIZERS)}; by default the model's own.",
            show_default=False,
        ),
    ] = None,
    sentences: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Sentences of raw text: line (each line is one), split (each line is split into sentences) or "
            "paragraph (the lines up to a blank line are joined and split).",
        ),
    ] = "line",
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Language of the text that --sentences splits, by default en.",
            show_default=False,
        ),
    ] = None,
    nbest: Annotated[
        int | None,
        typer.Option(
            "--nbest",
            min=1,
            metavar="K",
            help="Add the K best tag sequences and their probabilities (jsonl).",
            show_default=False,
        ),
    ] = None,
    threads: common.Threads = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Output file; by default stdout."),
    ] = None,
) -> None:
    """Tag raw or tokenised sentences.

    Each line is tagged and written as soon as it is read. A file named by
    --output is replaced only once all results are in it.

    Examples:
      seqtag predict model text.txt --format text
      seqtag predict model report.txt --sentences paragraph --format jsonl
      echo 'Marta flew to Rotterdam.' | seqtag predict model
    """
    paths = files or ["-"]
    from seqtag.tasks.use import check_options, use_of

    task, use = use_of(model)
    common.check_name("--format", output_format, use.formats)
    given = {
        "--input-format": input_format,
        "--tokenizer": tokenizer,
        "--nbest": nbest,
        "--language": language,
    }
    given |= {"--sentences": sentences if sentences != "line" else None}
    check_options(
        "predict", task, {name: value is not None for name, value in given.items()}, use.predicts_with
    )
    common.check_name("--tokenizer", tokenizer, registry.TOKENIZERS)
    common.check_name("--input-format", input_format, registry.formats("reader"))
    if nbest and output_format != "jsonl":
        raise UsageError("--nbest needs --format jsonl.")
    if (
        sentences != "line"
        and input_format is not None
        and registry.find(registry.FORMATS, input_format).tagged
    ):
        raise UsageError(f"--sentences is for raw text; {input_format} files have their sentences already.")
    splitting = _splitting(sentences, language)
    if nbest and sentences != "line":
        raise UsageError(
            f"--nbest gives tag sequences of one sentence; it does not go with --sentences {sentences}."
        )
    if output is not None and results.place(output) == results.STDOUT:
        output = None
    results.check_outputs([output], [model, *paths])
    if output is None:
        _check_stdout(paths)
        common.invite(paths)
    from seqtag.cli.warnings import warner
    from seqtag.stages.predict import load
    from seqtag.stages.predict import predict as stage
    from seqtag.tasks.use import PredictionOrder

    order = PredictionOrder(
        model,
        output_format or "",
        input_format,
        tokenizer,
        splitting,
        nbest or 0,
        threads or 0,
        warner(),
    )
    predictor = load(order)
    with results.written(output) if output is not None else contextlib.nullcontext(sys.stdout) as stream:
        stage(predictor, paths, stream)


def _splitting(mode: str, language: str | None) -> "Splitting":
    """How raw text is divided, after a check of the options and that this is possible here."""
    from seqtag.corpora.running_text import ENGLISH, Splitting

    common.check_name("--sentences", mode, registry.SENTENCES)
    if language is not None and mode == "line":
        raise UsageError("--language is for text that is split; add --sentences split or paragraph.")
    splitting = Splitting(mode, language or ENGLISH)
    splitting.check()
    return splitting


def _check_stdout(paths: list[str]) -> None:
    """Refuses to append to a file that is read: the run would read its own answers without end."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor is no file
        written = os.fstat(sys.stdout.fileno())
        for path in paths if stat.S_ISREG(written.st_mode) else ():
            with contextlib.suppress(OSError, ValueError):
                read = os.fstat(sys.stdin.fileno()) if path == "-" else os.stat(path)
                if os.path.samestat(read, written):
                    raise UsageError(
                        f"{'stdin' if path == '-' else path}: is also an input; choose a different output file."
                    )
