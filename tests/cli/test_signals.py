"""Signals and outputs that fail: what is said, and with which code the process ends."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.support.interrupt import SIGNALS, TOGETHER, Interrupted, Stop, listening, postponed
from seqtag.training.events import Listener, Note, Progress

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
ENVIRONMENT.pop("PYTHONUNBUFFERED", None)  # what is buffered fails once more at exit
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
# Soon built and compiled: TensorFlow traces few operations, and no loop over the words.
SMALL = [
    "embeddings.characters.encoder=none",
    "embeddings.shape.dim=0",
    "encoder.cell=dense",
    "encoder.units=5",
    "head.name=softmax",
    "language_model.weight=0",
    "training.averaging=none",
    "training.batch_size=8",
    "training.optimizer=sgd",
    "training.patience=0",
]
HELD = """
import signal
from seqtag.support.interrupt import Stop, listening
signal.signal(signal.SIGUSR1, lambda number, frame: print("another", flush=True))
stop = Stop()
with listening(stop), stop.held():
    print("here", flush=True)
    while stop.signal is None:
        pass
    print("noted", flush=True)
    while True:
        pass
"""
HELD_WITHIN = """
from seqtag.support.interrupt import Stop, listening
outer, inner = Stop(), Stop()
with listening(outer), outer.held():
    with listening(inner), inner.held():
        print("here", flush=True)
        while inner.signal is None:
            pass
    print("noted", flush=True)
    while True:
        pass
"""
# In C code that lets other threads run, and that no signal ends: it locks a lock for the second time.
HELD_IN_C = """
import ctypes
from seqtag.support.interrupt import Stop, listening
c, lock = ctypes.CDLL(None), ctypes.create_string_buffer(256)
stop = Stop()
with listening(stop), stop.held():
    c.pthread_mutex_init(lock, None)
    c.pthread_mutex_lock(lock)
    print("here", flush=True)
    c.pthread_mutex_lock(lock)
"""


LOADED_SLOWLY = """
import sys, time
seconds = float(sys.argv.pop(1))
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "seqtag.cli":
            print("here", flush=True)
            time.sleep(seconds)
