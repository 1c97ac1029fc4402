"""Pretrained word vectors: stored in the model folder, looked up by the batch.

The stored form is one buffer that is used as it lies, in memory or memory-mapped. Little-endian; each part starts
at a multiple of 64 bytes, with zeros before it; the sizes follow from the three numbers of the header alone:

    header     64 bytes            magic "seqtagWV", version u32 (1), dim u32, words n u64, bytes of words b u64, zeros
    table      f16 (n, dim)        row by row, in the order of the file that was read
    hashes     u64 (n)             BLAKE2b, 8 bytes, of each word's UTF-8, ascending
    order      u32 (n)             the row that each hash belongs to
    offsets    u32 (n + 1)         where each row's word starts in `words`; the last is b
    exponents  i16 (n)             a vector is its row of the table times 2 to this power
    words      u8 (b)              all words' UTF-8, one after the other

The exponent brings a row's largest value into [2^14, 2^15), near the end of float16's range. So nothing overflows,
every value down to 2^-28 of its row's largest keeps 11 bits, and one wild row costs no other row its precision,
while a file is read row by row. Training uses the same rounded values as prediction.
"""

import hashlib
import mmap
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.support.errors import ModelError

MAX_DIM = 1 << 14
EXACT, LOWERED, NORMALISED, MISSING = 0, 1, 2, -1  # kinds of a look-up

_MAGIC = b"seqtagWV"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQQ")
_ALIGNMENT = 64
_MAX_WORDS = (1 << 31) - 1
_MAX_EQUAL_HASHES = (
    64  # bounds the time of a look-up in a table made to be slow; real ones have 1, hardly ever 2
)

_MOVED = 1024  # rows at once
LARGEST = 2.0**127  # any larger value could be rounded up to infinity
_EXPONENTS = (
    -126,
    113,
)  # the smallest for which 2 to this power is a normal number; the largest for LARGEST
_ZEROS = {ord(digit): "0" for digit in "123456789"}
_HASHES = {ord(digit): "#" for digit in "0123456789"}  # as in word2vec's Google News vectors

# How a word is looked for, in this order, and what a hit counts as.
_FORMS: tuple[tuple[int, Callable[[str], str]], ...] = (
    (EXACT, str),
    (LOWERED, str.lower),
    (NORMALISED, lambda word: word.translate(_ZEROS)),
    (NORMALISED, lambda word: word.lower().translate(_ZEROS)),
    (NORMALISED, lambda word: word.translate(_HASHES)),
)


@dataclass(frozen=True)
class Coverage:
    """How many distinct words have a vector, by the form under which it was found."""

    exact: int
    lowered: int
    normalised: int
    missing: int

    @property
    def words(self) -> int:
        """All distinct words."""
        return self.exact + self.lowered + self.normalised + self.missing

    @property
    def found(self) -> float:
        """The share of the distinct words that have a vector; 0 if there are no words."""
        return 1 - self.missing / self.words if self.words else 0.0


