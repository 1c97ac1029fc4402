"""The final states of the exported network: those of Keras's `return_state`, sentence by sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtag
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph import outputs
from seqtag.inference.final_states import FinalStateReader, _batches
from seqtag.settings import registry

GOLDEN = Path(__file__).parents[1] / "golden" / "models" / "format_2"
NUMBERS = [0, 1, 2, 4]  # of sentences of 5, 1, 9 and 6 words
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name, part in registry.CELLS.items() if part.stateful),
    ("lstm", {"encoder__activation": "hard_tanh"}),  # by a loop
    ("gru", {"encoder__bidirectional": False, "encoder__residual": "highway", "encoder__merge_mode": "sum"}),
]


class Numbered:
    """Hands the rows of a toy's sentences to a reader."""

    def __init__(self, toy: Any, sentences: Any) -> None:
        self.toy, self.sentences = toy, sentences

    def index_all(self, numbers: Any) -> Any:
        return [
            {name: part.index(self.sentences[number]) for name, part in self.toy.indexers.items()}
            for (number, *_) in numbers
        ]

    collate, _named = Vocabulary.collate, Vocabulary._named

    @property
    def indexers(self) -> Any:
        return self.toy.indexers


def keras_states(network: Any, inputs: Any) -> Any:
    """`(layers, directions, memories, units)` of a batch of one sentence, by Keras's own layers."""
    encoder = network.encoder
    features, every = network.vectors(inputs), []
    for layers, shortcut in zip(encoder.stack, encoder.shortcuts, strict=True):
        ways, ends = [], []
        for layer, step in zip(layers, (1, -1), strict=False):
            layer.return_state = True
            read, *last = layer(features[:, ::step])
            layer.return_state = False
            ways.append(read[:, ::step])
            ends.append([np.asarray(state)[0] for state in last])
        merged = encoder.cell.merge(ways)
        features = shortcut(features, merged) if shortcut else merged
        every.append(ends)
    return np.array(every)


@pytest.mark.parametrize(("cell", "settings"), CASES)
def test_they_are_those_of_keras(cell: str, settings: dict[str, Any], make: Any) -> None:
    toy = make(encoder__cell=cell, encoder__layers=2, **settings).shake(0.6)
    sentences = [toy.batch([number])[0] for number in NUMBERS]
    network = toy.export([outputs.FINAL.name])
    reader = FinalStateReader(network, _vocabulary(toy), toy.config.encoder)
    found = reader.read(
        [(number,) * int(one["lengths"][0]) for number, one in zip(NUMBERS, sentences, strict=True)]
    )
    for states, inputs in zip(found, sentences, strict=True):
        wanted = keras_states(toy.network, inputs)
        np.testing.assert_allclose(states.h, wanted[:, :, 0], atol=2e-5)
        assert (states.c is None) == (wanted.shape[2] == 1)
        if states.c is not None:
            np.testing.assert_allclose(states.c, wanted[:, :, 1], atol=2e-5)


def _vocabulary(toy: Any) -> Any:
    from tests.network.conftest import SENTENCES

    return Numbered(toy, SENTENCES)


def test_they_are_computed_only_if_asked_for(make: Any) -> None:
    toy = make()
    assert outputs.FINAL.name.encode() not in toy.export()
    few = toy.export([outputs.FINAL.name])
    assert b"probabilities" not in few


def test_sentences_of_one_length_are_read_together() -> None:
    assert list(_batches([3, 1, 3, 2, 1])) == [[1, 4], [3], [0, 2]]
    assert [len(batch) for batch in _batches([1000] * 5)] == [2, 2, 1]


def test_the_python_function() -> None:
    tagger = seqtag.load(GOLDEN)
    one, other = tagger.states([["Marta", "left"], ["Lisbon"]])
    assert isinstance(one, seqtag.FinalStates)
    assert one.h.shape == other.h.shape
    (again,) = tagger.states([["Lisbon"]])
    np.testing.assert_allclose(again.h, other.h, atol=1e-6)
    assert tagger.states([]) == []
    for wrong, problem in (
        ("Lisbon", "sentences as lists"),
        ([[]], r"sentences\[0\]: expected at least one token"),
    ):
        with pytest.raises(seqtag.Error, match=problem):
            tagger.states(wrong)
