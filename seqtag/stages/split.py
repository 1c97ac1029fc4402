"""A corpus file -> files for training, development and test, or the folds of a cross-validation.

The parts hold the lines of the file as they are, in its order; a sentence takes the comments before it along.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from os import PathLike, fspath
from pathlib import Path

from seqtag.corpora.consistency import SHORT
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.rows import DOCUMENT
from seqtag.corpora.splitting import SENTENCES, dealt, grouped
from seqtag.settings.config import Tree
from seqtag.settings.merging import merge_into
from seqtag.settings.tasks import USUAL as USUAL_TASK
from seqtag.settings.tasks import schema_for
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import shown
from seqtag.support.quoting import counted
from seqtag.support.unpacking import ending, without_ending
from seqtag.tasks.division import Divisible
from seqtag.tasks.files import find

AnyPath = str | PathLike[str]


@dataclass(frozen=True)
class How:
    """How a corpus is divided.

    Attributes:
        by: "sentence", or "document": documents stay whole.
        seed: The seed of the division.
        config: The settings of the task, which say how the file is read; None for the defaults.
        task: What the file is for.
        report: Receives what is odd about the file.
    """

    by: str = "sentence"
    seed: int = 42
    config: Tree | None = None
    task: str = USUAL_TASK
    report: Report = ignore


USUAL = How()


@dataclass(frozen=True)
class SplitPart:
    """One part of a corpus.

    Attributes:
        name: "train", "dev", "test", or as in "1.train" that of a fold.
        text: Its lines.
        sentences: How many there are, or how many pairs.
        entities: How many there are of each type; of plain tags, how many of each tag; and how many of each label or
            value of a source feature.
        what: What they are, in the singular.
    """

    name: str
    text: str
    sentences: int
    entities: Mapping[str, int]
    what: str = "sentence"


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
            problem = f"has no {part.what} for {part.name}, whose share is {share}{of}"
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
    """A file, and the part that each of its examples is in."""

    file: Divisible
    numbers: list[int]

    def part(self, name: str, numbers: set[int]) -> SplitPart:
        """These parts together."""
        own = [at for at, number in enumerate(self.numbers) if number in numbers]
        file = self.file
        text = "".join(f"{row}\n" for row in file.header)
        text += "".join("".join(f"{row}\n" for row in file.blocks[at]) + file.gap for at in own)
        entities: Counter[str] = sum((Counter(file.contents[at]) for at in own), Counter())
        return SplitPart(name, text, len(own), entities, file.what)


def _divide(path: AnyPath, shares: Sequence[float], how: How) -> _Division:
    config = merge_into(schema_for(how.task)) if how.config is None else how.config
    found = find(how.task).divisible(config, fspath(path), how.report)
    whole = how.by == "document"
    units = _documents(found) if whole else [[at] for at in range(len(found.blocks))]
    groups = grouped(_keys(found, unit, whole=whole) for unit in units)
    members = [[at for unit in group for at in units[unit]] for group in groups]
    if len(members) < len(shares):
        what = f"{counted(len(members), how.by)} without a sentence in common"
        if found.what == "pair":
            what = counted(len(members), "source")
        raise DataError(found.name, None, f"has {what}, too few for {len(shares)} parts")
    contents = [
        sum((Counter(found.contents[at]) for at in own), Counter({SENTENCES: len(own)})) for own in members
    ]
    numbers = [0] * len(found.blocks)
    for own, number in zip(
        members, dealt(contents, [one / sum(shares) for one in shares], how.seed), strict=True
    ):
        for at in own:
            numbers[at] = number
    return _Division(found, numbers)


def _documents(found: Divisible) -> list[list[int]]:
    """The examples of each document."""
    documents: list[list[int]] = []
    for at, block in enumerate(found.blocks):
        if not documents or any(row.startswith(DOCUMENT) for row in block):
            documents.append([])
        documents[-1].append(at)
    if len(documents) < 2:
        marks = "-DOCSTART- lines or # newdoc comments"
        raise DataError(
            found.name, None, f"has no {marks} that set documents apart; expected them for --by document"
        )
    return documents


def _keys(found: Divisible, unit: Sequence[int], *, whole: bool) -> Iterator[Hashable]:
    """What other parts must not hold: these examples. Short ones may stand in any two documents."""
    return (found.keys[at] for at in unit if not whole or found.lengths[at] >= SHORT)