class Vectors:
    """A table of word vectors and a fast exact look-up, in memory or memory-mapped.

    Made by `vector_files.read`, `Vectors.from_words` and `Vectors.unpack`. A caller that looks words up sentence by
    sentence keeps a cache.

    Attributes:
        dim: Size of a vector.
        duplicates: Rows of the file that was read whose word an earlier row has; that row's vector holds.
        warnings: What was odd about the file, each a message for the user.
    """

    def __init__(self, buffer: memoryview) -> None:
        self.duplicates = 0
        self.warnings: tuple[str, ...] = ()
        self._buffer = buffer
        if len(buffer) < _ALIGNMENT:
            raise ValueError(
                f"word vectors: {len(buffer)} bytes are not a header; expected {_ALIGNMENT} or more"
            )
        magic, version, dim, count, size = _HEADER.unpack_from(buffer)
        if magic != _MAGIC:
            raise ValueError(f"word vectors: start with {magic!r}; expected {_MAGIC!r}")
        if version != _VERSION:
            raise ValueError(f"word vectors: their format is {version}; expected {_VERSION}")
        if any(buffer[_HEADER.size : _ALIGNMENT]):
            raise ValueError("word vectors: the header does not end with zeros")
        if not 1 <= dim <= MAX_DIM or not 1 <= count <= _MAX_WORDS:
            raise ValueError(
                f"word vectors: {count} of size {dim}; expected 1 to {_MAX_WORDS} of 1 to {MAX_DIM}"
            )
        parts, end = _parts(dim, count, size)
        if end != len(buffer):
            raise ValueError(f"word vectors: {len(buffer)} bytes; expected {end} by their header")
        views = {
            name: np.frombuffer(buffer, dtype, items, start) for name, (dtype, items, start) in parts.items()
        }
        self.dim: int = dim
        self._table: NDArray[np.float16] = views["table"].reshape(count, dim)
        self._hashes: NDArray[np.uint64] = views["hashes"]
        self._order: NDArray[np.uint32] = views["order"]
        self._offsets: NDArray[np.uint32] = views["offsets"]
        self._exponents: NDArray[np.int16] = views["exponents"]
        self._words = buffer[parts["words"][2] :]
        self._check()

    def _check(self) -> None:
        """Refuses what would make a look-up wrong, endless or reach outside; the table is checked by `gather`."""
        hashes, offsets, far = self._hashes, self._offsets, _MAX_EQUAL_HASHES
        if (hashes[1:] < hashes[:-1]).any():
            raise ValueError("word vectors: the hashes are not in ascending order")
        if (hashes[far:] == hashes[:-far]).any():
            raise ValueError(f"word vectors: more than {far} words have the same hash")
        if self._order.max() >= len(self):
            raise ValueError(f"word vectors: the order names row {self._order.max()} of {len(self)}")
        if offsets[0] != 0 or offsets[-1] != len(self._words) or (offsets[1:] < offsets[:-1]).any():
            raise ValueError(
                "word vectors: the offsets of the words do not ascend from their start to their end"
            )
        if self._exponents.min() < _EXPONENTS[0] or self._exponents.max() > _EXPONENTS[1]:
            raise ValueError("word vectors: an exponent is outside the range of 32-bit numbers")

    def __len__(self) -> int:
        return len(self._table)

    def rows(self, forms: Sequence[str]) -> NDArray[np.int64]:
        """The row of each form, -1 where the table has none; exact match only."""
        encoded = [form.encode("utf-8", "surrogatepass") for form in forms]
        keys = np.frombuffer(b"".join(map(hash_of, encoded)), "<u8")
        places = np.minimum(self._hashes.searchsorted(keys), len(self) - 1)
        hits = np.flatnonzero(self._hashes[places] == keys)
        found = self._order[places[hits]].astype(np.int64)
        starts, ends = self._offsets[found].tolist(), self._offsets[found + 1].tolist()
        # Another word can have the hash of the form, so only the words themselves decide.
        for number, hit in enumerate(hits.tolist()):
            if self._words[starts[number] : ends[number]] != encoded[hit]:
                found[number] = self._row_further_on(int(places[hit]), encoded[hit])
        result = np.full(len(encoded), -1, np.int64)
        result[hits] = found
        return result

    def _row_further_on(self, place: int, form: bytes) -> int:
        """The form's row among the words that share the hash at `place`, after the first of them; -1 if it has none."""
        key = self._hashes[place]
        for other in range(place + 1, min(place + _MAX_EQUAL_HASHES, len(self))):
            if self._hashes[other] != key:
                break
            row = int(self._order[other])
            if self._words[self._offsets[row] : self._offsets[row + 1]] == form:
                return row
        return -1

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of rows, `(n, dim)`; zeros where a row is -1.

        Raises:
            ModelError: A stored value is not finite: the table is damaged.
        """
        present = np.flatnonzero(rows >= 0)
        chosen = rows[present]
        scales = np.ldexp(np.float32(1), self._exponents[chosen].astype(np.int32))
        with np.errstate(over="ignore", invalid="ignore"):
            found = self._table[chosen].astype(np.float32) * scales[:, None]
        if not np.isfinite(found).all():
            raise ModelError("vectors.bin holds a value that is not finite: the model folder is damaged.")
        if len(present) == len(rows):
            return found
        result = np.zeros((len(rows), self.dim), np.float32)
        result[present] = found
        return result

    def word_rows(self, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Per word the row of its first form that is there, -1 if none is, and the kind of that form.

        The forms: the word (kind `EXACT`); in lower case (`LOWERED`); with digits as 0, in lower case with digits as
        0, with digits as # (`NORMALISED`). A word without a row has kind `MISSING`.
        """
        rows = np.full(len(words), -1, np.int64)
        kinds = np.full(len(words), MISSING, np.int8)
        for kind, change in _FORMS:
            missing = np.flatnonzero(rows < 0)
            forms = [change(words[number]) for number in missing.tolist()]
            if kind != EXACT:  # most words have no upper case and no digit
                changed = [n for n, at in enumerate(missing.tolist()) if forms[n] != words[at]]
                missing, forms = missing[changed], [forms[n] for n in changed]
            if forms:
                found = self.rows(forms)
                rows[missing] = found
                kinds[missing[found >= 0]] = kind
        return rows, kinds

    def coverage(self, words: Iterable[str]) -> Coverage:
        """How many of the distinct words have a vector."""
        distinct = iter(set(words))
        counts: Counter[int] = Counter()
        while some := list(islice(distinct, 1 << 14)):
            counts.update(self.word_rows(some)[1].tolist())
        return Coverage(counts[EXACT], counts[LOWERED], counts[NORMALISED], counts[MISSING])

    def packed(self) -> bytes:
        """The stored form: one file of the model folder."""
        whole = self._buffer.obj
        return whole if isinstance(whole, bytes) and len(whole) == len(self._buffer) else bytes(self._buffer)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview | mmap.mmap) -> "Vectors":
        """The vectors of a stored form, which is used as it lies and must stay open; nothing of the table is copied.

        Raises:
            ValueError: The bytes are not what `packed` writes.
        """
        view = memoryview(buffer)
        if not view.c_contiguous:
            raise ValueError("word vectors: the buffer is not in one piece")
        return cls(view.cast("B").toreadonly())

    @classmethod
    def from_words(cls, words: Sequence[str], values: NDArray[np.float32]) -> "Vectors":
        """A table of these words with the rows of `values`, `(words, dim)`; the first of equal words holds.

        Raises:
            ValueError: The shapes do not fit, there is no word, or a value is not finite.
        """
        values = np.asarray(values, np.float32)
        if values.ndim != 2 or len(values) != len(words) or not within_bounds(values).all():
            raise ValueError(f"expected {len(words)} finite vectors. Received: shape {values.shape}")
        builder = Builder(values.shape[1])
        builder.add([word.encode() for word in words], values)
        return builder.finish()


