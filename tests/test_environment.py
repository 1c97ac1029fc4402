"""Odd surroundings: the same answers without a home, in another folder, with closed streams, under a strange name."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import seqtag

ROOT = str(Path(seqtag.__file__).parents[1])
KEPT = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")
PLAIN = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": ROOT}
# Runs one command after the other in one process, after something was done to it.
CHILD = """
import json, os, sys
from seqtag.cli import run
commands, before = json.loads(sys.argv[1]), sys.argv[2]
exec(before)
code = sum(run(command) for command in commands)
sys.stdout.flush()
os._exit(code)  # as `seqtag` itself leaves; a closed stream is nobody's fault
"""
NO_TEMPORARY_FILES = """
import tempfile
tempfile.tempdir = None
def nowhere(*given):
    raise FileNotFoundError(2, "none")
tempfile._get_default_tempdir = nowhere  # some folder of those that Python tries is always there
"""
GONE = "import tempfile; place = tempfile.mkdtemp(); os.chdir(place); os.rmdir(place)"
# What is imported late stands where nobody else may look, so everything is used once before.
NOBODY = """
with open(os.devnull, "w") as sink:
    stdout, sys.stdout = sys.stdout, sink
    [run(command) for command in commands]
    sys.stdout = stdout
os.chdir("/")
os.setgroups([]); os.setgid(54321); os.setuid(54321)
import pwd
try:
    pwd.getpwuid(os.getuid())
    raise SystemExit("there is such a user")
except KeyError:
    pass
"""

# What takes memory of its own is loaded first, so that the limit falls into the work.
LITTLE = """
import resource, sys
import seqtag.stages.predict, seqtag.inference.tagger
from seqtag.cli import main
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
main(sys.argv[2:])
"""


@dataclass(frozen=True)
class Place:
    """What is odd about the process.

    Attributes:
        environment: Variables on top of the fewest that are needed.
        before: Python code that is run first.
        closed: Streams that are closed when the process starts.
        root: Whether it takes root to become so.
    """

    environment: dict[str, str] = field(default_factory=dict)
    before: str = ""
    closed: tuple[int, ...] = ()
    root: bool = False


# Several in one process, where the one does not hide the other.
PLACES = {
    "nothing but PATH, one thread": Place(
        before="os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])"
    ),
    "a home that is not there, TERM=dumb": Place({"HOME": "/nonexistent/home", "TERM": "dumb"}),
    "a home that is no folder, a terminal that does not exist, NO_COLOR": Place(
        {"HOME": "/dev/null", "TERM": "no-such-terminal", "NO_COLOR": "1"}
    ),
    "the locale C, closed stdin": Place(
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, closed=(0,)
    ),
    "a locale that does not exist, a folder that was deleted": Place(
        {"LC_ALL": "xx_XX.KOI8", "PYTHONUTF8": "0"}, before=GONE
    ),
    "Latin-1 for Python's streams, no place for temporary files, the root folder": Place(
        {"PYTHONIOENCODING": "latin-1", "TMPDIR": "/nonexistent/tmp"}, before="os.chdir('/')"
    ),
    "a user without a name": Place(before=NOBODY, root=True),
}


def start(place: Place, *commands: list[str]) -> subprocess.CompletedProcess[bytes]:
    """The commands in a process of that kind."""
    if place.root and os.getuid() != 0:
        pytest.skip("only root can become another user")
    closing = "".join(f" {number}{'<' if number == 0 else '>'}&-" for number in place.closed)
    return subprocess.run(
        # -P: as for the installed command, modules are not looked for in the working folder; CPython 3.13.0 cannot
        # import NumPy with one there that was deleted.
        [
            *("/bin/sh", "-c", f'exec "$@"{closing}', "sh"),
            *(sys.executable, "-P", "-c", CHILD, json.dumps(commands), place.before),
        ],
        env=PLAIN | place.environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip


@pytest.fixture(scope="module")
def commands(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Commands that read a model and a text, in a place that everybody can read."""
    place = tmp_path_factory.mktemp("everybody")
    text = place / "in.txt"
    text.write_text("Ana Ruiz saw Rio de Janeiro.\nÉlodie 東京 \U0001f600\n", encoding="utf-8")
    for path in (spans.folder, place, *spans.folder.iterdir(), *place.iterdir(), spans.dev):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for path in [*spans.folder.parents, *place.parents]:
        if path.stat().st_uid == os.getuid() and path not in (Path("/"), Path("/tmp")):
            path.chmod(path.stat().st_mode | 0o055)
    return [
        ["predict", str(spans.folder), str(text)],
        ["predict", str(spans.folder), str(text), "--format", "text"],
        ["evaluate", str(spans.folder), str(spans.dev), "--json", "-"],
        ["check", str(spans.dev)],
    ]


