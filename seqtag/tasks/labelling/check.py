"""Files of labelled sentences -> what is in them, and what to look at before they are trained on. No NumPy."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from seqtag.corpora import consistency
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus, Sentence
from seqtag.corpora.token_doubts import token_doubts
from seqtag.evaluation.figures import Figures
from seqtag.support.errors import DataError
from seqtag.support.quoting import counted, quoted, shortened
from seqtag.tasks.files import counts_table, numbered, shared_table
from seqtag.tasks.labelling.reading import problems
from seqtag.tasks.tagging import check as tagging

MOST_LABELS = 0.5  # labels for each sentence, beyond which they are probably none
FEW = 10  # sentences of which so many labels may differ by chance
_PLAIN = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class LabelledFile:
    """What is in one file.

    Attributes:
        path: The file, as messages name it.
        sentences: How many there are.
        tokens: How many there are.
        labels: The labels with their counts, the most frequent first.
        unlabelled: Sentences without a label.
        several: Sentences with more than one.
        repeated: Sentences that stood in the file before.
        contradictory: Those of them that had other labels there.
        unknown_word_rate: The share of tokens that do not occur in the training file; None for this one itself, and
            where none was named.
    """

    path: str
    sentences: int
    tokens: int
    labels: dict[str, int]
    unlabelled: int
    several: int
    repeated: int
    contradictory: int
    unknown_word_rate: float | None


@dataclass(frozen=True)
class LabelledPair:
    """What two files have in common.

    Attributes:
        first: One file.
        second: The other.
        shared_sentences: The sentences of the second that stand in the first.
        relabelled: Those of them that have other labels there.
        labels_only_in_first: Labels that the second does not have.
        labels_only_in_second: Labels that the first does not have.
    """

    first: str
    second: str
    shared_sentences: int
    relabelled: int
    labels_only_in_first: tuple[str, ...]
    labels_only_in_second: tuple[str, ...]


@dataclass(frozen=True)
class LabelReport:
    """What is in all files, and in every two of them; and what is odd about them.

    Attributes:
        task: The task.
        key: The key of the labels.
        files: What is in each.
        pairs: What every two of them have in common.
        findings: What is odd.
        tags: What is in their tags, if they have some.
    """

    task: str
    key: str
    files: tuple[LabelledFile, ...]
    pairs: tuple[LabelledPair, ...]
    findings: tuple[Finding, ...]
    tags: tagging.Report | None = None

    @property
    def paths(self) -> list[str]:
        """The files, as messages name them."""
        return [file.path for file in self.files]

    def heading(self) -> list[str]:
        """How many labels there are, and the tag scheme if there are tags."""
        known = {label for file in self.files for label in file.labels}
        found = f"Labels: {len(known):,} under the key {self.key}"
        return [*(self.tags.heading() if self.tags else ()), found]

    def figures(self) -> list[Figures]:
        """Tables of the tags, of the files, of the labels in them, and of what every two files share."""
        tables = [*self.tags.figures()] if self.tags else []
        rated = self.tags is None and any(file.unknown_word_rate is not None for file in self.files)
        columns = ("", "sentences", "tokens", *["unknown"] * rated, "no label", "several", "repeated")
        rows = []
        for title, file in zip(numbered(len(self.files)), self.files, strict=True):
            rate = "" if file.unknown_word_rate is None else f"{file.unknown_word_rate:.1%}"
            last = (
                f"{file.unlabelled:,}",
                f"{file.several:,}",
                f"{file.repeated:,}",
                f"{file.contradictory:,}",
            )
            rows.append((title, f"{file.sentences:,}", f"{file.tokens:,}", *[rate] * rated, *last))
        tables.append(Figures((*columns, "relabelled"), rows))
        if any(file.labels for file in self.files):
            tables.append(counts_table("label", [file.labels for file in self.files]))
        return [*tables, self._shared()] if self.pairs else tables

    def _shared(self) -> Figures:
        heads = ("sentences shared", "sentences", "share", "with other labels")
        shared = ((pair.shared_sentences, pair.relabelled) for pair in self.pairs)
        return shared_table(heads, [file.sentences for file in self.files], shared)

    def remarks(self) -> Iterator[tuple[str, str]]:
        """What is to be said of the tags, and the labels that a file lacks."""
        if self.tags:
            yield from self.tags.remarks()
        for pair in self.pairs:
            for have, lack, only in (
                (pair.first, pair.second, pair.labels_only_in_first),
                (pair.second, pair.first, pair.labels_only_in_second),
            ):
                if only:
                    yield lack, f"lacks labels of {have}: {_listed(only)}"

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; where there are tags, with what a report on these has."""
        found = _plain(
            {name: list(map(asdict, getattr(self, name))) for name in ("files", "pairs", "findings")}
        )
        if self.tags:
            own = self.tags.to_json()
            for name in ("files", "pairs"):
                found[name] = [one | more for one, more in zip(own[name], found[name], strict=True)]
        return {"task": self.task, **found}


