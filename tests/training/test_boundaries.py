"""A disk that fails, or a process that ends, before any of its operations on files: the old folder or the new one.

Run as a program, `test_boundaries.py PLACE` ends a process before each operation; it is one without threads, which can
be forked.
"""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import seqtag
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import Folder
from seqtag.support.errors import Error
from seqtag.training import checkpoint
from seqtag.training.checkpoint import Checkpoint

CALLS = ("open", "rename", "mkdir", "rmdir", "unlink", "chmod")
MODEL, STATE = "model", "model.checkpoint"
KINDS = {MODEL: layout.MODEL, STATE: checkpoint.kind_of(layout.MODEL)}
OLD, NEW = (
    {name: {file: f"{age} {file}".encode() for file in kind.files} for name, kind in KINDS.items()}
    for age in ("old", "new")
)
Action = Callable[[Path], None]


class Trap:
    """Counts operations on files, and springs before one of them.

    Args:
        at: Which one, from 1; 0 for none.
        fatal: Whether the process ends there, as if it were killed, instead of an OSError.
    """

    def __init__(self, at: int = 0, *, fatal: bool = False) -> None:
        self.at = at
        self.fatal = fatal
        self.names: list[str] = []

    def step(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            if self.fatal:
                os._exit(137)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def before(self, name: str, real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.step(name)
            return real(*arguments, **options)

        return call

    @contextmanager
    def set(self, *, exchanges: bool) -> Iterator[None]:
        """Within, operations on files go through the trap."""
        real, trap = io.open, self

        class File(io.FileIO):
            def write(self, content: Any) -> int:
                trap.step("write")
                return super().write(content)

        def opened(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if mode != "wb":
                return real(path, mode, *arguments, **options)
            trap.step("open")
            return File(path, "w")

        exchange = replacing.swap if exchanges else lambda first, second: False
        with (
            mock.patch.multiple(os, **{name: trap.before(name, getattr(os, name)) for name in CALLS}),
            mock.patch.object(
                os, "fsync", trap.before("fsync", lambda descriptor: None)
            ),  # a busy disk takes its time
            mock.patch.object(io, "open", opened),
            mock.patch.object(replacing, "swap", trap.before("exchange", exchange)),
        ):
            yield


def save(place: Path) -> None:
    replacing.write(place / STATE, NEW[STATE], KINDS[STATE])


def finish(place: Path) -> None:
    """As a run ends that was given --force."""
    with claimed(place / MODEL):
        if left := Checkpoint(place / MODEL).finish(NEW[MODEL], force=True):
            raise Error(left)


ACTIONS = {"save": save, "finish": finish}


def prepared(place: Path) -> Path:
    place.mkdir(parents=True)
    with mock.patch.object(os, "fsync"):
        for name, kind in KINDS.items():
            replacing.write(place / name, OLD[name], kind)
    return place


def operations(place: Path, action: Action, *, exchanges: bool) -> list[str]:
    trap = Trap()
    prepared(place)
    with trap.set(exchanges=exchanges):
        action(place)
    return trap.names


def at(path: Path) -> str | None:
    """Which complete folder stands there; none if nothing does."""
    if not path.exists():
        return None
    opened = Folder(path, KINDS[path.name])
    found = {name: opened.read(name) for name in opened.files}
    return "old" if found == OLD[path.name] else "new" if found == NEW[path.name] else "mixed"


def check(place: Path, action: str) -> None:
    """What a reader finds now, and that the next run finds its way."""
    model, state = at(place / MODEL), at(place / STATE)
    assert model in ("old", "new")
    assert state in (("old", "new") if action == "save" else ("old", None))
    assert state is not None or model == "new", "the checkpoint goes last"
    with claimed(place / MODEL):
        replacing.tidy(place / STATE)
        assert set(os.listdir(place)) <= {MODEL, STATE, ".model.lock"}
    assert (at(place / MODEL), at(place / STATE)) == (model, state)


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_disk_that_fails(tmp_path: Path, action: str, exchanges: bool) -> None:
    names = operations(tmp_path / "0", ACTIONS[action], exchanges=exchanges)
    assert {"open", "write", "fsync", "mkdir", "exchange"} <= set(names)
    said = []
    for number in range(1, len(names) + 1):
        place = prepared(tmp_path / f"{number}")
        with Trap(number).set(exchanges=exchanges):
            try:
                ACTIONS[action](place)
            except Error as problem:
                said.append(str(problem))
        check(place, action)
    assert len(said) > 10
    assert all(text.endswith("No space left on device.") and "\n" not in text for text in said)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders in which a process has ended before each operation."""
    place = tmp_path_factory.mktemp("ended")
    environment = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
    subprocess.run([sys.executable, __file__, str(place)], env=environment, check=True, timeout=300)
    return place


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_process_that_ends(ended: Path, action: str, exchanges: bool) -> None:
    places = [place for place in (ended / f"{action} {exchanges}").iterdir() if place.name != "0"]
    assert len(places) > 20
    found = []
    for place in places:
        for entry in place.glob(f".*{layout.FORMER}"):  # it may be put back, so it is whole
            Folder(entry, KINDS[STATE if STATE in entry.name else MODEL])
        if not exchanges and not (place / MODEL).exists():
            # Between two renames; the next run puts the former model back.
            assert [name for name in os.listdir(place) if name.endswith(layout.FORMER)]
            replacing.tidy(place / MODEL)
        if not exchanges and not (place / STATE).exists() and action == "save":
            replacing.tidy(place / STATE)
        found.append((at(place / MODEL), at(place / STATE)))
        check(place, action)
    last = ("old", "new") if action == "save" else ("new", None)
    assert {("old", "old"), last} <= set(found)


def main(target: Path) -> None:
    """Ends a process before each operation of each action."""
    for action in ACTIONS:
        for exchanges in (True, False):
            place = target / f"{action} {exchanges}"
            names = operations(place / "0", ACTIONS[action], exchanges=exchanges)
            for number in range(1, len(names) + 1):
                prepared(place / f"{number}")
                child = os.fork()
                if child == 0:
                    with Trap(number, fatal=True).set(exchanges=exchanges):
                        ACTIONS[action](place / f"{number}")
                    os._exit(0)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


if __name__ == "__main__":
    main(Path(sys.argv[1]))
