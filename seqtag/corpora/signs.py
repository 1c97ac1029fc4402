"""Signs that a file is no corpus of columns but something else that people have, each told by its first lines."""

import csv
import re
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from pathlib import PurePath
from typing import NamedTuple

from seqtag.corpora import perline
from seqtag.corpora.base import Source
from seqtag.corpora.tags import SPAN_TAG
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, parse_json

LOOKED_AT = 200  # lines
LONGEST = 2000  # characters of a line
MOST = 0.6  # the share of lines that makes it sure
_BLANK = " \t\r"
_MARKUP = re.compile(r"<(?:!DOCTYPE\b|html\b|\?xml\b)", re.IGNORECASE)
_JSON = re.compile(r"\s*(?:\[\s*)?\{\s*(?:\"[^\"]*\"\s*:|$)|\s*\[\s*$")
_BRAT_ENTITY = re.compile(r"T\d+\t\S+ \d+ \d+(?:;\d+ \d+)*\t.+")
_BRAT = re.compile(rf"{_BRAT_ENTITY.pattern}|[#*A-Z]\d*\t.+")
_TITLE = re.compile(r"(\w+)\|t\|")
_HEADER = frozenset(
    ("word", "words", "token", "tokens", "tag", "tags", "text", "label", "labels", "ner", "pos")
)
_SENTENCE_END = re.compile(  # in Latin letters and others, or in Chinese and Japanese
    r".*\w[.!?\u2026][\"'\u201d\u2019\u00bb)]*|.*[\u3002\uff01\uff1f][\u201d\u2019\u300d\u300f\uff09)]*"
)


class Sign(NamedTuple):
    """What a file may be.

    Attributes:
        code: The code of the error or the finding.
        what: What it is, after "is".
        instead: What was expected, or what to do.
        shown: Whether the first lines, and the path, show it; lines are neither blank nor comments.
        format: The format that reads it without tags, if there is one.
        sure: Whether no file in columns looks so.
    """

    code: str
    what: str
    instead: str
    shown: Callable[[Sequence[str], str], bool]
    format: str = ""
    sure: bool = False

    @property
    def option(self) -> str:
        """The option of `predict` that reads it."""
        return f"--input-format {self.format}" if self.format else ""


def cells(row: str) -> list[str]:
    """The columns of a row with spaces between."""
    return [cell for cell in row.strip(_BLANK).split(" ") if cell]


def _is_markup(rows: Sequence[str], path: str) -> bool:
    return _MARKUP.match(rows[0].lstrip()) is not None


def is_json(text: str) -> bool:
    """Whether a text begins as JSON does that holds an object."""
    return _JSON.match(text) is not None or _is_json_list(text)


def _is_json_list(text: str) -> bool:
    """Whether a text is a whole list; a token may be a bracket, but no row of columns is one."""
    if not text.lstrip().startswith("["):
        return False
    try:
        return isinstance(parse_json(text), list)
    except JsonError:
        return False


def _is_brat(rows: Sequence[str], path: str) -> bool:
    return any(map(_BRAT_ENTITY.fullmatch, rows)) and all(map(_BRAT.fullmatch, rows))


def _is_webanno(rows: Sequence[str], path: str) -> bool:
    return rows[0].startswith("#FORMAT=WebAnno TSV")


def _is_pubtator(rows: Sequence[str], path: str) -> bool:
    """Whether a title and an abstract follow each other, each after the number of the article."""
    return any(
        one.startswith(f"{title[1]}|a|") for row, one in pairwise(rows) if (title := _TITLE.match(row))
    )


def _is_table(rows: Sequence[str], path: str) -> bool:
    """Whether values are separated by commas or semicolons, under a header or with a tag last."""
    for separator in ",;":
        if separator not in rows[0] or any("\t" in row for row in rows):
            continue
        first, *others = csv.reader(rows, delimiter=separator)
        cells = {cell.strip().lower() for cell in first}
        is_header = not cells.isdisjoint(_HEADER) and all(len(cell) <= 20 for cell in cells)
        tags = sum(_is_tag(cells[-1]) for cells in others if cells)
        if len(first) > 1 and (is_header or (len(others) > 1 and tags == len(others))):
            return all(len(cells) == len(first) for cells in others)
    return False


def _is_tag(text: str) -> bool:
    return text == "O" or SPAN_TAG.fullmatch(text) is not None


