"""Sources on which the gradients of a transducer's encoder are measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.pairs import TextPair
from seqtag.features.indexers.base import pad
from seqtag.settings import registry
from seqtag.support.errors import Error
from seqtag.tasks.transduction.read import read_whole
from seqtag.tasks.transduction.stored import StoredTransducer
from seqtag.tasks.transduction.use import options_of
from seqtag.tasks.transduction.vocabulary import BORDER, SymbolVocabulary
from seqtag.training import reach
from seqtag.training.reach import SENTENCES, LayerReach

if TYPE_CHECKING:
    from seqtag.tasks.transduction.job import TransductionJob


@dataclass(frozen=True)
class PairSample:
    """Pairs to look at.

    Attributes:
        pairs: Those drawn, in the file's order; of each the encoder reads more than `steps` symbols.
        steps: How many steps to go back.
        long_enough: How many the file holds that could have been drawn.
        path: The file, for messages.
        vocabulary: The model's.
    """

    pairs: list[TextPair]
    steps: int
    long_enough: int
    path: str
    vocabulary: SymbolVocabulary

    def __len__(self) -> int:
        return len(self.pairs)

    def measured(self, network: Any, random: np.random.Generator) -> list[LayerReach]:
        """Each layer and direction of a `TransducerNetwork`'s encoder, measured at a symbol drawn in each source."""
        sources = [self.vocabulary.source(pair) for pair in self.pairs]
        ends = [np.append(self.vocabulary.target(pair), BORDER).astype(np.int32) for pair in self.pairs]
        lengths = np.array([len(source) for source in sources], np.int32)
        inputs: dict[str, Any] = {"symbols": pad(sources, int(lengths.max())), "lengths": lengths}
        followed = network.followed(inputs["symbols"])
        return reach.measure(followed, inputs, pad(ends, max(map(len, ends))), self.steps, random)


def sample(
    stored: StoredTransducer,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> PairSample:
    """Draws at most `count` pairs of a file; see `seqtag.tasks.base.Draw`."""
    pairs = read_whole(path, options_of(stored.vocabulary, path, options), report)
    found = draw(pairs, path, stored.vocabulary, count, random, steps)
    if not found.pairs:
        longest = max(len(stored.vocabulary.source(pair)) for pair in pairs)
        raise Error(
            f"{path}: no source has more than {found.steps} symbols with its end; the longest has {longest}."
            + f" Try --steps {longest - 1}." * (longest > 2)
        )
    return found


def draw(
    pairs: Sequence[TextPair],
    path: str,
    vocabulary: SymbolVocabulary,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
) -> PairSample:
    """Draws at most `count` pairs whose sources are long enough."""
    lengths = [len(vocabulary.source(pair)) for pair in pairs]
    if steps is None:
        steps = reach.reachable(lengths)
    long_enough = [pair for pair, length in zip(pairs, lengths, strict=True) if length > steps]
    return PairSample(reach.drawn(long_enough, count, random), steps, len(long_enough), path, vocabulary)


def rates(job: "TransductionJob") -> list[dict[str, Any]]:
    """How far gradients reach back in each layer and direction of a trained encoder, on some pairs of dev; see
    `training.reach.rates`. Nothing where no layer has a state, or dev holds no source that is long enough.
    """
    if not registry.is_stateful(job.config.encoder.cell):
        return []
    random = np.random.default_rng(1)  # the same symbols with each seed of the run
    drawn = draw(job.data.dev, "dev", job.vocabulary, SENTENCES, random)
    return reach.rates(drawn.measured(job.network, random)) if drawn.pairs else []
