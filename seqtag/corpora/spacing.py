"""Corpora whose words raw text does not set off by spaces, so that no tokenizer here finds them."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from seqtag.corpora.base import Source
from seqtag.corpora.characters import are_characters, have_places
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus

MISMATCH = "raw-text-mismatch"
NO_SPACES = "its words are not set off by spaces in running text"
UNLIKE = "raw text is cut into other tokens than this model was trained on; it needs text that is tokenised"
INSTEAD = "--input-format conll, or another --tokenizer"
ENOUGH = 200  # sentences of CoNLL-U
NO_SPACE = "SpaceAfter=No"
UNSPACED = 0.5  # of the words
COMPOUND = 0.02  # of the tokens
# Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_COMPOUND = re.compile(r"[^\W\d_]{2,}(?:[ _][^\W\d_]{2,})+")


def mismatch(corpus: Corpus) -> Finding | None:
    """What a model of the corpus could not do with raw text; None if there is no sign of it."""
    for finding in corpus.findings:
        if finding.code == MISMATCH:
            return finding
    counts: Counter[str] = Counter()
    for sentence in corpus.sentences:
        counts.update(sentence.tokens)
    words = sum(count for token, count in counts.items() if token[0].isalpha())
    unspaced = sum(count for token, count in counts.items() if _UNSPACED.match(token))
    if unspaced > UNSPACED * words:
        if are_characters(counts) or have_places(corpus.sentences):
            return None
        return _finding(corpus.path, NO_SPACES)
    compounds = {token: count for token, count in counts.items() if _COMPOUND.fullmatch(token)}
    if sum(compounds.values()) > COMPOUND * counts.total():
        example = max(compounds, key=lambda token: (compounds[token], token))
        return _finding(corpus.path, f"many of its tokens are several words, such as {example!r}")
    return None


class Spacing:
    """How often two words of letters stand side by side without a space, in the first sentences of a CoNLL-U file.

    Args:
        source: The file.
        token: The column of tokens.
        misc: The column that says so; None if there is none.
    """

    def __init__(self, source: Source, token: int, misc: int | None) -> None:
        self._source = source
        self._token = token
        self._misc = misc
        self._sentences = self._tight = self._all = 0

    @property
    def is_done(self) -> bool:
        """Whether no further sentence is needed."""
        return self._misc is None or self._sentences >= ENOUGH

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Looks at a sentence."""
        if self._misc is None or self.is_done:
            return
        self._sentences += 1
        for row, following in pairwise(rows):
            if row[self._token][-1].isalpha() and following[self._token][0].isalpha():
                self._all += 1
                self._tight += NO_SPACE in row[self._misc]

    def report(self) -> None:
        """Tells if most of them do."""
        if 2 * self._tight > self._all:
            self._source.report(MISMATCH, None, _message(NO_SPACES), INSTEAD, level="note")


def _finding(file: str, problem: str) -> Finding:
    return Finding("note", MISMATCH, file, None, _message(problem), INSTEAD)


def _message(problem: str) -> str:
    """What the problem means for raw text."""
    return f"{problem}: raw text cannot be cut into such tokens, so `predict` needs text that is tokenised"
