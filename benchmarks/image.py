"""Whether the image works for a user without any right: a read-only root, no capabilities, no network, a volume.

    python benchmarks/image.py [--build COMMAND] [--run COMMAND]

Builds the image, then trains, evaluates and predicts on the sample corpus, each in a container of its own. Another
runner than docker is named by its two command lines, in which `{context}` and `{volume}` stand for folders.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import common

ROOT = common.HERE.parent
SAMPLE = ROOT / "sample_data" / "english_news"
BUILD = "docker build -q -t seqtag:check {context}"
RUN = (
    "docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 54321:54321 "
    "--network none -v {volume}:/work seqtag:check"
)
SENTENCE = "Marta Lindqvist flew from Lisbon to Rotterdam on Monday."
TAGS = {"O", *(f"{letter}-{label}" for letter in "BI" for label in ("LOC", "MISC", "ORG", "PER"))}


@dataclass(frozen=True)
class Ran:
    """A command that came to its end, in seconds, with its exit code and what it said."""

    code: int
    seconds: float
    output: str
    error: str


def call(command: str, *arguments: str, **folders: Path) -> Ran:
    """Runs a command line with its folders filled in."""
    words = [word.format(**folders) for word in shlex.split(command)]
    started = time.perf_counter()
    done = subprocess.run([*words, *arguments], capture_output=True, text=True)
    return Ran(done.returncode, time.perf_counter() - started, done.stdout, done.stderr)


def is_tagged(output: str) -> bool:
    """Whether there is a line with a token and its tag for each token of the sentence, and nothing else."""
    rows = [line.split("\t") for line in output.rstrip("\n").split("\n")]
    tokens = "".join(row[0] for row in rows)
    return tokens == SENTENCE.replace(" ", "") and all(len(row) == 2 and row[1] in TAGS for row in rows)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--build", metavar="COMMAND", default=BUILD, help=f"({BUILD})")
    made.add_argument("--run", metavar="COMMAND", default=RUN, help=f"({RUN})")
    given = made.parse_args()
    common.say("building the image ...")
    built = call(given.build, context=ROOT)
    if built.code:
        raise SystemExit(f"the image cannot be built:\n{built.error[-3000:]}")
    training = ["-c", "config.yaml", "--train", "train.conll", "--dev", "dev.conll", "--epochs", "2"]
    # Of each the arguments, and the exit code that it must end with.
    commands = {
        "train": (["train", *training, "-o", "model"], 0),
        "evaluate": (["evaluate", "model", "test.conll", "--json", "scores.json"], 0),
        "predict": (["predict", "model", "text.txt"], 0),
        "predict, outside the volume": (["predict", "model", "text.txt", "-o", "/opt/seqtag/out"], 1),
    }
    wrong = []
    # What another user has written only root can remove.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        volume = Path(scratch, "volume")
        shutil.copytree(SAMPLE, volume)
        (volume / "text.txt").write_text(SENTENCE + "\n", encoding="utf-8")
        for entry in volume.iterdir():
            entry.chmod(0o644)
        volume.chmod(0o777)
        print("| command | exit code | seconds |\n| --- | ---: | ---: |")
        for name, (arguments, code) in commands.items():
            ran = call(given.run, *arguments, volume=volume)
            print(f"| {name} | {ran.code} | {ran.seconds:.1f} |", flush=True)
            if ran.code != code or "Traceback" in ran.error:
                wrong.append(f"{name}: ended with {ran.code}; expected {code}\n{ran.error[-3000:]}")
            if name == "predict" and not is_tagged(ran.output):
                wrong.append(
                    f"{name}: a token and a tag in each line were expected. Received: {ran.output!r}"
                )
        wrong += [
            f"{name}: is not there" for name in ("model", "scores.json") if not (volume / name).exists()
        ]
    print(*wrong, sep="\n", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
