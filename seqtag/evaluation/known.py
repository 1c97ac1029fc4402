"""What a training corpus held: the words and entities that a model has met before."""

from collections import Counter
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
        word_counts: How often it held each word; None if that is not known, as of models of earlier versions.
        entity_counts: Per label, how often it held each surface form; None if that is not known, or for plain tags.
    """

    words: frozenset[str]
    entities: Mapping[str, frozenset[str]] | None
    word_counts: Mapping[str, int] | None = None
    entity_counts: Mapping[str, Mapping[str, int]] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, sorted, as `known.json` has them, counts in the same order; `from_json` reads them back."""
        entities, words = self.entities or {}, sorted(self.words)
        found: dict[str, Any] = {
            "words": words,
            "entities": {label: sorted(entities[label]) for label in sorted(entities)},
        }
        if self.word_counts is not None:
            found["word_counts"] = [self.word_counts[word] for word in words]
        if (counts := self.entity_counts) is not None:
            found["entity_counts"] = {
                label: [counts[label][form] for form in forms] for label, forms in found["entities"].items()
            }
        return found

    def __or__(self, other: "Known") -> "Known":
        """What either of two corpora held; without counts, unless they are the same, as those of one corpus are."""
        if self == other:
            return self
        own, others = self.entities, other.entities
        if own is None or others is None:
            return Known(self.words | other.words, None)
        labels = dict.fromkeys((*own, *others))
        nothing: frozenset[str] = frozenset()
        entities = {label: own.get(label, nothing) | others.get(label, nothing) for label in labels}
        return Known(self.words | other.words, entities)

    def __add__(self, other: "Known") -> "Known":
        """What two corpora held that were learnt one after the other; without counts, unless both have them."""
        union = Known(self.words, self.entities) | Known(other.words, other.entities)
        words = entities = None
        if self.word_counts is not None and other.word_counts is not None:
            words = Counter(self.word_counts) + Counter(other.word_counts)
        if self.entity_counts is not None and other.entity_counts is not None:
            own, others = self.entity_counts, other.entity_counts
            labels = dict.fromkeys((*own, *others))
            entities = {
                label: Counter(own.get(label, {})) + Counter(others.get(label, {})) for label in labels
            }
        return Known(union.words, union.entities, words, entities)

    @classmethod
    def from_json(cls, value: Any, *, spans: bool = True) -> Self:
        """What the `known.json` of a model folder says.

        Args:
            value: The object: `words`, and `entities` by label; with `word_counts` and `entity_counts`, if they are
                there.
            spans: Whether the model was trained on spans.

        Raises:
            ValueError: It is something else.
        """
        match value:
            case {"words": list(words), "entities": dict(entities)}:
                lists: list[Any] = [words, *entities.values()]
                if all(isinstance(row, list) and all(isinstance(form, str) for form in row) for row in lists):
                    forms = {label: frozenset(row) for label, row in entities.items()}
                    word_counts = _counts(words, value.get("word_counts"))
                    entity_counts = _entity_counts(entities, value.get("entity_counts")) if spans else None
                    return cls(frozenset(words), forms if spans else None, word_counts, entity_counts)
        raise ValueError("expected lists of words and, by label, of entities")


def _counts(names: list[str], counts: Any) -> dict[str, int] | None:
    """How often there was each of the names; None where there are no counts.

    Raises:
        ValueError: They are not the counts of these names.
    """
    if counts is None:
        return None
    if (
        not isinstance(counts, list)
        or len(counts) != len(names)
        or not all(type(count) is int and count > 0 for count in counts)
    ):
        raise ValueError("expected a count, 1 or more, for each word and each entity")
    return dict(zip(names, counts, strict=True))


def _entity_counts(entities: dict[str, list[str]], counts: Any) -> dict[str, dict[str, int]] | None:
    """As `_counts`, by label."""
    if counts is None:
        return None
    if not isinstance(counts, dict) or counts.keys() != entities.keys():
        raise ValueError("expected counts of entities for each label")
    found = {label: _counts(entities[label], row) for label, row in counts.items()}
    return {label: row or {} for label, row in found.items()}


def learn(sentences: Sequence[Sequence[str]], column: Sequence[Sequence[str]], scheme: Scheme) -> Known:
    """What a training corpus holds; `sentences` are its tokens and `column` its tags."""
    words = Counter(token for tokens in sentences for token in tokens)
    if not scheme.is_spans:
        return Known(frozenset(words), None, words)
    forms: dict[str, Counter[str]] = {}
    for tokens, row in zip(sentences, column, strict=True):
        for span in tags.spans(row, scheme):
            forms.setdefault(span.label, Counter())[surface(tokens, span)] += 1
    return Known(frozenset(words), {label: frozenset(found) for label, found in forms.items()}, words, forms)


def surface(tokens: Sequence[str], span: Span) -> str:
    """The text of a span: its tokens, joined by spaces."""
    return " ".join(tokens[span.start : span.end])
