"""Commands that do not wait for what converts options when there is nothing to convert."""

from typing import Any

from typer.core import TyperCommand, TyperGroup


class LightCommand(TyperCommand):
    """A command that takes texts as they are, and options that were not given as not given.

    Typer has pydantic look at every value, the import of which takes longer than tagging a sentence. Another version
    of Typer than the one in constraints.txt may do without; then this class changes nothing.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))


class LightGroup(TyperGroup):
    """The same for the options before the command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _lightened(super().get_params(ctx))


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
