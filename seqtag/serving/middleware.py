"""Plain ASGI middleware in front of the application: token, limits, metrics and errors."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqtag.serving.service import RETRY, Service

OPEN = ("/", "/live", "/ready")  # need no token
ALWAYS = ("/live", "/ready", "/metrics")  # are answered however many requests are in progress
GONE = 499  # as nginx counts a request whose client disconnected
OTHER = "other"  # the route of an unknown path

Refusal = tuple[int, str, dict[str, str]]


class RequestGate:
    """Checks the token and the limits, counts requests, and answers errors without details.

    Args:
        app: The application.
        service: The models.
        token: The bearer token that requests must have; empty for none.
    """

    def __init__(self, app: ASGIApp, service: Service, token: str) -> None:
        self._app = app
        self._service = service
        self._token = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service = self._service
        started = perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if service.draining:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        service.in_progress += 1
        try:
            refusal = self._refusal(scope)
            if refusal is None:
                await self._app(scope, receive, sent)
            else:
                await _answer(*refusal)(scope, receive, sent)
        except asyncio.CancelledError:  # the drain time is over
            service.cut += 1
            if not status:
                await _answer(503, "the server is stopping.", RETRY)(scope, receive, sent)
        except Exception as problem:
            service.failed(problem)
            if not status:
                await _answer(500, "an error in the server.", {})(scope, receive, sent)
        finally:
            service.in_progress -= 1
            route = getattr(scope.get("route"), "path", OTHER)
            service.metrics.request(route, status or GONE, perf_counter() - started)

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Why a request is not let in, as the arguments of `_answer`; None if it is."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        headers = dict(scope["headers"])
        if self._token and path not in OPEN:
            given = headers.get(b"authorization", b"")
            if not hmac.compare_digest(given, self._token):
                return 401, "expected the header Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
        limits = self._service.limits
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 18 or int(length) > limits.body:
            return 413, f"expected a body of {limits.body:,} bytes at most.", {}
        if self._service.in_progress > limits.requests and path not in ALWAYS:
            return 503, "too many requests are in progress; try again later.", RETRY
        return None


def _answer(status: int, detail: str, headers: dict[str, str]) -> Callable[..., Awaitable[Any]]:
    return JSONResponse({"detail": detail}, status, headers)
