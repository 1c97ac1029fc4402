"""All settings in writing, as a commented YAML file of the defaults."""

import dataclasses
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from seqtag.settings.schema import SETTINGS, Schema
from seqtag.settings.tasks import KEY

WIDTH = 79


def commented(schema: Schema[Any] = SETTINGS, task: str | None = None) -> str:
    """All settings with their defaults as YAML, each with its help and bounds as a comment; `task` names their task."""
    which = "Every line" if task is None else "Every line but the first"
    lines = [f"# Settings of seqtag. {which} may be left out: these are the defaults."]
    lines += [] if task is None else ["", f"{KEY}: {task}"]
    lines += _section(schema, schema.kind, "")  # which begins with a blank line
    return "\n".join(lines) + "\n"


def _section(schema: Schema[Any], kind: Any, prefix: str) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for entry in dataclasses.fields(kind):
        path = prefix + entry.name
        if dataclasses.is_dataclass(entry.type):
            if not any(known.startswith(path + ".") for known in schema):
                continue
            first_line = (entry.type.__doc__ or "").strip().splitlines()[0]
            if not prefix:
                yield ""
            yield f"{indent}{entry.name}:  # {first_line}"
            yield from _section(schema, entry.type, path + ".")
        else:
            leaf = schema.get(path)
            if leaf is None:
                continue
            yield from _comment(f"{indent}# ", leaf.help)
            yield from _comment(f"{indent}#   ", f"({leaf.expected})")
            default = "auto  # " + leaf.described(plain) if leaf.by_corpus else plain(leaf.default)
            yield f"{indent}{entry.name}: {default}"


def _comment(begin: str, text: str) -> list[str]:
    """A text as lines that fit on a terminal, each with the same beginning."""
    return textwrap.wrap(text, WIDTH, initial_indent=begin, subsequent_indent=begin, break_on_hyphens=False)


def plain(value: Any) -> str:
    """A default as YAML writes it."""
    return (
        str(yaml.safe_dump(value, default_flow_style=True, explicit_end=False)).replace("\n...", "").strip()
    )
