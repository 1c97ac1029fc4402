"""No more threads than there are cores for them, whoever set the limit."""

import os
from pathlib import Path

import pytest

from seqtag.support import cores as module
from seqtag.support.cores import cores


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 cores, and the place of its control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(module, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(module, "OWN_CGROUPS", tmp_path / "own")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_affinity_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() == 16
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert cores() == 2


def test_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max 100000\n", 16), ("200000 100000\n", 2), ("250000 100000\n", 3), ("1000 100000\n", 1),
     ("9900000 100000\n", 16), ("nonsense\n", 16)],
)  # fmt: skip
def test_quota(machine: Path, limit: str, expected: int) -> None:
    write(machine / "own", "0::/\n")
    write(machine / "cgroup/cpu.max", limit)
    assert cores() == expected


def test_the_smallest_quota_on_the_way_up_counts(machine: Path) -> None:
    write(machine / "own", "0::/a/b:c/d\n")
    write(machine / "cgroup/a/cpu.max", "300000 100000")
    write(machine / "cgroup/a/b:c/cpu.max", "max 100000")
    write(machine / "cgroup/a/b:c/d/cpu.max", "700000 100000")
    assert cores() == 3


def test_a_path_that_is_that_outside_the_container(machine: Path) -> None:
    write(machine / "own", "0::/docker/0123\n")
    write(machine / "cgroup/cpu.max", "400000 100000")
    assert cores() == 4


def test_version_1(machine: Path) -> None:
    write(machine / "own", "7:memory:/x\n4:cpu,cpuacct:/x\n1:name=systemd:/x\n0::/x\n")
    write(machine / "cgroup/memory/x/cpu.cfs_quota_us", "100000\n")  # not the group's that counts
    write(machine / "cgroup/memory/x/cpu.cfs_period_us", "100000\n")
    folder = machine / "cgroup/cpu,cpuacct"
    write(folder / "cpu.cfs_quota_us", "-1\n")
    write(folder / "cpu.cfs_period_us", "100000\n")
    assert cores() == 16
    write(folder / "x/cpu.cfs_quota_us", "150000\n")
    write(folder / "x/cpu.cfs_period_us", "50000\n")
    assert cores() == 3
