"""Ray Data as the engine: a pool of actors, each with a worker of its own, and a row for each shard."""

import importlib.util
import json
import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from functools import partial
from typing import Any

from seqtag.support.cores import cores
from seqtag.support.errors import Error
from seqtag.support.interrupt import postponed
from seqtag.support.json_decoder import decode
from seqtag.support.quoting import one_line, shortened
from seqtag.tasks.engines.base import EngineOptions
from seqtag.tasks.engines.separate import separate
from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.work import Outcome, ShardJob, Worker

LOCAL = "local"  # Ray's address for a cluster that is started here
STORE = 100 << 20  # bytes for the rows on their way, which are short
PATIENCE = 10.0  # seconds in which a cluster has to answer
LONGEST_PLACE = 40  # characters of a folder in which Ray can name its sockets, which have a hundred in all


class Actor:
    """A process of Ray that does shards.

    Args:
        job: What all workers know.
    """

    def __init__(self, job: ShardJob) -> None:
        self._worker = Worker(job)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The outcome of a shard; both as JSON, which Ray's tables hold as it is."""
        outcome = self._worker(decode(Shard, json.loads(row["shard"])))
        return {"outcome": json.dumps(outcome.to_json())}


def run(job: ShardJob, shards: Sequence[Shard], options: EngineOptions) -> Iterator[Outcome]:
    """See `seqtag.tasks.engines.base.Engine`."""
    if importlib.util.find_spec("ray") is None:
        raise ModuleNotFoundError("No module named 'ray'", name="ray")
    address = options.address or os.environ.get("RAY_ADDRESS", "") or LOCAL
    place = _own_folder() if address == LOCAL else ""
    try:
        directed = partial(_direct, address=address, place=place)
        yield from separate(directed, "Ray", job, shards, options)
    finally:
        if place:
            shutil.rmtree(place, ignore_errors=True)


def _direct(
    job: ShardJob, shards: Sequence[Shard], options: EngineOptions, *, address: str, place: str
) -> Iterator[Outcome]:
    """Runs Ray, in this process and others.

    Args:
        job: As for `run`.
        shards: As for `run`.
        options: As for `run`.
        address: The cluster, or "local".
        place: A folder for a cluster that is started here, which is removed.
    """
    with _cluster(options, address, place) as workers:
        import ray.data

        workers = min(workers, len(shards))
        options.started(workers)
        # A block for each shard and one block at a time for each actor: nothing waits behind a long shard.
        rows = ray.data.from_items(
            [{"shard": json.dumps(asdict(shard))} for shard in shards], override_num_blocks=len(shards)
        )
        pool = ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1)
        actors: Any = Actor  # Ray makes the instances itself
        for row in rows.map(actors, fn_constructor_args=(job,), compute=pool).iter_rows():
            yield Outcome.from_json(json.loads(row["outcome"]))


@contextmanager
def _cluster(options: EngineOptions, address: str, place: str) -> Iterator[int]:
    """Within, Ray is started or connected to; gives the number of workers."""
    _prepare(address, debug=options.debug)
    try:
        with _quiet(debug=options.debug):
            try:
                yield _connect(address, options, place)
            finally:
                _leave()
    except Exception as problem:
        if isinstance(problem, Error | ImportError) or not type(problem).__module__.startswith("ray"):
            raise
        raise Error(f"Ray: {type(problem).__name__}: {shortened(one_line(problem))}.") from problem
    finally:
        if place:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _quiet(*, debug: bool) -> Iterator[None]:
    """Within, what Ray prints does not go to stdout, and warnings are dropped."""
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        yield


def _prepare(address: str, *, debug: bool) -> None:
    """Says in the environment what Ray reads there when it is imported."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not debug:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if address == LOCAL:
        # Ray's own is 15, with which workers of a busy machine wait for minutes.
        os.environ.setdefault("RAY_worker_niceness", "0")
    if address == LOCAL and "RAY_AUTH_MODE" not in os.environ:
        # Only this run may use its processes; without a token given, Ray would leave one in the home folder.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _own_folder() -> str:
    """A folder for the sockets and logs of a cluster."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="ray-", dir=usual if len(usual) <= LONGEST_PLACE else "/tmp")


def _connect(address: str, options: EngineOptions, place: str) -> int:
    """Starts Ray, or connects to it; returns the number of workers."""
    import ray
    import ray.data

    if not place:
        _check_reachable(address)
    level = logging.INFO if options.debug else logging.CRITICAL
    how: dict[str, Any] = {"log_to_driver": options.debug, "logging_level": level}
    workers = options.workers or cores()
    if place:
        how |= {
            "num_cpus": workers,
            "object_store_memory": STORE,
            "include_dashboard": False,
            "_temp_dir": place,
        }
    try:
        with postponed():  # half a cluster cannot be ended; and Ray takes SIGTERM, which comes back here
            ray.init(address, **how)
    except (ConnectionError, ValueError, OSError, RuntimeError) as problem:
        where = "cannot be started here" if place else f"cannot be reached at {address}"
        raise Error(f"Ray {where}: {shortened(one_line(problem))}.") from problem
    logging.getLogger("ray.data").setLevel(level)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = options.debug
    context.print_on_execution_start = options.debug
    if place or options.workers:
        return workers
    resources: Any = ray.cluster_resources
    return max(1, int(resources().get("CPU", 1)))


def _check_reachable(address: str) -> None:
    """Error if nobody listens at a host and port: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():  # "auto", which Ray looks up
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, OverflowError) as problem:
        raise Error(f"Ray cannot be reached at {address}: {one_line(problem)}.") from problem


def _leave() -> None:
    """Ends Ray, or the connection to it, with all actors."""
    try:
        import ray
    except ImportError:
        return
    ray.shutdown()
