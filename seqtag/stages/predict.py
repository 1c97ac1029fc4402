"""The prediction stage: raw or tokenised text in, tagged text out, as a stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TextIO

from seqtag.corpora.base import Unwritable, Writer, finish
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding, Report, ignore
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.running_text import LINES, Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.spacing import INSTEAD, MISMATCH, UNLIKE
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.inference import documents as texts
from seqtag.inference import stream as streams
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.lines import is_regular, shown


def load(model: str, output_format: str, *, nbest: int = 0, threads: int = 0) -> SentenceTagger:
    """The tagger of a model folder, for what `predict` is to write.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    probabilities = registry.load(registry.FORMATS, output_format, "writer").probabilities or nbest > 0
    tagger = SentenceTagger.load(model, threads, tags_only=not probabilities)
    tagger.check_nbest(nbest)
    return tagger


def predict(
    model: str | SentenceTagger,
    paths: Sequence[str],
    stream: TextIO,
    *,
    output_format: str = "conll",
    input_format: str | None = None,
    tokenizer: str | None = None,
    splitting: Splitting = LINES,
    nbest: int = 0,
    threads: int = 0,
    report: Report = ignore,
) -> int:
    """Tags files one after the other; each answer is written as soon as it is there.

    Args:
        model: The model folder, or what `load` made of it.
        paths: The files; "-" is standard input.
        stream: Where answers go.
        output_format: A format in `registry.FORMATS`.
        input_format: A format in `registry.FORMATS`, where "conll" stands for that of the training corpus; None to go
            by the name and the first lines of each file.
        tokenizer: A name in `registry.TOKENIZERS` to use in place of the model's own.
        splitting: What divides raw text into sentences; if it may be several to a text, there are no `nbest`.
        nbest: How many sequences of tags to give for each sentence; JSON lines only.
        threads: How many threads tag side by side; 0 for as many as the process may use cores.
        report: Receives what is odd about a file, while it is read.

    Returns:
        How many tokens were tagged.

    Raises:
        Error: The model or a file cannot be read, or a token cannot be written; what came before is written.
    """
    writer: Writer = registry.load(registry.FORMATS, output_format, "writer")(stream)
    tagger = model
    if not isinstance(tagger, SentenceTagger):
        tagger = load(tagger, output_format, nbest=nbest, threads=threads)
    splitter = Tokenizer(tokenizer) if tokenizer else tagger.vocabulary.tokenizer
    reading = tagger.vocabulary.reading
    begin = partial(texts.begin, tagger, entities=writer.probabilities, nbest=nbest)
    only_raw = "--tokenizer" if tokenizer is not None else "--sentences" if splitting != LINES else ""
    tokens = 0
    mismatch = _Mismatch(tagger.vocabulary.cuts_raw_text or tokenizer is not None, report)
    for path in paths:
        read = sentences_to_tag(
            path, reading, input_format, splitter, report, splitting=splitting, only_raw=only_raw
        )
        found = mismatch.told(read, shown(path))
        whole = is_regular(path)
        chunks = streams.chunks(found) if whole else streams.as_they_come(found)
        for documents in _begun(chunks, begin, ahead=whole):
            for document in documents:
                _write(writer, document.spelt(tagger.spelling), path)
                tokens += len(document)
            stream.flush()
    finish(writer)
    return tokens


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
                self._told = True
                self._report(Finding("warning", MISMATCH, file, None, UNLIKE, INSTEAD))
            yield sentence


def _write(writer: Writer, document: Document, path: str) -> None:
    try:
        writer.write(document)
    except Unwritable as problem:
        raise DataError(shown(path), problem.line, str(problem)) from problem


def _begun(
    chunks: Iterable[list[Sentence]], begin: Callable[[list[Sentence]], Iterator[Document]], *, ahead: bool
) -> Iterator[Iterator[Document]]:
    """Each chunk's answers to come; with `ahead`, the work on the next chunk begins before these are asked for. What
    came before an error comes out before it.
    """
    held: Iterator[Document] | None = None
    try:
        for chunk in chunks:
            now = begin(chunk)
            if held is not None:
                yield held
            held = now
            if not ahead:
                yield held
                held = None
    except DataError:
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held
