"""Command-line options generated from the settings, whose names, types, defaults and help are in `config` alone."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

import typer

from seqtag.settings.config import Tree
from seqtag.settings.merging import merge_into
from seqtag.settings.schema import Setting, members_of
from seqtag.settings.tasks import chosen, chosen_options, names, options, reading_options, schema_for

NETWORK = "Network"
PANELS = {"data": "Corpus", "training": "Training"}

# Names that users know from other tools.
ALIASES = {"learning_rate": ("--lr",)}
NOT_READ = {"train_scheme"}  # says how tags are learnt


def with_settings(
    function: Callable[..., None],
    tasks: Sequence[str],
    panels: Mapping[str, str] = PANELS,
    wanted: Collection[str] | None = None,
) -> Callable[..., None]:
    """Gives a command an option for each setting with a flag, in place of its `**chosen` parameter.

    Typer reads a command's options from its signature and has no other way to declare them, so the signature (PEP 362)
    and the annotations are set. An option that is not given is None; then the configuration file or the default holds.

    Args:
        function: The command.
        tasks: The tasks of whose settings there are options; the help has the defaults of the first that has one.
        panels: The panel of the help for the settings of a section.
        wanted: The names of the options, with underscores; None for those of all settings.
    """
    signature = inspect.signature(function)
    own = [
        entry for entry in signature.parameters.values() if entry.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    made = []
    for name, by_task in options(tasks).items():
        if wanted is not None and name not in wanted:
            continue
        some = [] if len(by_task) == len(tasks) else [*by_task]
        made.append(_parameter(name, next(iter(by_task.values())), panels, some))
    parameters = [entry.replace(kind=inspect.Parameter.KEYWORD_ONLY) for entry in own] + made
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    return function


def with_file_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for each setting of any task that says how files are read, in place of its `**given`
    parameter; `file_settings` takes them.
    """
    return with_settings(function, names(), wanted=reading_options(names()) - NOT_READ)


def file_settings(config: str | None, task: str | None, given: Mapping[str, Any]) -> tuple[str, Tree]:
    """The task that files are for, and its settings.

    Args:
        config: A file of settings; None for none.
        task: The task of an option, which is stronger than that of the file.
        given: What the options of `with_file_settings` were given.

    Raises:
        UsageError: The settings make no sense, or an option is of other tasks alone.
    """
    from seqtag.settings.config_files import read

    name, layers = chosen([read(config) if config else {}], task)
    settings: Tree = merge_into(schema_for(name), *layers, chosen_options(given, name))
    return name, settings


def _parameter(
    name: str, entry: Setting, panels: Mapping[str, str], tasks: Sequence[str]
) -> inspect.Parameter:
    """The option of a setting; `tasks` are those that have it, if not all have."""
    kinds = [member for member in members_of(entry.type) if member is not type(None)]
    kind = list[str] if entry.is_list else kinds[0] if len(kinds) == 1 else str
    dashed = name.replace("_", "-")
    names = [f"--{dashed}/--no-{dashed}"] if kind is bool else [f"--{dashed}", *ALIASES.get(name, ())]
    default = "" if entry.default is None else f" [default: {entry.described(_shown)}]"
    choices = entry.metadata["choices"]
    names_allowed = f": {', '.join(choices)}" if choices else ""
    begin = f"For {', '.join(tasks)}: {entry.help}" if tasks else entry.help[0].upper() + entry.help[1:]
    option = typer.Option(
        *names,
        help=begin + names_allowed + "." + default.replace("[", "\\["),
        show_default=False,
        metavar=_metavar(entry, kind, len(kinds) > 1),
        rich_help_panel=panels.get(entry.path.partition(".")[0], NETWORK),
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _metavar(entry: Setting, kind: type, either: bool) -> str | None:
    """The placeholder of an option's value; None: that of its type."""
    if entry.path.endswith((".file", ".files")):
        return "FILE"
    if either:
        return "|".join(("N", *entry.metadata["choices"])) if entry.metadata["choices"] else "COLUMN"
    return {str: "NAME", int: "N", float: "NUMBER"}.get(kind)


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
