"""An engine in a process of its own: what it yields comes, and its death is an error."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seqtag.support.errors import DataError, Error
from seqtag.tasks.engines.base import EngineOptions
from seqtag.tasks.engines.separate import separate
from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.work import Outcome

SHARDS = [Shard(number, ()) for number in range(3)]
PATIENCE = 60.0  # seconds; a busy machine is no failure
JOB: Any = None  # which only workers look at


def engine(
    job: Any, shards: Sequence[Shard], options: EngineOptions, *, end: str, place: Path
) -> Iterator[Outcome]:
    """Does its first shard, and then what it is told; leaves its process in `pid` and its end in `ended`."""
    (place / "pid").write_text(str(os.getpid()))
    options.started(2)
    os.write(1, b"chatter")
    os.write(2, b"chatter")
    try:
        yield Outcome(shards[0].number, sentences=4)
        if end == "death":
            os._exit(7)
        if end == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if end == "error":
            raise DataError("a.txt", 3, "is odd")
        while end == "wait":
            time.sleep(0.01)
        yield Outcome(shards[1].number, problem="it is odd")
    finally:
        (place / "ended").touch()


def run(end: str, place: Path, started: Any = print) -> Iterator[Outcome]:
    return separate(
        partial(engine, end=end, place=place), "Spork", JOB, SHARDS, EngineOptions(started=started)
    )


def is_gone(place: Path) -> bool:
    return not Path(f"/proc/{(place / 'pid').read_text()}").exists()


def test_what_it_yields(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    counts: list[int] = []
    found = list(run("well", tmp_path, counts.append))
    assert found == [Outcome(0, sentences=4), Outcome(1, problem="it is odd")]
    assert counts == [2]
    assert (tmp_path / "pid").read_text() != str(os.getpid())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("end", "how"), [("death", "ended with code 7"), ("kill", "was killed by signal 9")])
def test_its_death_is_an_error(end: str, how: str, tmp_path: Path) -> None:
    outcomes = run(end, tmp_path)
    assert next(outcomes).sentences == 4
    with pytest.raises(
        Error, match=rf"^Spork has died: .* {how}\. .* the same command goes on with the others\.$"
    ):
        next(outcomes)


def test_its_errors_come(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^a\.txt:3: is odd$"):
        list(run("error", tmp_path))


def test_it_ends_in_good_order_with_the_iterator(tmp_path: Path) -> None:
    outcomes: Any = run("wait", tmp_path)
    next(outcomes)
    outcomes.close()
    assert (tmp_path / "ended").exists()
    assert is_gone(tmp_path)


def be_killed(place: Path) -> None:
    next(run("wait", place))
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_ends_in_good_order_with_its_parent(tmp_path: Path) -> None:
    parent = multiprocessing.get_context("spawn").Process(target=be_killed, args=(tmp_path,))
    parent.start()
    parent.join(PATIENCE)
    assert parent.exitcode == -signal.SIGKILL
    until = time.monotonic() + PATIENCE
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
