"""What the benchmarks share: sides timed in turn, processes and their memory, the peers, tables."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

K = TypeVar("K")
T = TypeVar("T")

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".peers"
PEER_PYTHON = PEERS / "bin" / "python"
SEQTAG = (sys.executable, "-m", "seqtag")

# A process's memory is that of the process that starts it until its own program is there, so it is started from
# a small one: this program as `python -c`.
LAUNCHER = """
import os, sys, time
out, err, *command = sys.argv[1:]
new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
actions = [(os.POSIX_SPAWN_OPEN, 1, out, new, 0o600), (os.POSIX_SPAWN_OPEN, 2, err, new, 0o600)]
started = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - started
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
"""


@dataclass(frozen=True)
class Ran:
    """A process that came to its end.

    Attributes:
        seconds: From its start to its end.
        megabytes: Its largest resident memory.
        processor: Seconds of all its threads together.
        output: What it wrote to stdout.
    """

    seconds: float
    megabytes: float
    processor: float
    output: str

    def json(self) -> dict[str, Any]:
        """The last line of its output, which is a JSON object."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


def run(command: Sequence[str | Path], threads: int | None = None) -> Ran:
    """Runs a program to its end; SystemExit with what it said if it fails.

    Args:
        command: The program and its arguments.
        threads: How many cores it may use; all if not given.
    """
    words = [str(word) for word in command]
    pinned = [*pin(threads), *words]
    with tempfile.TemporaryDirectory() as scratch:
        out, err = Path(scratch, "out"), Path(scratch, "err")
        launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(out), str(err), *pinned]
        measured = subprocess.run(
            launch, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True
        )
        code, seconds, kilobytes, processor = measured.stdout.split()
        if code != "0":
            raise SystemExit(f"{' '.join(words)} failed:\n{err.read_text(errors='replace')[-3000:]}")
        scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kilobytes here
        return Ran(
            float(seconds),
            float(kilobytes) * scale / 1e6,
            float(processor),
            out.read_text(errors="replace"),
        )


def cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(threads: int | None) -> list[str]:
    """What stands before a command so that it uses no more cores than that."""
    own = cores()
    if threads is None or threads >= len(own):
        return []
    return ["taskset", "-c", ",".join(map(str, own[:threads]))]


def environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a process with so many threads."""
    count = str(threads or len(cores()))
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {**os.environ, **dict.fromkeys(names, count)}


def limit(threads: int) -> None:
    """Keeps this process, and all that it starts, to so many cores and threads."""
    os.environ.update(environment(threads))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores()[:threads])


def start_tensorflow(seed: int = 42) -> None:
    """Starts TensorFlow in this process as `seqtag train` starts it."""
    from seqtag.network import runtime

    runtime.start(seed)


def peer_command(script: str, *arguments: str | Path) -> list[str | Path]:
    """The command of a program of this folder in the peers' interpreter."""
    if not PEER_PYTHON.exists():
        raise SystemExit("the peers are missing: run benchmarks/peers.sh first.")
    return [PEER_PYTHON, HERE / script, *arguments]


