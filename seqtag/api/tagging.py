"""A model folder as a function from texts to documents."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from os import PathLike, fspath
from os.path import abspath
from threading import Lock
from typing import Any

from seqtag.api.arguments import checked, sentence_of, text_of
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.document import Document
from seqtag.corpora.running_text import ENGLISH, LINES, Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.spacing import UNLIKE
from seqtag.corpora.tags import split
from seqtag.inference import documents
from seqtag.inference.final_states import FinalStateReader, FinalStates
from seqtag.inference.labels import LabelTagger
from seqtag.inference.tagger import SentenceTagger
from seqtag.support.errors import UsageError
from seqtag.tasks.use import use_of

BATCH = 256  # texts that `pipe` reads ahead


@checked
def load(model: str | PathLike[str], *, threads: int | None = None) -> Any:
    """Loads a model folder: as a `Tagger`, unless the model's task has something else.

    Args:
        model: The folder that `seqtag.train` or `seqtag train` wrote.
        threads: Threads that tag side by side; None for as many as the process may use cores.

    Raises:
        Error: The folder is missing, incomplete, damaged or of a newer format.

    Example:
        >>> tagger = seqtag.load("model")
        >>> tagger.labels
        ('LOC', 'PER')
    """
    _, use = use_of(fspath(model))
    return Tagger(model, threads=threads) if use.load is None else use.load(fspath(model), threads or 0)


class Tagger:
    """A trained model that tags texts; `seqtag.load` makes one.

    It may be used by several threads at once, and pickled: a copy loads the folder anew.

    Args:
        model: The model folder.
        threads: Threads that tag side by side; None for as many as the process may use cores.

    Example:
        >>> tagger = seqtag.load("model")
        >>> tagger("Marta Lindqvist left Lisbon.").tokens[0]
        Token(text='Marta', start=0, end=5, tag='B-PER', probability=0.9...)
    """

    @checked
    def __init__(self, model: str | PathLike[str], *, threads: int | None = None) -> None:
        self._arguments = abspath(model), threads
        tagger = use_of(fspath(model))[1].tagger or SentenceTagger.load
        self._tagger: SentenceTagger = tagger(model, threads or 0)
        self._warned = self._tagger.vocabulary.cuts_raw_text
        self._states: FinalStateReader | None = None
        self._indexing = (
            Lock()
        )  # tables of words that were seen are shared; the network itself may run in parallel

    def __reduce__(self) -> tuple[Any, ...]:
        return _loaded, self._arguments

    def __repr__(self) -> str:
        return f"<seqtag.Tagger {self._arguments[0]!r}, labels: {', '.join(self.labels)}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of entities, or the tags of a model of plain tags, sorted; those of sentences of a model without
        tags.

        Example:
            >>> seqtag.load("model").labels
            ('LOC', 'PER')
        """
        tags = self._tagger.tags
        if not tags:
            return self.sentence_labels
        if not self.is_spans:
            return tuple(sorted(tags))
        pieces = (split(tag, self._tagger.scheme) for tag in tags)
        return tuple(sorted({label for letter, label in pieces if letter != "O"}))

    @property
    def sentence_labels(self) -> tuple[str, ...]:
        """The labels of whole sentences, sorted; none of a model that gives no such labels."""
        return tuple(getattr(self._tagger.vocabulary, "labels", ()))

    @property
    def is_spans(self) -> bool:
        """Whether the model finds entities; False if it gives each token a plain tag, such as a part of speech."""
        return self._tagger.scheme.is_spans

    @checked
    def __call__(
        self, text: str, *, nbest: int = 0, split: bool = False, language: str = ENGLISH
    ) -> Document:
        """Tags one text, cut into tokens by the model's own tokenizer.

        Args:
            text: The text; it may be empty.
            nbest: How many of the best sequences of tags are wanted as `Document.alternatives`.
            split: Whether the text is split into sentences, which are tagged one by one; otherwise it is one sentence.
                Needs the package sentencex, and does not go with `nbest`.
            language: The language of a text that is split, as a code such as "de".

        Raises:
            Error: `text` is not a str, the model cannot give so many sequences, or sentencex is not installed.

        Example:
            >>> seqtag.load("model")("Marta Lindqvist left Lisbon.").entities[1].label
            'LOC'
        """
        self._warn()
        return next(self._documents([text], nbest, _splitting(split, language, nbest)))

    @checked
    def pipe(
        self,
        texts: Iterable[str],
        *,
        batch_size: int = BATCH,
        nbest: int = 0,
        split: bool = False,
        language: str = ENGLISH,
    ) -> Iterator[Document]:
        """Tags many texts; the documents come one at a time, in order.

        Args:
            texts: The texts; no more than `batch_size` of them are read ahead.
            batch_size: How many texts are tagged together. More is faster, up to some hundreds.
            nbest: As in a call for one text.
            split: As in a call for one text.
            language: As in a call for one text.

        Raises:
            Error: `texts` is a single str, one of the texts is not a str, or the model cannot give so many sequences.

        Example:
            >>> for document in seqtag.load("model").pipe(["Ana Ruiz saw Oslo.", "Lima today."]):
            ...     print([entity.text for entity in document.entities])
            ['Ana Ruiz', 'Oslo']
            ['Lima']
        """
        if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
            raise UsageError(
                f"texts: expected an iterable of texts. Received: {type(texts).__name__}; "
                "for one text, call the tagger."
            )
        self._tagger.check_nbest(nbest)
        self._warn()
        return self._pipe(iter(texts), batch_size, nbest, _splitting(split, language, nbest))

    def _warn(self) -> None:
        """Warns once of raw text whose tokens are not like those that the model was trained on."""
        if not self._warned:
            self._warned = True
            warnings.warn(f"{self._arguments[0]}: {UNLIKE}: use Tagger.tag", stacklevel=4)

    def _pipe(
        self, texts: Iterator[str], batch_size: int, nbest: int, splitting: Splitting
    ) -> Iterator[Document]:
        numbered = enumerate(texts)
        while batch := [text_of(text, f"texts[{at}]") for at, text in islice(numbered, batch_size)]:
            yield from self._documents(batch, nbest, splitting)

    @checked
    def tag(self, sentences: Iterable[Sequence[str] | Sentence], *, nbest: int = 0) -> list[Document]:
        """Tags sentences that are lists of tokens; the text of each document is its tokens joined by spaces.

        Args:
            sentences: The sentences; one without tokens gives a document without tokens. For a model that reads heads
                or extra columns, each is a `Sentence` of `seqtag.corpora.sentence` that has them.
            nbest: As in a call for one text.

        Raises:
            Error: `sentences` or one of them is a str, a token is not a str or empty, or the model cannot give so many
                sequences.

        Example:
            >>> seqtag.load("model").tag([["Ana", "Ruiz"], ["New", "York"]])[1].tags
            ['B-LOC', 'I-LOC']
        """
        if isinstance(sentences, str | bytes) or not isinstance(sentences, Iterable):
            raise UsageError(
                f"sentences: expected sentences as lists of tokens. Received: {type(sentences).__name__}; "
                "for a text, call the tagger."
            )
        read = [_sentence(sentence, f"sentences[{at}]") for at, sentence in enumerate(sentences)]
        return list(self._begin(read, nbest))

    @checked
    def states(self, sentences: Iterable[Sequence[str]]) -> list[FinalStates]:
        """The states in which the recurrent layers end: `h_n` and, of an LSTM, `c_n`, of each layer and direction.

        They are computed for this call alone, from the model folder as it is at the first one.

        Args:
            sentences: The sentences as lists of tokens, none of them empty.

        Raises:
            Error: `sentences` or one of them is a str, a sentence or a token is empty, or the cell has no state.

        Example:
            >>> (states,) = seqtag.load("model").states([["Ana", "Ruiz", "saw", "Oslo"]])
            >>> states.h.shape[:2]  # layers, directions; the last size is that of the units
            (1, 2)
        """
        if isinstance(sentences, str | bytes) or not isinstance(sentences, Iterable):
            raise UsageError(
                f"sentences: expected sentences as lists of tokens. Received: {type(sentences).__name__}"
            )
        words = [sentence_of(sentence, f"sentences[{at}]") for at, sentence in enumerate(sentences)]
        if () in words:
            raise UsageError(f"sentences[{words.index(())}]: expected at least one token. Received: none")
        with self._indexing:
            if self._states is None:
                self._states = FinalStateReader.load(self._arguments[0])
            return self._states.read(words)

    def _documents(self, texts: Sequence[str], nbest: int, splitting: Splitting) -> Iterator[Document]:
        if splitting != LINES and isinstance(self._tagger, LabelTagger):
            raise UsageError(
                "split: each sentence has labels of its own; pass the sentences one by one instead."
            )
        options = ReadOptions(tokenizer=self._tagger.vocabulary.tokenizer, splitting=splitting)
        return self._begin([replace(options.raw(text), starts_document=True) for text in texts], nbest)

    def _begin(self, sentences: Sequence[Sentence], nbest: int) -> Iterator[Document]:
        with self._indexing:
            found = documents.begin(self._tagger, sentences, entities=True, nbest=nbest)
        return (document.spelt(self._tagger.spelling) for document in found)


def _sentence(given: Any, name: str) -> Sentence:
    """A sentence to tag: its tokens, or with heads or extra columns."""
    if not isinstance(given, Sentence):
        return Sentence(sentence_of(given, name))
    sentence_of(given.tokens, f"{name}.tokens")
    return given


def _splitting(split: bool, language: str, nbest: int) -> Splitting:
    if split and nbest:
        raise UsageError("nbest: gives tag sequences of one sentence; it does not go with split=True.")
    splitting = Splitting("split", language) if split else LINES
    splitting.check()
    return splitting


def _loaded(model: str, threads: int | None) -> Tagger:
    return Tagger(model, threads=threads)
