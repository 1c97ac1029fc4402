"""`seqtag explain`: what each tag of a model depends on, as a page."""

import sys
from typing import Annotated

import typer

from seqtag.cli import common, results
from seqtag.settings import registry


def explain(
    model: common.Model,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT.html", help="Page to write; -: stdout.")
    ],
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Text, one sentence per line, or a corpus; default, or -: stdin."
        ),
    ] = "-",
    input_format: common.InputFormat = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Maximum number of sentences to show.")
    ] = 20,
) -> None:
    """Write a page that shows what each tag depends on.

    For each tag or entity, how much each token speaks for or against it
    (gradient x input); for a model with attention, which tokens each token
    attends to. The page needs no network and runs no script.

    Examples:
      seqtag explain model text.txt -o page.html
      echo 'Marta flew to Rotterdam.' | seqtag explain model -o page.html
    """
    common.check_name("--input-format", input_format, registry.formats("reader"))
    output = results.place(output)
    results.check_outputs([output], [model, file])
    common.invite([file])

    from seqtag.cli import wants_debug
    from seqtag.cli.page import page
    from seqtag.cli.warnings import warner
    from seqtag.stages.explain import explain as stage

    explained = stage(
        model, file, input_format=input_format, limit=limit, debug=wants_debug(), report=warner()
    )
    text = page(explained)
    if output == results.STDOUT:
        sys.stdout.write(text)
        return
    with results.written(output) as stream:
        stream.write(text)
