"""Small models of each task that is served, and clients of applications without a network."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from filelock import FileLock

ROWS = [
    ("Play", "play some jazz now", "O O B-genre O"),
    ("Play", "jazz please", "B-genre O"),
    ("Light", "lamp on", "B-device O"),
    ("Light", "turn the fan on", "O O B-device O"),
]
SMALL = [
    "embeddings.word.dim=8", "embeddings.dropout=0", "encoder.units=6", "encoder.dropout=0",
    "training.learning_rate=0.05", "training.batch_size=4", "training.epochs=4", "training.averaging=none",
]  # fmt: skip
OF_LABELS = ["data.label_key=intent", "embeddings.characters.encoder=none", "encoder.layers=1"]
OF_PAIRS = ["decoder.units=8", "decoder.dim=8", "decoding.beam=3", "decoder.dropout=0", "training.epochs=40"]


def _train(folder: Path, task: str, corpus: Path, *settings: str) -> None:
    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.tasks import settings_of
    from seqtag.stages.train import train

    config = settings_of(parse_assignments([*SMALL, *settings]), option=task)[1]
    train(config, str(corpus), str(corpus), None, folder, task=task)


@pytest.fixture(scope="session")
def served(spans: Any, plain: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The folders of models by the names that they are served under, made once for all workers of pytest-xdist."""
    found = {"spans": str(spans.folder), "plain": str(plain.folder)}
    shared = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if shared else base) / "served"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            folder.mkdir()
            _make(folder)
            (folder / "done").touch()
    return found | {name: str(folder / name) for name in ("intent", "slots", "ending")}


def _make(folder: Path) -> None:
    labelled, pairs = folder / "labelled.conll", folder / "pairs.tsv"
    blocks = []
    for intent, words, tags in ROWS:
        rows = "".join(f"{word}\t{tag}\n" for word, tag in zip(words.split(), tags.split(), strict=True))
        blocks.append(f"# intent = {intent}\n{rows}")
    labelled.write_text("\n".join(blocks))
    pairs.write_text("ab\taxy\ncd\tcxy\nabc\tabxy\nda\tdxy\n")
    _train(folder / "intent", "classification", labelled, *OF_LABELS)
    _train(folder / "slots", "joint", labelled, *OF_LABELS, "language_model.weight=0")
    _train(folder / "ending", "transduction", pairs, *OF_PAIRS)


class Client:
    """Asks an application, which runs for as long as there is a request, or as it is waited for."""

    def __init__(self, app: FastAPI) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._lifespan = app.router.lifespan_context(app)
        self._runner.run(self._lifespan.__aenter__())

    def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **how))

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.request("GET", path, **how)

    def post(self, path: str, **how: Any) -> httpx.Response:
        return self.request("POST", path, **how)

    def wait(self, until: Callable[[], bool]) -> None:
        """Has the application go on until something is so."""

        async def waited() -> None:
            async with asyncio.timeout(60):
                while not until():
                    await asyncio.sleep(0.01)

        self._runner.run(waited())

    def close(self) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture(scope="session")
def connect() -> Iterator[Callable[[FastAPI], Client]]:
    """Makes a client of an application."""
    with contextlib.ExitStack() as stack:

        def made(app: FastAPI) -> Client:
            client = Client(app)
            stack.callback(client.close)
            return client

        yield made
