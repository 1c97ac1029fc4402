"""The answer for a text: its tokens with their tags, its entities, and how probable they are.

Tokens and entities are made when they are asked for, so a writer of token and tag columns pays for no offsets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seqtag.corpora.tags import Scheme, Span


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a document.

    Attributes:
        text: The token as it stands in the document.
        start: The character of the document's text at which it starts.
        end: The character after its last.
        tag: Its tag, in the corpus's scheme.
        probability: The model's probability of the tag; None if only tags were asked for.
    """

    text: str
    start: int
    end: int
    tag: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled span of a document.

    Attributes:
        text: The span as it stands in the document.
        label: Its label; "" where the corpus's tags have none.
        start: The character of the document's text at which it starts.
        end: The character after its last.
        start_token: Its first token.
        end_token: The token after its last.
        probability: The probability, over all sequences of tags, that just this span with this label is there; with
            a feedback head, that of the span's tags given the tags before it. None if nobody has computed it.
    """

    text: str
    label: str
    start: int
    end: int
    start_token: int
    end_token: int
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class SentenceSpan:
    """A sentence of a document.

    Attributes:
        text: The sentence as it stands in the document.
        start: The character of the document's text at which its first token starts.
        end: The character after its last token.
        start_token: Its first token.
        end_token: The token after its last.
    """

    text: str
    start: int
    end: int
    start_token: int
    end_token: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """A sequence of tags, in the corpus's scheme, and its probability."""

    tags: Sequence[str]
    probability: float


@dataclass(frozen=True)
class Document:
    """A text with its tokens, tags and entities. Offsets count the code points of `text`.

    Attributes:
        text: The text; of a sentence that came as tokens, the tokens joined by spaces.
        words: The texts of the tokens. They stand in the text in this order, with nothing but white space between.
        tags: One tag a token, in the corpus's scheme, always well-formed.
        scheme: The corpus's tag scheme.
        probabilities: The model's marginal probability of each token's tag; with a feedback head, that given the tags
            before it. Empty if only tags were asked for.
        spans: The entities by their tokens; empty if only tags were asked for.
        span_probabilities: The probability of each span.
        alternatives: The most probable sequences of tags, best first, where they were asked for.
        extra: Other keys of the JSON line that the text came from.
        source: The file that it came from, as messages name it.
        lines: The line in it of each token, or the one line of all.
    """

    text: str
    words: Sequence[str]
    tags: Sequence[str]
    scheme: Scheme
    probabilities: Sequence[float] = ()
    spans: Sequence[Span] = ()
    span_probabilities: Sequence[float] = ()
    alternatives: Sequence[Alternative] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    source: str = field(default="a sentence", repr=False)
    lines: Sequence[int] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def offsets(self) -> list[tuple[int, int]]:
        """The start and end of each token."""
        return offsets(self.text, self.words)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in order."""
        probabilities = _each(self.probabilities, self.words)
        rows = zip(self.words, self.offsets, self.tags, probabilities, strict=True)
        return tuple(Token(word, *place, tag, probability) for word, place, tag, probability in rows)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """The entities in order."""
        return tuple(self._entities())

    def _entities(self) -> Iterator[Entity]:
        probabilities = _each(self.span_probabilities, self.spans)
        for span, probability in zip(self.spans, probabilities, strict=True):
            start, end = self.offsets[span.start][0], self.offsets[span.end - 1][1]
            yield Entity(self.text[start:end], span.label, start, end, span.start, span.end, probability)

    @property
    def sentences(self) -> tuple[SentenceSpan, ...]:
        """The sentences in order: one over all tokens, as each text is tagged as one sentence; none without tokens."""
        if not self.words:
            return ()
        start, end = self.offsets[0][0], self.offsets[-1][1]
        return (SentenceSpan(self.text[start:end], start, end, 0, len(self.words)),)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `predict --format jsonl` writes; probabilities have four digits."""
        answer: dict[str, Any] = {
            **self.extra,
            "text": self.text,
            "tokens": [
                {"text": token.text, "start": token.start, "end": token.end, "tag": token.tag}
                | _probability(token)
                for token in self.tokens
            ],
            "entities": [
                {
                    "start": entity.start,
                    "end": entity.end,
                    "label": entity.label,
                    "text": entity.text,
                    "start_token": entity.start_token,
                    "end_token": entity.end_token,
                }
                | _probability(entity)
                for entity in self.entities
            ],
        }
        if self.alternatives:
            answer["nbest"] = [
                {"tags": list(one.tags), "probability": float(f"{one.probability:.4g}")}
                for one in self.alternatives
            ]
        return answer

    def _repr_html_(self) -> str:
        """The document as notebooks show it."""
        from seqtag.corpora.html import drawn

        return drawn(self)


def _each(probabilities: Sequence[float], things: Sequence[object]) -> Sequence[float | None]:
    return probabilities or [None] * len(things)


def _probability(of: Token | Entity) -> dict[str, float]:
    return {} if of.probability is None else {"probability": round(of.probability, 4)}


def offsets(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """The start and end of each word in a text that holds them in this order and else only white space.

    >>> offsets("Oslo, again", ["Oslo", ",", "again"])
    [(0, 4), (4, 5), (6, 11)]
    """
    places = []
    end = -1
    joined = text == " ".join(
        words
    )  # then a word may be white space, which no search would tell from the rest
    for word in words:
        start = end + 1 if joined else text.index(word, max(end, 0))
        end = start + len(word)
        places.append((start, end))
    return places
