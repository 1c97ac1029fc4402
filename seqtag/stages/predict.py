"""The prediction stage: raw or tokenised text in, tagged text out, as a stream."""

import dataclasses
import json
import os
import re
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate
from typing import Any, Protocol, TextIO

from seqtag.corpora.reading import Sentence, sentences
from seqtag.corpora.tokenizers import Token, Tokenizer, located
from seqtag.inference.tagger import CHUNK, Tagged, Tagger
from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.json_reader import JsonError, NotJson, parse_json
from seqtag.support.lines import lines, shown
from seqtag.support.quoting import printable

NO_TOKEN = re.compile(r"[\t\n\r\0]")
DOCSTART = "-DOCSTART-"  # begins a document in a CoNLL file, and is skipped
READ_AHEAD = CHUNK  # sentences that a pipe's reader may be ahead of the tagger
# Tokens at which a chunk ends before it has `CHUNK` sentences: a line may be a whole document.
CHUNK_TOKENS = 1 << 17


@dataclass(frozen=True)
class Record:
    """A sentence on its way through.

    Attributes:
        text: The sentence as it came, or its words joined by spaces if it came in words.
        words: The texts of its tokens.
        joined: Whether it came in words.
        extra: What else a JSON line held; it is handed on as it is.
        columns: The extra columns of a CoNLL file that the model reads.
        source: The file, as messages name it.
        lines: The line in it of each token, or the one line of all.
    """

    text: str
    words: Sequence[str]
    joined: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    columns: tuple[tuple[str, ...], ...] = ()
    source: str = "a sentence"
    lines: Sequence[int] = ()

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """The tokens with their place in the text, in code points; not every writer asks for them."""
        if not self.joined:
            return located(self.text, self.words)
        ends = list(accumulate(map(len, self.words), lambda end, length: end + 1 + length))
        return [Token(word, end - len(word), end) for word, end in zip(self.words, ends, strict=True)]


def from_words(words: Sequence[str]) -> Record:
    """The record of a sentence that came in words."""
    return Record(" ".join(words), words, joined=True)


def read_text(path: str, tagger: Tagger, tokenizer: Tokenizer) -> Iterator[Record]:
    """A sentence a line; an empty line is a sentence without tokens, so that lines out are lines in."""
    source = shown(path)
    for number, line in lines(path):
        yield Record(line, tokenizer.words(line), source=source, lines=(number,))


def read_conll(path: str, tagger: Tagger, tokenizer: Tokenizer) -> Iterator[Record]:
    """Tokens from the column of a CoNLL or CoNLL-U file in which the training corpus had them; tags are not read."""
    vocabulary = tagger.vocabulary
    found = sentences(
        path,
        format=vocabulary.format,
        token_column=vocabulary.token_column,
        with_tags=False,
        feature_columns=vocabulary.feature_columns,
    )
    source = shown(path)
    for sentence in found:
        yield dataclasses.replace(
            from_words(sentence.tokens), columns=sentence.columns, source=source, lines=sentence.lines
        )


def read_jsonl(path: str, tagger: Tagger, tokenizer: Tokenizer) -> Iterator[Record]:
    """An object a line, with `text` or with `tokens` (a list of texts); other keys are handed on.

    Raises:
        DataError: A line is not such an object.
    """
    for number, line in lines(path):
        if not line.strip(" \t\r"):
            continue
        expected = 'expected an object with "text", or with "tokens" as a list of texts'
        try:
            value = parse_json(line)
        except NotJson as problem:
            raise DataError(shown(path), number, f"{problem}; {expected}") from problem
        except JsonError as problem:
            raise DataError(shown(path), number, str(problem)) from problem
        if not isinstance(value, dict):
            raise DataError(shown(path), number, f"holds no object; {expected}")
        extra = {
            name: content for name, content in value.items() if name not in ("text", "tokens", "entities")
        }
        words = value.get("tokens")
        if isinstance(value.get("text"), str) and words is None:
            words = tokenizer.words(value["text"])
            yield Record(value["text"], words, extra=extra, source=shown(path), lines=(number,))
        elif (
            isinstance(words, list)
            and all(isinstance(word, str) and word for word in words)
            and "text" not in value
        ):
            yield dataclasses.replace(from_words(words), extra=extra, source=shown(path), lines=(number,))
        else:
            raise DataError(shown(path), number, expected)


class Writer(Protocol):
    """Writes one answer after the other to a stream.

    Attributes:
        probabilities: Whether it needs more than the tags: entities, and how probable all are.
    """

    probabilities: bool

    def __init__(self, stream: TextIO) -> None: ...

    def write(self, record: Record, tagged: Tagged) -> None:
        """Writes one sentence's answer."""
        ...


