"""Corpora: files of tokens and tags, each format read into the same shape of sentence."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from os import PathLike

from seqtag.corpora import headers, signs
from seqtag.corpora.base import (
    AUTO,
    USUAL,
    Reader,
    ReadOptions,
    Source,
    by_ending,
    column_names,
    field_of,
    recognises,
)
from seqtag.corpora.findings import Finding, Report, ignore
from seqtag.corpora.first_rows import FirstRows
from seqtag.corpora.look_alikes import brackets
from seqtag.corpora.numbers import with_numbers
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.sentence_labels import check_labels, from_keys
from seqtag.corpora.spelling import TYPES, USUAL_SPELLING, Misspelt, Spelling
from seqtag.corpora.tags import Scheme, split
from seqtag.settings import registry
from seqtag.support import encodings
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.quoting import CONTROLS, one_line, quoted

__all__ = ["Corpus", "ReadOptions", "Sentence", "check_tags", "read_corpus", "sentences"]

UNUSED = "unused-option"


@dataclass(frozen=True)
class Corpus:
    """A corpus file in memory.

    Attributes:
        path: The file, as messages name it.
        sentences: All its sentences, in order.
        findings: What its reader found odd.
        first_rows: Its first rows, where the format has columns.
        spelling: How the file spells its tags; those of the sentences are in the usual spelling.
        keys: The keys that labels of sentences may have, where these were asked for.
    """

    path: str
    sentences: tuple[Sentence, ...]
    findings: tuple[Finding, ...] = ()
    first_rows: FirstRows = field(default_factory=FirstRows)
    spelling: Spelling = USUAL_SPELLING
    keys: frozenset[str] = frozenset()

    @property
    def tokens(self) -> int:
        """How many tokens the sentences have together."""
        return sum(map(len, self.sentences))


def sentences(
    path: str | PathLike[str] | Source, options: ReadOptions = AUTO, report: Report = ignore
) -> Iterator[Sentence]:
    """The sentences of a file, one at a time; a compressed one is unpacked, "-" is standard input.

    Args:
        path: The file, or a source that was looked at.
        options: How it is read.
        report: Receives what its reader finds odd, while it is read.

    Raises:
        UsageError: An unknown format, or columns that make no sense.
        DataError: The file cannot be read, or a row is malformed.
    """
    source = path if isinstance(path, Source) else Source(path, report=report, skip=options.skip_rows or 0)
    format = recognise(source, options) if options.format == "auto" else options.format
    known = registry.formats("tagged" if options.with_tags else "reader")
    if not registry.knows(known, format):
        names = ["auto", *registry.known(known)]
        raise UsageError(f"Unknown corpus format {format!r}.{suggest(format, names)}")
    read: Reader = registry.load(registry.FORMATS, format, "reader")
    spelling = _spelling(options)
    _check_used(source, format, options)
    _check_trees(source, format, options)
    source.mends_marks("seqtag check --fix OUT" if options.with_tags else "")
    found = read(source, options)
    if options.numeric_columns:
        found = with_numbers(found, options.numeric_columns, source.name)
    if options.label_key is not None:
        found = from_keys(found, options.label_key, source.keys, source.name)
    if options.labels and options.with_tags:
        found = _named(found, source, options)
    return found if spelling.is_usual or not options.with_tags else respelt(found, spelling, source.name)


def _check_used(source: Source, format: str, options: ReadOptions) -> None:
    """Reports options that the user gave and that have no effect on a file; UsageError for features it cannot have."""
    unused = registry.find(registry.FORMATS, format).unused
    for name, option in options.given:
        if name in unused:
            users = [known for known, row in registry.formats("tagged").items() if name not in row.unused]
            problem = f"{option} has no effect on the format {format}; it is for {', '.join(users)}"
            if name in ("feature_columns", "numeric_columns"):
                raise UsageError(f"{source.name}: {problem}.")
            source.report(UNUSED, None, problem)
        elif name == "neighbours" and options.tag_spelling != TYPES:
            source.report(UNUSED, None, f"{option} has no effect without --tag-spelling {TYPES}")


def _check_trees(source: Source, format: str, options: ReadOptions) -> None:
    """DataError if trees are wanted and the format has none."""
    if options.with_heads and not registry.find(registry.FORMATS, format).heads:
        known = ", ".join(name for name, row in registry.FORMATS.items() if row.heads)
        raise DataError(
            source.name,
            None,
            f"is read as {format}, which holds no trees; the network reads the dependency tree of each sentence: "
            f"expected a file with the head of each word ({known})",
        )


def _named(found: Iterable[Sentence], source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences with names in place of tags that are numbers; DataError at a number that has no name."""
    name, labels = source.name, options.labels
    names = {str(number): label for number, label in enumerate(labels)}
    given, are_used = dict(options.given).get("labels"), False
    for sentence in found:
        are_used = are_used or not names.keys().isdisjoint(sentence.tags or ())
        tags = tuple(names.get(tag, tag) for tag in sentence.tags or ())
        for index, tag in enumerate(tags):
            if tag.isdecimal() and tag not in labels:
                problem = f"the tag is {quoted(tag)}; --labels has names for 0 to {len(labels) - 1}"
                raise DataError(name, sentence.lines[min(index, len(sentence.lines) - 1)], problem)
        yield sentence if sentence.tags is None else replace(sentence, tags=tags)
    if given and not are_used:
        source.report(UNUSED, None, f"{given} has no effect: no tag is a number")


