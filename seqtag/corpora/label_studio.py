"""JSON of Label Studio: a list of tasks with a text and annotations, in full or as its "JSON-MIN" export.

What a model predicts goes out as predictions, which Label Studio shows to annotators, with probabilities as scores.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from seqtag.corpora.alignment import CharSpan, Marked
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.document import Document, Entity, beside
from seqtag.corpora.records import JsonWriter, first, marked_sentences, not_an_object
from seqtag.corpora.sentence import Sentence
from seqtag.support.quoting import counted, quoted

_EXPECTED = 'expected a task with "data" and "annotations", or with "text" and "label"'


def recognise(source: Source) -> bool:
    """Whether the first task has annotations, or a text with labels."""
    value = first(source)
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("data"), dict):
        return isinstance(value.get("annotations", value.get("predictions")), list)
    found = value.get("label")
    return (
        isinstance(value.get("text"), str)
        and isinstance(found, list)
        and bool(found)
        and all(isinstance(row, dict) and {"start", "end", "labels"} <= row.keys() for row in found)
    )


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences: the text of a task each, with the other fields of its data as ``Sentence.extra``.

    Raises:
        DataError: The file is not such JSON, has two texts or two annotations of one task, or a span does not fit.
    """
    empty = predicted = 0

    def parse(value: Any) -> Iterator[Marked]:
        nonlocal empty, predicted
        empty += options.with_tags and _is_without_annotation(value)
        predicted += options.with_tags and _is_predicted(value)
        return _parse(value)

    yield from marked_sentences(source, options, parse)
    if empty:
        problem = f"{counted(empty, 'task')} without an annotation that counts: read as text without spans"
        source.report("not-annotated", None, problem)
    if predicted:
        problem = (
            f"{counted(predicted, 'task')} with predictions of a model alone: read as if these were right"
        )
        source.report("not-annotated", None, problem)


def _is_predicted(value: Any) -> bool:
    return isinstance(value, dict) and "annotations" not in value and bool(value.get("predictions"))


def _is_without_annotation(value: Any) -> bool:
    found = value.get("annotations") if isinstance(value, dict) else None
    return isinstance(found, list) and all(
        isinstance(one, dict) and one.get("was_cancelled") for one in found
    )


def _parse(value: Any) -> Iterator[Marked]:
    if not isinstance(value, dict):
        raise ValueError(f"{not_an_object(value)}; {_EXPECTED}")
    if isinstance(value.get("data"), dict):
        data = value["data"]
        rows = _results(value.get("annotations", value.get("predictions")))
        key = _text_key(data, rows)
        values = [row.get("value") for row in rows]
    else:
        data, key, values = value, "text", value.get("label") or []
        data = {name: content for name, content in data.items() if name != "label"}
    text = data.get(key)
    if not isinstance(text, str) or not isinstance(values, list):
        raise ValueError(_EXPECTED)
    spans = [span for one in values for span in _spans(one, text)]
    yield Marked(text, spans, extra={name: content for name, content in data.items() if name != key})


def _results(annotations: Any) -> list[dict[str, Any]]:
    """The labelled spans of the one annotation of a task that was not cancelled."""
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        raise ValueError(_EXPECTED)
    kept = [one.get("result") for one in annotations if not one.get("was_cancelled")]
    if len(kept) > 1:
        raise ValueError(f"the task has {len(kept)} annotations; expected one: export the one that counts")
    rows = kept[0] if kept else []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(_EXPECTED)
    return [row for row in rows if str(row.get("type", "labels")).endswith("labels")]  # others are refused


def _text_key(data: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """The field of a task that holds its text: "text", or the only one that is a text."""
    texts = [name for name, content in data.items() if isinstance(content, str)]
    if "text" in texts or not texts:
        return "text"
    if len(texts) > 1:
        raise ValueError(f"the data have several texts, {quoted(texts)}; expected one, or one called text")
    return texts[0]


def _spans(value: Any, text: str) -> Iterator[CharSpan]:
    """The spans of a labelled stretch: one for each label that it has."""
    match value:
        case {"start": int(start), "end": int(end), "labels": [*labels]} if all(
            isinstance(label, str) for label in labels
        ):
            said = value.get("text", text[start:end])
            if said != text[start:end]:
                start, end = _from_utf16(text, start), _from_utf16(text, end)
            if said != text[start:end]:
                raise ValueError(
                    f"the span {value['start']}-{value['end']} is said to be {quoted(said)}; the text has "
                    f"{quoted(text[value['start'] : value['end']])} there"
                )
            for label in labels:
                yield CharSpan(start, end, str(label))
        case _:
            raise ValueError(f"{quoted(value)} is not a labelled span; expected start, end and labels")


def _from_utf16(text: str, place: int) -> int:
    """The code point at a place that counts as JavaScript does, where characters beyond U+FFFF are two."""
    return len(text.encode("utf-16-le")[: 2 * place].decode("utf-16-le", "ignore"))


class LabelStudioWriter(JsonWriter):
    """A list of tasks, ready to be imported."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._before = "[\n"

    def write(self, document: Document) -> None:
        """Writes a document."""
        text = {"text": document.text}
        found: dict[str, Any] = {"result": [_result(entity) for entity in document.entities]}
        if document.probabilities and document.entities:
            found["score"] = min(row["score"] for row in found["result"])
        task = {
            "data": beside(document.extra, text) | text,
            "predictions" if document.probabilities else "annotations": [found],
        }
        self._stream.write(self._before)
        self.put(task, end="")
        self._before = ",\n"

    def finish(self) -> None:
        """Ends the list."""
        self._stream.write("[]\n" if self._before == "[\n" else "\n]\n")


def _result(entity: Entity) -> dict[str, Any]:
    value = {"start": entity.start, "end": entity.end, "text": entity.text, "labels": [entity.label]}
    row = {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
    return row if entity.probability is None else row | {"score": round(entity.probability, 4)}
