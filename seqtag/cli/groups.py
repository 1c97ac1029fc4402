"""Commands that have commands of their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from seqtag.cli.light import LightCommand, LightGroup
from seqtag.settings import registry


@dataclass(frozen=True)
class Group:
    """A command that has commands of its own.

    Attributes:
        help: What they do together.
        commands: Where each is, as `module:function`, in the order of the help.
    """

    help: str
    commands: Mapping[str, str]


def add(app: typer.Typer, name: str, command: Callable[..., Any] | Group, arguments: Sequence[str]) -> None:
    """Adds a command to the command line.

    Args:
        app: The command line.
        name: The command.
        command: What runs it, or its own commands; of these only the one that the arguments name is imported, or all if
            they name none.
        arguments: What stands after the command.
    """
    if not isinstance(command, Group):
        app.command(name, cls=LightCommand)(command)
        return
    inner = typer.Typer(cls=LightGroup, help=command.help, no_args_is_help=True, rich_markup_mode="rich")
    inner.callback()(lambda: None)
    named = named_in(arguments)
    for one in [named] if named in command.commands else command.commands:
        inner.command(one, cls=LightCommand)(registry.load(command.commands, one))
    app.add_typer(inner, name=name, help=command.help)


def named_in(arguments: Sequence[str]) -> str:
    """The command that arguments name; empty if they name none."""
    return next((argument for argument in arguments if not argument.startswith("-")), "")
