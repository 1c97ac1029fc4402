"""A corpus file -> files for training, development and test, or the folds of a cross-validation.

The parts hold the lines of the file as they are, in its order; a sentence takes the comments before it along.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isclose
from os import PathLike
from pathlib import Path

from seqtag.corpora import tags
from seqtag.corpora.base import AUTO, ReadOptions, Source
from seqtag.corpora.consistency import SHORT
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, check_tags, read_corpus, recognise
from seqtag.corpora.records import are_lines
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.splitting import SENTENCES, dealt, grouped
from seqtag.corpora.tags import Scheme
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import counted
from seqtag.support.unpacking import ending, without_ending

_DOCUMENT = ("-DOCSTART-", "# newdoc", "#begin document")
_HEADER = "# global.columns"


AnyPath = str | PathLike[str]


@dataclass(frozen=True)
class How:
    """How a corpus is divided.

    Attributes:
        by: "sentence", or "document": documents stay whole.
        seed: The seed of the division.
        scheme: The tag scheme; "auto" finds it.
        options: How the file is read.
        report: Receives what is odd about the file.
    """

    by: str = "sentence"
    seed: int = 42
    scheme: str = "auto"
    options: ReadOptions = AUTO
    report: Report = ignore


USUAL = How()


@dataclass(frozen=True)
class SplitPart:
    """One part of a corpus.

    Attributes:
        name: "train", "dev", "test", or as in "1.train" that of a fold.
        text: Its lines.
        sentences: How many there are.
        entities: How many there are of each type; of plain tags, how many of each tag.
    """

    name: str
    text: str
    sentences: int
    entities: Mapping[str, int]


def split(path: AnyPath, shares: Mapping[str, float], how: How = USUAL) -> list[SplitPart]:
    """Divides a corpus into parts that share no sentence and have each type of entity in proportion.

    Args:
        path: The file.
        shares: The share of each part, by its name; they are scaled to sum to 1, and there is no part for 0.
        how: How it is divided.

    Raises:
        UsageError: Shares or a scheme that make no sense.
        DataError: The file cannot be read, has a tag that its scheme lacks, names no documents, or has too few
            sentences.
    """
    wanted = {name: share for name, share in shares.items() if share}
    if not wanted or min(wanted.values()) < 0:
        raise UsageError(
            f"the parts have the shares {', '.join(map(str, shares.values()))}; expected positive ones."
        )
    division = _divide(path, list(wanted.values()), how)
    parts = [division.part(name, {number}) for number, name in enumerate(wanted)]
    for part in parts:
        if not part.sentences:
            share, whole = wanted[part.name], sum(wanted.values())
            of = "" if isclose(whole, 1) else f" of {whole:g}"
            problem = f"has no sentence for {part.name}, whose share is {share}{of}"
            raise DataError(shown(path), None, problem)
    return parts


def folds(path: AnyPath, count: int, how: How = USUAL) -> list[SplitPart]:
    """Divides a corpus for a cross-validation: for each fold, it as `K.test` and all others together as `K.train`.

    Args:
        path: The file.
        count: How many folds.
        how: How it is divided.

    Raises:
        UsageError: A scheme that makes no sense.
        DataError: The file cannot be read, has a tag that its scheme lacks, names no documents, or has too few
            sentences.
    """
    division = _divide(path, [1.0] * count, how)
    numbers = set(range(count))
    return [
        division.part(f"{number + 1}.{name}", own)
        for number in range(count)
        for name, own in (("train", numbers - {number}), ("test", {number}))
    ]


def suffix(path: AnyPath) -> str:
    """How the names of the parts of a file end: like its own, unless that is the name of a part.

    >>> suffix("corpus.conllu.gz"), suffix("corpus.train")
    ('.conllu.gz', '')
    """
    own = Path(without_ending(path)).suffix
    return ("" if own[1:] in ("train", "dev", "test") else own) + ending(path)


@dataclass(frozen=True)
class _Division:
    """A corpus, and the part that each sentence is in.

    Attributes:
        header: Lines that go before every part.
        blocks: The lines of each sentence.
        entities: The entities of each sentence.
        numbers: The part of each sentence.
        gap: What follows a sentence.
    """

    header: list[str]
    blocks: list[list[str]]
    entities: list[Counter[str]]
    numbers: list[int]
    gap: str

    def part(self, name: str, numbers: set[int]) -> SplitPart:
        """These parts together."""
        own = [at for at, number in enumerate(self.numbers) if number in numbers]
        text = "".join(f"{row}\n" for row in self.header)
        text += "".join("".join(f"{row}\n" for row in self.blocks[at]) + self.gap for at in own)
        return SplitPart(name, text, len(own), sum((self.entities[at] for at in own), Counter()))


def _copied(path: AnyPath, options: ReadOptions) -> list[tuple[int, str]]:
    """All lines of the file, which is read once, as a pipe must be; DataError if they cannot be copied one by one."""
    source = Source(path, lines(path), skip=options.skip_rows or 0)
    name = recognise(source, options) if options.format == "auto" else options.format
    row = registry.find(registry.FORMATS, name)
    if row.whole or (row.by_itself and not are_lines(source)):
        raise _not_lines(shown(path))
    rest = list(source.lines())
    return [*source.skipped, *rest]


def _not_lines(name: str) -> DataError:
    problem = f"its sentences are not lines of their own; convert it first: seqtag convert {name} OUT.conll"
    return DataError(name, None, problem, "other-format")


def _divide(path: AnyPath, shares: Sequence[float], how: How) -> _Division:
    numbered = _copied(path, how.options)
    skip = how.options.skip_rows or 0
    corpus = read_corpus(Source(path, numbered, how.report, skip), how.options)
    if any(one.lines[-1] >= other.lines[0] for one, other in pairwise(corpus.sentences)):
        raise _not_lines(corpus.path)
    scheme = (
        tags.parse_scheme(how.scheme)
        if tags.is_named(how.scheme)
        else tags.detect(sentence.tags or () for sentence in corpus.sentences)
    )
    check_tags(corpus, scheme)
    for finding in doubts(corpus, scheme, named=tags.is_named(how.scheme)):
        how.report(finding)
    header, blocks = _blocks(numbered, corpus, skip)
    whole = how.by == "document"
    units = _documents(blocks, corpus.path) if whole else [[at] for at in range(len(blocks))]
    groups = grouped(_keys([corpus.sentences[at] for at in unit], whole=whole) for unit in units)
    members = [[at for unit in group for at in units[unit]] for group in groups]
    if len(members) < len(shares):
        what = f"{counted(len(members), how.by)} without a sentence in common"
        raise DataError(corpus.path, None, f"has {what}, too few for {len(shares)} parts")
    entities = [_entities(sentence, scheme) for sentence in corpus.sentences]
    contents = [sum((entities[at] for at in own), Counter({SENTENCES: len(own)})) for own in members]
    numbers = [0] * len(blocks)
    for own, number in zip(
        members, dealt(contents, [one / sum(shares) for one in shares], how.seed), strict=True
    ):
        for at in own:
            numbers[at] = number
    gap = "\n" if any(not row.strip(" \t") for _, row in numbered) else ""
    return _Division(header, blocks, entities, numbers, gap)


def _blocks(
    numbered: Sequence[tuple[int, str]], corpus: Corpus, skip: int
) -> tuple[list[str], list[list[str]]]:
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


def _documents(blocks: Sequence[Sequence[str]], name: str) -> list[list[int]]:
    """The sentences of each document."""
    documents: list[list[int]] = []
    for at, block in enumerate(blocks):
        if not documents or any(row.startswith(_DOCUMENT) for row in block):
            documents.append([])
        documents[-1].append(at)
    if len(documents) < 2:
        marks = "-DOCSTART- lines or # newdoc comments"
        raise DataError(
            name, None, f"has no {marks} that set documents apart; expected them for --by document"
        )
    return documents


def _keys(sentences: Sequence[Sentence], *, whole: bool) -> Iterator[Hashable]:
    """What other parts must not hold: these sentences. Short ones may stand in any two documents."""
    return (sentence.tokens for sentence in sentences if not whole or len(sentence) >= SHORT)


def _entities(sentence: Sentence, scheme: Scheme) -> Counter[str]:
    own = sentence.tags or ()
    if not scheme.is_spans:
        return Counter(own)
    return Counter(span.label or "(no label)" for span in tags.spans(own, scheme))
