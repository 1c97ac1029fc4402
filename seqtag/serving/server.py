"""Runs the application on a socket until a signal arrives."""

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
# Seconds after a signal during which connections are still accepted: those in the system's backlog, and those of
# proxies that have not noticed yet.
LINGER = 0.5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        Error: The address cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    except OSError as problem:  # including an unknown host name
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
    """Serves until SIGINT or SIGTERM, then finishes the accepted requests. A second signal stops the server at once.

    Args:
        app: What `seqtag.serving.app.create` made.
        listening: The socket.
        drain: Seconds to finish accepted requests.
        tell: Receives events, a line each.
        debug: Whether uvicorn's own log is shown.

    Raises:
        Error: Some requests were not finished in time.
        Interrupted: A second signal arrived.
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
    gc.freeze()  # what is loaded so far stays until the end
    server.run(sockets=[listening])
    if server.force_exit:
        raise Interrupted(server.signal)
    if service.cut:
        raise Error(
            f"{counted(service.cut, 'request')} could not be finished within {drain:g} seconds (--drain-seconds)."
        )


class DrainingServer(uvicorn.Server):
    """A server that stops being ready at a signal, but accepts connections a moment longer.

    Args:
        config: Uvicorn's settings.
        service: The models.
        tell: Receives events, a line each.

    Attributes:
        signal: The last signal received.
    """

    def __init__(self, config: uvicorn.Config, service: Service, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._service = service
        self._tell = tell
        self.signal = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Uvicorn would raise the signal again after the shutdown, so that the process ended by it.
        with handled_by(self.handle_exit):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self.signal = sig

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.draining = True
        self._tell("stopping: finishing accepted requests; a second signal stops at once")
        if not self.force_exit:
            await asyncio.sleep(LINGER)
        await super().shutdown(sockets)
