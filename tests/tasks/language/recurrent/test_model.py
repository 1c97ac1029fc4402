"""A recurrent language model without TensorFlow says what its Keras network does, and nothing that it should not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from seqtag.inference import language_model as inference
from seqtag.settings import registry
from seqtag.support.errors import Error, ModelError

SENTENCES = [
    ["in", "June", "it", "rains", "in", "Oslo"],
    [],
    ["Mira"],
    ["Bad", "<s>", "in", "</s>", "<unk>", "Emsland", ",", "said", "Mira", "of", "Bad", "Ems"],
    ["Ems"] * 30,
]
TOKENS = sum(len(sentence) + 1 for sentence in SENTENCES)
OUTPUTS = ("full", "classes", "tied")


@pytest.mark.parametrize(
    ("cell", "output"),
    [
        pytest.param(cell, output, marks=() if output == "classes" or cell == "lstm" else pytest.mark.slow)
        for cell in registry.CELLS
        for output in OUTPUTS
    ],
)
def test_it_says_what_the_network_says(cell: str, output: str, make: Any) -> None:
    pair = make(output, encoder__cell=cell)
    said = pair.said(SENTENCES)
    model = pair.model()
    for found, direction in ((model.score, "forward"), (model.score_backward, "backward")):
        bits, unknown = found(SENTENCES)
        assert bits.shape == unknown.shape == (TOKENS,)
        np.testing.assert_allclose(bits, said[direction], rtol=1e-5, atol=1e-5)
        assert bits.std() > 0.3  # large weights: nearly alike would prove little
        alone = pair.model(direction=direction)
        np.testing.assert_array_equal(alone.score(SENTENCES)[0], bits)


@pytest.mark.parametrize("residual", ["residual", "highway"])
def test_shortcuts_and_layers(residual: str, make: Any) -> None:
    pair = make(encoder__residual=residual, encoder__layers=3)
    said, model = pair.said(SENTENCES), pair.model()
    np.testing.assert_allclose(model.score(SENTENCES)[0], said["forward"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.score_backward(SENTENCES)[0], said["backward"], rtol=1e-5, atol=1e-5)


def test_unknown_words(pair: Any) -> None:
    _, unknown = pair.model().score([["in", "Oslo", "<s>", "</s>", "<unk>", "said"], []])
    assert unknown.tolist() == [False, True, True, True, True, True, False, False]
    bits = [pair.model().score([["in", word, "June"]])[0] for word in ("Emsland", "Ostsee", "<unk>")]
    assert bits[0][1] == bits[1][1]  # all are <unk> where they are predicted ...
    assert bits[0][2] != bits[1][2]  # ... and are read as they are spelt
    for word in ("<s>", "</s>"):
        np.testing.assert_array_equal(pair.model().score([["in", word, "June"]])[0], bits[2])


@pytest.mark.parametrize("output", OUTPUTS)
def test_all_words_sum_to_1(output: str, make: Any) -> None:
    model = make(output).model()
    assert model.words == ("<s>", *model.vocabulary.words)
    for tokens in SENTENCES:
        probabilities = model.continuation(tokens)
        assert probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert probabilities[0] == 0
        bits, _ = model.score([[*tokens, "June"]])
        assert -np.log2(probabilities[model.words.index("June")]) == pytest.approx(bits[-2], abs=1e-4)
        assert -np.log2(probabilities[model.words.index("</s>")]) == pytest.approx(
            model.score([tokens])[0][-1], abs=1e-4
        )


def test_continuations_together_are_those_of_each(pair: Any) -> None:
    model = pair.model()
    together = model.continuations(SENTENCES)
    for row, tokens in zip(together, SENTENCES, strict=True):
        np.testing.assert_allclose(row, model.continuation(tokens), rtol=1e-5, atol=1e-7)


def test_a_continuation_reads_a_window(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tokens as a piece of a long sentence has, and none that stand beyond."""
    model, sentence = pair.model(), ["Ems", "in", "June", "Mira"] * 5
    monkeypatch.setattr(inference, "WINDOW", 6)
    found = model.continuation(sentence)
    np.testing.assert_array_equal(model.continuation(["said"] * 9 + sentence[-6:]), found)
    assert np.abs(model.continuation(["said"] * 9 + sentence[-5:]) - found).max() > 1e-6


