"""The first rows of a corpus, by which a finding about a column names the one to read in its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqtag.corpora.tags import SPAN_TAG


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The first rows of a corpus in columns; none where the format has no columns, or they have names.

    Attributes:
        rows: The rows, each of as many columns.
        token: The position of the tokens that were read, from 0.
        tag: That of the tags; None if they were not read.
        attribute: Where columns have names: the column or the attribute in one that holds span tags, such as "ner" or
            "misc:name".
    """

    rows: tuple[tuple[str, ...], ...] = ()
    token: int = 0
    tag: int | None = None
    attribute: str = ""

    def words_column(self) -> int | None:
        """The column, from 1, of most different words, if there is one beside those that were read."""
        counts = {
            at: len(set(cells))
            for at, cells in enumerate(zip(*self.rows, strict=True))
            if at not in (self.token, self.tag) and _are_words(cells)
        }
        return max(counts, key=lambda at: counts[at]) + 1 if counts else None

    def spans_column(self) -> int | str | None:
        """The first column, from 1, of span tags, or the attribute, if there is one beside what was read; the first row
        may be a header.
        """
        if self.attribute:
            return self.attribute
        for at, cells in enumerate(zip(*self.rows, strict=True)):
            if at not in (self.token, self.tag) and any(map(are_span_tags, (set(cells), set(cells[1:])))):
                return at + 1
        return None


def _are_words(cells: Sequence[str]) -> bool:
    with_letters = sum(any(map(str.isalpha, cell)) for cell in cells)
    return 2 * with_letters > len(cells) and not any(map(SPAN_TAG.fullmatch, cells))


def are_span_tags(texts: set[str]) -> bool:
    """Whether texts are tags of spans and O, and not O alone."""
    return bool(texts - {"O"}) and all(text == "O" or SPAN_TAG.fullmatch(text) for text in texts)
