"""The vocabularies of several models as one, which looks each word up once for all that look it up alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

from numpy.typing import NDArray

from seqtag.features.indexers.base import Indexer, Resources
from seqtag.features.indexers.mentions import MENTIONS
from seqtag.features.vocabulary import Vocabulary

# What must be the same in all members, and how messages call it.
SHARED = {
    "tags": "tags",
    "train_scheme": "training scheme",
    "scheme": "tag scheme",
    "reading": "columns and the like",
    "conventions": "conventions of writing",
    "drop_places": "form of tokens",
    "tokenizer": "tokenizer",
}


@dataclass(frozen=True)
class MergedVocabulary(Vocabulary):
    """The vocabularies of the members of a merged model, to be used as one.

    Attributes:
        members: The vocabularies.
        prefixes: For each of them what the names of an indexer's inputs begin with, by the indexer's name: nothing for
            the first, and for another whatever the first that looks words up alike has.
    """

    members: tuple[Vocabulary, ...] = ()
    prefixes: tuple[Mapping[str, str], ...] = ()

    @cached_property
    def _prefix_of(self) -> dict[str, str]:
        """The prefix of each of all indexers, by its name here."""
        return {prefix + name: prefix for names in self.prefixes for name, prefix in names.items()}

    def _named(self, name: str, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {self._prefix_of[name] + key: array for key, array in inputs.items()}

    @classmethod
    def of(cls, members: Sequence[Vocabulary]) -> Self:
        """Those of members that agree; see `mismatch`."""
        found: dict[str, Indexer] = {}
        prefixes: list[dict[str, str]] = []
        counts: dict[str, int] = {}
        for number, vocabulary in enumerate(members, 1):
            earlier = ["", *(f"member{before}_" for before in range(2, number))]
            prefixes.append({})
            for name, indexer in vocabulary.indexers.items():
                alike = (one for one in earlier if one + name in found and _alike(found[one + name], indexer))
                prefix = next(alike, f"member{number}_" if number > 1 else "")
                found.setdefault(prefix + name, indexer)
                prefixes[-1][name] = prefix
            for tag, count in vocabulary.tag_counts.items():
                counts[tag] = max(count, counts.get(tag, 0))
        values = {entry.name: getattr(members[0], entry.name) for entry in fields(Vocabulary)}
        values |= {"indexers": found, "tag_counts": counts}
        values["cuts_raw_text"] = all(one.cuts_raw_text for one in members)
        return cls(**values, members=tuple(members), prefixes=tuple(prefixes))

    def to_json(self) -> dict[str, Any]:
        raise TypeError("the vocabularies of a merged model are stored one by one")

    @classmethod
    def from_json(cls, values: dict[str, Any], resources: Resources) -> Self:
        raise TypeError("the vocabularies of a merged model are stored one by one")


def _alike(first: Indexer, second: Indexer) -> bool:
    """Whether two indexers of one name give the same: they have the same tables and look up in the same place."""
    if first is second:
        return True
    same = all(one is other for one, other in zip(first.resources, second.resources, strict=True))
    return same and first.to_json() == second.to_json()


def mismatch(vocabulary: Vocabulary, first: Vocabulary) -> str:
    """In what two vocabularies differ that cannot be merged, in a few words; empty if they can."""
    if MENTIONS in vocabulary.indexers or MENTIONS in first.indexers:
        return f"encoder.attention {MENTIONS} is not available in merged models"
    for name, words in SHARED.items():
        own, other = getattr(vocabulary, name), getattr(first, name)
        if own == other:
            continue
        if name == "tags":
            parts = [
                f"{what} {', '.join(some[:5])}{' ...' if len(some) > 5 else ''}"
                for what, some in (
                    ("lacks", [tag for tag in other if tag not in own]),
                    ("also has", [tag for tag in own if tag not in other]),
                )
                if some
            ]
            return f"it has other tags: {' and '.join(parts)}"
        if name in ("scheme", "train_scheme"):
            return f"its {words} is {own.title}, not {other.title}"
        return f"it has another {words}" if name != "reading" else f"it reads other {words}"
    return ""
