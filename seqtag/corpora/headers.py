"""Header rows: the names of columns in the place of the first token and its tag."""

import re
from collections.abc import Collection, Sequence

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import SPAN_TAG

NAMES = frozenset(
    {
        *("id", "idx", "index", "no", "line", "sent", "sentence", "doc", "document"),
        *("word", "words", "token", "tokens", "form", "text", "term", "lemma", "lemmas", "surface"),
        *("tag", "tags", "pos", "upos", "xpos", "feats", "morph", "chunk", "chunks", "dep", "deprel", "head"),
        *("ner", "ne", "nel", "entity", "entities", "label", "labels", "slot", "slots", "class", "misc"),
        *("bio", "iob", "iob1", "iob2", "bioes", "iobes", "gold", "target", "annotation"),
    }
)
"""What columns are called in header rows, or how their names begin: `NE-COARSE-LIT`, `pos_tag`."""
CODE = "header-row"
LOOKS_LIKE = "the row looks like a header, not like a token"
_NAME = re.compile(r"[^\W\d_]+(?:[-_ ][^\W_]+)*")


def option(line: int) -> str:
    """The option that passes over a header in this line."""
    return f"--skip-rows {line}"


def are_names(cells: Sequence[str]) -> bool:
    """Whether a row with these columns looks like a header wherever it stands: all of them are called like columns."""
    return len(cells) > 1 and all(map(is_name, cells)) and len(set(map(str.isupper, cells))) == 1


def is_name(cell: str) -> bool:
    """Whether columns are called like this."""
    return re.split("[-_ ]", cell.lower(), maxsplit=1)[0] in NAMES and SPAN_TAG.fullmatch(cell) is None


def first_row_is_header(sentences: Sequence[Sentence]) -> bool:
    """Whether the first token of a corpus and its tag, which occurs nowhere else, look like names of columns."""
    first = sentences[0]
    if not (first.tags and first.lines and _NAME.fullmatch(first.tags[0]) and len(first.tags[0]) > 1):
        return False
    token, tag = first.tokens[0], first.tags[0]
    if not _NAME.fullmatch(token) or tag in first.tags[1:]:
        return False
    others = set(first.tags[1:])
    for sentence in sentences[1:]:
        others.update(sentence.tags or ())
    return _is_header(token, tag, others)


def _is_header(token: str, tag: str, others: Collection[str]) -> bool:
    spelt_like_an_other = any(other.lower().endswith(tag.lower()) for other in others)
    if not others or SPAN_TAG.fullmatch(tag) or spelt_like_an_other or token.isupper() != tag.isupper():
        return False
    spans = all(other == "O" or SPAN_TAG.fullmatch(other) for other in others)
    unlike = spans or (tag.islower() and not any(map(str.islower, others)))
    named = is_name(token) + is_name(tag)
    return named == 2 or (unlike and (named == 1 or (token + tag).islower()))
