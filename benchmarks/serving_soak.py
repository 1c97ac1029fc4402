"""Whether `seqtag serve` stays what it is under load: its memory, its answers, and what clients that hang up leave.

    python benchmarks/serving_soak.py --model MODEL [--minutes 60] [--hang-ups 1000]

wrk asks over 64 connections all the time. Beside it, answers to single sentences and to lists are compared with the
lines of `seqtag predict --format jsonl`. At the end, clients send requests or parts of them and hang up at once. It
needs wrk, Linux and the extra `serve`.
"""

import argparse
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import common
import serving

WARM_UP = 2  # minutes after which the memory is looked at first
TOGETHER = 8  # sentences of a list


class Checker(threading.Thread):
    """Compares answers with those of `seqtag predict` until it is stopped.

    Args:
        port: The server's port.
        sentences: What is asked for.
        wanted: The line that `seqtag predict` wrote for each.

    Attributes:
        statuses: How often each status came.
        wrong: How many answers were others than wanted.
    """

    def __init__(self, port: int, sentences: Sequence[str], wanted: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._pairs = list(zip(sentences, wanted, strict=True))
        self.statuses: Counter[int] = Counter()
        self.wrong = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            taken = random.choices(self._pairs, k=TOGETHER)
            rows = [{"text": text} for text, _ in taken]
            self._compare("/predict/batch", {"sentences": rows}, f"[{', '.join(line for _, line in taken)}]")
            self._compare("/predict", rows[0], taken[0][1])
            self.stopped.wait(0.02)

    def _compare(self, path: str, body: object, wanted: str) -> None:
        status, found = serving.ask(self._port, json.dumps(body), path)
        self.statuses[status] += 1
        self.wrong += status == 200 and found != wanted


def predicted(model: str, sentences: Sequence[str], folder: Path) -> list[str]:
    """The line that `seqtag predict` writes for each sentence."""
    path = folder / "sentences.txt"
    path.write_text("".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8")
    command = [*common.SEQTAG, "predict", model, str(path), "--format", "jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=serving.TOP)
    return done.stdout.split("\n")[:-1]


def metrics(port: int) -> dict[str, float]:
    """The server's metrics by their names with labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([a-z]\S*) (\S+)$", text, re.MULTILINE)}


def left(port: int) -> dict[str, float]:
    """What is open at the moment: requests without this one, sentences that wait, and descriptors."""
    found = metrics(port)
    waiting = sum(value for name, value in found.items() if name.startswith("seqtag_queue_sentences"))
    return {
        "requests": found["seqtag_requests_in_progress"] - 1,
        "sentences": waiting,
        "descriptors": found["process_open_fds"],
    }


def hang_up(port: int, body: bytes, count: int) -> None:
    """Clients that send a request, or half of one, and close the connection without reading."""
    head = f"POST /predict/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request if number % 2 else request[: random.randrange(1, len(request))])


def settled(port: int, before: dict[str, float]) -> dict[str, float]:
    """What is open when all is over, or after ten seconds."""
    for _ in range(100):
        found = left(port)
        if found == before:
            break
        time.sleep(0.1)
    return found


def main() -> None:
    made = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    made.add_argument("--model", required=True, help="the model folder")
    made.add_argument("--text", type=Path, default=serving.SAMPLE / "test.conll", help="sentences to ask for")
    made.add_argument("--connections", type=int, default=64)
    made.add_argument("--minutes", type=int, default=60)
    made.add_argument("--hang-ups", type=int, default=1000)
    given = made.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk.")
    port = serving.free_port()
    rows: list[list[str | float]] = []
    first = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sentences = serving.texts(given.text)
        script = serving.write_script(folder, sentences)
        checker = Checker(port, sentences, predicted(given.model, sentences, folder))
        with serving.serving(serving.seqtag(given.model, port), port) as pid:
            before = left(port)
            checker.start()
            for minute in range(1, given.minutes + 1):
                done = serving.load(pid, port, script, 60, given.connections)
                first = done.megabytes if minute <= WARM_UP else first
                rows.append([f"{minute}", done.requests, done.failed, done.megabytes, done.megabytes / first])
                checked = sum(checker.statuses.values())
                common.say(
                    f"minute {minute}: {done.requests:,} requests, {done.failed:,} failed; {checked:,} answers "
                    f"compared, {checker.wrong:,} others; {done.megabytes:.1f} MB"
                )
            checker.stopped.set()
            checker.join()
            under_load = settled(port, before)
            hang_up(
                port,
                json.dumps({"sentences": [{"text": text} for text in sentences[:50]]}).encode(),
                given.hang_ups,
            )
            after = settled(port, before)
            statuses = {
                name: int(value)
                for name, value in metrics(port).items()
                if name.startswith("seqtag_requests_total")
            }
    checked = sum(checker.statuses.values())
    print(f"Soak, {given.connections} connections\n{common.machine(len(common.cores()))}")
    common.show("", ["minute", "requests", "failed", "MB", f"of minute {WARM_UP}"], rows)
    print(
        f"{checked:,} answers compared with seqtag predict, {checker.wrong:,} others; statuses {dict(checker.statuses)}"
    )
    print(
        f"open before {before}, after the load {under_load}, after {given.hang_ups:,} clients hung up {after}"
    )
    for name, count in sorted(statuses.items()):
        print(f"{count:>12,} {name}")
    if checker.wrong or set(checker.statuses) != {200} or after != before:
        sys.exit("something is not as it should be")


if __name__ == "__main__":
    main()
