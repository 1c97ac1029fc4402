"""Files whose examples are lines of their own, so that they can be divided into files of the same kind. No NumPy."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Report
from seqtag.corpora.reading import Corpus, read_corpus, recognise
from seqtag.corpora.records import are_lines
from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.lines import lines, shown

_HEADER = "# global.columns"
Numbered = Sequence[tuple[int, str]]
Contents = Callable[[Corpus], list[Counter[str]]]  # what each sentence holds


@dataclass(frozen=True)
class Divisible:
    """A file that can be divided.

    Attributes:
        name: The file, as messages name it.
        what: What its examples are, in the singular.
        header: Lines that go before every part.
        blocks: The lines of each example.
        keys: What stands in one part only, of each example.
        lengths: The length of each example in tokens or symbols.
        contents: What each example holds that every part shall have its share of.
        gap: What follows an example.
    """

    name: str
    what: str
    header: Sequence[str]
    blocks: Sequence[Sequence[str]]
    keys: Sequence[Hashable]
    lengths: Sequence[int]
    contents: Sequence[Mapping[str, int]]
    gap: str


def of_corpus(path: str, options: ReadOptions, report: Report, contents: Contents) -> Divisible:
    """A corpus, whose sentences take the comments before them along.

    Args:
        path: The file.
        options: How it is read.
        report: Receives what the reader finds odd.
        contents: Checks what was read, and says what each sentence holds.

    Raises:
        UsageError: Options that make no sense.
        DataError: The file cannot be read, or its sentences are not lines of their own.
    """
    numbered, format = _copied(path, options)
    skip = options.skip_rows or 0
    corpus = read_corpus(Source(path, numbered, report, skip), options)
    if any(one.lines[-1] >= other.lines[0] for one, other in pairwise(corpus.sentences)):
        raise not_lines(corpus.path)
    header, blocks = _blocks(numbered, corpus, skip)
    gap = "\n" if any(not row.strip(" \t") for _, row in numbered) else ""
    if (
        format.labelled and format.whole
    ):  # a table: a row a line, and a header that stands with the first one so far
        header = [*header, *blocks[0][:-1]]
        blocks, gap = [[block[-1]] for block in blocks], ""
    return Divisible(
        name=corpus.path,
        what="sentence",
        header=header,
        blocks=blocks,
        keys=[sentence.tokens for sentence in corpus.sentences],
        lengths=list(map(len, corpus.sentences)),
        contents=contents(corpus),
        gap=gap,
    )


def _copied(path: str, options: ReadOptions) -> tuple[Numbered, registry.Format]:
    """All lines of the file, which is read once, as a pipe must be, and its format; DataError if they cannot be copied
    one by one.
    """
    source = Source(path, lines(path), skip=options.skip_rows or 0)
    name = recognise(source, options) if options.format == "auto" else options.format
    row: registry.Format = registry.find(registry.FORMATS, name)
    if (row.whole and not row.labelled) or (row.by_itself and not are_lines(source)):
        raise not_lines(shown(path))
    rest = list(source.lines())
    return [*source.skipped, *rest], row


def not_lines(name: str) -> DataError:
    """What is said of a file that cannot be divided by lines."""
    problem = f"its sentences are not lines of their own; convert it first: seqtag convert {name} OUT.conll"
    return DataError(name, None, problem, "other-format")


def _blocks(numbered: Numbered, corpus: Corpus, skip: int) -> tuple[list[str], list[list[str]]]:
    """The lines that go before every part, and the lines of each sentence with the comments before it."""
    header = []
    for number, row in numbered:
        if number > skip and not row.startswith(_HEADER):
            break
        header.append(row)
    ends = [len(header), *(sentence.lines[-1] for sentence in corpus.sentences)]
    blocks = []
    for start, end in pairwise(ends):
        block = [row for _, row in numbered[start:end]]
        while not block[0].strip(" \t"):
            del block[0]
        blocks.append(block)
    return header, blocks
