"""`seqtag init-config`: a commented file of all settings."""

import os
from typing import Annotated

import typer

from seqtag.cli.results import STDOUT, one_output, place, written
from seqtag.settings.tasks import names
from seqtag.support.errors import Error, UsageError


def init_config(
    output: Annotated[
        str | None, typer.Argument(metavar="OUTPUT", help="Output file; by default, or -: stdout.")
    ] = None,
    named: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUTPUT", help="The same as the argument OUTPUT.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it exists.")] = False,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"The settings of this task: {', '.join(names())}.", show_default=False
        ),
    ] = None,
    lm: Annotated[bool, typer.Option("--lm", help="The settings of `seqtag lm train --kind rnn`.")] = False,
    space: Annotated[
        bool, typer.Option("--space", help="The settings that `seqtag tune` varies, and what each may be.")
    ] = False,
) -> None:
    """Write a commented YAML file of all settings.

    `seqtag train -c FILE` reads it; every line may be left out.

    Examples:
      seqtag init-config -o config.yaml
      seqtag init-config --lm -o lm.yaml
      seqtag init-config --space -o space.yaml
    """
    from seqtag.settings.language import LANGUAGE
    from seqtag.settings.reference import commented
    from seqtag.settings.space import default
    from seqtag.settings.tasks import USUAL, check_name, schema_for

    output = one_output(output, named)
    if lm and (space or task is not None):
        raise UsageError(f"--lm and --{'space' if space else 'task'} exclude each other; choose one of them.")
    if task is not None:
        check_name(task, "--task")
    schema = LANGUAGE if lm else schema_for(task or USUAL)
    text = default(task or USUAL) if space else commented(schema, task)
    if output is None or place(output) == STDOUT:
        print(text, end="")
        return
    if os.path.lexists(output) and not force:
        raise Error(f"{output}: already exists; use --force to replace it.")
    with written(output) as stream:
        stream.write(text)
