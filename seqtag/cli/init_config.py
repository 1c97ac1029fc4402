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
    lm: Annotated[bool, typer.Option("--lm", help="The settings of `seqtag lm train --kind rnn`.")] = False,
) -> None:
    """Write a commented YAML file of all settings.

    Examples:
      seqtag init-config config.yaml
      seqtag init-config --lm lm.yaml
    """
    from seqtag.settings.language import LANGUAGE
    from seqtag.settings.reference import commented
    from seqtag.settings.schema import SETTINGS

    text = commented(LANGUAGE if lm else SETTINGS)
    if output is None or place(output) == STDOUT:
        print(text, end="")
        return
    if os.path.lexists(output) and not force:
        raise Error(f"{output}: already exists; use --force to replace it.")
    with written(output) as stream:
        stream.write(text)
