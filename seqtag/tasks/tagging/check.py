"""Corpus files -> what is in them, and what to look at before they are trained on or scored against."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
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
from seqtag.evaluation.figures import Figures
from seqtag.tasks.files import counts_table, numbered, shared_table

EXAMPLES = 5
"""How many repeated sentences are named; the longest, since short ones repeat without a reason."""
MOST_TAGS = 12  # that a file lacks and a line names


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
    """What is in all files, in the order given, and in every two of them; and what is odd about them.

    Attributes:
        files: What is in each.
        pairs: What every two of them have in common.
        findings: What is odd.
        named: Whether the tag scheme was named, not found out.
    """

    files: tuple[FileReport, ...]
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]
    named: bool = field(default=False, compare=False)

    @property
    def paths(self) -> list[str]:
        """The files, as messages name them."""
        return [file.path for file in self.files]

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        values = asdict(self, dict_factory=_plain)
        del values["named"]
        return values

    def heading(self) -> list[str]:
        """The tag scheme."""
        found = "" if self.named else " (found in file 1)"
        return [f"Tag scheme: {_title(self.files[0].scheme)}{found}"]

    def figures(self) -> list[Figures]:
        """Tables of the files, of the types or tags in them, and of what every two files share."""
        plain = self.files[0].scheme == "plain"
        counts = [file.tags if plain else file.entities for file in self.files]
        tables = [self._files(), counts_table("tag" if plain else "type", counts)]
        return [*tables, self._shared()] if self.pairs else tables

    def _files(self) -> Figures:
        named = any(file.unknown_word_rate is not None for file in self.files)
        columns = ("", "sentences", "tokens", "longest", *["unknown"] * named, "repeated", "ill-formed")
        rows = []
        for title, file in zip(numbered(len(self.files)), self.files, strict=True):
            rate = "" if file.unknown_word_rate is None else f"{file.unknown_word_rate:.1%}"
            row = (
                title,
                f"{file.sentences:,}",
                f"{file.tokens:,}",
                f"{file.longest.tokens:,}",
                *[rate] * named,
            )
            rows.append((*row, f"{file.duplicates.sentences:,}", f"{len(file.ill_formed):,}"))
        return Figures(columns, rows)

    def _shared(self) -> Figures:
        heads = ("sentences shared", "sentences", "share", "with other tags")
        shared = ((pair.shared.sentences, pair.shared.retagged) for pair in self.pairs)
        return shared_table(heads, [file.sentences for file in self.files], shared)

    def remarks(self) -> Iterator[tuple[str, str]]:
        """The scheme that a file looks like, and the tags that it lacks."""
        for file in self.files:
            # Without an ill-formed tag the file fits, as one of nothing but O fits every scheme.
            if file.detected_scheme != file.scheme and (file.ill_formed or file.scheme == "plain"):
                yield file.path, f"the tags look like {_title(file.detected_scheme)}"
        for pair in self.pairs:
            yield from _lacking(pair)


def _lacking(pair: Pair) -> Iterator[tuple[str, str]]:
    """The files that lack tags of the other, each with a line that says so."""
    for have, lack, only in (
        (pair.first, pair.second, pair.tags_only_in_first),
        (pair.second, pair.first, pair.tags_only_in_second),
    ):
        if only:
            more = f" and {len(only) - MOST_TAGS:,} more" if len(only) > MOST_TAGS else ""
            yield lack, f"lacks tags of {have}: {', '.join(only[:MOST_TAGS])}{more}"


def _title(scheme: str) -> str:
    """The name of a scheme, as it is printed."""
    return scheme if scheme == "plain" else scheme.upper()


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
    if train is not None:
        paths = [train, *(path for path in paths if fspath(path) != fspath(train))]
    return report(read_all(paths, options), train=train is not None, scheme=scheme)


def read_all(paths: Sequence[str | PathLike[str]], options: ReadOptions) -> list[Corpus]:
    """Corpus files that are to be checked; the spelling of tags comes from the first.

    Raises:
        UsageError: Options that make no sense.
        DataError: A file cannot be read.
    """
    options = replace(options, with_text=True)  # which may disagree with the tokens
    first = read_corpus(paths[0], options)
    options = options.spelt(first.spelling)
    return [first, *(read_corpus(path, options) for path in paths[1:])]


def report(corpora: Sequence[Corpus], *, train: bool, scheme: str) -> Report:
    """What is in corpora.

    Args:
        corpora: The corpora.
        train: Whether the first was named as the one for training.
        scheme: The tag scheme of all; "auto" finds it in the first.

    Raises:
        UsageError: An unknown scheme.
    """
    given = tags.parse_scheme(scheme) if tags.is_named(scheme) else None
    detected = [tags.detect(_tags(one) for one in corpus.sentences) for corpus in corpora]
    vocabulary = None
    if train:
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
    named = given is not None
    findings = tuple(_findings(corpora, places, files, given or detected[0], train=train, named=named))
    return Report(files, pairs, findings, named)


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