def _is_parallel(rows: Sequence[str], path: str) -> bool:
    """Whether a line holds the words of a sentence and another file its tags, or the other way round."""
    lines = [cells(row) for row in rows]
    return any(len(line) > 2 for line in lines) and (
        PurePath(path).name.lower().endswith("seq.in")
        or all(_is_tag(piece) for line in lines for piece in line)
    )


def _is_running(rows: Sequence[str], path: str) -> bool:
    if any("\t" in row for row in rows):
        return False
    lines = [cells(row) for row in rows]
    widths = {len(line) for line in lines}
    ends = sum(len(line[-1]) > 2 and _SENTENCE_END.fullmatch(line[-1]) is not None for line in lines)
    if ends > MOST * len(lines) and (max(widths) > 3 or (widths == {1} and max(map(len, rows)) > 12)):
        return True
    if max(widths) < 4:
        return False
    words = ends + sum(line[-1].isalpha() and line[-1] != line[-1].upper() for line in lines)
    changes = sum(len(one) != len(other) for one, other in pairwise(lines))
    # Rows have other columns than the row before only between sentences.
    varied = changes >= MOST * (len(lines) - 1)
    return varied and (words > MOST * len(lines) or len(lines) >= 10)


def _is_per_line(style: perline.Style) -> Callable[[Sequence[str], str], bool]:
    def shown(rows: Sequence[str], path: str) -> bool:
        lines = [cells(row) for row in rows]
        columns = [style.split(piece) for line in lines for piece in line]
        enough = len(columns) >= style.least and len(columns) > len(lines)
        return enough and all(len(one) > 1 and all(one) for one in columns)

    return shown


_EXPECTED = "expected a token and its tag per line, in columns"
SIGNS = (
    Sign("other-format", "HTML or XML", _EXPECTED, _is_markup, sure=True),
    Sign("other-format", "JSON", _EXPECTED, lambda rows, path: is_json(rows[0]), "jsonl"),
    Sign("other-format", "standoff annotation of BRAT", _EXPECTED, _is_brat),
    Sign(
        "other-format",
        "WebAnno TSV",
        "export it as CoNLL 2002 from INCEpTION or WebAnno",
        _is_webanno,
        sure=True,
    ),
    Sign("other-format", "PubTator", "the Python package bconv converts it to BRAT", _is_pubtator, sure=True),
    Sign(
        "other-format", "a table of comma-separated values (CSV)", f"{_EXPECTED} with tabs between", _is_table
    ),
    Sign(
        "other-format",
        "one of two parallel files, with words in one and their tags in the other",
        f"{_EXPECTED}; join the two files",
        _is_parallel,
    ),
    *(
        Sign(
            "other-format",
            f"sentences per line as {style.shape}",
            f"give --format {name}",
            _is_per_line(style),
            name,
        )
        for name, style in (
            ("pipes", perline.PIPES),
            ("hashes", perline.HASHES),
            ("slashes", perline.SLASHES),
            ("underscores", perline.UNDERSCORES),
        )
    ),
    Sign("running-text", "running text, several words per line", _EXPECTED, _is_running, "text"),
)


def sign(path: str, lines: Sequence[tuple[int, str]]) -> tuple[int, Sign] | None:
    """What a file is that begins with these numbered lines, and the first line that is a row; None if no sign fits."""
    rows = [
        (number, line[:LONGEST].replace("\r", " "))
        for number, line in lines
        if line.strip(_BLANK) and not line.startswith(("# ", "-DOCSTART-"))
    ]
    content = [line for _, line in rows]
    found = next((one for one in SIGNS if one.shown(content, path)), None) if rows else None
    return (rows[0][0], found) if found else None


def check(source: Source, *, refuse: bool) -> None:
    """Tells of a file to be read as columns that is something else.

    Args:
        source: The file.
        refuse: Whether that is an error; else a finding, and nothing is said of a stream, which cannot wait.

    Raises:
        DataError: Its first lines show that, or it cannot be read.
    """
    if source.is_stream and not refuse:
        return
    found = sign(source.name, list(islice(source.head(), LOOKED_AT)))
    if not found:
        return
    line, one = found
    if refuse:
        problem = f"the file looks like {one.what}; {one.instead}; if it is in columns, give --format conll"
        raise DataError(source.name, line, problem, code=one.code)
    source.report(one.code, line, f"looks like {one.what}, but is read as columns", one.option)