class ConllWriter:
    """token TAB tag, and a blank line after each sentence; a sentence without tokens has nothing to write."""

    probabilities = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _for_terminal if stream.isatty() else str
        self._first = True

    def write(self, record: Record, tagged: Tagged) -> None:
        if texts := record.words:
            joined = "".join(texts)
            if NO_TOKEN.search(joined) or not all(map(str.strip, texts)) or DOCSTART in joined:
                self._check(record)
            if self._first and joined.startswith("\ufeff"):
                self._stream.write("\ufeff")  # a reader takes the first one for a byte order mark
            self._first = False
            rows = [f"{text}\t{tag}\n" for text, tag in zip(texts, tagged.tags, strict=True)]
            self._stream.write(self._safe("".join(rows)) + "\n")

    @staticmethod
    def _check(record: Record) -> None:
        """DataError for a token that would be read as something else; U+00A0 and the like are tokens as any other."""
        for place, text in enumerate(record.words):
            if NO_TOKEN.search(text) or not text.strip(" ") or text == DOCSTART:
                line = record.lines[min(place, len(record.lines) - 1)] if record.lines else None
                problem = f"the token {text!r} cannot stand in a column of a CoNLL file; use --format jsonl."
                raise DataError(record.source, line, problem)


class JsonlWriter:
    """An object a line: `text`, `tokens`, `entities`; offsets count code points of `text`."""

    probabilities = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = _json_for_terminal if stream.isatty() else str

    def write(self, record: Record, tagged: Tagged) -> None:
        answer = {
            **record.extra,
            "text": record.text,
            "tokens": [
                {
                    "text": token.text,
                    "start": token.start,
                    "end": token.end,
                    "tag": tag,
                    "probability": round(p, 4),
                }
                for token, tag, p in zip(record.tokens, tagged.tags, tagged.probabilities, strict=True)
            ],
            "entities": [
                {
                    "start": record.tokens[entity.start].start,
                    "end": record.tokens[entity.end - 1].end,
                    "label": entity.label,
                    "text": record.text[
                        record.tokens[entity.start].start : record.tokens[entity.end - 1].end
                    ],
                    "score": round(entity.score, 4),
                }
                for entity in tagged.entities
            ],
        }
        if tagged.alternatives:
            answer["nbest"] = [
                {"tags": alternative.tags, "probability": float(f"{alternative.probability:.4g}")}
                for alternative in tagged.alternatives
            ]
        self._stream.write(self._safe(json.dumps(answer, ensure_ascii=False)) + "\n")


def _for_terminal(rows: str) -> str:
    """Rows of a CoNLL file with nothing in their tokens that steers the terminal."""
    return "".join(letter if letter in "\t\n" else printable(letter) for letter in rows)


