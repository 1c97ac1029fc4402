"""How a worker does a shard, wherever it runs: it needs the job, the input files, the model and the folder of parts."""

import platform
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from seqtag.corpora.base import finish
from seqtag.corpora.findings import Finding
from seqtag.support.errors import DataError, Error, ModelError, is_out_of_memory
from seqtag.support.json_decoder import decode
from seqtag.tasks.answers import write_answers
from seqtag.tasks.shards import parts
from seqtag.tasks.shards.files import stamp
from seqtag.tasks.shards.pieces import placed, read
from seqtag.tasks.shards.plan import Pinned, Shard, manifest_digest, versions
from seqtag.tasks.use import PredictionOrder, Predictor, use_of

FORMAT = "jsonl"  # of the parts
LESS = "fewer workers need less"
MOST_DEATHS = 3  # of processes over one shard; then something is wrong with the shard


@dataclass(frozen=True)
class ShardJob:
    """What all workers of a run know; it can be pickled.

    Attributes:
        order: How the files are answered; the model by its absolute path.
        folder: Where parts go, by its absolute path.
        column: The column of Parquet files that holds texts.
        pinned: What the answers depend on.
        stamps: What tells quickly of each file whether it has changed.
    """

    order: PredictionOrder
    folder: str
    column: str
    pinned: Pinned
    stamps: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of a shard.

    Attributes:
        number: The shard.
        sentences: How many were answered.
        tokens: How many these have.
        problem: Why it failed; empty if its part is there.
        fatal: Whether the other shards would fail for the same reason, such as a full disk.
        trace: The traceback of a failure that is a fault of the program.
        findings: What is odd about its files.
    """

    number: int
    sentences: int = 0
    tokens: int = 0
    problem: str = ""
    fatal: bool = False
    trace: str = ""
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the outcome."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> "Outcome":
        """The outcome that `to_json` described."""
        plain = decode(cls, value | {"findings": []})
        return replace(plain, findings=tuple(map(_finding, value["findings"])))


class _Unfit(Error):
    """This machine would answer otherwise than the one on which the run was begun."""


class Worker:
    """Does shards, one after the other; it loads the model once, for the first of them.

    Args:
        job: What all workers know.
    """

    def __init__(self, job: ShardJob) -> None:
        self._job = job
        self._folder = Path(job.folder)
        self._predictor: Predictor | None = None
        self._findings: list[Finding] = []

    def __call__(self, shard: Shard) -> Outcome:
        """Writes the part of a shard, unless it is there. A failure is an outcome, too."""
        self._findings.clear()
        try:
            return self._done(shard)
        except Error as problem:
            fatal = isinstance(problem, ModelError | _Unfit)
            return Outcome(shard.number, problem=str(problem), fatal=fatal)
        except OSError as problem:
            if is_out_of_memory(problem):
                return Outcome(shard.number, problem=f"not enough memory; {LESS}")
            said = f"{problem.filename or 'output'}: {problem.strerror}"
            return Outcome(shard.number, problem=said, fatal=True)
        except Exception as problem:
            if is_out_of_memory(problem):
                return Outcome(shard.number, problem=f"not enough memory; {LESS}")
            words = f"{type(problem).__name__}: {problem}".removesuffix(".")
            said = f"an error in seqtag: {words}. Run it with --debug and report it."
            return Outcome(shard.number, problem=said, trace=traceback.format_exc())

    def _done(self, shard: Shard) -> Outcome:
        path = parts.part(self._folder, shard.number)
        if path.exists():
            return Outcome(shard.number)
        if (deaths := parts.drafts(self._folder, shard.number)) >= MOST_DEATHS:
            raise Error(f"{path}: {deaths} processes died over this part. Memory may have run out: {LESS}.")
        sentences = tokens = 0

        def count(answer: Any) -> None:
            nonlocal sentences
            sentences += 1

        with parts.written(path) as stream:
            tokens = self._write(shard, self._loaded(), stream, count)
        return Outcome(shard.number, sentences, tokens, findings=tuple(self._findings))

    def _write(self, shard: Shard, predictor: Predictor, stream: TextIO, keep: Callable[[Any], None]) -> int:
        """Writes the answers of a shard; returns how many tokens it has."""
        writer = predictor.writer(stream)
        tokens = 0
        for piece in shard.pieces:
            self._check_file(piece.path)
            found = read(piece, predictor, column=self._job.column, report=self._findings.append)
            try:
                tokens += write_answers(predictor, found, writer, stream, name=piece.path, keep=keep)
            except DataError as problem:
                self._check_file(piece.path)  # which may be the reason
                raise placed(problem, piece) from problem
            self._check_file(piece.path)
        finish(writer)
        return tokens

    def _loaded(self) -> Predictor:
        """The model, after a check that it and the packages are those of the plan."""
        if self._predictor is None:
            pinned, order = self._job.pinned, self._job.order
            own = versions(order.splitting.mode)
            if own != pinned.versions:
                problem = (
                    f"this machine has {_listed(own)}; the run was begun with {_listed(pinned.versions)}"
                )
                raise _Unfit(f"{platform.node()}: {problem}.")
            self._check_model()
            _, use = use_of(order.model)
            found = use.predictor(replace(order, report=self._findings.append))
            self._check_model()
            self._predictor = found
        return self._predictor

    def _check_model(self) -> None:
        model = self._job.order.model
        if manifest_digest(model) != self._job.pinned.model:
            raise ModelError(f"{model}: has changed since the run was begun.")

    def _check_file(self, path: str) -> None:
        if stamp(path) != self._job.stamps[path]:
            raise DataError(path, None, "has changed since the run was begun")


def _finding(one: dict[str, Any]) -> Finding:
    return Finding(one["level"], one["code"], one["file"], one["line"], one["message"], one["option"])


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
