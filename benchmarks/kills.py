"""Whether a training run that is killed again and again ends with the bytes of one that never was.

Each run is a process of its own that gets SIGKILL after a random time, every other one while it writes its checkpoint,
and is resumed until it is done. What it leaves is compared, file by file, with the model folder of a run that was left
alone, and a run that finds a checkpoint must say that it goes on from it: the same bytes would come of a run that began
again. The runs are forked from a process that has loaded TensorFlow already, so that a kill costs no start-up; what is
run is `seqtag train` whole.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import common

from seqtag.model_folder.layout import DRAFT
from seqtag.training.checkpoint import Checkpoint

SAMPLE = common.HERE.parent / "sample_data" / "english_news"
BASE = [
    "embeddings.word.dim=20", "embeddings.characters.units=20", "encoder.units=20", "training.batch_size=16",
    "training.epochs=4", "training.patience=0", "training.learning_rate=0.01",
]  # fmt: skip
# Of each what the command line has beside the files: settings, and options.
CASES = {
    "crf, ema, dropout": (["embeddings.word_dropout=0.1"], ["--checkpoint-steps", "1"]),
    "swa, plateau, nadam": (
        ["training.averaging=swa", "training.schedule=plateau", "training.plateau_patience=1",
         "training.optimizer=nadam", "head.name=softmax", "encoder.cell=gru"],
        ["--checkpoint-steps", "3"],
    ),
    "feedback, early stopping, sgd": (
        ["head.name=feedback", "head.units=20", "head.attention=true", "head.sampling_epochs=2", "training.epochs=8",
         "training.patience=1", "training.optimizer=sgd", "training.learning_rate=0.3", "training.averaging=none"],
        ["--checkpoint-steps", "2"],
    ),
    "three seeds": (["training.epochs=2", "head.name=softmax"], ["--seeds", "3", "--checkpoint-steps", "5"]),
    "vectors, cosine, characters by lstm": (
        ["training.schedule=cosine", "training.warmup=0.5", "embeddings.characters.encoder=lstm"],
        ["--embeddings", "{vectors}"],
    ),
}  # fmt: skip


@dataclass
class Tally:
    """What the runs of a case came to."""

    kills: int = 0
    saving: int = 0
    resumed: int = 0
    passed_over: int = 0
    runs: int = 0
    different: list[str] = field(default_factory=list)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--kills", type=int, default=100, help="kills in all (100)")
    made.add_argument(
        "--sentences", type=int, default=160, help="training sentences (160: ten steps an epoch)"
    )
    made.add_argument("--seed", type=int, default=1, help="seed of the times at which runs are killed (1)")
    made.add_argument("--case", choices=CASES, action="append", help="one case alone; may be given again")
    given = made.parse_args()
    load()
    chance = random.Random(given.seed)
    cases = given.case or list(CASES)
    tallies = {}
    with common.scratch() as folder:
        files = corpora(folder, given.sentences)
        for number, name in enumerate(cases):
            kills = given.kills * (number + 1) // len(cases) - given.kills * number // len(cases)
            tallies[name] = killed(folder, files, name, kills, chance)
            common.say(f"{name}: {tallies[name]}")
    columns = ("kills", "while saving", "resumed", "checkpoints passed over", "runs that came to their end")
    print("| case |", " | ".join((*columns, "files that differ")), "|")
    print("| --- |" + " ---: |" * (len(columns) + 1))
    for name, tally in tallies.items():
        figures = (
            tally.kills,
            tally.saving,
            tally.resumed,
            tally.passed_over,
            tally.runs,
            len(tally.different),
        )
        print(f"| {name} |", " | ".join(map(str, figures)), "|")
    sys.exit(any(tally.different or tally.passed_over for tally in tallies.values()))


def load() -> None:
    """Loads what each run needs, and nothing that has threads."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "100"}
    shown, silent = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)  # TensorFlow says what it found on the machine
    import keras  # noqa: F401
    import onnxruntime  # noqa: F401
    import tensorflow  # noqa: F401

    import seqtag.cli
    import seqtag.stages.train  # noqa: F401

    os.dup2(shown, 2)


