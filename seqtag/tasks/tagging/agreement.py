"""Whether a trained network and its export agree, asked of both on sentences."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.reading import Sentence
from seqtag.corpora.sentence import cut
from seqtag.graph.outputs import PROBABILITIES, TAGS
from seqtag.inference.tagger import SentenceTagger
from seqtag.support.errors import Diverged, Error
from seqtag.tasks.tagging.parity import ROUNDING, Difference, compare

if TYPE_CHECKING:
    from seqtag.network.build import Network

SENTENCES, BATCH = 200, 32
WORDS = 500  # of each sentence: Keras takes time and memory for each of them
FEW_WORDS = 4  # so far roundings stay small in any network


def check(network: "Network", exported: SentenceTagger, sentences: Sequence[Sentence]) -> None:
    """Compares what both make of the first sentences, of each the first words.

    Args:
        network: The trained network.
        exported: The tagger of the same weights, with the vocabulary of both.
        sentences: Where to try it.

    Raises:
        Diverged: The network returns NaN.
        Error: They differ by more than rounding.
    """
    for start in range(0, min(len(sentences), SENTENCES), BATCH):
        batch = [cut(words, 0, WORDS) for words in sentences[start : min(start + BATCH, SENTENCES)]]
        found, noise = _differences(network, exported, batch)
        if not found.holds and found.within(noise()):
            # Roundings grow from word to word in this network, so both are compared before they have.
            short = [cut(words, 0, FEW_WORDS) for words in batch]
            found, noise = _differences(network, exported, short)
        if not found.holds and not found.within(noise()):
            raise Error(
                f"the exported network differs from the trained one (by {found.gap:.1e} in a probability, in "
                f"{found.wrong} tags); no model was written. Please report this."
            )


def _differences(
    network: "Network", exported: SentenceTagger, sentences: Sequence[Sentence]
) -> tuple[Difference, Callable[[], list[Difference]]]:
    """How far the exported network is from the trained one, and how to ask how far that one is from itself where what
    it reads is changed by no more than rounding does.
    """
    vocabulary = exported.vocabulary
    windows = [len(sentences)] if vocabulary.context else None
    inputs = vocabulary.collate(vocabulary.index_all(sentences), windows=windows)
    decoded = tuple(np.asarray(array) for array in network.decode(inputs))
    if not np.isfinite(decoded[1]).all():
        raise Diverged(
            "training ended with weights that are not finite; no model was written. Lower the learning rate."
        )

    def differences(others: tuple[Any, Any]) -> Difference:
        return compare(
            (decoded[0], decoded[1]),
            others,
            inputs["lengths"],
            lambda tags: network.logs(inputs, tags),
            searched=network.head.searches,
        )

    def noise() -> list[Difference]:
        return [differences(network.decode(inputs, scale=scale)) for scale in (1 - ROUNDING, 1 + ROUNDING)]

    answer = exported.decode(sentences)
    return differences((answer[TAGS.name], answer[PROBABILITIES.name])), noise
