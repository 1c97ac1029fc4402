"""`seqtag predict --engine ray` with a real Ray: killed workers and drivers do not change the parts."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import seqtag
from seqtag.stages.predict import predict

pytest.importorskip("ray", reason="the engine needs the package ray")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

TOP = Path(seqtag.__file__).parents[1]
MODEL = TOP / "tests" / "golden" / "models" / "format_2"
CORPUS = TOP / "sample_data" / "english_news" / "train.conll"
PATIENCE = 120.0  # seconds; a busy machine is no failure
MARK = "SEQTAG_TEST_OF_RAY"


class Driver:
    """A command whose processes can be found, in a home folder of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.mark = f"{MARK}={secrets.token_hex(8)}"
        home = folder / "home"
        home.mkdir(exist_ok=True)
        own = {"PYTHONPATH": str(TOP), "HOME": str(home), MARK: self.mark.partition("=")[2]}
        given = [
            str(MODEL),
            "corpus",
            "--engine",
            "ray",
            "--workers",
            "2",
            "--shard-size",
            "4K",
            "-o",
            "out",
            *more,
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "seqtag", "predict", *given],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def parts(self) -> set[Path]:
        return set((self.folder / "out").glob("part-*.jsonl"))

    def wait_for_parts(self, count: int) -> None:
        until = time.monotonic() + PATIENCE
        while len(self.parts()) < count:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until
            time.sleep(0.005)

    def others(self, name: str = "") -> list[int]:
        """The processes that the command has started, by their names."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (place / "environ").read_bytes().split(b"\0")
                named = name.encode() in (place / "cmdline").read_bytes()
                if self.mark.encode() in words and named and int(place.name) != self.process.pid:
                    found.append(int(place.name))
        return found

    def end(self) -> str:
        """What it said, after its end."""
        out, said = self.process.communicate(timeout=PATIENCE)
        assert out == ""
        until = time.monotonic() + PATIENCE
        while self.others():
            assert time.monotonic() < until, "its processes end with it"
            time.sleep(0.1)
        return said


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    blocks = CORPUS.read_text("utf-8").strip().split("\n\n")
    text = "".join(" ".join(row.split()[0] for row in block.splitlines()) + "\n" for block in blocks)
    (tmp_path / "corpus").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "corpus" / name).write_text(text * 2, "utf-8")
    return tmp_path


@pytest.fixture
def start(corpus: Path) -> Iterator[Callable[[], Driver]]:
    """Starts the command; none of its processes outlives the test."""
    started: list[Driver] = []

    def begin() -> Driver:
        started.append(Driver(corpus))
        return started[-1]

    yield begin
    for driver in started:
        driver.process.kill()
        driver.process.communicate()


def expected(folder: Path) -> bytes:
    with (folder / "whole.jsonl").open("w", encoding="utf-8") as stream:
        predict(
            str(MODEL),
            [str(path) for path in sorted((folder / "corpus").iterdir())],
            stream,
            output_format="jsonl",
        )
    return (folder / "whole.jsonl").read_bytes()


def test_a_driver_and_an_actor_are_killed(corpus: Path, start: Callable[[], Driver]) -> None:
    first = start()
    first.wait_for_parts(2)
    first.process.kill()
    first.end()
    there = {path: path.stat().st_ino for path in first.parts()}
    second = start()
    second.wait_for_parts(len(there) + 2)
    second.process.send_signal(signal.SIGTERM)
    said = second.end()
    assert second.process.returncode == 143, said
    assert said.splitlines()[-1].startswith(
        "seqtag: interrupted. Finished parts are in out; the same command goes on"
    )
    third = start()
    third.wait_for_parts(len(second.parts()) + 2)
    os.kill(third.others("ray::MapWorker")[0], signal.SIGKILL)
    before = len(third.parts())
    said = third.end()
    parts = sorted(third.parts())
    assert third.process.returncode == 0, said
    assert before < len(parts), "it was killed before the end"
    assert b"".join(path.read_bytes() for path in parts) == expected(corpus)
    assert {path: path.stat().st_ino for path in there} == there, "what was there was not written again"
    assert {line[:8] for line in said.splitlines()} == {"seqtag: "}, "Ray itself says nothing"
    assert sorted(path.name for path in (corpus / "out").glob(".*")) == []
    assert list((corpus / "home").rglob("auth_token")) == []


@pytest.mark.slow
def test_the_process_of_ray_that_manages_this_machine_is_killed(corpus: Path) -> None:
    """Ray then ends the process that uses it, without a word."""
    first = Driver(corpus)
    first.wait_for_parts(2)
    os.kill(next(pid for pid in first.others("raylet/raylet")), signal.SIGKILL)
    said = first.end()
    assert first.process.returncode == 1, said
    assert said.splitlines()[-1].startswith("seqtag: Ray has died: ")
    second = Driver(corpus)
    assert second.end()
    assert second.process.returncode == 0
    assert b"".join(path.read_bytes() for path in sorted(second.parts())) == expected(corpus)
