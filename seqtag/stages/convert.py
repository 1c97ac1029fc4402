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
        options: How the file is read.
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
    format = recognise(source, options) if options.format == "auto" else options.format
    options = replace(options, format=format, with_text=True)
    found: Iterable[Sentence]
    own: Scheme | None = None
    if target is not None or writer.probabilities or getattr(writer, "needs_scheme", False):
        found, own = _with_scheme(source, options, scheme)
    else:
        found = sentences(source, options)
    losses = _Losses(to, row)
    count = tokens = 0
    kinds: set[str] = set()  # of tags, until there are two
    for sentence in found:
        document = _document(path, sentence, own, target, report)
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
    for message, line in losses.messages():
        report(Finding("warning", "not-carried", shown(path), line, message))
    return Conversion(options.format, count, tokens)


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
        return Document.of(sentence, given if target is None else tags.convert(given, scheme, target), scheme)
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
        if sentence.extra and "keys" not in carries:
            for key in sentence.extra:
                self.keys.setdefault(key, line)
        if not document.words and "empty" not in carries:
            self._count("empty", line)
        elif "text" not in carries and document.text != " ".join(document.words):
            self._count("text", line)
        elif "tokens" not in carries and document.text.split() != list(document.words):
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
