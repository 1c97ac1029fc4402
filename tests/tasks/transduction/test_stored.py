"""Folders of transducers: what is written is read again, and what is spoilt is refused with a message."""

import hashlib
import json
import random
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.corpora.pairs import PairOptions, TextPair
from seqtag.graph.transducer import TransducerGraphs
from seqtag.graph.weights import Floats, Weights
from seqtag.model_folder.layout import MANIFEST, TRANSDUCER
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge_into
from seqtag.settings.transduction import TRANSDUCTION
from seqtag.support.errors import Error, ModelError
from seqtag.tasks.transduction.model import plan_of
from seqtag.tasks.transduction.read import PairCorpora, fill_in
from seqtag.tasks.transduction.stored import WEIGHTS, check, files, load
from seqtag.tasks.transduction.vocabulary import SymbolVocabulary

MUTANTS = runpy.run_path(str(Path(__file__).parents[2] / "mutants.py"))
SMALL = ("embeddings.word.dim=3", "encoder.units=3", "decoder.units=4", "decoder.dim=3", "decoding.beam=2")
PAIRS = [TextPair("led", "lead", ("VERB",), 1), TextPair("leads", "lead", ("NOUN",), 2)]
Files = dict[str, bytes]


class Drawn(Weights):
    """Random weights of any path and shape, which are remembered."""

    def __init__(self) -> None:
        super().__init__({}, lambda path: np.zeros(1, np.float32))
        self.random = np.random.default_rng(1)
        self.arrays: dict[str, Floats] = {}

    def take(self, path: str, shape: tuple[int, ...]) -> Floats:
        return self.arrays.setdefault(path, self.random.normal(0, 0.7, shape).astype(np.float32))


def made(*assignments: str) -> Files:
    """The files of a model, without the manifest."""
    data = PairCorpora(PAIRS, PAIRS, (), PairOptions("tsv", features=(3,)), 2, None, "p.tsv")
    config = fill_in(merge_into(TRANSDUCTION, parse_assignments([*SMALL, *assignments])), data)
    vocabulary = SymbolVocabulary.learnt(PAIRS, config, data.options)
    drawn = Drawn()
    TransducerGraphs(plan_of(config, vocabulary), drawn)
    return files(config, vocabulary, drawn.arrays, {"made": "by hand"})


def put(folder: Path, content: Files) -> Path:
    """A folder with these files and their right manifest."""
    folder.mkdir(exist_ok=True)
    for name, one in content.items():
        (folder / name).write_bytes(one)
    entries = {name: {"size": len(c), "sha256": hashlib.sha256(c).hexdigest()} for name, c in content.items()}
    manifest = {"format": TRANSDUCER.format, "format_version": 1, "seqtag": "0", "files": entries}
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return folder


def use(folder: Path) -> str:
    """What becomes of a folder."""
    try:
        model = load(str(folder), 1)
        wanted = len(model.vocabulary.options.features)
        pairs = [TextPair(text, features=("VERB",) * wanted) for text in ("led", "éa", "")]
        for answer in model.answers(pairs, min(model.search.beam, 2)):
            assert all(0 <= one.probability <= 1.0001 for one in answer.found)
            answer.best.text.encode()
    except Error as problem:
        return "refused" if str(problem).isprintable() and len(str(problem)) < 2000 else f"unfit: {problem}"
    return "a model"


def size(content: bytes, draw: random.Random) -> bytes:
    """Another size, cell or form in the settings: they no longer fit the weights."""
    tree = json.loads(content)
    section, name, values = draw.choice((
        ("encoder", "units", (1, 5, 8192, 10**9)), ("encoder", "layers", (1, 3, 32)),
        ("decoder", "cell", ("gru", "cnn", "jordan")), ("decoder", "units", (1, 8192)),
        ("decoder", "attention", ("none", "luong", "bahdanau")), ("decoder", "copy", ("yes", "no", "auto")),
        ("decoder", "tied", (True, False)), ("decoding", "beam", (1, 100, 10**9)),
        ("decoding", "max_length_factor", (0.1, 1000, 1e300)), ("data", "source_cut", ("auto", "spaces")),
    ))  # fmt: skip
    tree[section][name] = draw.choice(values)
    return json.dumps(tree).encode()


CHANGES = {
    "bits": (None, "flip"),
    "cut": (None, "cut"),
    "shuffled": (None, "shuffle"),
    "config": ("config.json", "json_value"),
    "size": ("config.json", size),
    "vocabulary": ("vocab.json", "json_value"),
    "weights": (WEIGHTS, "weights"),
    "weight bits": (WEIGHTS, "flip"),
    "numbers": (WEIGHTS, "numbers"),
}


def test_spoilt_folders(tmp_path: Path) -> None:
    bases = [
        made("decoder.attention=bahdanau"),
        made("decoder.cell=gru", "decoder.copy=no", "encoder.residual=highway"),
        made(
            "decoder.attention=none",
            "encoder.cell=simplernn",
            "decoder.cell=simplernn",
        ),
    ]
    for base in bases:
        check(base)
        assert use(put(tmp_path / "whole", base)) == "a model"
    results: Counter[str] = Counter()
    for number in range(150):
        draw = random.Random(number)
        spoilt = dict(draw.choice(bases))
        name, change = CHANGES[draw.choice(list(CHANGES))]
        name = name or draw.choice(sorted(spoilt))
        spoilt[name] = (change if callable(change) else MUTANTS[change])(spoilt[name], draw)
        results[use(put(tmp_path / "spoilt", spoilt))] += 1
    assert {*results} == {"refused", "a model"}
    assert results["refused"] > 50
    assert results["a model"] > 15


@pytest.mark.parametrize(("change", "problem"), [
    (lambda arrays: arrays.pop("decoder/scores/bias"), "the weight decoder/scores/bias is missing"),
    (lambda arrays: arrays.update(x=np.zeros(3, np.float32)), "the network has no weight x"),
    (lambda arrays: arrays["decoder/energy"].fill(np.nan), "decoder/energy contains NaN or infinite numbers"),
])  # fmt: skip
def test_weights_that_do_not_fit_are_named(change: Any, problem: str, tmp_path: Path) -> None:
    found = made("decoder.attention=bahdanau")
    arrays = {name: array.copy() for name, array in safetensors.numpy.load(found[WEIGHTS]).items()}
    change(arrays)
    spoilt = found | {WEIGHTS: safetensors.numpy.save(arrays)}
    with pytest.raises(ModelError, match=problem):
        load(str(put(tmp_path / "model", spoilt)))


def test_another_kind_of_folder_is_refused(tmp_path: Path) -> None:
    folder = put(tmp_path / "model", made())
    from seqtag.inference.tagger import SentenceTagger

    with pytest.raises(ModelError, match="is a transducer, which `seqtag predict` reads"):
        SentenceTagger.load(str(folder))


def test_a_thread_may_forget_what_another_one_has_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(str(put(tmp_path / "model", made())))
    known, new = PAIRS
    (wanted,) = model.answers([known])
    searched = model._transduced

    def forgetful(*given: Any) -> Any:
        model._known.clear()
        return searched(*given)

    monkeypatch.setattr(model, "_transduced", forgetful)
    assert model.answers([known, new])[0] == wanted
