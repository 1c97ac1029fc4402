"""`seqtag predict --engine` from the command line, with an engine in this process in place of Ray."""

import errno
import io
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run, shard_display
from seqtag.settings import registry
from seqtag.stages.predict import predict
from seqtag.tasks.engines import ray_data
from seqtag.tasks.engines.base import EngineOptions
from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.work import Outcome, ShardJob, Worker

TOP = Path(seqtag.__file__).parents[1]
MODEL = str(TOP / "tests" / "golden" / "models" / "format_2")
Capture = pytest.CaptureFixture[str]


class Here:
    """An engine in this process."""

    def __init__(self) -> None:
        self.options = EngineOptions()
        self.done: list[int] = []
        self.ended = False
        self.before: Callable[[Shard], None] = lambda shard: None

    def __call__(self, job: ShardJob, shards: Sequence[Shard], options: EngineOptions) -> Iterator[Outcome]:
        self.options = options
        options.started(options.workers or 2)
        worker = Worker(job)
        try:
            for shard in shards:
                self.before(shard)
                outcome = worker(shard)
                self.done.append(shard.number)
                yield Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
        finally:
            self.ended = True


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    here = Here()
    monkeypatch.setitem(registry.ENGINES, "here", here)
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("Marta Lindqvist left Lisbon .\n" * 20)
    return here


def command(*more: str, files: Sequence[str] = ("a.txt", "b.txt", "c.txt")) -> int:
    return run(["predict", MODEL, *files, "--engine", "here", "--shard-size", "500", "-o", "out", *more])


def joined() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(Path("out").glob("part-*")))


def expected(*files: str) -> bytes:
    stream = io.StringIO()
    predict(MODEL, files, stream, output_format="jsonl")
    return stream.getvalue().encode()


def test_a_run_and_one_more(engine: Here, capsys: Capture) -> None:
    assert command("--workers", "3", "--address", "auto") == 0
    assert (engine.options.workers, engine.options.address) == (3, "auto")
    assert joined() == expected("a.txt", "b.txt", "c.txt")
    out, said = capsys.readouterr()
    assert (out, len(said.splitlines())) == ("", 2)
    assert said.startswith(
        "seqtag: 6 parts; workers: 3\nseqtag: 6 parts written to out: 60 sentences, 300 tokens in "
    )
    Path("out/part-00003.jsonl").unlink()
    engine.done.clear()
    assert command() == 0
    assert engine.done == [3]
    assert "seqtag: 6 parts, 5 are there; workers: 2\nseqtag: 1 part written to out: 10 " in (
        said := capsys.readouterr().err
    )
    assert said.endswith("; 5 were there\n")
    assert command() == 0
    assert engine.done == [3]
    assert capsys.readouterr().err == "seqtag: all 6 parts were in out already\n"


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_file_that_cannot_be_read(on_error: str, engine: Here, capsys: Capture) -> None:
    good = Path("b.txt").read_bytes()
    Path("b.txt").write_bytes(b"caf\xe9\n" * 50)
    assert command("--on-error", on_error) == 1
    assert engine.ended
    place = f"{Path('b.txt').absolute()}:1: byte 0xE9 is not UTF-8"
    (row,) = map(json.loads, Path("out/failed.jsonl").read_text().splitlines())
    assert (row["part"], row["files"]) == ("part-00002.jsonl", [str(Path("b.txt").absolute())])
    assert row["error"].startswith(place)
    said = capsys.readouterr().err.splitlines()
    assert said[1].startswith(f"seqtag: {place}")
    if on_error == "stop":
        assert engine.done == [0, 1, 2]
        assert len(said) == 2, "it is said once"
        kept = "2 of 5 parts are in out; with --on-error skip, the same command goes on with the others."
        assert said[1].endswith(f". {kept}")
    else:
        assert joined() == expected("a.txt", "c.txt")
        assert said[2].startswith("seqtag: 4 parts written to out: 40 sentences, 200 tokens in ")
        assert said[3].startswith(f"seqtag: 1 of 5 parts failed, as out/failed.jsonl lists: {place}")
    Path("b.txt").write_bytes(good)
    assert command() == 1
    assert f"{Path('b.txt').absolute()} has changed" in capsys.readouterr().err


def test_what_all_shards_would_fail_for_ends_the_run(engine: Here, capsys: Capture) -> None:
    def spoil(shard: Shard) -> None:
        if shard.number == 2:
            monkeypatch.setattr(os, "fsync", full)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as monkeypatch:
        engine.before = spoil
        assert command("--on-error", "skip") == 1
    assert engine.done == [0, 1, 2]
    (said,) = capsys.readouterr().err.splitlines()[1:]
    place = Path("out/part-00002.jsonl").absolute()
    assert said == (
        f"seqtag: {place}: No space left on device. 2 of 6 parts are in out; the same command goes on with the others."
    )


