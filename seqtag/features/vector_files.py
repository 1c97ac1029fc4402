"""Files of pretrained word vectors: the text of GloVe, word2vec and fastText, and word2vec's binary form."""

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from os import PathLike
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from seqtag.features.vectors import LARGEST, MAX_DIM, Builder, Vectors, within_bounds
from seqtag.support.errors import DataError
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import counted, quoted
from seqtag.support.unpacking import unpacked

_LINES = 1024  # are parsed at once
BLOCK = 1 << 22  # bytes of a binary file read at once
_LONGEST_WORD = 1 << 16  # bytes, in a binary file
_FIRST_LINE = re.compile(r"([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t\r]*")  # count and dim
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER_BYTES = b"0123456789+-.eE "
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OTHER_FILES = {
    b"\xba\x16\x4f\x2f": "is a fastText model; expected vectors: its .vec file",
}


def read(path: str | PathLike[str]) -> Vectors:
    """The vectors of a file: text of GloVe, word2vec or fastText, or word2vec's binary form, each plain or compressed.

    Text has a word and its values in each line, with or without a first line of "count dim". A line is read from
    the right, so a word may hold spaces. Which form it is, its content says; what is no regular file is text, and
    "-" is standard input. The table is read once, row by row, and is kept in half its size (float16).

    A count in a text's first line that is not that of the lines is no error (many cut such a file to its frequent
    words): it is one of the result's `warnings`, as are words that came twice and words of a binary file that are
    not UTF-8 (word2vec cuts long ones within a character), which are left out.

    Raises:
        DataError: The file cannot be read or is no table of vectors; FILE:LINE in a text.
    """
    name = shown(path)
    start = _start(path, name)
    for magic, problem in _OTHER_FILES.items():
        if start.startswith(magic):
            raise DataError(name, None, problem)
    first_line, _, body = start.partition(b"\n")
    header = _FIRST_LINE.fullmatch(first_line.decode("latin-1"))
    if header and 1 <= int(header[2]) <= MAX_DIM and _is_binary(body, int(header[2])):
        return _read_binary(path, name)
    return _read_text(path, name)


# ---- text


def _read_text(path: str | PathLike[str], name: str) -> Vectors:
    numbered = _without_blank_end(lines(path), name)
    some = list(islice(numbered, _LINES))
    header = _FIRST_LINE.fullmatch(some[0][1]) if some else None
    first = some.pop(0) if header else some[0] if some else None
    if first is None or not some:
        raise DataError(name, None, "holds no vectors; expected a word and its values in each line")
    # Without a header, the most frequent number: the first word could be one that holds a space.
    dim = (
        int(header[2]) if header else Counter(len(_fields(line)) - 1 for _, line in some).most_common(1)[0][0]
    )
    if not 1 <= dim <= MAX_DIM:
        raise DataError(
            name, first[0], f"vectors of {counted(dim, 'value')}; expected 1 to {MAX_DIM} after a word"
        )
    source = "as line 1 says" if header else "as most lines have"
    builder = Builder(dim)
    rest = chain(some, numbered)
    while some := list(islice(rest, _LINES)):
        parsed = _parse([line for _, line in some], dim)
        if parsed is None:
            raise _problem(name, some, dim, source)
        builder.add(*parsed)
    vectors = builder.finish()
    odd = []
    if header and int(header[1]) != builder.count:
        odd.append(f"{name}:1: the count is {int(header[1])}, but {counted(builder.count, 'line')} followed")
    return _with_warnings(vectors, name, odd)


def _without_blank_end(numbered: Iterator[tuple[int, str]], name: str) -> Iterator[tuple[int, str]]:
    """The lines without white space at their ends; blank ones may stand at the end of the file only."""
    blank = 0
    for number, line in numbered:
        line = line.rstrip(" \t")
        if not line:
            blank = blank or number
        elif blank:
            raise DataError(name, blank, "is blank; expected a word and its values")
        else:
            yield number, line