def _plain(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _plain(value) for name, value in values.items()}
    return list(map(_plain, values)) if isinstance(values, list | tuple) else values


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - tagging.MOST_TAGS:,} more" if len(names) > tagging.MOST_TAGS else ""
    return ", ".join(map(shortened, names[: tagging.MOST_TAGS])) + more


def check(
    task: str, options: ReadOptions, scheme: str | None, paths: Sequence[str], train: bool
) -> LabelReport:
    """Reads files and reports on each and on every two of them.

    Args:
        task: The task.
        options: How files are read; `label_key` is set.
        scheme: The scheme of their tags; None if these are not of interest.
        paths: The files.
        train: Whether the first is the one for training.

    Raises:
        DataError: A file cannot be read, or none of its sentences has tokens.
    """
    key = options.label_key or ""
    whole = tagging.read_all(paths, options)
    corpora = [_with_tokens(corpus) for corpus in whole]
    places = [consistency.first_places(corpus) for corpus in corpora]
    known = {token for one in corpora[0].sentences for token in one.tokens} if train else None
    files = tuple(
        _file(corpus, own, known if number else None)
        for number, (corpus, own) in enumerate(zip(whole, places, strict=True))
    )
    every_two = list(combinations(range(len(files)), 2))
    pairs = tuple(_pair(files[one], files[two], places[one], corpora[two]) for one, two in every_two)
    tags = None if scheme is None else tagging.report(corpora, train=train, scheme=scheme)
    found = list(tags.findings) if tags else []
    for corpus, readable, own, file in zip(whole, corpora, places, files, strict=True):
        if tags is None:
            found += _of_texts(readable, own)
            if file.unknown_word_rate is not None:
                found += consistency.unknown_words(readable, files[0].path, file.unknown_word_rate)
        found += _of_labels(corpus, own, file, key, one_each=task == "generation")
        if train and file is not files[0]:
            found += _unseen(corpus, file, files[0])
    if train or len(files) == 1:
        found += consistency.few_examples(files[0].path, "label", files[0].labels, "warning")
    if tags is None:
        for one, two in every_two:
            found += consistency.overlapping(corpora[one], places[one], corpora[two])
    return LabelReport(task, key, files, pairs, tuple(found), tags)


def _with_tokens(corpus: Corpus) -> Corpus:
    sentences = tuple(sentence for sentence in corpus.sentences if sentence.tokens)
    if not sentences:
        raise DataError(corpus.path, None, "no sentence has a token")
    return replace(corpus, sentences=sentences)


def _file(corpus: Corpus, places: consistency.Places, known: set[str] | None) -> LabelledFile:
    counts = Counter(label for sentence in corpus.sentences for label in sentence.labels)
    repeats = list(_repeats(corpus, places))
    rate = None
    if known is not None:
        rate = sum(token not in known for one in corpus.sentences for token in one.tokens) / corpus.tokens
    return LabelledFile(
        path=corpus.path,
        sentences=len(corpus.sentences),
        tokens=corpus.tokens,
        labels=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        unlabelled=sum(not sentence.labels for sentence in corpus.sentences),
        several=sum(len(sentence.labels) > 1 for sentence in corpus.sentences),
        repeated=len(repeats),
        contradictory=sum(_differ(first, sentence) for first, sentence in repeats),
        unknown_word_rate=rate,
    )


