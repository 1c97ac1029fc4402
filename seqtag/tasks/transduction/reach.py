"""Sources on which the gradients of a transducer's encoder are measured."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.pairs import TextPair
from seqtag.features.indexers.base import pad
from seqtag.support.errors import Error
from seqtag.tasks.transduction.read import read_whole
from seqtag.tasks.transduction.stored import StoredTransducer
from seqtag.tasks.transduction.use import options_of
from seqtag.tasks.transduction.vocabulary import BORDER, SymbolVocabulary
from seqtag.training import reach
from seqtag.training.reach import GradientInputs, Sample

if TYPE_CHECKING:
    from seqtag.tasks.transduction.job import TransductionJob


def sample(
    stored: StoredTransducer,
    path: str,
    count: int,
    random: np.random.Generator,
    steps: int | None = None,
    options: ReadOptions = AUTO,
    report: Report = ignore,
) -> Sample[TextPair]:
    """Draws at most `count` pairs of a file; see `seqtag.tasks.base.Draw`."""
    pairs = read_whole(path, options_of(stored.vocabulary, path, options), report)
    found = draw(pairs, path, stored.vocabulary, count, random, steps)
    if not found.examples:
        longest = found.longest
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
) -> Sample[TextPair]:
    """Draws at most `count` pairs whose sources are long enough."""
    collate = partial(_collate, vocabulary)
    return reach.draw(pairs, lambda pair: len(vocabulary.source(pair)), collate, path, count, random, steps)


def _collate(vocabulary: SymbolVocabulary, network: Any, pairs: list[TextPair]) -> GradientInputs:
    """The sources, and the targets with their ends."""
    sources = [vocabulary.source(pair) for pair in pairs]
    ends = [np.append(vocabulary.target(pair), BORDER).astype(np.int32) for pair in pairs]
    lengths = np.array([len(source) for source in sources], np.int32)
    inputs: dict[str, Any] = {"symbols": pad(sources, int(lengths.max())), "lengths": lengths}
    return GradientInputs(network.followed(inputs["symbols"]), inputs, pad(ends, max(map(len, ends))))


def rates(job: "TransductionJob") -> list[dict[str, Any]]:
    """How far gradients reach back in a trained encoder; see `training.reach.trained_rates`."""
    return reach.trained_rates(job.config, job.network, partial(draw, job.data.dev, "dev", job.vocabulary))
