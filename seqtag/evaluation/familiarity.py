"""How well known entities and words are tagged beside those that training did not hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqtag.corpora.sentence import Rows
from seqtag.evaluation.known import surface
from seqtag.evaluation.matching import Match


@dataclass(frozen=True)
class Hits:
    """How many of a group were right. The share is 0.0 for an empty group."""

    correct: int
    total: int

    @property
    def share(self) -> float:
        """Recall for entities, accuracy for words."""
        return self.correct / self.total if self.total else 0.0


@dataclass(frozen=True)
class Familiarity:
    """Recall of gold entities by what training held of them.

    Attributes:
        known: Their surface form stood in training with the same label.
        unseen: All others, which the following three take apart.
        all_words: Every word of theirs stood in training.
        some_words: Some did.
        no_words: None did.
    """

    known: Hits
    unseen: Hits
    all_words: Hits
    some_words: Hits
    no_words: Hits


@dataclass(frozen=True)
class Words:
    """Accuracy of plain tags on the words that training held, exactly as they are written, and on others."""

    known: Hits
    unseen: Hits


class Groups:
    """Right and all, by the name of a group."""

    def __init__(self) -> None:
        self._correct: Counter[str] = Counter()
        self._total: Counter[str] = Counter()

    def add(self, group: str, correct: bool) -> None:
        self._correct[group] += correct
        self._total[group] += 1

    def __getitem__(self, group: str) -> Hits:
        return Hits(self._correct[group], self._total[group])


def familiarity_of(
    matches: Sequence[Sequence[Match]],
    sentences: Rows,
    words: frozenset[str],
    entities: Mapping[str, frozenset[str]],
) -> Familiarity:
    """Recall of gold entities by what training held of them.

    Args:
        matches: The matches of each sentence.
        sentences: The tokens.
        words: The words of the training corpus.
        entities: Its surface forms by label.
    """
    groups = Groups()
    for tokens, row in zip(sentences, matches, strict=True):
        for match in row:
            if match.gold is None:
                continue
            correct = match.kind == "correct"
            if surface(tokens, match.gold) in entities.get(match.gold.label, ()):
                groups.add("known", correct)
                continue
            groups.add("unseen", correct)
            held = {token in words for token in tokens[match.gold.start : match.gold.end]}
            groups.add("some" if len(held) == 2 else "all" if True in held else "no", correct)
    return Familiarity(groups["known"], groups["unseen"], groups["all"], groups["some"], groups["no"])


def groups_json(groups: Familiarity | Words | None, share: str) -> dict[str, dict[str, float]] | None:
    """The groups as plain values, with their share under this name; None if there are none."""
    if groups is None:
        return None
    hits: dict[str, Hits] = vars(groups)
    return {
        name: {"correct": entry.correct, "total": entry.total, share: entry.share}
        for name, entry in hits.items()
    }
