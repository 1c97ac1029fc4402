"""All that lies between texts and numbers in a transducer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.pairs import PairOptions, TextPair
from seqtag.features.indexers.base import PADDING, UNKNOWN, Ids, ValueTable
from seqtag.settings.transduction import CUTS, TransductionConfig

BORDER = PADDING  # ends a source, and a target
LACKING = "\N{REPLACEMENT CHARACTER}"  # an unknown symbol in a target for which none of the source can stand


def cut(text: str, how: str) -> list[str]:
    """The symbols of a text: its characters, or what spaces part."""
    return list(text) if how == "characters" else [symbol for symbol in text.split(" ") if symbol]


@dataclass(frozen=True)
class SymbolVocabulary:
    """The symbols of sources and of targets.

    A source is read as the values of its features, its symbols and a border.

    Attributes:
        sources: The symbols of sources and, each after a tab and its column, the values of features.
        targets: The symbols of targets.
        source_cut: What the symbols of a source are: one of `CUTS`.
        target_cut: Likewise of a target.
        options: How the training file was read, with the format it has.
        reversed: Whether a source is read from its last symbol to its first.
        doubled: Whether it is read twice.
    """

    sources: ValueTable
    targets: ValueTable
    source_cut: str
    target_cut: str
    options: PairOptions
    reversed: bool = False
    doubled: bool = False

    @classmethod
    def learnt(cls, pairs: Sequence[TextPair], config: TransductionConfig, options: PairOptions) -> Self:
        """The symbols of training pairs; how they are cut is among the settings already."""
        sources: Counter[str] = Counter()
        targets: Counter[str] = Counter()
        for pair in pairs:
            sources.update(cut(pair.source, config.data.source_cut))
            sources.update(_named(pair.features))
            targets.update(cut(pair.target, config.data.target_cut))
        least = config.embeddings.word.min_count
        return cls(
            ValueTable.fit(sources, least),
            ValueTable.fit(targets, least),
            config.data.source_cut,
            config.data.target_cut,
            options,
            config.source.reversed,
            config.source.doubled,
        )

    @property
    def copied(self) -> NDArray[np.int32]:
        """The target symbol that each row of sources is when it is copied: the same one, or the unknown one."""
        same = [self.targets.ids.get(value, UNKNOWN) for value in self.sources.values]
        return np.array([UNKNOWN, UNKNOWN, *same], np.int32)

    def symbols(self, pair: TextPair) -> tuple[list[str], list[int]]:
        """What the encoder reads of a source but for borders, and which of its symbols each one is; -1 for a feature.

        The border stands at the end, and between both readings of a source that is read twice; it is "".
        """
        own = cut(pair.source, self.source_cut)
        places = [*range(len(own))][:: -1 if self.reversed else 1]
        once = [own[place] for place in places]
        features = _named(pair.features)
        read, at = [*features, *once, ""], [-1] * len(features) + [*places, -1]
        if self.doubled:
            read, at = [*read, *once, ""], [*at, *places, -1]
        return read, at

    def source(self, pair: TextPair) -> Ids:
        """The row of each symbol that the encoder reads, `(time,)`."""
        ids = self.sources.ids
        read, _ = self.symbols(pair)
        return np.array([BORDER if symbol == "" else ids.get(symbol, UNKNOWN) for symbol in read], np.int32)

    def target(self, pair: TextPair) -> Ids:
        """The number of each symbol of a target, without its end, `(time,)`."""
        return self.targets.index(cut(pair.target, self.target_cut))

    def text(self, numbers: Sequence[int], instead: Sequence[str] = ()) -> str:
        """The text of target symbols; `instead` has one for each that is unknown."""
        return self.joined(self.written(numbers, instead))

    def written(self, numbers: Sequence[int], instead: Sequence[str] = ()) -> list[str]:
        """The target symbols as texts; `instead` has one for each that is unknown."""
        others = iter(instead)
        return [
            next(others, LACKING) if number == UNKNOWN else self.targets.values[number - 2]
            for number in numbers
        ]

    def joined(self, symbols: Sequence[str]) -> str:
        """The text of which these are the symbols of a target."""
        return ("" if self.target_cut == "characters" else " ").join(symbols)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "sources": self.sources.to_json(),
            "targets": self.targets.to_json(),
            "source_cut": self.source_cut,
            "target_cut": self.target_cut,
            "options": self.options.to_json(),
            "reversed": self.reversed,
            "doubled": self.doubled,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The vocabulary that `to_json` described; KeyError, TypeError or ValueError if it is none."""
        sources, targets = (ValueTable.from_json(values[name]) for name in ("sources", "targets"))
        for table in (sources, targets):
            "".join(table.values).encode()  # half a character raises a ValueError
            if "" in table.values:
                raise ValueError("one of its symbols is empty")
        cuts = (values["source_cut"], values["target_cut"])
        if not all(how in CUTS for how in cuts):
            raise ValueError("it cuts texts in a way that is not known here")
        order = (values["reversed"], values["doubled"])
        if not all(isinstance(value, bool) for value in order):
            raise ValueError("the order of its sources is none")
        return cls(sources, targets, *cuts, PairOptions.from_json(values["options"]), *order)


def _named(features: Sequence[str]) -> list[str]:
    """The values of features as symbols, which no symbol of a text is."""
    return [f"\t{number}\t{value}" for number, value in enumerate(features)]
