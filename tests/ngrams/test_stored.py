"""Folders of language models: what is written is read again, and what is spoilt is refused with a message."""

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

from seqtag.corpora.units import Units
from seqtag.model_folder.layout import MANIFEST
from seqtag.stages.train_lm import Ngrams, train
from seqtag.support.errors import Error, ModelError
from seqtag.tasks.language.base import load
from seqtag.tasks.language.sampling import Sampling, generate

MUTANTS = runpy.run_path(str(Path(__file__).parents[1] / "mutants.py"))
Files = dict[str, bytes]
put: Callable[[Path, Files], Path] = MUTANTS["put"]
TEXT = "Ana left Oslo .\nBo saw Lima .\nAna saw Oslo today .\nIda left .\n" * 5
ARRAYS = "ngrams.safetensors"


def made(folder: Path, **settings: Any) -> Files:
    """The files of a model, without the manifest."""
    (folder / "text.txt").write_text(TEXT, "utf-8")
    train(Ngrams(**settings), [str(folder / "text.txt")], folder / "lm", force=True)
    return {path.name: path.read_bytes() for path in (folder / "lm").iterdir() if path.name != MANIFEST}


def use(folder: Path) -> str:
    """What becomes of a folder."""
    try:
        model = load(folder)
        bits, _ = model.score([["Ana", "left", "Rome", "."], []])
        assert not np.isnan(bits).any()
        assert not np.isnan(model.continuation(["Ana"])).any()
        list(generate(model, 2, Sampling(longest=20), ["Bo"]))
        model.description.encode()
    except Error as problem:
        return "refused" if str(problem).isprintable() and len(str(problem)) < 2000 else "an unfit message"
    return "a model"


CHANGES = {
    "bits": (None, "flip"),
    "cut": (None, "cut"),
    "shuffled": (None, "shuffle"),
    "config": ("config.json", "json_value"),
    "config as text": ("config.json", "json_text"),
    "vocabulary": ("vocab.json", "json_value"),
    "vocabulary as text": ("vocab.json", "json_text"),
    "array bits": (ARRAYS, "flip"),
    "array bytes": (ARRAYS, "shuffle"),
    "header": (ARRAYS, "weights"),
    "numbers": (ARRAYS, "numbers"),
}


def test_spoilt_folders(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    bases = [
        made(tmp_path),
        made(tmp_path, order=2, smoothing="none"),
        made(tmp_path, order=3, smoothing="add_k", units=Units("character")),
        made(tmp_path, order=3, smoothing="stupid_backoff", vocabulary=3),
    ]
    results: Counter[str] = Counter()
    count = 600 if pytestconfig.getoption("--slow") else 150
    for number in range(count):
        draw = random.Random(number)
        files = dict(draw.choice(bases))
        name, change = CHANGES[draw.choice(list(CHANGES))]
        name = name or draw.choice(sorted(files))
        files[name] = MUTANTS[change](files[name], draw)
        results[use(put(tmp_path / "spoilt", files))] += 1
    assert {*results} == {"refused", "a model"}
    assert results["refused"] > 0.3 * count
    assert results["a model"] > 0.08 * count


def test_a_file_of_another_model(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path, order=2)
    for name in (ARRAYS, "config.json"):
        assert use(put(tmp_path / "mixed", first | {name: second[name]})) == "refused"


def spoilt_arrays(files: Files, change: Any) -> Files:
    arrays = safetensors.numpy.load(files[ARRAYS])
    change(arrays)
    return files | {ARRAYS: safetensors.numpy.save(arrays)}


def negate(name: str) -> Any:
    return lambda arrays: arrays.update({name: -arrays[name]})


def swap_keys(arrays: Any) -> None:
    arrays["2.keys"][[0, 1]] = arrays["2.keys"][[1, 0]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (swap_keys, "the keys of order 2 are not ascending"),
        (negate("3.keys"), "the keys of order 3 are not ascending"),
        (lambda arrays: arrays["5.keys"].__iadd__(10**12), "the keys of order 5 are not ascending"),
        (negate("2.logs"), "a probability of order 2 is not between 0 and 1"),
        (lambda arrays: arrays["1.logs"].fill(np.nan), "a probability of order 1 is not between 0 and 1"),
        (lambda arrays: arrays["1.logs"].fill(-np.inf), "a probability of order 1 is 0"),
        (lambda arrays: arrays["2.backoffs"].fill(np.inf), "a back-off of order 2 is not a number up to 50"),
        (lambda arrays: arrays.pop("4.backoffs"), "4.backoffs"),
        (lambda arrays: arrays.update(x=np.zeros(3)), "there is no array 'x'"),
        (
            lambda arrays: arrays.update({"2.logs": arrays["2.logs"][1:]}),
            "the arrays of order 2 differ in length",
        ),
        (
            lambda arrays: arrays.update({"2.keys": arrays["2.keys"].astype(np.int32)}),
            "an array has the type int32",
        ),
    ],
)
def test_arrays_that_are_no_model(tmp_path: Path, change: Any, problem: str) -> None:
    folder = put(tmp_path / "spoilt", spoilt_arrays(made(tmp_path), change))
    with pytest.raises(ModelError) as raised:
        load(folder)
    assert problem in str(raised.value)


@pytest.mark.parametrize("word", ["Ana", "", "two words", "<s>"])
def test_words_that_are_no_vocabulary(tmp_path: Path, word: str) -> None:
    files = made(tmp_path)
    vocabulary = json.loads(files["vocab.json"])
    vocabulary["words"][-1] = word
    with pytest.raises(ModelError):
        load(put(tmp_path / "spoilt", files | {"vocab.json": json.dumps(vocabulary).encode()}))


def test_an_unknown_kind(tmp_path: Path) -> None:
    files = made(tmp_path)
    config = json.loads(files["config.json"]) | {"kind": "transformer"}
    with pytest.raises(ModelError, match="the kind is 'transformer'; expected one of ngram"):
        load(put(tmp_path / "spoilt", files | {"config.json": json.dumps(config).encode()}))


def test_a_newer_format_and_a_missing_file(tmp_path: Path) -> None:
    files = made(tmp_path)
    folder = put(tmp_path / "model", {name: content for name, content in files.items() if name != ARRAYS})
    with pytest.raises(ModelError, match=r"ngrams\.safetensors is missing"):
        load(folder)
    folder = put(tmp_path / "newer", files)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8")) | {"format_version": 2}
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(ModelError, match="Upgrade seqtag"):
        load(folder)


def test_a_folder_of_format_1() -> None:
    """It gives what it gave when it was written."""
    model = load(Path(__file__).parents[1] / "golden" / "models" / "language_model_1")
    assert model.description == "3-gram of words, modified_kneser_ney, open vocabulary of 75 words"
    bits, unknown = model.score([["She", "is", "fluent", "in", "Welsh", "."], ["SAMOA", ":", "ALL", "CLEAR"]])
    starts = [3.880206, 0.407495, 0.67184, 0.409842, 9.400053, 4.320827, 0.405152]
    rest = [3.880206, 0.409842, 0.409842, 0.409842, 0.405152]
    np.testing.assert_allclose(bits, starts + rest, atol=1e-5)
    assert unknown.tolist() == [False] * 4 + [True] + [False] * 7
