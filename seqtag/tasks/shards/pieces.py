"""Pieces of files that are answered by themselves: where a file may be divided, and how a piece is read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from itertools import pairwise
from typing import Any, cast

from seqtag.corpora.base import Source
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.records import are_lines
from seqtag.support.errors import DataError, UsageError
from seqtag.support.extras import missing
from seqtag.support.lines import Marked, decoded
from seqtag.support.quoting import one_line, quoted
from seqtag.support.unpacking import is_packed
from seqtag.tasks.shards.files import BLOCK, ByteSpan, InputFile, is_url, line_start, opening
from seqtag.tasks.use import Predictor

WHOLE, LINES, ROWS = "whole", "lines", "rows"
_PARQUET = b"PAR1"
_LONGEST_BEGIN = 16  # bytes that tell a compressed file, or a table
BATCH = 1024  # rows that are read at once
MOST_NAMES = 10  # columns that a message names
_LATER = 2  # the number of a piece's first line that is not a file's


@dataclass(frozen=True)
class FilePiece:
    """A part of a file.

    Attributes:
        path: The file.
        kind: "whole": all of the file; "lines": the lines that begin from one byte on to another; "rows": row groups of
            a Parquet file.
        start: The first byte, or row group.
        end: The byte, or row group, after the last.
        size: Its bytes, about.
        format: Its format in `registry.FORMATS`; empty to go by the name and the first lines of the file.
    """

    path: str
    kind: str
    start: int
    end: int
    size: int
    format: str = ""


def divide(
    file: InputFile, predictor: Predictor, *, mode: str, size: int, column: str, report: Report
) -> list[FilePiece]:
    """The pieces of a file, in order. Text with a sentence per line and JSON lines are divided between lines, Parquet
    between row groups; any other file is one piece, and so is each file for a model that looks at neighbouring
    sentences.

    Args:
        file: The file.
        predictor: What will answer it.
        mode: How raw text is divided into sentences, see `Splitting.mode`.
        size: Bytes of a piece, at most where the file can be divided.
        column: The column of Parquet files that holds texts.
        report: Receives what is odd about the file.

    Raises:
        DataError: The file cannot be opened; anything else that is wrong with it is an error of its shard.
        UsageError: The model reads no such files.
    """
    with opening(file.path) as opened:
        begin = opened.read(_LONGEST_BEGIN)
    is_table = begin.startswith(_PARQUET)
    if not predictor.reads_sources and (is_table or is_url(file.path)):
        raise UsageError(
            f"{file.path}: this model reads local files of text only; copy or convert the file first."
        )
    if is_table:
        return _row_groups(file, predictor, column, size)
    whole = FilePiece(file.path, WHOLE, 0, file.size, file.size)
    if is_packed(begin) or predictor.context or not predictor.reads_sources:
        return [whole]
    source = _source(whole, report)
    try:
        format = predictor.format_of(source)
        by_line = (format == "text" and mode != "paragraph") or (format == "jsonl" and are_lines(source))
    except DataError:  # which is that of its shard
        by_line = False
    if not by_line:
        return [whole]
    count = max(1, -(-file.size // size))
    cuts = [file.size * number // count for number in range(count + 1)]
    return [FilePiece(file.path, LINES, start, end, end - start, format) for start, end in pairwise(cuts)]


def _row_groups(file: InputFile, predictor: Predictor, column: str, size: int) -> list[FilePiece]:
    """The pieces of a Parquet file."""
    try:
        sizes = _sizes(file.path, column)
    except DataError:  # which is that of its shard
        return [FilePiece(file.path, ROWS, 0, 0, file.size, "jsonl")]
    if predictor.context:
        return [FilePiece(file.path, ROWS, 0, len(sizes), sum(sizes), "jsonl")]
    pieces: list[FilePiece] = []
    for number, more in enumerate(sizes):
        if pieces and pieces[-1].size + more <= size:
            last = pieces.pop()
            pieces.append(FilePiece(file.path, ROWS, last.start, number + 1, last.size + more, "jsonl"))
        else:
            pieces.append(FilePiece(file.path, ROWS, number, number + 1, more, "jsonl"))
    return pieces


def _sizes(path: str, column: str) -> list[int]:
    """The bytes of a column in each row group."""
    with _table(path, column) as table:
        groups = [table.metadata.row_group(number) for number in range(table.num_row_groups)]
        columns = ([group.column(at) for at in range(group.num_columns)] for group in groups)
        return [
            sum(one.total_uncompressed_size for one in group if one.path_in_schema == column)
            for group in columns
        ]


def read(piece: FilePiece, predictor: Predictor, *, column: str, report: Report) -> Iterator[Any]:
    """What there is to answer in a piece, as `Predictor.read` gives it.

    Args:
        piece: The piece.
        predictor: What will answer it.
        column: The column of Parquet files that holds texts.
        report: Receives what is odd about the file; nothing of a piece from its middle, where it may not be true.

    Raises:
        DataError: The file cannot be read.
    """
    if piece.kind == WHOLE and not is_url(piece.path):
        return predictor.read(piece.path)
    return predictor.read(_source(piece, ignore if piece.start else report, column), piece.format or None)


def _source(piece: FilePiece, report: Report, column: str = "") -> Source:
    """A piece as a source; a row of a table is a line of JSON."""
    reader = partial(_rows, piece, column) if piece.kind == ROWS else partial(_lines, piece)
    return Source(piece.path, reader, report, goes_on=piece.start > 0 or piece.kind == ROWS)


def _lines(piece: FilePiece, marked: Marked) -> Iterator[tuple[int, str]]:
    with opening(piece.path) as file:
        start, end = (line_start(file, at, piece.path) for at in (piece.start, piece.end))
        stream = cast(BufferedReader, BufferedReader(ByteSpan(file, start, end)))
        yield from decoded(stream, piece.path, marked, _LATER if start else 1)


def _rows(piece: FilePiece, column: str, marked: Marked) -> Iterator[tuple[int, str]]:
    with _table(piece.path, column) as table:
        number = 1 + sum(table.metadata.row_group(group).num_rows for group in range(piece.start))
        wanted = list(range(piece.start, piece.end))
        for batch in table.iter_batches(BATCH, row_groups=wanted, columns=[column]):
            for text in batch.column(0).to_pylist():
                if not isinstance(text, str):
                    shown = "null" if text is None else quoted(text)
                    problem = f"the row has {shown} in the column {quoted(column)}; expected a text"
                    raise DataError(piece.path, number, problem)
                yield number, json.dumps({"text": text})
                number += 1


@contextmanager
def _table(path: str, column: str) -> Iterator[Any]:
    """A Parquet file that has the column."""
    try:
        from pyarrow import parquet
    except ImportError as problem:
        raise missing(problem, "reading Parquet") or problem from problem
    with opening(path) as file:
        try:
            table = parquet.ParquetFile(file)
        except (ValueError, OSError) as problem:
            raise DataError(path, None, f"cannot be read: {one_line(problem)}") from problem
        names = table.schema_arrow.names
        if column not in names:
            known = ", ".join(map(quoted, names[:MOST_NAMES]))
            raise DataError(
                path,
                None,
                f"has no column {quoted(column)} but {known}; --text-column names that of the texts",
            )
        yield table


def placed(problem: DataError, piece: FilePiece) -> DataError:
    """An error in a piece, with the line counted from the start of the file."""
    if piece.kind != LINES or not piece.start or problem.line is None:
        return problem
    before = 0
    with opening(piece.path) as file:
        left = line_start(file, piece.start, piece.path)
        file.seek(0)
        while block := file.read(min(BLOCK, left)):
            before += block.count(b"\n")
            left -= len(block)
    return DataError(problem.path, before + 1 + problem.line - _LATER, problem.problem, problem.code)
