"""What several commands ask for in the same way."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from seqtag.cli.stderr import stderr
from seqtag.settings import registry
from seqtag.support.errors import UsageError, suggest

STDIN = "-"
CORPUS_FORMATS = ", ".join(["auto", *registry.formats("tagged")])


def described(half: str) -> str:
    """The formats that have a reader or a writer, with what they are."""
    return ", ".join(f"{name} ({row.description})" for name, row in registry.formats(half).items())


SCHEMES = ", ".join(["auto", *registry.SCHEMES])
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model folder.")]
Format = Annotated[str, typer.Option(metavar="NAME", help=f"Format of the corpus: {CORPUS_FORMATS}.")]
Scheme = Annotated[str, typer.Option(metavar="NAME", help=f"Tag scheme of the corpus: {SCHEMES}.")]
TokenColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Token column: a number (1 first, -1 last) or a name (field, attribute, header, key).",
    ),
]
TagColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Tag column: a number (1 first, -1 last) or a name (field, attribute, header, key).",
    ),
]
SkipRows = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="Lines to pass over at the start of each file, such as a header row.",
        show_default=False,
    ),
]  # fmt: skip
TagSpelling = Annotated[
    str | None,
    typer.Option(
        metavar="TEMPLATE",
        help="How span tags are spelt, such as B_TYPE, TYPE-B or TYPE.",
        show_default=False,
    ),
]
OutsideTag = Annotated[
    str | None,
    typer.Option(metavar="TAG", help="Tag of tokens outside spans; default: O.", show_default=False),
]
Neighbours = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --tag-spelling TYPE: neighbouring tokens of one type are one span (join, the default) or one "
        "each (split).",
        show_default=False,
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        help=f"Input format: {described('reader')}. Default: by the file name and first lines, else text.",
        show_default=False,
    ),
]
Misaligned = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What to do with a span of characters that cuts a token, overlaps another or is in pieces: error (stop), "
        "widen (to whole tokens; of overlapping spans the longest stays) or drop (leave it out).",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C|FILE",
        help="Names of tags that the file has as numbers, from 0 on.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Tagging threads; by default one per available core.",
        show_default=False,
    ),
]

Precision = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What LSTMs are computed in: float32 (default) or int8, which is quicker and may change a few "
        "tags.",
        show_default=False,
    ),
]


def check_name(option: str, name: str | None, known: Iterable[str]) -> None:
    """Refuses what an option does not know; None is what was not given."""
    if name is not None and not registry.knows(known, name):
        raise UsageError(f"{option}: unknown name {name!r}.{suggest(name, registry.known(known))}")


def invite(paths: Sequence[str]) -> None:
    """Says on a terminal without input files that sentences can be typed."""
    if list(paths) == [STDIN] and sys.stdin.isatty():
        print("seqtag: reading sentences from the terminal, one per line; end with Ctrl-D", file=stderr())
