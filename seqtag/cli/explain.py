"""`seqtag explain`: what each tag of a model depends on, as a page; how a language model predicts a text."""

import sys
from typing import Annotated

import typer

from seqtag.cli import common, parameters, results
from seqtag.cli.lm import options
from seqtag.settings import registry
from seqtag.support.errors import UsageError

LIMIT = 20  # sentences of a page


def explain(
    model: common.Model,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Text, one sentence per line, or a corpus; default, or -: stdin."
        ),
    ] = "-",
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="For a tagger: the page to write (OUT.html); -: stdout. For a language model: all figures as JSON, or "
            "a plot of its memory (.png, .svg); repeatable.",
            show_default=False,
        ),
    ] = None,
    input_format: common.InputFormat = None,
    label: options.Label = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Maximum number of sentences to show; default: 20, for a language model 1.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=1_000_000,
            help="For a language model: maximum number of tokens on which its memory is measured.",
        ),
    ] = 2000,
    seed: parameters.DrawSeed = 1,
) -> None:
    """Show what the output of a model depends on.

    For a tagger, write a page: for each tag or entity, how much each token
    speaks for or against it (gradient x input); with attention, which tokens
    each token attends to. The page needs no network and runs no script.

    For a language model, print its perplexity when only the last words are
    visible, and how it predicts the first sentences from the words before.

    Examples:
      seqtag explain model text.txt -o page.html
      echo 'Marta flew to Rotterdam.' | seqtag explain model -o page.html
      seqtag explain lm text.txt
      seqtag explain intents text.txt --label PlayMusic
    """
    common.check_name("--input-format", input_format, registry.formats("reader"))
    from pathlib import Path

    from seqtag.model_folder.layout import LANGUAGE_MODEL, format_of

    if format_of(Path(model)) == LANGUAGE_MODEL.format:
        from seqtag.cli.explain_lm import explain_lm

        common.invite([file])
        explain_lm(
            model,
            file,
            outputs or [],
            input_format=input_format,
            label=label,
            limit=limit or 1,
            sample=sample,
            seed=seed,
        )
        return
    if label is not None:
        raise UsageError(f"--label: {model} is not a language model.")
    if outputs is None or len(outputs) != 1:
        raise UsageError(f"-o: expected one page to write, such as page.html. Received: {len(outputs or [])}")
    _page(model, file, outputs[0], input_format, limit or LIMIT)


def _page(model: str, file: str, output: str, input_format: str | None, limit: int) -> None:
    """Writes the page of a tagger."""
    output = results.place(output)
    results.check_outputs([output], [model, file])
    common.invite([file])
    from seqtag.cli import wants_debug
    from seqtag.cli.explain_page import page
    from seqtag.cli.stderr import steps
    from seqtag.cli.warnings import warner
    from seqtag.stages.explain import explain as stage

    with steps() as step:
        step("starting TensorFlow and computing what each answer depends on ...")
        explained = stage(
            model, file, input_format=input_format, limit=limit, debug=wants_debug(), report=warner()
        )
    text = page(explained)
    if output == results.STDOUT:
        sys.stdout.write(text)
        return
    with results.written(output) as stream:
        stream.write(text)
