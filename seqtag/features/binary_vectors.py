"""word2vec's binary form of word vectors: a line of "count dim", then each word with its values as 32-bit numbers."""

import re
from collections.abc import Sequence
from os import PathLike
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from seqtag.features.vectors import Builder, Vectors, within_bounds
from seqtag.support.errors import DataError
from seqtag.support.quoting import counted, quoted
from seqtag.support.unpacking import unpacked

BLOCK = 1 << 22  # bytes read at once
_LONGEST_WORD = 1 << 16  # bytes
_NUMBER_BYTES = b"0123456789+-.eE "
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def recognise(body: bytes, dim: int) -> bool:
    """Whether 32-bit numbers follow the first word, rather than decimal ones."""
    fields = body.partition(b"\n")[0].split()
    if len(fields) > dim and not b" ".join(fields[-dim:]).translate(None, _NUMBER_BYTES):
        return False
    numbers = body[body.find(b" ") + 1 :][: 4 * dim]
    if _NO_TEXT.search(numbers):
        return True
    try:
        numbers.decode()
    except UnicodeDecodeError as error:
        # A piece of text can end within a character.
        return error.reason != "unexpected end of data"
    return False


def read(path: str | PathLike[str], name: str) -> tuple[Vectors, list[str]]:
    """The vectors, and what is odd about the file.

    Raises:
        DataError: The file cannot be read, or is damaged.
    """
    try:
        with open(path, "rb") as file:
            return _read_records(unpacked(file, name), name)
    except OSError as error:
        raise DataError(name, None, f"cannot be read: {error.strerror or error}") from error


def _read_records(file: BinaryIO, name: str) -> tuple[Vectors, list[str]]:
    count, dim = map(int, file.readline().split())
    builder = Builder(dim)
    taken = left_out = 0
    data = b""
    while taken < count:
        block = file.read(BLOCK)
        if not block:
            raise DataError(name, None, f"ends within word {taken + 1} of {count}; is the file cut off?")
        data += block
        words, vectors, used = _records(data, dim, count - taken)
        data = data[used:]
        if len(data) - 4 * dim > _LONGEST_WORD and taken + len(words) < count:
            raise DataError(
                name, None, f"word {taken + len(words) + 1} of {count} has no end; is the file damaged?"
            )
        values = np.frombuffer(b"".join(vectors), "<f4").reshape(-1, dim)
        _check_records(name, words, values, taken)
        readable = [number for number, word in enumerate(words) if _is_utf8(word)]
        builder.add([words[number] for number in readable], values[readable])
        taken += len(words)
        left_out += len(words) - len(readable)
    if (data + file.read(BLOCK)).strip(b"\n"):
        raise DataError(name, None, f"goes on after the {counted(count, 'word')} that its first line counts")
    if not builder.count:
        raise DataError(name, None, "holds no word in UTF-8")
    odd = [f"{name}: {counted(left_out, 'word')} left out: not UTF-8"] if left_out else []
    return builder.finish(), odd


def _records(data: bytes, dim: int, limit: int) -> tuple[list[bytes], list[bytes], int]:
    """The words that are complete, their vectors' bytes, and how many bytes they take."""
    words: list[bytes] = []
    vectors: list[bytes] = []
    position = 0
    while len(words) < limit:
        start = position
        while data[start : start + 1] == b"\n":  # word2vec ends a vector with one, gensim does not
            start += 1
        space = data.find(b" ", start, start + _LONGEST_WORD)
        end = space + 1 + 4 * dim
        if space < 0 or end > len(data):
            break
        words.append(data[start:space])
        vectors.append(data[space + 1 : end])
        position = end
    return words, vectors, position


def _check_records(name: str, words: Sequence[bytes], values: NDArray[np.float32], before: int) -> None:
    for number, word in enumerate(words, before + 1):
        if not word:
            raise DataError(name, None, f"word {number} is empty; is the file damaged?")
    good = within_bounds(values)
    if not good.all():
        row, place = np.argwhere(~good)[0].tolist()
        word_shown = words[row].decode("utf-8", "replace")
        raise DataError(
            name,
            None,
            f"word {before + row + 1} ({quoted(word_shown)}): value {place + 1} of {values.shape[1]} is "
            f"{values[row, place]:g}; expected a finite 32-bit number",
        )


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
