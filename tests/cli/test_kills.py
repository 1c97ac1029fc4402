"""Runs of every task that are killed with SIGKILL and resumed: they end with the bytes of an undisturbed run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import seqtag

TOP = Path(seqtag.__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(TOP)}
SAMPLES = TOP / "sample_data"
SMALL = (
    "embeddings.word.dim=8",
    "embeddings.characters.encoder=none",
    "encoder.units=6",
    "training.epochs=3",
)
PAIRS = ("embeddings.word.dim=8", "encoder.units=8", "decoder.units=8", "decoder.dim=8", "training.epochs=3")
REQUESTS = ("home_assistant", "conll")
# The task, the folder and the ending of its corpus, and its settings.
RUNS: dict[str, tuple[str, tuple[str, str], tuple[str, ...]]] = {
    "classification": ("classification", REQUESTS, (*SMALL, "data.label_key=intent")),
    "joint": ("joint", REQUESTS, (*SMALL, "data.label_key=intent", "language_model.weight=0")),
    "generation": ("generation", REQUESTS, (*SMALL, "text.label_key=intent")),
    "transduction": ("transduction", ("english_verbs", "tsv"), (*PAIRS, "data.source=lemma", "data.target=inflected")),
    "from": ("tagging", ("english_news", "conll"), ("training.epochs=3",)),
    "tree": ("tagging", ("moods", "brackets"), (*SMALL, "encoder.layers=0", "encoder.tree=tree_lstm")),
}  # fmt: skip
BASES = {"from": str(TOP / "tests" / "golden" / "models" / "format_2")}


def command(name: str, output: Path, *more: str) -> list[str]:
    task, (folder, ending), settings = RUNS[name]
    files = [f"--{role}={SAMPLES / folder / f'{role}.{ending}'}" for role in ("train", "dev")]
    given = [word for one in settings for word in ("--set", one)]
    own = ["--task", task, "--checkpoint-steps", "1", "--quiet", "-o", str(output)]
    own += ["--from", BASES[name]] if name in BASES else []
    return [sys.executable, "-m", "seqtag", "train", *files, *given, *own, *more]


def content(folder: Path) -> dict[str, bytes]:
    """The files of a model; the report of a run says how long it took."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in NOT_COMPARED}


NOT_COMPARED = ("report.json", "manifest.json")  # the latter has the checksum of the former


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_killed_run_ends_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    subprocess.run(command(name, tmp_path / "whole"), env=ENVIRONMENT, check=True, capture_output=True)
    with subprocess.Popen(command(name, tmp_path / "model"), env=ENVIRONMENT) as process:
        while process.poll() is None and not (tmp_path / "model.checkpoint").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        process.kill()
    assert process.returncode == -9, "it was killed before its end"
    assert not (tmp_path / "model").exists()
    done = subprocess.run(
        command(name, tmp_path / "model", "--resume"), env=ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert content(tmp_path / "model") == content(tmp_path / "whole")
    assert not (tmp_path / "model.checkpoint").exists()
