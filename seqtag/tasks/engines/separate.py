"""An engine in a process of its own: a library may end the process that it runs in without a word, as Ray does when the
processes of its cluster on this machine die. The command outlives that, and says so.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, NoReturn

from seqtag.support.errors import Error
from seqtag.tasks.engines.base import Engine, EngineOptions, nothing
from seqtag.tasks.shards.plan import Shard
from seqtag.tasks.shards.work import Outcome, ShardJob

GRACE = 30.0  # seconds that an engine has to end; Ray may have to start first
_STARTED, _OUTCOME, _FAILED, _DONE = "started", "outcome", "failed", "done"


def separate(
    engine: Engine, name: str, job: ShardJob, shards: Sequence[Shard], options: EngineOptions
) -> Iterator[Outcome]:
    """What an engine yields in a process of its own, which ends with the iterator and with this process.

    Args:
        engine: A function that can be pickled.
        name: What messages call it.
        job: As for the engine.
        shards: As for the engine.
        options: As for the engine.

    Raises:
        Error: The process has died.
        Exception: Whatever the engine raised.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    plain = replace(options, started=nothing)  # a function of this process is not for another
    process = context.Process(target=_serve, args=(theirs, engine, job, shards, plain), daemon=True)
    with _unheard():
        process.start()
    theirs.close()  # so that the end of the process is the end of what can be read
    try:
        while (told := _received(ours)) is not None:
            kind, what = told
            if kind == _DONE:
                return
            if kind == _FAILED:
                raise what
            if kind == _STARTED:
                options.started(what)
            else:
                yield what
        raise Error(_death(process, name))
    finally:
        process.terminate()
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


def _received(connection: Connection) -> tuple[str, Any] | None:
    """What the process tells next; None if it has died."""
    try:
        kind, what = connection.recv()
        return kind, what
    except (EOFError, OSError):
        return None


def _death(process: BaseProcess, name: str) -> str:
    process.join(GRACE)
    code = process.exitcode or 0
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    return (
        f"{name} has died: the process that directs the workers {how}. Memory may have run out: fewer --workers need "
        "less. Finished parts are kept; the same command goes on with the others."
    )


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """A process that is started within does not hear Ctrl-C, which a terminal sends to all processes of a command."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _serve(
    connection: Connection, engine: Engine, job: ShardJob, shards: Sequence[Shard], options: EngineOptions
) -> None:
    """Runs the engine in this process, and tells what it gives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tell = connection.send
    try:
        if not options.debug:
            _silence()
        how = replace(options, started=lambda count: tell((_STARTED, count)))
        with contextlib.closing(engine(job, shards, how)) as outcomes:  # type: ignore[type-var]
            for outcome in outcomes:
                tell((_OUTCOME, outcome))
        tell((_DONE, None))
    except Exception as problem:
        if options.debug:
            problem.add_note(traceback.format_exc())
        tell((_FAILED, problem))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # the process is about to stop cleanly
    raise SystemExit(128 + number)


def _silence() -> None:
    """Drops what libraries print in this process, C++ code and processes that it starts included."""
    with open(os.devnull, "w") as nowhere:
        for descriptor in (1, 2):
            os.dup2(nowhere.fileno(), descriptor)


def _end_with_parent() -> None:
    """Ends this process with the one that started it, however that one ends."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)
