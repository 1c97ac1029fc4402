"""`seqtag init-config`: a commented file of all settings."""

import os
from typing import Annotated

import typer

from seqtag.cli.results import STDOUT, place, written
from seqtag.support.errors import Error


def init_config(
    output: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Output file; default, or -: stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a commented YAML file of all settings.

    Examples:
      seqtag init-config config.yaml
    """
    from seqtag.settings.reference import commented

    if output is None or place(output) == STDOUT:
        print(commented(), end="")
        return
    if os.path.lexists(output) and not force:
        raise Error(f"{output}: already exists; use --force to replace it.")
    with written(output) as stream:
        stream.write(commented())
