"""ARPA files: n-grams with log10 of their probabilities and of their back-off weights, as text.

The format has no home; SRILM's ngram-format(5) is the description that others go by.
"""

import math
import re
from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import BOS, EOS, SYMBOLS, UNK
from seqtag.corpora.units import Units
from seqtag.ngrams.model import ARPA, MOST_ORDERS, NgramModel
from seqtag.ngrams.tables import MOST_BACKOFF, NEVER, NgramTable, found
from seqtag.ngrams.text import Ints
from seqtag.support.errors import DataError
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import quoted

PIECE = 1 << 17  # n-grams that are written at once
MOST_BEFORE = 1000  # lines that are searched for the head
NO_UNKNOWN = -100.0  # log10 of the probability of unknown words in a file without `<unk>`, as KenLM has it
_COUNT = re.compile(r"ngram (\d+) *= *(\d+)")


def write(model: NgramModel, stream: IO[bytes], say: Callable[[str], None] = lambda text: None) -> None:
    """Writes a model; `say` receives how far it is.

    Raises:
        Error: An ARPA file cannot hold it.
    """
    model.check_arpa()
    head = [f"ngram {order}={len(table.keys)}" for order, table in enumerate(model.tables, 1)]
    stream.write(("\n".join(["\\data\\", *head]) + "\n").encode())
    for order, table in enumerate(model.tables, 1):
        stream.write(f"\n\\{order}-grams:\n".encode())
        for start in range(0, len(table.keys), PIECE):
            say(f"writing n-grams of order {order}: {start:,} of {len(table.keys):,}")
            stream.write(_rows(model, order, slice(start, start + PIECE)))
    stream.write(b"\n\\end\\\n")


def _rows(model: NgramModel, order: int, piece: slice) -> bytes:
    """Lines of n-grams: log10 of the probability, the words, log10 of the back-off weight."""
    table, words = model.tables[order - 1], model.words
    texts = [" ".join([words[at] for at in row]) for row in _decoded(model, order, piece).tolist()]
    logs = table.logs[piece].tolist()
    if not len(table.backoffs):
        rows = [f"{log:.9g}\t{text}\n" for log, text in zip(logs, texts, strict=True)]
    else:
        backoffs = table.backoffs[piece].tolist()
        rows = [f"{log:.9g}\t{text}\t{b:.9g}\n" for log, text, b in zip(logs, texts, backoffs, strict=True)]
    return "".join(rows).encode()


