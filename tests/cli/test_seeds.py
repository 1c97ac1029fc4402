"""`seqtag train --seeds N --workers M`: the model of the same command without --workers, and what is kept."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli import seeds as module

SMALL = [
    "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=dense", "encoder.units=5",
    "head.name=softmax", "language_model.weight=0", "training.averaging=none", "training.epochs=2",
]  # fmt: skip
SETTINGS = [word for setting in SMALL for word in ("--set", setting)]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for name in ("train", "dev", "test"):
        rows = (f"w{number}\tB-X\nleft\tO\n\n" for number in range(len(name), 9))
        (tmp_path / name).write_text("".join(rows))
    files = [word for name in ("train", "dev", "test") for word in (f"--{name}", str(tmp_path / name))]
    return ["train", *files, *SETTINGS, "--seeds", "3"]


def alone(command: list[str], output: Path) -> None:
    """Runs it in a process with one core, as each process of --workers 2 has on two."""
    core = min(os.sched_getaffinity(0))
    code = f"import os, sys; os.sched_setaffinity(0, {{{core}}}); from seqtag.cli import main; main(sys.argv[1:])"
    subprocess.run([sys.executable, "-c", code, *command, "-o", str(output)], check=True, capture_output=True)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_side_by_side_and_one_by_one(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal bytes; what was stopped goes on with what is there."""
    both, one = tmp_path / "both", tmp_path / "one"
    assert run([*command, "-o", str(both), "--keep-seeds", "--workers", "2"]) == 0
    said = capsys.readouterr()
    assert said.err.count("epoch 2  loss ") == 3
    best = json.loads((both / "report.json").read_text())
    assert f"model of seed {best['seed']} written to {both}" in said.out
    assert ["mean", *(f"{best['seeds'][part]['mean']:.4f}" for part in ("dev", "test"))] in [
        line.split() for line in said.out.splitlines()
    ]
    alone([*command, "--keep-seeds"], one)
    assert content(both) == content(one)
    assert content(tmp_path / "both.seeds") == content(tmp_path / "one.seeds")

    shutil.rmtree(both)
    shutil.rmtree(tmp_path / "both.seeds" / "43")
    assert run([*command, "-o", str(both), "--workers", "2", "--resume", "--quiet"]) == 0
    assert content(both) == content(one)
    assert not (tmp_path / "both.seeds").exists()
    assert capsys.readouterr() == ("", "")


def test_a_seed_that_fails(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test").write_text("no tags\n")
    assert run([*command, "-o", str(tmp_path / "model"), "--workers", "2"]) == 1
    said = capsys.readouterr().err
    assert f"0 finished models and the checkpoints of the others are in {tmp_path / 'model.seeds'}" in said
    assert "test:1" in said
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("place", ["model", "model.seeds/42"])
def test_a_model_that_is_there(
    place: str,
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused before anything is trained."""
    monkeypatch.setattr(module, "trained", None)
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "mine").write_text("mine")
    assert run([*command, "-o", str(tmp_path / "model"), "--workers", "2"]) == 1
    assert "exists and is not a model folder" in capsys.readouterr().err
    assert (tmp_path / place / "mine").read_text() == "mine"


def test_resume_replaces_no_other_model(
    command: list[str],
    tmp_path: Path,
    spans: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "trained", None)
    shutil.copytree(spans.folder, tmp_path / "model")
    assert run([*command, "-o", str(tmp_path / "model"), "--workers", "2", "--resume"]) == 1
    assert "model: already contains a model. Use --force" in capsys.readouterr().err
    assert content(tmp_path / "model") == content(spans.folder)


def test_without_dev_each_seed_would_be_chosen_on_other_sentences(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = command.index("--dev")
    assert run([*command[:at], *command[at + 2 :], "-o", str(tmp_path / "model"), "--workers", "2"]) == 2
    assert "--seeds with --workers needs --dev" in capsys.readouterr().err
