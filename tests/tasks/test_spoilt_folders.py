"""Untrained model folders of every task: spoilt and signed again, they are refused or give finite answers."""

import io
import json
import random
import runpy
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.model_folder import members, replacing
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of
from seqtag.stages.predict import predict
from seqtag.support.errors import Error
from seqtag.tasks import base as tasks
from seqtag.tasks.language import base as language

MUTANTS = runpy.run_path(str(Path(__file__).parents[1] / "mutants.py"))
Files = dict[str, bytes]
LABELLED = (
    "a.conll",
    "# label = Play\nplay\tO\njazz\tB-genre\n\n# label = Stop\nstop\tO\nit\tO\nnow\tO\n",
    "play jazz\n\nit stop now x\n",
)
TREES = (
    "a.conllu",
    "1\ta\ta\tDET\t_\t_\t2\tdet\t_\t_\n2\tb\tb\tNOUN\t_\t_\t0\troot\t_\t_\n\n1\tb\tb\tNOUN\t_\t_\t0\troot\t_\t_\n",
    "1\ta\t_\t_\t_\t_\t2\t_\t_\t_\n2\tx\t_\t_\t_\t_\t0\t_\t_\t_\n",
)
PAIRS = ("a.tsv", "led\tlead\nleads\tlead\n", "led\néa\n")
TAGGED = ("a.conll", "play\tO\njazz\tB-genre\n\nstop\tO\nit\tO\nnow\tO\n", LABELLED[2])
LIST = ("words.txt", "jazz\nstop it\n")
WORDS = (
    "embeddings.word.dim=3",
    "embeddings.characters.encoder=none",
    "encoder.units=3",
    "encoder.layers=1",
)
MERGED = "merged"  # two of lists
# The task, its settings, and the name and content of a corpus, with what there is to answer.
MODELS: dict[str, tuple[str, tuple[str, ...], tuple[str, str, str]]] = {
    "classification": ("classification", (*WORDS, "label.pooling=attention", "label.units=2"), LABELLED),
    "joint": ("joint", (*WORDS, "label.feeds_tags=gate", "language_model.weight=0"), LABELLED),
    "generation": ("generation", (*WORDS, "reading.direction=both"), LABELLED),
    "transduction": ("transduction", ("embeddings.word.dim=3", "encoder.units=3", "decoder.units=4"), PAIRS),
    "lists": (
        "tagging",
        (*WORDS, "embeddings.lists.files=[{folder}/words.txt]", "language_model.weight=0"),
        TAGGED,
    ),
    "mentions": (
        "tagging",
        (*WORDS, "encoder.attention=mentions", "encoder.context=9", "language_model.weight=0"),
        TAGGED,
    ),
    "tree": ("tagging", (*WORDS, "encoder.tree=nary_tree_lstm", "language_model.weight=0"), TREES),
}


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of folders are written that need not survive a power cut."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def made(name: str, folder: Path, *assignments: str) -> tuple[tasks.Task[Any, Any], Files, Path]:
    """The task and the files of a model whose weights are as they were drawn, and a file to answer."""
    task_name, settings, (file, corpus, text) = MODELS[name]
    (folder / file).write_text(corpus, "utf-8")
    (folder / LIST[0]).write_text(LIST[1], "utf-8")
    settings = tuple(setting.replace("{folder}", str(folder)) for setting in settings)
    asked = folder / f"asked{Path(file).suffix if name == 'tree' else '.txt'}"
    asked.write_text(text, "utf-8")
    task = tasks.find(task_name)
    _, config = settings_of(parse_assignments([*settings, *assignments]), option=task_name)
    data = task.read(config, {"train": [str(folder / file)], "dev": [str(folder / file)]})
    job: Any = task.job(task.fill_in(config, data), data, None)
    return task, job.files(job.network.named_weights(), {"made": "by a test"}), asked


def merged(folder: Path) -> tuple[tasks.Task[Any, Any], Files, Path]:
    """As `made`, of two models with word lists that are merged."""
    task, one, asked = made("lists", folder)
    _, two, _ = made("lists", folder, "embeddings.word.dim=4", "embeddings.lists.case=exact")
    own = [{name: model[name] for name in members.NAMES if name in model} for model in (one, two)]
    rest = {name: one[name] for name in ("known.json", "report.json")}
    return task, members.files(own) | rest, asked


