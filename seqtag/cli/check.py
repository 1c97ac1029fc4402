"""`seqtag check`: what is in these corpus files, and is anything wrong with them?"""

import sys
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common, results
from seqtag.cli.listing import print_findings, title
from seqtag.cli.reading import with_reading
from seqtag.cli.stderr import stderr
from seqtag.cli.tables import label, make_table, safe
from seqtag.support.errors import DataError, UsageError
from seqtag.support.quoting import json_text, printable

if TYPE_CHECKING:
    from rich.table import Table

    from seqtag.corpora.base import ReadOptions
    from seqtag.stages.check import FileReport, Report

MOST_PROBLEMS = 5
MOST_ROWS = 30
REPAIR = "--fix OUT --encoding NAME"


@with_reading()
def check(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE", help="Corpus files.")] = None,
    train: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The file for training: unknown words and rare types go by it."),
    ] = None,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="OUT", help="Write all findings as JSON; -: to stdout, without the tables."
        ),
    ] = None,
    scheme: common.Scheme = "auto",
    *,
    options: "ReadOptions",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 1 if there is an error or a warning.")
    ] = False,
    fix: Annotated[
        str | None,
        typer.Option(
            metavar="OUT",
            help="Write a copy of FILE with what can be repaired safely, list the repairs, and check the copy.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="With --fix: the encoding of FILE if it is not UTF-8, such as cp1252.",
        ),
    ] = None,
    force: common.Force = False,
) -> None:
    """Count what is in corpus files and list what is odd about them.

    Each finding is an error, a warning or a note, with the place, what it means
    and the option that mends it. --json lists all of them.

    Examples:
      seqtag check corpus.conllu
      seqtag check --train train.conll dev.conll test.conll --strict
    """
    paths = [*([train] if train is not None else []), *(files or [])]
    if not paths:
        raise UsageError("Expected a corpus file. `seqtag check --help` shows how to name one.")
    json_path = json_path and results.place(json_path)
    results.check_outputs([json_path, fix], paths)
    from seqtag.corpora.findings import Finding
    from seqtag.corpora.tags import is_named
    from seqtag.stages import check as stage

    if fix is not None:
        if len(paths) > 1 or results.STDOUT in (fix, paths[0]):
            raise UsageError("--fix takes one file, and the name of another one for the copy.")
        results.check_new([fix], force=force)
        _repair(paths[0], fix, scheme, options, encoding or "")
        train, files = (fix, None) if train is not None else (None, [fix])
    elif encoding is not None:
        raise UsageError("--encoding needs --fix: all else reads UTF-8.")
    elif force:
        raise UsageError("--force needs --fix.")
    try:
        report = stage.check(files or [], train=train, scheme=scheme, options=options)
    except DataError as problem:
        option = REPAIR if problem.code == "encoding" else ""
        found = Finding("error", problem.code, str(problem.path), problem.line, problem.problem, option)
        _write(stage.Report((), (), (found,)), json_path)
        raise
    _write(report, json_path)
    if json_path != results.STDOUT:
        _show(report, auto=not is_named(scheme))
    if strict and any(finding.level != "note" for finding in report.findings):
        raise typer.Exit(1)


def _repair(path: str, copy: str, scheme: str, options: "ReadOptions", encoding: str) -> None:
    """Writes the repaired copy, and says on stderr what was done."""
    from seqtag.stages.repair import repaired

    result = repaired(path, scheme=scheme, options=options, encoding=encoding)
    with results.written(copy) as stream:
        stream.write(result.text)
    places: dict[str, list[str]] = {}
    for one in result.repairs:
        places.setdefault(one.message, []).extend([] if one.line is None else [str(one.line)])
    for message, lines in places.items():
        more = f" and {len(lines) - MOST_PROBLEMS:,} more" if len(lines) > MOST_PROBLEMS else ""
        word = "line" if len(lines) == 1 else "lines"
        place = f" ({word} {', '.join(lines[:MOST_PROBLEMS])}{more})" if lines else ""
        print(f"{printable(path)}: {printable(message)}{place}", file=stderr())
    if not result.repairs:
        print(f"{printable(path)}: nothing to repair", file=stderr())


def _write(report: "Report", path: str | None) -> None:
    """Writes the report as JSON if a path was given."""
    if path is None:
        return
    text = json_text(report.to_json(), indent=2) + "\n"
    if path == results.STDOUT:
        sys.stdout.write(text)
        return
    with results.written(path) as stream:
        stream.write(text)


def _show(report: "Report", auto: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    first = report.files[0]
    found = " (found in file 1)" if auto else ""
    for number, file in enumerate(report.files, 1):
        console.print(safe(f"file {number}: {file.path}"), soft_wrap=True)
    console.print(f"Tag scheme: {title(first.scheme)}{found}")
    console.print(_files_table(report.files))
    console.print(_types_table(report.files))
    if report.pairs:
        console.print(_pairs_table(report))
    print_findings(report, console)


def _files_table(files: "tuple[FileReport, ...]") -> "Table":
    named = any(file.unknown_word_rate is not None for file in files)
    table = make_table("", "sentences", "tokens", "longest", *["unknown"] * named, "repeated", "ill-formed")
    for number, file in enumerate(files, 1):
        rate = "" if file.unknown_word_rate is None else f"{file.unknown_word_rate:.1%}"
        table.add_row(
            f"file {number}",
            f"{file.sentences:,}",
            f"{file.tokens:,}",
            f"{file.longest.tokens:,}",
            *[rate] * named,
            f"{file.duplicates.sentences:,}",
            f"{len(file.ill_formed):,}",
        )
    return table


def _types_table(files: "tuple[FileReport, ...]") -> "Table":
    """Counts of the span types, or of the tags where there are no spans, a column for each file."""
    plain = files[0].scheme == "plain"
    counts = [file.tags if plain else file.entities for file in files]
    names = list(dict.fromkeys(name for one in counts for name in one))
    table = make_table("tag" if plain else "type", *(f"file {number}" for number in range(1, len(files) + 1)))
    for name in names[:MOST_ROWS]:
        table.add_row(label(name, "(no label)"), *(f"{one.get(name, 0):,}" for one in counts))
    if rest := names[MOST_ROWS:]:
        sums = (f"{sum(one.get(name, 0) for name in rest):,}" for one in counts)
        table.add_row(f"{len(rest):,} more", *sums)
    return table


def _pairs_table(report: "Report") -> "Table":
    table = make_table("sentences shared", "sentences", "share", "with other tags")
    numbers = combinations(range(1, len(report.files) + 1), 2)
    for (first, second), pair in zip(numbers, report.pairs, strict=True):
        shared = pair.shared
        table.add_row(
            f"of file {second} in file {first}",
            f"{shared.sentences:,}",
            f"{shared.sentences / report.files[second - 1].sentences:.1%}",
            f"{shared.retagged:,}",
        )
    return table
