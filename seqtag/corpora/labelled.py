"""Files as the sentences of a language model that is conditioned on labels: tokens, and the label of each sentence."""

from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex, overload

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import sentences as read
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.sentence_labels import check_labels
from seqtag.corpora.units import Units
from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted

MOST_NAMED = 10  # keys that a message names
ANOTHER_KEY = "--label-key or the setting label_key chooses one"


class LabelledTokens(list[str]):
    """The tokens of a sentence with the label of the sentence. A slice keeps the label; another list of them has none.

    Args:
        tokens: The tokens.
        label: The label.

    Example:
        >>> LabelledTokens(["play", "some", "jazz"], "PlayMusic")[:2].label
        'PlayMusic'
    """

    def __init__(self, tokens: Iterable[str], label: str) -> None:
        super().__init__(tokens)
        self.label = label

    @overload
    def __getitem__(self, at: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> "LabelledTokens": ...
    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return LabelledTokens(found, self.label) if isinstance(at, slice) else found


def labelled_sentences(
    path: str,
    units: Units,
    key: str,
    format: str | None = None,
    report: Report = ignore,
    remedy: str = ANOTHER_KEY,
) -> Iterator[tuple[int, LabelledTokens]]:
    """The sentences of a file with their labels, each with the number of its first line.

    Args:
        path: A corpus whose sentences have labels, of which only tokens and labels are taken; "-" is standard input.
        units: What the tokens are.
        key: The key of comments or objects, or the column, that holds the labels.
        format: A format in `registry.FORMATS`; None to go by the name and the first lines of the file.
        report: Receives what is odd about the file, while it is read.
        remedy: What to do about a sentence without a label, for the message.

    Raises:
        DataError: The file cannot be read, or a sentence has no label, several, or no tokens.
    """
    source = Source(path, report=report)
    options = ReadOptions(format=format or "auto", with_tags=False, tokenizer=units.tokenizer, label_key=key)
    for sentence in read(source, options):
        tokens = units.of(" ".join(sentence.tokens).split())  # a token of a corpus may hold a space
        if not tokens and not sentence.labels:
            continue
        label = _label(sentence, source, key, remedy)
        if not tokens:
            raise DataError(source.name, _line(sentence), f"the label {quoted(label)} has no tokens")
        yield _line(sentence) or 0, LabelledTokens(tokens, label)


def _label(sentence: Sentence, source: Source, key: str, remedy: str) -> str:
    """The only label of a sentence; DataError for another number of them."""
    if len(sentence.labels) == 1:
        check_labels([sentence], source.name)
        return sentence.labels[0]
    if sentence.labels:
        listed = ", ".join(map(quoted, sentence.labels[:MOST_NAMED]))
        problem = f"the sentence has {len(sentence.labels)} labels, {listed}; expected one"
        raise DataError(source.name, _line(sentence), problem)
    keys = ", ".join(map(quoted, sorted(source.keys - {key})[:MOST_NAMED]))
    others = f"; keys of the file: {keys}" if keys else ""
    problem = f"the sentence has no label; expected one under the key {quoted(key)}{others} ({remedy})"
    raise DataError(source.name, _line(sentence), problem)


def _line(sentence: Sentence) -> int | None:
    return sentence.lines[0] if sentence.lines else None