sys.meta_path.insert(0, Slow())
from seqtag.__main__ import main
main()
"""

# `seqtag compare` without the training, and without a plot.
COMPARED = """
import sys
from dataclasses import replace
from types import SimpleNamespace as Made
from seqtag.evaluation.metrics import F1
from seqtag.tasks import runs
from seqtag.tasks.tagging.task import TAGGING
sys.modules["matplotlib"] = None
score = Made(main=0.5, measure=F1, signature="")
result = Made(dev=score, test=None, best_epoch=1, history=[Made(clipped=0.0)], stopped="")
runs.train_seed = lambda *given, **how: Made(job=Made(prepared=Made(parameters=1)), result=result)
runs.tasks.find = lambda name: replace(TAGGING, rates=lambda job: [])
from seqtag.cli import main
main()
"""
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
LOST = pytest.mark.parametrize("lost", ["left", pytest.param("full", marks=FULL)])


def start(*command: str, **options: Any) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    options = {"env": ENVIRONMENT, "text": True, "stdout": pipe, "stderr": pipe} | options
    return subprocess.Popen([sys.executable, *command], **options)


@contextlib.contextmanager
def held(code: str) -> "Iterator[subprocess.Popen[str]]":
    """A process that has said that it is here, and that never ends by itself."""
    with start("-c", code) as process:
        try:
            assert process.stdout.readline() == "here\n"  # type: ignore[union-attr]
            yield process
        finally:
            process.kill()


def training(spans: Any, tmp_path: Path, *options: str) -> list[str]:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    files = ["--train", str(spans.train), "--dev", str(spans.dev)]
    return ["-m", "seqtag", "train", *files, "-o", str(tmp_path / "model"), *settings, *options]


def wait_for_tensorflow(process: "subprocess.Popen[str]") -> None:
    """Until the process has begun to load it."""
    maps = Path(f"/proc/{process.pid}/maps")
    if not maps.exists():
        pytest.skip("no /proc")
    while "tensorflow" not in maps.read_text() and process.poll() is None:
        time.sleep(0.001)


def test_while_tensorflow_is_loaded(spans: Any, tmp_path: Path) -> None:
    """`test_compare` sends SIGTERM then."""
    with start(*training(spans, tmp_path)) as process:
        wait_for_tensorflow(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.endswith("seqtag: interrupted\n")
    assert "Traceback" not in err
    assert out == ""
    assert os.listdir(tmp_path) == []


def test_while_training(spans: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It says how to go on, and so it does; until then the same command without a word of what to do is refused."""
    command = training(spans, tmp_path, "--epochs", "1000")
    with start(*command) as process:
        err, _ = stopped(process, "epoch   2", signal.SIGINT)
    assert process.returncode == 130
    assert ": run the same command with --resume to continue.\n" in err
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == ["model.checkpoint"]
    assert run(command[2:]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(
        f"seqtag: {tmp_path / 'model.checkpoint'}: left by a run that was stopped. Use --resume to"
    )
    assert os.listdir(tmp_path) == ["model.checkpoint"]


def stopped(process: "subprocess.Popen[str]", line: str, number: int) -> tuple[str, float]:
    """What is said after a signal that comes when a line begins so, and the seconds until the end."""
    for said in process.stderr:  # type: ignore[union-attr]
        if said.startswith(line):
            break
    process.send_signal(number)
    sent = time.monotonic()
    _, err = process.communicate(timeout=300)
    return err, time.monotonic() - sent


@pytest.mark.slow
@BOTH
def test_it_takes_ten_seconds_at_most(tmp_path: Path, number: int) -> None:
    """For a network and a corpus that are no toys."""
    sample = Path(__file__).parents[2] / "sample_data" / "english_news"
    files = ["--train", str(sample / "train.conll"), "--dev", str(sample / "dev.conll")]
    with start("-m", "seqtag", "train", *files, "-o", str(tmp_path / "model")) as process:
        err, seconds = stopped(process, "epoch   1", number)
    assert process.returncode == 128 + number
    assert ": run the same command with --resume to continue.\n" in err
    assert seconds < 10


@BOTH
def test_while_answers_are_written(spans: Any, tmp_path: Path, number: int) -> None:
    """What stood in the file stands there, and nothing beside it."""
    path = tmp_path / "out"
    path.write_text("years of work")
    command = ["-m", "seqtag", "predict", str(spans.folder), "-o", str(path)]
    with start(*command, stdin=subprocess.PIPE) as process:
        process.stdin.write("Ana left\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        while not any(entry.read_text() == "Ana\tB-PER\nleft\tO\n\n" for entry in tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert process.stderr.read() == "seqtag: interrupted\n"  # type: ignore[union-attr]
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["years of work"]


@BOTH
@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("swallowed", [False, True])
def test_in_any_command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    swallowed: bool,
    within: bool,
) -> None:
    """Also where a library takes the signal for an error of its own, as when it is being loaded, and where the command
    listens on its own account.
    """

    def end(arguments: list[str]) -> None:
        try:
            with listening(Stop()) if within else contextlib.nullcontext():
                os.kill(os.getpid(), number)
        except BaseException as problem:
            if swallowed:
                raise ImportError("initialization failed") from problem
            raise

    monkeypatch.setattr("seqtag.cli.app_for", end)
    former = signal.getsignal(number)
    signal.signal(number, signal.default_int_handler)  # without a handler of ours it must not end the tests
    try:
        assert run(["check", "x"]) == 128 + number
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, former)
    assert capsys.readouterr() == ("", "seqtag: interrupted\n")


def test_while_the_command_line_is_loaded() -> None:
    with start("-c", LOADED_SLOWLY, "60", "--version") as process:
        assert process.stdout.readline() == "here\n"  # type: ignore[union-attr]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


