"""Binary training data of spaCy (``DocBin``, files `.spacy`); needs spaCy, which is imported when it is used.

The lines of its sentences are the numbers of their documents, from 1.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from seqtag.corpora.alignment import CROSSING, CharSpan, Marked, as_sentence
from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.support import lines
from seqtag.support.errors import DataError, UsageError
from seqtag.support.quoting import one_line
from seqtag.support.unpacking import without_ending

COLUMNS = ("ents", "tag", "pos")


def recognise(source: Source) -> bool:
    """Whether the file is named so."""
    return without_ending(source.path).endswith(".spacy")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of the documents, or whole documents where no sentences are set, with spaCy's own tokens but for
    those of white space. Tags are those of the entities, or with ``--tag-column tag`` or ``pos`` those of the tokens.

    Raises:
        UsageError: Another column is asked for.
        DataError: The file is no DocBin, or a document has no such tags.
        ImportError: spaCy is not installed.
    """
    column = str(options.tag_column or COLUMNS[0]).lower()
    if column not in COLUMNS:
        raise UsageError(
            f"Unknown column {options.tag_column!r}: the tags of a DocBin are {', '.join(COLUMNS)}."
        )
    for number, doc in enumerate(_docs(source), 1):
        for sentence in _parts(doc):
            try:
                marked = _marked(sentence, column if options.with_tags else None)
            except ValueError as problem:
                raise DataError(source.name, number, str(problem)) from problem
            yield as_sentence(source, number, marked, options)


def _docs(source: Source) -> Iterator[Any]:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    if str(source.path) == "-":
        raise UsageError("A DocBin cannot be read from stdin; name its file.")
    content = lines.content(source.path)
    try:
        yield from DocBin().from_bytes(content).get_docs(Vocab())
    except Exception as problem:  # of zlib, of msgpack, of spaCy: whatever a damaged file leads to
        raise DataError(source.name, None, f"is no DocBin of spaCy ({one_line(problem)})") from problem


def _parts(doc: Any) -> list[Any]:
    """The sentences of a document if it has several, else all of it."""
    parts = list(doc.sents) if doc.has_annotation("SENT_START") else []
    return parts if len(parts) > 1 else [doc]


def _marked(part: Any, column: str | None) -> Marked:
    """A document or a sentence of one."""
    doc = part if hasattr(part, "user_data") else part.doc
    base = 0 if part is doc else part.start_char
    tokens = [token for token in part if token.text.strip()]
    words = [token.text for token in tokens]
    if column is None:
        return Marked(part.text, words=words)
    if column == "ents":
        if tokens and not doc.has_annotation("ENT_IOB"):
            raise ValueError(
                "the document has no entities set; --tag-column tag or pos reads the tags of its tokens"
            )
        end = base + len(part.text)
        spans = [
            CharSpan(
                max(one.start_char, base) - base,
                min(one.end_char, end) - base,
                one.label_,
                None if base <= one.start_char and one.end_char <= end else CROSSING,
            )
            for one in doc.ents
            if one.start_char < end and base < one.end_char
        ]
        return Marked(part.text, spans, words)
    tags = [token.tag_ if column == "tag" else token.pos_ for token in tokens]
    if not all(tags):
        raise ValueError(f"a token has no {column}")
    return Marked(part.text, words=words, tags=tags)


class DocBinExporter:
    """All documents in one DocBin: entities as such, plain tags as the ``tag`` of the tokens.

    Args:
        stream: Where it goes.
    """

    probabilities = True

    def __init__(self, stream: BinaryIO) -> None:
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab

        self._stream, self._vocab, self._found = stream, Vocab(), DocBin()

    def write(self, document: Document) -> None:
        """Adds a document; Unwritable for an entity without a label."""
        from spacy.tokens import Doc, Span

        from seqtag.corpora.spacy_json import pieces

        rows = pieces(document)
        text, ends = document.text, [*(start for start, _, _ in rows[1:]), len(document.text)][: len(rows)]
        plain = not document.scheme.is_spans
        doc = Doc(
            self._vocab,
            words=[text[start:end] for start, end, _ in rows],
            spaces=[end < until for (_, end, _), until in zip(rows, ends, strict=True)],
            tags=[document.tags[at] if at is not None else "" for _, _, at in rows] if plain else None,
        )
        place = {at: number for number, (_, _, at) in enumerate(rows)}
        if not all(entity.label for entity in document.entities):
            raise Unwritable(
                document.lines[0] if document.lines else None, "an entity of spaCy needs a label."
            )
        if not plain:
            doc.set_ents(
                [
                    Span(doc, place[one.start_token], place[one.end_token - 1] + 1, one.label)
                    for one in document.entities
                ]
            )
        self._found.add(doc)

    def finish(self) -> None:
        """Writes them."""
        self._stream.write(self._found.to_bytes())