def test_another_model_ends_the_run(engine: Here, capsys: Capture, tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "model")

    def change(shard: Shard) -> None:
        with (tmp_path / "model" / "manifest.json").open("a") as manifest:
            manifest.write(" ")

    engine.before = change
    given = ["model", "a.txt", "b.txt", "--engine", "here", "--shard-size", "500", "-o", "out"]
    assert run(["predict", *given, "--on-error", "skip"]) == 1
    assert engine.done == [0]
    assert "model: has changed since the run was begun. 0 of 4 parts" in capsys.readouterr().err


def test_no_list_of_failures_stays(engine: Here, capsys: Capture) -> None:
    def touch(shard: Shard) -> None:
        if shard.number == 4:
            os.utime("c.txt", (1, 1))

    engine.before = touch
    assert command("--on-error", "skip") == 1
    rows = [json.loads(row) for row in Path("out/failed.jsonl").read_text().splitlines()]
    assert [row["part"] for row in rows] == ["part-00004.jsonl", "part-00005.jsonl"]
    engine.before = lambda shard: None
    assert command() == 0
    assert not Path("out/failed.jsonl").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal(number: int, engine: Here, capsys: Capture) -> None:
    def send(shard: Shard) -> None:
        if shard.number == 2:
            os.kill(os.getpid(), number)

    engine.before = send
    assert command() == 128 + number
    assert engine.ended
    assert engine.done == [0, 1]
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "seqtag: interrupted. Finished parts are in out; the same command goes on with the others."
    engine.before = lambda shard: None
    assert command() == 0
    assert joined() == expected("a.txt", "b.txt", "c.txt")


def test_warnings_come_once(engine: Here, capsys: Capture) -> None:
    for name in ("a.txt", "b.txt"):
        Path(name).write_text("The weather stayed cold. Nobody went outside. Everybody waited.\n" * 9)
    assert command() == 0
    assert capsys.readouterr().err.count("hold several sentences") == 1


def test_progress_in_a_log(engine: Here, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_display, "SPARSE", 0.0)
    assert command() == 0
    said = capsys.readouterr().err.splitlines()[1:-1]
    assert len(said) == 6
    assert said[0].startswith("seqtag: 1 of 6 parts, ")
    assert said[-1].endswith(" tokens/s, less than a minute left")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "2"], "--workers needs --engine."),
        (["--on-error", "skip", "-o", "out"], "--on-error needs --engine."),
        (["--shard-size", "1M"], "--shard-size needs --engine."),
        (["--engine", "spork", "-o", "out"], "--engine: unknown name 'spork'. Did you mean 'spark'?"),
        (["--engine", "ray"], "--engine needs --output, a folder for the part files."),
        (["--engine", "ray", "-o", "-"], "--engine needs --output, a folder for the part files."),
        (["--engine", "ray", "-o", "out", "--format", "conll"], "--engine writes jsonl; it does not go with --format"),
        (["--engine", "ray", "-o", "out", "--threads", "2"], "--threads does not go with --engine"),
        (["--engine", "ray", "-o", "out", "--on-error", "go"], "--on-error: unknown name 'go'."),
        (["--engine", "ray", "-o", "out", "--shard-size", "1T"], "--shard-size: expected bytes, such as 512K or 16M."),
    ],
)  # fmt: skip
def test_usage(arguments: list[str], said: str, engine: Here, capsys: Capture) -> None:
    assert run(["predict", MODEL, "a.txt", *arguments]) == 2
    assert said.replace(" Did you mean 'spark'?", "") in capsys.readouterr().err
    assert not Path("out").exists()


def test_without_the_package(engine: Here, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.ENGINES, "here", "seqtag.tasks.engines.ray_data:run")
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_BACKEND_LOG_LEVEL", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "0")
    assert command() == 1
    line = "needs the package ray, which is not installed: pip install '.[ray]' in a clone of seqtag"
    assert line in capsys.readouterr().err


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(seqtag.Error, match=r"^Ray cannot be reached at 127\.0\.0\.1:1: .*refused"):
        ray_data._check_reachable("127.0.0.1:1")


def test_the_bar_of_a_terminal(engine: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    assert command() == 0
    said: Any = stream.getvalue()
    assert "reading the files" in said
    assert "starting Here" in said
    assert "6 parts written to out: 60 sentences, 300 tokens in" in said
