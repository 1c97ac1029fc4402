"""How many requests `seqtag serve` answers for a second of processor time, against spaCy and without batching.

    python benchmarks/serving.py --model MODEL [--spacy FOLDER] [--text FILE]

All servers run side by side and take turns; wrk asks for one sentence at a time over 64 connections. What counts is
requests per second of the server's own processor time, as /proc tells it: that leaves out wrk and whatever else the
machine does. It needs wrk, Linux and the extras `serve` and `spacy`.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import common

TOP = Path(__file__).resolve().parent.parent
SAMPLE = TOP / "sample_data" / "english_news"
MOST = 1000  # sentences that are asked for in turn
# wrk runs Lua; each thread sends all bodies in turn, repeatedly.
SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local place = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  place = place %% #bodies + 1
  return wrk.format(nil, "%s", nil, bodies[place])
end
done = function(summary, latency, requests)
  io.write(string.format("figures %%d %%d %%d %%d %%.0f %%.0f\\n", summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes:
        requests: Requests that were answered.
        seconds: How long the load lasted.
        processor: Seconds of processor time of the server.
        failed: Answers that were errors, and connections that broke.
        median: Milliseconds from a request to its answer.
        slowest: The same of the slowest in a hundred.
        megabytes: The server's resident memory afterwards.
    """

    requests: int
    seconds: float
    processor: float
    failed: int
    median: float
    slowest: float
    megabytes: float


def texts(path: Path) -> list[str]:
    """Sentences to ask for: the lines of a text, or the tokens of a CoNLL file with spaces between them."""
    from seqtag.corpora.reading import ReadOptions, sentences

    if path.suffix == ".conll":
        found = [" ".join(one.tokens) for one in sentences(path, ReadOptions(with_tags=False))]
    else:
        found = path.read_text("utf-8").splitlines()
    return [text for text in found if text.strip()][:MOST]


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def serving(command: Sequence[str | Path], port: int) -> Iterator[int]:
    """A server that answers; gives its process number."""
    process = subprocess.Popen([*map(str, command)], cwd=TOP)
    try:
        wait(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Returns when the port is listened to."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with code {process.returncode}.")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"{process.args!r} does not listen.")


def seqtag(model: str, port: int, *options: str) -> list[str]:
    """The command of a server of ours."""
    return [*common.SEQTAG, "serve", model, "--port", str(port), *options]


def processor(pid: int) -> float:
    """The seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """The resident memory of a process."""
    found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def ask(port: int, body: str, path: str = "/predict") -> tuple[int, str]:
    """The status and the body of the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body.encode(), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def load(pid: int, port: int, script: Path, seconds: float, connections: int) -> Load:
    """Asks as fast as the server answers."""
    before = processor(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    spent = processor(pid) - before
    figures = next(line for line in done.stdout.splitlines() if line.startswith("figures"))
    requests, took, status, broken, median, slowest = map(int, figures.split()[1:])
    return Load(requests, took / 1e6, spent, status + broken, median / 1e3, slowest / 1e3, megabytes(pid))


def write_script(folder: Path, sentences: Sequence[str], path: str = "/predict") -> Path:
    """What wrk runs."""
    bodies, script = folder / "bodies.jsonl", folder / "ask.lua"
    rows = (json.dumps({"text": text}, ensure_ascii=False) for text in sentences)
    bodies.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    script.write_text(SCRIPT % (bodies, path))
    return script


def main() -> None:
    made = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    made.add_argument("--model", required=True, help="the model folder")
    made.add_argument("--spacy", help="a pipeline of spacy_server.py; trained anew if not given")
    made.add_argument("--text", type=Path, default=SAMPLE / "test.conll", help="sentences to ask for")
    made.add_argument("--connections", type=int, default=64)
    made.add_argument("--seconds", type=float, default=10, help="length of a turn")
    made.add_argument("--rounds", type=int, default=3, help="turns of each side")
    given = made.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        sentences = texts(given.text)
        script = write_script(folder, sentences)
        peer = [sys.executable, str(common.HERE / "spacy_server.py")]
        pipeline = given.spacy or str(folder / "spacy")
        if given.spacy is None:
            subprocess.run([*peer, "train", str(SAMPLE / "train.conll"), pipeline], cwd=TOP, check=True)
        ports = [free_port() for _ in range(4)]
        commands = {
            "seqtag serve": seqtag(given.model, ports[0]),
            "seqtag serve --batch 1": seqtag(given.model, ports[1], "--batch", "1"),
            "spaCy, minimal FastAPI": [*peer, "minimal", pipeline, str(ports[2])],
            "spaCy in our application": [*peer, "batched", pipeline, str(ports[3])],
        }
        servers = {
            name: (stack.enter_context(serving(command, port)), port)
            for (name, command), port in zip(commands.items(), ports, strict=True)
        }
        for pid, port in servers.values():  # warm-up
            load(pid, port, script, 2, given.connections)
        sides = {
            name: lambda pid=pid, port=port: load(pid, port, script, given.seconds, given.connections)
            for name, (pid, port) in servers.items()
        }
        ran = common.interleaved(sides, given.rounds)
    rates = {name: [one.requests / one.processor for one in loads] for name, loads in ran.items()}
    ours = rates["seqtag serve"]
    common.show(
        f"Serving, {len(sentences):,} sentences in turn, {given.connections} connections, median of {given.rounds}\n"
        f"{common.machine(len(common.cores()))}",
        [
            "server",
            "requests per CPU s",
            "seqtag against it",
            "requests/s",
            "median ms",
            "99 % ms",
            "failed",
            "MB",
        ],
        [
            [
                name,
                common.median(rates[name]),
                common.ratios(ours, rates[name]),
                common.median([one.requests / one.seconds for one in loads]),
                common.median([one.median for one in loads]),
                common.median([one.slowest for one in loads]),
                sum(one.failed for one in loads),
                max(one.megabytes for one in loads),
            ]
            for name, loads in ran.items()
        ],
    )


if __name__ == "__main__":
    main()
