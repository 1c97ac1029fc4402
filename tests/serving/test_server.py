"""`seqtag serve` as a process: what it says, and how it ends."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run

MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_2"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
# A server whose model takes a second for a batch.
SLOW = """
import sys, time
from seqtag.serving.models import LoadedModel
answers = LoadedModel.answers
def slow(self, given, extras):
    time.sleep(0 if given[0].text == "Warm up." else 1)
    return answers(self, given, extras)
LoadedModel.answers = slow
from seqtag.__main__ import main
main()
"""


@contextmanager
def serving(*options: str, slow: bool = False, **environment: str) -> Iterator[Any]:
    """A server and its port."""
    start = ["-c", SLOW] if slow else ["-m", "seqtag"]
    command = [sys.executable, *start, "serve", str(MODEL), "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT | environment
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(
                r"seqtag: serving format_2 at http://127\.0\.0\.1:(\d+); Ctrl-C stops\n", line
            )
            assert found, line + process.stderr.read()
            yield process, int(found[1])
        finally:
            process.kill()


def request(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def ask(port: int, text: str = "Ana left.", **headers: str) -> tuple[int, str]:
    body = json.dumps({"text": text}).encode()
    return request(port, "POST", "/predict", body, **{"Content-Type": "application/json"}, **headers)


def wait_for(port: int, requests: int) -> None:
    """Returns when so many requests are worked on beside this one."""
    while f"seqtag_requests_in_progress {requests + 1}.0" not in request(port, "GET", "/metrics")[1]:
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_when_what_was_accepted_is_answered(number: int) -> None:
    with serving("--batch", "1", slow=True) as (process, port), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, port, f"Ana left {count}.") for count in range(4)]
        wait_for(port, 4)
        process.send_signal(number)
        answers = [future.result() for future in asked]
        assert [status for status, _ in answers] == [200] * 4
        assert [json.loads(text)["text"] for _, text in answers] == [
            f"Ana left {count}." for count in range(4)
        ]
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert out == ""
        assert err == "seqtag: stopping: finishing accepted requests; a second signal stops at once\n"


def test_what_takes_too_long_is_given_up() -> None:
    with serving("--drain-seconds", "0.1", "--batch", "1", "--threads", "1", slow=True) as (process, port):
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, port) for _ in range(4)]
            wait_for(port, 4)
            process.terminate()
            statuses = sorted(future.result()[0] for future in asked)
            assert set(statuses) <= {200, 503}
            assert 503 in statuses
        _, err = process.communicate(timeout=30)
        assert process.returncode == 1
        cut = statuses.count(503)
        assert (
            f"{cut} request{'s' * (cut > 1)} could not be finished within 0.1 seconds (--drain-seconds)"
            in err
        )


def test_a_second_signal_ends_it_at_once() -> None:
    with serving(slow=True) as (process, port), ThreadPoolExecutor(1) as pool:
        pool.submit(ask, port).add_done_callback(lambda done: done.exception())
        wait_for(port, 1)
        process.terminate()
        assert process.stderr.readline().startswith("seqtag: stopping")
        process.terminate()
        process.wait(30)
        assert process.returncode == 128 + signal.SIGTERM


def test_nothing_of_a_request_is_in_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("geheim\n")
    with serving("--token-file", str(tmp_path / "token")) as (process, port):
        right = {"Authorization": "Bearer geheim"}
        assert ask(port, "SECRET")[0] == 401
        assert ask(port, "SECRET", **right)[0] == 200
        assert ask(port, "SECRET\ud83d", **right)[0] == 422
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"SECRET\r\n\r\n")
            assert b" 400 " in connection.recv(1000)
        process.terminate()
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "")
        assert "SECRET" not in err
        assert "geheim" not in err
        assert err.count("\n") == 1


def test_the_token_may_come_from_the_environment() -> None:
    with serving(SEQTAG_TOKEN="geheim") as (_, port):
        assert ask(port)[0] == 401
        assert ask(port, Authorization="Bearer geheim")[0] == 200


def complaint(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert run(["serve", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = str(MODEL)
    assert "no such folder" in complaint(capsys, 1, "nothere")
    assert "--queue 5" in complaint(capsys, 2, model, "--queue", "5")
    assert "expected an origin" in complaint(capsys, 2, model, "--cors", "example.org")
    assert "unknown name 'int4'" in complaint(capsys, 2, model, "--precision", "int4")
    assert "another model has the name" in complaint(capsys, 2, model, model)
    assert "cannot be read" in complaint(capsys, 1, model, "--token-file", str(tmp_path / "nothere"))
    (tmp_path / "token").write_text("two words")
    assert "expected a token" in complaint(capsys, 1, model, "--token-file", str(tmp_path / "token"))
    monkeypatch.setenv("SEQTAG_TOKEN", "ä")
    assert "SEQTAG_TOKEN: expected a token" in complaint(capsys, 2, model)
    monkeypatch.delenv("SEQTAG_TOKEN")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}: cannot be listened to: Address already in use" in complaint(
            capsys, 1, model, "--port", port
        )
    assert "cannot be listened to" in complaint(capsys, 1, model, "--host", "no.such.host.invalid")