def hash_of(form: bytes) -> bytes:
    """Eight bytes, the same in every process and on every machine, unlike Python's own."""
    return hashlib.blake2b(form, digest_size=8).digest()


def _parts(dim: int, count: int, size: int) -> tuple[dict[str, tuple[str, int, int]], int]:
    """For each part its type, its number of items and its first byte; and the number of bytes of all."""
    shapes = {
        "table": ("<f2", count * dim),
        "hashes": ("<u8", count),
        "order": ("<u4", count),
        "offsets": ("<u4", count + 1),
        "exponents": ("<i2", count),
        "words": ("|u1", size),
    }
    parts = {}
    end = _ALIGNMENT
    for name, (dtype, items) in shapes.items():
        start = _aligned(end)
        parts[name] = (dtype, items, start)
        end = start + items * np.dtype(dtype).itemsize
    return parts, end


def within_bounds(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the values are numbers that can be stored."""
    return np.abs(values) <= LARGEST  # false for nan


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class Builder:
    """Grows the stored form row by row. The table is its first part, so it is never copied and never held twice."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.count = 0
        self._buffer = bytearray(_ALIGNMENT)
        self._hashes = bytearray()
        self._sizes = bytearray()
        self._exponents = bytearray()
        self._words = bytearray()

    def add(self, words: Sequence[bytes], values: NDArray[np.float32]) -> None:
        """Appends words with their finite values `(words, dim)`."""
        largest = np.abs(values).max(axis=1, initial=0)
        exponents = np.where(largest > 0, np.maximum(np.frexp(largest)[1] - 15, _EXPONENTS[0]), 0)
        self._buffer.extend(np.ldexp(values, -exponents[:, None]).astype("<f2").tobytes())
        self._exponents.extend(exponents.astype("<i2").tobytes())
        self._hashes.extend(b"".join(map(hash_of, words)))
        self._sizes.extend(np.fromiter(map(len, words), "<u4", len(words)).tobytes())
        self._words.extend(b"".join(words))
        self.count += len(words)

    def finish(self) -> Vectors:
        """The vectors of all the words, of which the first of equal ones holds; the builder is used up."""
        hashes = np.frombuffer(self._hashes, "<u8")
        sizes = np.frombuffer(self._sizes, "<u4")
        exponents = np.frombuffer(self._exponents, "<i2")
        words = np.frombuffer(self._words, np.uint8)
        order = np.argsort(hashes, kind="stable")
        repeated = self._repeated(hashes[order], order, _ends(sizes))
        if repeated:
            keep = np.ones(self.count, bool)
            keep[repeated] = False
            self._keep(keep)
            hashes, exponents, words = hashes[keep], exponents[keep], words[np.repeat(keep, sizes)]
            sizes = sizes[keep]
            order = np.argsort(hashes, kind="stable")
        self._append(hashes[order])
        self._append(order.astype("<u4"))
        self._append(_ends(sizes).astype("<u4"))
        self._append(exponents)
        self._append(words)
        _HEADER.pack_into(self._buffer, 0, _MAGIC, _VERSION, self.dim, len(hashes), len(words))
        vectors = Vectors.unpack(memoryview(self._buffer))
        vectors.duplicates = len(repeated)
        return vectors

    def _repeated(
        self, hashes: NDArray[np.uint64], order: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> list[int]:
        """The rows whose word an earlier row has, found among those with the same hash."""
        repeated = []
        seen: set[bytes] = set()
        last = -2
        for place in np.flatnonzero(hashes[1:] == hashes[:-1]).tolist():
            if place != last + 1:
                seen = {bytes(self._words[ends[order[place]] : ends[order[place] + 1]])}
            last = place
            row = int(order[place + 1])
            word = bytes(self._words[ends[row] : ends[row + 1]])
            if word in seen:
                repeated.append(row)
            seen.add(word)
        return repeated

    def _keep(self, keep: NDArray[np.bool_]) -> None:
        """Moves the rows that stay to the front of the table, some at a time."""
        table = np.frombuffer(self._buffer, "<f2", offset=_ALIGNMENT).reshape(-1, self.dim)
        end = 0
        for start in range(0, len(keep), _MOVED):
            some = table[start : start + _MOVED][keep[start : start + _MOVED]]
            table[end : end + len(some)] = some
            end += len(some)
        del table  # a bytearray in use cannot shrink
        del self._buffer[_ALIGNMENT + end * self.dim * 2 :]

    def _append(self, part: NDArray[Any]) -> None:
        self._buffer.extend(bytes(_aligned(len(self._buffer)) - len(self._buffer)))
        self._buffer.extend(part.tobytes())


def _ends(sizes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Where each word starts, and at last where the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
