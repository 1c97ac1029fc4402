"""What `seqtag train` shows on a terminal: a real one, as far as the process can tell."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli.display import WIDE

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
} | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
TERMINALS = (("xterm-256color", 80), ("xterm-256color", 40), ("dumb", 40))
STEERED = pytest.mark.parametrize("session", TERMINALS[:2], indirect=True)
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SMALL = (
    "--cell",
    "dense",
    "--units",
    "4",
    "--embedding-dim",
    "4",
    "--characters",
    "none",
    "--head",
    "softmax",
)
SMALL += ("--optimizer", "sgd", "--set", "language_model.weight=0", "--set", "embeddings.shape.dim=0")
SMALL += ("--set", "training.averaging=none")


# Runs one command line after the other in one process, each in a terminal of its own. The first one trains, and what
# it tells and comes to is what the others are told.
CHILD = """
import json, os, sys
from seqtag.cli import run
from seqtag.stages import train as stage
train, told, results = stage.train, [], []
def once(*given, listener, **options):
    if not results:
        results.append(train(*given, listener=told.append, **options))
    for event in told:
        listener(event)
    return results[0]
stage.train = once
for kind, terminal, arguments in json.loads(sys.argv[1]):
    for stream in range(3):
        os.dup2(terminal, stream)
    os.close(terminal)
    os.environ["TERM"] = kind
    if code := run(arguments):
        sys.exit(code)
"""


def terminal(columns: int) -> tuple[int, int]:
    """A pseudo terminal of so many columns: our side, and that of a command."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return ours, theirs


def read(terminal: int) -> str:
    """All that is written until the other side is closed."""
    found = b""
    try:
        while some := os.read(terminal, 1 << 16):
            found += some
    except OSError:  # Linux's way to say that the other side is closed
        pass
    os.close(terminal)
    return found.decode()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], tuple[int, str]]:
    """Exit code and output by the terminal; in one process, as most of the time is TensorFlow's start."""
    place = tmp_path_factory.mktemp("display")
    names = ("Ana", "Bo", "Ida")
    text = "".join(f"{name}\tB-PER\nsaw\tO\n{other}\tB-PER\n\n" for name in names for other in names)
    (place / "train.conll").write_text(text * 4, encoding="utf-8")
    files = ["--train", str(place / "train.conll"), "--dev", str(place / "train.conll")]
    options = ["--epochs", "2", "--resume", *SMALL]
    sides = [terminal(columns) for _, columns in TERMINALS]
    theirs = [side for _, side in sides]
    commands = [
        (kind, side, ["train", *files, "-o", str(place / f"{kind}{columns}" / "model"), *options])
        for (kind, columns), side in zip(TERMINALS, theirs, strict=True)
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(commands)],
        stdin=theirs[0], stdout=theirs[0], stderr=theirs[0], env=ENVIRONMENT, pass_fds=theirs,
    )  # fmt: skip
    for side in theirs:
        os.close(side)
    outputs = [read(ours) for ours, _ in sides]
    code = process.wait(60)
    return {key: (code, text) for key, text in zip(TERMINALS, outputs, strict=True)}


@pytest.fixture(params=TERMINALS)
def session(request: pytest.FixtureRequest, shown: dict[tuple[str, int], tuple[int, str]]) -> Any:
    return request.param[1], *shown[request.param]


def lines_of(text: str) -> list[str]:
    """What stands in the terminal's lines: the bar is drawn over itself, from the line's start."""
    return [STEERING.sub("", line) for line in re.split(r"[\r\n]+", text)]


def test_it_ends_well(session: tuple[int, int, str]) -> None:
    _, code, text = session
    assert code == 0, text
    assert "Traceback" not in text
    assert "error" not in text.lower()


@STEERED
def test_the_cursor_is_hidden_and_comes_back(session: tuple[int, int, str]) -> None:
    _, _, text = session
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


@pytest.mark.parametrize("session", TERMINALS[2:], indirect=True)
def test_a_terminal_that_nothing_steers(session: tuple[int, int, str]) -> None:
    _, _, text = session
    assert text.replace("\r\n", "").isprintable()


def test_a_note_before_the_first_epoch(session: tuple[int, int, str]) -> None:
    _, _, text = session
    said = " ".join(" ".join(lines_of(text)).split())
    assert "note no checkpoint" in said
    assert said.index("note no checkpoint") < said.index("train 36 sentences")


def test_a_row_an_epoch(session: tuple[int, int, str]) -> None:
    _, _, text = session
    rows = [line.split() for line in lines_of(text) if re.match(r" +[0-9]+  [0-9]+\.[0-9]{4}  ", line)]
    assert [row[0] for row in rows] == ["1", "2"]
    assert all(0 <= float(row[2]) <= 1 for row in rows)


@pytest.mark.parametrize("session", TERMINALS[:1], indirect=True)
def test_the_figures_stand_below_their_names(session: tuple[int, int, str]) -> None:
    _, _, text = session
    lines = lines_of(text)
    (header,) = [line.rstrip() for line in lines if line.startswith("epoch    loss")]
    rows = [line.rstrip() for line in lines if re.match(r" +[0-9]+  [0-9]+\.[0-9]{4}  ", line)]
    ends = [header.index(name) + len(name) for name in ("loss", "dev F1", "gradient norm", "clipped")]
    for row in rows:
        assert all(row[end - 1] in "0123456789%" and row[end] == " " for end in ends)
        assert len(row) == len(header)


@pytest.mark.parametrize("session", TERMINALS[1:2], indirect=True)
def test_the_introduction_is_folded_beside_its_labels(session: tuple[int, int, str]) -> None:
    _, _, text = session
    lines = lines_of(text)
    start = next(number for number, line in enumerate(lines) if line.startswith("train  "))
    end = next(number for number, line in enumerate(lines) if line.startswith("epoch  "))
    labels = [line[:7] for line in lines[start:end] if line]
    assert set(labels) == {"train  ", "dev    ", "tags   ", "model  ", "clip   ", " " * 7}


@STEERED
def test_the_bar_moves(session: tuple[int, int, str]) -> None:
    columns, _, text = session
    bars = [line for line in lines_of(text) if line.startswith("epoch ") and "━" in line]
    assert {bar.split()[1] for bar in bars} == {"1/2", "2/2"}
    assert any(re.search(r"loss [0-9]\.[0-9]{4}", bar) for bar in bars)
    left = any(re.search(r"at most 0:\d\d left$", bar.rstrip()) for bar in bars)  # once an epoch has ended
    assert left == (columns >= WIDE)


@STEERED
def test_no_line_is_wider_than_the_terminal(session: tuple[int, int, str]) -> None:
    columns, _, text = session
    before, found, _ = text.partition(" data ") if " data " in text else text.partition("data    ")
    assert found
    lines = lines_of(before)
    assert len(lines) > 10
    assert [line for line in lines if len(line) > columns] == []


def test_the_summary(session: tuple[int, int, str]) -> None:
    _, _, text = session
    last = lines_of(text)
    assert any("unknown words in dev" in line for line in last)
    assert any(re.search("best epoch +[12] of 2", line) for line in last)
    assert any(line.startswith("Token accuracy") for line in last)
    assert any(line.startswith("model written to") and line.endswith("model") for line in last)
