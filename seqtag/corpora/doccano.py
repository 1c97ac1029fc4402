"""JSON lines of doccano: a text, and under ``label`` or ``labels`` its spans as [start, end, label].

Offsets count code points. An object without either key has no spans.
"""

from collections.abc import Iterator
from typing import Any

from seqtag.corpora.alignment import CharSpan, Marked
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document, beside
from seqtag.corpora.records import JsonWriter, first, marked_sentences, with_text
from seqtag.corpora.sentence import Sentence
from seqtag.support.quoting import quoted

_KEYS = ("label", "labels", "entities")
_EXPECTED = 'expected an object with "text", and "label" as a list of [start, end, label]'


def recognise(source: Source) -> bool:
    """Whether the first object is a text with a list of spans."""
    value = first(source)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str) or "tokens" in value:
        return False
    found = next((value[key] for key in _KEYS if isinstance(value.get(key), list)), None)
    return found is not None and all(isinstance(row, list) or _is_object(row) for row in found)


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 3 and [type(one) for one in row] == [int, int, str]


def _is_object(row: Any) -> bool:
    """Whether this is a span of a project with relations."""
    return isinstance(row, dict) and {"start_offset", "end_offset", "label"} <= row.keys()


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the objects, with their other keys as ``Sentence.extra``.

    Raises:
        DataError: A line is not such an object, or a span does not fit the tokens.
    """
    return marked_sentences(source, options, _parse)


def _parse(value: Any) -> Iterator[Marked]:
    value = with_text(value, _EXPECTED)
    key = next((key for key in _KEYS if key in value), "")
    rows = value.get(key) or []
    extra = {name: content for name, content in value.items() if name not in ("text", key)}
    if not isinstance(rows, list):
        raise ValueError(f'"{key}" is {quoted(rows)}; {_EXPECTED}')
    yield Marked(value["text"], [_span(row, key) for row in rows], extra=extra, key=key)


def _span(row: Any, key: str) -> CharSpan:
    found = [row["start_offset"], row["end_offset"], row["label"]] if _is_object(row) else row
    if not _is_row(found):
        raise ValueError(f'"{key}" holds {quoted(row)}; expected [start, end, label], as in [0, 4, "PER"]')
    return CharSpan(*found)


class DoccanoWriter(JsonWriter):
    """An object a line: the text, and its spans under ``label``."""

    def write(self, document: Document) -> None:
        """Writes a document."""
        answer = {
            "text": document.text,
            "label": [[entity.start, entity.end, entity.label] for entity in document.entities],
        }
        self.put(beside(document.extra, answer) | answer)
