"""The options that say how a corpus is read, the same in each command that reads one."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from seqtag.cli import common
from seqtag.settings import registry

Command = Callable[..., None]

# By the fields of `ReadOptions`.
_OPTIONS: dict[str, Any] = {
    "format": common.Format,
    "token_column": common.TokenColumn,
    "tag_column": common.TagColumn,
    "skip_rows": common.SkipRows,
    "tag_spelling": common.TagSpelling,
    "outside_tag": common.OutsideTag,
    "neighbours": common.Neighbours,
    "misaligned": common.Misaligned,
    "labels": common.Labels,
}
_DEFAULTS = {"format": "auto", "misaligned": "error"}


def with_reading(**own: Any) -> Callable[[Command], Command]:
    """Gives a command the options in place of its parameter `options`, which receives `ReadOptions` made of them.

    Args:
        own: Options that this command describes in another way, by the name of the field; None for one that it lacks.
    """
    options = {name: kind for name, kind in (_OPTIONS | own).items() if kind is not None}

    def decorate(function: Command) -> Command:
        signature = inspect.signature(function)
        made = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS.get(name), annotation=kind
            )
            for name, kind in options.items()
        ]
        parameters: list[inspect.Parameter] = []
        for entry in signature.parameters.values():
            given = entry.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            parameters.extend(made if entry.name == "options" else [given])

        @functools.wraps(function)
        def command(**values: Any) -> None:
            common.check_name("--misaligned", values["misaligned"], registry.MISALIGNED)
            from seqtag.corpora.base import ReadOptions
            from seqtag.corpora.labels import names

            given = {name: values.pop(name) for name in options}
            read = ReadOptions(**given | {"labels": names(given["labels"])})
            function(**values, options=read.as_given())

        # Typer reads the options from the signature and the annotations.
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {entry.name: entry.annotation for entry in parameters}
        return command

    return decorate
