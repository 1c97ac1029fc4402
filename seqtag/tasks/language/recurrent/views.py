"""Tokens as a recurrent language model predicts them when only a part of what stands before them is visible."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import cut
from seqtag.corpora.views import View
from seqtag.inference.language_model import StateReader
from seqtag.inference.word_softmax import WordSoftmax
from seqtag.tasks.language.recurrent.vocabulary import WordVocabulary


def score_views(
    views: Sequence[View], vocabulary: WordVocabulary, reader: StateReader, softmax: WordSoftmax
) -> NDArray[np.float64]:
    """-log2 of the probability of each view's token. The network starts from its zero state and reads what is visible;
    where that is nothing, the zero state predicts.

    Args:
        views: The tokens.
        vocabulary: The words that are predicted.
        reader: The forward states.
        softmax: The output layer.
    """
    states = np.zeros((len(views), _units(softmax)), np.float32)
    read = []
    for at, view in enumerate(views):
        seen = vocabulary.seen(view.before)
        visible = cut(seen, 0 if view.start else 1, len(seen) - 1)  # without the borders that are not visible
        if len(visible):
            read.append((at, visible))
    if read:
        places, sentences = zip(*read, strict=True)
        states[list(places)] = reader.one(sentences, [len(one) - 1 for one in sentences])
    numbers, unknown = vocabulary.numbers, vocabulary.unknown
    wanted = [vocabulary.end if view.token is None else numbers.get(view.token, unknown) for view in views]
    logs = softmax.log_probabilities(states, np.array(wanted, np.int32))
    return logs.astype(np.float64) / -math.log(2)


def _units(softmax: WordSoftmax) -> int:
    """Width of the states."""
    if softmax.projection is not None:
        return int(softmax.projection.shape[0])
    return int(softmax.vectors.shape[1])
