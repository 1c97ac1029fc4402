"""The settings of a model that are not the defaults."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from seqtag.settings.merging import flatten
from seqtag.settings.schema import Schema


class Change(NamedTuple):
    """The value of a setting, and the default that it is not."""

    value: Any
    default: Any


def changes(schema: Schema[Any], values: Mapping[str, Any]) -> dict[str, Change]:
    """The settings by path that differ from the defaults; one whose default goes by the corpus differs from all of its
    defaults.

    Args:
        schema: The settings of the task.
        values: Nested values, as `config.json` has them. Those of settings that there are no longer are left out.

    Example:
        >>> from seqtag.settings.schema import SETTINGS
        >>> changes(SETTINGS, {"encoder": {"cell": "gru", "layers": 1}})
        {'encoder.cell': Change(value='gru', default='lstm')}
    """
    found = {}
    for path, value in flatten(values, schema=schema):
        entry = schema.get(path)
        if entry is None:
            continue
        value = tuple(value) if isinstance(value, list) else value
        usual = [
            entry.default_for(spans=spans, word_vectors=own)
            for spans in (True, False)
            for own in (True, False)
        ]
        if value not in usual:
            found[path] = Change(value, entry.default)
    return found
