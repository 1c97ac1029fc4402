"""The plan of a run in shards: what is answered, with what and how, pinned so that all parts belong together."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from seqtag import __version__
from seqtag.model_folder.layout import MANIFEST
from seqtag.support.errors import DataError, Error, ModelError
from seqtag.support.json_decoder import DecodeError, decode
from seqtag.support.quoting import json_text, one_line, quoted
from seqtag.tasks.shards.files import InputFile
from seqtag.tasks.shards.pieces import FilePiece

PLAN = "plan.json"
FORMAT, FORMAT_VERSION = "seqtag-plan", 1
LEAST, MOST = 1 << 20, 1 << 26  # bytes of a shard, where nobody says how many
ABOUT = 1000  # shards that a corpus is divided into between these


@dataclass(frozen=True)
class Shard:
    """What goes into one part file.

    Attributes:
        number: Its place in the corpus, from 0.
        pieces: The pieces of files that are answered, in order.
    """

    number: int
    pieces: tuple[FilePiece, ...]

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return sum(piece.size for piece in self.pieces)


@dataclass(frozen=True)
class Pinned:
    """What the answers depend on.

    Attributes:
        model: The sha256 of the manifest of the model folder, which lists the digests of all other files.
        options: The options by their names.
        versions: The version of each package that computes.
        inputs: The files, in order.
    """

    model: str
    options: dict[str, Any]
    versions: dict[str, str]
    inputs: tuple[InputFile, ...]


@dataclass(frozen=True)
class ShardPlan:
    """A corpus in shards.

    Attributes:
        pinned: What the answers depend on.
        shards: What is to be answered.
    """

    pinned: Pinned
    shards: tuple[Shard, ...]


def manifest_digest(model: str) -> str:
    """The sha256 of the manifest of a model folder.

    Raises:
        ModelError: There is none.
    """
    try:
        return hashlib.sha256((Path(model) / MANIFEST).read_bytes()).hexdigest()
    except OSError as problem:
        raise ModelError(f"{model}: {MANIFEST} cannot be read: {problem.strerror}.") from problem


def versions(mode: str) -> dict[str, str]:
    """The versions of the packages that the answers depend on; `mode` as of `Splitting`."""
    packages = ("onnxruntime", "numpy", *(() if mode == "line" else ("sentencex",)))
    return {"seqtag": __version__} | {name: metadata.version(name) for name in packages}


def usual_size(inputs: Iterable[InputFile]) -> int:
    """The bytes of a shard where nobody says how many: about a thousand shards, none of them tiny or huge."""
    return min(max(sum(file.size for file in inputs) // ABOUT, LEAST), MOST)


def shards_of(
    inputs: Sequence[InputFile], divide: Callable[[InputFile, int], Sequence[FilePiece]], size: int
) -> tuple[Shard, ...]:
    """The shards of files.

    Args:
        inputs: The files.
        divide: Gives the pieces of a file, of at most so many bytes where it can be divided.
        size: The bytes of a shard, about: small pieces come together until it has so many.
    """
    shards: list[list[FilePiece]] = []
    room = 0
    for file in inputs:
        for piece in divide(file, size):
            if piece.size > room or not shards:
                shards.append([])
                room = size
            shards[-1].append(piece)
            room -= piece.size
    return tuple(Shard(number, tuple(pieces)) for number, pieces in enumerate(shards))


def to_text(plan: ShardPlan) -> str:
    """The plan as `plan.json` has it."""
    value = asdict(plan)
    begin = {"format": FORMAT, "format_version": FORMAT_VERSION, "sha256": _digest(value)}
    return json_text(begin | value, indent=1) + "\n"


def _digest(value: Any) -> str:
    """The sha256 of plain values, however they are laid out as JSON."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()


def read_plan(path: Path) -> ShardPlan:
    """The plan in a file.

    Raises:
        DataError: It cannot be read, or is no plan of this version.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
        if (value.pop("format"), value.pop("format_version")) != (FORMAT, FORMAT_VERSION):
            raise ValueError(f"expected format_version {FORMAT_VERSION} of {FORMAT}")
        if value.pop("sha256") != _digest(value):
            raise ValueError("its content has another sha256 than it says")
        return decode(ShardPlan, value)
    except OSError as problem:
        raise DataError(path, None, f"cannot be read: {problem.strerror}") from problem
    except (DecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise DataError(
            path,
            None,
            f"is damaged, or of another version of seqtag ({one_line(problem)}); choose another -o",
        ) from problem


def check_same(former: Pinned, now: Pinned, place: Path) -> None:
    """Refuses to add parts to those of another run.

    Args:
        former: What the parts that are there were made from.
        now: What is asked for.
        place: The folder of the parts.

    Raises:
        Error: They differ; it says in what.
    """
    if former != now:
        raise Error(
            f"{place}: the parts there belong to another run: {_difference(former, now)}. Give what they were made "
            "from, or choose another -o."
        )


def _difference(former: Pinned, now: Pinned) -> str:
    """The first thing that is not the same."""
    if former.model != now.model:
        return "the model is another one, or has changed"
    for what, old, new in (
        ("", former.options, now.options),
        ("the version of ", former.versions, now.versions),
    ):
        if old != new:
            return _changed(what, old, new)
    files = {file.path: file for file in former.inputs}
    for file in now.inputs:
        if file.path not in files:
            return f"{file.path} was not among the files"
        if files[file.path] != file:
            return f"{file.path} has changed"
    given = {file.path for file in now.inputs}
    missing = next((path for path in files if path not in given), None)
    return f"{missing} is missing" if missing else "the files come in another order"


def _changed(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    name = next(name for name in {**old, **new} if old.get(name) != new.get(name))
    return f"{what}{name} was {_shown(old.get(name))}, and is {_shown(new.get(name))} now"


def _shown(value: Any) -> str:
    return "not given" if value is None else value if isinstance(value, str) else quoted(value)
