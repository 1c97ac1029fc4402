"""What several commands ask for in the same way."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from seqtag.cli.stderr import stderr
from seqtag.settings import registry
from seqtag.support.errors import UsageError, suggest

STDIN = "-"

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model folder.")]
Format = Annotated[str, typer.Option(help="Format of the corpus: auto, conll, conllu.")]
Scheme = Annotated[
    str, typer.Option(help="Tag scheme of the corpus: auto, iob1, bio, bioes, bmes, bilou, plain.")
]
TokenColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of tokens: from 1, or a CoNLL-U field."),
]
TagColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of tags: from 1, negative from the end, or a field."),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="|".join(registry.INPUTS),
        help="How the input is written; by the file's ending if not given, else text.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads that tag; as many as there are cores to use if not given.",
        show_default=False,
    ),
]
_ENDINGS = {
    "conll": "conll",
    "conllu": "conll",
    "iob": "conll",
    "bio": "conll",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
}


def check_name(option: str, name: str | None, known: Iterable[str]) -> None:
    """Refuses what an option does not know; None is what was not given."""
    if name is not None and not registry.knows(known, name):
        raise UsageError(f"{option} {name}:{suggest(name, registry.known(known))}")


def input_format(given: str | None, paths: Sequence[str]) -> str:
    """The format of the files: as given, else as their endings tell.

    Raises:
        UsageError: There is no such format, or the endings tell different ones.
    """
    check_name("--input-format", given, registry.INPUTS)
    if given is not None:
        return given
    found = {_ENDINGS.get(path.lower().removesuffix(".gz").rpartition(".")[2], "text") for path in paths}
    if len(found) > 1:
        raise UsageError(
            f"the files look like {' and '.join(sorted(found))}; say --input-format for all of them."
        )
    return found.pop()


def invite(paths: Sequence[str]) -> None:
    """Tells whoever has named no file, and sends none, that sentences can be typed."""
    if list(paths) == [STDIN] and sys.stdin.isatty():
        print("seqtag: reading sentences from the terminal, one a line; end with Ctrl-D", file=stderr())
