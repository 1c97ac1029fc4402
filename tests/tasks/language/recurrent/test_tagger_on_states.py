"""A tagger on the states of a language model: its folder has all of it, and every command reads it."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.cli import run
from seqtag.cli.summary import introduction
from seqtag.features.vectors import Vectors
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, MODEL, STATES_FILES, dump_json
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import Error, ModelError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.tasks.hashed_files import HashedFiles
from seqtag.tasks.language.recurrent.stored import files
from seqtag.tasks.tagging import task
from seqtag.training.checkpoint import kind_of
from seqtag.training.events import Progress, Start

MUTANTS = runpy.run_path(str(Path(__file__).parents[3] / "mutants.py"))
SMALL = [
    "embeddings.word.dim=4", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=gru",
    "encoder.units=5", "encoder.layers=1", "training.batch_size=16", "training.epochs=2", "training.patience=0",
    "embeddings.lm.dim=3", "language_model.weight=0",
]  # fmt: skip
SENTENCES = [["Ana", "Ruiz", "left", "Oslo", "."], ["Mira"], ["June", "in", "New", "York", "</s>", "."]]


@dataclass(frozen=True)
class Place:
    """A language model, a corpus and a tagger that was trained on both."""

    lm: Path
    corpus: Path
    tagger: Path
    result: Any

    def train(self, target: Path, *assignments: str, **options: Any) -> Any:
        settings = merge(parse_assignments([*SMALL, f"embeddings.lm.file={self.lm}", *assignments]))
        return train(settings, str(self.corpus), str(self.corpus), None, target, **options)


@pytest.fixture(scope="module")
def place(pair: Any, spans: Any, tmp_path_factory: pytest.TempPathFactory) -> Place:
    top = tmp_path_factory.mktemp("whereabouts")
    vectors = pair.vocabulary.indexers["vectors"].vectors
    made = files(pair.config, pair.vocabulary, pair.weights, {"made": "by hand"}, vectors)
    replacing.write(top / "states-of-this", made, LANGUAGE_MODEL)
    shutil.copy(spans.dev, top / "corpus.conll")
    found = Place(top / "states-of-this", top / "corpus.conll", top / "tagger", None)
    return Place(found.lm, found.corpus, found.tagger, found.train(found.tagger))


def content(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def test_the_folder_has_all_of_it(place: Place, tmp_path: Path) -> None:
    """Moved away from the language model, it gives the tags that it gave, and names no path."""
    moved = tmp_path / "moved"
    shutil.copytree(place.tagger, moved)
    assert {*STATES_FILES, "lm.vectors.bin"} <= {*content(moved)}
    assert not any(b"states-of-this" in one or b"whereabouts" in one for one in content(moved).values())
    assert not any(
        name.startswith("output/") for name in safetensors.numpy.load_file(moved / STATES_FILES[2])
    )
    one, other = (SentenceTagger.load(path) for path in (place.tagger, moved))
    for first, second in zip(one.tag(SENTENCES), other.tag(SENTENCES), strict=True):
        assert first == second
    report = json.loads((moved / "report.json").read_bytes())
    assert report["dev"]["f1"] == place.result.dev.main


def test_states_tell_words_apart_that_are_nothing_to_the_tagger(place: Place) -> None:
    """Both are unknown words to its table."""
    tagger = SentenceTagger.load(place.tagger, 1)
    one, other = (tagger.vocabulary.index(["Ana", word, "Oslo"]) for word in ("Ems", "rain"))
    batch = tagger.vocabulary.collate([one, other])
    assert (batch["words"][0] == batch["words"][1]).all()
    assert batch["states"].shape == (2, 3, 2, 8)
    assert (batch["states"][0] != batch["states"][1]).any(axis=(1, 2)).all()


def test_keras_and_the_graph_agree(place: Place) -> None:
    from seqtag.inference import language_states
    from seqtag.model_folder.stored import read_vocabulary
    from seqtag.tasks.tagging.restore import Stored

    folder = Folder(place.tagger)
    stored = Stored.of(folder, read_vocabulary(folder, language_states.of_folder))
    network = stored.network()
    weights = network.named_weights()
    assert {"lm/scale", "lm/mix", "lm/projection/kernel", "lm/projection/bias"} <= {*weights}
    random = np.random.default_rng(1)
    weights = {name: random.normal(0, 1, array.shape).astype(np.float32) for name, array in weights.items()}
    network.assign_weights(weights)
    tagger = SentenceTagger.build(stored.config, stored.vocabulary, weights)
    inputs = tagger.vocabulary.collate(tagger.vocabulary.index_all(SENTENCES))
    tags, probabilities = network.decode(inputs)
    found = tagger.run(inputs)
    inside = np.arange(6) < inputs["lengths"][:, None]
    assert (np.asarray(tags) == found["tags"])[inside].all()
    np.testing.assert_allclose(np.asarray(probabilities)[inside], found["probabilities"][inside], atol=1e-5)


def test_it_is_said_what_is_read(place: Place) -> None:
    (line,) = (line for line in introduction(place.result.prepared) if line.startswith("lm "))
    assert line.startswith("lm     2 layers of 4 units (lstm), both directions, ")
    assert " fixed parameters; " in line
    assert line.endswith(" words/s")


def test_it_is_said_what_takes_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    config = merge(parse_assignments([f"embeddings.lm.file={place.lm}"]))
    corpora = task.read(config, {"train": [str(place.corpus)], "dev": [str(place.corpus)]})
    tokens = corpora.train.tokens
    few = task.warnings(config, corpora)
    monkeypatch.setattr(task, "MANY", tokens)
    size = tokens * 2 * 8 * 2 / 1e6
    note = f"reading the states of {tokens:,} training tokens ({size:,.0f} MB) ..."
    assert task.warnings(config, corpora) == [*few, ("note", note)]


def test_vectors_that_are_the_same_are_stored_once(place: Place, tmp_path: Path) -> None:
    own = Vectors.unpack((place.tagger / "lm.vectors.bin").read_bytes())
    rows = own.gather(np.arange(len(own)))
    words = [bytes(own._words[own._offsets[at] : own._offsets[at + 1]]).decode() for at in range(len(own))]
    lines = [" ".join([word, *map(repr, row.tolist())]) for word, row in zip(words, rows, strict=True)]
    (tmp_path / "vectors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    place.train(
        tmp_path / "tagger", f"embeddings.vectors.file={tmp_path / 'vectors.txt'}", "training.epochs=1"
    )
    found = content(tmp_path / "tagger")
    assert found["vectors.bin"] == own.packed()
    assert "lm.vectors.bin" not in found
    assert len(list(SentenceTagger.load(tmp_path / "tagger").tag(SENTENCES))) == 3


@pytest.mark.slow
def test_a_run_is_resumed_to_the_byte(place: Place, tmp_path: Path) -> None:
    """Stopped in its second seed: the model of the first is in the checkpoint, its language model included."""
    whole = place.train(tmp_path / "whole", "training.epochs=1", seeds=2)
    stop, begun = Stop(), []

    def listen(event: Any) -> None:
        if isinstance(event, Start):
            begun.append(event)
        if isinstance(event, Progress) and len(begun) == 2:
            stop.receive(15)

    with pytest.raises(Interrupted, match="--resume"):
        place.train(tmp_path / "tagger", "training.epochs=1", seeds=2, listener=listen, stop=stop)
    checkpoint = tmp_path / "tagger.checkpoint"
    assert {*STATES_FILES} <= {*content(checkpoint)}
    state = json.loads((checkpoint / "state.json").read_bytes())
    assert len(state["run"]["content"]["lm"]) == 64
    state["run"]["content"]["lm"] = "0" * 64
    other = {name: (checkpoint / name).read_bytes() for name in content(checkpoint)} | {
        "state.json": dump_json(state)
    }
    del other["manifest.json"]
    shutil.copytree(checkpoint, tmp_path / "kept.checkpoint")
    replacing.write(checkpoint, other, kind_of(MODEL))
    with pytest.raises(Error, match="belongs to another run: the language model is another"):
        place.train(tmp_path / "tagger", "training.epochs=1", seeds=2, resume=True)
    shutil.rmtree(checkpoint)
    (tmp_path / "kept.checkpoint").rename(checkpoint)
    place.train(tmp_path / "tagger", "training.epochs=1", seeds=2, resume=True)
    one, again = content(whole.path), content(tmp_path / "tagger")
    assert one.keys() == again.keys()
    for name in one.keys() - {"report.json", "manifest.json"}:  # which have the seconds
        assert one[name] == again[name], name


SPOILT: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no settings": ({"lm.config.json": None}, r"its language model .* \(lm.config.json is missing\)"),
    "no weights": ({"lm.weights.safetensors": None}, "lm.weights.safetensors is missing"),
    "other settings": (
        {"lm.config.json": b'{"encoder": {"units": 5}}'},
        r"\(lm.weights.safetensors: the weight \S+ has the shape",
    ),
    "of characters": ({"lm.config.json": b'{"text": {"unit": "character"}}'}, "expected a model of words"),
    "an unknown setting": ({"lm.config.json": b'{"encoder": {"unit": 5}}'}, "there is no setting"),
    "no words": ({"lm.vocab.json": b'{"indexers": {}}'}, "looks nothing up"),
    "other keys": (
        {"lm.vocab.json": b'{"indexers": {}, "words": []}'},
        r"\(lm.vocab.json: expected indexers alone\)",
    ),
    "no table": (
        {"lm.vocab.json": b'{"indexers": {"word": []}}'},
        r"\(lm.vocab.json: a value in it is of another kind than seqtag writes\)",
    ),
    "unknown words": (
        {"lm.vocab.json": b'{"indexers": {"words": {}}}'},
        "'words', which seqtag does not know",
    ),
    "a language model within": (
        {"lm.vocab.json": b'{"indexers": {"lm": {}}}'},
        "the language model is missing",
    ),
    "no vectors": ({"lm.vectors.bin": None}, "pretrained vectors are missing"),
    "none at all": (dict.fromkeys([*STATES_FILES, "lm.vectors.bin"]), "the language model is missing"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_spoilt_folders_are_refused(place: Place, tmp_path: Path, case: str) -> None:
    changes, message = SPOILT[case]
    found = {name: one for name, one in content(place.tagger).items() if name != "manifest.json"} | changes
    replacing.write(tmp_path / "model", {name: one for name, one in found.items() if one is not None})
    with pytest.raises(ModelError, match=message):
        SentenceTagger.load(tmp_path / "model")


def test_a_missing_weight_is_named_with_its_file(place: Place, tmp_path: Path) -> None:
    arrays = safetensors.numpy.load_file(place.tagger / "lm.weights.safetensors")
    path = max(arrays)
    del arrays[path]
    found = {name: one for name, one in content(place.tagger).items() if name != "manifest.json"}
    replacing.write(tmp_path / "model", found | {"lm.weights.safetensors": safetensors.numpy.save(arrays)})
    expected = f"its language model is not what seqtag writes (lm.weights.safetensors: the weight {path} is missing)."
    with pytest.raises(ModelError, match=re.escape(expected)):
        SentenceTagger.load(tmp_path / "model")


def test_a_language_model_that_nobody_reads_is_refused(place: Place, spans: Any, tmp_path: Path) -> None:
    found = {name: (spans.folder / name).read_bytes() for name in Folder(spans.folder).files}
    found |= {name: (place.tagger / name).read_bytes() for name in (*STATES_FILES, "lm.vectors.bin")}
    replacing.write(tmp_path / "model", found)
    with pytest.raises(ModelError, match="does not read the language model that is there"):
        SentenceTagger.load(tmp_path / "model")


def test_mutants(place: Place, spans: Any) -> None:
    results, wrong, largest = MUTANTS["run"]([place.tagger, spans.folder], 1, 120)
    assert wrong == []
    assert sum(results.values(), Counter()).keys() <= {"refused", "refused when used", "a model"}
    assert largest < 500  # MB


LIGHT = """
import sys
import seqtag
print(seqtag.load(sys.argv[1])("Ana left Oslo .").tags)
assert not {"tensorflow", "keras"} & {*sys.modules}
"""


def test_tagging_needs_no_tensorflow(place: Place) -> None:
    subprocess.run([sys.executable, "-c", LIGHT, str(place.tagger)], check=True, timeout=120)


def test_other_commands_read_it(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, corpus = str(place.tagger), str(place.corpus)
    (tmp_path / "in.txt").write_text("Ana Ruiz left New York today .\n", encoding="utf-8")
    assert run(["evaluate", model, corpus]) == 0
    assert run(["predict", model, str(tmp_path / "in.txt")]) == 0
    assert run(["explain", model, str(tmp_path / "in.txt"), "-o", str(tmp_path / "page.html")]) == 0
    assert run(["gradients", model, corpus, "--steps", "2"]) == 0
    capsys.readouterr()
    assert run(["export", model, "-o", str(tmp_path / "model.onnx")]) == 0
    assert "  states " in capsys.readouterr().err


def test_comparisons_know_which_one_it_was(place: Place, tmp_path: Path) -> None:
    paths = {"train": str(place.corpus), "dev": str(place.corpus)}
    digests = HashedFiles(tasks.find("tagging"), paths).digests(model=str(place.lm))
    assert digests.keys() == {"train", "dev", "lm"}
    shutil.copytree(place.lm, tmp_path / "lm")
    assert HashedFiles(tasks.find("tagging"), paths).digests(model=str(tmp_path / "lm")) == digests
    manifest = tmp_path / "lm" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"seqtag"', b' "seqtag"'))
    assert HashedFiles(tasks.find("tagging"), paths).digests(model=str(tmp_path / "lm")) != digests


def test_taggers_without_one_are_stored_as_before() -> None:
    assert "lm" in Config().to_json()["embeddings"]
    assert "lm" not in Config().portable()["embeddings"]
    changed = merge(parse_assignments(["embeddings.lm.dim=7", "embeddings.lm.file=x"]))
    assert changed.portable()["embeddings"]["lm"] == {"file": None, "dim": 7}
