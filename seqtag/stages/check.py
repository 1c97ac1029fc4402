"""Corpus files -> what is in them, and what to look at before they are trained on or scored against."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from heapq import nlargest
from itertools import combinations
from os import PathLike, fspath
from typing import Any

from seqtag.corpora import consistency, tags
from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus, Sentence, read_corpus
from seqtag.corpora.tags import Scheme

EXAMPLES = 5
"""How many repeated sentences are named; the longest, since short ones repeat without a reason."""


@dataclass(frozen=True)
class Problem:
    """A place that breaks the tag scheme."""

    line: int
    problem: str


@dataclass(frozen=True)
class Longest:
    """The longest sentence of a file, and where it starts."""

    tokens: int
    line: int


@dataclass(frozen=True)
class Repeat:
    """A sentence that stands in two places; the places are lines."""

    text: str
    first_line: int
    second_line: int
    same_tags: bool


@dataclass(frozen=True)
class Repeats:
    """Sentences that came before, in the same file or in another one.

    Attributes:
        sentences: How many.
        retagged: How many of them have other tags than where they stood first.
        examples: The longest.
    """

    sentences: int
    retagged: int
    examples: tuple[Repeat, ...]


@dataclass(frozen=True)
class FileReport:
    """What is in one file.

    Attributes:
        path: The file, as messages name it.
        sentences: How many there are.
        tokens: How many there are.
        scheme: The tag scheme that all files are checked against.
        detected_scheme: The scheme that this file alone looks like.
        tags: The tags with their counts, the most frequent first.
        entities: The types of the spans with their counts, likewise; a tag that the scheme lacks counts as O.
        ill_formed: Every place that breaks the scheme.
        longest: The longest sentence.
        unknown_word_rate: The share of tokens that do not occur in the training file; None for this one itself, and
            where none was named.
        duplicates: Sentences that stand in the file before.
    """

    path: str
    sentences: int
    tokens: int
    scheme: str
    detected_scheme: str
    tags: dict[str, int]
    entities: dict[str, int]
    ill_formed: tuple[Problem, ...]
    longest: Longest
    unknown_word_rate: float | None
    duplicates: Repeats


@dataclass(frozen=True)
class Pair:
    """What two files have in common.

    Attributes:
        first: One file.
        second: The other.
        shared: The sentences of the second that stand in the first.
        tags_only_in_first: Tags that the second does not have.
        tags_only_in_second: Tags that the first does not have.
    """

    first: str
    second: str
    shared: Repeats
    tags_only_in_first: tuple[str, ...]
    tags_only_in_second: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What is in all files, in the order given, and in every two of them; and what is odd about them."""

    files: tuple[FileReport, ...]
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in items}


def check(
    paths: Sequence[str | PathLike[str]],
    *,
    train: str | PathLike[str] | None = None,
    scheme: str = "auto",
    options: ReadOptions = AUTO,
) -> Report:
    """Reads corpus files and reports on each and on every two of them.

    Args:
        paths: The files.
        train: The file for training, which comes first; unknown words and types that are too rare go by it.
        scheme: The tag scheme of all files; "auto" finds it in the first.
        options: How the files are read.

    Raises:
        UsageError: An unknown scheme or format, or columns that make no sense.
        DataError: A file cannot be read right; a tag in an ill-formed place is no such error.
    """
    given = tags.parse_scheme(scheme) if tags.is_named(scheme) else None
    if train is not None:
        paths = [train, *(path for path in paths if fspath(path) != fspath(train))]
    options = replace(options, with_text=True)  # which may disagree with the tokens
    first = read_corpus(paths[0], options)
    options = options.spelt(first.spelling)
    corpora = [first, *(read_corpus(path, options) for path in paths[1:])]
    detected = [tags.detect(_tags(one) for one in corpus.sentences) for corpus in corpora]
    vocabulary = None
    if train is not None:
        vocabulary = {token for sentence in corpora[0].sentences for token in sentence.tokens}
    places = [consistency.first_places(corpus) for corpus in corpora]
    files = tuple(
        _file_report(corpus, given or detected[0], own, vocabulary if number else None, known)
        for number, (corpus, own, known) in enumerate(zip(corpora, detected, places, strict=True))
    )
    pairs = tuple(
        _pair(files[one], files[other], places[one], corpora[other])
        for one, other in combinations(range(len(files)), 2)
    )
    findings = list(
        _findings(
            corpora, places, files, given or detected[0], train=train is not None, named=given is not None
        )
    )
    return Report(files, pairs, tuple(findings))


