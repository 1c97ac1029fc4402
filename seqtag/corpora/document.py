"""The answer for a text: its tokens with their tags, its entities, and how probable they are.

Tokens and entities are made when they are asked for, so a writer of token and tag columns pays for no offsets.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, Self, TypeVar

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.spelling import Spelling
from seqtag.corpora.tags import Scheme, Span, from_spans


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
            before it. NaN for the tokens of an entity that `without_uncertain` dropped. Empty if only tags were
            asked for.
        spans: The entities by their tokens; empty if only tags were asked for.
        span_probabilities: The probability of each span.
        alternatives: The best sequences of tags, best first, where they were asked for.
        extra: What else the file says of the text, such as other keys of its JSON line.
        lines: The line of each token in the file that the text came from, or the one line of all.
        ends: The token after the last of each sentence, where the text was split into sentences; None where it was
            tagged as one.
        labels: The labels of the text as a whole, best first.
        label_probabilities: The probability of each label that there is, the most probable first.
        label_key: What its labels are, as the key of a comment.
        vector: What the label was decided by, `(width,)`; None where that was not asked for.
        tagged: Whether the tokens have tags.
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
    lines: Sequence[int] = field(default=(), repr=False)
    ends: Sequence[int] | None = None
    labels: Sequence[str] = ()
    label_probabilities: Mapping[str, float] = field(default_factory=dict)
    label_key: str = "label"
    vector: Any = field(default=None, repr=False, compare=False)
    tagged: bool = True

    @property
    def label(self) -> str | None:
        """The most probable label of the text; None where it has none."""
        return self.labels[0] if self.labels else None

    @classmethod
    def of(cls, sentence: Sentence, tags: Sequence[str], scheme: Scheme, **answer: Any) -> Self:
        """The document of a sentence; `answer` are further attributes."""
        text = " ".join(sentence.tokens) if sentence.text is None else sentence.text
        extra = sentence.extra or {}
        return cls(text, sentence.tokens, tags, scheme, extra=extra, lines=sentence.lines, **answer)

    def spelt(self, spelling: Spelling) -> Self:
        """The document with its tags as the corpus spells them."""
        if spelling.is_usual:
            return self
        others = tuple(replace(one, tags=spelling.write(one.tags)) for one in self.alternatives)
        return replace(self, tags=spelling.write(self.tags), alternatives=others)

    def without_uncertain(self, least: float) -> Self:
        """The document without the entities whose probability is below `least`; their tokens are outside, without a
        probability.
        """
        kept = [span for span, each in zip(self.spans, self.span_probabilities, strict=True) if each >= least]
        if len(kept) == len(self.spans):
            return self
        tags: list[str] = []
        for piece in self.pieces():
            own = [
                Span(span.start - piece.start, span.end - piece.start, span.label)
                for span in kept
                if piece.start <= span.start < piece.stop
            ]
            tags += from_spans(own, piece.stop - piece.start, self.scheme)
        inside = {place for span in kept for place in range(*span[:2])}
        dropped = {place for span in self.spans for place in range(*span[:2])} - inside
        return replace(
            self,
            tags=tags,
            probabilities=[
                math.nan if place in dropped else each for place, each in enumerate(self.probabilities)
            ],
            spans=kept,
            span_probabilities=[each for each in self.span_probabilities if each >= least],
        )

    @classmethod
    def joined(cls, whole: Sentence, parts: Sequence["Document"], scheme: Scheme) -> Self:
        """The document of a text that was tagged sentence by sentence.

        Args:
            whole: The text, with the tokens of all sentences.
            parts: The document of each sentence.
            scheme: The corpus's tag scheme.
        """
        ends = list(accumulate(map(len, parts)))
        spans = [
            Span(start + span.start, start + span.end, span.label)
            for part, start in zip(parts, [0, *ends], strict=False)
            for span in part.spans
        ]
        return cls.of(
            whole,
            _together(part.tags for part in parts),
            scheme,
            probabilities=_together(part.probabilities for part in parts),
            spans=spans,
            span_probabilities=_together(part.span_probabilities for part in parts),
            ends=ends,
            tagged=all(part.tagged for part in parts),
        )

    def __len__(self) -> int:
        return len(self.words)

    def pieces(self) -> Iterator[slice]:
        """The tokens of each sentence."""
        start = 0
        for end in [len(self.words)] * bool(self.words) if self.ends is None else self.ends:
            yield slice(start, end)
            start = end

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
        """The sentences in order: one over all tokens if the text was tagged as one sentence; none without tokens."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[SentenceSpan]:
        for piece in self.pieces():
            start, end = self.offsets[piece.start][0], self.offsets[piece.stop - 1][1]
            yield SentenceSpan(self.text[start:end], start, end, piece.start, piece.stop)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `predict --format jsonl` writes; probabilities have four digits.

        A key of `extra` that the answer has as well comes under another name: `entities` as `given_entities`.
        """
        answer: dict[str, Any] = {"text": self.text, **self._label_dict()}
        if self.tagged:
            answer |= {"tokens": self._token_dicts(), "entities": self._entity_dicts()}
        if self.ends is not None:
            answer["sentences"] = [asdict(sentence) for sentence in self.sentences]
        if self.alternatives:
            answer["nbest"] = [
                {"tags": list(one.tags), "probability": float(f"{one.probability:.4g}")}
                for one in self.alternatives
            ]
        return beside(self.extra, answer) | answer if self.extra else answer

    def _label_dict(self) -> dict[str, Any]:
        """The labels as plain values, where there are any."""
        if not self.label_probabilities:
            return {} if self.tagged or self.words else {"label": None, "probability": None, "labels": {}}
        given = {name: round(value, 4) for name, value in self.label_probabilities.items()}
        return {"label": self.label, "probability": given[self.labels[0]], "labels": given}

    def _entity_dicts(self) -> list[dict[str, Any]]:
        """The entities as plain values."""
        return [
            {
                "start": entity.start,
                "end": entity.end,
                "label": entity.label,
                "text": entity.text,
                "start_token": entity.start_token,
                "end_token": entity.end_token,
                **({} if entity.probability is None else {"probability": round(entity.probability, 4)}),
            }
            for entity in self.entities
        ]

    def _repr_html_(self) -> str:
        """The document as notebooks show it."""
        from seqtag.corpora.html import drawn

        return drawn(self)

    def _token_dicts(self) -> list[dict[str, Any]]:
        """The tokens as plain values, of which a file has very many."""
        rows = [
            {"text": word, "start": start, "end": end, "tag": tag}
            for word, (start, end), tag in zip(self.words, self.offsets, self.tags, strict=True)
        ]
        if self.probabilities:
            for row, probability in zip(rows, self.probabilities, strict=True):
                if not math.isnan(probability):
                    row["probability"] = round(probability, 4)
        return rows


def beside(extra: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `extra`, none of them one of the answer's."""
    names = {}
    for name in extra:
        free = name
        while free in answer or (free != name and (free in extra or free in names)):
            free = f"given_{free}"
        names[free] = extra[name]
    return names


def _each(probabilities: Sequence[float], things: Sequence[object]) -> Sequence[float | None]:
    return [None if math.isnan(each) else each for each in probabilities] or [None] * len(things)


T = TypeVar("T")


def _together(parts: Iterable[Iterable[T]]) -> list[T]:
    return list(chain.from_iterable(parts))


def offsets(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """The start and end of each word in a text that holds them in this order and else only white space.

    >>> offsets("Oslo, again", ["Oslo", ",", "again"])
    [(0, 4), (4, 5), (6, 11)]
    """
    places = []
    end = -1
    # Among words joined by spaces one may be white space, which a search would not tell from the rest.
    joined = text == " ".join(words)
    for word in words:
        start = end + 1 if joined else text.index(word, max(end, 0))
        end = start + len(word)
        places.append((start, end))
    return places
