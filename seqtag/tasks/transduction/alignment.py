"""Where a transducer's attention was while it wrote each symbol of a target."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.pairs import TextPair
from seqtag.tasks.transduction.model import TransducerModel
from seqtag.tasks.transduction.vocabulary import cut

END = "end"


@dataclass(frozen=True)
class Alignment:
    """A target beside its source.

    Attributes:
        source: The values of source features, the symbols of the source in its own order, and its end.
        target: The symbols of the target, and its end.
        weights: The attention on each of the source when each of the target was written, `(target, source)`.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]

    def to_json(self) -> dict[str, Any]:
        """Plain values; weights have four digits."""
        weights = self.weights.astype(np.float64).round(4).tolist()
        return {"source": list(self.source), "target": list(self.target), "weights": weights}


def align(model: TransducerModel, pair: TextPair, target: str) -> Alignment:
    """The alignment of a target that the model has written for a source. Its decoder has an attention."""
    vocabulary = model.vocabulary
    symbols = cut(target, vocabulary.target_cut)
    (looks,) = model.alignment([pair], [vocabulary.targets.index(symbols).tolist()])
    read, places = vocabulary.symbols(pair)
    names, weights = _columns(read, places, looks)
    return Alignment(tuple(names), (*symbols, END), weights)


def _columns(
    read: list[str], places: list[int], looks: NDArray[np.float32]
) -> tuple[list[str], NDArray[np.float32]]:
    """The symbols of a source in its own order, after its features and before its end, and the weights on each; those
    of a source that is read twice are added up.
    """
    count = max(places, default=-1) + 1
    features = sum(symbol.startswith("\t") for symbol in read)
    names = [symbol.rpartition("\t")[2] for symbol in read[:features]] + [""] * count + [END]
    weights = np.zeros((len(looks), len(names)), np.float32)
    for number, (symbol, place) in enumerate(zip(read, places, strict=True)):
        at = features + place if place >= 0 else number if symbol.startswith("\t") else len(names) - 1
        if place >= 0:
            names[at] = symbol
        weights[:, at] += looks[:, number]
    return names, weights
