"""`seqtag serve`: models over HTTP."""

import os
import re
import sys
from typing import Annotated

import typer

from seqtag.cli import common
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError

TOKEN = "SEQTAG_TOKEN"
_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?")
_TOKEN = re.compile(r"[!-~]+")


def serve(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL",
            help="Model folders, each FOLDER or NAME=FOLDER; requests that name no model go to the first.",
        ),
    ],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 for all of IPv4.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = 8000,
    threads: common.Threads = None,
    precision: common.Precision = None,
    max_body: Annotated[int, typer.Option(metavar="BYTES", min=1, help="Largest request.")] = 1 << 20,
    max_sentences: Annotated[
        int, typer.Option(metavar="N", min=1, help="Most sentences in a request.")
    ] = 256,
    max_characters: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Most characters in a sentence; with nbest, that many times fewer."
        ),
    ] = 10_000,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Most sentences answered together.")] = 64,
    queue: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Most sentences waiting for a model; further requests get status 503."
        ),
    ] = 1024,
    drain_seconds: Annotated[
        float,
        typer.Option(metavar="S", min=0, help="Seconds to finish accepted requests after SIGTERM or Ctrl-C."),
    ] = 30.0,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Origin whose pages may send requests, such as https://example.org, or *; repeatable.",
            show_default=False,
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help=f"File with the bearer token that requests must have; by default {TOKEN} from the environment.",
            show_default=False,
        ),
    ] = None,
    reload_model: Annotated[
        bool, typer.Option("--reload-model", help="Load a model folder again when it has changed.")
    ] = False,
) -> None:
    """Serve models over HTTP, with a page to try them.

    POST /predict answers a sentence with the JSON of predict --format jsonl,
    POST /predict/batch several; the page is at /. docs/serving.md describes
    requests, limits, metrics and how to run it behind a proxy.

    Examples:
      seqtag serve model
      seqtag serve news=models/v2 pos=models/pos --port 8080 --reload-model
    """
    common.check_name("--precision", precision, registry.PRECISIONS)
    for origin in cors or ():
        if not _ORIGIN.fullmatch(origin):
            raise UsageError(f"--cors {origin}: expected an origin such as https://example.org:8443, or *.")
    token = _token(token_file)
    from seqtag.cli import wants_debug
    from seqtag.cli.stderr import say
    from seqtag.serving import server
    from seqtag.serving.app import create
    from seqtag.serving.limits import Limits
    from seqtag.support.quoting import printable

    def tell(line: str) -> None:
        say(f"seqtag: {printable(line)}")

    app = create(
        models,
        limits=Limits(max_body, max_sentences, max_characters, queue, batch),
        threads=threads or 0,
        precision=precision or registry.FLOAT32,
        reload=reload_model,
        token=token,
        origins=cors or (),
        tell=tell,
    )
    listening = server.listen(host, port)
    names = ", ".join(app.state.service.models)
    tell(f"serving {names} at {server.address_of(listening)}; Ctrl-C stops")
    server.run(app, listening, drain=drain_seconds, tell=tell, debug=wants_debug(sys.argv[1:]))


def _token(path: str | None) -> str:
    """The bearer token from a file or the environment; empty if there is none."""
    if path is None:
        found, where = os.environ.get(TOKEN, ""), TOKEN
        if not found:
            return ""
    else:
        from seqtag.support.lines import content

        found, where = content(path).decode("latin-1").strip(), path
    if not _TOKEN.fullmatch(found):
        problem = "expected a token of ASCII letters, digits and signs without spaces"
        raise UsageError(f"{where}: {problem}.") if path is None else DataError(where, None, problem)
    return found
