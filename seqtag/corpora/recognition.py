"""What a file to tag is if nobody has said it: by its name, else by its first lines, which must leave no doubt.

Of a pipe or a terminal only the first line is looked at, so that it is answered before the next one is there.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from seqtag.corpora import signs
from seqtag.corpora.base import USUAL, ReadOptions, Source, by_ending, recognises
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import Corpus, sentences
from seqtag.corpora.running_text import LINES, Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import SPAN_TAG
from seqtag.corpora.token_doubts import token_doubts
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.json_reader import JsonError, parse_json

TEXT, JSON = "text", "jsonl"
LOOKED_AT = 100  # sentences whose tokens may turn out to be numbers
_BLANK = " \t\r"
_COMMENT = re.compile(r"#\s*(?:sent_id|text|newdoc id|newpar id|global\.columns)\s*=")
_LABELLED = re.compile(r"[BIESLUMW][-_][A-Za-z]{2,}.*")
_PLAIN = re.compile(r"[A-Z][A-Z$]+")  # a part of speech, as most tag sets spell it
FEW = 3  # lines that may end alike by chance
ALIKE = 3  # a plain tag ends more lines than these
_READ_AS_TEXT = "but is read as text, one sentence per line"


def sentences_to_tag(
    path: str | Source,
    reading: ReadOptions,
    format: str | None,
    tokenizer: Tokenizer,
    report: Report = ignore,
    *,
    splitting: Splitting = LINES,
    only_raw: str = "",
) -> Iterator[Sentence]:
    """The sentences of a file to tag, one at a time.

    Args:
        path: The file; "-" is standard input. Or a source, which may have been looked at.
        reading: How the model's training corpus was read.
        format: A format in `registry.FORMATS`, where "conll" stands for that of the training corpus; None to find out.
        tokenizer: What cuts raw text into tokens.
        report: Receives what is odd about the file, while it is read; a source has its own beside.
        splitting: What divides raw text into sentences.
        only_raw: The option that makes a tokenised file an error; "" if there is none.

    Raises:
        UsageError: The file is tokenised, and must not be.
        DataError: The file cannot be read.
    """
    source = path if isinstance(path, Source) else Source(path, report=report)
    found = format_to_tag(source) if format is None else format
    row = registry.find(registry.FORMATS, found)
    if only_raw and row.tagged and not row.by_itself:
        raise UsageError(f"{only_raw} is for raw text; {source.name} is already tokenised ({found}).")
    options = reading.to_tag(found, tokenizer, splitting)
    source.skip(options.skip_rows or 0)
    read = sentences(source, options)
    return read if row.by_itself or source.is_stream else _looked_at(read, source, report)


def _looked_at(read: Iterator[Sentence], source: Source, report: Report) -> Iterator[Sentence]:
    """The sentences; it is reported when the tokens of the first are no words."""
    first: list[Sentence] = []
    for sentence in islice(read, LOOKED_AT):
        first.append(sentence)
        yield sentence
    if found := tuple(sentence for sentence in first if sentence.tokens):
        for finding in token_doubts(Corpus(source.name, found, first_rows=source.first_rows)):
            report(replace(finding, option=""))  # which columns are read is said by the model
    yield from read


def format_to_tag(source: Source) -> str:
    """The format of a file to tag; "conll" stands for that of the training corpus.

    A doubtful file is text, and is reported.

    Raises:
        DataError: The file cannot be read.
    """
    named = by_ending(source.path)
    if named is not None:
        return _own_or_usual(named)
    if os.path.isdir(source.path):
        several = (name for name, row in registry.FORMATS.items() if row.files)
        return next((name for name in several if recognises(name, source)), TEXT)
    lines = list(islice(source.head(), 1 if source.is_stream else signs.LOOKED_AT))
    begin = next(((number, line) for number, line in lines if line.strip(_BLANK)), None)
    if begin is None:
        return TEXT
    sign = signs.sign(source.name, lines)
    is_sure = sign is not None and sign[1].sure
    if not is_sure and (found := _certain(source, lines, begin[1])) is not None:
        return found
    if (doubt := _doubt(source, lines, begin[1], sign and sign[1])) is not None:
        what, option = doubt
        source.report("other-format", begin[0], f"looks like {what}, {_READ_AS_TEXT}", option)
    return TEXT


def _own_or_usual(name: str) -> str:
    """A format; of one in columns, which are read as those of the training corpus were, the one that stands for it."""
    return USUAL if name == USUAL or registry.FORMATS[name].columns else name


def _certain(source: Source, lines: Sequence[tuple[int, str]], first: str) -> str | None:
    """The format that the lines show beyond doubt; None if there is none."""
    value = _json(first)
    if isinstance(value, dict) and (
        isinstance(value.get("text"), str) or isinstance(value.get("tokens"), list)
    ):
        return JSON
    for name in registry.formats("recogniser"):
        if recognises(name, Source(source.path, lines)):
            return _own_or_usual(name)
    if (
        first.startswith("-DOCSTART-")
        or _COMMENT.match(first)
        or _are_columns(_layout(lines), source.is_stream)
    ):
        return USUAL
    return None


def _doubt(
    source: Source, lines: Sequence[tuple[int, str]], first: str, sign: signs.Sign | None
) -> tuple[str, str] | None:
    """What the lines look like beside text, and the option that reads it."""
    if sign and sign.sure:
        return sign.what, sign.option
    if signs.is_json(first) or str(source.path).lower().endswith(".json"):
        return "JSON", "--input-format jsonl"
    if _may_be_columns(_layout(lines), source.is_stream) or _end_in_tags(lines):
        return "columns", "--input-format conll"
    return (sign.what, sign.option) if sign and not source.is_stream and sign.format != TEXT else None


def _json(line: str) -> object:
    """The object or the list that a line is; None for any other."""
    if line.strip(_BLANK)[:1] not in ("{", "["):
        return None
    try:
        return parse_json(line)
    except JsonError:
        return None


class _Rows(NamedTuple):
    """How lines would look if they were rows of columns.

    Attributes:
        rows: The rows that have as many columns as most have.
        others: How many have not.
        separator: What stands between the columns: a tab, a space, or nothing where there is one.
        breaks: How many blank lines follow a row.
        longest: How many rows stand together at most.
    """

    rows: list[list[str]]
    others: int
    separator: str
    breaks: int
    longest: int

    @property
    def last(self) -> list[str]:
        return [row[-1] for row in self.rows]


def _layout(lines: Sequence[tuple[int, str]]) -> _Rows:
    """The layout; it has no rows if most lines are no columns."""
    content = [line for _, line in lines if line.strip(_BLANK) and not line.startswith("#")]
    tabs = sum("\t" in line for line in content) > len(content) / 2
    split = [line.split("\t") if tabs else signs.cells(line) for line in content]
    width = Counter(map(len, split)).most_common(1)[0][0] if split else 0
    rows = [row for row in split if len(row) == width and row[0]]
    breaks = together = longest = 0
    for _, line in lines:
        breaks += together > 0 and not line.strip(_BLANK)
        together = together + 1 if line.strip(_BLANK) else 0
        longest = max(longest, together)
    separator = "" if width == 1 else "\t" if tabs else " "
    return _Rows(rows, len(split) - len(rows), separator, breaks, longest)


def _is_span_tag(text: str) -> bool:
    return text == "O" or SPAN_TAG.fullmatch(text) is not None


def _are_columns(layout: _Rows, is_stream: bool) -> bool:
    """Whether rows of one width end in span tags, or tabs stand between words and blank lines between sentences."""
    if layout.others or not layout.rows or not layout.separator:
        return False
    enough = len(layout.rows) > 1 or (is_stream and layout.separator == "\t")
    if enough and all(map(_is_span_tag, layout.last)):
        return True
    words = all(cell and " " not in cell for row in layout.rows for cell in row)
    return not is_stream and layout.separator == "\t" and words and layout.breaks > 0 and layout.longest > 1


def _may_be_columns(layout: _Rows, is_stream: bool) -> bool:
    """Whether lines that are read as text might be rows."""
    rows, last = layout.rows, layout.last
    if layout.others > len(rows) / 10 or not rows:
        return False
    if is_stream and layout.separator == "\t":
        return all(cell and " " not in cell for cell in rows[0])
    if is_stream:
        return bool(layout.separator) and (last[0] == "O" or _LABELLED.fullmatch(last[0]) is not None)
    if layout.separator == "\t":
        return len(rows) > 2 or layout.breaks > 0
    if layout.separator == " ":
        return layout.breaks > 0 and len(rows) > 3 and len(set(last)) <= len(rows) / 2
    return layout.breaks > 0 and layout.longest > 1 and len(rows) > 2


def _end_in_tags(lines: Sequence[tuple[int, str]]) -> bool:
    """Whether most lines end in a tag, as do the rows of a file that is damaged or has no blank lines."""
    content = [line.split() for _, line in lines if line.strip(_BLANK)]
    last = [row[-1] for row in content if len(row) > 1]
    spans = sum(map(_is_span_tag, last))
    plain = [tag for word, tag in (row for row in content if len(row) == 2) if _are_word_and_tag(word, tag)]
    alike = len(plain) > ALIKE * len(set(plain))
    return len(content) > FEW and (2 * spans > len(content) or (alike and 2 * len(plain) > len(content)))


def _are_word_and_tag(word: str, tag: str) -> bool:
    """Whether this is a part of speech beside its word, and not a line in capitals."""
    return _PLAIN.fullmatch(tag) is not None and not word.isupper()
