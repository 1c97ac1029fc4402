"""`seqtag check`: what is in these corpus files, and is anything wrong with them?"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtag.cli import common, parameters, results
from seqtag.cli.listing import print_findings
from seqtag.cli.settings import file_settings, with_file_settings
from seqtag.cli.stderr import stderr
from seqtag.cli.tables import make_console, print_tables, safe
from seqtag.support.errors import DataError, UsageError
from seqtag.support.quoting import printable

if TYPE_CHECKING:
    from seqtag.corpora.repair import Repaired
    from seqtag.tasks.files import Checked

MOST_PROBLEMS = 5
REPAIR = "--fix OUT --encoding NAME"


def checked(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE", help="Corpus files.")] = None,
    train: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Training file, against which unknown words and rare types are counted."
        ),
    ] = None,
    task: parameters.FilesTask = None,
    config: parameters.FilesConfig = None,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="OUT", help="Write all findings as JSON; -: to stdout, without the tables."
        ),
    ] = None,
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
    **given: Any,
) -> None:
    """Count what is in corpus files and list what is odd about them.

    Each finding is an error, a warning or a note, with the place, what it means
    and the option that mends it. --json lists all of them. The options of the
    corpus are those of `seqtag train`.

    Examples:
      seqtag check corpus.conllu
      seqtag check --train train.conll dev.conll test.conll --strict
      seqtag check --task transduction --train train.tsv dev.tsv
    """
    paths = [*([train] if train is not None else []), *(files or [])]
    if not paths:
        raise UsageError("Expected a corpus file. `seqtag check --help` shows how to name one.")
    json_path = json_path and results.place(json_path)
    results.check_outputs([json_path, fix], paths)
    from seqtag.corpora.findings import Finding
    from seqtag.stages import check as stage

    name, settings = file_settings(config, task, given)
    if fix is not None:
        if len(paths) > 1 or results.STDOUT in (fix, paths[0]):
            raise UsageError("--fix takes one file, and the name of another one for the copy.")
        results.check_new([fix], force=force)
        _repair(paths[0], fix, partial(stage.repaired, config=settings, encoding=encoding or "", task=name))
        train, files = (fix, None) if train is not None else (None, [fix])
    elif encoding is not None:
        raise UsageError("--encoding needs --fix: all else reads UTF-8.")
    elif force:
        raise UsageError("--force needs --fix.")
    try:
        report = stage.check(files or [], settings, train=train, task=name)
    except DataError as problem:
        option = REPAIR if problem.code == "encoding" else ""
        found = Finding("error", problem.code, str(problem.path), problem.line, problem.problem, option)
        if json_path is not None:
            results.write_json({"files": [], "pairs": [], "findings": [asdict(found)]}, json_path)
        raise
    if json_path is not None:
        results.write_json(report.to_json(), json_path)
    if json_path != results.STDOUT:
        _show(report)
    if strict and any(finding.level != "note" for finding in report.findings):
        raise typer.Exit(1)


def _repair(path: str, copy: str, repaired: "Callable[[str], Repaired]") -> None:
    """Writes the repaired copy, and says on stderr what was done."""
    result = repaired(path)
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


def _show(report: "Checked") -> None:
    console = make_console()
    for number, path in enumerate(report.paths, 1):
        console.print(safe(f"file {number}: {path}"), soft_wrap=True)
    for line in report.heading():
        console.print(safe(line), soft_wrap=True)
    print_tables(report.figures(), console)
    print_findings(report, console)


check = with_file_settings(checked)
