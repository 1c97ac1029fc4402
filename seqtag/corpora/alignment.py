"""Spans of characters as spans of tokens: what cuts a token, overlaps or is in pieces is never lost silently."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqtag.corpora import tags
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import offsets
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted

BIO = parse_scheme("bio")  # the tags of what is read from spans of characters


class Place(NamedTuple):
    """Where a span stands in a file of spans.

    Attributes:
        source: The file.
        line: Its line there.
        start: Its first character, as the file counts.
        end: The character after its last.
    """

    source: Source
    line: int
    start: int
    end: int


class Misfit(NamedTuple):
    """What is wrong with a span.

    Attributes:
        code: The code of the finding.
        message: What was found.
        place: Where, if that is a file other than the text's.
    """

    code: str
    message: str
    place: Place | None = None


IN_PIECES = Misfit("discontinuous-span", "is in pieces")
CROSSING = Misfit("crossing-span", "reaches beyond its sentence")
CROSSING_LINES = Misfit("crossing-span", "crosses a line end, which ends its sentence")


class CharSpan(NamedTuple):
    """A labelled stretch of a text; ``end`` is the character after the last one.

    Attributes:
        start: Its first character.
        end: The character after its last.
        label: Its label.
        flaw: What it is if it is not all that lies between: `IN_PIECES`, whose outer ends these are, or one of
            several sentences, of which this is the part in one of them.
        place: Where it stands, if that is a file other than the text's.
    """

    start: int
    end: int
    label: str
    flaw: Misfit | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Marked:
    """A text with spans, as a file has it.

    Attributes:
        text: The text.
        spans: Its spans, in any order.
        words: Its tokens, where the file has them.
        tags: Their tags, where the file has them in place of spans.
        extra: What else the file says of it.
        key: What the file calls the spans, for messages.
    """

    text: str
    spans: Sequence[CharSpan] = ()
    words: Sequence[str] | None = None
    tags: Sequence[str] | None = None
    extra: Mapping[str, Any] | None = None
    key: str = ""


def as_sentence(source: Source, line: int, marked: Marked, options: ReadOptions) -> Sentence:
    """The tokens of a text with their tags: BIO if it has spans.

    Raises:
        DataError: A span does not lie in the text; or, if `options.misaligned` is "error", cuts a token or overlaps
            another span.
    """
    if marked.words is None and not options.with_tags:
        return options.raw(marked.text, (line,), marked.extra)
    words = options.tokenizer.words(marked.text) if marked.words is None else marked.words
    found = marked.tags
    if options.with_tags and found is None:
        try:
            spans, problems = align(marked.text, words, marked.spans, options.misaligned)
        except ValueError as problem:
            where = f'in "{marked.key}" ' if marked.key else ""
            raise DataError(source.name, line, f"{where}{problem}", "bad-span") from problem
        for code, message, place in problems:
            file, at = (source, line) if place is None else place[:2]
            if options.misaligned == "error":
                choices = "--misaligned widen or drop says what to do with it"
                raise DataError(file.name, at, f"{message}; {choices}", code)
            file.report(code, at, f"{message}; {_DONE[options.misaligned][code]}")
        found = tags.from_spans(spans, len(words), BIO)
    return Sentence(
        tuple(words),
        tuple(found) if options.with_tags and found is not None else None,
        lines=(line,) * len(words) or (line,),
        text=marked.text,
        extra=marked.extra,
    )


_LEFT_OUT = "it is left out"
_DONE = {
    "widen": {
        "cut-span": "it is widened to whole tokens",
        "discontinuous-span": "the span from its start to its end is taken",
        "crossing-span": "its part in the sentence is taken",
        "overlapping-spans": _LEFT_OUT,
        "empty-span": _LEFT_OUT,
    },
    "drop": dict.fromkeys(
        ("cut-span", "discontinuous-span", "crossing-span", "overlapping-spans", "empty-span"), _LEFT_OUT
    ),
}


def align(
    text: str, words: Sequence[str], spans: Iterable[CharSpan], misaligned: str
) -> tuple[list[Span], list[Misfit]]:
    """The spans by their tokens, in order, and what is wrong with the others. White space at the ends of a span does
    not count. Of spans that overlap the longest stays, of equally long ones the first.

    Args:
        text: The text.
        words: Its tokens, which stand in it in order, with nothing but white space between.
        spans: The spans of characters; one that comes twice with the same label counts once.
        misaligned: "widen" to take a span that cuts a token, or is in pieces, as one of whole tokens; else it is left
            out.

    Raises:
        ValueError: A span does not lie in the text.
    """
    places = offsets(text, words)
    starts, ends = [start for start, _ in places], [end for _, end in places]
    candidates: list[tuple[Span, CharSpan]] = []
    problems: list[Misfit] = []
    for span in dict.fromkeys(spans):
        if span.start > span.end:
            raise ValueError(f"{_named(span)} ends before it starts")
        if not 0 <= span.start <= span.end <= len(text):
            raise ValueError(f"{_named(span)} does not lie in the text of {len(text):,} characters")
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if first >= last or span.start == span.end:
            what = "is empty" if span.start == span.end else "holds no token"
            problems.append(Misfit("empty-span", f"{_named(span)} {what}", span.place))
            continue
        token = next((at for at in (first, last - 1) if starts[at] < span.start or ends[at] > span.end), None)
        flaw = span.flaw
        if flaw is None and token is not None:
            flaw = Misfit("cut-span", f"cuts the token {quoted(words[token])}")
        if flaw is not None:
            problems.append(Misfit(flaw.code, f"{_named(span)} {flaw.message}", span.place))
        if misaligned == "widen" or flaw is None:
            candidates.append((Span(first, last, span.label), span))
    kept, overlaps = _without_overlaps(candidates, len(words))
    return kept, [*problems, *overlaps]


def _without_overlaps(
    candidates: Sequence[tuple[Span, CharSpan]], length: int
) -> tuple[list[Span], list[Misfit]]:
    taken: list[CharSpan | None] = [None] * length
    kept, problems = [], []
    for span, given in sorted(candidates, key=lambda pair: pair[0].start - pair[0].end):
        other = next((one for one in taken[span.start : span.end] if one is not None), None)
        if other is None:
            kept.append(span)
            taken[span.start : span.end] = [given] * (span.end - span.start)
        elif other.label != given.label or span not in kept:
            message = f"{_named(given)} overlaps {_named(other)}"
            problems.append(Misfit("overlapping-spans", message, given.place))
    return sorted(kept), problems


def _named(span: CharSpan) -> str:
    start, end = span[:2] if span.place is None else span.place[2:]
    return f"the span {start}-{end} {quoted(span.label)}"


def check_places(text: str, words: Sequence[str], given: Sequence[tuple[Any, Any] | None] = ()) -> None:
    """ValueError if tokens and text disagree.

    Args:
        text: The text.
        words: The tokens that are to stand in it in order, with nothing but white space between.
        given: Where each is said to stand, if that is said.
    """
    try:
        places = offsets(text, words)
    except ValueError:
        raise ValueError(_missing(text, words)) from None
    at = 0
    for place, (start, end) in enumerate(places, 1):
        if text[at:start].strip():
            raise ValueError(
                f"the text has {quoted(text[at:start].strip())} before token {place}, in no token"
            )
        own = (given[place - 1] if given else None) or (start, end)
        if own != (start, end):
            raise ValueError(
                f"token {place}, {quoted(words[place - 1])}, is said to stand at {quoted([*own])} of the "
                f"text; expected [{start}, {end}]"
            )
        at = end
    if text[at:].strip():
        raise ValueError(f"the text has {quoted(text[at:].strip())} after the last token, in no token")


def _missing(text: str, words: Sequence[str]) -> str:
    """What a message says of the first word that does not occur in the text after those before it."""
    at = 0
    for place, word in enumerate(words, 1):
        start = text.find(word, at)
        if start < 0:
            return f"token {place}, {quoted(word)}, does not occur in the text after the tokens before it"
        at = start + len(word)
    return "the tokens do not occur in the text in this order"
