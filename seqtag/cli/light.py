"""Commands that convert only the values that need it, refuse empty texts, and show no Python types in their help."""

from functools import partial
from typing import Any

from typer.core import TyperCommand, TyperGroup

from seqtag.support.errors import UsageError

MOST_DIGITS = 18


class LightCommand(TyperCommand):
    """A command that takes a text as it is, digits as a number, and an option that was not given as None.

    Typer 0.29 has pydantic convert these too, and importing pydantic takes about as long as tagging a sentence. It has
    no option for that, and it makes the parameters itself; so each parameter gets its own `process_value`, the method
    in which a value is converted and checked.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))


class LightGroup(TyperGroup):
    """The same for the options before the command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))


def _lightened(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if "process_value" not in vars(parameter):
            parameter.process_value = partial(_process, parameter, parameter.process_value)
            if parameter.param_type_name == "argument" or parameter.is_flag:
                parameter.display_type_rich = _no_type
    return parameters


def _no_type(ctx: Any) -> None:
    """The type that the help shows of an argument or a flag, which Typer would show as <list[str]> or <bool>."""


def _process(parameter: Any, process: Any, ctx: Any, value: Any) -> Any:
    """The value of a parameter.

    Args:
        parameter: Typer's option or argument.
        process: Its own method.
        ctx: The context of the command.
        value: What was given: texts, None, or whether a flag was.

    Raises:
        UsageError: An empty text: as a path it would name the current folder, or pass for nothing given.
    """
    several = parameter.multiple or parameter.nargs == -1
    if not ctx.resilient_parsing and (value == "" or (several and value and "" in value)):
        raise UsageError(f"{_name(parameter)}: expected a value. Received an empty text.")
    annotation = parameter.type_descriptor.annotation
    found: Any
    if value is None and not parameter.required:
        found = () if several else None
    elif isinstance(value, str) and annotation is str:
        found = value
    elif isinstance(value, list | tuple) and value and annotation == list[str]:
        found = list(value)
    elif annotation is int and _is_number(value, parameter.type_descriptor.parameter_info):
        found = int(value)
    else:
        return process(ctx, value)
    return found if parameter.callback is None else parameter.callback(ctx, parameter, found)


def _is_number(value: Any, option: Any) -> bool:
    """Whether these are digits, of a number within the option's bounds; Typer has a message for what is not."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return False
    return (option.min is None or option.min <= int(text)) and (option.max is None or int(text) <= option.max)


def _name(parameter: Any) -> str:
    """The parameter as the help names it: `--dev` of an option, MODEL of an argument."""
    if parameter.param_type_name == "option":
        return str(next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0]))
    return str(parameter.metavar or parameter.name).strip("[].")