def _decoded(model: NgramModel, order: int, piece: slice) -> Ints:
    """The numbers of the words of n-grams, shape (n-grams, order)."""
    size = len(model.words)
    places, columns = model.tables[order - 1].keys[piece], []
    for shorter in range(order - 1, 0, -1):
        columns.append(places % size)
        places = model.tables[shorter - 1].keys[places // size]
    return np.stack([places, *reversed(columns)], axis=1)


def read(path: str, units: Units, say: Callable[[str], None] = lambda text: None) -> NgramModel:
    """The model of an ARPA file.

    Args:
        path: The file; it may be compressed.
        units: What its tokens are, which the file does not say.
        say: Receives how far it is.

    Raises:
        DataError: The file cannot be read, or is no ARPA file of up to six words.
    """
    return _Reader(path, units, say).read()


class _Reader:
    """Reads one file.

    Args:
        path: The file.
        units: What its tokens are.
        say: Receives how far it is.
    """

    def __init__(self, path: str, units: Units, say: Callable[[str], None]) -> None:
        self._name = shown(path)
        self._lines = lines(path)
        self._units = units
        self._say = say
        self._numbers = {symbol: at for at, symbol in enumerate(SYMBOLS)}

    def read(self) -> NgramModel:
        sizes = self._sizes()
        tables = [self._unigrams(sizes)]
        for order in range(2, len(sizes) + 1):
            tables.append(self._longer(order, sizes, tables))
        number, line = self._next()
        if line.strip() != "\\end\\":
            raise self._wrong(number, line, "\\end\\ after the last n-gram")
        words = tuple(self._numbers)
        # Only where unknown words were counted like others do they stand in n-grams.
        closed = len(tables) > 1 and bool((tables[1].keys % len(words) == UNK).any())
        return NgramModel(self._units, words, tuple(tables), ARPA, closed)

    def _next(self) -> tuple[int, str]:
        """The next line that is not blank."""
        for number, line in self._lines:
            if line and not line.isspace():
                return number, line
        raise DataError(self._name, None, "ends in the middle of an ARPA file; was it copied whole?")

    def _wrong(self, number: int, line: str, expected: str) -> DataError:
        return DataError(self._name, number, f"{quoted(line)} stands here; expected {expected}")

    def _sizes(self) -> list[int]:
        """How many n-grams of each order the head announces; what stands before it is skipped."""
        if not any(line.strip() == "\\data\\" for _, line in islice(self._lines, MOST_BEFORE)):
            raise DataError(self._name, None, "has no line \\data\\ in front; expected an ARPA file")
        sizes: list[int] = []
        number, line = self._next()
        while match := _COUNT.fullmatch(line.strip()):
            if int(match[1]) != len(sizes) + 1 or len(sizes) == MOST_ORDERS or len(match[2]) > 15:
                raise self._wrong(
                    number, line, f"the numbers of n-grams of order 1, 2, ... up to {MOST_ORDERS}"
                )
            sizes.append(int(match[2]))
            number, line = self._next()
        if not sizes or line.strip() != "\\1-grams:":
            raise self._wrong(number, line, "`ngram 1=NUMBER` and, after such lines, \\1-grams:")
        return sizes

    def _section(self, order: int, count: int, last: bool) -> Iterator[tuple[int, float, list[str], float]]:
        """The n-grams of an order: the number of the line, log10 of the probability, the words, the back-off weight."""
        if order > 1:
            number, line = self._next()
            if line.strip() != f"\\{order}-grams:":
                raise self._wrong(number, line, f"\\{order}-grams: after the n-grams announced")
        for at in range(count):
            if at % PIECE == 0:
                self._say(f"reading n-grams of order {order}: {at:,} of {count:,}")
            number, line = self._next()
            fields = line.replace("\t", " ").split(" ")  # a word may hold other white space
            if "" in fields:
                fields = [field for field in fields if field]
            if len(fields) not in (order + 1, order + 2):
                raise self._wrong(
                    number, line, f"log10 of a probability, {order} words, and a back-off weight"
                )
            try:
                weight = float(fields[order + 1]) if len(fields) > order + 1 else 0.0
                log = float(fields[0])
            except ValueError:
                raise self._wrong(number, line, "numbers before and after the words") from None
            if last and weight:
                raise self._wrong(number, line, "no back-off weight at the highest order")
            yield number, log, fields[1 : order + 1], weight

    def _unigrams(self, sizes: list[int]) -> NgramTable:
        logs = {UNK: NO_UNKNOWN, BOS: NEVER, EOS: NO_UNKNOWN}
        backoffs = dict.fromkeys(range(len(SYMBOLS)), 0.0)
        seen = set()
        for number, log, (word,), backoff in self._section(1, sizes[0], len(sizes) == 1):
            place = self._numbers.setdefault(word, len(self._numbers))
            if place in seen:
                raise DataError(self._name, number, f"the word {quoted(word)} stands here again")
            seen.add(place)
            logs[place], backoffs[place] = log, backoff
            self._check(number, log if place != BOS else 0.0, backoff)
        logs[BOS] = NEVER
        for place in (BOS, EOS):
            if place not in seen:
                raise DataError(self._name, None, f"has no {SYMBOLS[place]}; expected both ends of sentences")
        last = len(sizes) == 1
        return _table(np.arange(len(logs)), list(logs.values()), [] if last else list(backoffs.values()))

    def _check(self, number: int, log: float, backoff: float) -> None:
        if not (-math.inf < log <= 0 and -math.inf < backoff <= MOST_BACKOFF):
            found = f"log10 of the probability is {log:g}, of the weight {backoff:g}"
            raise DataError(self._name, number, f"{found}; expected at most 0 and {MOST_BACKOFF}")

    def _longer(self, order: int, sizes: list[int], tables: list[NgramTable]) -> NgramTable:
        size, numbers = len(self._numbers), self._numbers
        ids, logs, backoffs, rows = array("q"), array("d"), array("d"), array("q")
        last = order == len(sizes)
        for number, log, words, backoff in self._section(order, sizes[order - 1], last):
            try:
                ids.extend([numbers[word] for word in words])
            except KeyError as problem:
                raise DataError(self._name, number, f"{quoted(problem.args[0])} is no unigram") from None
            self._check(number, log, backoff)
            logs.append(log)
            backoffs.append(backoff)
            rows.append(number)
        columns = np.frombuffer(ids, np.int64).reshape(-1, order) if ids else np.empty((0, order), np.int64)
        places = columns[:, 0]
        for at in range(1, order - 1):
            places = self._found(
                tables[at].keys, places * size + columns[:, at], rows, "begins with an n-gram"
            )
        keys = places * size + columns[:, -1]
        arranged = np.argsort(keys, kind="stable")
        keys = keys[arranged]
        again = np.flatnonzero(keys[1:] == keys[:-1])
        if len(again):
            raise DataError(self._name, rows[int(arranged[again[0] + 1])], "the n-gram stands here again")
        return _table(keys, np.array(logs)[arranged], [] if last else np.array(backoffs)[arranged])

    def _found(self, keys: Ints, wanted: Ints, rows: "array[int]", what: str) -> Ints:
        places = found(keys, wanted)
        missing = np.flatnonzero(places < 0)
        if len(missing):
            problem = f"{what} that is not among those of its order; expected a file with all of them"
            raise DataError(self._name, rows[int(missing[0])], problem)
        return places


def _table(
    keys: Ints, logs: "NDArray[np.float64] | list[float]", backoffs: "NDArray[np.float64] | list[float]"
) -> NgramTable:
    return NgramTable(keys, np.asarray(logs, np.float32), np.asarray(backoffs, np.float32))
