"""`seqtag convert`: a corpus from one format to another."""

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from seqtag.cli import common, results
from seqtag.cli.reading import with_reading
from seqtag.cli.stderr import say, stderr
from seqtag.corpora.findings import Finding
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.quoting import counted, printable

if TYPE_CHECKING:
    from seqtag.corpora.base import ReadOptions

MOST = 20  # lines about findings of one kind
READABLE = registry.formats("tagged") | registry.formats("labelled")
WRITABLE = registry.Table(
    READABLE.group, {name: row for name, row in READABLE.items() if row.writer or row.exporter}
)


@with_reading(format=None)
def convert(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="Corpus file; - for stdin.")],
    target: Annotated[
        str | None, typer.Argument(metavar="OUTPUT", help="Output file; by default stdout.", show_default=False)
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUTPUT", help="The same as the argument OUTPUT.")
    ] = None,
    from_format: Annotated[
        str,
        typer.Option("--from", metavar="FORMAT", help=f"Format of the input: auto, {', '.join(READABLE)}."),
    ] = "auto",
    to_format: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FORMAT", show_default=False,
            help=f"Format of the output: {', '.join(WRITABLE)}. Default: by the name of the output.",
        ),
    ] = None,
    scheme: common.Scheme = "auto",
    to_scheme: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEME", show_default=False,
            help=f"Tag scheme of the output: {', '.join(registry.SCHEMES)}. Default: tags stay as they are.",
        ),
    ] = None,
    to_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", show_default=False,
            help="Where tags go: upos, xpos or misc:KEY (conllu), a key (huggingface), a header (csv).",
        ),
    ] = None,
    label_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", show_default=False,
            help="What holds labels of sentences, to be carried over: the key of comments (# KEY = X) or of JSON "
            "objects, or a column of a table.",
        ),
    ] = None,
    tags: Annotated[
        bool,
        typer.Option("--tags/--no-tags", help="Carry tags over; --no-tags reads a file that has none."),
    ] = True,
    *,
    options: "ReadOptions",
    tokenizer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Tokenizer for texts that come without tokens: {', '.join(registry.TOKENIZERS)}.",
        ),
    ] = "word",
) -> None:  # fmt: skip
    """Convert a corpus from one format to another.

    What the output format cannot hold is reported, with the first line that has
    it. Labels of sentences are carried over if --label-key names what holds
    them. Formats with one row or object after the other need little memory.

    Examples:
      seqtag convert train.jsonl train.conll
      seqtag convert train.conll --to doccano -o train.jsonl
      seqtag convert iob1.conll --to conll --scheme iob1 --to-scheme bioes
      seqtag convert train.conll --to fasttext --label-key intent -o train.txt
    """
    from seqtag.corpora.tags import is_named

    path = results.place(results.one_output(target, output) or results.STDOUT)
    to_format = _format(to_format, path)
    common.check_name("--from", from_format, ["auto", *registry.known(READABLE)])
    common.check_name("--tokenizer", tokenizer, registry.TOKENIZERS)
    if to_scheme is not None and not is_named(to_scheme):
        raise UsageError(
            f"--to-scheme {to_scheme}: expected the name of a scheme; without it tags stay as they are."
        )
    row = registry.find(registry.FORMATS, to_format)
    if row.files:
        _check_name(path, to_format, row)
    paths = _paths(path, row)
    results.check_outputs(paths, [source])

    from seqtag.corpora.tokenizers import Tokenizer
    from seqtag.stages.convert import convert as stage

    options = replace(
        options, format=from_format, tokenizer=Tokenizer(tokenizer), label_key=label_key
    ).as_given()
    listing = _Listing()
    with _streams(paths, row) as streams:
        done = stage(
            source, streams, to_format, options=options, with_tags=tags, scheme=scheme, to_scheme=to_scheme,
            to_column=to_column, report=listing.add,
        )  # fmt: skip
    listing.end()
    size = f"{counted(done.sentences, 'sentence')}, {counted(done.tokens, 'token')}"
    print(f"{done.source} to {to_format}: {size}", file=stderr())


def _format(given: str | None, path: str) -> str:
    """The format of the output: as given, else as its name tells."""
    common.check_name("--to", given, WRITABLE)
    if given is not None:
        return given
    from seqtag.corpora.base import by_ending

    found = by_ending(path)
    if path == results.STDOUT:
        raise UsageError(
            f"--to is missing: it names the format of what is printed. Known: {', '.join(WRITABLE)}."
        )
    if found not in WRITABLE:
        raise UsageError(f"--to is missing: the name {path} tells no format. Known: {', '.join(WRITABLE)}.")
    return str(found)


def _check_name(path: str, to: str, row: registry.Format) -> None:
    """UsageError for the output of a format of several files that has no name to give them."""
    if path == results.STDOUT:
        raise UsageError(f"--to {to} writes more than one file; name one with -o.")
    if os.path.exists(path) and not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "a device or a pipe"
        names = " and ".join(f"NAME.{one}" for one in row.files)
        raise UsageError(f"{path}: is {what}; --to {to} writes {names}, and expects a NAME for them.")


def _paths(path: str, row: registry.Format) -> list[str]:
    """The files to write: the one named, or those of its name that the format consists of."""
    if not row.files:
        return [path]
    from seqtag.support.unpacking import without_ending

    bare = without_ending(path)
    stem, ending = os.path.splitext(bare)
    return [f"{stem if ending[1:] in row.files else bare}.{one}{path[len(bare) :]}" for one in row.files]


@contextlib.contextmanager
def _streams(paths: list[str], row: registry.Format) -> Iterator[tuple[IO[Any], ...]]:
    """The output files, as text for a writer and as bytes for an exporter."""
    if paths == [results.STDOUT]:
        yield (sys.stdout if row.writer else sys.stdout.buffer,)
        return
    with contextlib.ExitStack() as stack:
        written = results.written if row.writer else results.written_bytes
        yield tuple(stack.enter_context(written(path)) for path in paths)
    if not row.writer:
        for path in paths:
            results.announce(path)


class _Listing:
    """Findings on stderr as they come, so many of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        if finding.level == "note":
            return
        self._counts[finding.code] += 1
        if self._counts[finding.code] <= MOST:
            say(f"seqtag: {printable(f'{finding.level}: {finding}')}")

    def end(self) -> None:
        for code, count in self._counts.items():
            if count > MOST:
                print(f"seqtag: warning: {count - MOST:,} more of these ({code})", file=stderr())
