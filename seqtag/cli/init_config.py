"""`seqtag init-config`: a commented file of all settings."""

import os
from typing import Annotated

import typer

from seqtag.cli.results import STDOUT, place, written
from seqtag.settings.tasks import names
from seqtag.support.errors import Error, UsageError


def init_config(
    output: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Output file; default, or -: stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it exists.")] = False,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"The settings of this task: {', '.join(names())}.", show_default=False
        ),
    ] = None,
    lm: Annotated[bool, typer.Option("--lm", help="The settings of `seqtag lm train --kind rnn`.")] = False,
) -> None:
    """Write a commented YAML file of all settings.

    `seqtag train -c FILE` reads it; every line may be left out.

    Examples:
      seqtag init-config config.yaml
      seqtag init-config --lm lm.yaml
    """
    from seqtag.settings.language import LANGUAGE
    from seqtag.settings.reference import commented
    from seqtag.settings.tasks import USUAL, check_name, schema_for

    if task is not None and lm:
        raise UsageError("--lm and --task exclude each other; choose one of them.")
    if task is not None:
        check_name(task, "--task")
    text = commented(LANGUAGE if lm else schema_for(task or USUAL), task)
    if output is None or place(output) == STDOUT:
        print(text, end="")
        return
    if os.path.lexists(output) and not force:
        raise Error(f"{output}: already exists; use --force to replace it.")
    with written(output) as stream:
        stream.write(text)