def without_time(output: bytes) -> str:
    """The output as text, the lines with seconds left out."""
    return "\n".join(
        line for line in output.decode().split("\n") if '"seconds"' not in line and "per_second" not in line
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def usual(commands: list[list[str]], home: Path) -> str:
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "LC_ALL": "C.UTF-8"}
    done = start(Place(environment), *commands)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Élodie\t" in done.stdout.decode()
    return without_time(done.stdout)


@pytest.mark.parametrize("name", PLACES)
def test_the_answers_are_the_same(name: str, commands: list[list[str]], usual: str) -> None:
    done = start(PLACES[name], *commands)
    assert (done.returncode, done.stderr) == (0, b"")
    assert without_time(done.stdout) == usual


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams(closed: tuple[int, ...], commands: list[list[str]], tmp_path: Path) -> None:
    """No traceback, and what goes into a file gets there: no file takes the number of a closed stream."""
    output = tmp_path / "out.conll"
    done = start(Place(closed=closed), [*commands[0], "-o", str(output)], commands[2], ["predict", "gone"])
    assert done.returncode == 1
    assert "Élodie\t" in output.read_text(encoding="utf-8")
    assert output.read_text(encoding="utf-8").count("\n") == 12
    assert done.stderr.decode() == (
        "" if 2 in closed else "seqtag: gone: no such folder; expected a model folder.\n"
    )


REFUSALS = {
    "CLOSED.conll: cannot be read: Permission denied": ["check", "CLOSED.conll"],
    "CLOSED.txt: cannot be read: Permission denied": ["predict", "MODEL", "CLOSED.txt"],
    "SHUT.conll: cannot be read: Permission denied": ["evaluate", "MODEL", "SHUT.conll"],
    "CLOSED/manifest.json: Permission denied": ["predict", "CLOSED", "OPEN.txt"],
    "LOCKED/out: Permission denied": ["predict", "MODEL", "OPEN.txt", "-o", "LOCKED/out"],
    "LOCKED/out.json: Permission denied": ["check", "OPEN.conll", "--json", "LOCKED/out.json"],
}  # fmt: skip


def test_what_may_not_be_read_or_written(commands: list[list[str]], spans: Any, tmp_path: Path) -> None:
    """Files and folders of somebody else."""
    tmp_path.chmod(0o755)
    (tmp_path / "LOCKED").mkdir(mode=0o555)
    (tmp_path / "CLOSED").mkdir(mode=0o000)
    for name, mode in (("OPEN", 0o644), ("CLOSED", 0o000), ("SHUT", 0o000)):
        for file, source in ((f"{name}.conll", spans.dev), (f"{name}.txt", Path(commands[0][2]))):
            (tmp_path / file).write_bytes(source.read_bytes())
            (tmp_path / file).chmod(mode)
    (tmp_path / "MODEL").symlink_to(spans.folder)
    # Root may read and write all; then it is somebody else who runs the commands, after it has all been imported.
    root = os.getuid() == 0
    used = [[*commands[0], "-o", str(tmp_path / "USED")], *commands[2:]]
    before = f"asked, commands = commands, {used}\n{NOBODY}\ncommands = asked" if root else ""
    done = start(Place(before=f"{before}\nos.chdir({str(tmp_path)!r})"), *REFUSALS.values())
    (tmp_path / "CLOSED").chmod(0o755)
    assert done.stderr.decode().splitlines() == [f"seqtag: {message}" for message in REFUSALS]
    assert (done.returncode, done.stdout) == (len(REFUSALS), b"")  # each ended with 1
    assert not any((tmp_path / "LOCKED").iterdir())


NAMES = ["two words é 東京", "-dash", "a'b\"c$d", os.fsdecode(b"\xff \xfe"), "[red]b", "line\nend"]


