"""Processes side by side: orders and results, what they tell, and those that die."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seqtag.support.errors import DataError, Error
from seqtag.support.pool import MOST_DEATHS, Ended, Pool, Talk, Told, Work


def squares() -> Work:
    def work(order: Any, talk: Talk) -> Any:
        if order == "fail":
            raise DataError("a.conll", 3, "has no tag")
        if order == "unpicklable":
            return lambda: None
        if isinstance(order, tuple):  # says what it is told, until it is told to stop
            said = []
            while (answer := talk(order)) != "stop":
                said.append(answer)
            return said
        return order**2, os.getpid()

    return work


def mortal(place: Path) -> Work:
    """Dies over an order as often as it says."""

    def work(order: int, talk: Talk) -> int:
        with place.open("a") as file:
            file.write("x")
        if len(place.read_text()) <= order:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(place.read_text())

    return work


def broken() -> Work:
    raise Error("no such corpus")


def ended(pool: Pool, count: int, seconds: float = 120.0) -> dict[int, Ended]:
    found: dict[int, Ended] = {}
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        for event in pool.events(0.2):
            assert isinstance(event, Ended)
            found[event.number] = event
    assert len(found) == count
    return found


def test_orders_are_done_side_by_side_in_processes_that_stay() -> None:
    with Pool(squares, 2) as pool:
        for number in (1, 2):
            pool.begin(number, number)
        assert pool.free == 0
        with pytest.raises(ValueError, match="expected a free process"):
            pool.begin(3, 3)
        first = ended(pool, 2)
        pool.begin(3, 3)
        second = ended(pool, 1)
    assert {number: event.result[0] for number, event in (first | second).items()} == {1: 1, 2: 4, 3: 9}
    places = {event.result[1] for event in first.values()}
    assert len(places) == 2
    assert os.getpid() not in places
    assert second[3].result[1] in places
    for place in places:
        with pytest.raises(ProcessLookupError):
            os.kill(place, 0)


def test_what_is_told_is_answered() -> None:
    with Pool(squares, 1) as pool:
        pool.begin(7, ("here", 1))
        answers = iter(["go", "on", "stop"])
        while True:
            events = [*pool.events(0.2)]
            for event in events:
                if isinstance(event, Told):
                    assert (event.number, event.what) == (7, ("here", 1))
                    pool.answer(7, next(answers))
            if ends := [event for event in events if isinstance(event, Ended)]:
                break
    assert ends[0].result == ["go", "on"]


def test_an_error_is_a_result() -> None:
    with Pool(squares, 1) as pool:
        pool.begin(1, "fail")
        problem = ended(pool, 1)[1].result
        pool.begin(2, "unpicklable")
        other = ended(pool, 1)[2].result
    assert isinstance(problem, DataError)
    assert (str(problem), problem.line) == ("a.conll:3: has no tag", 3)
    assert isinstance(other, Error)


def test_what_cannot_begin_ends_every_order() -> None:
    with Pool(broken, 1) as pool:
        for number in (1, 2):
            pool.begin(number, None)
            assert str(ended(pool, 1)[number].result) == "no such corpus"


def test_the_order_of_a_process_that_dies_is_done_by_another(tmp_path: Path) -> None:
    with Pool(partial(mortal, tmp_path / "tries"), 1) as pool:
        pool.begin(1, MOST_DEATHS - 1)
        event = ended(pool, 1)[1]
    assert (event.result, event.deaths) == (MOST_DEATHS, MOST_DEATHS - 1)


def test_an_order_over_which_all_die_is_given_up(tmp_path: Path) -> None:
    with Pool(partial(mortal, tmp_path / "tries"), 1) as pool:
        pool.begin(1, 99)
        event = ended(pool, 1)[1]
        (tmp_path / "tries").write_text("x" * 200)
        pool.begin(2, 99)
        assert ended(pool, 1)[2].result == 201
    assert isinstance(event.result, Error)
    assert str(event.result) == (
        "the process of this run was killed by signal 9; 2 before it died as well. Memory may have run out: fewer "
        "--workers need less."
    )


PARENT = """
import sys, time
from tests.support.test_pool import squares
from seqtag.support.pool import Pool
if __name__ == "__main__":
    with Pool(squares, 1) as pool:
        pool.begin(1, 1)
        while not (events := [*pool.events(0.2)]):
            pass
        print(events[0].result[1], flush=True)
        time.sleep(600)
"""


def test_they_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(root)},
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the process is still there")
