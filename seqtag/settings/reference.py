"""All settings in writing: a commented YAML file of the defaults, and a Markdown table."""

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


def markdown() -> str:
    """All settings as a Markdown table: path, default, help; as the README has it."""
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for path, leaf in SETTINGS.items():
        choices = leaf.metadata["choices"]
        listed = f": {', '.join(choices)}" if choices else ""
        flag = f" (`--{leaf.flag.replace('_', '-')}`)" if leaf.flag else ""
        default = leaf.described(plain) if leaf.by_corpus else f"`{plain(leaf.default)}`"
        rows.append(f"| `{path}`{flag} | {default} | {leaf.help}{listed} |")
    return "\n".join(rows) + "\n"
