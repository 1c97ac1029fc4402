"""Files of pretrained word vectors: the text of GloVe, word2vec and fastText, and word2vec's binary form."""

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from seqtag.features import binary_vectors
from seqtag.features.vectors import LARGEST, MAX_DIM, Builder, Vectors, within_bounds
from seqtag.support.errors import DataError
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import counted, quoted
from seqtag.support.unpacking import unpacked

_LINES = 1024  # are parsed at once
_FIRST_LINE = re.compile(r"([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t\r]*")  # count and dim
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER_BYTES = b"0123456789+-.eE "
_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"


def read(path: str | PathLike[str]) -> Vectors:
    """The vectors of a file: text of GloVe, word2vec or fastText, or word2vec's binary form, each plain or compressed.

    Text has a word and its values in each line, with or without a first line of "count dim". A line is read from
    the right, so a word may hold spaces; it may end with a number only where the first line gives the dim. Which
    form it is, its content says; what is not a regular file is text, and "-" is standard input. The table is read once,
    row by row, and is kept in half its size (float16).

    A count in a text's first line that is not that of the lines is no error (many cut such a file to its frequent
    words): it is one of the result's `warnings`, as are words that came twice, blank words of a text, and words of a
    binary file that are not UTF-8 (word2vec cuts long ones within a character), all of which are left out.

    Raises:
        DataError: The file cannot be read or is no table of vectors; FILE:LINE in a text.
    """
    name = shown(path)
    start = _start(path, name)
    if start.startswith(_FASTTEXT_MODEL):
        raise DataError(name, None, "is a fastText model; expected vectors: its .vec file")
    first_line, _, body = start.partition(b"\n")
    header = _FIRST_LINE.fullmatch(first_line.decode("latin-1"))
    if header and 1 <= int(header[2]) <= MAX_DIM and binary_vectors.recognise(body, int(header[2])):
        vectors, odd = binary_vectors.read(path, name)
    else:
        vectors, odd = _read_text(path, name)
    if vectors.duplicates:
        odd.append(f"{name}: {counted(vectors.duplicates, 'line')} left out: the word had come before")
    vectors.warnings = tuple(odd)
    return vectors


def _start(path: str | PathLike[str], name: str) -> bytes:
    """The first bytes of a regular file; none if it cannot be read, which the reader of text will say better."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return unpacked(file, name).read(1 << 20)
    except (OSError, DataError):
        return b""


@dataclass(frozen=True)
class _Form:
    """What a line holds: a word and its values.

    Attributes:
        dim: How many values.
        source: What says so, as messages put it.
        certain: Whether it is so certain that a number before the values belongs to the word.
    """

    dim: int
    source: str
    certain: bool


def _read_text(path: str | PathLike[str], name: str) -> tuple[Vectors, list[str]]:
    numbered = _without_blank_end(lines(path), name)
    some = list(islice(numbered, _LINES))
    header = _FIRST_LINE.fullmatch(some[0][1]) if some else None
    first = some.pop(0) if header else some[0] if some else None
    if first is None or not some:
        raise DataError(name, None, "holds no vectors; expected a word and its values in each line")
    # Without a header, the most frequent number: the first word could be one that holds a space.
    usual = Counter(len(_fields(line)) - 1 for _, line in some).most_common(1)[0][0]
    dim = int(header[2]) if header else usual
    if not 1 <= dim <= MAX_DIM:
        raise DataError(
            name, first[0], f"vectors of {counted(dim, 'value')}; expected 1 to {MAX_DIM} after a word"
        )
    form = _Form(dim, "as line 1 says" if header else "as most lines have", bool(header) and dim == usual)
    builder = Builder(dim)
    rest = chain(some, numbered)
    blank = 0
    while some := list(islice(rest, _LINES)):
        parsed = _parse(some, form)
        if parsed is None:
            worded = [(number, line) for number, line in some if not _is_blank_word(line, dim)]
            blank += len(some) - len(worded)
            if not worded:
                continue
            parsed = _parse(worded, form)
            if parsed is None:
                raise _problem(name, worded, form)
        builder.add(*parsed)
    if not builder.count:
        raise DataError(name, None, "holds no vectors with a word")
    odd = [f"{name}: {counted(blank, 'line')} left out: the word is blank"] if blank else []
    count = builder.count + blank
    if header and int(header[1]) != count:
        odd.append(f"{name}:1: the count is {int(header[1])}, but {counted(count, 'line')} followed")
    return builder.finish(), odd


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


def _is_blank_word(line: str, dim: int) -> bool:
    """Whether a line has all its values, but only white space before them."""
    fields = _fields(line)
    return line[0] in " \t" and len(fields) == dim and all(map(_NUMBER.fullmatch, fields))


def _parse(some: Sequence[tuple[int, str]], form: _Form) -> tuple[list[bytes], NDArray[np.float32]] | None:
    """The words and values `(lines, dim)` of lines; None if there is something wrong with one of them."""
    words = []
    tails = []
    for _, line in some:
        flat = line.replace("\t", " ")
        word, _, tail = flat.partition(" ")
        if not word or flat.count(" ") != form.dim:
            split = _split(line, form)
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
    if len(values) != len(some) * form.dim or not within_bounds(values).all():
        return None
    return words, values.reshape(-1, form.dim)


def _split(line: str, form: _Form) -> tuple[str, str] | None:
    """The word, which may hold spaces, and the values with one space between them; None if that cannot be."""
    fields = _fields(line)
    dim = form.dim
    if len(fields) <= dim:
        return None
    if len(fields) > dim + 1 and not form.certain and _NUMBER.fullmatch(fields[-dim - 1]):
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


def _problem(name: str, some: Sequence[tuple[int, str]], form: _Form) -> DataError:
    """What is wrong with the first wrong one of the lines."""
    dim = form.dim
    for number, line in some:
        fields = _fields(line)
        if len(fields) >= dim and not _before(line, dim).strip(" \t") and line[0] in " \t":
            return DataError(name, number, f"has no word before its {counted(dim, 'value')}")
        numbers = 0
        for field in reversed(fields[1:]):
            if not _NUMBER.fullmatch(field):
                break
            numbers += 1
        wrong = numbers < dim if form.certain else numbers != dim
        if len(fields) <= dim or (wrong and len(fields) > dim + 1):
            numbers = len(fields) - 1 if len(fields) <= dim else numbers
            return DataError(name, number, f"has {counted(numbers, 'value')}; expected {dim}, {form.source}")
        for place, field in enumerate(fields[-dim:], 1):
            if not _NUMBER.fullmatch(field) or abs(float(field)) > LARGEST:
                problem = f"value {place} of {dim} is {quoted(field)}; expected a finite 32-bit number"
                return DataError(name, number, problem)
    return DataError(name, some[0][0], "near this line, something is not a vector")  # pragma: no cover
