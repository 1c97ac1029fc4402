"""Folders of recurrent language models: what is written is read again, and what is spoilt is refused with a message."""

import json
import random
import runpy
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.support.errors import Error, ModelError
from seqtag.tasks.language.base import load
from seqtag.tasks.language.recurrent.model import RecurrentModel
from seqtag.tasks.language.recurrent.stored import files
from seqtag.tasks.language.sampling import Sampling, generate

MUTANTS = runpy.run_path(str(Path(__file__).parents[3] / "mutants.py"))
Files = dict[str, bytes]
put: Callable[[Path, Files], Path] = MUTANTS["put"]
WEIGHTS = "weights.safetensors"


def made(pair: Any) -> Files:
    """The files of a model, without the manifest."""
    vectors = pair.vocabulary.indexers["vectors"].vectors
    return files(pair.config, pair.vocabulary, pair.weights, {"made": "by hand"}, vectors)


def test_what_is_written_is_read(pair: Any, tmp_path: Path) -> None:
    read = load(put(tmp_path / "lm", made(pair)))
    assert isinstance(read, RecurrentModel)
    assert read.description == pair.model().description
    assert (read.closed, read.not_probabilities) == (True, "")
    sentences = [["in", "June", "Oslo"], [], ["Mira"]]
    for name in ("score", "score_backward"):
        found, wanted = getattr(read, name)(sentences), getattr(pair.model(), name)(sentences)
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])


def use(folder: Path) -> str:
    """What becomes of a folder."""
    try:
        model: Any = load(folder)
        for score in (model.score, model.score_backward):
            bits, _ = score([["Ems", "in", "Rome", "."], []])
            assert np.isfinite(bits).all()
        assert not np.isnan(model.continuation(["Mira"])).any()
        list(generate(model, 2, Sampling(longest=5), ["Bad"]))
        model.description.encode()
    except Error as problem:
        return "refused" if str(problem).isprintable() and len(str(problem)) < 2000 else f"unfit: {problem}"
    return "a model"


def size(content: bytes, draw: random.Random) -> bytes:
    """Another size, cell or direction in the settings: they no longer fit the weights."""
    tree = json.loads(content)
    section, name, values = draw.choice((
        ("encoder", "units", (1, 5, 8192, 10**9)), ("encoder", "layers", (1, 3, 32, 10**9)),
        ("encoder", "cell", ("gru", "cnn", "jordan", "dense")), ("encoder", "residual", ("highway", "residual")),
        ("encoder", "activation", ("prelu", "hard_tanh", "relu")), ("encoder", "attention", ("self", "none")),
        ("reading", "direction", ("forward", "backward")), ("output", "tied", (True, False)),
        ("embeddings", "word", (None, {"dim": 4096})), ("text", "unit", ("word", "character")),
    ))  # fmt: skip
    tree["settings"][section][name] = draw.choice(values)
    return json.dumps(tree).encode()


CHANGES = {
    "bits": (None, "flip"),
    "cut": (None, "cut"),
    "shuffled": (None, "shuffle"),
    "config": ("config.json", "json_value"),
    "config as text": ("config.json", "json_text"),
    "size": ("config.json", size),
    "vocabulary": ("vocab.json", "json_value"),
    "vocabulary as text": ("vocab.json", "json_text"),
    "weights": (WEIGHTS, "weights"),
    "weight bits": (WEIGHTS, "flip"),
    "weight bytes": (WEIGHTS, "shuffle"),
    "numbers": (WEIGHTS, "numbers"),
    "vectors": ("vectors.bin", "vectors"),
}