def test_odd_paths(spans: Any, tmp_path: Path) -> None:
    """Of the model, of what is read, and of what is written."""
    commands = []
    for name in NAMES:
        place = tmp_path / name
        place.mkdir()
        model, text, out = place / "model", place / "in.conll", place / "out.json"
        model.symlink_to(spans.folder)
        text.write_bytes(spans.dev.read_bytes())
        commands += [
            ["evaluate", str(model), str(text), "--json", str(out), "--errors", f"{out}3"],
            ["check", str(text), "--json", f"{out}2"],
            ["check", str(text), "--json", "-"],
            ["check", str(text), str(text)],
            ["predict", str(model), str(text), "-o", f"{out}4"],
        ]
    encoded = [[os.fsencode(argument).decode("latin-1") for argument in command] for command in commands]
    before = "commands = [[os.fsdecode(one.encode('latin-1')) for one in command] for command in commands]"
    done = start(Place({"LC_ALL": "C.UTF-8"}, before=before), *encoded)
    assert (done.returncode, done.stderr) == (0, b"")
    for name in NAMES:
        place = tmp_path / name
        text, out = place / "in.conll", place / "out.json"
        assert json.loads(out.read_bytes())["gold_file"] == str(text)
        assert json.loads(Path(f"{out}2").read_bytes())["files"][0]["path"] == str(text)
        assert Path(f"{out}3").exists()
        # What the little model learnt by heart it finds.
        assert Path(f"{out}4").read_bytes().rstrip(b"\n") == text.read_bytes().rstrip(b"\n")


def test_nothing_is_written_at_home(usual: str, home: Path) -> None:
    """Neither a cache nor an identifier of the machine, as ONNX Runtime's telemetry would."""
    assert list(home.iterdir()) == []


STARTED = """
import os, sys
from seqtag.network import runtime
runtime.start(1)
import keras
assert keras.config.backend() == "tensorflow" and keras.config.image_data_format() == "channels_last"
assert os.environ["KERAS_HOME"] == sys.argv[1]
assert "matplotlib" not in sys.modules
"""


def test_the_configuration_of_keras_is_left_alone(tmp_path: Path) -> None:
    """Whatever stands there, the network starts alike, and nothing is written; for one that is not there, see below."""
    path = tmp_path / "keras.json"
    path.write_text('{"floatx": "nonsense"}')
    environment = {"HOME": "/dev/null", "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(tmp_path)],
        env=PLAIN | environment,
        capture_output=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(tmp_path.rglob("*")) == [path]
    assert path.read_text() == '{"floatx": "nonsense"}'


AFTER = """
def run(command, run=run):
    code = run(command)
    assert "KERAS_HOME" not in os.environ and "matplotlib" not in sys.modules
    return code
"""


def test_training_in_odd_surroundings(spans: Any, tmp_path: Path) -> None:
    """All at once: an empty home that stays empty, no locale, no place for temporary files, a folder that was deleted,
    and a name that is not UTF-8.
    """
    place, home = tmp_path / os.fsdecode(b"\xff model \xc3\xa9"), tmp_path / "home"
    place.mkdir()
    home.mkdir()
    (place / "train.conll").write_bytes(spans.train.read_bytes())
    arguments = ["train", "--train", str(place / "train.conll"), "-o", str(place / "model"), "--epochs", "1"]
    arguments += ["--units", "4", "--embedding-dim", "4", "--characters", "none", "--head", "softmax"]
    arguments += ["--cell", "dense", "--set", "language_model.weight=0", "--set", "embeddings.shape.dim=0"]
    arguments += ["--set", "training.averaging=none", "--optimizer", "sgd"]
    encoded = [os.fsencode(argument).decode("latin-1") for argument in arguments]
    before = f"{GONE}\n{NO_TEMPORARY_FILES}\n{AFTER}\n"
    before += "commands = [[os.fsdecode(one.encode('latin-1')) for one in command] for command in commands]"
    environment = {"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "40", "HOME": str(home)}
    done = start(Place(environment, before=before), encoded)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"weighted" in done.stdout
    assert (place / "model" / "manifest.json").exists()
    assert list(home.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
@pytest.mark.parametrize("megabytes", [1, 10, 60])
def test_too_little_memory(spans: Any, tmp_path: Path, megabytes: int) -> None:
    """For a sentence of 400,000 words, found missing by Python, NumPy or ONNX Runtime: one line says so."""
    path, out = tmp_path / "long.txt", tmp_path / "out.conll"
    path.write_text("word " * 400_000 + "\n", "utf-8")
    command = [
        sys.executable, "-c", LITTLE, str(megabytes << 20), "predict", str(spans.folder), str(path), "--threads", "1",
        "-o", str(out),
    ]  # fmt: skip
    done = subprocess.run(command, env=PLAIN, capture_output=True, text=True, timeout=300)
    assert done.stderr == "seqtag: not enough memory; fewer --threads need less\n"
    assert (done.returncode, done.stdout) == (1, "")