def _findings(
    corpora: Sequence[Corpus],
    places: Sequence[consistency.Places],
    files: Sequence[FileReport],
    scheme: Scheme,
    *,
    train: bool,
    named: bool,
) -> Iterator[Finding]:
    """What is odd about each file and about every two of them.

    Args:
        corpora: The files.
        places: The first places of the sentences of each.
        files: The report on each.
        scheme: The tag scheme of all.
        train: Whether the first was named as the one for training.
        named: Whether the scheme was named.
    """
    for corpus, own, file in zip(corpora, places, files, strict=True):
        yield from doubts(corpus, scheme, named=named)
        yield from consistency.lengths(corpus)
        yield from consistency.characters(corpus)
        yield from consistency.repeated(corpus, own)
        yield from consistency.labels(corpus, scheme)
        if file.unknown_word_rate is not None:
            yield from consistency.unknown_words(corpus, corpora[0].path, file.unknown_word_rate)
    if train or len(corpora) == 1:
        counts = files[0].entities if scheme.is_spans else files[0].tags
        yield from consistency.rare_types(corpora[0], scheme, counts)
    for one, other in combinations(range(len(corpora)), 2):
        yield from consistency.overlapping(corpora[one], places[one], corpora[other])


def _tags(sentence: Sentence) -> tuple[str, ...]:
    return sentence.tags or ()


def _file_report(
    corpus: Corpus,
    scheme: Scheme,
    detected: Scheme,
    vocabulary: set[str] | None,
    places: consistency.Places,
) -> FileReport:
    counts = consistency.tag_counts(corpus)
    longest = max(corpus.sentences, key=len)
    unknown = None
    if vocabulary is not None:
        unknown = (
            sum(token not in vocabulary for one in corpus.sentences for token in one.tokens) / corpus.tokens
        )
    return FileReport(
        path=corpus.path,
        sentences=len(corpus.sentences),
        tokens=corpus.tokens,
        scheme=scheme.title.lower(),
        detected_scheme=detected.title.lower(),
        tags=_by_count(counts),
        entities=_by_count(_entities(corpus, scheme)),
        ill_formed=tuple(
            Problem(sentence.lines[index], problem)
            for sentence in corpus.sentences
            for index, problem in tags.problems(_tags(sentence), scheme, corpus.spelling.spell)
        ),
        longest=Longest(len(longest), longest.lines[0]),
        unknown_word_rate=unknown,
        duplicates=_repeats(places, corpus),
    )


def _entities(corpus: Corpus, scheme: Scheme) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sentence in corpus.sentences:
        legal = _tags(sentence)
        try:
            found = tags.spans(legal, scheme)
        except ValueError:
            illegal = {index for index, tag in enumerate(legal) if not _is_legal(tag, scheme)}
            found = tags.spans(["O" if index in illegal else tag for index, tag in enumerate(legal)], scheme)
        counts.update(span.label for span in found)
    return counts


def _is_legal(tag: str, scheme: Scheme) -> bool:
    try:
        tags.split(tag, scheme)
    except ValueError:
        return False
    return True


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _pair(
    first: FileReport, second: FileReport, first_places: consistency.Places, second_corpus: Corpus
) -> Pair:
    return Pair(
        first.path,
        second.path,
        _repeats(first_places, second_corpus),
        tuple(sorted(first.tags.keys() - second.tags.keys())),
        tuple(sorted(second.tags.keys() - first.tags.keys())),
    )


def _repeats(places: consistency.Places, corpus: Corpus) -> Repeats:
    """The sentences of a corpus that stand in other places, which may be its own earlier ones."""
    found = [
        (known, sentence)
        for sentence in corpus.sentences
        if (known := places.get(sentence.tokens)) is not None and known is not sentence
    ]
    longest = nlargest(EXAMPLES, found, key=lambda pair: len(pair[1]))
    return Repeats(
        sentences=len(found),
        retagged=sum(known.tags != sentence.tags for known, sentence in found),
        examples=tuple(
            Repeat(" ".join(one.tokens), known.lines[0], one.lines[0], known.tags == one.tags)
            for known, one in longest
        ),
    )
