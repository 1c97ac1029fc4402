"""Gradients through a recurrent language model: those of its network, at tokens whose state predicts something."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.corpora.base import AUTO
from seqtag.graph.weights import Weights
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.model_folder.replacing import write
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.language.recurrent.reach import draw, rates, sample
from seqtag.tasks.language.recurrent.stored import StoredLanguage, files

SENTENCES = [["in", "June", "it", "rains", "in", "Oslo"], ["Mira"], ["Bad", "news", "of", "June"]]


def batch(pair: Any) -> tuple[dict[str, Any], Any]:
    """Inputs and targets of `SENTENCES`."""
    inputs = pair.vocabulary.collate(pair.vocabulary.index_all(SENTENCES))
    targets = np.zeros((len(SENTENCES), int(inputs["lengths"].max())), np.int32)
    for row, tokens in zip(targets, SENTENCES, strict=True):
        row[: len(tokens) + 2] = pair.vocabulary.targets(tokens)
    return inputs, targets


def turned(array: Any, lengths: Any) -> Any:
    """Each sentence from its last token to its first."""
    array = np.array(array)
    for row, length in zip(array, lengths, strict=True):
        row[:length] = row[:length][::-1]
    return array


def test_states_and_errors_are_those_of_the_network(make: Any) -> None:
    """Of the upper layer in both directions: the state itself, and the gradient of the loss by it."""
    import tensorflow as tf

    from seqtag.network.gradients import traces

    pair = make("classes", encoder__cell="gru", encoder__residual="none")
    inputs, targets = batch(pair)
    lengths = inputs["lengths"]
    found = traces(pair.network, inputs, targets)
    assert [(one.layer, one.direction) for one in found] == [
        (layer, direction) for layer in (1, 2) for direction in ("forward", "backward")
    ]
    states = [tf.Variable(one) for one in pair.network.states(inputs)]
    with tf.GradientTape() as tape:
        loss = pair.network.loss_from(states, inputs, targets)
    assert float(loss) == pytest.approx(float(pair.network.loss_of(inputs, targets)), rel=1e-6)
    inside = np.arange(targets.shape[1]) < lengths[:, None]
    for trace, state, error in zip(found[2:], states, tape.gradient(loss, states), strict=True):
        wanted = [np.array(tf.convert_to_tensor(one)) for one in (state, error)]
        if trace.direction == "backward":
            wanted = [turned(one, lengths) for one in wanted]
        np.testing.assert_allclose(trace.states[0].numpy()[inside], wanted[0][inside], atol=1e-5)
        np.testing.assert_allclose(trace.errors.numpy()[inside], wanted[1][inside], atol=1e-6)
        ends = np.abs(wanted[1][np.arange(len(lengths)), lengths - 1])
        assert ends.max() == 0, "the last state predicts nothing"


def test_the_loss_of_a_word_carried_back(make: Any) -> None:
    """d L_t / d h_{t-k}: a later word's loss, where a state is changed k steps before."""
    import tensorflow as tf

    from seqtag.network.gradients import profile, traces

    pair = make("full", encoder__cell="simplernn", encoder__layers=1)
    network, (inputs, targets) = pair.network, batch(pair)
    forward, _ = traces(network, inputs, targets)
    place, steps = 5, 4
    found = profile(forward, np.array([place] * 3), steps, np.random.default_rng(1)).errors[0]
    predicted = int(sum(inputs["lengths"] - 1)) * 2  # the loss is a mean over them
    for k in range(steps + 1):
        nothing = tf.zeros((1, 4))
        with tf.GradientTape() as tape:
            tape.watch(nothing)
            state = tf.zeros((1, 4))
            for at in range(place + 1):
                _, (state,) = forward.cell(forward.inputs[:1, at], [state])
                state = state + nothing if at == place - k else state
            loss = -network.softmax(state, targets[:1, place + 1])[0] / predicted
        wanted = float(tf.norm(tape.gradient(loss, nothing)))
        assert found[k] == pytest.approx(wanted, rel=1e-3)


def drawn(pair: Any, lengths: list[int], longest: int = 99, **more: Any) -> Any:
    texts = [[f"w{number}", *["in"] * (length - 1)] for number, length in enumerate(lengths)]
    return draw(texts, "x", pair.vocabulary, longest, 99, np.random.default_rng(1), **more)


