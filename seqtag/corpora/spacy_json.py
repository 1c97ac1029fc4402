"""JSON of spaCy: objects as ``Doc.to_json`` makes them, pairs of a text and its entities, and Prodigy's spans.

======================================================  ==============================================
``{"text": ..., "ents": [...], "tokens": [...]}``       spaCy's own; ``spans`` for ``ents`` is Prodigy's
``["text", {"entities": [[0, 4, "LOC"]]}]``             training data of the older releases
``{"annotations": [["text", {"entities": ...}]]}``      the same, as some annotation tools save it
``{"paragraphs": [{"sentences": [{"tokens": ...}]}]}``  training data of spaCy 2, with ``orth`` and ``ner``
======================================================  ==============================================

Each may be a line of its own, or all of them one list. Offsets count code points.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from seqtag.corpora.alignment import CharSpan, Marked, check_places
from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document, beside
from seqtag.corpora.records import JsonWriter, first, marked_sentences, with_text
from seqtag.corpora.sentence import Sentence
from seqtag.support.quoting import quoted

_KEYS = ("ents", "spans")
_EXPECTED = 'expected {"text", "ents"} with {"start", "end", "label"}, or ["text", {"entities": [[start, end, label]]}]'


def recognise(source: Source) -> bool:
    """Whether the first value is one of these."""
    value = first(source)
    if _is_pair(value):
        return True
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("paragraphs"), list):
        return any(isinstance(one, dict) and "sentences" in one for one in value["paragraphs"])
    if isinstance(value.get("annotations"), list):
        return any(map(_is_pair, value["annotations"]))
    found = next((value[key] for key in _KEYS if isinstance(value.get(key), list)), None)
    return isinstance(value.get("text"), str) and found is not None and all(map(_is_span, found))


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], dict)
        and isinstance(value[1].get("entities"), list)
    )


def _is_span(row: Any) -> bool:
    return isinstance(row, dict) and {"start", "end", "label"} <= row.keys()


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences: a text each, with the tokens that it has, or else cut by the tokenizer.

    With ``--tag-column tag`` or another key of the tokens, such as ``pos``, their tags are read in place of entities.

    Raises:
        DataError: The file is not such JSON, or a span does not fit the tokens.
    """
    key = None if options.tag_column is None else str(options.tag_column)

    def parse(value: Any) -> Iterator[Marked]:
        if isinstance(value, dict) and "paragraphs" in value:
            return _of_version_2(value, key or "ner", options.with_tags)
        return _parse(value, key)

    return marked_sentences(source, options, parse)


def _parse(value: Any, tag_key: str | None) -> Iterator[Marked]:
    if isinstance(value, dict) and isinstance(value.get("annotations"), list) and "text" not in value:
        for one in value["annotations"]:
            if one is not None:  # of a line that was not annotated
                yield from _parse(one, tag_key)
        return
    if _is_pair(value):
        text, rest = value
        extra = {name: content for name, content in rest.items() if name != "entities"}
        yield Marked(text, [_span(row, "entities") for row in rest["entities"]], extra=extra, key="entities")
        return
    yield _of_object(with_text(value, _EXPECTED), tag_key)


def _of_version_2(value: Mapping[str, Any], tag_key: str, with_tags: bool) -> Iterator[Marked]:
    """The sentences of the paragraphs of a document, without tokens of white space."""
    try:
        found = [one["tokens"] for paragraph in value["paragraphs"] for one in paragraph["sentences"]]
        rows = [[(token["orth"], token.get(tag_key)) for token in tokens] for tokens in found]
    except (AttributeError, KeyError, TypeError):
        raise ValueError('expected "paragraphs" of "sentences" of "tokens" with "orth"') from None
    for row in rows:
        if not all(isinstance(word, str) for word, _ in row):
            raise ValueError('the "orth" of a token is not a string')
        words = [word for word, _ in row if word.strip()]
        tags = [tag for word, tag in row if word.strip()]
        if with_tags and not all(isinstance(tag, str) and tag for tag in tags):
            raise ValueError(f"the tokens have no {quoted(tag_key)}, or not all of them")
        yield Marked(" ".join(words), (), words, [str(tag) for tag in tags])


