"""Sentences answered by a model, file by file: what tasks share whose answers are documents."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self, TextIO

from seqtag.corpora.base import Source, Writer
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding, Report
from seqtag.corpora.recognition import format_to_tag, sentences_to_tag
from seqtag.corpora.running_text import LINES
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import types
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.inference import documents as texts
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.support.lines import shown
from seqtag.tasks.use import Abilities, Given, PredictionOrder


class SentencePredictor:
    """A tagger, or another model whose answers are documents, that is ready to answer files.

    Args:
        tagger: The model.
        order: What is wanted.

    Raises:
        Error: The model cannot give so many sequences.
    """

    reads_sources = True

    def __init__(self, tagger: texts.SentenceModel, order: PredictionOrder) -> None:
        tagger.check_nbest(order.nbest)
        if order.min_probability > 0 and not tagger.scheme.is_spans:
            raise UsageError(
                "--min-probability drops entities; the model's tags are plain, one for each token."
            )
        self._tagger = tagger
        self._order = order
        self._format: type[Writer] = registry.load(registry.FORMATS, order.output_format, "writer")
        tokenizer = order.tokenizer
        self._splitter = Tokenizer(tokenizer) if tokenizer else tagger.vocabulary.tokenizer
        self._only_raw = (
            "--tokenizer" if tokenizer is not None else "--sentences" if order.splitting != LINES else ""
        )
        self._mismatch = _Mismatch(tagger.vocabulary.cuts_raw_text or tokenizer is not None, order.report)

    @property
    def context(self) -> int:
        """Tokens of neighbouring sentences that are tagged together."""
        return int(self._tagger.vocabulary.context)

    def writer(self, stream: TextIO) -> Writer:
        """Writes documents."""
        if not getattr(self._format, "takes_types", False):
            return self._format(stream)
        vocabulary = self._tagger.vocabulary
        found = types(vocabulary.tags, vocabulary.train_scheme) if vocabulary.tags else []
        return self._format(stream, types=[name or "_" for name in found])  # type: ignore[call-arg]

    def format_of(self, source: Source) -> str:
        """The format of a file."""
        return self._order.input_format or format_to_tag(source)

    def read(self, path: str | Source, format: str | None = None) -> Iterator[Sentence]:
        """The sentences of a file.

        Raises:
            Error: The file cannot be read.
        """
        order = self._order
        read = sentences_to_tag(
            path,
            self._tagger.vocabulary.reading,
            format or order.input_format,
            self._splitter,
            order.report,
            splitting=order.splitting,
            only_raw=self._only_raw,
        )
        return self._mismatch.told(read, path.name if isinstance(path, Source) else shown(path))

    @property
    def abilities(self) -> Abilities:
        """What its answers hold."""
        vocabulary = self._tagger.vocabulary
        reading = vocabulary.reading
        lacking = "the dependency tree of each sentence" if reading.with_heads else ""
        return Abilities(
            labels=tuple(types(vocabulary.tags, vocabulary.train_scheme)),
            is_spans=self._tagger.scheme.is_spans and bool(vocabulary.tags),
            sentence_labels=tuple(getattr(vocabulary, "labels", ())),
            most=self._tagger.most if vocabulary.tags else 0,
            lacking="extra columns of the corpus" if reading.extra_columns else lacking,
            cuts_raw_text=vocabulary.cuts_raw_text,
        )

    def with_nbest(self, nbest: int) -> Self:
        """The same model, giving so many sequences."""
        return type(self)(self._tagger, replace(self._order, nbest=nbest))

    def item(self, given: Given) -> Sentence:
        """The sentence of a text or of tokens."""
        if given.features:
            raise UsageError(
                "features: are for a transducer that reads source features; this model reads none."
            )
        if given.text is None:
            return Sentence(given.tokens, starts_document=given.starts_document)
        words = tuple(self._splitter.words(given.text))
        return Sentence(words, text=given.text, starts_document=given.starts_document)

    def align(self, answer: Document) -> dict[str, Any]:
        """Refuses: a document has no source."""
        raise UsageError("alignment: is for a transducer with an attention.")

    def begin(self, chunk: Sequence[Sentence]) -> Iterator[Document]:
        """A document for each sentence, its tags as the corpus spells them."""
        order = self._order
        entities = self._format.probabilities or order.min_probability > 0
        found = texts.begin(self._tagger, chunk, entities=entities, nbest=order.nbest)
        if order.min_probability > 0:
            found = (document.without_uncertain(order.min_probability) for document in found)
        return (document.spelt(self._tagger.spelling) for document in found)


class _Mismatch:
    """Reports once that raw text is cut into other tokens than the model was trained on.

    Args:
        told: Whether there is nothing to report.
        report: Receives it.
    """

    def __init__(self, told: bool, report: Report) -> None:
        self._told = told
        self._report = report

    def told(self, found: Iterator[Sentence], file: str) -> Iterator[Sentence]:
        """The sentences; the report comes with the first of raw text."""
        return found if self._told else self._watched(found, file)

    def _watched(self, found: Iterator[Sentence], file: str) -> Iterator[Sentence]:
        for sentence in found:
            if not self._told and sentence.text is not None:
                from seqtag.corpora.spacing import INSTEAD, MISMATCH, UNLIKE  # which most models do without

                self._told = True
                self._report(Finding("warning", MISMATCH, file, None, UNLIKE, INSTEAD))
            yield sentence