def _parse(some: Sequence[str], dim: int) -> tuple[list[bytes], NDArray[np.float32]] | None:
    """The words and values `(lines, dim)` of lines; None if there is something wrong with one of them."""
    words = []
    tails = []
    for line in some:
        flat = line.replace("\t", " ")
        word, _, tail = flat.partition(" ")
        if not word or flat.count(" ") != dim:
            split = _split(line, dim)
            if split is None:
                return None
            word, tail = split
        words.append(word.encode())
        tails.append(tail)
    joined = " ".join(tails).encode()
    # With these bytes alone only a space parts numbers, so a run of them is one number or none: NumPy can find too
    # few numbers, in a line with two spaces on end and a value less, but never one too many that would make up for it.
    if joined.translate(None, _NUMBER_BYTES):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error"
        )  # older NumPy only warns when it stops at something that is not a number
        try:
            values = np.fromstring(joined, np.float32, sep=" ")
        except (ValueError, Warning):
            return None
    if len(values) != len(some) * dim or not within_bounds(values).all():
        return None
    return words, values.reshape(-1, dim)


def _split(line: str, dim: int) -> tuple[str, str] | None:
    """The word, which may hold spaces, and the values with one space between them; None if that cannot be."""
    fields = _fields(line)
    if len(fields) <= dim:
        return None
    if len(fields) > dim + 1 and _NUMBER.fullmatch(fields[-dim - 1]):
        return None  # a value too many, rather than a word that ends with a number
    word = _before(line, dim)
    return (word, " ".join(fields[-dim:])) if word.strip(" \t") else None


def _fields(line: str) -> list[str]:
    """The runs without space and tab; every other white space can be part of a word."""
    return re.findall(r"[^ \t]+", line)


def _before(line: str, dim: int) -> str:
    """What stands before the last `dim` fields and the one character that sets them off."""
    starts = [found.start() for found in re.finditer(r"[^ \t]+", line)]
    return line[: max(starts[-dim] - 1, 0)]


def _problem(name: str, some: Sequence[tuple[int, str]], dim: int, source: str) -> DataError:
    """What is wrong with the first wrong one of the lines."""
    for number, line in some:
        fields = _fields(line)
        if len(fields) >= dim and not _before(line, dim).strip(" \t") and line[0] in " \t":
            return DataError(name, number, f"has no word before its {counted(dim, 'value')}")
        numbers = 0
        for field in reversed(fields[1:]):
            if not _NUMBER.fullmatch(field):
                break
            numbers += 1
        if len(fields) <= dim or (numbers != dim and len(fields) > dim + 1):
            numbers = len(fields) - 1 if len(fields) <= dim else numbers
            return DataError(name, number, f"has {counted(numbers, 'value')}; expected {dim}, {source}")
        for place, field in enumerate(fields[-dim:], 1):
            if not _NUMBER.fullmatch(field) or abs(float(field)) > LARGEST:
                problem = f"value {place} of {dim} is {quoted(field)}; expected a finite 32-bit number"
                return DataError(name, number, problem)
    return DataError(name, some[0][0], "near this line, something is not a vector")  # pragma: no cover


# ---- word2vec's binary form


def _start(path: str | PathLike[str], name: str) -> bytes:
    """The first bytes of a regular file; none if it cannot be read, which the reader of text will say better."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return unpacked(file, name).read(1 << 20)
    except (OSError, DataError):
        return b""


def _is_binary(body: bytes, dim: int) -> bool:
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


def _read_binary(path: str | PathLike[str], name: str) -> Vectors:
    try:
        with open(path, "rb") as file:
            return _read_records(unpacked(file, name), name)
    except OSError as error:
        raise DataError(name, None, f"cannot be read: {error.strerror or error}") from error


def _read_records(file: BinaryIO, name: str) -> Vectors:
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
    return _with_warnings(builder.finish(), name, odd)


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


def _with_warnings(vectors: Vectors, name: str, odd: Sequence[str]) -> Vectors:
    repeated = vectors.duplicates
    again = [f"{name}: {counted(repeated, 'line')} left out: the word had come before"] if repeated else []
    vectors.warnings = (*odd, *again)
    return vectors
