"""The vocabulary of a model that labels whole sentences."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from seqtag.features.indexers.base import Resources
from seqtag.features.vocabulary import Vocabulary
from seqtag.support.quoting import CONTROLS


@dataclass(frozen=True)
class LabelVocabulary(Vocabulary):
    """All that lies between text and numbers in a model that labels sentences; it may have no tags.

    Attributes:
        labels: The labels by number.
        multiple: Whether a sentence may have several.
    """

    labels: tuple[str, ...] = ()
    multiple: bool = False

    @classmethod
    def of(cls, vocabulary: Vocabulary, labels: tuple[str, ...], *, multiple: bool, **changes: Any) -> Self:
        """A vocabulary with labels, and other changes."""
        values = {entry.name: getattr(vocabulary, entry.name) for entry in fields(Vocabulary)}
        return cls(**values | changes, labels=labels, multiple=multiple)

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"sentence_labels": list(self.labels), "several_labels": self.multiple}

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        labels, multiple = values["sentence_labels"], values["several_labels"]
        if not isinstance(labels, list) or not all(isinstance(one, str) and one for one in labels):
            raise ValueError("its labels are not strings")
        if type(multiple) is not bool or not labels or sorted({*labels}) != labels:
            raise ValueError("its labels are not in their order")
        "".join(labels).encode()  # half a character is none
        if CONTROLS.search("".join(labels)):
            raise ValueError("a label holds a control character")
        return replace(super().from_json(values, resources), labels=tuple(labels), multiple=multiple)

    def _has_enough_tags(self) -> bool:
        return True
