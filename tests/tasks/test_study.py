"""A study's trials: asked for, pruned, ended, given up and run again; in a journal and in a real PostgreSQL."""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seqtag.settings.schema import SETTINGS
from seqtag.settings.space import parse_space
from seqtag.support.errors import Error, UsageError
from seqtag.training.rows import Row

pytest.importorskip("optuna", reason="Optuna is not installed")
from seqtag.tasks import study_storage
from seqtag.tasks.study import AGAIN, FINAL, GRID, OWN, Study, Trial

OUTSIDE = {"encoder.cell": "simplernn", "encoder.units": 60}
SPACE = parse_space(
    "search:\n  encoder.cell: [lstm, gru]\n  encoder.units: {low: 50, high: 300, step: 25}\n"
    "  training.learning_rate: {low: 0.001, high: 0.01, log: true}\n"
    "  encoder.dropout: {low: 0.1, high: 0.3, step: 0.1}\n",
    "space",
    SETTINGS,
)
WHERE = "/usr/lib/postgresql"
OPEN: list[contextlib.ExitStack] = []


def row(trial: Trial, dev: float | None = 0.5, error: str | None = None) -> Row:
    seed = trial.seed or 1
    return Row("k" * 64, dict(trial.choice), seed, "0", {}, metric="F1", dev=dev, error=error)


def asked(study: Study, most: int) -> Trial:
    trial = study.ask(most)
    assert trial is not None
    return trial


def finish(study: Study, most: int, gain: float = 0.5) -> Trial:
    trial = asked(study, most)
    assert study.end(trial.number, row(trial, gain), gain)
    return trial


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    """The URL of a PostgreSQL server of its own, and the beginning of the command that controls it."""
    programs = sorted(Path(WHERE).glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not programs[-1].is_file():
        pytest.skip("PostgreSQL's server is not installed (initdb)")
    folder = Path(
        tempfile.mkdtemp()
    )  # other users may not enter pytest's own, and the path of a socket must be short
    as_user = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    bin_ = programs[-1].parent
    data = folder / "data"
    initdb = [bin_ / "initdb", "-D", data, "-A", "trust", "-U", "seqtag"]
    subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd=folder)
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    control = [
        *as_user,
        str(bin_ / "pg_ctl"),
        "-D",
        str(data),
        "-w",
        "-l",
        str(folder / "log"),
        "-o",
        options,
    ]
    subprocess.run([*control, "start"], check=True, capture_output=True, cwd=folder)
    try:
        yield f"postgresql://seqtag:secret@/postgres?host={folder}", control
    finally:
        subprocess.run([*control, "stop", "-m", "immediate"], capture_output=True, cwd=folder)
        shutil.rmtree(folder)


