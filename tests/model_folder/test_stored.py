"""Networks of model folders: built from settings, vocabulary and weights, of every format."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import (
    checked_network,
    read_config,
    read_network,
    read_vocabulary,
    read_weights,
)
from seqtag.support.errors import ModelError
from seqtag.tasks.language.base import load

MODELS = Path(__file__).parents[1] / "golden" / "models"
SENTENCE = ["Marta", "Lindqvist", "left", "Oslo", "."]


def test_the_graph_answers_as_the_one_that_was_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Format 1 holds what the Keras network exported: what is built from the weights gives the same, bit for bit."""
    opened = Folder(MODELS / "format_1")
    exported = SentenceTagger((opened.path / "model.onnx").read_bytes(), read_vocabulary(opened))
    built = SentenceTagger(read_network(opened, exported.vocabulary), exported.vocabulary)
    compared: set[str] = set()

    def run(inputs: dict[str, Any], names: Any) -> dict[str, Any]:
        found = SentenceTagger.run(exported, inputs, names)
        words = np.arange(inputs["lengths"].max()) < inputs["lengths"][:, None]  # padding is undefined
        for name, array in SentenceTagger.run(built, inputs, names).items():
            own, other = (one[words] if one.shape[:2] == words.shape else one for one in (array, found[name]))
            assert own.tobytes() == other.tobytes()
        compared.update(found)
        return found

    monkeypatch.setattr(exported, "run", run)
    assert len([*exported.tag([SENTENCE * 40, SENTENCE[:1], ["4", "x" * 50]], entities=True, nbest=2)]) == 3
    assert {"tags", "probabilities", "scores", "forward", "backward", "transitions"} <= compared


def written(path: Path, files: dict[str, bytes], version: int) -> Path:
    """A model folder of a version of the format."""
    path.mkdir()
    listing = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    for name, content in files.items():
        (path / name).write_bytes(content)
    manifest = {"format": layout.FORMAT, "format_version": version, "seqtag": "0", "files": listing}
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


def test_a_recurrent_character_encoder_of_format_1(tmp_path: Path) -> None:
    """Its weights had no direction in their path, and were those of both."""
    opened = Folder(MODELS / "format_2")
    files = {name: opened.read(name) for name in opened.files}
    settings = json.loads(files["config.json"])
    characters = settings["embeddings"]["characters"]
    units, dim = characters["units"] // 2, characters["dim"]
    characters |= {"encoder": "lstm", "units": units}
    files["config.json"] = layout.dump_json(settings)
    weights = safetensors.numpy.load(files["weights.safetensors"])
    for name in ("kernel", "bias"):
        del weights[f"characters/cnn/filters/{name}"]
    random = np.random.default_rng(1)
    shapes: dict[str, Any] = {
        "kernel": (dim, 4 * units),
        "recurrent_kernel": (units, 4 * units),
        "bias": (4 * units,),
    }
    cell = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    once = weights | {f"lstm_cell/{name}": array for name, array in cell.items()}
    twice = weights | {
        f"characters/rnn/{direction}/lstm_cell/{name}": array
        for direction in ("forward", "backward")
        for name, array in cell.items()
    }
    answers = [
        next(
            SentenceTagger.load(written(tmp_path / f"{version}", files, version)).tag(
                [SENTENCE], entities=True
            )
        )
        for version, files in (
            (1, files | {"weights.safetensors": safetensors.numpy.save(once), "model.onnx": b"?"}),
            (2, files | {"weights.safetensors": safetensors.numpy.save(twice)}),
        )
    ]
    assert answers[0] == answers[1]


def test_the_reason_why_a_network_cannot_be_built_is_one_sentence() -> None:
    """Whatever its error ends with."""
    opened = Folder(MODELS / "format_2")
    config, vocabulary, weights = read_config(opened), read_vocabulary(opened), read_weights(opened)
    config = replace(config, encoder=replace(config.encoder, cell="cnn", width=4))
    with pytest.raises(ModelError) as caught:
        checked_network(config, vocabulary, weights, name="it")
    assert str(caught.value) == (
        "it: the network cannot be built: encoder.width is 4; expected an odd number of words."
    )


@pytest.mark.parametrize(
    ("model", "change", "words"),
    [
        ("format_2", {"indexers": {"word": []}}, "(a value in it is of another kind than seqtag writes)"),
        ("format_2", {"indexers": {"word": {}}}, "('unknown_rate' is missing)"),
        ("language_model_1", {"words": ["\ud800"]}, "(a text in it cannot be written as UTF-8)"),
        (
            "recurrent_language_model_1",
            {"indexers": {"word": ""}},
            "(vocab.json: a value in it is of another",
        ),
        ("recurrent_language_model_1", {"indexers": {"word": {}}}, "(vocab.json: 'unknown_rate' is missing)"),
        ("recurrent_language_model_1", {"words": ["</s>"]}, "(vocab.json: </s> or <unk> is not among"),
    ],
)
def test_a_spoilt_vocabulary_in_plain_words(
    tmp_path: Path, model: str, change: dict[str, Any], words: str
) -> None:
    kind = layout.MODEL if model == "format_2" else layout.LANGUAGE_MODEL
    opened = Folder(MODELS / model, kind)
    files = {name: opened.read(name) for name in opened.files}
    files["vocab.json"] = json.dumps(json.loads(files["vocab.json"]) | change).encode()
    replacing.write(tmp_path / "model", files, kind)
    with pytest.raises(ModelError, match=re.escape(words)):
        SentenceTagger.load(tmp_path / "model") if kind is layout.MODEL else load(tmp_path / "model")