@pytest.mark.parametrize(("left", "right"), [(["in"], ["it", "rains"]), ([], []), (["Oslo"] * 3, ["Mira"])])
def test_a_gap_is_filled_from_both_sides(left: list[str], right: list[str], pair: Any) -> None:
    model = pair.model()
    found = model.gap(left, right)
    products = np.zeros(len(model.words))
    frequencies = (np.array(model.vocabulary.counts) + 1) / (sum(model.vocabulary.counts) + 11)
    for place, (word, frequency) in enumerate(zip(model.words[1:], frequencies, strict=True), 1):
        if word != "</s>":
            before = model.score([[*left, word]])[0][len(left)]
            after = model.score_backward([[word, *right]])[0][0]
            products[place] = 2.0 ** -(before + after) / frequency
    np.testing.assert_allclose(found, products / products.sum(), rtol=1e-4, atol=1e-7)
    with pytest.raises(Error, match="reads forward only"):
        pair.model(direction="forward").gap(left, right)
    plain = replace(model, vocabulary=replace(model.vocabulary, counts=())).gap(left, right)
    products[1:] *= frequencies
    np.testing.assert_allclose(plain, products / products.sum(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("threads", [1, 3])
def test_neither_padding_nor_threads_matter(threads: int, pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = pair.model(threads=threads)
    whole = {name: getattr(model, name)(SENTENCES)[0] for name in ("score", "score_backward")}
    for name, bits in whole.items():
        alone = np.concatenate([getattr(model, name)([tokens])[0] for tokens in SENTENCES])
        np.testing.assert_allclose(bits, alone, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(inference, "TOKEN_BUDGET", 10)
    monkeypatch.setattr(inference, "AHEAD", 2)
    for name, bits in whole.items():
        np.testing.assert_allclose(
            getattr(model, name)(SENTENCES * 3)[0], np.tile(bits, 3), rtol=1e-5, atol=1e-5
        )


def test_a_long_sentence_is_read_in_pieces(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token is predicted once, from all that its piece shows of its context."""
    model = pair.model()
    draw = np.random.default_rng(2)
    sentence = [str(word) for word in draw.choice(model.vocabulary.words, 60)]
    whole = {name: getattr(model, name)([sentence])[0] for name in ("score", "score_backward")}
    monkeypatch.setattr(inference, "WINDOW", 16)
    for context in (16, 0):
        monkeypatch.setattr(inference, "CONTEXT", context)
        for name, bits in whole.items():
            found = getattr(model, name)([sentence, ["in"]])[0][:61]
            assert (np.abs(found - bits).max() < 0.05) == (context == 16)
            first = found[:15] if name == "score" else found[-13:-1]  # what the first or the last piece holds
            np.testing.assert_allclose(first, bits[:15] if name == "score" else bits[-13:-1], atol=1e-5)


def test_no_sentences(pair: Any) -> None:
    bits, unknown = pair.model().score([])
    assert len(bits) == len(unknown) == 0


def test_a_direction_that_is_missing(pair: Any) -> None:
    with pytest.raises(Error, match=r"reads backward only; expected one with the direction forward"):
        pair.model(direction="backward").continuation([])
    with pytest.raises(Error, match=r"reads forward only; expected one with the direction backward"):
        pair.model(direction="forward").score_backward([["in"]])


@pytest.mark.parametrize("path", ["forward/", "output/words"])
def test_results_that_are_not_finite(path: str, make: Any) -> None:
    pair = make(encoder__cell="simplernn", encoder__activation="linear")
    for name, array in pair.weights.items():
        if name.startswith(path):
            array.fill(3e38)
    with pytest.raises(ModelError, match="not finite"):
        pair.model().score(SENTENCES)


def test_descriptions(make: Any) -> None:
    assert make().model().description == "2 layers of 4 LSTM units, both directions, 9 words in 4 classes"
    one = make("full", encoder__layers=1).model(direction="forward")
    assert one.description == "1 layer of 4 LSTM units, forward, 9 words"
