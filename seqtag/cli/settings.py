"""Command-line options generated from the settings, whose names, types, defaults and help are in `config` alone."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from seqtag.settings.schema import SETTINGS, Schema, Setting, members_of

PANELS = {
    "data": "Corpus",
    "embeddings": "Network",
    "encoder": "Network",
    "head": "Network",
    "training": "Training",
}

# Names that users know from other tools.
ALIASES = {"learning_rate": ("--lr",)}


def flags(schema: Schema[Any] = SETTINGS) -> dict[str, Setting]:
    """The settings that have an option, by the option's name with underscores."""
    return {entry.flag: entry for entry in schema.values() if entry.flag is not None}


def chosen_settings(chosen: Mapping[str, Any], schema: Schema[Any] = SETTINGS) -> dict[str, tuple[Any, str]]:
    """The settings of the options that were given: {path: (value, option)}."""
    return {
        entry.path: (chosen[name], "--" + name.replace("_", "-"))
        for name, entry in flags(schema).items()
        if chosen[name] is not None
    }


def with_settings(
    function: Callable[..., None], schema: Schema[Any] = SETTINGS, panels: Mapping[str, str] = PANELS
) -> Callable[..., None]:
    """Gives a command an option for each setting with a flag, in place of its `**chosen` parameter.

    Typer reads a command's options from its signature and has no other way to declare them, so the signature (PEP 362)
    and the annotations are set. An option that is not given is None; then the configuration file or the default holds.
    """
    signature = inspect.signature(function)
    own = [
        entry for entry in signature.parameters.values() if entry.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    made = [_parameter(name, entry, panels) for name, entry in flags(schema).items()]
    parameters = [entry.replace(kind=inspect.Parameter.KEYWORD_ONLY) for entry in own] + made
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    return function


def _parameter(name: str, entry: Setting, panels: Mapping[str, str]) -> inspect.Parameter:
    kinds = [member for member in members_of(entry.type) if member is not type(None)]
    kind = kinds[0] if len(kinds) == 1 else str
    dashed = name.replace("_", "-")
    names = [f"--{dashed}/--no-{dashed}"] if kind is bool else [f"--{dashed}", *ALIASES.get(name, ())]
    default = "" if entry.default is None else f" [default: {entry.described(_shown)}]"
    choices = entry.metadata["choices"]
    names_allowed = f": {', '.join(choices)}" if choices else ""
    option = typer.Option(
        *names,
        help=entry.help[0].upper() + entry.help[1:] + names_allowed + "." + default.replace("[", "\\["),
        show_default=False,
        metavar=_metavar(entry, kind, len(kinds) > 1),
        rich_help_panel=panels[entry.path.partition(".")[0]],
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _metavar(entry: Setting, kind: type, either: bool) -> str | None:
    """The placeholder of an option's value; None: that of its type."""
    if entry.path.endswith(".file"):
        return "FILE"
    if either:
        return "|".join(("N", *entry.metadata["choices"])) if entry.metadata["choices"] else "COLUMN"
    return "NAME" if kind is str else None


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
