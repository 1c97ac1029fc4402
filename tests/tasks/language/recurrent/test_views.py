"""Tokens from a part of what stands before them: what the Keras network says that reads this part alone."""

from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.views import View
from seqtag.support.errors import Error

SENTENCE = ["in", "June", "it", "<s>", "in", "Oslo"]


@pytest.mark.parametrize("output", ["full", "classes", "tied"])
def test_the_network_reads_what_is_visible(output: str, make: Any) -> None:
    import tensorflow as tf

    pair = make(output)
    model, vocabulary = pair.model(), pair.vocabulary
    for visible in (1, 2, 3, 9):
        places = range(len(SENTENCE) + 1)
        found = model.score_views([View.of(SENTENCE, place, visible) for place in places])
        for place, bits in zip(places, found, strict=True):
            read = ["</s>", *("<unk>" if token == "<s>" else token for token in SENTENCE)][: place + 1]
            inputs = vocabulary.collate(vocabulary.index_seen([Sentence(tuple(read[-visible:]))]))
            state = pair.network.states(inputs)[0][:, -1]
            token = SENTENCE[place] if place < len(SENTENCE) else "</s>"
            number = vocabulary.end if token == "</s>" else vocabulary.numbers.get(token, vocabulary.unknown)
            wanted = -pair.network.softmax(state, tf.constant([number]))[0] / np.log(2)
            assert bits == pytest.approx(float(wanted), rel=1e-4)


def test_all_is_visible(pair: Any) -> None:
    model = pair.model()
    found = model.score_views([View.of(SENTENCE, place, 99) for place in range(len(SENTENCE) + 1)])
    np.testing.assert_allclose(found, model.score([SENTENCE])[0], rtol=1e-5)


@pytest.mark.parametrize("output", ["full", "classes", "tied"])
def test_nothing_is_visible(output: str, make: Any) -> None:
    """All words sum to 1, wherever they stand; and no state has been read."""
    model = make(output).model()
    words = [None, *(word for word in model.words if word not in ("<s>", "</s>"))]
    bits = model.score_views([View([], False, word) for word in words])
    assert (2.0**-bits).sum() == pytest.approx(1, abs=1e-5)
    assert model.score_views([View.of(["Mira", "Ems"], 1, 0)])[0] == bits[words.index("Ems")]
    assert bits.std() > 0.1


def test_backward_only(pair: Any) -> None:
    with pytest.raises(Error, match="reads backward only"):
        pair.model(direction="backward").score_views([View([], True, "in")])
