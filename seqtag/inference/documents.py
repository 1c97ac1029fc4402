"""Texts of several sentences: tagged sentence by sentence, answered as one document."""

from collections.abc import Iterator, Sequence

from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.inference.tagger import SentenceTagger


def begin(
    tagger: SentenceTagger, texts: Sequence[Sentence], *, entities: bool = False, nbest: int = 0
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
    tagger: SentenceTagger, texts: Sequence[Sentence], answers: Iterator[Document]
) -> Iterator[Document]:
    for text in texts:
        found = [next(answers) for _ in _parts(text)]
        yield found[0] if text.parts is None else Document.joined(text, found, tagger.scheme)


def _parts(text: Sentence) -> tuple[Sentence, ...]:
    return (text,) if text.parts is None else text.parts
