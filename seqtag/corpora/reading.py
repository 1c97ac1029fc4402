"""Corpora: files of tokens and tags, each format read into the same shape of sentence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from os import PathLike

from seqtag.corpora import conllu
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, split
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError, suggest
from seqtag.support.lines import lines as numbered_lines
from seqtag.support.lines import shown
from seqtag.support.quoting import CONTROLS, quoted

__all__ = ["Corpus", "Sentence", "check_tags", "read_corpus", "sentences"]


@dataclass(frozen=True)
class Corpus:
    """A corpus file in memory.

    Attributes:
        path: The file, as messages name it.
        sentences: All its sentences, in order.
    """

    path: str
    sentences: tuple[Sentence, ...]

    @property
    def tokens(self) -> int:
        """How many tokens the sentences have together."""
        return sum(map(len, self.sentences))


def sentences(
    path: str | PathLike[str],
    *,
    format: str = "auto",
    token_column: int | str | None = None,
    tag_column: int | str | None = None,
    with_tags: bool = True,
    feature_columns: Sequence[int | str] = (),
) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Args:
        path: The file; gzip is read as well, "-" is standard input.
        format: "conll", "conllu", or "auto" to go by the file name, the columns asked for and the first rows.
        token_column: From 1, or from -1 backwards, or the name of a CoNLL-U field; the format's default if
            None.
        tag_column: Likewise.
        with_tags: False for a file without tags, or whose tags are not wanted.
        feature_columns: Columns to hand over as ``Sentence.columns``.

    Raises:
        UsageError: An unknown format, or columns that make no sense.
        DataError: The file cannot be read, or a row is malformed.
    """
    numbered = numbered_lines(path)
    if format == "auto":
        format, numbered = _recognise(path, [token_column, tag_column, *feature_columns], numbered)
    if not registry.knows(registry.READERS, format):
        known = ["auto", *registry.known(registry.READERS)]
        raise UsageError(f"Unknown corpus format {format!r}.{suggest(format, known)}")
    found: Iterator[Sentence] = registry.load(registry.READERS, format)(
        numbered,
        shown(path),
        token_column=token_column,
        tag_column=tag_column,
        with_tags=with_tags,
        feature_columns=feature_columns,
    )
    return found


def _recognise(
    path: str | PathLike[str], columns: Sequence[int | str | None], numbered: Iterator[tuple[int, str]]
) -> tuple[str, Iterator[tuple[int, str]]]:
    """The format, and all the lines including those that had to be read to tell it."""
    name = str(path).lower().removesuffix(".gz")
    if name.endswith(".conllu") or any(str(column).lower() in conllu.FIELDS for column in columns):
        return "conllu", numbered
    head: list[tuple[int, str]] = []
    words = 0
    for number, row in numbered:
        head.append((number, row))
        if not row.strip():
            if words:
                break  # a whole sentence of CoNLL-U rows that count 1, 2, 3
        elif not row.startswith("#"):
            fields = row.split("\t")
            is_word = fields[0] == str(words + 1)
            is_row = is_word or conllu.is_range_or_empty(fields[0], words)
            if len(fields) != len(conllu.FIELDS) or not is_row:
                return "conll", chain(head, numbered)
            words += is_word
    return ("conllu" if words else "conll"), chain(head, numbered)


def read_corpus(
    path: str | PathLike[str],
    *,
    format: str = "auto",
    token_column: int | str | None = None,
    tag_column: int | str | None = None,
    with_tags: bool = True,
    feature_columns: Sequence[int | str] = (),
) -> Corpus:
    """A whole file, as ``sentences`` reads it.

    Raises:
        DataError: There is no sentence in it, or a tag holds a control character.
    """
    found = tuple(
        sentences(
            path,
            format=format,
            token_column=token_column,
            tag_column=tag_column,
            with_tags=with_tags,
            feature_columns=feature_columns,
        )
    )
    if not found:
        raise DataError(shown(path), None, "there is no sentence in the file")
    corpus = Corpus(shown(path), found)
    _check_each(corpus, _without_controls)
    return corpus


def _without_controls(tag: str) -> None:
    if CONTROLS.search(tag):
        raise ValueError(f"the tag {quoted(tag)} holds a control character")


def check_tags(corpus: Corpus, scheme: Scheme) -> None:
    """DataError at the first tag that the scheme does not have; a tag in an ill-formed place is none."""
    if scheme.is_spans:
        _check_each(corpus, lambda tag: split(tag, scheme))


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
