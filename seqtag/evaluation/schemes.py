"""The scheme that gold and predicted tags are compared in, where they are written in different ones."""

from collections.abc import Iterable, Sequence
from itertools import chain

from seqtag.corpora import tags
from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import Rows
from seqtag.corpora.tags import Scheme, Span
from seqtag.support.errors import UsageError


def tags_of(corpus: Corpus) -> Rows:
    """The tags of a corpus."""
    return tuple(sentence.tags or () for sentence in corpus.sentences)


def _fits(column: Iterable[Sequence[str]], scheme: Scheme) -> bool:
    """Whether the scheme has all these tags, wherever they stand."""
    return all(map(scheme.has, set(chain.from_iterable(column))))


def closest(gold: Rows, own: Scheme) -> Scheme:
    """The scheme of a gold file that a model is scored on: the model's own unless another fits better.

    The letters alone do not tell: those of BIO are legal in BIOES and those of IOB1 in BIO, where they would
    read as ill-formed throughout.
    """
    found = tags.detect(gold)
    if not _fits(gold, own):
        return found
    if found == own or not found.is_spans:
        return own
    return found if _count_problems(gold, found) < _count_problems(gold, own) else own


def _count_problems(column: Rows, scheme: Scheme) -> int:
    return sum(len(tags.problems(row, scheme)) for row in column)


def shared(gold: Rows, predicted: Rows) -> Scheme:
    """The scheme of two files: the gold file's; the predictions only settle what it leaves open."""
    found = tags.detect(gold)
    joint = tags.detect(chain(gold, predicted))
    open_scheme = {tag for row in gold for tag in row} <= {"O"}
    open_spelling = joint.name == found.name and _fits(gold, joint)
    return joint if open_scheme or open_spelling else found


def in_scheme(raw: Rows, source: Scheme, target: Scheme) -> Rows:
    """A model's tags as the gold file would write them."""
    if source == target:
        return raw
    if source.is_spans:
        return tuple(tuple(tags.convert(row, source, target)) for row in raw)
    if not _fits(raw, target):
        illegal = next(tag for row in raw for tag in row if not _fits([[tag]], target))
        raise UsageError(
            f"The model predicts plain tags such as {illegal!r}, which are not {target.title} tags; "
            f"expected {target.expected()}. Score them as plain tags: --scheme plain."
        )
    return raw


def known_tags(known: Sequence[str], source: Scheme, target: Scheme) -> set[str]:
    """The tags that count as known in the gold file's scheme; if it is another, all those of a known type."""
    if source == target or not target.is_spans:
        return set(known)
    if not source.is_spans:
        return {tag for tag in known if _fits([[tag]], target)}
    pieces = [tags.split(tag, source) for tag in known]
    written = {"O"} if any(letter == "O" for letter, _ in pieces) else set()
    for label in {label for letter, label in pieces if letter != "O"}:
        # Long, short and adjacent spans bring out every letter of every scheme.
        written.update(tags.from_spans([Span(0, 3, label), Span(3, 4, label), Span(4, 6, label)], 6, target))
    return written
