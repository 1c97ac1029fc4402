"""How many processor cores this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def cores() -> int:
    """The number of cores that the process may use: the least of the machine's, its affinity and its container's
    quota.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([allowed, *_quotas()])))


def _quotas() -> Iterator[float]:
    """The CPU quota of each of the process's control groups (Linux, version 2 or 1), in cores."""
    for folder in _folders():
        try:
            if (folder / "cpu.max").exists():
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            if int(quota) > 0 and int(period) > 0:  # -1: no limit, in version 1
                yield int(quota) / int(period)
        except (OSError, ValueError):  # no such file, or "max": no limit here
            continue


def _folders() -> Iterator[Path]:
    """The folders of the process's control groups and of their parents; each may set a limit."""
    try:
        lines = OWN_CGROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = CGROUPS / controllers
        # Inside a container the path may be the one outside; then the root is the process's group.
        for part in (Path(path.strip("/")), *Path(path.strip("/")).parents):
            yield root / part
