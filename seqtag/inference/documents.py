"""Texts of several sentences: tagged sentence by sentence, answered as one document."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence, Words
from seqtag.corpora.spelling import Spelling
from seqtag.corpora.tags import Scheme


class SentenceModel(Protocol):
    """A model whose answer to a sentence is a document, such as a tagger."""

    @property
    def vocabulary(self) -> Any:
        """How text is read: `reading`, `tokenizer`, `cuts_raw_text` and `context`, as a `Vocabulary` has them."""
        ...

    @property
    def spelling(self) -> Spelling:
        """How the corpus spells tags."""
        ...

    @property
    def scheme(self) -> Scheme:
        """The scheme of the tags."""
        ...

    def begin(
        self, sentences: Sequence[Words], *, entities: bool = False, nbest: int = 0
    ) -> Iterator[Document]:
        """An answer for each sentence, in order; the work begins before the first one is asked for."""
        ...

    @property
    def most(self) -> float:
        """How many sequences of tags it can give for a sentence."""
        ...

    def check_nbest(self, nbest: int) -> None:
        """Raises UsageError if the model cannot give so many answers."""
        ...


def begin(
    tagger: SentenceModel, texts: Sequence[Sentence], *, entities: bool = False, nbest: int = 0
) -> Iterator[Document]:
    """An answer for each text, in order, as `SentenceTagger.begin` gives it.

    Args:
        tagger: The tagger.
        texts: The texts; one with `Sentence.parts` is tagged part by part.
        entities: Whether entities with their probability are wanted.
        nbest: How many sequences of tags are wanted for each text that is one sentence.
    """
    if all(text.parts is None for text in texts):
        return tagger.begin(texts, entities=entities, nbest=nbest)
    sentences = [sentence for text in texts for sentence in _parts(text)]
    answers = tagger.begin(sentences, entities=entities, nbest=nbest)
    return _joined(tagger, texts, answers)


def _joined(
    tagger: SentenceModel, texts: Sequence[Sentence], answers: Iterator[Document]
) -> Iterator[Document]:
    for text in texts:
        found = [next(answers) for _ in _parts(text)]
        yield found[0] if text.parts is None else Document.joined(text, found, tagger.scheme)


def _parts(text: Sentence) -> tuple[Sentence, ...]:
    return (text,) if text.parts is None else text.parts
