"""A spaCy pipeline component: `nlp.add_pipe("seqtag", config={"model": "model"})`.

Needs spaCy 3.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from spacy.language import Language
from spacy.parts_of_speech import IDS
from spacy.tokens import Doc, Span

from seqtag.api.tagging import Tagger
from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence


class SeqtagComponent:
    """Tags spaCy's own tokens with a seqtag model: sets `doc.ents`, or each token's tag if the model has plain tags.

    A model whose tags are all universal parts of speech sets `token.pos_`, any other model of plain tags sets
    `token.tag_`. Sentences are those of the document if an earlier component has set them, else the document is one
    sentence. Tokens of white space are skipped: they are in no entity's edge, and their tag is spaCy's own for them.

    Args:
        model: The model folder.
        threads: Threads that tag side by side. One lets `nlp.pipe(n_process=...)` fork the process safely.
        overwrite_ents: What happens to entities that the document has: False keeps them and drops those of the model
            that overlap them; True does the opposite.
    """

    def __init__(self, model: str, *, threads: int = 1, overwrite_ents: bool = False) -> None:
        self._tagger = Tagger(model, threads=threads)
        self._overwrite = overwrite_ents

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the component can set."""
        return self._tagger.labels

    def __call__(self, doc: Doc) -> Doc:
        """Tags one document."""
        return next(self.pipe([doc]))

    def pipe(self, docs: Iterable[Doc], batch_size: int = 128) -> Iterator[Doc]:
        """Tags documents, `batch_size` of them together."""
        remaining = iter(docs)
        while batch := list(islice(remaining, batch_size)):
            sentences = [list(_sentences(doc)) for doc in batch]
            answers = iter(
                self._tagger.tag(
                    Sentence(tuple(token.text for token in row), starts_document=at == 0)
                    for rows in sentences
                    for at, row in enumerate(rows)
                )
            )
            for doc, rows in zip(batch, sentences, strict=True):
                self._annotate(doc, [(row, next(answers)) for row in rows])
                yield doc

    def _annotate(self, doc: Doc, sentences: list[tuple[Any, Document]]) -> None:
        if self._tagger.is_spans:
            self._set_entities(doc, sentences)
        else:
            self._set_tags(doc, sentences)

    def _set_entities(self, doc: Doc, sentences: list[tuple[Any, Document]]) -> None:
        found = [
            Span(doc, tokens[entity.start_token].i, tokens[entity.end_token - 1].i + 1, label=entity.label)
            for tokens, answer in sentences
            for entity in answer.entities
        ]
        first, second = (found, doc.ents) if self._overwrite else (doc.ents, found)
        taken = {token.i for span in first for token in span}
        doc.set_ents([*first, *(span for span in second if taken.isdisjoint(range(span.start, span.end)))])

    def _set_tags(self, doc: Doc, sentences: list[tuple[Any, Document]]) -> None:
        universal = set(IDS).issuperset(self._tagger.labels)
        for token in doc:
            if token.is_space:
                token.pos_, token.tag_ = ("SPACE", token.tag_) if universal else (token.pos_, "_SP")
        for tokens, answer in sentences:
            for token, tag in zip(tokens, answer.tags, strict=True):
                if universal:
                    token.pos_ = tag
                else:
                    token.tag_ = tag


def _sentences(doc: Doc) -> Iterator[list[Any]]:
    """The tokens of each sentence, without those of white space."""
    for sentence in doc.sents if doc.has_annotation("SENT_START") else [doc]:
        if tokens := [token for token in sentence if not token.is_space]:
            yield tokens


def create(nlp: Language, name: str, model: str, threads: int, overwrite_ents: bool) -> SeqtagComponent:
    """The component; spaCy finds this module by its entry point and calls the function with the config."""
    return SeqtagComponent(model, threads=threads, overwrite_ents=overwrite_ents)


Language.factory(
    "seqtag",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "token.tag", "token.pos"],
    default_config={"threads": 1, "overwrite_ents": False},
    func=create,
)
