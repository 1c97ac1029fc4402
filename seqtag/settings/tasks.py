"""The setting `task`, which says what the other settings are: each task has a tree of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seqtag.settings import registry
from seqtag.settings.config import Tree
from seqtag.settings.merging import Layer, merge_into
from seqtag.settings.schema import Schema, Setting
from seqtag.support.errors import UsageError, suggest
from seqtag.support.quoting import quoted

KEY = "task"  # at the root of a file of settings
USUAL = "tagging"


def names() -> list[str]:
    """The tasks that `seqtag train` knows."""
    return [name for name, row in registry.TASKS.items() if not row.own_training]


def schema_for(task: str) -> Schema[Any]:
    """The settings of a task."""
    found: Schema[Any] = registry.load(registry.TASKS, task, "schema")
    return found


def every_path() -> set[str]:
    """The paths of the settings of all tasks."""
    return {path for task in registry.TASKS for path in schema_for(task)}


def holds_list(path: str) -> bool:
    """Whether the path is that of a setting with several values, in any task."""
    schemas = map(schema_for, registry.TASKS)
    return any(path in schema and schema[path].is_list for schema in schemas)


def check_name(name: Any, source: str) -> str:
    """The name of a task.

    Raises:
        UsageError: There is no such task; the message names the source and all tasks.
    """
    if not isinstance(name, str) or name not in names():
        raise UsageError(f"{source}: {KEY} is {quoted(name)}.{suggest(str(name), names())}")
    return name


def chosen(
    layers: Sequence[Layer], option: str | None = None
) -> tuple[str, list[dict[str, tuple[Any, str]]]]:
    """The task, and the layers without it.

    Args:
        layers: Settings as {path: (value, source)}, weakest first; the last one that names a task holds.
        option: The task of an option `--task`, which is stronger than all of them.

    Raises:
        UsageError: One of them names a task that is unknown.
    """
    task = USUAL
    rest = []
    for layer in layers:
        if KEY in layer:
            task = check_name(*layer[KEY])
        rest.append({path: entry for path, entry in layer.items() if path != KEY})
    if option is not None:
        task = check_name(option, "--task")
    return task, rest


def settings_of(*layers: Layer, option: str | None = None) -> tuple[str, Tree]:
    """The task, and its settings from layers over the defaults; see `chosen` and `merge_into`."""
    task, rest = chosen(layers, option)
    tree: Tree = merge_into(schema_for(task), *rest)
    return task, tree


def options(tasks: Iterable[str]) -> dict[str, dict[str, Setting]]:
    """The settings that have an option: the setting of each task that has one of that name, by the option's name with
    underscores.
    """
    found: dict[str, dict[str, Setting]] = {}
    for task in tasks:
        for entry in schema_for(task).values():
            if entry.flag is not None:
                found.setdefault(entry.flag, {})[task] = entry
    return found


def reading_options(tasks: Iterable[str]) -> set[str]:
    """The names of the options, with underscores, that say how files are read."""
    return {
        name
        for name, by_task in options(tasks).items()
        for task, entry in by_task.items()
        if entry.path.partition(".")[0] in schema_for(task).kind.READING
    }


def chosen_options(values: Mapping[str, Any], task: str) -> dict[str, tuple[Any, str]]:
    """The settings of the options that were given: {path: (value, option)}.

    Args:
        values: What each option was given, by its name with underscores; None where it was not.
        task: The task whose settings they are.

    Raises:
        UsageError: An option is of other tasks alone.
    """
    found = {}
    for name, by_task in options(dict.fromkeys([*names(), task])).items():
        if values.get(name) in (None, []):  # the latter for an option that is repeatable
            continue
        option = "--" + name.replace("_", "-")
        if task not in by_task:
            *first, last = by_task
            users = f"{', '.join(first)} or {last}" if first else last
            raise UsageError(f"{option} is for {KEY} {users}; this is {KEY} {task}.")
        found[by_task[task].path] = (values[name], option)
    return found
