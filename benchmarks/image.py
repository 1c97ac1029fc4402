"""Whether both images work without privileges: a read-only root, no capabilities, no network, one volume.

    python benchmarks/image.py [--build COMMAND] [--run COMMAND] [--size COMMAND]

Builds the targets `train` and `predict`, trains on the sample corpus with the first, and evaluates and predicts with
both, each command in a container of its own. The environment of `predict` takes 300 MB at most. A runner other than
docker is given by its command lines, in which `{target}`, `{context}` and `{volume}` are filled in.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import common

ROOT = common.HERE.parent
SAMPLE = ROOT / "sample_data" / "english_news"
BUILD = "docker build -q --target {target} -t seqtag:{target} {context}"
RUN = (
    "docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 54321:54321 "
    "--network none -v {volume}:/work seqtag:{target}"
)
SIZE = "docker run --rm --entrypoint du seqtag:{target} -sm /opt/seqtag"
MOST = 300  # MB of the environment that only predicts
SENTENCE = "Marta Lindqvist flew from Lisbon to Rotterdam on Monday."
TAGS = {"O", *(f"{letter}-{label}" for letter in "BI" for label in ("LOC", "MISC", "ORG", "PER"))}


@dataclass(frozen=True)
class Ran:
    """A command that came to its end, in seconds, with its exit code and what it said."""

    code: int
    seconds: float
    output: str
    error: str


def call(command: str, *arguments: str, **values: object) -> Ran:
    """Runs a command line with its values filled in."""
    words = [word.format(**values) for word in shlex.split(command)]
    started = time.perf_counter()
    done = subprocess.run([*words, *arguments], capture_output=True, text=True)
    return Ran(done.returncode, time.perf_counter() - started, done.stdout, done.stderr)


def is_tagged(output: str) -> bool:
    """Whether there is a line with a token and its tag for each token of the sentence, and nothing else."""
    rows = [line.split("\t") for line in output.rstrip("\n").split("\n")]
    tokens = "".join(row[0] for row in rows)
    return tokens == SENTENCE.replace(" ", "") and all(len(row) == 2 and row[1] in TAGS for row in rows)


USE = {
    "evaluate": (["evaluate", "model", "test.conll", "--json", "scores.json"], 0),
    "predict": (["predict", "model", "text.txt"], 0),
    "check": (["check", "train.conll"], 0),
    "predict, outside the volume": (["predict", "model", "text.txt", "-o", "/opt/seqtag/out"], 1),
}
TRAIN = [
    "train",
    "-c",
    "config.yaml",
    "--train",
    "train.conll",
    "--dev",
    "dev.conll",
    "--epochs",
    "2",
    "-o",
    "model",
]
# For each target the arguments of each command, and the exit code that it must end with. The first makes the model.
COMMANDS = {"train": {"train": (TRAIN, 0), **USE}, "predict": {"train": ([*TRAIN, "--force"], 1), **USE}}


def built(target: str, build: str, size: str) -> Iterator[str]:
    """Builds a target; what is wrong with it."""
    common.say(f"building {target} ...")
    done = call(build, target=target, context=ROOT)
    if done.code:
        raise SystemExit(f"{target} cannot be built:\n{done.error[-3000:]}")
    megabytes = int(call(size, target=target).output.split()[0])
    print(f"| {target} | size of /opt/seqtag | | {megabytes} MB |", flush=True)
    if target == "predict" and megabytes > MOST:
        yield f"{target}: takes {megabytes} MB; expected {MOST} at most"


def used(target: str, run: str, volume: Path) -> Iterator[str]:
    """Runs the commands of a target; what is wrong with them."""
    for name, (arguments, code) in COMMANDS[target].items():
        (volume / "scores.json").unlink(missing_ok=True)
        ran = call(run, *arguments, target=target, volume=volume)
        print(f"| {target} | {name} | {ran.code} | {ran.seconds:.1f} s |", flush=True)
        if ran.code != code or "Traceback" in ran.error:
            yield f"{target}: {name}: ended with {ran.code}; expected {code}\n{ran.error[-3000:]}"
        if name == "train" and code and "'.[train]'" not in ran.error:
            yield f"{target}: train does not say how to install it. Received: {ran.error!r}"
        if name == "predict" and not is_tagged(ran.output):
            yield f"{target}: expected a token and a tag in each line. Received: {ran.output!r}"
        if name == "evaluate" and not (volume / "scores.json").exists():
            yield f"{target}: wrote no scores.json"


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, command in (("build", BUILD), ("run", RUN), ("size", SIZE)):
        made.add_argument(f"--{name}", metavar="COMMAND", default=command, help=f"({command})")
    given = made.parse_args()
    wrong = []
    # Only root can remove files that another user wrote.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        volume = Path(scratch, "volume")
        shutil.copytree(SAMPLE, volume)
        (volume / "text.txt").write_text(SENTENCE + "\n", encoding="utf-8")
        for entry in volume.iterdir():
            entry.chmod(0o644)
        volume.chmod(0o777)
        print("| image | command | exit code | time or size |\n| --- | --- | ---: | ---: |")
        for target in COMMANDS:
            wrong += [*built(target, given.build, given.size), *used(target, given.run, volume)]
    print(*wrong, sep="\n", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