def test_which_sentences_are_drawn(pair: Any) -> None:
    found = drawn(pair, [3, 4, 2, 60], longest=50, steps=3)
    assert (found.long_enough, len(found), found.steps) == (3, 3, 3)
    assert [len(one) for one in found.examples] == [3, 4, 50], (
        "as many words as steps, cut, in the file's order"
    )
    assert drawn(pair, list(range(1, 21))).steps == 18, "as one sentence in ten allows"


def test_places_are_those_that_predict(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From as many steps in as are asked for to the last word; the last border predicts nothing."""
    from seqtag.network import gradients

    seen: dict[str, set[int]] = {"forward": set(), "backward": set()}

    def profile(trace: Any, places: Any, steps: int, random: Any) -> Any:
        seen[trace.direction].update(places.tolist())
        return SimpleNamespace(errors=np.ones((1, 4)), jacobians=np.ones((1, 4)))

    monkeypatch.setattr(gradients, "profile", profile)
    drawn(pair, [5] * 60, steps=3).measured(pair.network, np.random.default_rng(3))
    assert seen == {"forward": {3, 4, 5}, "backward": {3, 4, 5}}


def test_rates_of_a_job(pair: Any) -> None:
    texts = SimpleNamespace(dev=[["in", "June", "it", "rains"]] * 3)
    job: Any = SimpleNamespace(
        config=pair.config, texts=texts, vocabulary=pair.vocabulary, network=pair.network
    )
    found = rates(job)
    assert [(one["layer"], one["direction"]) for one in found] == [
        (1, "forward"), (1, "backward"), (2, "forward"), (2, "backward"),
    ]  # fmt: skip
    assert all(0 < one["rate"] < 10 for one in found)
    assert rates(job) == found
    texts.dev = [["in"]]
    assert rates(job) == []


def test_refusals(pair: Any, tmp_path: Any) -> None:
    restored = StoredLanguage("lm", pair.config, pair.vocabulary, Weights.of_arrays(pair.weights), None)
    path = tmp_path / "text"
    path.write_text("in June it\n\nrains\n", "utf-8")
    random = np.random.default_rng(1)
    assert [*sample(restored, str(path), 5, random).examples] == [["in", "June", "it"]]
    with pytest.raises(
        Error, match=r"text: no sentence has 4 words or more; the longest has 3\. Try --steps 3"
    ):
        sample(restored, str(path), 5, random, 4)
    given = AUTO.__class__(token_column=2).as_given()
    with pytest.raises(UsageError, match="--token-column: has no meaning for a language model"):
        sample(restored, str(path), 5, random, options=given)


@pytest.fixture
def folder(pair: Any, tmp_path: Path) -> Path:
    """The folder of the model."""
    vectors = pair.vocabulary.indexers["vectors"].vectors
    found = files(pair.config, pair.vocabulary, pair.weights, {"made": "by hand"}, vectors)
    write(tmp_path / "lm", found, LANGUAGE_MODEL)
    return tmp_path / "lm"


def test_the_command(folder: Path, pair: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The network that is measured is that of the folder."""
    (tmp_path / "text").write_text("in June it rains in Oslo\nMira\nBad news of June in Ems\n", "utf-8")
    assert run(["gradients", str(folder), str(tmp_path / "text"), "--steps", "5", "-o", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["cell"], found["steps"], found["sentences"], found["long_enough"]) == ("lstm", 5, 2, 2)
    assert [(one["number"], one["direction"]) for one in found["layers"]] == [
        (1, "forward"), (1, "backward"), (2, "forward"), (2, "backward"),
    ]  # fmt: skip
    kernel = pair.weights["forward/forward_1/lstm_cell/recurrent_kernel"]
    radius = np.abs(np.linalg.eigvals(kernel[:, :4].astype(np.float64))).max()
    assert found["layers"][0]["kernels"]["input"]["radius"] == pytest.approx(radius)


def test_another_kind_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("in June it rains in Oslo\n", "utf-8")
    assert run(["lm", "train", "--train", str(tmp_path / "text"), "-o", str(tmp_path / "lm")]) == 0
    capsys.readouterr()
    assert run(["gradients", str(tmp_path / "lm"), str(tmp_path / "text")]) == 1
    assert "the kind is 'ngram'; expected rnn, a recurrent language model" in capsys.readouterr().err
