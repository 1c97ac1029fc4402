"""Signs that the cells of a corpus hold more, or something else, than a token and its tag."""

import re
from collections.abc import Callable, Iterator
from itertools import chain, takewhile

from seqtag.corpora import look_alikes
from seqtag.corpora.findings import Finding, Level
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import SPAN_TAG, Scheme
from seqtag.support.quoting import quoted

FEW = 10  # different tokens that may be alike by chance
MOST = 0.9  # the share of the rows that speak for a doubt about all
WORDS = 4
"""So many words in each token, on average, make a sentence of it."""
_BETWEEN = re.compile(r"[|,;+]")


def other_spans(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Plain tags in the last column, while another holds those of spans: the last may be ids, lemmas or scores."""
    first = corpus.first_rows
    found = _tags(corpus)
    if first.attribute and not scheme.is_spans and len(found) > 1:
        problem = f"{first.attribute} holds span tags, which are not read"
        yield _finding(corpus, "note", "other-span-tags", problem, f"--tag-column {first.attribute}")
        return
    if scheme.is_spans or len(found) < 2 or not first.rows or first.tag != len(first.rows[0]) - 1:
        return
    column = first.spans_column()
    if column is not None and not look_alikes.propose([sentence.tags or () for sentence in corpus.sentences]):
        problem = f"column {column} holds span tags, but the tags are those of the last column, such as"
        problem += f" {quoted(first.rows[-1][first.tag])}"
        yield _finding(corpus, "warning", "other-span-tags", problem, f"--tag-column {column}")


def sentences_as_tokens(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Whole sentences in one row each, with as many tags beside them or with a label."""
    rows = alike = words = 0
    for sentence in corpus.sentences:
        for token, tag in zip(sentence.tokens, sentence.tags or (), strict=True):
            several = len(token.split())
            words += several
            rows += 1
            alike += several > 1 and several == len(tag.split())
    if rows > 1 and alike >= MOST * rows:
        problem = "the rows hold whole sentences and their tags; expected one token and its tag per row"
        yield _finding(corpus, "error", "other-format", problem)
    elif rows > 1 and words >= WORDS * rows:
        problem = (
            f"the tokens have {words / rows:.0f} words on average: whole sentences are read as one token each"
        )
        yield _finding(corpus, "warning", "other-format", problem)


def affixes(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Something that begins or ends every token, such as the language in WikiAnn, or quotes."""
    tokens = {token for sentence in corpus.sentences for token in sentence.tokens}
    if len(tokens) < FEW:
        return
    for place, begins in (("begins", True), ("ends", False)):
        found = _common(tokens if begins else {token[::-1] for token in tokens})
        if found:
            affix = quoted(found if begins else found[::-1])
            problem = (
                f"every token {place} with {affix}, which is read as part of it; remove it from the file"
            )
            yield _finding(corpus, "warning", "common-affix", problem)


def _common(texts: set[str]) -> str:
    """What all texts begin with, up to its last sign that is no letter or digit."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(min(texts), max(texts), strict=False))
    found = "".join(letter for letter, _ in alike)
    while found and found[-1].isalnum():
        found = found[:-1]
    return found


def several_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Several span tags in one cell, as of nested spans."""
    found = sorted(tag for tag in _tags(corpus) if _BETWEEN.search(tag) and _are_several(tag))
    if found:
        examples = sorted(found, key=lambda tag: set(_BETWEEN.split(tag)) == {"O"})
        problem = (
            f"tags such as {quoted(examples[0])} are several tags in one, but are read as one of its own"
        )
        yield _finding(corpus, "warning", "several-tags", problem)


def _are_several(tag: str) -> bool:
    return all(part == "O" or SPAN_TAG.fullmatch(part) for part in _BETWEEN.split(tag))


def number_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Numbers from 0 on as tags, as of a list of labels that is kept elsewhere."""
    found = _tags(corpus)
    if len(found) > 1 and all(tag.isascii() and tag.isdecimal() and len(tag) <= 3 for tag in found):
        numbers = set(map(int, found))
        if min(numbers) == 0 and max(numbers) < 2 * len(numbers):
            problem = (
                "the tags are numbers, read as plain tags: no span is scored, if they stand for tags of spans"
            )
            yield _finding(corpus, "note", "number-tags", problem, "--labels")


def _tags(corpus: Corpus) -> set[str]:
    return set(chain.from_iterable(sentence.tags or () for sentence in corpus.sentences))


def _finding(corpus: Corpus, level: Level, code: str, problem: str, option: str = "") -> Finding:
    lines = corpus.sentences[0].lines
    return Finding(level, code, corpus.path, lines[0] if lines else None, problem, option)


RULES: tuple[Callable[[Corpus, Scheme], Iterator[Finding]], ...] = (
    *(sentences_as_tokens, other_spans, affixes, several_tags, number_tags),
)
