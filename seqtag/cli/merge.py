"""`seqtag merge`: taggers in, one tagger out that averages them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli.stderr import stderr, steps
from seqtag.support.quoting import printable

if TYPE_CHECKING:
    from seqtag.stages.merge import MergedModel


def merge(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL", help="Folders of taggers with the same tags.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="MODEL", help="Folder for the merged model.")
    ],
    dev: Annotated[
        str | None,
        typer.Option(
            "--dev",
            metavar="FILE",
            show_default=False,
            help="Corpus to score each model and the merged one on.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an existing model.")] = False,
) -> None:
    r"""Merge taggers into one that averages their scores, such as those of several seeds.

    The merged model is often, but not always, better than its members, and
    takes nearly as long as all of them together; --dev shows what it gains.
    Predict, evaluate, export and Python use it like any other tagger. Files
    that several members have, such as pretrained vectors, are stored once.

    Examples:
      seqtag train --train train.conll --dev dev.conll -o model \
        --seeds 3 --keep-seeds
      seqtag merge model.seeds/* -o merged --dev dev.conll
    """
    from seqtag.stages.merge import merge as stage

    with steps() as say:
        result = stage(models, output, dev=dev, force=force, say=say)
    _show(result)


def _show(result: "MergedModel") -> None:
    """Says what the merged model gains and costs."""
    if result.scored:
        from seqtag.cli.tables import label, make_console, make_table
        from seqtag.cli.warnings import warn

        first = result.scored[0].evaluation.score
        table = make_table("model", f"dev {first.measure.title}", "tokens/s")
        for place, one in enumerate(result.scored):
            if place == len(result.scored) - 1:
                table.add_section()
            speed = one.evaluation.tokens_per_second
            table.add_row(
                label(one.name), first.measure.text(one.evaluation.score.main), f"{speed or 0:,.0f}"
            )
        make_console().print(table)
        warn(result.scored[-1].evaluation.findings)
    size, apart = (f"{size / 1e6:,.1f} MB" for size in (result.size, result.apart))
    for line in (
        f"model written to {printable(str(result.path))} ({size}; its members take {apart})",
        f"  {result.members} networks, which take up to {result.members} times as long as one",
    ):
        print(line, file=stderr())