def _json_for_terminal(text: str) -> str:
    """The same JSON with all escaped that may steer the terminal; JSON must escape only what is below space."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


class TextWriter:
    """The sentence with its entities marked: `[Rotterdam LOC]`, in colour on a terminal; plain tags as
    word/TAG.
    """

    probabilities = True

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._stream = stream
        self._console = Console(file=stream, soft_wrap=True, highlight=False, emoji=False)
        self._colours: dict[str, str] = {}

    def write(self, record: Record, tagged: Tagged) -> None:
        marks = self._entities(record, tagged) if tagged.scheme.is_spans else self._tags(record, tagged)
        if not self._console.is_terminal:
            opening, closing = ("[", "]") if tagged.scheme.is_spans else ("", "")
            separator = " " if tagged.scheme.is_spans else "/"
            pieces = [
                f"{opening}{text}{separator}{label}{closing}" if label else text for text, label in marks
            ]
            self._stream.write("".join(pieces).replace("\n", " ") + "\n")  # a sentence a line
            return
        from rich.text import Text

        line = Text()
        for text, label in marks:
            colour = self._colour(label)
            line.append(printable(text), style=f"bold {colour}" if label else "")
            if label:
                line.append(
                    f" {printable(label)}",
                    style=f"{colour} reverse" if tagged.scheme.is_spans else f"dim {colour}",
                )
        self._console.print(line)

    def _entities(self, record: Record, tagged: Tagged) -> Iterator[tuple[str, str]]:
        """The text in pieces, each with its label or ""."""
        at = 0
        for entity in tagged.entities:
            start, end = record.tokens[entity.start].start, record.tokens[entity.end - 1].end
            yield record.text[at:start], ""
            yield record.text[start:end], entity.label or "_"
            at = end
        yield record.text[at:], ""

    def _tags(self, record: Record, tagged: Tagged) -> Iterator[tuple[str, str]]:
        at = 0
        for token, tag in zip(record.tokens, tagged.tags, strict=True):
            # Tokens that touch are set apart here, so that each tag is seen to belong to its token.
            yield record.text[at : token.start] or (" " if at else ""), ""
            yield token.text, tag
            at = token.end
        yield record.text[at:], ""

    def _colour(self, label: str) -> str:
        palette = ("green", "cyan", "magenta", "yellow", "blue", "red")
        return self._colours.setdefault(label, palette[len(self._colours) % len(palette)])


def load(model: str, output_format: str, *, nbest: int = 0, threads: int = 0) -> Tagger:
    """The tagger of a model folder, for what `predict` is to write.

    Raises:
        UserError: The model cannot be read, or cannot give so many sequences.
    """
    probabilities = registry.load(registry.WRITERS, output_format).probabilities or nbest > 0
    tagger = Tagger.load(model, threads, tags_only=not probabilities)
    tagger.check_nbest(nbest)
    return tagger


def predict(
    model: str | Tagger,
    paths: Sequence[str],
    stream: TextIO,
    *,
    output_format: str = "conll",
    input_format: str = "text",
    tokenizer: str | None = None,
    nbest: int = 0,
    threads: int = 0,
) -> int:
    """Tags files one after the other; each answer is written as soon as it is there.

    Args:
        model: The model folder, or what `load` made of it.
        paths: The files; "-" is standard input.
        stream: Where answers go.
        output_format: A name in `registry.WRITERS`.
        input_format: A name in `registry.INPUTS`.
        tokenizer: A name in `registry.TOKENIZERS` to use in place of the model's own.
        nbest: How many sequences of tags to give for each sentence; JSON lines only.
        threads: How many threads tag side by side; 0 for as many as the process may use cores.

    Returns:
        How many tokens were tagged.

    Raises:
        UserError: The model or a file cannot be read, or a token cannot be written; what came before is written.
    """
    writer: Writer = registry.load(registry.WRITERS, output_format)(stream)
    tagger = model
    if not isinstance(tagger, Tagger):
        tagger = load(tagger, output_format, nbest=nbest, threads=threads)
    splitter = Tokenizer(tokenizer) if tokenizer else tagger.vocabulary.tokenizer
    read: Callable[[str, Tagger, Tokenizer], Iterator[Record]] = registry.load(registry.INPUTS, input_format)
    tokens = 0
    for path in paths:
        records = read(path, tagger, splitter)
        begin = partial(tagger.begin, entities=writer.probabilities, nbest=nbest)
        whole = _is_file(path)
        for chunk, answers in _begun(
            _chunks(records) if whole else _as_they_come(records), begin, ahead=whole
        ):
            for record, tagged in zip(chunk, answers, strict=True):
                writer.write(record, tagged)
                tokens += len(record.words)
            stream.flush()
    return tokens


def _is_file(path: str) -> bool:
    """Whether all of the input is there already, as in a regular file."""
    try:
        status = os.fstat(sys.stdin.fileno()) if path == "-" else os.stat(path)
    except (OSError, ValueError):
        return True  # reading it will say what is wrong
    return stat.S_ISREG(status.st_mode)


def _begun(
    chunks: Iterable[list[Record]], begin: Callable[[Sequence[Sentence]], Iterator[Tagged]], *, ahead: bool
) -> Iterator[tuple[list[Record], Iterator[Tagged]]]:
    """Each chunk with its answers to come; with `ahead`, the work on the next chunk begins before these are asked for.
    What came before an error comes out before it.
    """
    held: tuple[list[Record], Iterator[Tagged]] | None = None
    try:
        for chunk in chunks:
            now = chunk, begin([Sentence(tuple(record.words), columns=record.columns) for record in chunk])
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


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    """All records in chunks of about one size; what came before an error comes out before it."""
    chunk: list[Record] = []
    tokens = 0
    try:
        for record in records:
            chunk.append(record)
            tokens += len(record.words)
            if len(chunk) == CHUNK or tokens >= CHUNK_TOKENS:
                yield chunk
                chunk, tokens = [], 0
    except DataError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _as_they_come(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Chunks of what has arrived by now: a pipe's first line is answered before its second is there."""
    arrived = _Arrived()

    def fetch() -> None:
        end: BaseException | None = None
        try:
            for record in records:
                if not arrived.put(record):
                    return
        except BaseException as problem:  # handed over whole to the thread that can report it
            end = problem
        arrived.end(end)

    threading.Thread(target=fetch, daemon=True).start()
    try:
        while chunk := arrived.chunk():
            yield chunk
    finally:
        arrived.stop()


class _Arrived:
    """What a pipe's reader has read and the tagger has not asked for yet, bounded in sentences and in tokens."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._tokens = 0
        self._ended = False
        self._problem: BaseException | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def put(self, record: Record) -> bool:
        """Waits until there is room; False if nobody asks any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or (len(self._records) < READ_AHEAD and self._tokens < CHUNK_TOKENS)
            )
            self._records.append(record)
            self._tokens += len(record.words)
            self._changed.notify_all()
            return not self._stopped

    def end(self, problem: BaseException | None) -> None:
        """Nothing more will come, because of the problem if there is one."""
        with self._changed:
            self._ended, self._problem = True, problem
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody will ask any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def chunk(self) -> list[Record]:
        """All that is there, at least one as soon as there is one; none at the end, unless that was a problem."""
        with self._changed:
            self._changed.wait_for(lambda: self._records or self._ended)
            found = list(self._records)
            self._records.clear()
            self._tokens = 0
            self._changed.notify_all()
            if not found and self._problem is not None:
                raise self._problem
            return found
