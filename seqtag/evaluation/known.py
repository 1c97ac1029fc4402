"""What a training corpus held: the words and entities that a model has met before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from seqtag.corpora import tags
from seqtag.corpora.tags import Scheme, Span


@dataclass(frozen=True)
class Known:
    """What a training corpus held.

    Attributes:
        words: Its words.
        entities: Per label, the surface forms of its entities, tokens joined by spaces; None where training
            had plain tags, which say nothing of entities.
    """

    words: frozenset[str]
    entities: Mapping[str, frozenset[str]] | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, sorted, as `known.json` has them; `from_json` reads them back."""
        entities = self.entities or {}
        return {
            "words": sorted(self.words),
            "entities": {label: sorted(entities[label]) for label in sorted(entities)},
        }

    def __or__(self, other: "Known") -> "Known":
        """What either of two corpora held."""
        own, others = self.entities, other.entities
        if own is None or others is None:
            return Known(self.words | other.words, None)
        labels = dict.fromkeys((*own, *others))
        nothing: frozenset[str] = frozenset()
        entities = {label: own.get(label, nothing) | others.get(label, nothing) for label in labels}
        return Known(self.words | other.words, entities)

    @classmethod
    def from_json(cls, value: Any, *, spans: bool = True) -> Self:
        """What the `known.json` of a model folder says.

        Args:
            value: The object: `words`, and `entities` by label.
            spans: Whether the model was trained on spans.

        Raises:
            ValueError: It is something else.
        """
        match value:
            case {"words": list(words), "entities": dict(entities)}:
                lists: list[Any] = [words, *entities.values()]
                if all(isinstance(row, list) and all(isinstance(form, str) for form in row) for row in lists):
                    forms = {label: frozenset(row) for label, row in entities.items()}
                    return cls(frozenset(words), forms if spans else None)
        raise ValueError("expected lists of words and, by label, of entities")


def learn(sentences: Sequence[Sequence[str]], column: Sequence[Sequence[str]], scheme: Scheme) -> Known:
    """What a training corpus holds; `sentences` are its tokens and `column` its tags."""
    words = frozenset(token for tokens in sentences for token in tokens)
    if not scheme.is_spans:
        return Known(words, None)
    forms: dict[str, set[str]] = {}
    for tokens, row in zip(sentences, column, strict=True):
        for span in tags.spans(row, scheme):
            forms.setdefault(span.label, set()).add(surface(tokens, span))
    return Known(words, {label: frozenset(found) for label, found in forms.items()})


def surface(tokens: Sequence[str], span: Span) -> str:
    """The text of a span: its tokens, joined by spaces."""
    return " ".join(tokens[span.start : span.end])
