"""Commands that have commands of their own."""

import inspect
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
        app.command(name, cls=LightCommand, help=unwrapped(command))(command)
        return
    inner = typer.Typer(cls=LightGroup, help=command.help, no_args_is_help=True, rich_markup_mode="rich")
    inner.callback()(lambda: None)
    named = named_in(arguments)
    for one in [named] if named in command.commands else command.commands:
        found = registry.load(command.commands, one)
        inner.command(one, cls=LightCommand, help=unwrapped(found))(found)
    app.add_typer(inner, name=name, help=command.help)


def unwrapped(command: Callable[..., Any]) -> str:
    """The docstring of a command with a line for each paragraph, which the terminal wraps; a paragraph with lines that
    are indented, such as examples, stays as it is.
    """
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(text if "\n " in text else text.replace("\n", " ") for text in paragraphs)


def named_in(arguments: Sequence[str]) -> str:
    """The command that arguments name; empty if they name none."""
    return next((argument for argument in arguments if not argument.startswith("-")), "")
