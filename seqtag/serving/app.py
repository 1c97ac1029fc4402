"""The FastAPI application and its routes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import seqtag
from seqtag.serving import page, schema
from seqtag.serving.limits import USUAL, Limits
from seqtag.serving.middleware import GONE, RequestGate
from seqtag.serving.models import NamedModel, names_of
from seqtag.serving.requests import Asked, Refused, parse
from seqtag.serving.service import RETRY, Gone, Receive, Service
from seqtag.settings import registry
from seqtag.support.cores import cores

JSON = "application/json"
_LOGGER = logging.getLogger(__name__)


def create(
    models: Sequence[str],
    *,
    limits: Limits = USUAL,
    threads: int = 0,
    precision: str = registry.FLOAT32,
    reload: bool = False,
    token: str = "",
    origins: Sequence[str] = (),
    tell: Callable[[str], None] = _LOGGER.warning,
) -> FastAPI:
    """The application that serves these models, which are loaded here. It can be mounted in another application.

    Args:
        models: Model folders, each FOLDER or NAME=FOLDER; requests that name no model go to the first.
        limits: Limits on requests.
        threads: Batches of a model that are answered side by side; 0 for as many as the process may use cores.
        precision: A name in `registry.PRECISIONS`.
        reload: Whether a changed folder is loaded again.
        token: The bearer token that requests must have; empty for none.
        origins: Origins whose pages may send requests (CORS), such as "https://example.org", or "*".
        tell: Receives warnings and events, a line each.

    Returns:
        The application; its `state.service` is a `Service`.

    Raises:
        Error: A folder cannot be read, or a model reads more than a text.

    Example:
        >>> app = create(["models/english", "pos=models/english-pos"])  # doctest: +SKIP
    """
    read = [NamedModel(name, path, precision, tell) for name, path in names_of(models).items()]
    service = Service(read, limits, threads=threads or cores(), reload=reload, tell=tell)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await service.close()

    app = FastAPI(
        title="seqtag",
        version=seqtag.__version__,
        description=schema.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from other servers
        redoc_url=None,
    )
    app.state.service = service
    app.add_exception_handler(Refused, _refusal)
    app.add_exception_handler(Gone, _gone)
    app.add_middleware(RequestGate, service=service, token=token)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    _add_answers(app, service)
    _add_states(app, service, with_token=bool(token))
    schema.describe(app, limits, with_token=bool(token))
    return app


def _add_answers(app: FastAPI, service: Service) -> None:
    """Adds the routes that return predictions."""

    @app.post("/predict", summary="Answer a sentence")
    async def predict(request: Request) -> Response:
        ((line, _),) = await service.answer(
            await _asked(request, service.limits, many=False), request.receive
        )
        return Response(line, media_type=JSON)

    @app.post("/predict/batch", summary="Answer several sentences")
    async def predict_batch(request: Request) -> Response:
        found = await service.answer(await _asked(request, service.limits, many=True), request.receive)
        return Response(f"[{', '.join(line for line, _ in found)}]", media_type=JSON)


def _add_states(app: FastAPI, service: Service, *, with_token: bool) -> None:
    """Adds the routes for models, probes, metrics and the page."""

    @app.get("/models", summary="The models and what their answers hold")
    async def models() -> Response:
        return JSONResponse({"models": [schema.described(model) for model in service.models.values()]})

    @app.get("/live", summary="Whether the process is alive")
    async def live() -> Response:
        return JSONResponse({"status": "live"})

    @app.get("/ready", summary="Whether requests are taken")
    async def ready() -> Response:
        if service.draining:
            return JSONResponse({"status": "stopping"}, 503, RETRY)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", summary="Metrics for Prometheus")
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/", summary="A page to try the models", include_in_schema=False)
    async def root() -> Response:
        return page.response(with_token=with_token)


async def _asked(request: Request, limits: Limits, *, many: bool) -> Asked:
    """What a request asks for."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Refused(415, f"expected the header Content-Type: {JSON}.")
    try:
        async with asyncio.timeout(limits.seconds):
            body = await _body(request.receive, limits.body)
    except TimeoutError:
        raise Refused(408, f"the body did not come within {limits.seconds:g} seconds.") from None
    return parse(body, limits, many=many)


async def _body(receive: Receive, most: int) -> bytes:
    """The body of a request, of at most so many bytes."""
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        found += message.get("body", b"")
        if len(found) > most:
            raise Refused(413, f"expected a body of {most:,} bytes at most.")
        if not message.get("more_body"):
            return bytes(found)


async def _refusal(request: Request, problem: Any) -> Response:
    headers = RETRY if problem.status == 503 else {"Connection": "close"} if problem.status == 408 else None
    return JSONResponse({"detail": problem.detail}, problem.status, headers)


async def _gone(request: Request, problem: Exception) -> Response:
    return Response(status_code=GONE)
