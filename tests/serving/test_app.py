"""The application: its answers are those of `seqtag predict`, and no request makes it fail."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from seqtag.cli import run
from seqtag.serving import models as served_models
from seqtag.serving import reloading
from seqtag.serving.app import create
from seqtag.serving.limits import USUAL, Limits
from seqtag.serving.models import names_of
from seqtag.support.errors import Error, UsageError

Connect = Callable[[FastAPI], Any]
MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_2"
TEXTS = [
    "Ana Ruiz saw New York with 3 friends.",
    "",
    "  Bo  left\tOslo . ",
    "😀👍🏽 Marta\u00a0Lindqvist, Rio de Janeiro!",
    "مرتا غادرت لشبونة",
    "北京大学 Lima",
    "e\u0301a\u0000\u2028b\r\nc \ufeff",
    '"\\ <script>alert(1)</script> &amp;',
]
TOKENS = [["Ana", "left", "Oslo"], [], [" ", "a b", "\u2029"], ["New", "York", "."]]
SOURCES = ["ab", "abc", "", "zzz", "é"]


@pytest.fixture(scope="module")
def client(served: dict[str, str], connect: Connect) -> Any:
    return connect(create([f"{name}={path}" for name, path in served.items()]))


@pytest.fixture
def small(connect: Connect) -> Any:
    """A client of one tagger with low limits."""
    return connect(create([str(MODEL)], limits=Limits(body=300, sentences=2, characters=20, queue=2)))


def post(client: Any, path: str = "/predict", **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer


def predicted(
    model: str, rows: Sequence[str], capsys: pytest.CaptureFixture[str], *options: str
) -> list[str]:
    """The lines that `seqtag predict --format jsonl` writes for a file."""
    path = Path(model).parent / "rows.jsonl"
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    assert run(["predict", model, str(path), "--format", "jsonl", *options]) == 0
    return capsys.readouterr().out.split("\n")[:-1]


@pytest.mark.parametrize("name", ["spans", "plain", "intent", "slots"])
@pytest.mark.parametrize("nbest", [0, 3])
def test_answers_are_those_of_predict(
    name: str, nbest: int, client: Any, served: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "intent" and nbest:
        assert client.post("/predict", json={"text": "a", "model": name, "nbest": 3}).status_code == 422
        return
    asked: list[dict[str, Any]] = [{"text": text} for text in TEXTS] + [{"tokens": one} for one in TOKENS]
    options = ["--nbest", str(nbest)] * (nbest > 0)
    rows = [json.dumps(one) for one in asked]
    wanted = predicted(served[name], rows, capsys, "--input-format", "jsonl", *options)
    together = post(client, "/predict/batch", sentences=asked, model=name, nbest=nbest)
    assert together.text == f"[{', '.join(wanted)}]"
    assert [post(client, **one, model=name, nbest=nbest).text for one in asked] == wanted
    assert together.headers["content-type"] == "application/json"


@pytest.mark.parametrize("nbest", [0, 2])
def test_targets_are_those_of_predict(
    nbest: int, client: Any, served: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = predicted(served["ending"], SOURCES, capsys, *["--nbest", str(nbest)] * (nbest > 0))
    asked = [{"text": source} for source in SOURCES]
    together = post(client, "/predict/batch", sentences=asked, model="ending", nbest=nbest)
    assert together.text == f"[{', '.join(wanted)}]"


def test_alignments_come_beside_a_target(client: Any) -> None:
    found = post(client, text="abc", model="ending", alignment=True).json()
    assert found["target"]
    assert found.pop("alignment") == {
        "source": ["a", "b", "c", "end"],
        "target": [*found["target"], "end"],
        "weights": [[pytest.approx(0.5, abs=0.5)] * 4] * (len(found["target"]) + 1),
    }
    assert found == post(client, text="abc", model="ending").json()
    for body in ({"text": "a", "model": "spans"}, {"text": "a" * 201, "model": "ending"}):
        assert client.post("/predict", json={**body, "alignment": True}).status_code == 422


def test_what_a_model_cannot_read_or_give_is_refused(client: Any) -> None:
    for body in (
        {"model": "ending", "tokens": ["a"]},
        {"model": "ending", "text": "a\tb"},
        {"model": "ending", "text": "a", "features": ["V"]},
        {"model": "ending", "text": "a", "nbest": 4},
        {"model": "ending", "text": "a" * 10_001},
        {"model": "spans", "text": "a", "features": ["V"]},
        {"model": "nothere", "text": "a"},
    ):
        answer = client.post("/predict", json=body)
        assert answer.status_code == 422, body
        assert set(answer.json()) == {"detail"}


def test_the_first_model_answers_what_names_none(client: Any) -> None:
    assert post(client, text="Ana").text == post(client, text="Ana", model="spans").text


def test_the_models_and_what_their_answers_hold(client: Any) -> None:
    found = {model["name"]: model for model in client.get("/models").json()["models"]}
    assert found["spans"] == {
        "name": "spans",
        "task": "tagging",
        "labels": ["LOC", "PER"],
        "spans": True,
        "sentence_labels": [],
        "features": [],
        "raw_text": True,
        "alignment": False,
        "nbest": None,
        "colours": {"LOC": "#0072B2", "PER": "#E69F00"},
    }
    assert found["plain"]["spans"] is False
    assert "VERB" in found["plain"]["labels"]
    assert (found["intent"]["labels"], found["intent"]["nbest"]) == ([], 0)
    assert found["slots"]["sentence_labels"] == ["Light", "Play"]
    assert (found["ending"]["nbest"], found["ending"]["alignment"]) == (3, True)


def test_limits(small: Any) -> None:
    def status(path: str, body: Any) -> int:
        return small.post(path, json=body).status_code

    assert status("/predict", {"text": "a" * 20}) == 200
    assert status("/predict", {"text": "a" * 21}) == 422
    assert status("/predict", {"text": "a" * 400}) == 413
    assert status("/predict/batch", {"sentences": [{"text": "a"}] * 2}) == 200
    assert status("/predict/batch", {"sentences": [{"text": "a"}] * 3}) == 422

    async def parts() -> AsyncIterator[bytes]:  # whose length is not known before
        for part in (b'{"text": "', b"a" * 400, b'"}'):
            yield part

    answer = small.post("/predict", content=parts(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    for length in (b"400", b"-1", b"many", b"9" * 30):
        assert small.get("/live", headers={"Content-Length": length}).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_other_content_types_are_refused(kind: str, small: Any) -> None:
    """So that a page of somebody else cannot ask without CORS."""
    answer = small.post("/predict", content=b'{"text": "a"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    kind = "Application/JSON; charset=utf-8"
    assert small.post("/predict", content=b'{"text": "a"}', headers={"Content-Type": kind}).status_code == 200


def test_no_address_and_no_method(small: Any) -> None:
    assert small.get("/nothere").json() == {"detail": "Not Found"}
    assert small.get("/predict").status_code == 405


def test_a_full_queue_says_when_to_try_again(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    app = create([str(MODEL)], limits=Limits(sentences=1, queue=1))
    (batcher,) = app.state.service._batchers.values()
    monkeypatch.setattr(batcher, "waiting", 1)
    answer = connect(app).post("/predict", json={"text": "a"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_too_many_requests_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    app = create([str(MODEL)], limits=Limits(requests=3))
    client = connect(app)
    app.state.service.in_progress = 3
    assert client.post("/predict", json={"text": "a"}).status_code == 503
    assert client.get("/live").status_code == 200
    app.state.service.in_progress = 2
    assert client.post("/predict", json={"text": "a"}).status_code == 200
    assert app.state.service.in_progress == 2


def test_a_token_is_asked_for_where_one_is_set(connect: Connect) -> None:
    client = connect(create([str(MODEL)], token="geheim"))
    for path in ("/live", "/ready", "/"):
        assert client.get(path).status_code == 200
    for path in ("/models", "/metrics", "/openapi.json", "/nothere"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer geheim"}).status_code != 401
    for wrong in ("", "geheim", "Bearer", "Bearer geheim2", "Bearer Geheim", "Basic geheim", "Bearer é"):
        answer = client.post("/predict", json={"text": "a"}, headers={"Authorization": wrong.encode()})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    right = {"Authorization": "Bearer geheim"}
    assert client.post("/predict", json={"text": "a"}, headers=right).status_code == 200


def test_pages_of_others_may_ask_only_if_this_is_wanted(connect: Connect) -> None:
    origin = {"Origin": "https://example.org"}
    ask = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    shut, opened = (
        connect(create([str(MODEL)])),
        connect(create([str(MODEL)], origins=["https://example.org"], token="geheim")),
    )
    assert shut.request("OPTIONS", "/predict", headers=ask).status_code == 405
    assert "access-control-allow-origin" not in shut.get("/live", headers=origin).headers
    answer = opened.request("OPTIONS", "/predict", headers=ask)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    assert (
        opened.request("OPTIONS", "/predict", headers=ask | {"Origin": "https://example.com"}).status_code
        == 400
    )
    refused = opened.post("/predict", json={"text": "a"}, headers=origin)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (
        401,
        "https://example.org",
    )


def test_an_error_of_ours_says_nothing_of_the_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], connect: Connect
) -> None:
    told: list[str] = []
    app = create([str(MODEL)], tell=told.append)

    def fail(given: Any, wanted: Any) -> Any:
        raise KeyError(given[0].text)

    monkeypatch.setattr(app.state.service.models["format_2"].current, "answers", fail)
    answer = connect(app).post("/predict", json={"text": "SECRET"})
    assert (answer.status_code, answer.json()) == (500, {"detail": "an error in the server."})
    assert told == ["an error in seqtag: KeyError; run it with --debug and report it"]
    assert capsys.readouterr() == ("", "")


def metric(client: Any, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (.+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_metrics(connect: Connect) -> None:
    client = connect(create([str(MODEL)]))
    post(client, text="Ana left.")
    post(client, "/predict/batch", sentences=[{"text": "Ana left."}, {"text": "Oslo"}])
    client.post("/predict", json={})
    client.get("/anything-at-all")
    assert metric(client, 'seqtag_requests_total{route="/predict",status="200"}') == 1
    assert metric(client, 'seqtag_requests_total{route="/predict",status="422"}') == 1
    assert metric(client, 'seqtag_requests_total{route="other",status="404"}') == 1
    assert metric(client, 'seqtag_request_seconds_count{route="/predict"}') == 2
    assert metric(client, 'seqtag_sentences_total{model="format_2"}') == 3
    assert metric(client, 'seqtag_tokens_total{model="format_2"}') == 7
    assert metric(client, 'seqtag_batch_sentences_sum{model="format_2"}') == 3
    assert metric(client, 'seqtag_queue_sentences{model="format_2"}') == 0
    assert metric(client, "seqtag_requests_in_progress") == 1  # this one
    assert "SECRET" not in client.get("/metrics").text


@pytest.mark.parametrize("hangs_up", [True, False])
def test_no_client_leaves_anything_behind(hangs_up: bool) -> None:
    app = create([str(MODEL)])
    service = app.state.service
    body = json.dumps({"text": "Ana left."}).encode()
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers, "query_string": b""}
    sent: list[Any] = []

    async def ask(*, with_body: bool) -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}] * with_body
        messages += [{"type": "http.disconnect"}] * hangs_up

        async def receive() -> Any:
            if not messages:
                await asyncio.Event().wait()  # the connection stays open
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope | {"http_version": "1.1", "scheme": "http"}, receive, send)

    async def main() -> None:
        halves = (number % 2 == 0 or not hangs_up for number in range(100))
        await asyncio.gather(*(ask(with_body=half) for half in halves))
        await asyncio.sleep(0)  # in which what was cancelled ends
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    statuses = {one["status"] for one in sent if one["type"] == "http.response.start"}
    assert statuses == ({499} if hangs_up else {200})
    assert service.in_progress == 0
    assert service._batchers["format_2"].waiting == 0


def test_a_server_that_is_about_to_stop_is_not_ready(connect: Connect) -> None:
    app = create([str(MODEL)])
    client = connect(app)
    assert client.get("/ready").status_code == 200
    app.state.service.draining = True
    found = client.get("/ready")
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")
    assert client.get("/live").status_code == 200
    assert post(client, text="Ana").headers["connection"] == "close"


def test_it_can_be_mounted(connect: Connect) -> None:
    outer = FastAPI()
    outer.mount("/tags", create([str(MODEL)], token="geheim"))  # whose lifespan nobody begins
    client = connect(outer)
    assert client.get("/tags/live").status_code == 200
    assert client.get("/tags/models").status_code == 401
    right = {"Authorization": "Bearer geheim"}
    assert client.post("/tags/predict", json={"text": "Ana"}, headers=right).json()["text"] == "Ana"


class TestReloading:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reloading, "SECONDS", 0.01)

    def test_a_changed_folder_is_used_and_a_broken_one_is_not(
        self, spans: Any, plain: Any, tmp_path: Path, connect: Connect
    ) -> None:
        told: list[str] = []
        folder = tmp_path / "model"
        shutil.copytree(spans.folder, folder)
        client = connect(create([str(folder)], reload=True, tell=told.append))
        before = post(client, text="Ana left Oslo.").json()
        assert before["entities"]
        (folder / "weights.safetensors").write_bytes(b"broken")
        client.wait(lambda: len(told) == 1)
        assert "the changed folder is not used, the former model stays" in told[0]
        assert post(client, text="Ana left Oslo.").json() == before
        shutil.rmtree(folder)
        client.wait(lambda: len(told) == 2)
        assert "not used" in told[1]
        shutil.copytree(plain.folder, folder)
        client.wait(lambda: len(told) == 3)
        assert told[2:] == ["model: the changed folder is used from now on"]
        assert post(client, text="Ana left Oslo.").json()["tokens"][1]["tag"] == "VERB"
        assert metric(client, 'seqtag_model_loads_total{model="model",outcome="failed"}') == 2
        assert metric(client, 'seqtag_model_loads_total{model="model",outcome="ok"}') == 1

    def test_a_folder_that_is_still_changing_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Named:
            name, path, state, reads = "model", Path("model"), "old", 0

            def read(self) -> None:
                self.reads, self.state = self.reads + 1, "whole"

        model, looks = Named(), ["old", "half", "more", "whole", "whole", "whole"]
        monkeypatch.setattr(reloading, "state", lambda path: looks.pop(0))
        told: list[str] = []
        with pytest.raises(IndexError):  # there is no further look
            asyncio.run(reloading.watch([model], lambda *counted: None, told.append))  # type: ignore[list-item]
        assert (model.reads, len(told)) == (1, 1)

    def test_a_folder_stays_as_it_was_unless_this_is_wanted(
        self, spans: Any, plain: Any, tmp_path: Path, connect: Connect
    ) -> None:
        folder = tmp_path / "model"
        shutil.copytree(spans.folder, folder)
        client = connect(create([str(folder)]))
        before = post(client, text="Ana left Oslo.").json()
        shutil.rmtree(folder)
        shutil.copytree(plain.folder, folder)
        client.wait(iter([False] * 20 + [True]).__next__)
        assert post(client, text="Ana left Oslo.").json() == before


def test_names_of_models(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert names_of(["models/en", "pos=other"]) == {"en": "models/en", "pos": "other"}
    assert names_of([str(tmp_path), f"x={tmp_path}"])["x"] == str(tmp_path)
    with pytest.raises(UsageError, match="another model has the name en"):
        names_of(["a/en", "b/en"])
    with pytest.raises(UsageError, match="expected a name of letters"):
        names_of(["b c=en"])
    with pytest.raises(UsageError, match="expected a name of letters"):
        names_of([str(tmp_path / "a=b")])


def test_a_model_that_reads_more_than_a_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    use = served_models.use_of(str(MODEL))[1]

    def predictor(order: Any) -> Any:
        found = use.predictor(order)
        reading = replace(found._tagger.vocabulary.reading, feature_columns=(3,))
        found._tagger.vocabulary = replace(found._tagger.vocabulary, reading=reading)
        return found

    monkeypatch.setattr(served_models, "use_of", lambda path: ("tagging", replace(use, predictor=predictor)))
    with pytest.raises(Error, match="reads extra columns of the corpus, which requests do not have"):
        create([str(MODEL)])


def test_the_description_fits_the_answers(client: Any) -> None:
    found = client.get("/openapi.json").json()
    assert found["info"]["title"] == "seqtag"
    schemas = found["components"]["schemas"]
    text = json.dumps(found["paths"]) + json.dumps(schemas)
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(schemas) - {"Token", "Entity"} | {
        "Token",
        "Entity",
    }
    assert schemas["Request"]["properties"]["text"]["maxLength"] == USUAL.characters
    document = schemas["Document"]["properties"]
    for name in ("spans", "plain", "intent", "slots"):
        nbest = 0 if name == "intent" else 2
        assert set(post(client, text="Ana left", model=name, nbest=nbest).json()) <= set(document)
    target = schemas["Target"]["properties"]
    assert set(post(client, text="ab", model="ending", alignment=True).json()) <= set(target)