def put(target: Path, task: tasks.Task[Any, Any], files: Files) -> str:
    replacing.write(target, files, task.kind)
    return str(target)


def answered(name: str, model: str, asked: Path) -> None:
    """Has a model answer, and sees that all numbers are finite."""
    if name == "generation":
        loaded = language.load(model)
        found = language.labelled(loaded)
        one = language.given(loaded, found.labels[0], model) if found else loaded
        bits, _ = one.score([["play", "it"], ["x"]])
        assert np.isfinite(bits).all()
        assert np.isfinite(one.continuation(["play"])).all()
        return
    stream = io.StringIO()
    predict(model, [str(asked)], stream, output_format="jsonl")
    for line in stream.getvalue().splitlines():
        json.dumps(json.loads(line), allow_nan=False)
    stream.getvalue().encode()


def size(content: bytes, draw: random.Random) -> bytes:
    """Other settings, which no longer fit the weights."""
    tree = json.loads(content)
    own = tree.get("settings", tree)
    section = draw.choice([key for key, value in own.items() if isinstance(value, dict) and value])
    key = draw.choice(sorted(own[section]))
    value = own[section][key]
    others: tuple[Any, ...] = (not value,) if isinstance(value, bool) else (1, 5, 8192, 10**9, 0)
    own[section][key] = draw.choice(("none", "gru", "cnn", "mean") if isinstance(value, str) else others)
    return json.dumps(tree).encode()


CHANGES: dict[str, tuple[str | None, Callable[[bytes, random.Random], bytes]]] = {
    "bits": (None, MUTANTS["flip"]),
    "cut": (None, MUTANTS["cut"]),
    "config": ("config.json", MUTANTS["json_value"]),
    "size": ("config.json", size),
    "vocabulary": ("vocab.json", MUTANTS["json_value"]),
    "header": ("weights.safetensors", MUTANTS["weights"]),
    "weight bits": ("weights.safetensors", MUTANTS["flip"]),
    "numbers": ("weights.safetensors", MUTANTS["numbers"]),
    "lists header": ("lists.safetensors", MUTANTS["weights"]),
    "lists bits": ("lists.safetensors", MUTANTS["flip"]),
    "members": ("members.json", MUTANTS["json_value"]),
    "members text": ("members.json", MUTANTS["json_text"]),
}


def became(name: str, model: str, asked: Path) -> str:
    """What becomes of a folder."""
    try:
        answered(name, model, asked)
    except Error as problem:
        return "refused" if str(problem).isprintable() and len(str(problem)) < 2000 else f"unfit: {problem}"
    return "a model"


def spoilt(name: str, folder: Path, count: int) -> Counter[str]:
    task, whole, asked = merged(folder) if name == MERGED else made(name, folder)
    kinds = [kind for kind, (file, _) in CHANGES.items() if file is None or file in whole]
    assert became(name, put(folder / "model", task, whole), asked) == "a model"
    results: Counter[str] = Counter()
    for number in range(count):
        draw = random.Random(f"{name} {number}")
        kind = draw.choice(kinds)
        file, change = CHANGES[kind]
        file = file or draw.choice(sorted(whole))
        files = whole | {file: change(whole[file], draw)}
        try:
            results[became(name, put(folder / "model", task, files), asked)] += 1
        except Exception as problem:
            raise AssertionError(f"mutant {number}, {kind} of {file}") from problem
    assert {*results} == {"refused", "a model"}
    return results


@pytest.mark.parametrize("name", [*MODELS, MERGED])
def test_spoilt_folders(name: str, tmp_path: Path) -> None:
    results = spoilt(name, tmp_path, 40)
    assert results["refused"] > 12
    assert results["a model"] > 4


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MODELS, MERGED])
def test_many_spoilt_folders(name: str, tmp_path: Path) -> None:
    spoilt(name, tmp_path, 500)


@pytest.mark.parametrize("name", ["classification", "transduction"])
def test_gradients_of_a_network_without_a_state(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, files, asked = made(name, tmp_path, "encoder.cell=cnn")
    model = put(tmp_path / "model", task, files)
    assert run(["gradients", model, str(asked)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{model}: its cell, cnn, has no state; expected a model with a recurrent layer." in err
