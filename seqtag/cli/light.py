"""Commands that do not wait for what converts options when there is nothing to convert."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

from seqtag.support.errors import UsageError


class LightCommand(TyperCommand):
    """A command that takes texts as they are, and options that were not given as not given. Empty texts it refuses: as
    paths they would pass for the current folder, or for nothing given.

    Typer has pydantic look at every value, the import of which takes longer than tagging a sentence. Another version
    of Typer than the one in constraints.txt may do without; then this class changes nothing.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses before any work what is empty, by the name that the user gave it."""
        empty = "" in args or any(argument.endswith("=") for argument in args)
        if empty and not ctx.resilient_parsing:
            given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            for parameter in self.get_params(ctx):
                value = given.get(parameter.name)
                if value == "" or (isinstance(value, list | tuple) and "" in value):
                    raise UsageError(f"{_name(parameter)}: expected a value. Received an empty text.")
        return super().parse_args(ctx, args)


class LightGroup(TyperGroup):
    """The same for the options before the command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))


def _name(parameter: Any) -> str:
    """What the help calls it: `--dev` of an option, MODEL of an argument."""
    if parameter.param_type_name == "option":
        return str(next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0]))
    return str(parameter.metavar or parameter.name).strip("[].")


def _lightened(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        light = isinstance(getattr(parameter, "get_runtime_param", None), _Converter)
        if not light and hasattr(parameter, "get_runtime_param") and hasattr(parameter, "type_descriptor"):
            parameter.get_runtime_param = _Converter(parameter)
    return parameters


class _Converter:
    """Stands in for what Typer makes to convert a parameter's values, and makes that when it is needed."""

    def __init__(self, parameter: Any) -> None:
        self._annotation = parameter.type_descriptor.annotation
        self._make = parameter.get_runtime_param

    def __call__(self) -> "_Converter":
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the parameter's type."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if self._annotation is str and isinstance(value, str):
            return value
        if self._annotation == list[str] and several and not isinstance(value, str):
            return list(value)  # the parser makes nothing but texts
        return self._make().coerce(value, param=param, ctx=ctx)
