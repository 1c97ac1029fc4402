"""Characters of very long words: all of them are seen, wherever a word is cut into pieces."""

from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import PADDING, UNKNOWN, ValueTable
from seqtag.features.indexers.characters import LONGEST, OVERLAP, PIECE, CharacterIndexer


@pytest.mark.parametrize("length", [1, 2, 39, 40, 41, 69, 70, 71, 100, 1000])
def test_pieces_are_the_word(length: int) -> None:
    """Each character, and each few neighbours, are in a piece; no piece is a mere repetition."""
    letters = [chr(0x4E00 + number) for number in range(length)]
    indexer = CharacterIndexer(ValueTable(letters, 0))
    batch = indexer.collate([("".join(letters),)], 1, None)
    assert batch["word_pieces"].tolist() == [list(range(len(batch["characters"])))]
    pieces = [[row for row in piece if row != PADDING] for piece in batch["characters"].tolist()]
    rows = indexer.table.index(letters).tolist()
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    assert pieces[0] + [row for piece in pieces[1:] for row in piece[OVERLAP:]] == rows
    assert all(len(piece) > OVERLAP for piece in pieces[1:])
    if length <= PIECE:
        assert pieces == [rows]


@pytest.mark.parametrize("length", [7_690, 7_691, 10_000, 1_000_000])
def test_of_a_very_long_word_its_start_and_its_end_are_read(length: int) -> None:
    """So that a batch of many words with one of them keeps its size."""
    assert LONGEST == 7_690
    letters = [chr(0x10000 + number) for number in range(length)]
    indexer = CharacterIndexer(ValueTable(letters, 0))
    batch = indexer.collate([("".join(letters), *map(str, range(999)))], 1000, None)
    assert batch["word_pieces"].shape == (1000, 256)
    seen = set(batch["characters"][batch["word_pieces"][0]].ravel().tolist()) - {PADDING}
    rows = indexer.table.index(letters).tolist()
    assert seen == {*rows[:3845], *rows[-3845:]}


def test_a_word_with_few_pieces_beside_one_with_many() -> None:
    indexer = CharacterIndexer(ValueTable(["a", "b"], 0))
    batch = indexer.collate([("ab", "b" * 90), ("a",)], 2, None)
    assert batch["spellings"].tolist() == [[0, 1], [2, 0]]
    assert batch["word_pieces"].tolist() == [[0, 0, 0], [1, 2, 3], [4, 4, 4]]
    assert (batch["characters"] != 0).sum(axis=1).tolist() == [2, 40, 40, 30, 1]


def test_rows_of_characters() -> None:
    """Known ones and others, before and after the last that is known; half of a surrogate pair is one as well."""
    indexer = CharacterIndexer(ValueTable(["b", "\U0001f600", "\u0301"], 0))
    batch = indexer.collate([("b\u0301", "ab\U0001f600"), ("\ud83d\U0001f601\U0010ffff", "b\u0301")], 2, None)
    assert batch["characters"].tolist() == [[2, 4, PADDING], [UNKNOWN, 2, 3], [UNKNOWN] * 3]
    assert batch["spellings"].tolist() == [[0, 1], [2, 0]]
    assert {array.dtype.name for array in batch.values()} == {"int32"}


@pytest.mark.parametrize("encoder", ["cnn", "lstm"])
def test_every_character_of_a_long_word_is_seen(make: Any, run_onnx: Any, encoder: str) -> None:
    toy = make(
        embeddings=["characters"], encoder__cell="simplernn", embeddings__characters__encoder=encoder,
        embeddings__characters__units=8,
    ).shake(0.3)  # fmt: skip
    indexer = toy.indexers["characters"]
    assert {"i", "n", "s"} <= set(indexer.table.values)
    word = "in" * 500
    places = (0, 29, 30, 39, 40, 499, 969, 970, 998, 999)
    words = [word, *(word[:at] + "s" + word[at + 1 :] for at in places)]

    def inputs_of(words: list[str]) -> dict[str, Any]:
        rows = [indexer.index(Sentence((word, "in"))) for word in words]
        return {"lengths": np.full(len(words), 2, np.int32), **indexer.collate(rows, 2, None)}

    inputs = inputs_of(words)
    features = toy.network.embeddings[0](inputs).numpy()[:, 0]
    for number, at in enumerate(places, start=1):
        assert np.abs(features[number] - features[0]).max() > 1e-4, at
    alone = toy.network.embeddings[0](inputs_of(words[:1])).numpy()[0, 0]
    np.testing.assert_allclose(alone, features[0], rtol=1e-4, atol=1e-5)
    tags, probabilities = run_onnx(toy.export(), inputs)
    np.testing.assert_array_equal(tags, toy.network.decode(inputs)[0])
    np.testing.assert_allclose(probabilities, toy.network.decode(inputs)[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("encoder", ["lstm", "gru"])
def test_a_recurrent_character_encoder_can_be_explained(make: Any, encoder: str) -> None:
    """The slope of each word's score as one word's vector, read from its characters, is made longer."""
    from seqtag.network.build import mask_of
    from seqtag.network.saliency import Saliency

    toy = make(embeddings=["characters"], embeddings__characters__encoder=encoder).shake(0.5)
    network = toy.network
    inputs, tags = toy.batch([0])
    words = range(tags.shape[1])
    found = Saliency(network)(inputs, tags[0], np.eye(len(words), dtype=np.float32))
    vectors = np.asarray(network.vectors(inputs))

    def scores(place: int, factor: float) -> Any:
        changed = vectors.copy()
        changed[0, place] *= factor
        features = network.encoder(changed, inputs["lengths"])
        logits = np.asarray(network.head.logits(features, tags, mask_of(inputs["lengths"], features)))
        return np.take_along_axis(logits[0].astype(float), tags[0][:, None], axis=1)[:, 0]

    step = 0.02
    slopes = [(scores(place, 1 + step) - scores(place, 1 - step)) / (2 * step) for place in words]
    assert np.abs(found).max() > 0.01
    np.testing.assert_allclose(found, np.stack(slopes, axis=1), atol=0.01 * np.abs(found).max())
