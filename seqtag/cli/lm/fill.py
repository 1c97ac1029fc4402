"""`seqtag lm fill`: words for the gaps of a text."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import results
from seqtag.cli.lm import options

if TYPE_CHECKING:
    from seqtag.tasks.language.filling import Filling


def fill(
    model: options.Model,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A sentence with ___ for each gap.")],
    number: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many words for each gap.")] = 10,
    label: options.Label = None,
    json: Annotated[
        str | None, typer.Option(metavar="OUT", help="Write the words as JSON; - for stdout.")
    ] = None,
) -> None:
    """Fill gaps by the words on both sides, with a recurrent model of both directions.

    Each gap is written ___; the most probable words for it are listed.

    Examples:
      seqtag lm fill lm 'The ___ was closed on Monday .' -n 5
    """
    output = None if json is None else results.place(json)
    results.check_outputs([output], [model])
    options.one_thread()
    from seqtag.stages.fill import fill as stage

    found = stage(model, text, number, label)
    if output != results.STDOUT:
        _show(found)
    if output is not None:
        _write(output, text, found)


def _show(found: Sequence["Filling"]) -> None:
    """Prints a table for each gap."""
    from seqtag.cli.tables import label, make_console, make_table, share

    console = make_console()
    for gap, filling in enumerate(found, 1):
        table = make_table("word" if len(found) == 1 else f"gap {gap}", "probability")
        for word, probability in zip(filling.words, filling.probabilities, strict=True):
            table.add_row(label(word), share(probability))
        console.print(table)


def _write(path: str, text: str, found: Sequence["Filling"]) -> None:
    from seqtag.model_folder.layout import dump_json

    content = dump_json({"text": text, "gaps": [filling.to_json() for filling in found]})
    if path == results.STDOUT:
        sys.stdout.write(content.decode())
    else:
        with results.written_bytes(path) as stream:
            stream.write(content)
        results.announce(path)