def _pair(
    first: LabelledFile, second: LabelledFile, places: consistency.Places, other: Corpus
) -> LabelledPair:
    shared = list(_repeats(other, places))
    return LabelledPair(
        first.path,
        second.path,
        len(shared),
        sum(_differ(known, sentence) for known, sentence in shared),
        tuple(sorted(first.labels.keys() - second.labels.keys())),
        tuple(sorted(second.labels.keys() - first.labels.keys())),
    )


def _repeats(corpus: Corpus, places: consistency.Places) -> Iterator[tuple[Sentence, Sentence]]:
    """The sentences that stand in other places, which may be earlier ones of the corpus: each after that one."""
    for sentence in corpus.sentences:
        known = places.get(sentence.tokens)
        if known is not None and known is not sentence:
            yield known, sentence


def _differ(first: Sentence, second: Sentence) -> bool:
    """Whether both have labels, and not the same ones."""
    return bool(first.labels and second.labels) and {*first.labels} != {*second.labels}


def _of_texts(corpus: Corpus, places: consistency.Places) -> Iterator[Finding]:
    """What is odd about sentences whose tags are not of interest; what one line holds is a text of any length."""
    yield from corpus.findings
    yield from token_doubts(corpus)
    if any(len({*sentence.lines}) > 1 for sentence in corpus.sentences):
        yield from consistency.lengths(corpus)
    yield from consistency.characters(corpus)
    yield from consistency.repeated(corpus, places)


def _of_labels(
    corpus: Corpus, places: consistency.Places, file: LabelledFile, key: str, *, one_each: bool
) -> Iterator[Finding]:
    yield from problems(corpus, key)
    for sentence in corpus.sentences if one_each else ():
        if len(sentence.labels) > 1:
            problem = f"the sentence has {len(sentence.labels)} labels; expected one"
            yield Finding("error", "several-labels", corpus.path, _line(sentence), problem)
    for first, sentence in _repeats(corpus, places):
        if _differ(first, sentence):
            one, other = (", ".join(map(quoted, found.labels)) for found in (sentence, first))
            problem = f"{_start(sentence)} has the label {one}, and in line {_line(first)} {other}"
            yield Finding("warning", "contradictory-labels", corpus.path, _line(sentence), problem)
    if len(file.labels) == 1 and file.sentences > 1 and not file.unlabelled:
        problem = f"every sentence has the label {quoted(next(iter(file.labels)))}"
        yield Finding("warning", "constant-labels", corpus.path, None, problem, "--label-key")
    elif file.sentences >= FEW and len(file.labels) > MOST_LABELS * file.sentences:
        problem = f"{counted(file.sentences, 'sentence')} have {len(file.labels):,} different labels"
        problem += f"; is {quoted(key)} the key of what is to be learnt?"
        yield Finding("warning", "many-labels", corpus.path, None, problem, "--label-key")
    yield from _alike(file)


def _alike(file: LabelledFile) -> Iterator[Finding]:
    """Labels that are probably one, spelt in two ways."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in file.labels:
        alike[_PLAIN.sub("", label).casefold()].append(label)
    for labels in alike.values():
        if len(labels) > 1:
            listed = ", ".join(f"{quoted(label)} ({file.labels[label]:,})" for label in labels)
            problem = f"labels that differ in case, spaces, hyphens or underscores alone: {listed}"
            yield Finding("warning", "similar-labels", file.path, None, problem)


def _unseen(corpus: Corpus, file: LabelledFile, train: LabelledFile) -> Iterator[Finding]:
    """Labels that cannot be right answers, because training does not see them."""
    for label in file.labels.keys() - train.labels.keys():
        line = next(_line(sentence) for sentence in corpus.sentences if label in sentence.labels)
        problem = f"the label {quoted(label)} ({file.labels[label]:,}) does not occur in {train.path}"
        yield Finding("warning", "unseen-label", file.path, line, problem)


def _line(sentence: Sentence) -> int | None:
    return sentence.lines[0] if sentence.lines else None


def _start(sentence: Sentence) -> str:
    text = " ".join(sentence.tokens)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'
