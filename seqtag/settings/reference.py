"""All settings in writing, as a commented YAML file of the defaults."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import yaml

from seqtag.settings.config import Config
from seqtag.settings.schema import SETTINGS


def commented() -> str:
    """All settings with their defaults as YAML, each with its help and bounds as a comment."""
    lines = ["# Settings of seqtag. Each line may be left out: what stands here is the default.", ""]
    lines += _section(Config, "")
    return "\n".join(lines) + "\n"


def _section(kind: Any, prefix: str) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for entry in dataclasses.fields(kind):
        path = prefix + entry.name
        if dataclasses.is_dataclass(entry.type):
            first_line = (entry.type.__doc__ or "").strip().splitlines()[0]
            if not prefix:
                yield ""
            yield f"{indent}{entry.name}:  # {first_line}"
            yield from _section(entry.type, path + ".")
        else:
            leaf = SETTINGS.get(path)
            if leaf is None:
                continue
            yield f"{indent}# {leaf.help}"
            yield f"{indent}#   ({leaf.expected})"
            default = "auto  # " + leaf.described(plain) if leaf.by_corpus else plain(leaf.default)
            yield f"{indent}{entry.name}: {default}"


def plain(value: Any) -> str:
    """A default as YAML writes it."""
    return (
        str(yaml.safe_dump(value, default_flow_style=True, explicit_end=False)).replace("\n...", "").strip()
    )
