"""Word lists (gazetteers): read from files, and stored in the model folder as hashes of their entries.

A list becomes two ascending arrays of 64-bit hashes: those of its entries, and those of what longer entries begin
with, so that a search knows when to stop. 200,000 entries take a few megabytes, and nobody can read them off a model
folder, though anyone who guesses an entry can tell that it is there. A word that is no entry has the hash of one with a
probability of about n / 2^64 for n entries.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqtag.features.vectors import hash_of
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import lines, shown
from seqtag.support.lookup import Lookup
from seqtag.support.quoting import counted, quoted
from seqtag.support.unpacking import without_ending

ARRAYS = "lists.safetensors"  # the file of the model folder
LONGEST = 64  # tokens of an entry
LONGEST_LINE = 1000  # characters
MOST_LISTS = 64

Hashes = NDArray[np.uint64]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing


@dataclass(frozen=True)
class WordList:
    """A list as its file has it.

    Attributes:
        name: What reports call it.
        path: The file, for messages.
        entries: The entries, each once, in the order of the file.
    """

    name: str
    path: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class ListTable:
    """The entries of a list, ready to be found.

    Attributes:
        entries: The hashes of the entries, ascending.
        beginnings: The hashes of all that longer entries begin with, ascending.
    """

    entries: Hashes
    beginnings: Hashes

    @classmethod
    def of(cls, entries: Iterable[Sequence[str]]) -> "ListTable":
        """The table of entries that are cut into tokens; those of more than `LONGEST` are left out."""
        known = Lookup(token_hash)
        whole: set[int] = set()
        begun: set[int] = set()
        for tokens in entries:
            if 0 < len(tokens) <= LONGEST:
                *beginnings, entry = accumulate(map(known.__getitem__, tokens), _with_next)
                whole.add(entry)
                begun.update(beginnings)
        return cls(_ascending(whole), _ascending(begun))

    def longest(self, hashes: Hashes, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens the longest entry has that begins at each token, `(tokens,)`; 0 where none does.

        Args:
            hashes: Of the tokens of sentences, one after the other.
            ends: Where the sentence of each token ends.
        """
        found = np.zeros(len(hashes), np.int64)
        places, running = np.arange(len(hashes)), hashes
        for length in range(1, LONGEST + 1):
            found[places[_among(running, self.entries)]] = length
            on = (places + length < ends[places]) & _among(running, self.beginnings)
            places, running = places[on], running[on]
            if not len(places):
                break
            running = running * _FACTOR + hashes[places + length]  # as `_with_next`: modulo 2^64
        return found


def token_hash(token: str) -> int:
    """The hash of a token."""
    return int.from_bytes(hash_of(token.encode("utf-8", "surrogatepass")), "little")


def _with_next(running: int, following: int) -> int:
    """The hash of a sequence with one more token."""
    return (running * int(_FACTOR) + following) % (1 << 64)


def _ascending(hashes: Iterable[int]) -> Hashes:
    return np.sort(np.fromiter(hashes, np.uint64))


def _among(hashes: Hashes, table: Hashes) -> NDArray[np.bool_]:
    """Which of the hashes stand in an ascending table."""
    if not len(table):
        return np.zeros(len(hashes), np.bool_)
    found: NDArray[np.bool_] = table[np.minimum(table.searchsorted(hashes), len(table) - 1)] == hashes
    return found


def named(files: Sequence[str]) -> dict[str, str]:
    """The path of each list by its name: `NAME=PATH`, or a path, whose list is called as its file without endings.

    Raises:
        UsageError: There are too many, two have the same name, or a name or a path is empty.
    """
    found: dict[str, str] = {}
    for file in files:
        name, equals, path = file.partition("=")
        if not equals or "/" in name:  # which stands in a path
            name, path = _stem(file), file
        if not name.strip() or not path:
            raise UsageError(f"embeddings.lists.files: {quoted(file)}; expected FILE or NAME=FILE.")
        if name in found:
            raise UsageError(
                f"embeddings.lists.files: {quoted(found[name])} and {quoted(path)} are both called {quoted(name)}; "
                "expected a name for each list, as in NAME=FILE."
            )
        found[name] = path
    if len(found) > MOST_LISTS:
        raise UsageError(f"embeddings.lists.files: {len(found)} lists; expected {MOST_LISTS} at most.")
    return found


def _stem(path: str) -> str:
    return Path(without_ending(path)).stem


def read_all(files: Sequence[str] | None) -> tuple[WordList, ...]:
    """The lists of these files; see `named` and `read`."""
    return tuple(read(path, name) for name, path in named(files or ()).items())


def read(path: str, name: str) -> WordList:
    """A list of entries, one per line, each of one or several words with white space between them. Empty lines are
    passed over, and so are comments: a `#` alone, or with white space after it.

    Raises:
        DataError: The file cannot be read, is not UTF-8, holds no entry, or holds a line that is none.
    """
    entries: dict[str, None] = {}
    for number, line in lines(path):
        entry = " ".join(line.split())
        if not entry or entry == "#" or entry.startswith("# "):
            continue
        if "\t" in line.strip():
            raise DataError(shown(path), number, "holds a tab; expected one entry per line, not a table")
        words = entry.count(" ") + 1
        if words > LONGEST or len(entry) > LONGEST_LINE:
            found = f"has {counted(words, 'word')} and {len(entry):,} characters"
            most = f"{LONGEST} words and {LONGEST_LINE:,} characters"
            raise DataError(shown(path), number, f"{found}; expected one entry per line, of at most {most}")
        entries[entry] = None
    if not entries:
        raise DataError(shown(path), None, "holds no entry; expected one per line")
    return WordList(name, shown(path), tuple(entries))


def digest(lists: Sequence[WordList]) -> str:
    """The sha256 of names and entries."""
    found = hashlib.sha256()
    for one in lists:
        found.update("\n".join([one.name, *one.entries, "", ""]).encode())
    return found.hexdigest()


def packed(tables: Sequence[ListTable]) -> bytes:
    """The stored form: one file of the model folder."""
    import safetensors.numpy

    arrays = {
        f"{number}.{part}": getattr(table, part) for number, table in enumerate(tables) for part in _PARTS
    }
    return safetensors.numpy.save(arrays)


_PARTS = ("entries", "beginnings")


def unpacked(content: bytes) -> tuple[ListTable, ...]:
    """The tables of a stored form.

    Raises:
        ValueError: It is not what `packed` writes.
    """
    import safetensors.numpy
    from safetensors import SafetensorError

    try:
        arrays = safetensors.numpy.load(content)
    except (SafetensorError, KeyError, TypeError) as problem:
        raise ValueError(f"{ARRAYS} is not a file of arrays") from problem
    count = len(arrays) // len(_PARTS)
    names = [[f"{number}.{part}" for part in _PARTS] for number in range(count)]
    if not 1 <= count <= MOST_LISTS or {*arrays} != {name for pair in names for name in pair}:
        raise ValueError(f"{ARRAYS} has other arrays than two for each list")
    for array in arrays.values():
        if array.dtype != np.uint64 or array.ndim != 1 or (array[1:] <= array[:-1]).any():
            raise ValueError(f"an array of {ARRAYS} is not one of ascending hashes")
    return tuple(ListTable(*(arrays[name] for name in pair)) for pair in names)


def of_files(files: Mapping[str, bytes]) -> tuple[ListTable, ...]:
    """The tables among the files of a model; none where it has no lists."""
    return unpacked(files[ARRAYS]) if ARRAYS in files else ()
