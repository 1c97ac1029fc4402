"""Models whose state goes from line to line: by lines they say what the network does of it as one sentence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.inference import language_model as inference
from seqtag.model_folder import replacing
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.settings import registry
from seqtag.stages import score_lm
from seqtag.support.errors import Error, ModelError
from seqtag.tasks.language import base
from seqtag.tasks.language.mixture import Mixture
from seqtag.tasks.language.recurrent.stored import files

TEXT = [
    ["in", "June", "it", "rains", "in", "Oslo"],
    ["Mira"],
    [],
    ["Bad", "<s>", "in", "</s>", "<unk>", "Emsland", ",", "said", "Mira", "of", "Bad", "Ems"],
    ["Ems"] * 30,
    ["it", "rains"],
]
STATEFUL = [name for name, part in registry.CELLS.items() if part.stateful]
CONTINUOUS = {"reading__continuous": True, "reading__direction": "forward"}


@pytest.fixture(scope="module")
def pair(make: Any) -> Any:
    return make(**CONTINUOUS)


def said(pair: Any, text: Any) -> NDArray[Any]:
    """The bits that the Keras network gives each word and border of a text, one border between two lines."""
    vocabulary = pair.vocabulary
    tokens = ["</s>", *(token for line in text for token in vocabulary.seen(line).tokens[1:])]
    words = [vocabulary.targets(line)[1:] for line in text]
    targets = np.concatenate([vocabulary.targets([])[:1], *words])[None]
    inputs = vocabulary.collate(vocabulary.index_seen([Sentence(tuple(tokens))]))
    bits: NDArray[Any] = -pair.network.log_probabilities(inputs, targets).numpy()[0, 0, 1:] / np.log(2)
    return bits


@pytest.mark.parametrize(
    ("cell", "settings"),
    [(cell, {}) for cell in STATEFUL]
    + [
        (cell, settings)
        for cell in ("lstm", "gru", "simplernn")  # such an activation has no operator
        for settings in ({"encoder__activation": "hard_tanh", "encoder__residual": "residual"},)
    ],
)
def test_line_by_line_it_says_what_the_network_says(cell: str, settings: Any, make: Any) -> None:
    pair = make(encoder__cell=cell, **CONTINUOUS, **settings)
    bits, unknown = pair.model().scorer()(TEXT)
    np.testing.assert_allclose(bits, said(pair, TEXT), rtol=1e-5, atol=1e-4)
    assert bits.std() > 0.3
    fresh, _ = pair.model().score(TEXT)
    alone = np.concatenate([pair.model().scorer()([line])[0] for line in TEXT])
    np.testing.assert_allclose(fresh, alone, rtol=1e-5, atol=1e-4)  # by itself, each begins anew
    assert (np.abs(bits - fresh)[7:] > 1e-3).mean() > 0.2  # what came before a line counts
    assert unknown.sum() == 7


@pytest.mark.parametrize("window", [1, 5, 2048])
def test_the_parts_of_a_text(window: int, pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = pair.model()
    whole, unknown = model.scorer()(TEXT)
    monkeypatch.setattr(inference, "WINDOW", window)
    scorer, other = model.scorer(), model.scorer()
    parts = []
    for line in TEXT:
        parts.append(scorer([line]))
        other(TEXT)  # two texts at once do not mix
    assert [len(part[0]) for part in (scorer([]),)] == [0]
    np.testing.assert_allclose(np.concatenate([bits for bits, _ in parts]), whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.concatenate([found for _, found in parts]), unknown)
    np.testing.assert_allclose(model.scorer()(TEXT)[0], whole, rtol=1e-5, atol=1e-5)  # and each begins anew


def test_it_continues_a_line_as_it_scores_the_first_one(pair: Any) -> None:
    model = pair.model()
    for tokens in TEXT:
        probabilities = model.continuation(tokens)
        assert probabilities.sum() == pytest.approx(1, abs=1e-6)
        bits = model.score([[*tokens, "June"]])[0]
        assert -np.log2(probabilities[model.words.index("June")]) == pytest.approx(bits[-2], abs=1e-4)
    together = model.continuations(TEXT)
    np.testing.assert_allclose(together[3], model.continuation(TEXT[3]), rtol=1e-5, atol=1e-7)


def stored(pair: Any, folder: Path, **changes: Any) -> Path:
    vectors = pair.vocabulary.indexers["vectors"].vectors
    kept = {path: array for path, array in pair.weights.items() if not path.startswith("backward/")}
    content = files(pair.config, pair.vocabulary, kept, {}, vectors)
    config = json.loads(content["config.json"])
    for path, value in changes.items():
        section, name = path.split("__")
        config["settings"][section][name] = value
    replacing.write(folder, content | {"config.json": json.dumps(config).encode()}, LANGUAGE_MODEL)
    return folder


def test_files_begin_anew_and_their_batches_do_not(
    pair: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = base.load(stored(pair, tmp_path / "lm"))
    text = tmp_path / "text.txt"
    text.write_text("\n".join(" ".join(line) for line in TEXT if line), "utf-8")
    monkeypatch.setattr(base, "BATCH", 9)
    wanted = said(pair, [line for line in TEXT if line])
    found = [one.bits for _, one in score_lm.by_line(model, str(text))]
    ends = np.cumsum([len(line) + 1 for line in TEXT if line])
    np.testing.assert_allclose(found, [part.sum() for part in np.split(wanted, ends[:-1])], rtol=1e-5)
    twice = score_lm.total(model, [str(text)] * 2, "lm")
    assert twice.bits == pytest.approx(2 * wanted.sum(), rel=1e-5)


def test_a_mixture_of_it_goes_on_as_well(pair: Any, make: Any) -> None:
    """Beside a model that begins each line afresh."""
    model, fresh = pair.model(), make().model()
    mixture = Mixture((model, fresh), (0.5, 0.5), model.words)
    scorer = mixture.scorer()
    found = np.concatenate([scorer([line])[0] for line in TEXT])
    wanted = -np.log2((2 ** -model.scorer()(TEXT)[0] + 2 ** -fresh.score(TEXT)[0]) / 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    alone = np.concatenate([mixture.scorer()([line])[0] for line in TEXT])
    np.testing.assert_allclose(mixture.score(TEXT)[0], alone, rtol=1e-5, atol=1e-5)


def test_its_description(pair: Any) -> None:
    wanted = "2 layers of 4 LSTM units, forward from line to line, 9 words in 4 classes"
    assert pair.model().description == wanted


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"reading__direction": "both"}, r"reading\.direction is both"),
        ({"encoder__cell": "dense"}, r"encoder\.cell dense has none"),
    ],
)
def test_a_folder_that_contradicts_itself(changes: Any, problem: str, pair: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=problem):
        base.load(stored(pair, tmp_path / "lm", **changes))


def test_states_that_are_not_finite(make: Any) -> None:
    pair = make(encoder__cell="simplernn", encoder__activation="linear", **CONTINUOUS)
    for name, array in pair.weights.items():
        if name.startswith("forward/"):
            array.fill(3e38)
    with pytest.raises(ModelError, match="not finite"):
        pair.model().scorer()(TEXT)


def test_the_other_direction(pair: Any) -> None:
    with pytest.raises(Error, match=r"reads forward only; expected one with the direction backward"):
        pair.model().score_backward(TEXT)