def _of_object(value: Mapping[str, Any], tag_key: str | None) -> Marked:
    text, key = value["text"], next((key for key in _KEYS if key in value), "")
    rows = value.get(key) or []
    if not isinstance(rows, list):
        raise ValueError(f'"{key}" is {quoted(rows)}; {_EXPECTED}')
    taken = ("text", "tokens", "sents", *([] if tag_key and rows else [key]))
    extra = {name: content for name, content in value.items() if name not in taken}
    tokens = _tokens(text, value["tokens"]) if value.get("tokens") else None
    words = None if tokens is None else [text[token["start"] : token["end"]] for token in tokens]
    if tag_key is None:
        return Marked(text, [_span(row, key) for row in rows], words, extra=extra, key=key)
    tags = [token.get(tag_key) for token in tokens or ()]
    if tokens is None or not all(isinstance(tag, str) and tag for tag in tags):
        raise ValueError(f"the tokens have no {quoted(tag_key)}, or not all of them")
    return Marked(text, (), words, [str(tag) for tag in tags], extra)


def _tokens(text: str, rows: Any) -> list[dict[str, Any]]:
    """The tokens but for those of white space, which spaCy makes of what lies beyond one space."""
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and type(row.get("start")) is int and type(row.get("end")) is int
        for row in rows
    ):
        raise ValueError('expected "tokens" as a list of objects with "start" and "end"')
    kept = [row for row in rows if text[row["start"] : row["end"]].strip()]
    words = [text[row["start"] : row["end"]] for row in kept]
    check_places(text, words, [(row["start"], row["end"]) for row in kept])
    return kept


def _span(row: Any, key: str) -> CharSpan:
    found = [row["start"], row["end"], row["label"]] if _is_span(row) else row
    if not isinstance(found, list) or [type(one) for one in found] != [int, int, str]:
        raise ValueError(f'"{key}" holds {quoted(row)}; {_EXPECTED}')
    return CharSpan(*found)


class SpacyJsonWriter(JsonWriter):
    """An object a line, which ``Doc.from_json`` reads; plain tags are the ``tag`` of the tokens."""

    def write(self, document: Document) -> None:
        """Writes a document."""
        answer: dict[str, Any] = {"text": document.text, "ents": [], "tokens": _token_rows(document)}
        if document.scheme.is_spans:
            answer["ents"] = [
                {"start": entity.start, "end": entity.end, "label": entity.label}
                for entity in document.entities
            ]
        self.put(beside(document.extra, answer) | answer)


def _token_rows(document: Document) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, (start, end, at) in enumerate(pieces(document)):
        row: dict[str, Any] = {"id": number, "start": start, "end": end}
        rows.append(row if at is None or document.scheme.is_spans else row | {"tag": document.tags[at]})
    return rows


def pieces(document: Document) -> list[tuple[int, int, int | None]]:
    """The start and end of each of spaCy's tokens, and which of the document's it is: None for one of white space.

    SpaCy knows only one space, and only after a token; what else there is must be a token.

    Raises:
        Unwritable: A token is white space alone, and could not be told from what stands between tokens.
    """
    if not all(map(str.strip, document.words)):
        line = document.lines[0] if document.lines else None
        raise Unwritable(
            line, "a token is white space alone, which spaCy's formats hold between tokens only."
        )
    found: list[tuple[int, int, int | None]] = []
    places = [*document.offsets, (len(document.text), len(document.text))]
    until = 0
    for at, (start, end) in enumerate(places):
        after = until + 1 if until > 0 and document.text[until:start].startswith(" ") else until
        if after < start:
            found.append((after, start, None))
        if at < len(document.words):
            found.append((start, end, at))
        until = end
    return found
