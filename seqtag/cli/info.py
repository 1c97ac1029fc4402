"""`seqtag info`: what a model folder says of itself."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtag.cli import common, results

if TYPE_CHECKING:
    from seqtag.stages.info import ModelInfo

MOST_NAMES = 40  # tags or labels that are listed


def info(
    model: common.Model,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="OUT", help="Write all of it as JSON; -: to stdout, without the table."
        ),
    ] = None,
) -> None:
    """Show what a model is: its task, tags, scores, settings, sizes and versions.

    Nothing is computed: the scores are those that training recorded. Settings
    are shown where they differ from the defaults.

    Examples:
      seqtag info model
      seqtag info model --json -
    """
    json_path = json_path and results.place(json_path)
    results.check_outputs([json_path], [model])
    from seqtag.stages.info import info as stage

    found = stage(model)
    if json_path is not None:
        results.write_json(found.to_json(), json_path)
    if json_path != results.STDOUT:
        _show(found)


def _show(found: "ModelInfo") -> None:
    from rich import box
    from rich.table import Table

    from seqtag.cli.tables import make_console, safe
    from seqtag.model_folder.recorded import PRIVACY

    console = make_console()
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(found):
        table.add_row(name, safe(text))
    console.print(table)
    if found.settings:
        settings = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        settings.add_column("setting", overflow="fold")
        settings.add_column("value", overflow="fold")
        settings.add_column("default", overflow="fold")
        for path, (value, default) in found.settings.items():
            settings.add_row(safe(path), safe(_shown(value)), safe(_shown(default)))
        console.print(settings)
    else:
        console.print("All settings have their defaults.\n")
    console.print(f"Note: {PRIVACY}.")


def _rows(found: "ModelInfo") -> Iterator[tuple[str, str]]:
    """The rows of the table: a name, and what is said of it."""
    name, version = found.format
    yield "model", found.model
    yield "task", found.task + f", merged from {found.members} models" * (found.members > 1)
    yield "format", f"{name} {version}, written by seqtag {found.written_by}"
    if found.tags:
        yield "tags", f"{found.scheme}: {_listed(found.tags)}"
    if found.labels:
        yield "labels", _listed(found.labels)
    for role, counts in found.data.items():
        if counts:
            yield role, ", ".join(f"{count:,} {noun}" for noun, count in counts.items())
    if found.parameters is not None:
        yield "parameters", f"{found.parameters:,}"
    if found.epochs is not None:
        run, best = found.epochs
        yield "best epoch", f"{best} of {run}" + (f", seed {found.seed}" if found.seed is not None else "")
    if found.base is not None:
        yield from _base(found.base)
    for score in found.scores:
        yield f"{score.corpus} score", f"{score.measure} {score.value:.4f}"
        if score.signature:
            yield "", score.signature
    sizes = sorted(found.files.items(), key=lambda item: -item[1])
    each = ", ".join(f"{file} {_size(size)}" for file, size in sizes)
    yield "size", f"{_size(sum(found.files.values()))}: {each}"
    if found.plugins:
        yield "needs", ", ".join(f"{package} {number}" for package, number in found.plugins.items())
    if found.versions:
        yield "trained with", ", ".join(f"{package} {number}" for package, number in found.versions.items())


def _base(base: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The rows of the model from which training continued."""
    yield "continued from", f"model with sha256 {base['sha256']} (of its manifest.json)"
    for what, names in ((what, base[what]) for what in ("tags", "labels") if what in base):
        if names["new"]:
            yield f"new {what}", _listed(tuple(names["new"]))
    new = ", ".join(f"{name} {counts['new']:,}" for name, counts in base["tables"].items() if counts["new"])
    if new:
        yield "new entries", new
    yield "dev before", f"{base['dev']['measure']} {base['dev']['score']:.4f}"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(name or "_" for name in names[:MOST_NAMES]) + more


def _shown(value: Any) -> str:
    """A setting as the settings file spells it."""
    from seqtag.support.quoting import json_text

    return value if isinstance(value, str) else "" if value is None else json_text(value)


def _size(size: int) -> str:
    return f"{size / 1e3:,.1f} kB" if size < 1e6 else f"{size / 1e6:,.1f} MB"
