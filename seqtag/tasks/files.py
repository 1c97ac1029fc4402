"""What `seqtag check` and `seqtag split` ask of a task, whatever it is: what is in its files, what is odd about them,
and how they are divided. No NumPy.

A task that is trained by `seqtag train` is a row of `registry.TASKS` with a half `files`, which names a `Files`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

from seqtag.corpora.findings import Finding, Report
from seqtag.corpora.repair import Repaired
from seqtag.evaluation.figures import Figures
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.tasks.division import Divisible

MOST_ROWS = 30  # of a table of labels or types


class Checked(Protocol):
    """What is in files, and what is odd about them."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What is odd about each file and about every two of them."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """The files, as messages name them."""
        ...

    def heading(self) -> list[str]:
        """What was found out about all files, in a few lines."""
        ...

    def figures(self) -> Sequence[Figures]:
        """Its tables, in which files have the numbers of their places."""
        ...

    def remarks(self) -> Iterable[tuple[str, str]]:
        """Further lines, each with the file that it is about."""
        ...

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        ...


@dataclass(frozen=True)
class Files:
    """How the files of a task are checked, repaired and divided.

    Attributes:
        check: Checks files that are read as the settings say; of these come the settings, the files and whether the
            first one is that for training. Raises a DataError for a file that cannot be read.
        repair: Repairs what is safe to repair of a file: from the settings, the file, and the name of its encoding or
            "". Raises a DataError for one that cannot be read.
        divisible: A file that is to be divided, from the settings, the file and what receives the oddities of the file.
            Raises a DataError for one that cannot be read, or not be divided by lines.
    """

    check: Callable[[Any, Sequence[str], bool], Checked]
    repair: Callable[[Any, str, str], Repaired]
    divisible: Callable[[Any, str, Report], Divisible]


def find(name: str) -> Files:
    """How the files of a task are checked, repaired and divided; UsageError if it says nothing of that."""
    if not registry.find(registry.TASKS, name).files:
        raise UsageError(f"files of task {name} can be neither checked nor divided.")
    found: Files = registry.load(registry.TASKS, name, "files")
    return found


def numbered(count: int) -> list[str]:
    """The heads of the columns of so many files."""
    return [f"file {number}" for number in range(1, count + 1)]


def shared_table(heads: tuple[str, ...], sizes: Sequence[int], shared: Iterable[tuple[int, int]]) -> Figures:
    """What every two files have in common.

    Args:
        heads: The heads of the columns: what is shared, how many, their share, and how many of them differ.
        sizes: How many each file has.
        shared: Of every two files, in the order of `itertools.combinations`: how many of the second stand in the first,
            and how many of these differ.
    """
    rows = []
    numbers = combinations(range(1, len(sizes) + 1), 2)
    for (first, second), (count, differing) in zip(numbers, shared, strict=True):
        share = f"{count / sizes[second - 1]:.1%}"
        rows.append((f"of file {second} in file {first}", f"{count:,}", share, f"{differing:,}"))
    return Figures(heads, rows)


def counts_table(title: str, counts: Sequence[dict[str, int]], none: str = "(no label)") -> Figures:
    """How often each name stands in each file, the most frequent names of the first file first.

    Args:
        title: What the names are.
        counts: The counts of each file.
        none: What is shown for an empty name.
    """
    names = list(dict.fromkeys(name for one in counts for name in one))
    rows = [(name or none, *(f"{one.get(name, 0):,}" for one in counts)) for name in names[:MOST_ROWS]]
    if rest := names[MOST_ROWS:]:
        rows.append(
            (f"{len(rest):,} more", *(f"{sum(one.get(name, 0) for name in rest):,}" for one in counts))
        )
    return Figures((title, *numbered(len(counts))), rows)
