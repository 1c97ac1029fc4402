"""`seqtag predict`: a model at work on raw text."""

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtag.cli import common, results, shards
from seqtag.cli.stderr import steps
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seqtag.corpora.running_text import Splitting
    from seqtag.tasks.use import PredictionOrder


SHOWN = 0.5  # seconds between two counts of what is answered


def predict(
    model: common.Model,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Text, one sentence per line, or a corpus; for a transducer, sources, one per line, or columns as in "
            "training; stdin if none or -.",
        ),
    ] = None,
    output_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"Output format: {common.described('writer')}. \\[default: conll; of a classifier jsonl; of a "
            "transducer tsv, source and target]",
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
            help="Add the K best tag sequences, or targets of a transducer, and their probabilities (jsonl).",
            show_default=False,
        ),
    ] = None,
    min_probability: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            help="Drop entities whose probability is below P.",
            show_default=False,
        ),
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            metavar="OUT.npy",
            help="For a model that labels sentences: also write the vector from which each label is decided, as a "
            "NumPy array with a row for each sentence.",
            show_default=False,
        ),
    ] = None,
    precision: common.Precision = None,
    threads: common.Threads = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Output file; by default stdout. With --engine the folder of part files.",
        ),
    ] = None,
    engine: shards.EngineName = None,
    workers: shards.Workers = None,
    address: shards.Address = None,
    on_error: shards.OnError = None,
    text_column: shards.TextColumn = None,
    shard_size: shards.ShardSize = None,
) -> None:
    """Predict tags, labels or other sequences for raw or tokenised text.

    Each line is answered as soon as it is read. A file named by --output is
    replaced only once all results are in it.

    Examples:
      seqtag predict model text.txt --format text
      seqtag predict model report.txt --sentences paragraph --format jsonl
      echo 'Marta flew to Rotterdam.' | seqtag predict model
      seqtag predict model corpus/ --engine ray --workers 8 -o tagged
    """
    paths = files or ["-"]
    of_engine = {
        "--workers": workers,
        "--address": address,
        "--on-error": on_error,
        "--text-column": text_column,
        "--shard-size": shard_size,
    }
    if engine is None:
        shards.check_unused(of_engine)
    else:
        output_format = shards.check_usage(engine, output_format, output, threads, vectors)
    given = {
        "--input-format": input_format,
        "--tokenizer": tokenizer,
        "--nbest": nbest,
        "--language": language,
        "--precision": precision,
        "--min-probability": min_probability,
    }
    given |= {"--vectors": vectors, "--sentences": None if sentences == "line" else sentences}
    _check_task(model, output_format, given)
    common.check_name("--tokenizer", tokenizer, registry.TOKENIZERS)
    common.check_name("--precision", precision, registry.PRECISIONS)
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
    from seqtag.cli.warnings import warner
    from seqtag.tasks.use import PredictionOrder

    order = PredictionOrder(
        model,
        output_format or "",
        input_format,
        tokenizer,
        splitting,
        nbest or 0,
        threads or 0,
        vectors is not None,
        warner() if engine is None else shards.warner(),
        precision or registry.FLOAT32,
        min_probability or 0.0,
    )
    if engine is not None and output is not None:
        shards.run(order, paths, output, engine, of_engine)
    else:
        _answer(order, paths, output, vectors)


def _answer(order: "PredictionOrder", paths: list[str], output: str | None, vectors: str | None) -> None:
    """Answers files one after the other, to a file or to stdout."""
    if output is not None and results.place(output) == results.STDOUT:
        output = None
    results.check_outputs([output, vectors], [order.model, *paths])
    if output is None:
        _check_stdout(paths)
        common.invite(paths)
    from seqtag.stages.predict import load
    from seqtag.stages.predict import predict as stage

    predictor = load(order)
    found: list[Any] = []

    def keep(answer: Any) -> None:
        if vectors is not None:
            found.append(answer.vector)

    if output is None:
        stage(predictor, paths, sys.stdout, keep=keep)
    else:
        with results.written(output) as stream, steps() as step:
            stage(predictor, paths, stream, keep=_counting(keep, step))
    if vectors is not None:
        _write_vectors(found, vectors)


def _counting(keep: "Callable[[Any], None]", step: "Callable[[str], None]") -> "Callable[[Any], None]":
    """`keep`, which also shows how many sentences are answered."""
    count, shown = 0, time.monotonic()

    def counting(answer: Any) -> None:
        nonlocal count, shown
        keep(answer)
        count += 1
        if (now := time.monotonic()) - shown > SHOWN:
            step(f"{count:,} sentences answered ...")
            shown = now

    return counting


def _check_task(model: str, output_format: str | None, given: dict[str, Any]) -> None:
    """Refuses a format that the model's task does not write, and options that it has no use for.

    Args:
        model: The model folder.
        output_format: What was asked for.
        given: The value of each option; None for one that was not given.
    """
    from seqtag.tasks.use import check_options, use_of

    task, use = use_of(model)
    common.check_name("--format", output_format, use.formats())
    check_options(
        "predict", task, {name: value is not None for name, value in given.items()}, use.predicts_with
    )
    if given["--vectors"] is not None and results.place(given["--vectors"]) == results.STDOUT:
        raise UsageError("--vectors: expected a file, such as vectors.npy; stdout is for the answers.")


def _write_vectors(found: "Sequence[Any]", path: str) -> None:
    """Writes the vectors of sentences, `(sentences, width)`; a sentence without tokens has zeros."""
    import numpy as np

    width = max((len(vector) for vector in found if vector is not None), default=0)
    rows = [np.zeros(width, np.float32) if vector is None else vector for vector in found]
    with results.written_bytes(path) as stream:
        np.save(stream, np.stack(rows) if rows else np.zeros((0, width), np.float32), allow_pickle=False)


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