class Peer:
    """A peer's process that waits between its turns: a JSON line in, a JSON line out.

    Args:
        script: The program in this folder, run by the peers' interpreter.
        arguments: Its arguments.
        threads: How many threads it may use.

    Attributes:
        greeting: The line that it begins with.
    """

    def __init__(self, script: str, *arguments: str | Path, threads: int) -> None:
        command = list(map(str, peer_command(script, *arguments)))
        self._process = subprocess.Popen(
            command, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.greeting = self._read()

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to a request."""
        if self._process.stdin is None:
            raise ValueError("the peer has no input")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self._process.args!r} ended early with code {self._process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def interleaved(sides: Mapping[K, Callable[[], T]], rounds: int) -> dict[K, list[T]]:
    """What each side gave in each round; all take their turn in each, so that what else the machine does hits all
    alike.
    """
    found: dict[K, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides)[:: -1 if number % 2 else 1]
        for name in order:
            found[name].append(sides[name]())
    return found


def median(values: Sequence[float]) -> float:
    """The middle of the values."""
    return statistics.median(values)


def ratios(values: Sequence[float], base: Sequence[float]) -> float:
    """The median over the rounds of a value over the base's value in the same round."""
    return statistics.median(value / other for value, other in zip(values, base, strict=True))


def clock(function: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def parser(description: str | None, *files: str, rounds: int = 5) -> argparse.ArgumentParser:
    """A parser with a required option for each file, and those that all benchmarks have."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    for name in files:
        made.add_argument(f"--{name}", required=True, metavar="FILE", default=argparse.SUPPRESS)
    made.add_argument("--threads", type=int, default=len(cores()), help="threads of each side")
    made.add_argument("--rounds", type=int, default=rounds, help="turns that each side has")
    return made


@contextmanager
def scratch(kept: Path | None = None) -> Iterator[Path]:
    """A folder to work in: the given one, which is kept, or one that goes away."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def say(text: str) -> None:
    """A word on what goes on, to stderr."""
    print(text, file=sys.stderr, flush=True)


def show(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str | float | int]], note: str = ""
) -> None:
    """Prints a table: names on the left, figures on the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", caption=note or None
    )
    table.caption_justify = "left"
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, str) else figure(cell) for cell in row))
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 240  # a table is never cut in a file
    console.print(table)


def figure(value: float) -> str:
    """A number with the digits that it is worth."""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.2g}"


def machine(threads: int) -> str:
    """The processor, its cores and the threads in use, in one line."""
    name = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line for line in described.read_text().splitlines() if line.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    return f"{name}, {len(cores())} cores, {threads} threads a side, Python {platform.python_version()}"


# The architecture that both sides of a comparison have: two bidirectional LSTM layers of 100 units over learnt word
# vectors of 100 dimensions and a character CNN, a CRF on top.
EQUAL = (
    "embeddings.word.dim=100",
    "embeddings.shape.dim=0",
    "embeddings.characters.encoder=cnn",
    "embeddings.characters.dim=30",
    "embeddings.characters.units=50",
    "embeddings.characters.width=3",
    "embeddings.dropout=0.5",
    "encoder.cell=lstm",
    "encoder.layers=2",
    "encoder.units=100",
    "encoder.bidirectional=true",
    "encoder.dropout=0.5",
    "head.name=crf",
    "language_model.weight=0",
    "training.optimizer=adam",
    "training.batch_size=32",
    "training.global_clipnorm=1.0",
)


def config_of(*assignments: str) -> Any:
    """The settings from `key.path=value`, over the defaults."""
    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.merging import merge

    return merge(parse_assignments(assignments))


def corpora_of(config: Any, train: str, dev: str) -> tuple[Any, Any]:
    """The corpora, and the settings with those filled in that go by the corpus."""
    from seqtag.tasks.tagging import prepare
    from seqtag.tasks.tagging.splits import read_corpora

    corpora = read_corpora(config, train, dev, None)
    return corpora, prepare.fill_in(config, corpora)


def write_corpus(path: Path, sentences: Sequence[Any], scheme: Any, wanted: Any, tags: Sequence[str]) -> None:
    """Writes sentences for a peer: JSON lines, the tags in the wanted scheme, the list of all tags before them."""
    from seqtag.corpora.tags import convert

    with path.open("w", encoding="utf-8") as file:
        print(json.dumps({"tags": list(tags)}), file=file)
        for sentence in sentences:
            own = convert(sentence.tags or (), scheme, wanted)
            print(json.dumps({"tokens": list(sentence.tokens), "tags": list(own)}), file=file)


class Epochs:
    """Training with seqtag, an epoch at a time.

    Args:
        config: The settings.
        corpora: The corpora.
        vectors: Pretrained vectors, if the network reads some.

    Attributes:
        first_step: Seconds of the first step, in which TensorFlow makes its graph; None before it.
    """

    def __init__(self, config: Any, corpora: Any, vectors: Any = None) -> None:
        import dataclasses

        from seqtag.tasks.tagging.tagger_job import TaggerJob
        from seqtag.training.run import Run

        once = dataclasses.replace(config, training=dataclasses.replace(config.training, epochs=1))
        self.run = Run(TaggerJob(once, corpora, vectors))
        self.first_step: float | None = None

    def next(self) -> float:
        """Trains an epoch; returns its training tokens a second, dev scoring left out."""
        from seqtag.training.events import Progress
        from seqtag.training.snapshot import UnderWay

        self.run.history, self.run.under_way = [], UnderWay(1)  # the same epoch again, with other weights
        started = time.perf_counter()

        def listen(event: object) -> None:
            if self.first_step is None and isinstance(event, Progress):
                self.first_step = time.perf_counter() - started

        return float(self.run.fit(listen)[-1].tokens_per_second)

    @property
    def parameters(self) -> int:
        """All numbers that training changes."""
        return int(self.run.job.prepared.parameters)

    @property
    def rows(self) -> int:
        """Those of them that stand in tables of words and characters."""
        variables = self.run.network.trainable_variables
        return sum(int(v.shape[0] * v.shape[1]) for v in variables if v.path.endswith("/embeddings"))
