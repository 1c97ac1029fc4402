"""A document as HTML for notebooks: entities marked with their labels, plain tags above their tokens.

Colours are only a second cue beside the written label: Okabe and Ito's palette, which colour-blind people can tell
apart, as a line and a tint under text that keeps the notebook's own colour, so that it is readable on light and dark.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from seqtag.corpora.document import Document, Entity, Token

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442")
_MARK = "color:inherit;background:{0}33;border-bottom:2px solid {0};border-radius:3px;padding:0.1em 0.25em"
_LABEL = "font-size:0.7em;font-weight:bold;margin-inline-start:0.4em;user-select:none"


def drawn(document: "Document") -> str:
    """The document as an HTML fragment; everything that comes from text, tags or labels is escaped."""
    pieces = _entities(document) if document.scheme.is_spans else _tags(document)
    content = (
        "".join(pieces).encode("utf-8", "replace").decode("utf-8")
    )  # half a surrogate pair is no character
    return f'<div class="seqtag" dir="auto" style="white-space:pre-wrap;line-height:2">{content}</div>'


def _entities(document: "Document") -> Iterator[str]:
    colours = _colours(entity.label for entity in document.entities)
    at = 0
    for entity in document.entities:
        yield escape(document.text[at : entity.start])
        yield (
            f'<mark title="{_title(entity.label, entity)}" style="{_MARK.format(colours[entity.label])}">'
            f'{escape(entity.text)}<span style="{_LABEL}">{escape(entity.label)}</span></mark>'
        )
        at = entity.end
    yield escape(document.text[at:])


def _tags(document: "Document") -> Iterator[str]:
    colours = _colours(document.tags)
    at = 0
    for token in document.tokens:
        yield escape(document.text[at : token.start])
        yield (
            f'<ruby title="{_title(token.tag, token)}" style="border-bottom:2px solid {colours[token.tag]}">'
            f'{escape(token.text)}<rt style="user-select:none">{escape(token.tag)}</rt></ruby>'
        )
        at = token.end
    yield escape(document.text[at:])


def _title(label: str, of: "Entity | Token") -> str:
    """What shows when the mouse rests on it."""
    probability = "" if of.probability is None else f", probability {of.probability:.2f}"
    return escape(label + probability)


def _colours(labels: Iterable[str]) -> dict[str, str]:
    """A colour for each label: the same one in most documents, and no two alike while there are enough."""
    found: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        first = crc32(label.encode("utf-8", "replace")) % len(PALETTE)
        order = PALETTE[first:] + PALETTE[:first]
        found[label] = next((colour for colour in order if colour not in found.values()), order[0])
    return found
