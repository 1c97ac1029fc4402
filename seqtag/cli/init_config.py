"""`seqtag init-config`: a commented file of all settings."""

from pathlib import Path
from typing import Annotated

import typer

from seqtag.cli.common import STDOUT
from seqtag.errors import UserError


def init_config(
    output: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write; stdout if none or -.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a commented YAML file of all settings.

    Example: seqtag init-config config.yaml
    """
    from seqtag.config_files import commented

    if output is None or str(output) == STDOUT:
        print(commented(), end="")
        return
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(commented())
    except FileExistsError:
        raise UserError(f"{output}: exists already; use --force to replace it.") from None