def corpora(folder: Path, sentences: int) -> dict[str, Path]:
    """The beginning of the sample corpus, and random vectors for its words."""
    import numpy as np

    files = {"vectors": folder / "vectors.txt"}
    words = set()
    for name, count in (("train", sentences), ("dev", sentences // 4)):
        blocks = (SAMPLE / f"{name}.conll").read_text("utf-8").strip().split("\n\n")[:count]
        files[name] = folder / f"{name}.conll"
        files[name].write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
        words |= {line.split()[0].lower() for block in blocks for line in block.split("\n")}
    chance = np.random.default_rng(1)
    rows = (" ".join([word, *(f"{value:.3f}" for value in chance.normal(size=12))]) for word in sorted(words))
    files["vectors"].write_text("\n".join(rows) + "\n", encoding="utf-8")
    return files


def killed(folder: Path, files: dict[str, Path], name: str, kills: int, chance: random.Random) -> Tally:
    """Runs a case until so many of its processes were killed, and the last of them to its end."""
    settings, options = CASES[name]
    arguments = ["train", "--train", str(files["train"]), "--dev", str(files["dev"]), "--resume", "--force"]
    arguments += [option.format(**files) for option in options]
    arguments += [word for setting in [*BASE, *settings] for word in ("--set", setting)]
    target = folder / "model"
    log = folder / "log"
    began = time.perf_counter()
    code, _ = process([*arguments, "-o", str(target)], log)
    seconds = time.perf_counter() - began
    if code:
        raise SystemExit(f"{name}: {log.read_text('utf-8')}")
    whole = content(target)
    tally = Tally()
    code = -1
    while tally.kills < kills or code:
        wanted = tally.kills < kills
        delay = chance.uniform(0, seconds) if wanted else None
        saving = wanted and bool(tally.kills % 2)
        log.write_bytes(b"")
        left = Checkpoint(target).exists
        code, while_saving = process([*arguments, "-o", str(target)], log, delay, saving, chance)
        if code == -signal.SIGKILL:
            tally.kills += 1
            tally.saving += while_saving
        elif code:
            raise SystemExit(f"{name}: {log.read_text('utf-8')}")
        else:
            tally.runs += 1
        said = log.read_text("utf-8")
        resumed = "note   resumed " in said
        tally.resumed += resumed
        # A run that was killed before its first epoch's end may not have come so far.
        tally.passed_over += left and not resumed and (code == 0 or "\nepoch " in said)
        found = content(target)  # also of a run that was killed: the model of the run before is whole
        tally.different += [
            file for file in found.keys() | whole.keys() if found.get(file) != whole.get(file)
        ]
    shutil.rmtree(target, ignore_errors=True)
    return tally


def content(path: Path) -> dict[str, bytes]:
    """A folder's files."""
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def process(
    arguments: list[str],
    log: Path,
    delay: float | None = None,
    saving: bool = False,
    chance: random.Random | None = None,
) -> tuple[int, bool]:
    """Runs the command line in a process of its own; returns its code, and whether it was killed while it was writing.

    Args:
        arguments: The command line.
        log: What it says goes here.
        delay: When to kill it, in seconds; None to leave it alone.
        saving: Whether to wait from then on until it writes a checkpoint or a model, the first or one of the next.
        chance: How far into that.
    """
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            from seqtag.cli import run

            code = run(arguments)
            sys.stdout.flush()
        os._exit(code)
    began = time.perf_counter()
    draft = re.compile(rf"\.model(\.checkpoint)?\.{DRAFT}[a-z0-9_]{{8}}")
    seen: set[str] = set()
    skipped = chance.randrange(10) if chance is not None else 0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), False
        if delay is not None and time.perf_counter() - began >= delay:
            seen |= {entry for entry in os.listdir(log.parent) if draft.fullmatch(entry)}
            if len(seen) > skipped or not saving:
                break
        time.sleep(0.0005 if saving else 0.005)
    if saving and chance is not None:
        # How long a write takes depends on the disk: some are to be hit soon after they began.
        time.sleep(chance.uniform(0, chance.choice((0.001, 0.005, 0.02))))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    writing = any(draft.fullmatch(entry) for entry in os.listdir(log.parent))
    return os.waitstatus_to_exitcode(status), writing


if __name__ == "__main__":
    main()