def _spelling(options: ReadOptions) -> Spelling:
    try:
        return options.spelling
    except ValueError as problem:
        raise UsageError(f"{one_line(problem)}.") from None


def respelt(found: Iterable[Sentence], spelling: Spelling, name: str) -> Iterator[Sentence]:
    """The sentences with their tags in the usual spelling; DataError at a tag that is not spelt like this."""
    for sentence in found:
        try:
            tags = None if sentence.tags is None else spelling.read(sentence.tags)
        except Misspelt as problem:
            lines = sentence.lines
            line = lines[min(problem.index, len(lines) - 1)] if lines else None
            raise DataError(name, line, str(problem), "span-spelling") from None
        yield replace(sentence, tags=tags)


def recognise(source: Source, options: ReadOptions) -> str:
    """The format of a corpus: by its first lines where they leave no doubt, by the name of the file and of the columns
    asked for, else by its first lines.
    """
    known = [
        name
        for name in registry.formats("recogniser")
        if registry.FORMATS[name].tagged
        or (options.label_key is not None and registry.FORMATS[name].labelled)
    ]
    asked = set(map(field_of, (options.token_column, options.tag_column, *options.extra_columns)))
    for name in known:
        if registry.FORMATS[name].certain and recognises(name, source):
            return name
    for name in known:
        if by_ending(source.path) == name or asked.intersection(column_names().get(name, ())):
            return name
    for name in known:
        if recognises(name, source):
            return name
    named = options.token_column is not None or options.tag_column is not None
    signs.check(source, refuse=options.with_tags and not named)
    return USUAL


def read_corpus(path: str | PathLike[str] | Source, options: ReadOptions = AUTO) -> Corpus:
    """A whole file with at least one sentence, for the arguments of ``sentences``; DataError if it has none, or a tag
    that would steer a terminal.
    """
    findings: list[Finding] = []
    source = path
    if not isinstance(source, Source):
        source = Source(source, report=findings.append, skip=options.skip_rows or 0)
    read = sentences(source, options)
    found = tuple(sentence for sentence in read if sentence.tokens or sentence.labels)
    if not found:
        raise DataError(source.name, None, "there is no sentence in the file")
    spelling = _spelling(options)
    if options.tag_spelling is None and (own := brackets(one.tags or () for one in found)):
        spelling, found = own, tuple(respelt(found, own, source.name))
    keys = frozenset(source.keys)
    corpus = Corpus(source.name, found, tuple(findings), source.first_rows, spelling, keys)
    check_labels(found, source.name)
    _check_each(corpus, _without_controls)
    return corpus


def _without_controls(tag: str) -> None:
    if encoding := encodings.of_escapes(tag):
        problem = f"the tag {quoted(tag)} holds escape sequences of the encoding {encoding}"
        raise ValueError(f"{problem}; {encodings.repair(encoding)} writes UTF-8")
    if CONTROLS.search(tag):
        raise ValueError(f"the tag {quoted(tag)} holds a control character")


def check_tags(corpus: Corpus, scheme: Scheme) -> None:
    """DataError at the first tag that the scheme does not have; a tag in an ill-formed place is none."""
    if not scheme.is_spans:
        return
    try:
        _check_each(corpus, lambda tag: split(tag, scheme))
    except DataError as problem:
        line = problem.line or 0
        if line != corpus.sentences[0].lines[0] or not headers.first_row_is_header(corpus.sentences):
            raise
        said = f"{headers.LOOKS_LIKE}; {headers.option(line)} passes over it"
        raise DataError(corpus.path, line, said, headers.CODE) from None


def _check_each(corpus: Corpus, check: Callable[[str], object]) -> None:
    """DataError at the first tag that `check` refuses with a ValueError."""
    legal: set[str] = set()
    for sentence in corpus.sentences:
        tags = sentence.tags or ()
        if legal.issuperset(tags):
            continue
        for tag, line in zip(tags, sentence.lines, strict=True):
            try:
                check(tag)
            except ValueError as error:
                raise DataError(corpus.path, line, str(error)) from None
            legal.add(tag)
