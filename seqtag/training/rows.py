"""The runs of a comparison as rows of `runs.jsonl`, an object a line, each written as soon as its run is done.

A run whose row is there is not repeated: same settings, same content of all files, same version of seqtag and of the
plugins that it uses. A line that was cut short, as by a power failure, is run again.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqtag.evaluation.measure import Measure
from seqtag.model_folder.layout import MANIFEST
from seqtag.support.errors import DataError, Error
from seqtag.support.json_decoder import DecodeError, decode
from seqtag.support.json_reader import parse_json
from seqtag.support.quoting import json_text

ROWS = "runs.jsonl"
NO_ROW = "is not a row of seqtag compare or tune"
SCORED = ("metric", "dev", "parameters", "best_epoch", "epochs", "seconds")  # what a run without an error has
BEGINNING = b'{"key": "KEY", "choice": {'  # of each line of `runs.jsonl`
Choice = dict[str, bool | int | float | str | None]  # what a combination has for each key of the grid


@dataclass(frozen=True)
class Row:
    """One run, or why there is none.

    Attributes:
        key: Equal for equal runs: the sha256 of settings, files and versions.
        choice: What the grid chose.
        seed: The seed.
        seqtag: The version.
        files: The sha256 of each file by its role.
        settings: All settings as the run used them; empty where they make no sense together.
        metric: The title of the measure, such as F1.
        dev: The score of the best epoch on dev.
        test: That epoch's score on test, where there is a test file.
        signature: How the score on dev was made.
        test_signature: How the score on test was made.
        parameters: Trainable numbers of the network.
        best_epoch: The epoch whose weights were kept.
        epochs: Epochs trained.
        clipped: Share of the steps in which clipping acted.
        rate: What is left of a gradient's norm for each step back through the words, on some sentences of dev: that of
            the layer and direction through which most is left; None where no layer has a state, or dev holds no
            sentence that is long enough.
        memory: The steps back after which 1 % is left there; None where it never comes to that, or there is no rate.
        layers: The same for each layer and direction: `layer`, `direction`, `rate`, `memory`, `verdict`.
        seconds: The whole run.
        error: What went wrong, or None.
        known: Whether the error is one that the same run would meet again.
    """

    key: str
    choice: Choice
    seed: int
    seqtag: str
    files: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    metric: str | None = None
    dev: float | None = None
    test: float | None = None
    signature: str | None = None
    test_signature: str | None = None
    parameters: int | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    clipped: float | None = None
    rate: float | None = None
    memory: int | None = None
    layers: list[dict[str, Any]] = field(default_factory=list)
    seconds: float | None = None
    error: str | None = None
    known: bool = True


class Rows:
    """The rows of a folder: read once, appended one by one.

    Args:
        output: The folder.
        measure: The measure of a title; None where no run has such a score.
    """

    def __init__(self, output: Path, measure: Callable[[str], Measure | None]) -> None:
        self.path = output / ROWS
        self._measure = measure
        content = self.path.read_bytes() if self.path.exists() else b""
        *lines, self._rest = content.split(b"\n")
        self._whole = len(content) - len(self._rest)  # bytes of the lines that have an end
        self._rows = {row.key: row for row in self._read(lines)}
        if not _begins_a_row(self._rest):
            raise DataError(self.path, len(lines) + 1, f"{NO_ROW}; choose another -o")
        self.path.open("ab").close()  # what cannot be written is better known now

    def _read(self, lines: Sequence[bytes]) -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            try:
                row = decode(Row, parse_json(line, surrogates=True))
            except ValueError as problem:
                if isinstance(problem, DecodeError) and problem.field:
                    wrong = problem.field.partition(".")[0]
                    raise DataError(
                        self.path, number, f"{NO_ROW}: {wrong} is not what it writes there"
                    ) from problem
                expected = f"{NO_ROW}; expected one JSON object per line"
                raise DataError(self.path, number, expected) from problem
            if name := self._wrong_field(row):
                raise DataError(self.path, number, f"{NO_ROW}: {name} is not what it writes there")
            yield row

    def of(self, key: str) -> Row | None:
        """The row of this run, if it need not be repeated."""
        row = self._rows.get(key)
        return row if row is not None and row.known else None

    def add(self, row: Row) -> None:
        """Appends a row; it is on the disk when this returns.

        Raises:
            Error: It cannot be written; then nothing of it is there.
        """
        line = (json_text(asdict(row)) + "\n").encode()
        if self._rest:
            self._cut()
        with self.path.open("ab", buffering=0) as file:
            former = file.tell()
            try:
                while line:  # a disk that is nearly full takes a part of it, and says so at the next one
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError as problem:
                with suppress(OSError):
                    file.truncate(former)
                raise Error(f"{self.path}: cannot be written: {problem.strerror}.") from problem
        self._rows[row.key] = row

    def _wrong_field(self, row: Row) -> str | None:
        """The name of the first field that holds what no run comes to."""
        if row.error is None:
            for name in SCORED:
                if getattr(row, name) is None:
                    return name
        return None if row.metric is None or self._measure(row.metric) else "metric"

    def _cut(self) -> None:
        """Takes off the line that was being written when a process ended, unless its process is still writing."""
        with self.path.open("r+b") as file:
            file.seek(self._whole)
            if file.read() == self._rest:
                file.truncate(self._whole)
        self._rest = b""


def check_place(output: Path) -> None:
    """Refuses a place for rows where something else lies; makes the folder where there is none.

    Raises:
        Error: It is a file, a model folder, or the rows could not be written there.
    """
    if output.exists() and not output.is_dir():
        raise Error(f"{output}: already exists and is not a folder. Choose another -o.")
    if (output / MANIFEST).exists():
        raise Error(f"{output}: is a model folder, which takes no other files. Choose another -o.")
    if (output / ROWS).exists() and not (output / ROWS).is_file():
        raise Error(f"{output / ROWS}: already exists and is not a regular file. Choose another -o.")
    output.mkdir(parents=True, exist_ok=True)


def _begins_a_row(rest: bytes) -> bool:
    """Whether a line of ours can begin so; nothing at all is such a beginning."""
    shortest = BEGINNING.replace(b"KEY", b"0" * 64)
    pattern = re.escape(BEGINNING).replace(b"KEY", b"[0-9a-f]{64}")
    return re.match(pattern, rest + shortest[len(rest) :]) is not None