@pytest.fixture(params=["journal", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "journal":
        return tmp_path / "study.log"
    url: str = request.getfixturevalue("server")[0]
    return url


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Closes all connections after a test."""
    with contextlib.ExitStack() as stack:
        OPEN.append(stack)
        yield
        OPEN.pop()


def study(storage: Path | str, name: str = "study", **more: Any) -> Study:
    return OPEN[-1].enter_context(Study(name, SPACE, storage, **more))


def test_as_many_trials_as_there_should_be(storage: Path | str) -> None:
    one = study(storage, "many")
    one.plan([(OWN, OUTSIDE, None)])
    own = finish(one, 4)
    assert (own.role, own.choice, own.seed) == (OWN, OUTSIDE, None)
    drawn = [finish(one, 4, 0.1 * number) for number in range(3)]
    assert one.ask(4) is None
    for trial in drawn:
        assert trial.role is None
        assert trial.choice["encoder.cell"] in ("lstm", "gru")
        assert trial.choice["encoder.units"] in range(50, 301, 25)
        assert 0.001 <= float(trial.choice["training.learning_rate"] or 0) <= 0.01
        assert trial.choice["encoder.dropout"] in (0.1, 0.2, 0.3)
    again = study(storage, "many")
    assert again.ask(4) is None
    assert [result.trial for result in again.results()] == [own, *drawn]
    assert [result.gain for result in again.results()] == pytest.approx([0.5, 0.0, 0.1, 0.2])
    finish(again, 5)
    assert again.ask(5) is None


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_what_goes_on_with_a_study_draws_other_settings(storage: Path | str, sampler: str) -> None:
    """A command that extends it, one that starts again after a trial was lost, and one on another machine."""
    name = f"others-{sampler}"
    drawn = [finish(study(storage, name, sampler=sampler), 4).choice for _ in range(4)]
    if isinstance(storage, str):
        pair = [study(storage, name, sampler=sampler) for _ in range(2)]
        drawn += [asked(each, 6).choice for each in pair]
    assert len({str(choice) for choice in drawn}) == len(drawn)


def test_a_study_in_a_journal_can_be_repeated(tmp_path: Path) -> None:
    first, second = (study(tmp_path / name) for name in ("1.log", "2.log"))
    assert [finish(first, 12, 0.5).choice for _ in range(12)] == [
        finish(second, 12, 0.5).choice for _ in range(12)
    ]


def test_planned_trials_are_there_once_and_count_if_they_are_no_further_seeds(storage: Path | str) -> None:
    one = study(storage, "planned")
    choice = {
        "encoder.cell": "gru",
        "encoder.units": 75,
        "training.learning_rate": 0.003,
        "encoder.dropout": 0.2,
    }
    wanted = [(GRID, choice, 1), (GRID, choice, 2), (FINAL, choice, 2)]
    one.plan(wanted)
    found = [finish(one, 0), finish(one, 0)]
    one.plan(wanted)
    found.append(finish(one, 0))
    assert [(trial.role, trial.choice, trial.seed) for trial in found] == wanted
    one.plan(wanted)
    assert one.ask(2) is None
    assert finish(one, 3).role is None


def test_a_trial_that_is_pruned(storage: Path | str) -> None:
    one = study(storage, "pruned", pruner="median")
    for number in range(5):
        trial = asked(one, 9)
        for epoch in range(1, 6):
            assert one.report(trial.number, epoch, 0.5 + number / 100)
        assert one.end(trial.number, row(trial), 0.5)
    bad = asked(one, 9)
    epochs = [epoch for epoch in range(1, 6) if one.report(bad.number, epoch, 0.1)]
    assert epochs == [1, 2]  # the first two are never the last
    assert one.end(bad.number, row(bad, None, "pruned"), None, pruned=True)
    result = one.results()[-1]
    assert (result.pruned, result.gain) == (True, None)
    assert result.gains[2] == pytest.approx(0.1)
    own = study(storage, "pruned", pruner="median")
    own.plan([(OWN, OUTSIDE, None)])
    kept = asked(own, 9)
    assert all(own.report(kept.number, epoch, 0.01) for epoch in range(1, 6))


def test_a_trial_that_fails_counts(storage: Path | str) -> None:
    one = study(storage, "failed")
    trial = asked(one, 1)
    assert one.end(trial.number, row(trial, None, "not finite"), None)
    assert one.ask(1) is None
    result = one.results()[0]
    assert (result.gain, result.pruned, result.row.error) == (None, False, "not finite")


def test_trials_under_way_go_back_into_the_queue(storage: Path | str) -> None:
    told: list[str] = []
    one = study(storage, "released", say=told.append)
    one.plan([(OWN, OUTSIDE, None)])
    own, drawn = asked(one, 2), asked(one, 2)
    one.release()
    assert one.unfinished() == 2
    two = study(storage, "released")
    found = [finish(two, 2), finish(two, 2)]
    assert [(trial.role, trial.choice) for trial in found] == [(OWN, OUTSIDE), (AGAIN, drawn.choice)]
    assert two.ask(2) is None
    assert [result.trial.number for result in two.results()] == [2, 3]
    assert told == [
        f"trial {trial.number} was not finished; it goes back into the queue" for trial in (own, drawn)
    ]


def test_a_journal_of_a_command_that_was_killed(tmp_path: Path) -> None:
    """What it was running is run again; a line that was cut short is taken off."""
    path = tmp_path / "study.log"
    one = study(path)
    first, lost = finish(one, 2), asked(one, 2)
    del one
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"cut')
    two = study(path)
    assert path.read_bytes().startswith(whole)
    assert b'"cut' not in path.read_bytes()
    again = finish(two, 2)
    assert (again.role, again.choice) == (AGAIN, lost.choice)
    assert two.ask(2) is None
    assert [result.trial.number for result in two.results()] == [first.number, again.number]


@pytest.mark.parametrize("error", [None, "not finite"])
def test_a_command_killed_between_the_row_of_a_trial_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str | None
) -> None:
    """One that had a score is run again, one that had failed has failed; each is there once."""
    path = tmp_path / "study.log"
    one = study(path)
    lost = asked(one, 1)
    with monkeypatch.context() as patch:
        patch.setattr(one, "_tell", lambda *_: None)
        one.end(lost.number, row(lost, None if error else 0.5, error), None if error else 0.5)
    two = study(path)
    if error is None:
        assert finish(two, 1).choice == lost.choice
    assert two.ask(1) is None
    (result,) = two.results()
    assert (result.row.error, result.gain) == (error, None if error else 0.5)


@pytest.mark.parametrize("line", [b"alien", b"\xff\x00", b"[1]", b"{}", b'{"op_code":99}', b"\0\0\0"])
@pytest.mark.parametrize("place", [0, 5, 1000])
def test_what_is_no_journal(tmp_path: Path, line: bytes, place: int) -> None:
    path = tmp_path / "study.log"
    finish(study(path), 2)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:place], line, *lines[place:], b""]))
    with pytest.raises(
        Error, match=r"study\.log: is not a journal of seqtag tune, or is damaged\. Delete it"
    ):
        study(path)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = study(tmp_path / "study.log")
    trial = asked(one, 2)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Error, match=r"study\.log: cannot be written: No space left on device\.$"):
            one.report(trial.number, 1, 0.5)
    assert finish(study(tmp_path / "study.log"), 2).choice == trial.choice


class TestDatabase:
    def test_trials_of_a_command_that_died(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(study_storage, "HEARTBEAT", 1)
        monkeypatch.setattr(study_storage, "GRACE", 2)
        told: list[str] = []
        dead = study(server[0], "dead")
        lost = asked(dead, 2)
        alive = study(server[0], "dead", say=told.append)
        kept = asked(alive, 2)
        assert alive.ask(2) is None  # the dead one may live
        end = time.monotonic() + 60
        found = None
        while found is None and time.monotonic() < end:
            time.sleep(0.2)
            found = alive.ask(2)
        assert found is not None
        assert (found.role, found.choice) == (AGAIN, lost.choice)
        assert told == [f"trial {lost.number} was not finished; it goes back into the queue"]
        assert alive.end(found.number, row(found), 0.4)
        assert alive.end(kept.number, row(kept), 0.5)
        assert alive.ask(2) is None
        assert not dead.end(lost.number, row(lost), 0.9)  # it lives after all, and comes too late
        assert sorted(result.gain or 0 for result in alive.results()) == [0.4, 0.5]

    def test_two_commands_that_begin_at_once(self, server: tuple[str, list[str]]) -> None:
        one, two = study(server[0], "pair"), study(server[0], "pair")
        for each in (one, two):
            each.plan([(OWN, OUTSIDE, None)])
        found = [asked(each, 4) for each in (one, two, one, two)]
        assert one.ask(4) is None
        assert two.ask(4) is None
        assert [trial.role for trial in found].count(OWN) == 1
        assert len({trial.number for trial in found}) == 4

    def test_the_last_trial_is_asked_for_by_two(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both see room for one, and one of them gives it back."""
        one, two = study(server[0], "last"), study(server[0], "last")
        real, raced = two._trials, []

        def before() -> Any:
            found = real()
            if not raced:
                raced.append(asked(one, 1))
            return found

        monkeypatch.setattr(two, "_trials", before)
        assert two.ask(1) is None
        assert one.end(raced[0].number, row(raced[0]), 0.5)
        assert [result.trial.number for result in two.results()] == [raced[0].number]

    def test_a_database_that_goes_away_and_comes_back(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, control = server
        told: list[str] = []

        def restart(text: str) -> None:
            told.append(text)
            subprocess.run([*control, "start"], check=True, capture_output=True, cwd="/")

        monkeypatch.setattr(study_storage, "RETRY", 0.1)
        one = study(url, "away", say=restart)
        trial = asked(one, 1)
        stopped = subprocess.run([*control, "stop", "-m", "immediate"], capture_output=True, cwd="/")
        assert stopped.returncode == 0, stopped.stderr
        assert one.report(trial.number, 1, 0.5)
        assert one.end(trial.number, row(trial), 0.5)
        assert [result.gain for result in one.results()] == [0.5]
        assert len(told) == 1
        assert "does not answer" in told[0]
        assert "secret" not in told[0]

    def test_a_database_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(Error) as raised:
            study(f"postgresql://me:secret@/none?host={tmp_path}")
        assert "the database cannot be used" in str(raised.value)
        assert "secret" not in str(raised.value)

    def test_tables_are_made_by_one_command_at_a_time(self, server: tuple[str, list[str]]) -> None:
        """Optuna fails where two make them at once."""
        psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
        with psycopg.connect(server[0], autocommit=True) as other, ThreadPoolExecutor(1) as threads:
            other.execute(f"SELECT pg_advisory_lock({study_storage.TABLES})")
            opened = threads.submit(study, server[0], "tables")
            with pytest.raises(TimeoutError):
                opened.result(1.0)
            other.execute(f"SELECT pg_advisory_unlock({study_storage.TABLES})")
            assert opened.result(60).results() == []

    def test_a_database_that_stays_away(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The command gives up, and does not wait as long once more to put its trials back."""
        url, control = server
        monkeypatch.setattr(study_storage, "RETRY", 0.1)
        monkeypatch.setattr(study_storage, "PATIENCE", 0.5)
        told: list[str] = []
        one = study(url, "stays-away", say=told.append)
        trial = asked(one, 1)
        subprocess.run([*control, "stop", "-m", "immediate"], check=True, capture_output=True, cwd="/")
        try:
            with pytest.raises(Error, match="the database cannot be used"):
                one.report(trial.number, 1, 0.5)
            assert len(told) == 1
            with pytest.raises(Error, match="the database cannot be used"):
                one.release()
            assert len(told) == 1
        finally:
            subprocess.run([*control, "start"], check=True, capture_output=True, cwd="/")

    def test_a_driver_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "MySQLdb", None)
        with pytest.raises(UsageError) as raised:
            study("mysql://me:secret@host/none")
        assert "mysql://me:***@host/none: the driver of this database is not installed" in str(raised.value)

    def test_what_is_no_url(self) -> None:
        with pytest.raises(UsageError, match="expected the URL of a database"):
            study("secret of postgres://")