def test_spoilt_folders(make: Any, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    bases = [
        made(make()),
        made(make("tied", encoder__cell="gru", encoder__layers=1)),
        made(make("full", encoder__residual="highway", text__unit="character")),
    ]
    for base in bases:
        assert use(put(tmp_path / "whole", base)) == "a model"
    results: Counter[str] = Counter()
    count = 400 if pytestconfig.getoption("--slow") else 120
    for number in range(count):
        draw = random.Random(number)
        spoilt = dict(draw.choice(bases))
        name, change = CHANGES[draw.choice(list(CHANGES))]
        name = name or draw.choice(sorted(spoilt))
        spoilt[name] = (change if callable(change) else MUTANTS[change])(spoilt[name], draw)
        results[use(put(tmp_path / "spoilt", spoilt))] += 1
    assert {*results} == {"refused", "a model"}
    assert results["refused"] > 0.35 * count
    assert results["a model"] > 0.1 * count


def test_a_file_of_another_model(make: Any, pair: Any, tmp_path: Path) -> None:
    first, second = made(pair), made(make("full", encoder__layers=1))
    for name in ("config.json", "vocab.json", WEIGHTS):
        assert use(put(tmp_path / "mixed", first | {name: second[name]})) == "refused"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda arrays: arrays.pop("output/words"), "the weight output/words is missing"),
        (lambda arrays: arrays.pop("backward/backward_1/cell/kernel", arrays.popitem()), "is missing"),
        (
            lambda arrays: arrays.update({"output/word_biases": np.zeros(12, np.float32)}),
            r"the weight output/word_biases has the shape \(12,\); expected \(11,\)",
        ),
        (lambda arrays: arrays.update(x=np.zeros(3, np.float32)), "the network has no weight x"),
        (lambda arrays: arrays["output/words"].fill(np.nan), "output/words contains NaN or infinite numbers"),
        (
            lambda arrays: arrays["word/table/embeddings"].fill(np.inf),
            "word/table/embeddings contains NaN or infinite numbers",
        ),
    ],
)
def test_weights_that_are_not_its_own(pair: Any, tmp_path: Path, change: Any, problem: str) -> None:
    arrays = {name: array.copy() for name, array in pair.weights.items()}
    change(arrays)
    with pytest.raises(ModelError, match=problem):
        load(put(tmp_path / "lm", made(pair) | {WEIGHTS: safetensors.numpy.save(arrays)}))


def test_many_words_tied_to_few_rows(make: Any, tmp_path: Path) -> None:
    """They would take the memory of all their vectors, which the file does not hold."""
    pair = make("tied")
    count = 100_000
    spoilt, vocabulary = made(pair), pair.vocabulary.to_json()
    vocabulary["words"] += [f"x{number}" for number in range(count)]
    vocabulary["sizes"][-1] += count
    del vocabulary["counts"]
    arrays = pair.weights | {"output/word_biases": np.zeros(len(vocabulary["words"]), np.float32)}
    spoilt |= {"vocab.json": json.dumps(vocabulary).encode(), WEIGHTS: safetensors.numpy.save(arrays)}
    with pytest.raises(ModelError, match=r"100,011 words cannot be tied to \d+ rows"):
        load(put(tmp_path / "lm", spoilt))


def test_weights_that_are_missing_as_a_file(pair: Any, tmp_path: Path) -> None:
    whole = made(pair)
    del whole[WEIGHTS]
    with pytest.raises(ModelError, match=r"weights\.safetensors is missing"):
        load(put(tmp_path / "lm", whole))


def test_a_table_that_looks_ahead(pair: Any, tmp_path: Path) -> None:
    whole = made(pair)
    vocabulary = json.loads(whole["vocab.json"])
    vocabulary["indexers"]["bigrams"] = {"table": vocabulary["indexers"]["word"]["table"]}
    with pytest.raises(ModelError, match="bigrams"):
        load(put(tmp_path / "lm", whole | {"vocab.json": json.dumps(vocabulary).encode()}))


def test_a_folder_of_format_1() -> None:
    """It gives what it gave when it was written."""
    model: Any = load(Path(__file__).parents[3] / "golden" / "models" / "recurrent_language_model_1")
    assert model.description == "2 layers of 6 GRU units, both directions, 9 words in 3 classes"
    sentences = [["Ana", "saw", "Lima", "."], ["Rome"]]
    forward = [11.89472, 20.93965, 16.14673, 13.13319, 0.67884, 21.48672, 11.38288]
    backward = [17.73944, 4.12803, 12.57519, 25.3888, 3.15969, 32.44021, 4.44465]
    np.testing.assert_allclose(model.score(sentences)[0], forward, atol=1e-4)
    np.testing.assert_allclose(model.score_backward(sentences)[0], backward, atol=1e-4)
