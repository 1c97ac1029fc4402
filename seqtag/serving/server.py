"""The application behind a socket, until a signal comes."""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from seqtag.serving.service import Service
from seqtag.support.errors import Error
from seqtag.support.interrupt import Interrupted, handled_by
from seqtag.support.quoting import counted

BACKLOG = 2048  # connections that the system holds until they are accepted
# Seconds after a signal in which connections are accepted as before: those that the system has accepted already, and
# those of proxies that have not heard yet.
LINGER = 0.5


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        Error: It cannot.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    except OSError as problem:  # a name that there is not among them
        reason = os.strerror(problem.errno) if problem.errno and problem.errno > 0 else problem.strerror
        raise Error(
            f"{host}:{port}: cannot be listened to: {reason}; choose another --host or --port."
        ) from problem


def address_of(listening: socket.socket) -> str:
    """The URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(
    app: FastAPI, listening: socket.socket, *, drain: float, tell: Callable[[str], None], debug: bool = False
) -> None:
    """Serves until SIGINT or SIGTERM comes, and then finishes what was accepted. A second signal ends it at once.

    Args:
        app: What `seqtag.serving.app.create` made.
        listening: Where requests come.
        drain: Seconds in which what was accepted must be finished.
        tell: Receives lines about what happens.
        debug: Whether uvicorn says what it does.

    Raises:
        Error: Requests were given up because the time had run out.
        Interrupted: A second signal has come.
    """
    service: Service = app.state.service
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="debug" if debug else "critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=drain,  # type: ignore[arg-type]  # any number will do
    )
    server = DrainingServer(config, service, tell)
    gc.collect()
    gc.freeze()  # what is loaded by now stays, and need not be searched for garbage
    server.run(sockets=[listening])
    if server.force_exit:
        raise Interrupted(server.signal)
    if service.cut:
        raise Error(
            f"{counted(service.cut, 'request')} could not be finished within {drain:g} seconds (--drain-seconds)."
        )


class DrainingServer(uvicorn.Server):
    """A server that goes on for a moment after a signal, and says that it is not ready any more.

    Args:
        config: Uvicorn's settings.
        service: The models.
        tell: Receives lines about what happens.

    Attributes:
        signal: The last signal that came.
    """

    def __init__(self, config: uvicorn.Config, service: Service, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._service = service
        self._tell = tell
        self.signal = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Uvicorn would raise the signal again at the end, when all is done that it asked for.
        with handled_by(self.handle_exit):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self.signal = sig

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.draining = True
        self._tell("stopping: what was accepted is finished; a second signal stops at once")
        if not self.force_exit:
            await asyncio.sleep(LINGER)
        await super().shutdown(sockets)