def test_who_ignores_signals_goes_on_ignoring_them() -> None:
    """As commands do that a script starts in the background."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{LOADED_SLOWLY}"
    with start("-c", code, "0.5", "--version") as process:
        assert process.stdout.readline() == "here\n"  # type: ignore[union-attr]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (f"seqtag {seqtag.__version__}\n", "")
    assert process.returncode == 0


def test_the_installed_command_is_the_one_of_python_m() -> None:
    project = tomllib.loads((Path(ENVIRONMENT["PYTHONPATH"]) / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"seqtag": "seqtag.__main__:main"}


@BOTH
def test_the_second_signal_ends_at_once(number: int) -> None:
    """But not if it comes with the first, as `timeout` sends one to the process and one to its group; nor do signals
    count that stop no run.
    """
    with held(HELD) as process:
        for one in SIGNALS:
            process.send_signal(one)
        assert process.stdout.readline() == "noted\n"  # type: ignore[union-attr]
        time.sleep(2 * TOGETHER)
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "another\n"  # type: ignore[union-attr]
        process.send_signal(number)
        assert process.wait(30) == 128 + number


@BOTH
def test_a_signal_after_the_one_that_stopped_what_listened_within(number: int) -> None:
    """It is the second one."""
    with held(HELD_WITHIN) as process:
        process.send_signal(number)
        assert process.stdout.readline() == "noted\n"  # type: ignore[union-attr]
        time.sleep(2 * TOGETHER)
        process.send_signal(number)
        assert process.wait(30) == 128 + number


@BOTH
def test_the_second_signal_ends_at_once_in_c_code(number: int) -> None:
    """As in a long step of TensorFlow, where Python calls no handler."""
    with held(HELD_IN_C) as process:
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2 * TOGETHER)
        process.send_signal(number)
        assert process.wait(30) == 128 + number


@BOTH
def test_signals_wait_for_the_end_of_what_must_not_be_left(number: int) -> None:
    """And count once: a second one that followed it would end the process."""
    stop = Stop()
    done = []

    def work() -> None:
        with postponed():
            os.kill(os.getpid(), number)
            time.sleep(2 * TOGETHER)
            done.append(True)

    with listening(stop), pytest.raises(Interrupted) as stopped:
        work()
    assert (stopped.value.number, stop.signal, done) == (number, number, [True])


def test_signals_that_wait_without_a_handler() -> None:
    """As where the Python API trains and nobody takes SIGTERM."""
    code = "from seqtag.support.interrupt import *; import os, signal\nwith postponed():"
    code += " os.kill(os.getpid(), signal.SIGTERM); print('on', flush=True)\nprint('never')"
    with start("-c", code) as process:
        assert process.communicate(timeout=60) == ("on\n", "")
    assert process.returncode == -signal.SIGTERM


def test_nothing_is_left_of_listening() -> None:
    """No thread and no descriptor; who was told of signals before is told again. In another thread there is nothing."""

    def left() -> tuple[int, int, list[Any]]:
        return threading.active_count(), len(os.listdir("/dev/fd")), list(map(signal.getsignal, SIGNALS))

    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    before = signal.set_wakeup_fd(theirs)
    try:
        former = left()
        with listening(Stop()), listening(Stop()):
            assert threading.active_count() == former[0] + 2
        assert left() == former
        elsewhere: list[Any] = []
        thread = threading.Thread(target=lambda: elsewhere.append(listen_and_look()))
        thread.start()
        thread.join()
        assert elsewhere == [former[0] + 1]
    finally:
        assert signal.set_wakeup_fd(before) == theirs
        os.close(ours)
        os.close(theirs)


def test_listening_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(threading.Thread, "start", fail)
    stop = Stop()
    with listening(stop), stop.held():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.signal == signal.SIGTERM
    assert len(os.listdir("/dev/fd")) == before


def listen_and_look() -> int:
    """How many threads there are while it listens."""
    with listening(Stop()):
        return threading.active_count()


def test_compare(spans: Any, tmp_path: Path) -> None:
    files = ["--train", str(spans.train), "--dev", str(spans.dev), "--grid", "encoder.units=4,5"]
    with start("-m", "seqtag", "compare", *files, "-o", str(tmp_path / "grid")) as process:
        wait_for_tensorflow(process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 143
    assert err.endswith("runs.jsonl; the same command goes on with the others.\n")
    assert "Traceback" not in err


class TestLostStreams:
    """A run goes on when its progress and messages cannot be written."""

    @LOST
    def test_the_lines_of_train(
        self, spans: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lost: str
    ) -> None:
        """As `2>&1 | head -1` reads them."""
        with losing(lost) as descriptor, open(descriptor, "w", closefd=False) as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            assert told(monkeypatch, spans, lambda: None) == 0
        assert "model written to" in capsys.readouterr().out

    def test_the_table_of_train(
        self, spans: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """On a terminal that goes away."""
        monkeypatch.setenv("TERM", "xterm")
        terminal, theirs = pty.openpty()
        seen = []

        def leave() -> None:
            seen.append(os.read(terminal, 1 << 16))
            os.close(terminal)

        with open(theirs, "w") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            assert told(monkeypatch, spans, leave) == 0
        assert b"reading the corpus" in seen[0]
        assert "model written to" in capsys.readouterr().out

    @pytest.mark.slow
    def test_train(self, spans: Any, tmp_path: Path) -> None:
        """Both streams in earnest: the terminal is gone, and nobody reads the summary."""
        terminal, theirs = pty.openpty()
        options = {"stderr": theirs, "env": ENVIRONMENT | {"TERM": "xterm"}}
        command = training(spans, tmp_path, "--epochs=2")
        with losing("left") as stdout, start(*command, stdout=stdout, **options) as process:
            os.close(theirs)
            assert b"reading the corpus" in os.read(terminal, 1 << 16)
            os.close(terminal)
            assert process.wait(300) == 0
        assert os.listdir(tmp_path) == ["model"]

    @LOST
    def test_compare(self, spans: Any, tmp_path: Path, lost: str) -> None:
        done, err = compared(spans, tmp_path, "stderr", lost)
        assert (done, err) == (0, None)
        assert (tmp_path / "runs.jsonl").read_text().count("\n") == 3

    @LOST
    def test_results_of_compare(self, spans: Any, tmp_path: Path, lost: str) -> None:
        """They stand in files when stdout fails."""
        done, err = compared(spans, tmp_path, "stdout", lost, "--quiet")
        complaint = "seqtag: output: No space left on device\n" if lost == "full" else ""
        assert done == bool(complaint)
        assert (
            err
            == f"seqtag: no plot without matplotlib: pip install '.[plot]' in a clone of seqtag\n{complaint}"
        )

    @LOST
    def test_results_of_evaluate(self, spans: Any, tmp_path: Path, lost: str) -> None:
        """Files are written first, whatever the order of the options."""
        given = [str(spans.dev), "--predicted", str(spans.dev), "--json", "-", "--output"]
        command = ["-u", "-m", "seqtag", "evaluate", *given, str(tmp_path / "out")]
        with losing(lost) as stdout, start(*command, stdout=stdout) as process:
            assert process.wait(60) == (lost == "full")
        assert (tmp_path / "out").read_text().startswith(spans.dev.read_text().partition("\n")[0])


@contextlib.contextmanager
def losing(lost: str) -> Iterator[int]:
    """A descriptor that cannot be written: a pipe whose reader has left, or a disk that is full."""
    if lost == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def told(monkeypatch: pytest.MonkeyPatch, spans: Any, first: Callable[[], None]) -> int:
    """Exit code of a training that is done already and only tells of itself, after something else was done."""

    def train(*given: object, listener: Listener, **options: object) -> Any:
        first()
        step = Progress(epoch=1, tokens=1, of_tokens=2, loss=0.5)
        for event in (Note("note"), spans.result.prepared, step, *spans.result.history):
            listener(event)
        return spans.result

    monkeypatch.setattr("seqtag.stages.train.train", train)
    return run(["train", "--train", "x", "-o", "y"])


def compared(spans: Any, output: Path, name: str, lost: str, *options: str) -> tuple[int, str | None]:
    """Exit code and stderr of a comparison one of whose streams cannot be written; the table is there."""
    files = ["--train", str(spans.train), "--dev", str(spans.dev), "--grid", "encoder.units=4,5,6"]
    with losing(lost) as descriptor:
        command = ["-c", COMPARED, "compare", *files, "-o", str(output), *options]
        with start(*command, **{name: descriptor}) as process:
            _, err = process.communicate(timeout=60)
    assert (output / "table.md").read_text().count("| 0.5000 |") == 3
    return process.returncode, err


@FULL
class TestFullOutput:
    def call(self, *arguments: str) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "seqtag", *arguments],
                env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300,
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == "seqtag: output: No space left on device"
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr

    def test_predict(self, spans: Any) -> None:
        self.call("predict", str(spans.folder), str(spans.dev), "--input-format", "conll")

    def test_predict_to_a_file(self, spans: Any) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "seqtag", "predict", str(spans.folder), str(spans.dev), "-o", "/dev/full"],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert done.stderr.splitlines()[-1] == "seqtag: /dev/full: No space left on device"

    def test_evaluate(self, spans: Any) -> None:
        self.call("evaluate", str(spans.folder), str(spans.dev))

    @pytest.mark.slow
    def test_train(self, spans: Any, tmp_path: Path) -> None:
        """The summary finds no room; the model is there."""
        self.call(*training(spans, tmp_path, "--epochs", "1")[2:])
        assert os.listdir(tmp_path) == ["model"]
