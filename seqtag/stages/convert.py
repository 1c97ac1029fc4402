"""The converting stage: a corpus of one format in, the same corpus in another format out, as a stream."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

from seqtag.corpora import tags
from seqtag.corpora.base import ReadOptions, Source, Unwritable, finish
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding, Report, ignore
from seqtag.corpora.look_alikes import brackets
from seqtag.corpora.reading import recognise, respelt, sentences
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme
from seqtag.settings import registry
from seqtag.settings.registry import Format
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import shown
from seqtag.support.quoting import counted, quoted


@dataclass(frozen=True)
class Conversion:
    """What was converted.

    Attributes:
        source: The format of the input.
        sentences: How many there were.
        tokens: How many they have together.
    """

    source: str
    sentences: int
    tokens: int


def convert(
    path: str,
    streams: tuple[IO[Any], ...],
    to: str,
    *,
    options: ReadOptions,
    with_tags: bool = True,
    scheme: str = "auto",
    to_scheme: str | None = None,
    to_column: str | None = None,
    report: Report = ignore,
) -> Conversion:
    """Writes the sentences of a file in another format, one after the other.

    The file is read twice if its tag scheme is to be found and matters for the output; a pipe is then held in memory.

    Args:
        path: The file; "-" is standard input.
        streams: Where the output goes: text for a format that has a writer, else bytes, a stream for each of its files.
        to: The format of the output.
        options: How the file is read; labels of sentences go with them if `label_key` is set.
        with_tags: Whether its tags are wanted, if it has some and the output holds tags.
        scheme: Its tag scheme; "auto" to find it.
        to_scheme: The tag scheme of the output; None to leave the tags as they are.
        to_column: Where the tags go in the output; None for the format's own place.
        report: Receives what is odd about the file, and what the output cannot hold.

    Raises:
        UsageError: A format, a scheme or a column that makes no sense, or plain tags for a format of spans.
        DataError: The file cannot be read, or a sentence cannot be written; what came before is written.
    """
    row = registry.find(registry.FORMATS, to)
    writer = _writer(to, row, streams, to_column)
    target = tags.parse_scheme(to_scheme) if to_scheme is not None else None
    source = Source(path, report=report, skip=options.skip_rows or 0)
    labels = _CarriedLabels(options.label_key, row)
    options = replace(options, label_key=labels.key)
    format = recognise(source, options) if options.format == "auto" else options.format
    options = _without_tags(replace(options, format=format, with_text=True), to, row, with_tags)
    if not options.with_tags:
        _check_without_tags(source.name, to, writer, to_scheme)
        if with_tags and registry.find(registry.FORMATS, format).tagged and format not in _MAY_LACK_TAGS:
            report(
                Finding("warning", "not-carried", source.name, None, f"{to} holds no tags: they are left out")
            )
    found: Iterable[Sentence]
    own: Scheme | None = None
    if options.with_tags and (
        target is not None or writer.probabilities or getattr(writer, "needs_scheme", False)
    ):
        found, own = _with_scheme(source, options, scheme)
    else:
        found = sentences(source, options)
    losses = _Losses(to, row)
    count = tokens = 0
    kinds: set[str] = set()  # of tags, until there are two
    for sentence in found:
        document = labels.on(sentence, _document(path, sentence, own, target, report))
        if own is not None and not own.is_spans and "tags" not in row.carries:
            column = source.first_rows.spans_column()
            instead = "" if column is None else f" (try --tag-column {column})"
            raise UsageError(f"--to {to}: it holds spans, and the tags of {source.name} are plain{instead}.")
        losses.add(sentence, document)
        try:
            writer.write(document)
        except Unwritable as problem:
            raise DataError(shown(path), problem.line, str(problem), "unwritable") from problem
        count, tokens = count + 1, tokens + len(document)
        if len(kinds) < 2:
            kinds.update(sentence.tags or ())
    if not count:
        raise DataError(shown(path), None, "there is no sentence in the file")
    finish(writer)
    if kinds == {"_"}:  # CoNLL-U's sign for nothing
        nothing, column = "every token has the tag '_'", source.first_rows.spans_column()
        option = "--tag-column" if column is None else f"--tag-column {column}"
        report(Finding("warning", "constant-tags", source.name, None, nothing, option))
    for message, line in (*losses.messages(), *labels.messages(to, format, source)):
        report(Finding("warning", "not-carried", shown(path), line, message))
    return Conversion(options.format, count, tokens)


_MAY_LACK_TAGS = ("jsonl",)  # formats of which a file may have none
_USUAL_KEYS = frozenset(
    {"text", "sent_id", "newdoc id", "newpar id", "global.columns"}
)  # of comments in CoNLL-U
NONE = ""  # a key that no label has, so that the keys there are can be named


def _without_tags(options: ReadOptions, to: str, row: Format, with_tags: bool) -> ReadOptions:
    """The options without tags, if the file, the output or the user has none."""
    source: Format = registry.find(registry.FORMATS, options.format)
    wanted = with_tags and not source.labelled and not row.labelled
    return replace(options, with_tags=wanted)


def _check_without_tags(name: str, to: str, writer: Any, to_scheme: str | None) -> None:
    """UsageError for what makes no sense of sentences without tags."""
    if not getattr(writer, "without_tags", False):
        known = ", ".join(
            other
            for other, row in registry.FORMATS.items()
            if row.writer and getattr(registry.load(registry.FORMATS, other, "writer"), "without_tags", False)
        )
        raise UsageError(f"--to {to}: it holds tags, and {name} is read without; expected one of {known}.")
    if to_scheme is not None:
        raise UsageError(f"--to-scheme {to_scheme}: {name} is read without tags.")


def _writer(to: str, row: Format, streams: tuple[IO[Any], ...], to_column: str | None) -> Any:
    made = registry.load(registry.FORMATS, to, "writer" if row.writer else "exporter")
    if to_column is None:
        return made(*streams)
    if not getattr(made, "takes_column", False):
        raise UsageError(f"--to-column: {to} has one place for tags.")
    return made(*streams, to_column)


def _with_scheme(source: Source, options: ReadOptions, scheme: str) -> tuple[Iterable[Sentence], Scheme]:
    """The sentences and their tag scheme."""
    if tags.is_named(scheme):
        return sentences(source, options), tags.parse_scheme(scheme)
    if os.path.isfile(source.path) or os.path.isdir(source.path):
        if options.tag_spelling is None and (spelling := brackets(_tags(sentences(source.path, options)))):
            options = options.spelt(spelling)
        return sentences(source, options), tags.detect(_tags(sentences(source.path, options)))
    held = list(sentences(source, options))
    if options.tag_spelling is None and (spelling := brackets(_tags(held))):
        held = list(respelt(held, spelling, source.name))
    return held, tags.detect(_tags(held))


def _tags(found: Iterable[Sentence]) -> Iterator[Sequence[str]]:
    return (sentence.tags or () for sentence in found)


def _document(
    path: str, sentence: Sentence, own: Scheme | None, target: Scheme | None, report: Report
) -> Document:
    """The document of a tagged sentence; DataError for a tag that its scheme does not have at all."""
    given = sentence.tags or ()
    if own is None or not own.is_spans:
        scheme = own or tags.parse_scheme("plain")
        own_tags = given if target is None else tags.convert(given, scheme, target)
        return Document.of(sentence, own_tags, scheme, tagged=sentence.tags is not None)
    for index, problem in tags.problems(given, own):
        report(Finding("warning", "odd-scheme-tags", shown(path), sentence.lines[index], problem))
    try:
        spans = tags.spans(given, own)
    except ValueError as problem:
        at = next(index for index, tag in enumerate(given) if not tags.is_tag(tag, own))
        raise DataError(shown(path), sentence.lines[at], str(problem), "odd-scheme-tags") from problem
    if target is None or not target.is_spans:
        return Document.of(sentence, given, own, spans=spans)
    return Document.of(sentence, tags.from_spans(spans, len(sentence), target), target, spans=spans)


@dataclass
class _Losses:
    """What the sentences have and a format cannot hold."""

    to: str
    row: Format
    keys: dict[str, int] = field(default_factory=dict)  # with the first line
    counts: dict[str, list[int]] = field(default_factory=dict)  # sentences, and the first line

    def add(self, sentence: Sentence, document: Document) -> None:
        carries, line = self.row.carries, sentence.lines[0] if sentence.lines else 0
        raw = sentence.tags is None and sentence.text is not None  # its tokens are not those of the file
        if sentence.extra and "keys" not in carries:
            for key in sentence.extra:
                self.keys.setdefault(key, line)
        if not document.words and "empty" not in carries:
            self._count("empty", line)
        elif "text" not in carries and document.text != " ".join(document.words):
            self._count("text", line)
        elif "tokens" not in carries and not raw and document.text.split() != list(document.words):
            self._count("tokens", line)

    def _count(self, what: str, line: int) -> None:
        self.counts.setdefault(what, [0, line])[0] += 1

    def messages(self) -> Iterator[tuple[str, int | None]]:
        """What is lost, and where first."""
        for what, (count, line) in self.counts.items():
            of = counted(count, "sentence")
            yield f"{self.to} {_LOST[what].format(of)}", line or None
        if self.keys:
            named = ", ".join(map(quoted, list(self.keys)[:10])) + (", ..." if len(self.keys) > 10 else "")
            yield (
                f"{self.to} holds no other keys: {named} are left out",
                next(iter(self.keys.values())) or None,
            )


_LOST = {
    "empty": "holds no sentence without tokens: {} left out",
    "text": "holds no text: the white space between the tokens of {} is lost",
    "tokens": "holds no tokens, and white space alone does not tell those of {}",
}


class _CarriedLabels:
    """What becomes of the labels of sentences.

    Args:
        key: Their key as the user gave it; None if no labels are wanted.
        row: The format of the output.

    Attributes:
        key: The key to read them with.
    """

    def __init__(self, key: str | None, row: Format) -> None:
        self.key = NONE if key is None else key
        self._is_given = key is not None
        self._row = row
        self._found = self._lost = 0
        self._line: int | None = None  # of the first that is lost

    def on(self, sentence: Sentence, document: Document) -> Document:
        """The document with the labels of its sentence."""
        if not sentence.labels:
            return document
        self._found += 1
        key = self.key or Document.label_key
        if "keys" in self._row.carries:  # an object has them as one of its keys
            value = sentence.labels[0] if len(sentence.labels) == 1 else list(sentence.labels)
            return replace(document, extra={**document.extra, key: value})
        if "labels" in self._row.carries:
            return replace(document, labels=sentence.labels, label_key=key)
        self._lost += 1
        if self._line is None and sentence.lines:
            self._line = sentence.lines[0]
        return document

    def messages(self, to: str, format: str, source: Source) -> Iterator[tuple[str, int | None]]:
        """What is lost, and where first."""
        keys = ", ".join(map(quoted, sorted(source.keys - _USUAL_KEYS)[:10]))
        if self._lost:
            yield (
                f"{to} holds no labels of sentences: those of {counted(self._lost, 'sentence')} are lost",
                self._line,
            )
        if self._is_given and not self._found:
            there = f"; the file has the keys {keys}" if keys else ""
            yield f"no sentence has a label under the key {quoted(self.key)}{there}", None
        row = registry.find(registry.FORMATS, format)
        if not self._is_given and keys and not (row.by_itself or row.labelled):
            yield f"comments are left out: {keys} (--label-key keeps one as labels of sentences)", None
