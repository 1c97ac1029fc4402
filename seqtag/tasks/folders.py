"""Which task a model folder is of, found out without importing the task."""

from pathlib import Path

from seqtag.model_folder.layout import format_of
from seqtag.settings import registry


def task_of(path: Path) -> str:
    """The name in `registry.TASKS` of the task whose runs end in folders like this one; for any other folder the first,
    which refuses to read it.
    """
    found = format_of(path)
    names = (name for name, row in registry.TASKS.items() if row.format == found)
    return next(names, next(iter(registry.TASKS)))
